/// What a record of the log is about. A closed list; a record is numbers and words of such lists, and has no place for text, names or prompts.
public enum LogEvent: String, Sendable, Codable, CaseIterable {
    case runBegan = "run_began"
    case runEnded = "run_ended"
    case master
    case album
    case generate
}

/// How it ended: the classes of the exit codes.
public enum LogOutcome: String, Sendable, Codable, CaseIterable {
    case done
    case cancelled
    case wrongRequest = "wrong_request"
    case unusableInput = "unusable_input"
    case noInput = "no_input"
    case noTier = "no_tier"
    case noOutput = "no_output"
    case inputOutput = "input_output"
    case tryAgain = "try_again"
    case fault

    /// - Parameter exitCode: as in sysexits(3); 130 for what was cancelled.
    public init(exitCode: Int32) {
        self = switch exitCode {
        case 0: .done
        case 130: .cancelled
        case 64: .wrongRequest
        case 65: .unusableInput
        case 66: .noInput
        case 69: .noTier
        case 73: .noOutput
        case 74: .inputOutput
        case 75: .tryAgain
        default: .fault
        }
    }
}

/// One record of the log.
public struct LogRecord: Sendable, Codable, Equatable {
    /// Since 1970, UTC.
    public var atMilliseconds: Int64
    /// The run's random name.
    public var run: String
    public var event: LogEvent
    public var outcome: LogOutcome?
    /// What the work took.
    public var spentMilliseconds: Int64?
    /// How much sound there was.
    public var soundMilliseconds: Int64?

    /// SHA-256 over all the store keeps of it: its event in the history carries that.
    var digest: [UInt8] {
        HashTree.hash(Array("\(atMilliseconds)\n\(run)\n\(event.rawValue)\n\(outcome?.rawValue ?? "")\n\(spentMilliseconds ?? 0)\n\(soundMilliseconds ?? 0)".utf8))
    }

    private enum CodingKeys: String, CodingKey {
        case run, event, outcome
        case atMilliseconds = "at_ms"
        case spentMilliseconds = "spent_ms"
        case soundMilliseconds = "sound_ms"
    }
}

extension Ledger {
    /// The log holds this many records of work at most; the oldest make room.
    public static let mostLogRecords = 10_000

    /// Adds a record of work that has ended. Its failure is noted like any other of the store and holds up nothing.
    public func log(_ event: LogEvent, _ outcome: LogOutcome, spentSeconds: Double, soundSeconds: Double) {
        guard memoryOnlyBecause == nil, let store else { return }
        func milliseconds(_ seconds: Double) -> Int64 { seconds.isFinite ? Int64(max(0, min(seconds, 1e12)) * 1000) : 0 }
        let now = clock.now()
        do throws(LedgerError) {
            try store.appendToLog(
                LogRecord(atMilliseconds: milliseconds(now.wallSeconds), run: run.id, event: event, outcome: outcome,
                          spentMilliseconds: milliseconds(spentSeconds), soundMilliseconds: milliseconds(soundSeconds)),
                at: now, keeping: rules[.metrics].hardSeconds, most: Self.mostLogRecords)
        } catch {
            note(error)
        }
    }

    /// Beginnings and ends of runs and what was worked on, oldest first.
    public func logRecords() throws(LedgerError) -> [LogRecord] {
        guard let store else { throw problem }
        return try store.logRecords()
    }
}

extension LedgerStore {
    static let logTable = """
        CREATE TABLE IF NOT EXISTS log(
          number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, run TEXT NOT NULL, event TEXT NOT NULL, outcome TEXT NOT NULL,
          spent_ms INTEGER NOT NULL, sound_ms INTEGER NOT NULL) STRICT;
        """

    func appendToLog(_ record: LogRecord, at now: LedgerInstant, keeping seconds: Double, most: Int) throws(LedgerError) {
        try writeWithBallast(at: now) { () throws(SQLiteError) in
            try connection.run("INSERT INTO log(at_ms, run, event, outcome, spent_ms, sound_ms) VALUES(?,?,?,?,?,?)", [
                .integer(record.atMilliseconds), .text(record.run), .text(record.event.rawValue), .text(record.outcome?.rawValue ?? ""),
                .integer(record.spentMilliseconds ?? 0), .integer(record.soundMilliseconds ?? 0),
            ])
            let number = connection.lastRow
            notes.append(HistoryNote(kind: .logged, subject: Self.logSubject(number), digest: record.digest))
            try dropLog(where: "number <= ?", [.integer(number - Int64(most))])
            try dropLog(where: Self.oldLog, Self.bounds(record.atMilliseconds, seconds))
        }
    }

    /// Drops what is older than `seconds`. Reads only when there is nothing.
    func expireLog(now: LedgerInstant, keeping seconds: Double) throws(LedgerError) {
        let at = Int64(now.wallSeconds * 1000)
        var old: Int64 = 0
        try read { () throws(SQLiteError) in
            try connection.run("SELECT count(*) FROM log WHERE " + Self.oldLog, Self.bounds(at, seconds)) { old = $0.integer(0) }
        }
        guard old > 0 else { return }
        try writeWithBallast(at: now) { () throws(SQLiteError) in try dropLog(where: Self.oldLog, Self.bounds(at, seconds)) }
    }

    private func dropLog(where clause: String, _ values: [SQLiteValue]) throws(SQLiteError) {
        try connection.run("SELECT number FROM log WHERE " + clause, values) { notes.append(HistoryNote(kind: .forgotten, subject: Self.logSubject($0.integer(0)))) }
        try connection.run("DELETE FROM log WHERE " + clause, values)
    }

    /// What the history calls a record.
    static func logSubject(_ number: Int64) -> String { "log \(number)" }

    /// Records of work as they are stored, with their numbers.
    static func log(in connection: SQLiteConnection) throws(SQLiteError) -> [(number: Int64, record: LogRecord)] {
        var found: [(Int64, LogRecord)] = []
        try connection.run("SELECT number, at_ms, run, event, outcome, spent_ms, sound_ms FROM log ORDER BY number") { row in
            guard let event = row.text(3).flatMap(LogEvent.init(rawValue:)), let outcome = row.text(4).flatMap(LogOutcome.init(rawValue:)) else { return }
            found.append((row.integer(0), LogRecord(
                atMilliseconds: row.integer(1), run: row.text(2) ?? "", event: event, outcome: outcome, spentMilliseconds: row.integer(5),
                soundMilliseconds: row.integer(6))))
        }
        return found
    }

    // A clock that was turned back would lengthen the life of what was written before: that goes at once.
    private static let oldLog = "at_ms < ? OR at_ms > ?"
    private static func bounds(_ now: Int64, _ seconds: Double) -> [SQLiteValue] { [.integer(now - Int64(seconds * 1000)), .integer(now + 1000)] }

    func logRecords() throws(LedgerError) -> [LogRecord] {
        var began: [LogRecord] = [], worked: [LogRecord] = [], ended: [LogRecord] = []
        try read { () throws(SQLiteError) in
            for stored in try storedRuns() {
                began.append(LogRecord(atMilliseconds: Int64(stored.started * 1000), run: stored.run.id, event: .runBegan))
                if let end = stored.ended { ended.append(LogRecord(atMilliseconds: Int64(end * 1000), run: stored.run.id, event: .runEnded)) }
            }
            worked = try Self.log(in: connection).map(\.record)
        }
        // Within a millisecond: beginnings, then what was done in its order, then ends.
        return (began + worked + ended).enumerated().sorted { ($0.element.atMilliseconds, $0.offset) < ($1.element.atMilliseconds, $1.offset) }.map(\.element)
    }
}
