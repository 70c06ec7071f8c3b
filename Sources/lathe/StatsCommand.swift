import ArgumentParser
import Mastering
import PrivacyLedger

/// `lathe stats`: what was made here, with what, how fast, and how often it failed.
struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Show counters of what was made; they are kept here and sent nowhere.",
        discussion: "They know days, presets and genres that come with Lathe, tiers and outcomes: no names, no text, nobody. Each day ends with its period; see lathe ledger policy.")

    @Flag(help: "One JSON document.") var json = false

    func run() async throws {
        let (counts, kept) = try await withLedger { (try await $0.counters(), $0.rules[.metrics].hardSeconds) }
        let summary = UsageSummary(counts)
        if json { return try Output.result(summary.json(keptSeconds: kept).text) }
        guard !counts.isEmpty else { return try Output.result("nothing has been counted") }
        let rows = summary.byTier.map { tier, line in
            [tier.printable, "\(line.count)", "\(line.failed)", Text.number(line.errorRate.map { $0 * 100 }, "%", places: 1), Text.number(line.speed, "x", places: 1)]
        }
        try Output.result(Text.table([["tier", "jobs", "failed", "rate", "real time"]] + rows))
        try Output.result("")
        try Output.result(Text.table([["what", "with", "made", "sound", "took"]] + summary.bySetting.map { key, line in
            [key.event.rawValue, key.setting.printable, "\(line.done)", Text.clock(Double(line.soundMilliseconds) / 1000), Text.clock(Double(line.spentMilliseconds) / 1000)]
        }))
        try Output.result("\nsince \(counts[0].day); each day is kept \(Int(kept / 86_400)) days, here and nowhere else")
    }
}

extension UsageSummary.Line {
    var json: [(String, JSON)] {
        [("jobs", .int(count)), ("made", .int(done)), ("failed", .int(failed)), ("error_rate", .measured(errorRate)),
         ("sound_seconds", .measured(Double(soundMilliseconds) / 1000)), ("spent_seconds", .measured(Double(spentMilliseconds) / 1000)), ("realtime_factor", .measured(speed))]
    }
}

extension UsageSummary {
    func json(keptSeconds: Double) -> JSON {
        .object([
            ("kept_seconds", .number(keptSeconds)),
            ("tiers", .array(byTier.map { .object([("tier", .string($0))] + $1.json) })),
            ("settings", .array(bySetting.map { .object([("event", .string($0.event.rawValue)), ("setting", .string($0.setting))] + $1.json) })),
            ("days", .array(counts.map { count in
                .object([
                    ("day", .string(count.day)), ("event", .string(count.event.rawValue)), ("setting", .string(count.setting)), ("tier", .string(count.tier)),
                    ("outcome", .string(count.outcome.rawValue)), ("count", .int(count.count)), ("spent_ms", .int(Int(count.spentMilliseconds))), ("sound_ms", .int(Int(count.soundMilliseconds))),
                ])
            })),
        ])
    }
}
