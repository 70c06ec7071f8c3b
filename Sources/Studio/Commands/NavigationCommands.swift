import Mastering

extension Command {
    static let navigation: [Command] = ViewID.allCases.map { view in
        Command("view.\(view)", "View \(view.title)", keys: [.character(Character(String(view.rawValue)))],
                help: "Shows \(view.title).") { state in
            state.view = view
            state.graph = nil
            return view == .files ? state.askFacts() : []
        }
    } + [
        Command("panel.next", "Next panel", keys: [KeyStroke(.tab)], help: "Goes to the next panel; a small screen shows that one.") { state in
            state.stepPanel(1)
            return []
        },
        Command("panel.previous", "Previous panel", keys: [KeyStroke(.backTab)], help: "Goes to the panel before.") { state in
            state.stepPanel(-1)
            return []
        },
        Command("filter", "Filter", keys: [.character("/")], help: "Keeps the rows that match, fuzzily; Esc shows all again.",
                unavailable: { $0.view == .generate ? "there is no list to filter in this view" : nil }) { state in
            state.overlay = .prompt(Prompt(.filter, label: "filter", text: state.filter))
            return []
        },
        Command("palette", "Palette", keys: [.character(":")], help: "Finds a command by name and runs it.") { state in
            state.overlay = .palette(Palette())
            return []
        },
        Command("help", "Help", keys: [.character("?")], footer: ("keys", 99), help: "The keys of this view.") { state in
            state.overlay = .help(scroll: 0)
            return []
        },
        Command("back", "Back", keys: [KeyStroke(.escape)], help: "Leaves what is open: a filter, then a panel.",
                unavailable: { $0.filter.isEmpty && $0.graph == nil ? "there is nothing to go back from; " + $0.keymap.name(of: "quit") + " quits" : nil }) { state in
            if !state.filter.isEmpty { return state.setFilter("") }
            state.graph = nil
            return []
        },
    ]

    static let lists: [Command] = [
        move("list.down", "Down", [.character("j"), KeyStroke(.down)], help: "The next row.") { _ in 1 },
        move("list.up", "Up", [.character("k"), KeyStroke(.up)], help: "The row before.") { _ in -1 },
        move("list.pageDown", "Page down", [KeyStroke(.pageDown)], help: "A screenful on.") { max(1, $0.size.rows - 8) },
        move("list.pageUp", "Page up", [KeyStroke(.pageUp)], help: "A screenful back.") { -max(1, $0.size.rows - 8) },
        move("list.first", "First", [KeyStroke(.home)], help: "The first row.") { _ in -1_000_000_000 },
        move("list.last", "Last", [KeyStroke(.end)], help: "The last row.") { _ in 1_000_000_000 },
    ]

    private static func move(_ id: String, _ title: String, _ keys: [KeyStroke], help: String,
                             by delta: @escaping @Sendable (StudioState) -> Int) -> Command {
        Command(id, title, keys: keys, in: Set(ViewID.allCases), help: help, waits: \.areRowsComing,
                unavailable: { $0.rowCount == 0 ? "there is no row to move to" : nil }) { state in
            state.moveSelection(by: delta(state))
        }
    }
}

extension StudioState {
    /// The filter of the view.
    var filter: String {
        switch view {
        case .files: files.query.filter
        case .master: master.filter
        case .queue: queue.filter
        case .ledger: ledger.filter
        case .generate: ""
        }
    }

    mutating func setFilter(_ text: String) -> [Effect] {
        guard text != filter else { return [] }
        switch view {
        case .files:
            // Without a filter the selection stays where the filter led.
            if text.isEmpty { files.wanted = files.selected?.name } else { files.cursor.index = 0 }
            files.query.filter = text
            return listAgain()
        case .master: master.filter = text
        case .queue: queue.filter = text; queue.cursor.clamp(count: queue.shown.count)
        case .ledger: ledger.filter = text; ledger.cursor.clamp(count: ledger.shown.count)
        case .generate: break
        }
        return []
    }

    var rowCount: Int {
        switch view {
        case .files: files.rows.count
        case .master: master.rows.count
        case .queue: queue.shown.count
        case .ledger: ledger.shown.count
        case .generate: generate.takes.count
        }
    }

    mutating func moveSelection(by delta: Int) -> [Effect] {
        switch view {
        case .files:
            files.wanted = nil
            files.cursor.move(by: delta, count: files.rows.count)
            return askFacts()
        case .master:
            let rows = master.rows
            let parameters = rows.enumerated().compactMap { row, kind -> (row: Int, index: Int)? in
                if case .parameter(let index) = kind { (row, index) } else { nil }
            }
            guard let now = parameters.firstIndex(where: { $0.row == master.selectedRow?.row }) else { return [] }
            let to = max(0, min(parameters.count - 1, now + delta))
            master.selectedKey = Preset.parameters[parameters[to].index].key
        case .queue: queue.cursor.move(by: delta, count: queue.shown.count)
        case .ledger: ledger.cursor.move(by: delta, count: ledger.shown.count)
        case .generate:
            generate.cursor.move(by: delta, count: generate.takes.count)
            generate.part = nil
            generate.section = nil
        }
        return []
    }

    mutating func stepPanel(_ step: Int) {
        let all: [PanelID] = [.view(view)] + PanelID.graphs
        let now = all.firstIndex(of: focus) ?? 0
        let next = all[(now + step + all.count) % all.count]
        graph = next == .view(view) ? nil : next
    }
}
