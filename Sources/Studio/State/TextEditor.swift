/// Text of several lines with an insertion point and an undo of its own, counted in characters.
struct TextEditor: Sendable, Equatable {
    /// As much of a prompt as is read.
    static let limit = 4000
    private static let depth = 200

    private struct Version: Sendable, Equatable {
        var characters: [Character]
        var insertion: Int
    }

    private(set) var characters: [Character] = []
    private(set) var insertion = 0
    private var past: [Version] = []
    private var future: [Version] = []
    /// A run of typed characters is one step of undo.
    private var isTyping = false

    init() {}

    var text: String { String(characters) }
    var isBlank: Bool { characters.allSatisfy(\.isWhitespace) }
    var canUndo: Bool { !past.isEmpty }
    var canRedo: Bool { !future.isEmpty }

    /// Whether the key was one of editing.
    mutating func take(_ key: KeyStroke) -> Bool {
        if key.control || key.alt { return takeChord(key) }
        switch key.base {
        case .left: move(to: insertion - 1)
        case .right: move(to: insertion + 1)
        case .up: moveLine(-1)
        case .down: moveLine(1)
        case .home: move(to: lineStart)
        case .end: move(to: lineEnd)
        case .enter: insert("\n")
        case .backspace: remove(max(0, insertion - 1)..<insertion)
        case .delete: remove(insertion..<min(characters.count, insertion + 1))
        default:
            guard let c = key.typed else { return false }
            if !isTyping || c.isWhitespace { remember() }
            isTyping = true
            put([c])
        }
        return true
    }

    private mutating func takeChord(_ key: KeyStroke) -> Bool {
        switch (key.base, key.control) {
        case (.character("a"), true): move(to: lineStart)
        case (.character("e"), true): move(to: lineEnd)
        case (.character("u"), true): remove(lineStart..<insertion)
        case (.character("k"), true): remove(insertion..<lineEnd)
        case (.character("w"), true), (.backspace, false): remove(wordStart..<insertion)
        case (.left, _), (.character("b"), false): move(to: wordStart)
        case (.right, _), (.character("f"), false): move(to: wordEnd)
        default: return false
        }
        return true
    }

    /// Pasted text, lines and all.
    mutating func insert(_ text: String) {
        remember()
        put(text.map { $0.isNewline ? "\n" : $0 })
    }

    /// Another text in place of this one; one step of undo.
    mutating func replace(with text: String) {
        guard text != self.text else { return }
        remember()
        characters = Array(text.prefix(Self.limit))
        insertion = characters.count
    }

    /// Nothing of what was written stays, the steps of undo included.
    mutating func forget() { self = TextEditor() }

    mutating func undo() -> Bool {
        guard let version = past.popLast() else { return false }
        future.append(Version(characters: characters, insertion: insertion))
        (characters, insertion, isTyping) = (version.characters, version.insertion, false)
        return true
    }

    mutating func redo() -> Bool {
        guard let version = future.popLast() else { return false }
        past.append(Version(characters: characters, insertion: insertion))
        (characters, insertion, isTyping) = (version.characters, version.insertion, false)
        return true
    }

    private mutating func remember() {
        isTyping = false
        future = []
        past.append(Version(characters: characters, insertion: insertion))
        if past.count > Self.depth { past.removeFirst() }
    }

    private mutating func put(_ new: [Character]) {
        let room = new.prefix(max(0, Self.limit - characters.count))
        characters.insert(contentsOf: room, at: insertion)
        insertion += room.count
    }

    private mutating func remove(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        remember()
        characters.removeSubrange(range)
        insertion = range.lowerBound
    }

    private mutating func move(to place: Int) {
        isTyping = false
        insertion = max(0, min(characters.count, place))
    }

    private var lineStart: Int { (characters[..<insertion].lastIndex(of: "\n") ?? -1) + 1 }
    private var lineEnd: Int { characters[insertion...].firstIndex(of: "\n") ?? characters.count }

    private var wordStart: Int {
        var at = insertion
        while at > 0, characters[at - 1].isWhitespace { at -= 1 }
        while at > 0, !characters[at - 1].isWhitespace { at -= 1 }
        return at
    }

    private var wordEnd: Int {
        var at = insertion
        while at < characters.count, characters[at].isWhitespace { at += 1 }
        while at < characters.count, !characters[at].isWhitespace { at += 1 }
        return at
    }

    /// Up and down by lines of the text, at the same place in them.
    private mutating func moveLine(_ step: Int) {
        let column = insertion - lineStart
        let to = step < 0 ? lineStart - 1 : lineEnd + 1
        guard to >= 0, to <= characters.count else { return move(to: step < 0 ? 0 : characters.count) }
        insertion = to
        move(to: min(lineStart + column, lineEnd))
    }
}
