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
        case condition, eq, compressor, stereo, target, limiter, output

        public var label: String {
            switch self {
            case .condition: "Trim"
            case .eq: "EQ"
            case .compressor: "Glue compressor"
            case .stereo: "Stereo"
            case .target: "Loudness"
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
        case toggle
    }

    /// E.g. `compressor.ratio`, `eq.1.db`.
    public let key: String
    public let label: String
    public let block: Block
    /// 1…8 for the parameters of an EQ band.
    public let band: Int?
    /// Empty for choices and toggles.
    public let unit: String
    public let kind: Kind
    /// What turning it does, in one line.
    public let effect: String
    let read: @Sendable (Preset) -> PresetValue
    let write: @Sendable (inout Preset, PresetValue) -> Void

    public var id: String { key }
    public var defaultValue: PresetValue { read(Preset()) }
}

extension Preset {
    /// Every parameter there is, in the order of the chain. Ranges are data: a parameter exists, is parsed, edited, explained and
    /// hashed because it stands here and for no other reason.
    public static let parameters: [PresetParameter] = {
        var rows: [PresetParameter] = [
            number("condition.input_gain_db", "Input gain", "dB", \.condition.inputGainDB, -24...24, 0.5, 0.1,
                   "Trim before everything; the loudness solve evens it out, the compressor's threshold follows."),
            number("condition.subsonic_hz", "Subsonic filter", "Hz", \.condition.subsonicHz, 10...40, 1, 0.5, bottom: .off, decimals: 1,
                   "Removes rumble below the corner, 12 dB per octave; off keeps every low note."),
        ]
        for band in 1...bandCount { rows += bandRows(band) }
        rows += [
            toggle("compressor.on", "Compressor", \.compressor.on, "Gentle glue over the whole mix."),
            number("compressor.gr_target_db", "Gain reduction", "dB", \.compressor.gainReductionTargetDB, 0...4, 0.25, 0.05,
                   "How much the loud parts are held back; the threshold follows from it."),
            number("compressor.ratio", "Ratio", ":1", \.compressor.ratio, 1.1...4, 0.1, 0.05,
                   "How firmly: 1.5 breathes, 4 grips."),
            number("compressor.knee_db", "Knee", "dB", \.compressor.kneeDB, 0...18, 1, 0.5,
                   "How softly it sets in around the threshold."),
            number("compressor.attack_ms", "Attack", "ms", \.compressor.attackMs, 0.1...200, 0.25, 0.05, scale: .octaves,
                   "Longer lets drum hits through."),
            number("compressor.release_ms", "Release", "ms", \.compressor.releaseMs, 20...2000, 0.25, 0.05, scale: .octaves,
                   "Shorter is louder and busier, longer is calmer."),
            number("compressor.sidechain_hpf_hz", "Detector high-pass", "Hz", \.compressor.sidechainHighPassHz, 20...300, 0.25, 0.05,
                   scale: .octaves, bottom: .off, decimals: 1, "Keeps the bass from pumping the rest."),
            number("compressor.mix_pct", "Mix", "%", \.compressor.mixPct, 0...100, 5, 1, decimals: 1,
                   "Dry to compressed; below 100 is parallel compression."),
            number("stereo.width_pct", "Width", "%", \.stereo.widthPct, 0...150, 5, 1, decimals: 1,
                   "Side level: 0 is mono, 100 unchanged."),
            number("stereo.mono_below_hz", "Mono below", "Hz", \.stereo.monoBelowHz, 40...300, 10, 1, bottom: .off, decimals: 1,
                   "Folds the bass to the centre: steadier on vinyl and big systems."),
            number("target.lufs", "Target loudness", "LUFS", \.target.lufs, -36 ... -5, 0.5, 0.1,
                   "Integrated loudness of the master (BS.1770)."),
            number("target.tolerance_lu", "Tolerance", "LU", \.target.toleranceLU, 0.05...1, 0.05, 0.01,
                   "How close the solve must come."),
            number("target.ceiling_dbtp", "Ceiling", "dBTP", \.target.ceilingDBTP, -12 ... -0.1, 0.1, 0.05,
                   "No true peak goes above it; -1 leaves room for lossy codecs."),
            number("target.max_limiter_gr_db", "Most limiting", "dB", \.target.maxLimiterGainReductionDB, 0...12, 0.5, 0.1,
                   "Past this the solve stops short of the target and says so."),
            number("limiter.lookahead_ms", "Look-ahead", "ms", \.limiter.lookaheadMs, 0.5...10, 0.5, 0.1,
                   "Longer is smoother, shorter keeps attacks."),
            number("limiter.hold_ms", "Hold", "ms", \.limiter.holdMs, 0...50, 1, 0.5,
                   "Waits before letting go: less distortion on bass."),
            PresetParameter(
                key: "limiter.release", label: "Release", block: .limiter, band: nil, unit: "ms",
                kind: .number(.init(lowest: 10, highest: 2000, step: 0.25, fineStep: 0.05, scale: .octaves, bottom: .automatic, decimals: 2)),
                effect: "Automatic is fast for single peaks and slow under steady reduction.",
                read: { $0.limiter.releaseMs.map(PresetValue.number) ?? .automatic },
                write: { preset, value in
                    if case .number(let ms) = value { preset.limiter.releaseMs = ms } else { preset.limiter.releaseMs = nil }
                }),
            choice("output.bits", "Bits", \.output.bits, [
                .init(value: "16", effect: "CD and older players"),
                .init(value: "24", effect: "delivery to stores and services"),
                .init(value: "32f", effect: "float, for further work"),
            ], "Sample format of WAV, FLAC, AIFF and CAF masters."),
            choice("output.dither", "Dither", \.output.dither, [
                .init(value: "none", effect: "plain rounding"),
                .init(value: "tpdf", effect: "steady noise in place of rounding distortion"),
                .init(value: "shaped", effect: "at 16 bits, noise moved to where the ear hears it least; a last step only"),
            ], "What happens to what is smaller than the last bit of an integer format."),
            choice("output.rate_hz", "Sample rate", \.output.rate, [
                .init(value: "keep", effect: "the input's own; the nearest the container holds"),
                .init(value: "44100", effect: "CD and most stores"),
                .init(value: "48000", effect: "video and broadcast"),
                .init(value: "88200", effect: "twice CD"),
                .init(value: "96000", effect: "high resolution"),
                .init(value: "176400", effect: "four times CD"),
                .init(value: "192000", effect: "the highest that players take"),
            ], "Sample rate of the master; the ceiling is held after the conversion."),
            toggle("output.bext", "Loudness in WAV", \.output.bext, "A WAV states its own loudness, as broadcasters ask for (bext, EBU Tech 3285)."),
        ]
        return rows
    }()

    /// The row with exactly this key, or the one `--set` means by a shorter spelling: without the unit (`compressor.attack`),
    /// `eq.band.2.hz`, or `limiter.ceiling` for the ceiling of the target.
    public static func parameter(_ key: String) -> PresetParameter? { parametersBySpelling[key].map { parameters[$0] } }

    private static let parametersBySpelling: [String: Int] = {
        var found: [String: Int] = [:]
        for (index, row) in parameters.enumerated() {
            found[row.key] = index
            if let cut = row.key.lastIndex(of: "_"), unitSuffixes.contains(row.key[cut...]) { found[String(row.key[..<cut])] = index }
            if row.block == .eq { found["eq.band." + row.key.dropFirst(3)] = index }
            if row.key == "target.ceiling_dbtp" { found["limiter.ceiling"] = index; found["limiter.ceiling_dbtp"] = index }
            if row.key == "limiter.release" { found["limiter.release_ms"] = index }
        }
        return found
    }()

    private static let unitSuffixes: Set<Substring> = ["_db", "_dbtp", "_hz", "_ms", "_pct", "_lu", "_lufs"]

    private static func bandRows(_ n: Int) -> [PresetParameter] {
        let i = n - 1
        return [
            toggle("eq.\(n).on", "Band \(n)", \.eq[i].on, "Puts the band in the path."),
            choice("eq.\(n).type", "Shape", \.eq[i].type, [
                .init(value: "bell", effect: "boosts or cuts around the frequency"),
                .init(value: "low_shelf", effect: "lifts or lowers everything below"),
                .init(value: "high_shelf", effect: "lifts or lowers everything above"),
                .init(value: "high_pass", effect: "removes what is below, 12 dB per octave"),
                .init(value: "low_pass", effect: "removes what is above, 12 dB per octave"),
                .init(value: "notch", effect: "takes out one frequency"),
            ], "The shape of the band."),
            number("eq.\(n).hz", "Frequency", "Hz", \.eq[i].hz, 10...20_000, 1.0 / 6, 1.0 / 24, scale: .octaves, decimals: 1,
                   "Centre of a bell or notch, corner of the others."),
            number("eq.\(n).db", "Gain", "dB", \.eq[i].db, -12...12, 0.5, 0.1, "Boost or cut; passes and notches have none."),
            number("eq.\(n).q", "Q", "", \.eq[i].q, 0.1...20, 0.25, 0.05, scale: .octaves, decimals: 3,
                   "Higher is narrower."),
            choice("eq.\(n).channel", "Channel", \.eq[i].channel, [
                .init(value: "stereo", effect: "left and right alike"),
                .init(value: "mid", effect: "the centre only"),
                .init(value: "side", effect: "the width only"),
            ], "What the band works on; mid and side need two channels."),
        ]
    }

    private static func block(of key: String) -> PresetParameter.Block {
        switch key.prefix(while: { $0 != "." }) {
        case "condition": .condition
        case "eq": .eq
        case "compressor": .compressor
        case "stereo": .stereo
        case "target": .target
        case "limiter": .limiter
        default: .output
        }
    }

    private static func band(of key: String) -> Int? {
        let parts = key.split(separator: ".")
        return parts.first == "eq" ? Int(parts[1]) : nil
    }

    private static func number(
        _ key: String, _ label: String, _ unit: String, _ path: WritableKeyPath<Preset, Double> & Sendable, _ range: ClosedRange<Double>,
        _ step: Double, _ fine: Double, scale: PresetParameter.Scale = .linear, bottom: PresetParameter.Bottom = .none, decimals: Int = 2,
        _ effect: String
    ) -> PresetParameter {
        PresetParameter(
            key: key, label: label, block: block(of: key), band: band(of: key), unit: unit,
            kind: .number(.init(lowest: range.lowerBound, highest: range.upperBound, step: step, fineStep: fine, scale: scale,
                                bottom: bottom, decimals: decimals)),
            effect: effect, read: { .number($0[keyPath: path]) },
            write: { preset, value in if case .number(let x) = value { preset[keyPath: path] = x } })
    }

    private static func toggle(
        _ key: String, _ label: String, _ path: WritableKeyPath<Preset, Bool> & Sendable, _ effect: String
    ) -> PresetParameter {
        PresetParameter(
            key: key, label: label, block: block(of: key), band: band(of: key), unit: "", kind: .toggle, effect: effect,
            read: { .toggle($0[keyPath: path]) },
            write: { preset, value in if case .toggle(let x) = value { preset[keyPath: path] = x } })
    }

    private static func choice<T: RawRepresentable<String> & Sendable>(
        _ key: String, _ label: String, _ path: WritableKeyPath<Preset, T> & Sendable, _ choices: [PresetParameter.Choice], _ effect: String
    ) -> PresetParameter {
        PresetParameter(
            key: key, label: label, block: block(of: key), band: band(of: key), unit: "", kind: .choice(choices), effect: effect,
            read: { .choice($0[keyPath: path].rawValue) },
            write: { preset, value in
                if case .choice(let word) = value, let x = T(rawValue: word) { preset[keyPath: path] = x }
            })
    }
}
