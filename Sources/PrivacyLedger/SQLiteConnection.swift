import CSQLite

/// What SQLite answered when something went wrong.
package struct SQLiteError: Error, Equatable {
    package var code: Int32
    package var reason: String

    /// The primary code, without the detail in the upper bits.
    var primary: Int32 { code & 0xFF }
}

package enum SQLiteValue: Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    package static func text(_ value: String?) -> SQLiteValue { value.map { .text($0) } ?? .null }
    package static func real(_ value: Double?) -> SQLiteValue { value.map { .real($0) } ?? .null }
}

/// One connection. Used by one thread at a time: its owner's.
package final class SQLiteConnection {
    private let handle: OpaquePointer
    private var statements: [String: OpaquePointer] = [:]

    /// Opens an existing file; never makes one. nil is a database of its own in memory.
    package init(path: String?) throws(SQLiteError) {
        var opened: OpaquePointer?
        var flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE
        if path == nil { flags |= SQLITE_OPEN_MEMORY | SQLITE_OPEN_CREATE }
        let code = sqlite3_open_v2(path ?? ":memory:", &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let error = SQLiteError(code: code, reason: String(cString: sqlite3_errstr(code)))
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        sqlite3_busy_timeout(handle, 5000)
    }

    deinit {
        for statement in statements.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    /// Runs statements that answer nothing of interest.
    package func execute(_ sql: String) throws(SQLiteError) {
        try check(sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// Runs one statement with `values` for its `?`s; `row` sees each result row. Statements are prepared once.
    package func run(_ sql: String, _ values: [SQLiteValue] = [], row: (SQLiteRow) -> Void = { _ in }) throws(SQLiteError) {
        let statement = try prepared(sql)
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (offset, value) in values.enumerated() {
            let index = Int32(offset + 1)
            switch value {
            case .null: try check(sqlite3_bind_null(statement, index))
            case .integer(let v): try check(sqlite3_bind_int64(statement, index, v))
            case .real(let v): try check(sqlite3_bind_double(statement, index, v))
            case .text(let v): try check(lathe_bind_text(statement, index, v, Int32(v.utf8.count)))
            case .blob(let v): try check(lathe_bind_blob(statement, index, v, Int32(v.count)))
            }
        }
        while true {
            let code = sqlite3_step(statement)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { throw error(code) }
            row(SQLiteRow(statement: statement))
        }
    }

    /// All of `body` or nothing of it. The write lock is taken at once, so that two processes cannot deadlock.
    package func transaction(_ body: () throws(SQLiteError) -> Void) throws(SQLiteError) {
        try execute("BEGIN IMMEDIATE")
        do {
            try body()
            try execute("COMMIT")
        } catch {
            // After some failures (disk full, I/O) SQLite has rolled back by itself.
            if sqlite3_get_autocommit(handle) == 0 { try execute("ROLLBACK") }
            throw error
        }
    }

    /// Number of the row inserted last.
    var lastRow: Int64 { sqlite3_last_insert_rowid(handle) }

    /// Rows changed by the last statement.
    package var changes: Int { Int(sqlite3_changes(handle)) }

    private func prepared(_ sql: String) throws(SQLiteError) -> OpaquePointer {
        if let known = statements[sql] { return known }
        var statement: OpaquePointer?
        try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil))
        guard let statement else { throw SQLiteError(code: SQLITE_MISUSE, reason: "empty statement") }
        statements[sql] = statement
        return statement
    }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else { throw error(code) }
    }

    private func error(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code, reason: String(cString: sqlite3_errmsg(handle)))
    }
}

/// A result row, valid only inside the closure that receives it.
package struct SQLiteRow {
    fileprivate let statement: OpaquePointer

    package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
    package func real(_ column: Int32) -> Double { sqlite3_column_double(statement, column) }
    package func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

    package func text(_ column: Int32) -> String? {
        sqlite3_column_text(statement, column).map { String(cString: $0) }
    }

    package func optionalReal(_ column: Int32) -> Double? { isNull(column) ? nil : real(column) }

    package func blob(_ column: Int32) -> [UInt8]? {
        guard !isNull(column), let bytes = sqlite3_column_blob(statement, column) else { return nil }
        return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(statement, column))))
    }
}
