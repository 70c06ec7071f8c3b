import CSQLite

/// What the store tells; never changes anything.
extension LedgerStore {
    func openRecords() throws(LedgerError) -> [LedgerRecord] { try records("WHERE settled IS NULL ORDER BY created, id").map(left) }

    func openRecords(notOf run: String) throws(LedgerError) -> [LedgerRecord] {
        try records("WHERE settled IS NULL AND run <> ? ORDER BY created, id", [.text(run)]).map(left)
    }

    private func left(_ record: LedgerRecord) -> LedgerRecord {
        guard let boot = unrecordedEnds[record.run], record.outlivesItsRun else { return record }
        var left = record
        left.leaveRun(on: boot)
        return left
    }

    /// Those of them that are nobody's, told by this boot's clock.
    func onThisClock(_ records: [LedgerRecord], _ now: LedgerInstant) throws(LedgerError) -> [LedgerRecord] {
        var told: [LedgerRecord] = []
        try read { () throws(SQLiteError) in told = try onThisBoot(records, now) }
        return told
    }

    func settledRecords() throws(LedgerError) -> [LedgerRecord] { try records("WHERE settled IS NOT NULL ORDER BY settled, id") }

    /// The row with this id, or the rows whose ids begin so.
    func records(beginning prefix: String) throws(LedgerError) -> [LedgerRecord] {
        try records("WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 2", [.text(prefix)])
    }

    /// Wishes that others left on rows of this run.
    func wishes() throws(LedgerError) -> [(id: RowID, wish: LedgerWish)] {
        var found: [(RowID, LedgerWish)] = []
        try read { () throws(SQLiteError) in
            try connection.run("SELECT id, wish FROM item WHERE run = ? AND wish IS NOT NULL AND settled IS NULL", [.text(run.id)]) { row in
                if let id = row.text(0).flatMap(RowID.init(rawValue:)), let wish = row.text(1).flatMap(LedgerWish.init(rawValue:)) {
                    found.append((id, wish))
                }
            }
        }
        return found
    }

    func tallies() throws(LedgerError) -> [LedgerTally] {
        var found: [LedgerTally] = []
        try read { () throws(SQLiteError) in found = try storedTallies() }
        return found
    }

    func storedTallies() throws(SQLiteError) -> [LedgerTally] { try Self.tallies(in: connection) }
    func storedRuns() throws(SQLiteError) -> [StoredRun] { try Self.runs(in: connection) }

    static func tallies(in connection: SQLiteConnection) throws(SQLiteError) -> [LedgerTally] {
        var found: [LedgerTally] = []
        try connection.run("SELECT day, kind, state, items, bytes FROM tally ORDER BY day, kind, state") { row in
            found.append(LedgerTally(
                day: row.text(0) ?? "", kind: row.text(1) ?? "", state: row.text(2) ?? "",
                items: Int(row.integer(3)), bytes: row.integer(4)))
        }
        return found
    }

    struct StoredRun {
        var run: RunIdentity
        var swap: String
        var started: Double
        var ended: Double?
        var facts: RunFacts
        var digest: [UInt8] { run.digest(swap: swap, started: started, facts) }
    }

    static func runs(in connection: SQLiteConnection) throws(SQLiteError) -> [StoredRun] {
        var found: [StoredRun] = []
        try connection.run("SELECT id, boot, process, process_start, process_space, swap, started, ended, build, policy, file_system FROM run ORDER BY id") { row in
            found.append(StoredRun(
                run: RunIdentity(
                    id: row.text(0) ?? "", boot: row.text(1) ?? "", process: Int32(exactly: row.integer(2)) ?? -1,
                    processStart: row.integer(3), processSpace: row.text(4) ?? ""),
                swap: row.text(5) ?? "", started: row.real(6), ended: row.optionalReal(7), facts: RunFacts(build: row.text(8), policy: row.text(9), fileSystem: row.text(10))))
        }
        return found
    }

    func exportedRuns() throws(LedgerError) -> [LedgerExport.Run] {
        var found: [LedgerExport.Run] = []
        try read { () throws(SQLiteError) in
            found = try storedRuns().map {
                LedgerExport.Run(
                    id: $0.run.id, boot: $0.run.boot, swap: $0.swap, startedAt: timestamp($0.started), endedAt: $0.ended.map(timestamp), build: $0.facts.build, policy: $0.facts.policy,
                    fileSystem: $0.facts.fileSystem)
            }
        }
        return found
    }

    func exportedHistory() throws(LedgerError) -> HistoryExport {
        var made: HistoryExport?
        try read { () throws(SQLiteError) in
            let reading = HistoryReading(connection: connection)
            let floor = try reading.tree("floor").tree
            var anchor: String?
            if case .key(let key) = history.key.read() { anchor = hexadecimal(key.anchor) }
            made = HistoryExport(
                anchor: anchor, droppedEvents: floor.count, droppedPeaks: hexadecimal(floor.encoded), events: try reading.events(),
                checkpoints: try reading.checkpoints())
        }
        guard let made else { throw .damaged(path: path) }
        return made
    }

    /// Changes whenever another connection has committed.
    func foreignVersion() throws(LedgerError) -> Int64 {
        var version: Int64 = 0
        try read { () throws(SQLiteError) in
            try connection.run("PRAGMA data_version") { version = $0.integer(0) }
        }
        return version
    }

    private func records(_ clause: String, _ values: [SQLiteValue] = []) throws(LedgerError) -> [LedgerRecord] {
        var found: [LedgerRecord] = []
        try read { () throws(SQLiteError) in
            try connection.run(LedgerSchema.selectItems + " " + clause, values) { row in
                if let record = LedgerSchema.record(row) { found.append(record) }
            }
        }
        return found
    }

    func read(_ body: () throws(SQLiteError) -> Void) throws(LedgerError) {
        do { try body() } catch { throw Self.ledgerError(error, path, opening: false) }
    }

    static func ledgerError(_ error: SQLiteError, _ path: String, opening: Bool) -> LedgerError {
        switch error.primary {
        case SQLITE_BUSY, SQLITE_LOCKED: .busy(path: path)
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR, SQLITE_SCHEMA: .damaged(path: path)
        default: opening ? .cannotOpen(path: path, reason: error.reason) : .cannotWrite(path: path, reason: error.reason)
        }
    }
}
