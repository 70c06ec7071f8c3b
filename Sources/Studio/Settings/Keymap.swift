/// Which keys mean which commands: those of the command table, and what the user put in their place.
struct Keymap: Sendable {
    /// As the table has it.
    static let standard = Keymap()

    private struct Binding: Hashable {
        let key: KeyStroke
        let view: ViewID
    }

    private let own: [String: [KeyStroke]]
    /// Places in `Command.table`.
    private let bindings: [Binding: Int]
    private let offeredByView: [ViewID: [Command]]

    /// - Parameter own: keys by command id, in place of the table's.
    init(_ own: [String: [KeyStroke]] = [:]) {
        self.own = own
        var bindings: [Binding: Int] = [:]
        for isViews in [true, false] {
            for (index, command) in Command.table.enumerated() where (command.views != nil) == isViews {
                for view in command.views ?? Set(ViewID.allCases) {
                    for key in own[command.id] ?? command.keys where bindings[Binding(key: key, view: view)] == nil {
                        bindings[Binding(key: key, view: view)] = index
                    }
                }
            }
        }
        self.bindings = bindings
        var offered: [ViewID: [Command]] = [:]
        for view in ViewID.allCases {
            let views = Command.table.filter { $0.views?.contains(view) == true }
            let lists = Set(Command.lists.map(\.id)), ways = Set(Command.navigation.map(\.id))
            let rest = Command.table.filter { command in
                command.views == nil && (own[command.id] ?? command.keys).contains { key in
                    bindings[Binding(key: key, view: view)].map { Command.table[$0].id } == command.id
                }
            }
            // What is the view's own, then how to get about, then what is the same everywhere.
            offered[view] = views.filter { !lists.contains($0.id) } + views.filter { lists.contains($0.id) } + rest.filter { ways.contains($0.id) } + rest.filter { !ways.contains($0.id) }
        }
        offeredByView = offered
    }

    /// The command that a key means in a view: the view's own before those for everywhere.
    func command(for key: KeyStroke, in view: ViewID) -> Command? { bindings[Binding(key: key, view: view)].map { Command.table[$0] } }

    /// The commands of a view: its own first, then moving in lists and between views, then the others for everywhere whose keys the view leaves free.
    func offered(in view: ViewID) -> [Command] { offeredByView[view] ?? [] }

    /// The first is the one shown.
    func keys(of command: Command) -> [KeyStroke] { own[command.id] ?? command.keys }

    /// Those that mean the command in a view: another may have taken some of them there.
    func keys(of command: Command, in view: ViewID) -> [KeyStroke] { keys(of: command).filter { self.command(for: $0, in: view)?.id == command.id } }

    /// What to press for a command, for sentences: `o`; the command's title when no key is left for it.
    func name(of id: String) -> String {
        guard let command = Command.named(id) else { return id }
        return keys(of: command).first?.label ?? ":" + command.title
    }

    /// The keys of the views in one word: `1-5`, or `zxcvb`; nil when one of them has none, or one that takes more than a column.
    var nameOfViews: String? {
        let keys = ViewID.allCases.compactMap { view in Command.named("view.\(view)").flatMap { self.keys(of: $0).first?.label } }
        guard keys.count == ViewID.allCases.count, keys.allSatisfy({ $0.count == 1 }), let first = keys.first, let last = keys.last else { return nil }
        let isRange = zip(keys, keys.dropFirst()).allSatisfy { a, b in (Int(a).map { $0 + 1 }).map { String($0) == b } ?? false }
        return isRange ? first + "-" + last : keys.joined()
    }

    /// Two commands on one key in one view, of which only one could ever be reached.
    struct Conflict: Sendable, Equatable {
        let key: KeyStroke
        let ids: [String]
    }

    /// A view's own command may take a key from one for everywhere, as in the table; two of the same rank may not share one.
    var conflicts: [Conflict] {
        var out: [Conflict] = []
        for view in ViewID.allCases {
            for isViews in [true, false] {
                var seen: [KeyStroke: String] = [:]
                for command in Command.table where (command.views != nil) == isViews && command.views?.contains(view) != false {
                    for key in Set(keys(of: command)) {
                        if let other = seen.updateValue(command.id, forKey: key) {
                            let conflict = Conflict(key: key, ids: [other, command.id])
                            if !out.contains(conflict) { out.append(conflict) }
                        }
                    }
                }
            }
        }
        return out
    }
}

extension KeyStroke {
    /// What `label` writes: `x`, `Space`, `Ctrl-R`, `Alt-Enter`, `PgUp`. nil for anything else.
    init?(label: String) {
        var rest = label[...]
        var control = false, alt = false
        while true {
            if !control, rest.hasPrefix("Ctrl-"), rest.count > 5 {
                control = true
                rest = rest.dropFirst(5)
            } else if !alt, rest.hasPrefix("Alt-"), rest.count > 4 {
                alt = true
                rest = rest.dropFirst(4)
            } else {
                break
            }
        }
        // Terminals send these as the keys they are called after: a command there could never be reached, or would take the key's own.
        if control, ["m", "j", "i", "[", "h"].contains(rest.lowercased()) { return nil }
        if let base = Self.named[String(rest)] {
            self.init(base, control: control, alt: alt)
        } else if rest.count == 1, let c = rest.first, !c.isWhitespace, !c.isNewline {
            // Terminals do not tell Ctrl-R from Ctrl-r.
            self.init(.character(control || alt ? Character(c.lowercased()) : c), control: control, alt: alt)
        } else {
            return nil
        }
    }

    private static let named: [String: Base] = [
        "Space": .character(" "), "Up": .up, "Down": .down, "Left": .left, "Right": .right, "Home": .home, "End": .end, "PgUp": .pageUp, "PgDn": .pageDown,
        "Enter": .enter, "Tab": .tab, "Shift-Tab": .backTab, "Backspace": .backspace, "Del": .delete, "Esc": .escape,
    ]
}
