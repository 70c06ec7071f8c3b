extension Command {
    static let ledger: [Command] = [
        Command("ledger.destroy", "Destroy", keys: [.character("d")], in: [.ledger], footer: ("destroy", 3), help: "Destroys the selected item now; asks once.",
                unavailable: { withoutLedger($0) ?? ($0.ledger.selected == nil ? "there is nothing to destroy" : nil) }) { state in
            guard let row = state.ledger.selected else { return [] }
            state.overlay = .question(Question(state.ledger.questionBeforeDestroying(row), .destroy(id: row.id)))
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
        Command("ledger.verify", "Verify", keys: [.character("v")], in: [.ledger],
                help: "Proves that the history is what was signed, and says which range that covers.", unavailable: withoutLedger) { _ in [.verifyLedger] },
        Command("ledger.export", "Export", keys: [.character("x")], in: [.ledger], footer: ("export", 7),
                help: "Writes the ledger as JSON and as a page to read, into a folder you are asked for.",
                unavailable: { $0.ledger.snapshot == nil ? $0.ledger.problem ?? "the ledger is still being opened" : nil }) { state in
            state.overlay = .prompt(Prompt(.exportFolder, label: "export the ledger into", text: state.ledger.exportFolder))
            return []
        },
    ]

    private static let withoutLedger: @Sendable (StudioState) -> String? = { state in
        state.ledger.snapshot == nil ? state.ledger.problem ?? "the ledger is still being opened" : nil
    }
}

extension LedgerState {
    /// Names what goes with the item: `Destroy analysis of rock.wav and the waveform made from it (34 kB)?`
    func questionBeforeDestroying(_ row: LedgerItem) -> String {
        let made = descendants(of: row.id)
        let bytes = ([row] + made).reduce(Int64(0)) { sum, row in
            let (total, overflows) = sum.addingReportingOverflow(max(0, row.bytes))
            return overflows ? .max : total
        }
        var text = "Destroy \(row.kind) of \(Path.brief(row.name))"
        if made.count == 1 { text += " and the \(made[0].kind) made from it" }
        if made.count > 1 { text += " and the \(made.count) items made from it" }
        return text + " (\(Format.bytes(bytes)))?"
    }
}
