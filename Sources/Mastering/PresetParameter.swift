/// The value of one preset parameter, as the editor, the file form and `--set` exchange it.
public enum PresetValue: Sendable, Equatable, Hashable {
    /// In the parameter's unit; 0 also stands for "off" where the parameter has that position.
    case number(Double)
    /// The setting that the chain chooses itself.
    case automatic
    /// One of the parameter's choices.
    case choice(String)
    case toggle(Bool)
}

/// One row of the table that the editor, the parser, `--set` and the help screen share.
public struct PresetParameter: Sendable, Identifiable {
    /// In the order of the chain.
    public enum Block: String, Sendable, CaseIterable {
        case assistant, condition, eq, tone, dyneq, compressor, multiband, saturation, stereo, target, clip, limiter, output

        public var label: String {
            switch self {
            case .assistant: "Assistant"
            case .condition: "Trim"
            case .eq: "EQ"
            case .tone: "Tonal balance"
            case .dyneq: "Dynamic EQ"
            case .compressor: "Glue compressor"
            case .multiband: "Multiband"
            case .saturation: "Saturation"
            case .stereo: "Stereo"
            case .target: "Loudness"
            case .clip: "Clipper"
            case .limiter: "Limiter"
            case .output: "Output"
            }
        }
    }

    /// What lies below the smallest number.
    public enum Bottom: Sendable, Equatable { case none, off, automatic }

    public enum Scale: Sendable, Equatable {
        case linear
        /// Steps are octaves, for frequencies and times.
        case octaves
    }

    public struct Range: Sendable, Equatable {
        public let lowest: Double
        public let highest: Double
        /// Per key press: in the unit, or in octaves.
        public let step: Double
        public let fineStep: Double
        public let scale: Scale
        public let bottom: Bottom
        /// Places kept after the point, in files and in the hash.
        public let decimals: Int
    }

    public struct Choice: Sendable, Equatable {
        public let value: String
        public let effect: String
    }

    public enum Kind: Sendable, Equatable {
        case number(Range)
        case choice([Choice])
        /// An identifier: one of these, or the name of something the user made.
        case name([Choice])
        case toggle
    }

    /// E.g. `compressor.ratio`, `eq.1.db`.
    public let key: String
    public let label: String
    public let block: Block
    /// From 1, for the parameters of a band of `eq`, `dyneq` or `multiband`.
    public let band: Int?
    /// Empty for choices and toggles.
    public let unit: String
    public let kind: Kind
    /// What turning it does, in one line.
    public let effect: String
    let read: @Sendable (Preset) -> PresetValue
    let write: @Sendable (inout Preset, PresetValue) -> Void

    public var id: String { key }
    public var defaultValue: PresetValue { read(Self.defaults) }
    private static let defaults = Preset()

    /// The parameter that must be on, or not "off", for this one to be heard; a switch names itself.
    public var switchKey: String? {
        switch block {
        case .eq, .dyneq: band.map { "\(block.rawValue).\($0).on" }
        case .multiband: "multiband.on"
        case .compressor: "compressor.on"
        case .tone: "tone.mode"
        case .assistant: "assistant.on"
        default: nil
        }
    }

    public var isSwitch: Bool { key == switchKey }

    /// `("eq.band", "hz")` for `eq.3.hz`, `("limiter", "hold_ms")` for `limiter.hold_ms`: where a file has it.
    var place: (table: String, leaf: String) {
        let parts = key.split(separator: ".")
        return band == nil ? (String(parts[0]), String(parts[1])) : (parts[0] + ".band", String(parts[2]))
    }
}

extension Preset {
    /// The parameter that has to be set, too, for this one to make a difference; nil when it makes one.
    public func restsBehind(_ row: PresetParameter) -> PresetParameter? {
        if !isInPath(row) { return row.switchKey.flatMap { Preset.parameter($0) } }
        switch row.key {
        case "saturation.type", "saturation.mix_pct": return saturation.driveDB > 0 ? nil : Preset.parameter("saturation.drive_db")
        case "clip.knee_pct": return clip.amountDB > 0 ? nil : Preset.parameter("clip.amount_db")
        default: return nil
        }
    }

    /// Whether turning the parameter makes a difference: its band or block is switched on. Switches always do.
    public func isInPath(_ row: PresetParameter) -> Bool {
        guard !row.isSwitch, let key = row.switchKey, let value = value(of: key) else { return true }
        return value != .toggle(false) && value != .choice("off")
    }
}

