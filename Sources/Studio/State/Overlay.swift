import Mastering

/// What lies over the panels and takes the keys first.
enum Overlay: Sendable, Equatable {
    case prompt(Prompt)
    case question(Question)
    case palette(Palette)
    case presets(PresetPicker)
    case outputs(OutputChooser)
    /// The way to the listener's page.
    case page
    case help(scroll: Int)
    /// An explanation to read, from one of its rows on.
    case note(title: String, lines: [String], from: Int = 0)
    case abx(ABXTest)
    /// Marked folders and opened files.
    case places(Cursor)
    /// The services, each heard at its level.
    case platforms(Cursor)
}

/// A line being typed in place of the footer.
struct Prompt: Sendable, Equatable {
    enum Purpose: Sendable, Equatable {
        /// A value for the parameter with this key.
        case value(key: String)
        case presetName
        /// A recording to match.
        case reference
        /// A preset and a percentage.
        case blend
        case exportFolder
        /// What is to be different from the prompt.
        case brief
        case filter
    }

    var purpose: Purpose
    var label: String
    var field = TextField()
    /// Why the text was not taken.
    var problem: String?

    init(_ purpose: Purpose, label: String, text: String = "") {
        self.purpose = purpose
        self.label = label
        field = TextField(text, selected: purpose != .filter)
    }
}

/// Editable text with an insertion point, counted in characters.
struct TextField: Sendable, Equatable {
    /// As long as a path may be (Linux, PATH_MAX).
    static let limit = 4096

    private(set) var characters: [Character]
    private(set) var insertion: Int
    /// The text was only offered: what is typed takes its place; moving or deleting edits it.
    private(set) var isSelected: Bool

    init(_ text: String = "", selected: Bool = false) {
        characters = Array(text.prefix(Self.limit))
        insertion = characters.count
        isSelected = selected && !text.isEmpty
    }

    var text: String { String(characters) }

    /// Whether the key was one of editing.
    mutating func take(_ key: KeyStroke) -> Bool {
        let wasSelected = isSelected
        isSelected = false
        switch (key.base, key.control) {
        case (.left, _): insertion = max(0, insertion - 1)
        case (.right, _): insertion = min(characters.count, insertion + 1)
        case (.home, _), (.character("a"), true): insertion = 0
        case (.end, _), (.character("e"), true): insertion = characters.count
        case (.backspace, _): if insertion > 0 { insertion -= 1; characters.remove(at: insertion) }
        case (.delete, _): if insertion < characters.count { characters.remove(at: insertion) }
        case (.character("u"), true): characters.removeSubrange(..<insertion); insertion = 0
        case (.character("w"), true):
            var from = insertion
            while from > 0, characters[from - 1] == " " { from -= 1 }
            while from > 0, characters[from - 1] != " " { from -= 1 }
            characters.removeSubrange(from..<insertion)
            insertion = from
        default:
            isSelected = wasSelected
            guard let c = key.typed else { return false }
            insert(String(c))
        }
        return true
    }

    /// Pasted text: its first line.
    mutating func insert(_ text: String) {
        if isSelected { (characters, insertion, isSelected) = ([], 0, false) }
        for c in text.prefix(while: { !$0.isNewline }) where characters.count < Self.limit {
            characters.insert(c, at: insertion)
            insertion += 1
        }
    }
}

/// One line that names what will be lost; `y` does it, anything else does not.
struct Question: Sendable, Equatable {
    enum Action: Sendable, Equatable {
        case render([RenderOrder])
        case destroy(id: String)
        case destroyEverything
        case replacePreset(Preset)
        /// Whether a job may go on to a tier.
        case tier(job: String, isConsent: Bool)
        /// Whether to go on with what an earlier run kept.
        case session
        case quit
    }

    var text: String
    var action: Action
    /// A question that comes by itself takes no key until it can have been read: what was being typed meant something else.
    private(set) var takesKeys: Bool

    init(_ text: String, _ action: Action) {
        self.text = text
        self.action = action
        takesKeys = switch action {
        case .tier, .session: false
        default: true
        }
    }

    mutating func wasShown() { takesKeys = true }
}

/// When a question that came by itself has stood on the screen for long enough.
struct QuestionClock: Sendable, Equatable {
    /// Milliseconds: somewhat more than the quickest press of a key to something seen takes (simple reaction, some 200 ms).
    static let period: Int64 = 250
    private var since: Int64?

    /// A picture with the question was drawn, at so many milliseconds; or one without.
    mutating func drew(_ question: Question?, at now: Int64) {
        if question?.takesKeys ?? true { since = nil } else if since == nil { since = now }
    }

    /// Whether it takes keys from now on. Said once.
    mutating func isDue(at now: Int64) -> Bool {
        guard let since, now - since >= Self.period else { return false }
        self.since = nil
        return true
    }

    /// Milliseconds until then; nil while nothing is drawn that waits.
    func left(at now: Int64) -> Int64? { since.map { max(0, $0 + Self.period - now) } }
}

/// The commands by name.
struct Palette: Sendable, Equatable {
    var field = TextField()
    var cursor = Cursor()
    init() {}
}

/// The presets, heard while moving.
struct PresetPicker: Sendable, Equatable {
    var field = TextField()
    var filtering = false
    var cursor = Cursor()
    /// What `Esc` goes back to.
    var before: Sound

    init(before: Sound) { self.before = before }

    func shown(_ all: [PresetEntry]) -> [PresetEntry] {
        let pattern = FuzzyPattern(field.text)
        return pattern.isEmpty ? all : all.filter { pattern.score($0.name + " " + $0.id) != nil }
    }
}
