import Mastering

/// A preset in the picker: usable, or listed with the reason why not.
struct PresetEntry: Sendable, Equatable {
    var id: String
    var name: String
    var intent: String
    var isFactory: Bool
    var preset: Preset?
    var problem: String?

    init(id: String, name: String, intent: String, isFactory: Bool, preset: Preset?, problem: String? = nil) {
        self.id = id
        self.name = name
        self.intent = intent
        self.isFactory = isFactory
        self.preset = preset
        self.problem = problem
    }
}

/// Everything about the sound that a person edits: one value, so that every edit has an inverse.
struct Sound: Sendable, Equatable {
    var preset: Preset
    /// The preset as it was picked: what `0` goes back to.
    var base: Preset
    /// Blocks taken out of the path for comparison; their settings are kept.
    var bypassed: Set<PresetParameter.Block> = []
    /// The only block that is in the path of those that can be left out.
    var soloed: PresetParameter.Block?
    /// Kept settings, the newest last.
    var snapshots: [Preset] = []

    static let snapshotLimit = 16

    init(preset: Preset) {
        self.preset = preset
        base = preset
    }

    var isModified: Bool { preset != base }

    /// Blocks that have a neutral position; the loudness target, the limiter and the output always stand.
    static let bypassable: Set<PresetParameter.Block> = [
        .assistant, .condition, .eq, .tone, .dyneq, .compressor, .multiband, .saturation, .stereo, .clip,
    ]

    /// Blocks that are not in the path.
    var silent: Set<PresetParameter.Block> { soloed.map { Self.bypassable.subtracting([$0]) } ?? bypassed }

    /// What is heard and rendered: the preset with the bypassed blocks neutral.
    var audible: Preset {
        var heard = preset
        for block in silent {
            switch block {
            case .assistant: heard.assistant.on = false
            case .condition:
                heard.condition = .init()
                heard.condition.dc = .off
            case .eq: for band in heard.eq.indices { heard.eq[band].on = false }
            case .tone: heard.tone.mode = .off
            case .dyneq: for band in heard.dyneq.indices { heard.dyneq[band].on = false }
            case .compressor: heard.compressor.on = false
            case .multiband: heard.multiband.on = false
            case .saturation: heard.saturation.driveDB = 0
            case .clip: heard.clip.amountDB = 0
            case .stereo: heard.stereo = .init()
            case .target, .limiter, .output: break
            }
        }
        return heard
    }
}

/// One step that can be taken back: a value that knows its inverse.
struct Edit: Sendable, Equatable {
    enum Change: Sendable, Equatable {
        case sound(from: Sound, to: Sound)
        case marks(from: Set<String>, to: Set<String>)
        /// Marked folders.
        case places(from: [String], to: [String])
        /// The repeated part of what was opened so many openings ago; another file has none of it.
        case region(from: Region?, to: Region?, opening: Int)
    }

    /// What was done, for the message line: `Ratio 1.6:1`.
    var what: String
    var change: Change

    init(what: String, change: Change) {
        self.what = what
        self.change = change
    }

    var inverted: Edit {
        switch change {
        case .sound(let from, let to): Edit(what: what, change: .sound(from: to, to: from))
        case .marks(let from, let to): Edit(what: what, change: .marks(from: to, to: from))
        case .places(let from, let to): Edit(what: what, change: .places(from: to, to: from))
        case .region(let from, let to, let opening): Edit(what: what, change: .region(from: to, to: from, opening: opening))
        }
    }
}

/// Done and undone edits. A new edit forgets the undone ones; the oldest are dropped beyond `limit`.
struct EditHistory: Sendable, Equatable {
    static let limit = 500
    /// As much as that many edits may take: a sound with its snapshots on both sides.
    static let mostBytes: Int64 = 500 * 8192

    /// Edits are remembered only where the ledger can hold a row for them.
    private var isKept = true

    private(set) var done: [Edit] = []
    private(set) var undone: [Edit] = []

    init() {}

    /// Forgets every edit.
    mutating func letGo(keeping isKept: Bool) {
        self = EditHistory()
        self.isKept = isKept
    }

    mutating func record(_ edit: Edit) {
        guard isKept else { return }
        done.append(edit)
        if done.count > Self.limit { done.removeFirst(done.count - Self.limit) }
        undone = []
    }

    /// The edit to apply to take the last one back.
    mutating func undo() -> Edit? {
        guard let edit = done.popLast() else { return nil }
        undone.append(edit)
        return edit.inverted
    }

    mutating func redo() -> Edit? {
        guard let edit = undone.popLast() else { return nil }
        done.append(edit)
        return edit
    }
}

/// The Master view.
struct MasterState: Sendable {
    var sound: Sound
    /// Key of the selected parameter.
    var selectedKey = "target.lufs"
    var filter = ""
    var presets: [PresetEntry] = []
    /// Counts audible changes, so that a solve of an earlier setting is known as such.
    var version = 0
    /// The exact result for the present setting; nil until the solve has finished.
    var solved: SolvedMaster?
    /// Of the last result; stays while the next one is sought.
    var balance: BalanceLine?
    var solving = false
    var solveProblem: String?
    /// Which snapshot `A` recalled last, counted from the newest.
    var recalled: Int?

    init(preset: Preset) { sound = Sound(preset: preset) }

    /// A row of the parameter list.
    enum Row: Sendable, Equatable {
        case heading(PresetParameter.Block)
        /// An index into `Preset.parameters`.
        case parameter(Int)
    }

    /// The chain from top to bottom. A band that is off shows only its switch.
    var rows: [Row] {
        var out: [Row] = []
        var block: PresetParameter.Block?
        for index in shownParameters {
            let parameter = Preset.parameters[index]
            if parameter.block != block {
                block = parameter.block
                out.append(.heading(parameter.block))
            }
            out.append(.parameter(index))
        }
        return out
    }

    /// With a filter: what has a word that begins as typed, else what holds it anywhere, else what holds its letters in order.
    private var shownParameters: [Int] {
        let all = Array(Preset.parameters.indices)
        let pattern = FuzzyPattern(filter)
        guard !pattern.isEmpty else { return all.filter { sound.preset.isInPath(Preset.parameters[$0]) } }
        let names = Preset.parameters.map { ($0.block.label + " " + $0.label + " " + $0.key).lowercased() }
        let typed = filter.lowercased()
        let words = all.filter { index in
            names[index].ranges(of: typed).contains { $0.lowerBound == names[index].startIndex || " ._".contains(names[index][names[index].index(before: $0.lowerBound)]) }
        }
        if !words.isEmpty { return words }
        let inside = all.filter { names[$0].contains(typed) }
        return inside.isEmpty ? all.filter { pattern.score(names[$0]) != nil } : inside
    }

    /// The selected parameter, or the first one when a filter or a switched-off band hides it.
    var selected: PresetParameter? { selectedRow.map { Preset.parameters[$0.parameter] } }

    /// Its place in `rows` and in `Preset.parameters`.
    var selectedRow: (row: Int, parameter: Int)? {
        var first: (Int, Int)?
        var nearest: (Int, Int)?
        var heard: (Int, Int)?
        let wanted = Preset.parameters.firstIndex { $0.key == selectedKey } ?? 0
        for (row, kind) in rows.enumerated() {
            guard case .parameter(let index) = kind else { continue }
            if first == nil { first = (row, index) }
            if index <= wanted { nearest = (row, index) }
            // Of what a filter found, what is heard comes first.
            if !filter.isEmpty, nearest?.1 != wanted, heard == nil, sound.preset.isInPath(Preset.parameters[index]) { heard = (row, index) }
        }
        return nearest?.1 == wanted || filter.isEmpty ? nearest ?? first : heard ?? first
    }

    /// The preset's name as shown: with a star once it was changed.
    var title: String { sound.preset.name + (sound.isModified || !sound.silent.isEmpty ? "*" : "") }
}
