import Rendering

/// What was read out of a prompt.
struct Understanding: Sendable, Equatable {
    /// `Tempo`, `120 bpm`, and whether it was asked for rather than chosen.
    struct Line: Sendable, Equatable {
        var label: String
        var value: String
    }

    struct Rest: Sendable, Equatable {
        var text: String
        var why: String
    }

    var brief: [Line] = []
    var understood: [Rest] = []
    var ignored: [Rest] = []
    /// What was changed about the brief makes no difference to it.
    var isChangeIdle = false
}

/// The picture of a take: sections × parts.
struct TakeOutline: Sendable, Equatable {
    struct Section: Sendable, Equatable {
        var name: String
        var bar: Int
        var bars: Int
        var energy: Double
    }

    struct Part: Sendable, Equatable {
        var name: String
        /// How much it plays in each bar, 0…1.
        var bars: [Float]
    }

    var title: String
    /// Name for files: `house-4711`.
    var fileName: String
    var seconds: Double
    var bars: Int
    var sections: [Section]
    var parts: [Part]
    /// What it was made from.
    var understanding: Understanding?

    /// Whether a part is silent all through a section; nil stands for all of them.
    func rests(part: Int?, in section: Int?) -> Bool {
        let chosen = section.map { sections.indices.contains($0) ? sections[$0].bar..<sections[$0].bar + sections[$0].bars : 0..<0 } ?? 0..<bars
        let rows = part.map { parts.indices.contains($0) ? [parts[$0]] : [] } ?? parts
        return rows.allSatisfy { row in !chosen.contains { row.bars.indices.contains($0) && row.bars[$0] > 0 } }
    }
}

/// A take to be made: the same order gives the same bytes.
struct TakeOrder: Sendable, Equatable {
    var id: Int
    /// Number of the prompt it was made from.
    var prompt: Int
    var text: String
    var seed: UInt64
    var options = GenerateOptions()
}

/// A take in the tree.
struct TakeRow: Sendable, Equatable {
    enum Stage: Sendable, Equatable {
        /// 0…1.
        case making(Double)
        case ready
        /// Its sound was let go; playing makes it again, the same to the last bit.
        case resting
        case failed(String)
    }

    var order: TakeOrder
    /// The take it was varied from.
    var parent: Int?
    /// What is different: `seed 4711`, `bass anew`.
    var what: String
    var stage = Stage.making(0)
    var outline: TakeOutline?
    /// Where its sound can be opened; nil while there is none.
    var path: String?

    var id: Int { order.id }
}

/// The Generate view.
struct GenerateState: Sendable {
    /// A prompt that takes were made from.
    struct Written: Sendable, Equatable {
        var id: Int
        var text: String
    }

    var editor = TextEditor()
    var isEditing = false
    /// Number of the prompt that is in the editor; nil before anything was written.
    var draft: Int?
    var lastPrompt = 0
    /// The oldest first.
    var written: [Written] = []
    /// The place in `written` that was called back last.
    var recalled: Int?
    /// What was changed about the brief, in the words of a prompt; it wins over the prompt.
    var amendment = ""
    /// What it was before each change, with the version of the text that came after it.
    var amendmentsBefore: [(text: String, version: Int)] = []
    /// The version of the last change to the text itself.
    var textVersion = 0
    /// Counts texts, so that an answer about an older one is known as such.
    var version = 0
    var understanding: Understanding?

    var takes: [TakeRow] = []
    var lastTake = 0
    var cursor = Cursor()
    /// The chosen row and column of the picture; nil: all of them.
    var part: Int?
    var section: Int?
    /// The take that is to be heard as soon as there is something to hear.
    var wanted: Int?
    /// The take that the player has, and the one before it.
    var heard: Int?
    var comparison: Int?

    /// Takes whose sound is kept.
    static let soundLimit = 3

    init() {}

    /// Depth first: what was varied stands below what it was varied from.
    var shown: [(take: TakeRow, depth: Int)] {
        var out: [(TakeRow, Int)] = []
        func add(below parent: Int?, depth: Int) {
            for take in takes where take.parent == parent {
                out.append((take, depth))
                add(below: take.id, depth: depth + 1)
            }
        }
        add(below: nil, depth: 0)
        return out
    }

    var selected: TakeRow? {
        let rows = shown
        return rows.indices.contains(cursor.index) ? rows[cursor.index].take : nil
    }

    func take(_ id: Int?) -> TakeRow? { takes.first { $0.id == id } }

    mutating func change(_ id: Int, _ body: (inout TakeRow) -> Void) {
        guard let index = takes.firstIndex(where: { $0.id == id }) else { return }
        body(&takes[index])
    }

    mutating func select(_ id: Int) {
        cursor.index = shown.firstIndex { $0.take.id == id } ?? cursor.index
        part = nil
        section = nil
    }

    /// The brief on the panel, and the take it is of; nil for the prompt that is being written.
    var shownBrief: (understanding: Understanding, take: Int?)? {
        if !isEditing, !isNew, let take = selected, let made = take.outline?.understanding { return (made, take.id) }
        return understanding.map { ($0, nil) }
    }

    var isMaking: Bool { takes.contains { if case .making = $0.stage { true } else { false } } }

    /// What the chosen row and column are called: `bass in verse 2`.
    var choice: String? {
        guard let outline = selected?.outline else { return nil }
        let name = part.flatMap { outline.parts.indices.contains($0) ? outline.parts[$0].name : nil }
        let place = section.flatMap { index -> String? in
            guard outline.sections.indices.contains(index) else { return nil }
            let same = outline.sections[...index].count { $0.name == outline.sections[index].name }
            let all = outline.sections.count { $0.name == outline.sections[index].name }
            return outline.sections[index].name + (all > 1 ? " \(same)" : "")
        }
        switch (name, place) {
        case (let name?, let place?): return name + " in " + place
        case (let name?, nil): return name
        case (nil, let place?): return place
        default: return nil
        }
    }
}
