import ArgumentParser
import PrivacyLedger

/// `lathe ledger lineage`: what an item comes from and what was made from it.
struct LedgerLineage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage", abstract: "Show what an item was derived from, and what was derived from it, also after its end.")

    @Argument(help: "The item's id, or its beginning.") var id: String
    @Flag(help: "One JSON document.") var json = false

    func run() async throws {
        let why = try await withLedger { try await $0.why($0.row(matching: id).id) }
        let line = why.ancestors.reversed() + [why.row] + why.descendants
        if json { return try Output.result(LedgerCommand.json(line)) }
        var depths: [RowID: Int] = [:]
        try Output.result(line.map { row in
            let depth = row.parent.flatMap { depths[$0] }.map { $0 + 1 } ?? 0
            depths[row.id] = depth
            let mark = row.id == why.row.id ? "  <" : ""
            return String(repeating: "  ", count: depth) + "\(row.id)  \(row.kind.rawValue.replacing("_", with: " "))  \(row.state.rawValue.replacing("_", with: " "))\(mark)"
        }.joined(separator: "\n"))
    }
}
