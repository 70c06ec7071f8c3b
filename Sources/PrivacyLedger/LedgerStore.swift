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
    private let run: RunIdentity
    private var runIsRecorded = false
    private let swap: String

    /// Opens the store in `directory`, making both when missing: folder 0700, file 0600. nil is a store in memory, which no
    /// other process shares.
    init(directory: String?, run: RunIdentity, swap: String) throws(LedgerError) {
        self.run = run
        self.swap = swap
        path = directory.map { $0 + "/ledger.sqlite" } ?? "memory"
        if let directory { try Self.prepare(directory: directory, file: path) }
        do {
            connection = try SQLiteConnection(path: directory == nil ? nil : path)
            try connection.execute("""
                PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=ON;
                PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF; PRAGMA cache_size=-1024;
                """)
            try LedgerSchema.install(on: connection)
        } catch {
            throw Self.ledgerError(error, path, opening: true)
        }
        ballast = directory.map { Ballast(path: $0 + "/ballast") }
        ballast?.fill()
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
        let fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if fd >= 0 {
            close(fd)
        } else if access(file, R_OK) != 0 {
            throw .cannotOpen(path: file, reason: String(cString: strerror(errno)))
        }
    }

    // MARK: Writing

    /// Commits the run, which every row needs. Errors: `cannotWrite`, `busy`.
    func proveWritable(now: LedgerInstant) throws(LedgerError) {
        try write { () throws(SQLiteError) in try recordRun(at: now) }
        runIsRecorded = true
    }

    /// Commits a new row (and the run it belongs to, the first time).
    func insert(_ record: LedgerRecord) throws(LedgerError) { try insertAll([record]) }

    /// All of the rows or none.
    func insertAll(_ records: [LedgerRecord]) throws(LedgerError) {
        guard let first = records.first else { return }
        try write { () throws(SQLiteError) in
            if !runIsRecorded { try recordRun(at: first.created) }
            for record in records { try connection.run(LedgerSchema.insertItem, LedgerSchema.values(of: record)) }
        }
        runIsRecorded = true
    }

    /// Commits the present state of rows, all or none. When the disk is full the ballast makes room.
    func save(_ records: [LedgerRecord]) throws(LedgerError) {
        try writeWithBallast { () throws(SQLiteError) in
            for record in records { try connection.run(LedgerSchema.updateItem, LedgerSchema.changes(of: record)) }
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
            try writeWithBallast { () throws(SQLiteError) in
                adopted = []
                try recordRun(at: now)
                for other in dead {
                    // Nothing, when another process was faster.
                    try collectOpenRows(of: other, into: &adopted)
                    try connection.run("UPDATE item SET run = ? WHERE run = ? AND settled IS NULL", [.text(run.id), .text(other.id)])
                    try connection.run("UPDATE run SET ended = ? WHERE id = ?", [.real(now.wallSeconds), .text(other.id)])
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
            return (adopted, error)
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
    func countRowsSettled(before wall: Double) throws(LedgerError) {
        var old = 0
        try read { () throws(SQLiteError) in
            try connection.run("SELECT count(*) FROM item WHERE settled < ?", [.real(wall)]) { old = Int($0.integer(0)) }
        }
        guard old > 0 else { return }
        try writeWithBallast { () throws(SQLiteError) in
            try connection.run(LedgerSchema.tallyOld, [.real(wall)])
            try connection.run("DELETE FROM item WHERE settled < ?", [.real(wall)])
            try connection.run("DELETE FROM run WHERE ended < ? AND NOT EXISTS (SELECT 1 FROM item WHERE item.run = run.id)", [.real(wall)])
        }
    }

    /// - Parameter complete: false leaves the run to be swept, because some of its rows are open or not written.
    func endRun(now: LedgerInstant, complete: Bool) throws(LedgerError) {
        guard runIsRecorded, complete else { return }
        try writeWithBallast { () throws(SQLiteError) in
            try connection.run("UPDATE run SET ended = ? WHERE id = ?", [.real(now.wallSeconds), .text(run.id)])
        }
    }

    /// Asks the processes that hold these rows to act. Answers how many rows could be asked for.
    func wish(_ wish: LedgerWish, for ids: [RowID]) throws(LedgerError) -> Int {
        var asked = 0
        try writeWithBallast { () throws(SQLiteError) in
            asked = 0
            for id in ids {
                try connection.run("UPDATE item SET wish = ? WHERE id = ? AND settled IS NULL AND run <> ?",
                                   [.text(wish.rawValue), .text(id.rawValue), .text(run.id)])
                asked += connection.changes
            }
        }
        return asked
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

    func clearWishes(_ ids: [RowID]) throws(LedgerError) {
        try writeWithBallast { () throws(SQLiteError) in
            for id in ids { try connection.run("UPDATE item SET wish = NULL WHERE id = ?", [.text(id.rawValue)]) }
        }
    }

    /// Forgets every settled row, every count and every run that is over.
    func eraseHistory() throws(LedgerError) {
        try writeWithBallast { () throws(SQLiteError) in
            try connection.run("DELETE FROM item WHERE settled IS NOT NULL")
            try connection.run("DELETE FROM tally")
            try connection.run("DELETE FROM run WHERE ended IS NOT NULL AND NOT EXISTS (SELECT 1 FROM item WHERE item.run = run.id)")
        }
    }

    private func recordRun(at now: LedgerInstant) throws(SQLiteError) {
        try connection.run(
            "INSERT OR IGNORE INTO run(id, boot, process, process_start, process_space, swap, started) VALUES(?,?,?,?,?,?,?)",
            [.text(run.id), .text(run.boot), .integer(Int64(run.process)), .integer(run.processStart), .text(run.processSpace),
             .text(swap), .real(now.wallSeconds)])
    }

    private func write(_ body: () throws(SQLiteError) -> Void) throws(LedgerError) {
        do { try connection.transaction(body) } catch { throw Self.ledgerError(error, path, opening: false) }
    }

    private func writeWithBallast(_ body: () throws(SQLiteError) -> Void) throws(LedgerError) {
        do {
            try connection.transaction(body)
        } catch {
            guard error.primary == SQLITE_FULL || error.primary == SQLITE_IOERR, let ballast, ballast.drop() else {
                throw Self.ledgerError(error, path, opening: false)
            }
            defer { ballast.fill() }
            do { try connection.transaction(body) } catch { throw Self.ledgerError(error, path, opening: false) }
        }
    }

    // MARK: Reading

    func openRecords() throws(LedgerError) -> [LedgerRecord] { try records("WHERE settled IS NULL ORDER BY created, id") }

    func settledRecords() throws(LedgerError) -> [LedgerRecord] { try records("WHERE settled IS NOT NULL ORDER BY settled, id") }

    /// The row with this id, or the rows whose ids begin so.
    func records(beginning prefix: String) throws(LedgerError) -> [LedgerRecord] {
        try records("WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 2", [.text(prefix)])
    }

    func tallies() throws(LedgerError) -> [LedgerTally] {
        var found: [LedgerTally] = []
        try read { () throws(SQLiteError) in
            try connection.run("SELECT day, kind, state, items, bytes FROM tally ORDER BY day, kind, state") { row in
                found.append(LedgerTally(
                    day: row.text(0) ?? "", kind: row.text(1) ?? "", state: row.text(2) ?? "",
                    items: Int(row.integer(3)), bytes: row.integer(4)))
            }
        }
        return found
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

    private func read(_ body: () throws(SQLiteError) -> Void) throws(LedgerError) {
        do { try body() } catch { throw Self.ledgerError(error, path, opening: false) }
    }

    private static func ledgerError(_ error: SQLiteError, _ path: String, opening: Bool) -> LedgerError {
        switch error.primary {
        case SQLITE_BUSY, SQLITE_LOCKED: .busy(path: path)
        case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_ERROR, SQLITE_SCHEMA: .damaged(path: path)
        default: opening ? .cannotOpen(path: path, reason: error.reason) : .cannotWrite(path: path, reason: error.reason)
        }
    }
}
