import CSQLite

/// Reads the history's tables.
struct HistoryReading {
    let connection: SQLiteConnection

    static let tables = """
        CREATE TABLE event(
          number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, boot_ns INTEGER NOT NULL, run TEXT NOT NULL, kind TEXT NOT NULL,
          subject TEXT, value INTEGER NOT NULL, digest TEXT NOT NULL) STRICT;
        CREATE INDEX event_subject ON event(subject);
        CREATE TABLE checkpoint(
          number INTEGER PRIMARY KEY, events INTEGER NOT NULL, root TEXT NOT NULL, key TEXT NOT NULL, next TEXT NOT NULL,
          signature TEXT NOT NULL) STRICT;
        CREATE TABLE tree(name TEXT PRIMARY KEY, checkpoint INTEGER NOT NULL, events INTEGER NOT NULL, peaks BLOB NOT NULL) STRICT, WITHOUT ROWID;
        \(emptyTrees)
        """

    static let emptyTrees = "INSERT INTO tree VALUES('head', 0, 0, x''), ('floor', 0, 0, x'');"

    static let selectEvents = "SELECT number, at_ms, boot_ns, run, kind, subject, value, digest FROM event"
    static let selectCheckpoints = "SELECT number, events, root, key, next, signature FROM checkpoint"

    static func event(_ row: SQLiteRow) -> HistoryEvent {
        HistoryEvent(
            number: row.integer(0), atMilliseconds: row.integer(1), bootNanoseconds: row.integer(2), run: row.text(3) ?? "", kind: row.text(4) ?? "",
            subject: row.text(5), value: row.integer(6), digest: row.text(7) ?? "")
    }

    static func checkpoint(_ row: SQLiteRow) -> HistoryCheckpoint {
        HistoryCheckpoint(
            index: row.integer(0), events: row.integer(1), root: row.text(2) ?? "", key: row.text(3) ?? "", next: row.text(4) ?? "",
            signature: row.text(5) ?? "")
    }

    /// `head`: the tree as it stands. `floor`: the tree over what has been dropped, and the checkpoint that vouches for it.
    func tree(_ name: String) throws(SQLiteError) -> (checkpoint: Int64, tree: HashTree) {
        guard let found = try treeIfSound(name) else { throw SQLiteError(code: SQLITE_CORRUPT, reason: "the history's tree is damaged") }
        return found
    }

    func treeIfSound(_ name: String) throws(SQLiteError) -> (checkpoint: Int64, tree: HashTree)? {
        var found: (checkpoint: Int64, tree: HashTree)?
        try connection.run("SELECT checkpoint, events, peaks FROM tree WHERE name = ?", [.text(name)]) { row in
            found = HashTree(count: row.integer(1), encoded: row.blob(2) ?? []).map { (row.integer(0), $0) }
        }
        return found
    }

    func events() throws(SQLiteError) -> [HistoryEvent] {
        var found: [HistoryEvent] = []
        try connection.run(Self.selectEvents + " ORDER BY number") { found.append(Self.event($0)) }
        return found
    }

    func checkpoints() throws(SQLiteError) -> [HistoryCheckpoint] {
        var found: [HistoryCheckpoint] = []
        try connection.run(Self.selectCheckpoints + " ORDER BY number") { found.append(Self.checkpoint($0)) }
        return found
    }
}
