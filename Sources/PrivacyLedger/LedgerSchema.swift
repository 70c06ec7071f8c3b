import CSQLite

/// Tables, and records to and from their columns. Version 8; version 7 did not know the boot of what no run holds, nor build, policy and file system of a run, version 6 did not know where copies lie at tiers, version 5 had a log beside the history, version 4 no counters, version 3 no transfers, version 2 no log,
/// version 1 no history.
enum LedgerSchema {
    static let version: Int64 = 8

    /// Installs the tables in an empty file; refuses a file of a later version.
    /// - Parameter carry: notes what a file of an earlier version holds and its history does not, inside the same transaction.
    static func install(on connection: SQLiteConnection, carry: (_ version: Int64) throws(SQLiteError) -> Void) throws(SQLiteError) {
        try refuseForeign(in: connection)
        var found: Int64 = 0
        try connection.run("PRAGMA user_version") { found = $0.integer(0) }
        guard found <= version else {
            throw SQLiteError(code: SQLITE_CANTOPEN, reason: "it was written by a later version of Lathe")
        }
        if found < version {
            try connection.transaction { () throws(SQLiteError) in
                // Another process may have been faster.
                try connection.run("PRAGMA user_version") { found = $0.integer(0) }
                guard found < version else { return }
                if found == 0 { try connection.execute(tables) }
                if found < 2 { try connection.execute(HistoryReading.tables) }
                try connection.execute(LedgerStore.logTable + LedgerStore.transferTables + LedgerStore.counterTable + "PRAGMA user_version=\(version);")
                for (table, column) in laterColumns { try add(column, to: table, connection) }
                if found > 0 { try carry(found) }
            }
        }
        try connection.run("PRAGMA journal_mode=TRUNCATE")
    }

    private static let tables = """
        CREATE TABLE run(
          id TEXT PRIMARY KEY, boot TEXT NOT NULL, process INTEGER NOT NULL, process_start INTEGER NOT NULL,
          process_space TEXT NOT NULL, swap TEXT NOT NULL, started REAL NOT NULL, ended REAL) STRICT, WITHOUT ROWID;
        CREATE TABLE item(
          id TEXT PRIMARY KEY, parent TEXT, run TEXT NOT NULL, kind TEXT NOT NULL, origin TEXT NOT NULL,
          purpose TEXT NOT NULL, place TEXT NOT NULL, reserved INTEGER NOT NULL, used INTEGER NOT NULL,
          state TEXT NOT NULL, erasure_class TEXT NOT NULL, rule TEXT NOT NULL,
          created REAL NOT NULL, created_boot INTEGER NOT NULL, touched REAL NOT NULL, touched_boot INTEGER NOT NULL,
          expires REAL NOT NULL, expires_boot INTEGER NOT NULL, settled REAL, settled_boot INTEGER,
          reason TEXT, commitment BLOB, scratch TEXT, wish TEXT) STRICT, WITHOUT ROWID;
        CREATE INDEX item_open ON item(run) WHERE settled IS NULL;
        CREATE INDEX item_settled ON item(settled) WHERE settled IS NOT NULL;
        CREATE TABLE tally(
          day TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL,
          PRIMARY KEY(day, kind, state)) STRICT, WITHOUT ROWID;
        """

    private static let laterColumns = [("item", "boot"), ("run", "build"), ("run", "policy"), ("run", "file_system")]

    private static func add(_ column: String, to table: String, _ connection: SQLiteConnection) throws(SQLiteError) {
        var isThere = false
        try connection.run("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", [.text(table), .text(column)]) { _ in isThere = true }
        if !isThere { try connection.execute("ALTER TABLE \(table) ADD COLUMN \(column) TEXT") }
    }

    /// What is in a store's schema and what this version makes, a line for each thing that differs; empty for the same. A trigger or a column that somebody added changes
    /// what a statement does, so it is as bad as a changed row.
    static func differences(in connection: SQLiteConnection) throws(SQLiteError) -> [String] {
        let fresh = try SQLiteConnection(path: nil)
        try install(on: fresh) { _ in }
        let wanted = try objects(in: fresh), found = try objects(in: connection)
        return wanted.keys.filter { found[$0] == nil }.sorted().map { "the store's \($0) is missing" }
            + found.keys.filter { wanted[$0] == nil }.sorted().map { "the store has a \(inert($0)) that no Lathe makes" }
            + wanted.keys.filter { found[$0] != nil && found[$0] != wanted[$0] }.sorted().map { "the store's \($0) is not what this version makes" }
    }

    /// Throws for what would run behind every statement, before one does.
    static func refuseForeign(in connection: SQLiteConnection) throws(SQLiteError) {
        var foreign: String?
        try connection.run("SELECT type || ' ' || name FROM sqlite_schema WHERE type NOT IN ('table', 'index')") { foreign = $0.text(0) }
        if let foreign { throw SQLiteError(code: SQLITE_CORRUPT, reason: "it has a \(inert(foreign))") }
    }

    private static func objects(in connection: SQLiteConnection) throws(SQLiteError) -> [String: String] {
        var found: [String: String] = [:]
        try connection.run("SELECT type || ' ' || name, tbl_name || ' ' || coalesce(sql, '') FROM sqlite_schema") { row in found[row.text(0) ?? "-"] = row.text(1) ?? "" }
        return found
    }

    private static let columns = """
        id, parent, run, kind, origin, purpose, place, reserved, used, state, erasure_class, rule, created, created_boot, \
        touched, touched_boot, expires, expires_boot, settled, settled_boot, reason, commitment, scratch, boot
        """

    static let selectItems = "SELECT \(columns) FROM item"
    static let insertItem = "INSERT INTO item(\(columns)) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    static let updateItem = """
        UPDATE item SET reserved=?, used=?, state=?, erasure_class=?, touched=?, touched_boot=?, expires=?, expires_boot=?, \
        settled=?, settled_boot=?, reason=?, commitment=?, scratch=?, run=?, boot=? WHERE id=?
        """
    static let tallyOld = """
        INSERT INTO tally(day, kind, state, items, bytes)
        SELECT date(settled, 'unixepoch'), kind, state, count(*), sum(used) FROM item WHERE settled < ? GROUP BY 1, 2, 3
        ON CONFLICT DO UPDATE SET items = items + excluded.items, bytes = bytes + excluded.bytes
        """

    static func values(of r: LedgerRecord) -> [SQLiteValue] {
        [.text(r.id.rawValue), .text(r.parent?.rawValue), .text(r.run), .text(r.kind.rawValue), .text(r.origin.rawValue),
         .text(r.purpose.rawValue), .text(r.place.text), .integer(r.reservedBytes), .integer(r.usedBytes),
         .text(r.state.rawValue), .text(r.erasureClass.rawValue), .text(r.rule.rawValue),
         .real(r.created.wallSeconds), .integer(r.created.bootNanoseconds),
         .real(r.touched.wallSeconds), .integer(r.touched.bootNanoseconds),
         .real(r.expires.wallSeconds), .integer(r.expires.bootNanoseconds),
         .real(r.settled?.wallSeconds), r.settled.map { .integer($0.bootNanoseconds) } ?? .null,
         .text(r.reason?.rawValue), r.commitment.map { .blob($0) } ?? .null, .text(r.scratchPath), .text(r.boot)]
    }

    /// The columns that change, in the order of `updateItem`.
    static func changes(of r: LedgerRecord) -> [SQLiteValue] {
        [.integer(r.reservedBytes), .integer(r.usedBytes), .text(r.state.rawValue), .text(r.erasureClass.rawValue),
         .real(r.touched.wallSeconds), .integer(r.touched.bootNanoseconds),
         .real(r.expires.wallSeconds), .integer(r.expires.bootNanoseconds),
         .real(r.settled?.wallSeconds), r.settled.map { .integer($0.bootNanoseconds) } ?? .null,
         .text(r.reason?.rawValue), r.commitment.map { .blob($0) } ?? .null, .text(r.scratchPath),
         .text(r.run), .text(r.boot), .text(r.id.rawValue)]
    }

    /// nil for a row with a word outside the closed lists: it was not written by this version.
    static func record(_ row: SQLiteRow) -> LedgerRecord? {
        guard let id = row.text(0).flatMap(RowID.init(rawValue:)),
              let kind = row.text(3).flatMap(ItemKind.init(rawValue:)),
              let origin = row.text(4).flatMap(ItemOrigin.init(rawValue:)),
              let purpose = row.text(5).flatMap(ItemPurpose.init(rawValue:)),
              let place = row.text(6).flatMap(ItemPlace.init(text:)),
              let state = row.text(9).flatMap(ItemState.init(rawValue:)),
              let erasureClass = row.text(10).flatMap(ErasureClass.init(rawValue:)),
              let rule = row.text(11).flatMap(RetentionRule.init(rawValue:)) else { return nil }
        return LedgerRecord(
            id: id, parent: row.text(1).flatMap(RowID.init(rawValue:)), run: row.text(2) ?? "", kind: kind, origin: origin,
            purpose: purpose, place: place, reservedBytes: row.integer(7), usedBytes: row.integer(8), state: state,
            erasureClass: erasureClass, rule: rule,
            created: LedgerInstant(bootNanoseconds: row.integer(13), wallSeconds: row.real(12)),
            touched: LedgerInstant(bootNanoseconds: row.integer(15), wallSeconds: row.real(14)),
            expires: LedgerInstant(bootNanoseconds: row.integer(17), wallSeconds: row.real(16)),
            settled: row.optionalReal(18).map { LedgerInstant(bootNanoseconds: row.integer(19), wallSeconds: $0) },
            reason: row.text(20).flatMap(DestroyReason.init(rawValue:)), commitment: row.blob(21), scratchPath: row.text(22), boot: row.text(23))
    }
}
