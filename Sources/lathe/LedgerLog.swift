import ArgumentParser
import FoundationEssentials
import PrivacyLedger

/// `lathe ledger log`: when Lathe ran, what it worked on by kind, how long it took and how it ended.
struct LedgerLog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Show the log: numbers and words of closed lists; it holds no names, no text and no prompts.")

    @Flag(help: "One JSON document.") var json = false

    func run() async throws {
        let records = try await withLedger { try await $0.logRecords() }
        if json { return try Output.result(LedgerCommand.json(records)) }
        guard !records.isEmpty else { return try Output.result("nothing has been recorded") }
        try Output.result(Text.table([["when", "run", "what", "how", "took", "sound"]] + records.map { record in
            [Date(timeIntervalSince1970: Double(record.atMilliseconds) / 1000).formatted(.iso8601), record.run, record.event.rawValue.replacing("_", with: " "),
             record.outcome.map { $0.rawValue.replacing("_", with: " ") } ?? "", Self.seconds(record.spentMilliseconds), Self.seconds(record.soundMilliseconds)]
        }))
    }

    private static func seconds(_ milliseconds: Int64?) -> String {
        milliseconds.map { "\($0 / 1000).\($0 % 1000 / 100) s" } ?? ""
    }
}
