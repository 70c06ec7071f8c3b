extension Command {
    static let ledger: [Command] = [
        Command("ledger.destroy", "Destroy", keys: [.character("d")], in: [.ledger], footer: ("destroy", 3), help: "Destroys the selected item now; asks once.",
                unavailable: { withoutLedger($0) ?? ($0.ledger.selected == nil ? "there is nothing to destroy" : nil) }) { state in
            guard let row = state.ledger.selected else { return [] }
            state.overlay = .question(Question("Destroy \(row.kind) of \(row.name) (\(Format.bytes(row.bytes)))?", .destroy(id: row.id)))
            return []
        },
        Command("ledger.destroyAll", "Destroy everything", keys: [.control("d")], in: [.ledger], footer: ("destroy all", 6),
                help: "Destroys every temporary item now; asks once.",
                unavailable: { withoutLedger($0) ?? ($0.ledger.rows.isEmpty ? "there is nothing to destroy" : nil) }) { state in
            let count = state.ledger.rows.count
            let what = count == 1 ? "the one temporary item" : "all \(count) temporary items"
            state.overlay = .question(Question("Destroy \(what) (\(Format.bytes(state.ledger.bytes)))? Running jobs that need them stop.", .destroyEverything))
            return []
        },
        Command("ledger.extend", "Extend", keys: [.character("e")], in: [.ledger], footer: ("extend", 4), help: "Starts the item's life anew, as far as its rule allows.",
                unavailable: { withoutLedger($0) ?? ($0.ledger.selected == nil ? "there is nothing to extend" : nil) }) { state in
            guard let row = state.ledger.selected else { return [] }
            return [.extend(id: row.id)]
        },
        Command("ledger.why", "Why is this here", keys: [.character("w")], in: [.ledger], footer: ("why", 5), help: "Says what made the item, for what, and when it ends.",
                unavailable: { $0.ledger.selected == nil ? "there is no item" : nil }) { state in
            guard let row = state.ledger.selected else { return [] }
            return [.explainRow(id: row.id)]
        },
        Command("ledger.export", "Export", keys: [.character("x")], in: [.ledger], footer: ("export", 7),
                help: "Writes the ledger as JSON and as a page to read, into the folder of Files.",
                unavailable: { $0.ledger.snapshot == nil ? $0.ledger.problem ?? "the ledger is still being opened" : nil }) { state in
            [.exportLedger(folder: state.files.query.folder)]
        },
    ]

    private static let withoutLedger: @Sendable (StudioState) -> String? = { state in
        state.ledger.snapshot == nil ? state.ledger.problem ?? "the ledger is still being opened" : nil
    }
}
