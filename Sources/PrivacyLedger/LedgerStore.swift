import CSQLite
import Glibc

/// The rows on disk: one SQLite file that several Lathe processes share.
///
/// **One writer at a time.** Every change is one short exclusive transaction; a second process waits for it (up to 5 s).
/// Each process changes only rows of its own run, adopts rows of runs that are over, and may leave a *wish* on a row
/// of a living run, whose process then fulfils it. So the studio and any number of commands can create rows side by side.
///
/// Rollback journal (`TRUNCATE`: the journal is emptied and synced, no directory entry changes), `synchronous=FULL`,
/// `secure_delete`. A ballast file gives space back when a destruction must be recorded on a full disk.
final class LedgerStore {
    let path: String
    let connection: SQLiteConnection
    private let ballast: Ballast?
    let run: RunIdentity
    private var runIsRecorded = false
    private let swap: String
    private let facts: RunFacts
    /// Held as long as the store is.
    private let lock: RunLock?
    let history: History
    /// The file that was opened; another one may come to stand under its name.
    private var opened: (device: dev_t, file: ino_t)?
    /// Runs that are over and could not be ended on record, by their boots: what they have left for a later run is as if they had.
    private(set) var unrecordedEnds: [String: String] = [:]
    /// What the transaction at hand has done so far.
    var notes: [HistoryNote] = []

    static let keyFileName = "history.key"

    /// Opens the store in `directory`, making both when missing: folder 0700, file 0600. nil is a store in memory, which no
    /// other process shares.
    init(directory: String?, run: RunIdentity, swap: String, facts: RunFacts = RunFacts(), now: LedgerInstant) throws(LedgerError) {
        self.run = run
        self.swap = swap
        self.facts = facts
        path = directory.map { $0 + "/ledger.sqlite" } ?? "memory"
        if let directory { try Self.prepare(directory: directory, file: path) }
        do {
            connection = try SQLiteConnection(path: directory == nil ? nil : path)
        } catch {
            throw Self.ledgerError(error, path, opening: true)
        }
        lock = directory.flatMap { RunLock(run.id, in: $0) }
        history = History(connection: connection, key: HistoryKeyFile(path: directory.map { $0 + "/" + Self.keyFileName }))
        ballast = directory.map { Ballast(path: $0 + "/ballast") }
        do {
            try connection.execute("""
                PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=ON;
                PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA cache_size=-1024;
                """)
            var next: HistoryKey?
            try LedgerSchema.install(on: connection) { (version) throws(SQLiteError) in
                if version == 1 { try carryIntoHistory() } else if version < 6 { try carryLog() }
                guard !notes.isEmpty else { return }
                next = try history.append(notes, at: now, run: run.id)
            }
            if let next { _ = history.key.write(next, durably: false) }
            notes = []
        } catch {
            throw Self.ledgerError(error, path, opening: true)
        }
        ballast?.fill()
        if directory != nil { opened = Self.identity(path) }
    }

    private static func identity(_ path: String) -> (device: dev_t, file: ino_t)? {
        var info = stat()
        return stat(path, &info) == 0 ? (info.st_dev, info.st_ino) : nil
    }

    /// Whether what others open under this name is what is open here.
    var isInPlace: Bool {
        guard let opened else { return true }
        return Self.identity(path).map { $0 == opened } ?? false
    }

    /// Writes rows that another store held, with what was agreed about them; there they are lost to everybody else.
    func carryOver(_ records: [LedgerRecord], _ transfers: [Transfer], now: LedgerInstant) throws(LedgerError) {
        try write(at: now) { () throws(SQLiteError) in
            try recordRun(at: now)
            for record in records {
                try connection.run("DELETE FROM item WHERE id = ?", [.text(record.id.rawValue)])
                try connection.run(LedgerSchema.insertItem, LedgerSchema.values(of: record))
                notes.append(.item(record, .carriedItem))
            }
            for transfer in transfers {
                try connection.run("DELETE FROM transfer WHERE item = ?", [.text(transfer.item.rawValue)])
                var transfer = transfer
                // The consent is gone with the store that held it.
                transfer.consent = nil
                try insert(transfer)
            }
        }
        runIsRecorded = true
    }

    private static func prepare(directory: String, file: String) throws(LedgerError) {
        var made = ""
        for part in directory.split(separator: "/") {
            made += "/" + part
            if mkdir(made, 0o700) != 0, errno != EEXIST, errno != EROFS, errno != EACCES {
                throw .cannotOpen(path: made, reason: String(cString: strerror(errno)))
            }
        }
        var info = stat()
        guard stat(directory, &info) == 0 else {
            throw .cannotOpen(path: directory, reason: String(cString: strerror(errno)))
        }
        guard info.st_mode & S_IFMT == S_IFDIR else { throw .cannotOpen(path: directory, reason: "not a folder") }
        if info.st_mode & 0o077 != 0, info.st_uid == geteuid(), chmod(directory, 0o700) != 0, errno != EROFS {
            throw .cannotOpen(path: directory, reason: String(cString: strerror(errno)))
        }
        // Root may enter everybody's folders: what it keeps there, they could read, and change.
        guard info.st_uid == geteuid() else { throw .cannotOpen(path: directory, reason: "the folder belongs to another user") }
        var there = stat()
        if lstat(file, &there) == 0, there.st_mode & S_IFMT != S_IFREG { throw .cannotOpen(path: file, reason: "not a plain file; whoever put it there leads the ledger elsewhere") }
        let fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        if fd >= 0 {
            close(fd)
        } else if access(file, R_OK) != 0 {
            throw .cannotOpen(path: file, reason: String(cString: strerror(errno)))
        }
    }

    // MARK: Writing

    /// Commits the run, which every row needs. Errors: `cannotWrite`, `busy`.
    func proveWritable(now: LedgerInstant) throws(LedgerError) {
        try write(at: now) { () throws(SQLiteError) in try recordRun(at: now) }
        runIsRecorded = true
    }

    /// Commits a new row (and the run it belongs to, the first time).
    /// - Parameter transfer: what was agreed about a row at a tier. The consent it names must still hold.
    func insert(_ record: LedgerRecord, _ transfer: Transfer? = nil) throws(LedgerError) { try insertAll([record], transfer) }

    /// All of the rows or none.
    func insertAll(_ records: [LedgerRecord], _ transfer: Transfer? = nil) throws(LedgerError) {
        guard let first = records.first else { return }
        try write(at: first.created) { () throws(SQLiteError) in
            if !runIsRecorded { try recordRun(at: first.created) }
            for record in records {
                try connection.run(LedgerSchema.insertItem, LedgerSchema.values(of: record))
                notes.append(.item(record))
            }
            if let transfer { try insert(transfer) }
        }
        runIsRecorded = true
    }

    /// Commits the present state of rows, all or none. When the disk is full the ballast makes room.
    func save(_ records: [LedgerRecord], now: LedgerInstant) throws(LedgerError) {
        try writeWithBallast(at: now) { () throws(SQLiteError) in
            for record in records {
                try connection.run(LedgerSchema.updateItem, LedgerSchema.changes(of: record))
                // A row that is no longer there was forgotten by another process's `erase --everything`.
                if connection.changes > 0 { notes.append(.item(record)) }
            }
        }
    }

    /// Takes over the open rows of runs that are over, in one transaction: two sweeping processes never share a row.
    /// When the store cannot be written the rows are answered all the same, so that their names can be removed;
    /// two processes may then do so at once, which harms nobody. `failure` says that this happened.
    func adoptRowsOfEndedRuns(
        now: LedgerInstant, isOver: (RunIdentity) -> Bool
    ) throws(LedgerError) -> (records: [LedgerRecord], failure: LedgerError?) {
        var running: [RunIdentity] = []
        try read { () throws(SQLiteError) in
            try connection.run("SELECT id, boot, process, process_start, process_space FROM run WHERE ended IS NULL") { row in
                running.append(RunIdentity(
                    id: row.text(0) ?? "", boot: row.text(1) ?? "", process: Int32(truncatingIfNeeded: row.integer(2)),
                    processStart: row.integer(3), processSpace: row.text(4) ?? ""))
            }
        }
        // Judged after the reading, which keeps others from writing.
        let dead = running.filter { $0.id != run.id && isOver($0) }
        guard !dead.isEmpty else { return ([], nil) }
        var adopted: [LedgerRecord] = []
        do {
            try writeWithBallast(at: now) { () throws(SQLiteError) in
                adopted = []
                try recordRun(at: now)
                for other in dead {
                    // Nothing, when another process was faster.
                    let first = adopted.count
                    try leaveTiers(of: other)
                    try collectOpenRows(of: other, into: &adopted)
                    try connection.run("UPDATE item SET run = ? WHERE run = ? AND settled IS NULL", [.text(run.id), .text(other.id)])
                    for at in adopted.indices[first...] {
                        adopted[at].run = run.id
                        notes.append(.item(adopted[at], .adopted))
                    }
                    try endRun(other.id, at: now)
                }
            }
            runIsRecorded = true
            return (adopted, nil)
        } catch {
            guard case .cannotWrite = error else { throw error }
            adopted = []
            try read { () throws(SQLiteError) in
                for other in dead { try collectOpenRows(of: other, into: &adopted) }
            }
            unrecordedEnds = Dictionary(dead.map { ($0.id, $0.boot) }, uniquingKeysWith: { first, _ in first })
            // What is kept for a later run, or lies at a tier, does not end because nobody can write.
            return (adopted.filter { !$0.outlivesItsRun }, error)
        }
    }

    private func collectOpenRows(of other: RunIdentity, into records: inout [LedgerRecord]) throws(SQLiteError) {
        var found: [LedgerRecord] = []
        try connection.run(LedgerSchema.selectItems + " WHERE run = ? AND settled IS NULL", [.text(other.id)]) { row in
            if let record = LedgerSchema.record(row) { found.append(record) }
        }
        records += found
    }

    /// Turns rows settled before `wall` (seconds since 1970) into counts. Reads only when there are none.
    func countRowsSettled(before wall: Double, now: LedgerInstant) throws(LedgerError) {
        var old = 0
        try read { () throws(SQLiteError) in
            try connection.run("SELECT count(*) FROM item WHERE settled < ?", [.real(wall)]) { old = Int($0.integer(0)) }
        }
        guard old > 0 else { return }
        try writeWithBallast(at: now) { () throws(SQLiteError) in
            try connection.run("SELECT id FROM item WHERE settled < ?", [.real(wall)]) { notes.append(HistoryNote(kind: .forgotten, subject: $0.text(0))) }
            try forgetTransfers(whose: "settled < ?", [.real(wall)])
            try forgetConsents(before: wall)
            try connection.run(LedgerSchema.tallyOld, [.real(wall)])
            try connection.run("DELETE FROM item WHERE settled < ?", [.real(wall)])
            let goneRuns = "FROM run WHERE ended < ? AND NOT EXISTS (SELECT 1 FROM item WHERE item.run = run.id)"
            try connection.run("SELECT id " + goneRuns, [.real(wall)]) { notes.append(HistoryNote(kind: .forgotten, subject: $0.text(0))) }
            try connection.run("DELETE " + goneRuns, [.real(wall)])
            notes.append(HistoryNote(kind: .counted, digest: LedgerTally.digest(try storedTallies())))
            try dropOldEvents(before: wall)
        }
    }

    /// The events of what has been forgotten, as far as they come first and nothing that is still here rests on them. What lies at tiers for long, and the user's
    /// answers, would hold back everything: they are noted anew.
    private func dropOldEvents(before wall: Double) throws(SQLiteError) {
        try carryTransfers(unlessNotedSince: Int64(wall * 1000))
        var first: Int64 = 0
        try connection.run("""
            SELECT min(coalesce((SELECT min(number) FROM event WHERE at_ms >= ?1), 9223372036854775807),
                       coalesce((SELECT min(last) FROM (SELECT max(number) AS last FROM event WHERE subject IN (SELECT id FROM item WHERE id NOT IN (SELECT item FROM transfer)) GROUP BY subject)), 9223372036854775807),
                       coalesce((SELECT min(number) FROM event WHERE subject IN (SELECT 'log ' || number FROM log)), 9223372036854775807),
                   coalesce((SELECT min(number) FROM event WHERE subject IN (SELECT id FROM run)), 9223372036854775807))
            """, [.integer(Int64(wall * 1000))]) { first = $0.integer(0) }
        try history.drop(first: first - 1)
    }

    /// - Parameter complete: false leaves the run to be swept, because some of its rows are open or not written.
    func endRun(now: LedgerInstant, complete: Bool) throws(LedgerError) {
        guard runIsRecorded, complete else { return }
        try writeWithBallast(at: now) { () throws(SQLiteError) in try endRun(run.id, at: now) }
    }

    private func endRun(_ id: String, at now: LedgerInstant) throws(SQLiteError) {
        try connection.run("UPDATE run SET ended = ? WHERE id = ?", [.real(now.wallSeconds), .text(id)])
        if connection.changes > 0 { notes.append(HistoryNote(kind: .runEnded, subject: id, digest: RunIdentity.digest(ended: now.wallSeconds))) }
    }

    /// Asks the processes that hold these rows to act. Answers how many rows could be asked for.
    func wish(_ wish: LedgerWish, for ids: [RowID]) throws(LedgerError) -> Int {
        var asked = 0
        try writeWithBallast(at: nil) { () throws(SQLiteError) in
            asked = 0
            for id in ids {
                try connection.run("UPDATE item SET wish = ? WHERE id = ? AND settled IS NULL AND run <> ?",
                                   [.text(wish.rawValue), .text(id.rawValue), .text(run.id)])
                asked += connection.changes
            }
        }
        return asked
    }

    func clearWishes(_ ids: [RowID]) throws(LedgerError) {
        try writeWithBallast(at: nil) { () throws(SQLiteError) in
            for id in ids { try connection.run("UPDATE item SET wish = NULL WHERE id = ?", [.text(id.rawValue)]) }
        }
    }

    /// Forgets every settled row, every count, every run that is over, and every event. What is still open is noted anew.
    func eraseHistory(now: LedgerInstant) throws(LedgerError) {
        try writeWithBallast(at: now) { () throws(SQLiteError) in
            try forgetTransfers(whose: "settled IS NOT NULL", [])
            try connection.run("DELETE FROM consent")
            try connection.run("DELETE FROM item WHERE settled IS NOT NULL")
            try connection.run("DELETE FROM tally")
            try connection.run("DELETE FROM log")
            try connection.run("DELETE FROM counter")
            try connection.run("DELETE FROM tier_copy WHERE NOT EXISTS (SELECT 1 FROM item WHERE item.id = tier_copy.item)")
            try connection.run("DELETE FROM run WHERE ended IS NOT NULL AND NOT EXISTS (SELECT 1 FROM item WHERE item.run = run.id)")
            try history.dropAll()
            notes.append(HistoryNote(kind: .erased))
            try carryIntoHistory()
        }
    }

    /// Notes all that the store holds.
    private func carryIntoHistory() throws(SQLiteError) {
        for stored in try storedRuns() {
            notes.append(HistoryNote(kind: .carriedRun, subject: stored.run.id, digest: stored.digest))
            if let ended = stored.ended {
                notes.append(HistoryNote(kind: .runEnded, subject: stored.run.id, digest: RunIdentity.digest(ended: ended)))
            }
        }
        try connection.run(LedgerSchema.selectItems) { row in
            if let record = LedgerSchema.record(row) { notes.append(.item(record, .carriedItem)) }
        }
        try carryTransfers()
        try carryLog()
        notes.append(HistoryNote(kind: .counted, digest: LedgerTally.digest(try storedTallies())))
    }

    func recordRun(at now: LedgerInstant) throws(SQLiteError) {
        try connection.run(
            "INSERT OR IGNORE INTO run(id, boot, process, process_start, process_space, swap, started, build, policy, file_system) VALUES(?,?,?,?,?,?,?,?,?,?)",
            [.text(run.id), .text(run.boot), .integer(Int64(run.process)), .integer(run.processStart), .text(run.processSpace),
             .text(swap), .real(now.wallSeconds), .text(facts.build), .text(facts.policy), .text(facts.fileSystem)])
        guard connection.changes > 0 else { return }
        notes.append(HistoryNote(kind: .runBegan, subject: run.id, digest: run.digest(swap: swap, started: now.wallSeconds, facts)))
    }

    /// One transaction and, unless `now` is nil, its events.
    private func transaction(at now: LedgerInstant?, _ body: () throws(SQLiteError) -> Void) throws(SQLiteError) {
        var next: HistoryKey?
        notes = []
        defer { notes = [] }
        try connection.transaction { () throws(SQLiteError) in
            try body()
            if let now, !notes.isEmpty { next = try history.append(notes, at: now, run: run.id) }
        }
        // A key that lags behind is brought forward by whoever reads it.
        if let next { _ = history.key.write(next, durably: false) }
    }

    /// A change that is no event of an item.
    func change(_ body: () throws(SQLiteError) -> Void) throws(LedgerError) { try writeWithBallast(at: nil, body) }

    func write(at now: LedgerInstant, _ body: () throws(SQLiteError) -> Void) throws(LedgerError) {
        do { try transaction(at: now, body) } catch { throw Self.ledgerError(error, path, opening: false) }
    }

    func writeWithBallast(at now: LedgerInstant?, _ body: () throws(SQLiteError) -> Void) throws(LedgerError) {
        do {
            try transaction(at: now, body)
        } catch {
            guard error.primary == SQLITE_FULL || error.primary == SQLITE_IOERR, let ballast, ballast.drop() else {
                throw Self.ledgerError(error, path, opening: false)
            }
            defer { ballast.fill() }
            do { try transaction(at: now, body) } catch { throw Self.ledgerError(error, path, opening: false) }
        }
    }
}
