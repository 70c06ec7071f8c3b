import ArgumentParser
import AudioFiles
import Mastering
import FoundationEssentials
import PrivacyLedger

/// `lathe ledger`: what temporary data exists, where, why, until when; and the end of it.
struct LedgerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger", abstract: "What temporary data exists, why, and until when; destroy it.",
        subcommands: [
            List.self, Show.self, Why.self, Destroy.self, Erase.self, Export.self, LedgerVerify.self,
            LedgerConsents.self, LedgerLineage.self, LedgerLog.self, LedgerPolicyCommand.self,
        ], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List what exists now.")

        @Flag(help: "Also what has ended in the last 30 days.") var all = false
        @Flag(help: "One JSON document.") var json = false

        func run() async throws {
            let rows = try await withLedger(whateverIsSet: true) { ledger in
                let open = try await ledger.list()
                return all ? try await ledger.history() + open : open
            }
            if json { return try Output.result(LedgerCommand.json(rows)) }
            guard !rows.isEmpty else { return try Output.result("nothing: no temporary data exists") }
            try Output.result(Text.table([["id", "what", "size", "where", "state", "class", "ends in"]] + rows.map { row in
                [row.id.rawValue, row.kind.rawValue.replacing("_", with: " "), Text.bytes(row.bytes), row.place.text.printable,
                 row.state.rawValue.replacing("_", with: " "), row.erasureClass.rawValue,
                 row.expiresInSeconds.map { $0 < 0 ? "overdue" : Text.clock($0) } ?? "-"]
            }))
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show one item.")

        @Argument(help: "The item's id, or its beginning.") var id: String
        @Flag(help: "One JSON document.") var json = false

        func run() async throws {
            let row = try await withLedger(whateverIsSet: true) { try await $0.row(matching: id) }
            try Output.result(json ? LedgerCommand.json(row) : LedgerCommand.lines(row))
        }
    }

    struct Why: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say why an item is here, what it comes from, and when it goes.")

        @Argument(help: "The item's id, or its beginning.") var id: String
        @Flag(help: "One JSON document.") var json = false

        func run() async throws {
            let why = try await withLedger { try await $0.why($0.row(matching: id).id) }
            if json { return try Output.result(LedgerCommand.json(why)) }
            let from = why.ancestors.map { "  from \($0.id)  \($0.kind.rawValue)" } + why.descendants.map { "  gave \($0.id)  \($0.kind.rawValue)" }
            try Output.result(([why.row.id.rawValue] + why.reasons.map { "  " + $0.printable } + from).joined(separator: "\n"))
        }
    }

    struct Destroy: AsyncParsableCommand, CarriesJobs {
        static let configuration = CommandConfiguration(
            abstract: "Destroy items, and what was derived from them.",
            discussion: """
                Items of another running Lathe are destroyed by it; this waits two seconds for that. What lies at a tier is asked back from the tier, where its protocol has a call for that, \
                and ends here only by the tier's word.
                """)

        var mayReach: Bool { true }

        @Argument(help: "The items' ids, or their beginnings.") var ids: [String]
        @Flag(help: "One JSON document.") var json = false

        func run() async throws {
            let report = try await withLedger(whateverIsSet: true) { ledger in
                var found: [RowID] = []
                for id in ids {
                    let row = try await ledger.row(matching: id)
                    // What has ended already needs no end.
                    if row.settledAt == nil { found.append(row.id) }
                }
                let (rest, answered) = await AskingTiers.askBack(found, ledger)
                var report = await ledger.destroyAndConfirm(rest)
                report.destroyed = answered.destroyed + report.destroyed
                report.failures = answered.failures + report.failures
                return report
            }
            try LedgerCommand.tell(report, json: json)
        }
    }

    struct Erase: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Destroy everything, and forget the history.")

        @Flag(help: "Required: says that all of it is meant.") var everything = false
        @Flag(help: "One JSON document.") var json = false

        func validate() throws {
            guard everything else { throw ValidationError("erase needs --everything: it destroys all temporary data and forgets the history") }
        }

        func run() async throws {
            let report: DestroyReport
            do {
                report = try await withLedger(whateverIsSet: true) { await $0.eraseEverything() }
            } catch LedgerError.damaged {
                // What cannot be read can still be removed.
                let items = try Ledger.discardStore()
                return try Output.result(json ? JSON.object([("discarded", .number(Double(items)))]).text : "the damaged ledger is removed, and \(items) sealed items with it; what it knew besides is unknown")
            }
            try LedgerCommand.tell(report, json: json)
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Write all the ledger knows into a folder: JSON, and one readable page.")

        @Option(name: [.short, .customLong("output")], help: ArgumentHelp("The folder.", valueName: "dir"), completion: .directory) var output: String
        @Flag(help: "One JSON document.") var json = false

        func run() async throws {
            let paths = try await withLedger(whateverIsSet: true) { try await $0.export(to: output) }
            if json {
                try Output.result(JSON.object([("files", .array(paths.map { .string($0) }))]).text)
            } else {
                try Output.result(paths.map(\.printable).joined(separator: "\n"))
            }
        }
    }

    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func lines(_ row: LedgerRow) -> String {
        var rows = [
            ["id", row.id.rawValue], ["what", row.kind.rawValue.replacing("_", with: " ")], ["from", row.origin.rawValue.replacing("_", with: " ")],
            ["for", row.purpose.rawValue], ["where", row.place.text.printable], ["size", Text.bytes(row.bytes)],
            ["state", row.state.rawValue.replacing("_", with: " ")], ["class", row.erasureClass.rawValue + ", " + row.erasureClass.sentence],
            ["rule", row.rule.rawValue.replacing("_", with: " ")],
        ]
        if let parent = row.parent { rows.append(["derived from", parent.rawValue]) }
        if let left = row.expiresInSeconds { rows.append(["ends in", left < 0 ? "overdue" : Text.clock(left)]) }
        if let reason = row.reason { rows.append(["ended", reason.rawValue.replacing("_", with: " ")]) }
        return Text.table(rows)
    }

    /// - Throws: 74 for what failed, 75 for what another process still has to let go.
    private static func tell(_ report: DestroyReport, json: Bool) throws {
        if json {
            try Output.result(JSON.object([
                ("destroyed", .array(report.destroyed.map { .string($0.rawValue) })), ("pending", .array(report.pending.map { .string($0.rawValue) })),
                ("at_tiers", .array(report.atTiers.map { .string($0.rawValue) })), ("failures", .array(report.failures.map { .string($0) })),
            ]).text)
        } else if report.failures.isEmpty, report.pending.isEmpty {
            let left = report.atTiers.isEmpty ? "" : "; \(report.atTiers.count) at tiers, which alone can destroy them: `lathe ledger list` shows until when"
            try Output.result((report.destroyed.isEmpty ? "nothing was there" : "destroyed \(report.destroyed.count)") + left)
        }
        if let first = report.failures.first {
            let more = report.failures.count > 1 ? " (and \(report.failures.count - 1) more)" : ""
            throw Failure(74, "destroyed \(report.destroyed.count); \(first)\(more)")
        }
        if let first = report.pending.first {
            throw Failure(75, "\(first): \(report.pending.count) not let go yet by the Lathe that holds them; end it, or try again")
        }
    }
}

/// Opens the ledger, does `body`, and lets it go again, whatever happens.
/// - Parameter memoryOnly: whether `body` keeps nothing outside memory, and so can do, with a warning, where no ledger can be written.
/// - Parameter whateverIsSet: for looking and destroying, which a mistake in the settings must not hold up: the default rules are then in force.
func withLedger<Result: Sendable>(memoryOnly: Bool = false, whateverIsSet: Bool = false, _ body: (Ledger) async throws -> Result) async throws -> Result {
    var rules = RetentionRules.standard
    do throws(LedgerError) { rules = try PrivacySettings.rules() } catch {
        guard whateverIsSet else { throw error }
        Output.warning(error.message + "; this goes by the default rules")
    }
    let ledger = memoryOnly ? try await Ledger.openForMemory(rules: rules) : try await Ledger.open(rules: rules)
    if let notice = ledger.memoryOnlyNotice { Output.warning(notice) }
    do {
        let result = try await body(ledger)
        await ledger.close()
        return result
    } catch {
        await ledger.close()
        throw error
    }
}
