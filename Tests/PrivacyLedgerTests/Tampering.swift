import CSQLite
import Foundation
import Testing
@testable import PrivacyLedger

/// Somebody who can write the store, knows all of Lathe, and lacks the key.
struct Tampering {
    let state: String
    private let tables: [(name: String, columns: [String])]

    init(state: String) throws {
        self.state = state
        tables = try ["event", "checkpoint", "item", "run", "tally", "tree"].map { name in
            (name, try Self.rows("SELECT name FROM pragma_table_info('\(name)')", on: state).map { $0[0] }.filter { $0 != "wish" })
        }
    }

    /// Changes something; answers with what.
    mutating func tamper(_ random: inout SplitMix) throws -> String {
        switch random.next() % 4 {
        case 0, 1: return try flip(&random)
        case 2: return try cut(&random)
        default: return try reseal(&random)
        }
    }

    private func flip(_ random: inout SplitMix) throws -> String {
        while true {
            let table = tables[Int(random.next() % UInt64(tables.count))]
            let column = table.columns[Int(random.next() % UInt64(table.columns.count))]
            let row = random.next()
            let key = table.name == "tally" ? "day || kind || state" : table.columns[0]
            let found = try Self.rows("SELECT \(key), typeof(\(column)), hex(CAST(\(column) AS BLOB)), \(column) FROM \(table.name) ORDER BY 1 LIMIT 1 OFFSET (\(row % 100000) % (SELECT max(1, count(*)) FROM \(table.name)))", on: state)
            guard let cell = found.first, cell[1] != "null", !cell[2].isEmpty else { continue }
            let bit = random.next()
            let new: String
            switch cell[1] {
            case "integer": new = "\(Int64(cell[3], radix: 10)! ^ (1 << Int64(bit % 40)))"
            case "real":
                // A bit of the number itself, down to the last.
                let value = Double(bitPattern: Double(cell[3])!.bitPattern ^ (1 << (bit % 52)))
                new = "\(value)"
            default:
                var raw = Array(stride(from: 0, to: cell[2].count, by: 2).map { UInt8(cell[2].dropFirst($0).prefix(2), radix: 16)! })
                raw[Int(bit / 8 % UInt64(raw.count))] ^= 1 << UInt8(bit % 7)
                if cell[1] == "text" {
                    guard raw.allSatisfy({ $0 > 0 && $0 < 128 }) else { continue }
                    new = "CAST(x'\(raw.map { String(format: "%02x", $0) }.joined())' AS TEXT)"
                } else {
                    new = "x'\(raw.map { String(format: "%02x", $0) }.joined())'"
                }
            }
            let before = try Self.dump(state)
            do { try Self.run("UPDATE \(table.name) SET \(column) = \(new) WHERE \(key) = '\(cell[0])'", on: state) } catch { continue }
            if try Self.dump(state) == before { continue }
            return "\(table.name).\(column) of \(cell[0]): \(cell[3]) to \(new)"
        }
    }

    private func cut(_ random: inout SplitMix) throws -> String {
        let count = Int(try Self.rows("SELECT count(*) FROM event", on: state)[0][0])!
        let some = 1 + Int(random.next() % UInt64(count))
        let statement = switch random.next() % 6 {
        case 0: "DELETE FROM event WHERE number > (SELECT max(number) FROM event) - \(some)"
        case 1: "DELETE FROM event WHERE number < (SELECT min(number) FROM event) + \(some)"
        case 2: "DELETE FROM event WHERE number = (SELECT min(number) FROM event) + \(some - 1)"
        case 3: "DELETE FROM checkpoint WHERE number = (SELECT number FROM checkpoint ORDER BY number LIMIT 1 OFFSET \(random.next() % 8))"
        case 4: "DELETE FROM item WHERE id = (SELECT id FROM item ORDER BY id LIMIT 1 OFFSET \(random.next() % 7))"
        default: "DELETE FROM run WHERE id = (SELECT id FROM run ORDER BY id LIMIT 1)"
        }
        try Self.run(statement, on: state)
        return statement
    }

    /// A whole new tail, or a whole new history, hashed and signed anew with keys of the tamperer's own; its last checkpoint names the next
    /// key that the store names today, as the key file expects.
    private func reseal(_ random: inout SplitMix) throws -> String {
        let connection = try SQLiteConnection(path: state + "/ledger.sqlite")
        let reading = HistoryReading(connection: connection)
        var events = try reading.events()
        let checkpoints = try reading.checkpoints(), floor = try reading.tree("floor").tree
        let last = try #require(checkpoints.last)
        let from = Int(random.next() % UInt64(events.count))
        var what = "event \(events[from].number) resealed"
        switch random.next() % 3 {
        case 0: events[from].value &+= 1
        case 1: events[from].atMilliseconds -= 60_000
        default:
            events.removeLast(events.count - from)
            what = "resealed without events from \(from)"
        }
        let keepsHonest = random.chance(0.5)
        var tree = floor, key = HistoryKey(from: checkpoints[0].index)
        var made: [HistoryCheckpoint] = []
        var rest = events[...]
        for checkpoint in checkpoints where rest.first != nil || checkpoint.events == floor.count {
            while let event = rest.first, tree.count < checkpoint.events {
                tree.append(event.leaf)
                rest.removeFirst()
            }
            // Honest as long as nothing has changed, forged from there on; or forged throughout.
            if keepsHonest, hexadecimal(tree.root) == checkpoint.root { made.append(checkpoint) } else { made.append(try key.checkpoint(of: tree)) }
            key.advance(to: checkpoint.index + 1)
        }
        if var end = made.popLast() {
            end.next = last.next
            made.append(end)
        }
        try connection.execute("DELETE FROM event; DELETE FROM checkpoint")
        for e in events {
            try connection.run("INSERT INTO event VALUES(?,?,?,?,?,?,?,?)", [
                .integer(e.number), .integer(e.atMilliseconds), .integer(e.bootNanoseconds), .text(e.run), .text(e.kind), .text(e.subject), .integer(e.value), .text(e.digest)])
        }
        for c in made {
            try connection.run("INSERT INTO checkpoint VALUES(?,?,?,?,?,?)", [.integer(c.index), .integer(c.events), .text(c.root), .text(c.key), .text(c.next), .text(c.signature)])
        }
        try connection.run("UPDATE tree SET events = ?, peaks = ? WHERE name = 'head'", [.integer(tree.count), .blob(tree.encoded)])
        return what
    }

    static func run(_ sql: String, on state: String) throws {
        try SQLiteConnection(path: state + "/ledger.sqlite").execute(sql)
    }

    static func rows(_ sql: String, on state: String) throws -> [[String]] {
        var handle: OpaquePointer?, statement: OpaquePointer?
        defer {
            sqlite3_finalize(statement)
            sqlite3_close(handle)
        }
        guard sqlite3_open_v2(state + "/ledger.sqlite", &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK,
              sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK else { throw SQLiteError(code: SQLITE_ERROR, reason: sql) }
        var found: [[String]] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            found.append((0..<sqlite3_column_count(statement)).map { column in
                guard sqlite3_column_type(statement, column) == SQLITE_FLOAT else { return sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "" }
                // Every bit of it.
                return "\(sqlite3_column_double(statement, column))"
            })
        }
        return found
    }

    /// All that can be read of the store.
    static func dump(_ state: String) throws -> [[String]] {
        try ["event", "checkpoint", "item", "run", "tally", "tree"].flatMap { try rows("SELECT * FROM \($0) ORDER BY 1", on: state) }
    }
}
