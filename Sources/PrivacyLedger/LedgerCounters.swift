/// How often something was made, by what, and how it went: added up by day and by words that come with Lathe or that the user chose for a tier. Kept here, sent nowhere.
public struct UsageCount: Sendable, Codable, Equatable {
    /// `2026-11-30`, UTC.
    public var day: String
    public var event: LogEvent
    /// The id of a preset or genre that comes with Lathe; `own` for any other.
    public var setting: String
    public var tier: String
    public var outcome: LogOutcome
    public var count: Int
    public var spentMilliseconds: Int64
    public var soundMilliseconds: Int64

    public init(
        day: String, event: LogEvent, setting: String, tier: String, outcome: LogOutcome, count: Int, spentMilliseconds: Int64, soundMilliseconds: Int64
    ) {
        (self.day, self.event, self.setting, self.tier, self.outcome, self.count) = (day, event, setting, tier, outcome, count)
        (self.spentMilliseconds, self.soundMilliseconds) = (spentMilliseconds, soundMilliseconds)
    }

    private enum CodingKeys: String, CodingKey {
        case day, event, setting, tier, outcome, count
        case spentMilliseconds = "spent_ms"
        case soundMilliseconds = "sound_ms"
    }
}

extension Ledger {
    /// Counters hold this many rows at most: a day, a setting and a tier each.
    static let mostCounters = 10_000

    /// Adds one. Its failure is noted like any other of the store and holds up nothing.
    public func count(_ event: LogEvent, setting: String, tier: String, _ outcome: LogOutcome, spentSeconds: Double, soundSeconds: Double) {
        guard memoryOnlyBecause == nil, let store else { return }
        func milliseconds(_ seconds: Double) -> Int64 { seconds.isFinite ? Int64(max(0, min(seconds, 1e12)) * 1000) : 0 }
        do throws(LedgerError) {
            try store.count(
                UsageCount(day: "", event: event, setting: String(setting.prefix(64)), tier: String(tier.prefix(64)), outcome: outcome, count: 1,
                           spentMilliseconds: milliseconds(spentSeconds), soundMilliseconds: milliseconds(soundSeconds)),
                at: clock.now().wallSeconds, keeping: rules[.metrics].hardSeconds, most: Self.mostCounters)
        } catch {
            note(error)
        }
    }

    /// All counters, oldest day first.
    public func counters() throws(LedgerError) -> [UsageCount] {
        guard let store else { throw problem }
        return try store.counters()
    }
}

extension LedgerStore {
    static let counterTable = """
        CREATE TABLE IF NOT EXISTS counter(
          day TEXT NOT NULL, event TEXT NOT NULL, setting TEXT NOT NULL, tier TEXT NOT NULL, outcome TEXT NOT NULL, count INTEGER NOT NULL, spent_ms INTEGER NOT NULL, sound_ms INTEGER NOT NULL,
          PRIMARY KEY(day, event, setting, tier, outcome)) STRICT, WITHOUT ROWID;
        """

    func count(_ one: UsageCount, at now: Double, keeping seconds: Double, most: Int) throws(LedgerError) {
        try change { () throws(SQLiteError) in
            try connection.run("""
                INSERT INTO counter(day, event, setting, tier, outcome, count, spent_ms, sound_ms) VALUES(date(?, 'unixepoch'),?,?,?,?,1,?,?)
                ON CONFLICT DO UPDATE SET count = count + 1, spent_ms = spent_ms + excluded.spent_ms, sound_ms = sound_ms + excluded.sound_ms
                """, [
                    .real(now), .text(one.event.rawValue), .text(one.setting), .text(one.tier), .text(one.outcome.rawValue), .integer(one.spentMilliseconds), .integer(one.soundMilliseconds),
                ])
            try connection.run("DELETE FROM counter WHERE " + Self.oldCounter, Self.days(now, seconds))
            try connection.run("DELETE FROM counter WHERE day < (SELECT day FROM counter ORDER BY day DESC LIMIT 1 OFFSET ?)", [.integer(Int64(most))])
        }
    }

    /// Drops what is older than `seconds`. Reads only when there is nothing.
    func expireCounters(now: Double, keeping seconds: Double) throws(LedgerError) {
        var old: Int64 = 0
        try read { () throws(SQLiteError) in
            try connection.run("SELECT count(*) FROM counter WHERE " + Self.oldCounter, Self.days(now, seconds)) { old = $0.integer(0) }
        }
        guard old > 0 else { return }
        try change { () throws(SQLiteError) in try connection.run("DELETE FROM counter WHERE " + Self.oldCounter, Self.days(now, seconds)) }
    }

    // A day ends with its period; one in the future was written by a clock that has been turned back.
    private static let oldCounter = "day <= date(?, 'unixepoch') OR day > date(?, 'unixepoch')"
    private static func days(_ now: Double, _ seconds: Double) -> [SQLiteValue] { [.real(now - seconds), .real(now + 86_400)] }

    func counters() throws(LedgerError) -> [UsageCount] {
        var out: [UsageCount] = []
        try read { () throws(SQLiteError) in out = try Self.counters(in: connection) }
        return out
    }

    static func counters(in connection: SQLiteConnection) throws(SQLiteError) -> [UsageCount] {
        var out: [UsageCount] = []
        try connection.run("SELECT day, event, setting, tier, outcome, count, spent_ms, sound_ms FROM counter ORDER BY day, event, setting, tier, outcome") { row in
            guard let event = row.text(1).flatMap(LogEvent.init(rawValue:)), let outcome = row.text(4).flatMap(LogOutcome.init(rawValue:)) else { return }
            out.append(UsageCount(
                day: row.text(0) ?? "", event: event, setting: row.text(2) ?? "", tier: row.text(3) ?? "", outcome: outcome, count: Int(row.integer(5)),
                spentMilliseconds: row.integer(6), soundMilliseconds: row.integer(7)))
        }
        return out
    }
}
