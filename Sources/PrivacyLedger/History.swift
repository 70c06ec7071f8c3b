import CSQLite
import Glibc

/// Appends to the history inside a transaction of the store: one event for each change, one signed checkpoint for all of them.
///
/// Cost: O(log n) hashes for each event, one signature (about 0.1 ms) for each transaction.
struct History {
    let connection: SQLiteConnection
    let key: HistoryKeyFile

    /// - Returns: the key of the next checkpoint, to be kept once the transaction has been committed.
    func append(_ notes: [HistoryNote], at now: LedgerInstant, run: String) throws(SQLiteError) -> HistoryKey {
        var tree = try reading.tree("head").tree
        let last = try lastCheckpoint()
        let (known, isBroken) = try fitting(last)
        // The first key is on the disk before what it signs: a death between the two must not leave a history that nothing vouches for.
        if last == nil, try keyNow() == .none { try keep(known) }
        var key = known
        let all = (isBroken ? [HistoryNote(kind: .broken)] : []) + notes
        for note in all {
            let event = HistoryEvent(
                number: tree.count + 1, atMilliseconds: Int64((now.wallSeconds * 1000).rounded()), bootNanoseconds: now.bootNanoseconds, run: run,
                kind: note.kind.rawValue, subject: note.subject, value: note.number, digest: hexadecimal(note.digest))
            try connection.run(
                "INSERT INTO event(number, at_ms, boot_ns, run, kind, subject, value, digest) VALUES(?,?,?,?,?,?,?,?)",
                [.integer(event.number), .integer(event.atMilliseconds), .integer(event.bootNanoseconds), .text(event.run), .text(event.kind),
                 .text(event.subject), .integer(event.value), .text(event.digest)])
            tree.append(event.leaf)
        }
        let checkpoint = try key.checkpoint(of: tree)
        try connection.run(
            "INSERT INTO checkpoint(number, events, root, key, next, signature) VALUES(?,?,?,?,?,?)",
            [.integer(checkpoint.index), .integer(checkpoint.events), .text(checkpoint.root), .text(checkpoint.key), .text(checkpoint.next),
             .text(checkpoint.signature)])
        try connection.run("UPDATE tree SET events = ?, peaks = ? WHERE name = 'head'", [.integer(tree.count), .blob(tree.encoded)])
        key.advance(to: key.index + 1)
        return key
    }

    /// Drops what is before a checkpoint that covers at most `events` events; nothing when there is none to drop.
    /// The key must name the new start before the rows go, so it is written here, and a death in between harms nothing.
    /// - Returns: false when the history does not add up, and so was left for verification to find.
    @discardableResult
    func drop(first events: Int64) throws(SQLiteError) -> Bool {
        let (from, floor) = try reading.tree("floor")
        var found: HistoryCheckpoint?
        try connection.run(
            HistoryReading.selectCheckpoints + " WHERE events <= ? AND events > ? ORDER BY number DESC LIMIT 1", [.integer(events), .integer(floor.count)]
        ) { found = HistoryReading.checkpoint($0) }
        guard let found else { return true }
        guard case .key(var known) = try keyNow(), let start = bytes(hexadecimal: found.key),
              known.starts.allSatisfy({ $0.index <= found.index }) else { return false }
        var tree = floor
        try connection.run(
            HistoryReading.selectEvents + " WHERE number > ? AND number <= ? ORDER BY number", [.integer(floor.count), .integer(found.events)]
        ) { tree.append(HistoryReading.event($0).leaf) }
        guard tree.count == found.events, hexadecimal(tree.root) == found.root else { return false }
        known.starts = known.starts.filter { $0.index == from } + [HistoryKey.Start(index: found.index, key: start)]
        // Another process's late write must not put back the older starts: it gives way to an index as new as its own.
        if let last = try lastCheckpoint(), known.canFollow(last.index) { known.advance(to: last.index + 1) }
        try keep(known)
        try connection.run("DELETE FROM event WHERE number <= ?", [.integer(found.events)])
        try connection.run("DELETE FROM checkpoint WHERE number < ?", [.integer(found.index)])
        try connection.run(
            "UPDATE tree SET checkpoint = ?, events = ?, peaks = ? WHERE name = 'floor'",
            [.integer(found.index), .integer(tree.count), .blob(tree.encoded)])
        return true
    }

    /// Drops all there is. A history that does not add up ends with it, and another begins.
    func dropAll() throws(SQLiteError) {
        var all: Int64 = 0
        try connection.run("SELECT coalesce(max(events), 0) FROM checkpoint") { all = $0.integer(0) }
        if try isSound(upTo: all), try drop(first: all) { return }
        let next = try lastCheckpoint().map { $0.index &+ 1 } ?? 0
        try connection.execute("DELETE FROM event; DELETE FROM checkpoint; DELETE FROM tree; " + HistoryReading.emptyTrees)
        try connection.run("UPDATE tree SET checkpoint = ? WHERE name = 'floor'", [.integer(next)])
        try keep(HistoryKey(from: next))
    }

    /// Whether the events are those that the last checkpoint was signed for, and the key follows it. Cost: a hash for each event.
    func endsAsSigned() throws(SQLiteError) -> Bool {
        guard let last = try lastCheckpoint(), var tree = try reading.treeIfSound("floor")?.tree else { return false }
        var isInOrder = true
        try connection.run(HistoryReading.selectEvents + " ORDER BY number") { row in
            let event = HistoryReading.event(row)
            if event.number != tree.count + 1 { isInOrder = false }
            tree.append(event.leaf)
        }
        guard isInOrder, tree.count == last.events, hexadecimal(tree.root) == last.root, last.isSigned else { return false }
        return try !fitting(last).isBroken
    }

    /// Whether the tree stands where the last checkpoint does, and the key follows it.
    private func isSound(upTo events: Int64) throws(SQLiteError) -> Bool {
        guard let head = try reading.treeIfSound("head"), try reading.treeIfSound("floor") != nil, head.tree.count == events else { return false }
        return try !fitting(try lastCheckpoint()).isBroken
    }

    /// - Throws: where it cannot be looked at now: what is done without knowing it could not be vouched for.
    private func keyNow() throws(SQLiteError) -> HistoryKeyFile.Found {
        let found = key.read()
        if case .unavailable(let code) = found { throw SQLiteError(code: SQLITE_IOERR, reason: "the history's key cannot be read: " + String(cString: strerror(code))) }
        return found
    }

    private func keep(_ changed: HistoryKey) throws(SQLiteError) {
        guard key.write(changed, durably: true) else { throw SQLiteError(code: SQLITE_IOERR, reason: "the history's key cannot be written") }
    }

    /// The key for the checkpoint after `last`; a new one when the key there is does not fit what the store holds.
    private func fitting(_ last: HistoryCheckpoint?) throws(SQLiteError) -> (key: HistoryKey, isBroken: Bool) {
        let first = try reading.tree("floor").checkpoint
        switch (try keyNow(), last) {
        case (.none, nil) where first == 0:
            return (HistoryKey(), false)
        case (.key(let known), nil) where known.index == first:
            return (known, false)
        case (.key(var known), let last?) where known.canFollow(last.index):
            known.advance(to: last.index + 1)
            if hexadecimal(known.publicKey) == last.next { return (known, false) }
            return (HistoryKey(from: last.index + 1, anchor: known.anchor), true)
        case (.key(let known), let last):
            return (HistoryKey(from: last.map { $0.index &+ 1 } ?? first, anchor: known.anchor), true)
        case (.none, let last), (.unreadable, let last), (.unavailable, let last):
            return (HistoryKey(from: last.map { $0.index &+ 1 } ?? first), true)
        }
    }

    private func lastCheckpoint() throws(SQLiteError) -> HistoryCheckpoint? {
        var found: HistoryCheckpoint?
        try connection.run(HistoryReading.selectCheckpoints + " ORDER BY number DESC LIMIT 1") { found = HistoryReading.checkpoint($0) }
        return found
    }

    private var reading: HistoryReading { HistoryReading(connection: connection) }
}
