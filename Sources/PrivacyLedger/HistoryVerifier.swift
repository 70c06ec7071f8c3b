import CSQLite

/// One verification, inside a reading transaction.
struct HistoryVerifier {
    let connection: SQLiteConnection
    let key: HistoryKeyFile
    /// More would only repeat the first.
    static let mostProblems = 20

    private struct Subject {
        var kind: HistoryEventKind
        var digest: String
        var ended: String?
    }

    func report() throws(SQLiteError) -> HistoryReport {
        var version: Int64 = 0
        try connection.run("PRAGMA user_version") { version = $0.integer(0) }
        guard version == LedgerSchema.version else {
            return HistoryReport(problems: [version == 0 ? "the store has no tables" : "the store is of another version of Lathe"])
        }
        var problems: [String] = []
        try connection.run("PRAGMA integrity_check(1)") { row in
            if row.text(0) != "ok" { problems.append("the store is damaged: \(inert(row.text(0) ?? "no answer"))") }
        }
        let foreign = try LedgerSchema.differences(in: connection)
        guard foreign.isEmpty else { return HistoryReport(problems: Array(foreign.prefix(Self.mostProblems))) }
        problems += try checkTables()
        let reading = HistoryReading(connection: connection)
        guard let floor = try reading.treeIfSound("floor"), let head = try reading.treeIfSound("head") else {
            return HistoryReport(problems: problems + ["the hash tree is damaged"])
        }
        let events = try reading.events(), checkpoints = try reading.checkpoints()
        var report = HistoryReport()
        report.droppedEvents = floor.tree.count
        report.checkpoints = checkpoints.count
        report.head = checkpoints.last

        let (proven, from) = checkChain(floor, head, events, checkpoints, &report, &problems)
        problems += try checkRows(events, &report)
        for event in events where event.kind == HistoryEventKind.broken.rawValue {
            problems.append("at event \(event.number) the history did not fit its key: it was changed, set back, or lost the key before it")
        }
        if proven > from, let first = events.first(where: { $0.number == from + 1 }), let last = events.first(where: { $0.number == proven }) {
            (report.firstEvent, report.lastEvent) = (first.number, last.number)
            let covered = events.filter { $0.number > from && $0.number <= proven }
            report.clockWasSetBack = zip(covered, covered.dropFirst()).contains { $1.atMilliseconds < $0.atMilliseconds - 2000 }
            report.orphansRemoved = covered.filter { $0.kind == HistoryEventKind.orphansRemoved.rawValue }.reduce(0) { $0.addingReportingOverflow($1.value).partialValue }
            (report.from, report.to) = (timestamp(Double(first.atMilliseconds) / 1000), timestamp(Double(last.atMilliseconds) / 1000))
        }
        report.problems = Array(problems.prefix(Self.mostProblems))
        report.whole = problems.isEmpty
        return report
    }

    /// Tree, signatures and key.
    /// - Returns: the last event that is proven, and the one before the first.
    private func checkChain(
        _ floor: (checkpoint: Int64, tree: HashTree), _ head: (checkpoint: Int64, tree: HashTree), _ events: [HistoryEvent], _ checkpoints: [HistoryCheckpoint],
        _ report: inout HistoryReport, _ problems: inout [String]
    ) -> (proven: Int64, from: Int64) {
        guard case .key(var known) = key.read() else {
            let isFresh = checkpoints.isEmpty && events.isEmpty && floor.tree.count == 0 && head.tree.count == 0 && key.read() == .none
            if !isFresh { problems.append("the key of the history is missing or damaged, so nothing vouches for its end") }
            return (0, 0)
        }
        // A key that was made for the first transaction, which never came.
        let isUnused = known.index == 0 && checkpoints.isEmpty && events.isEmpty && floor.tree.count == 0 && head.tree.count == 0
        if isUnused, floor.checkpoint == 0 { return (0, 0) }
        report.anchor = hexadecimal(known.anchor)
        guard let first = checkpoints.first, let last = checkpoints.last else {
            problems.append("the history is empty, though there has been one")
            return (0, 0)
        }
        let start = known.starts.first { $0.index == floor.checkpoint } ?? known.starts.min { $0.index < $1.index }
        guard let start, start.index >= first.index else {
            problems.append("the key vouches for no checkpoint that is here")
            return (0, 0)
        }
        if start.index != floor.checkpoint { problems.append("nothing vouches for what is before checkpoint \(start.index)") }
        if first.index != floor.checkpoint { problems.append("the history should begin at checkpoint \(floor.checkpoint) and begins at \(first.index)") }

        var tree = floor.tree
        var rest = events[...]
        var proven = floor.tree.count, from = floor.tree.count
        var isUnbroken = true
        var before: HistoryCheckpoint?
        for checkpoint in checkpoints {
            var flaw: String?
            while let event = rest.first, tree.count < checkpoint.events {
                rest.removeFirst()
                if event.number != tree.count + 1 { flaw = "event \(tree.count + 1) is missing" }
                if HistoryEventKind(rawValue: event.kind) == nil { flaw = "event \(event.number) is of no known kind" }
                tree.append(event.leaf)
            }
            if tree.count != checkpoint.events { flaw = flaw ?? "events up to \(checkpoint.events) are missing" }
            if hexadecimal(tree.root) != checkpoint.root { flaw = flaw ?? "the events up to \(checkpoint.events) are not those that were signed" }
            if !checkpoint.isSigned { flaw = flaw ?? "checkpoint \(checkpoint.index) is not signed by its key" }
            if let before, before.index &+ 1 != checkpoint.index { flaw = flaw ?? "checkpoints between \(before.index) and \(checkpoint.index) are missing" }
            if let before, checkpoint.index > start.index, before.next != checkpoint.key { flaw = flaw ?? "checkpoint \(checkpoint.index) has a key that nobody named" }
            if checkpoint.index == start.index {
                from = before?.events ?? floor.tree.count
                if hexadecimal(start.key) != checkpoint.key { flaw = flaw ?? "checkpoint \(checkpoint.index) is not the one that was kept" }
            }
            if let flaw {
                if isUnbroken { problems.append(flaw) }
                isUnbroken = false
            } else if isUnbroken {
                proven = checkpoint.events
            }
            before = checkpoint
        }
        if let event = rest.first { problems.append("event \(event.number) is in no checkpoint") }
        if head.tree != tree || head.checkpoint != 0 { problems.append("the hash tree's end is not that of the events") }
        if !known.canFollow(last.index) {
            problems.append("the history ends at checkpoint \(last.index), the key at \(known.index): the end was cut off, or the store set back")
            isUnbroken = false
        } else {
            known.advance(to: last.index + 1)
            if hexadecimal(known.publicKey) != last.next {
                problems.append("the last checkpoint does not lead to the key")
                isUnbroken = false
            }
        }
        return (proven, from)
    }

    /// What no event stands behind and the rows' digests do not cover: words outside the closed lists, and what hangs on no row.
    private func checkTables() throws(SQLiteError) -> [String] {
        var problems: [String] = []
        func count(_ table: String) throws(SQLiteError) -> Int {
            var found = 0
            try connection.run("SELECT count(*) FROM \(table)") { found = Int($0.integer(0)) }
            return found
        }
        for (table, known) in [
            ("transfer", try LedgerStore.transfers(in: connection).count), ("consent", try LedgerStore.consents(in: connection).count),
            ("receipt", try LedgerStore.receipts(in: connection).count), ("log", try LedgerStore.log(in: connection).count),
            ("counter", try LedgerStore.counters(in: connection).count),
        ] where try count(table) != known { problems.append("the table \(table) holds what no Lathe writes") }
        for (table, clause) in [
            ("tier_copy", "item NOT IN (SELECT item FROM transfer)"), ("item", "wish IS NOT NULL AND wish NOT IN ('destroy', 'extend')"), ("tree", "name NOT IN ('head', 'floor')"),
            ("counter", "count < 1 OR spent_ms < 0 OR sound_ms < 0 OR date(day) IS NULL OR date(day) <> day"),
        ] where try count("\(table) WHERE \(clause)") > 0 { problems.append("the table \(table) holds what no Lathe writes") }
        return problems
    }

    /// Every row is what its last event says, and every row that an event speaks of is there unless it was forgotten.
    private func checkRows(_ events: [HistoryEvent], _ report: inout HistoryReport) throws(SQLiteError) -> [String] {
        var problems: [String] = []
        var items: [String: Subject] = [:], runs: [String: Subject] = [:]
        var transfers: [String: String] = [:], consents: [String: String] = [:], receipts: [String: String] = [:], logged: [String: String] = [:]
        var counted = hexadecimal(LedgerTally.digest([]))
        for event in events {
            guard let kind = HistoryEventKind(rawValue: event.kind) else { continue }
            switch kind {
            case .intent, .live, .destroying, .overdue, .lost, .destroyed, .handedOver, .adopted, .carriedItem:
                if let id = event.subject { items[id] = Subject(kind: kind, digest: event.digest) }
            case .runBegan, .carriedRun:
                if let id = event.subject { runs[id] = Subject(kind: kind, digest: event.digest) }
            case .runEnded:
                if let id = event.subject { runs[id]?.ended = event.digest }
            case .transfer: if let id = event.subject { transfers[id] = event.digest }
            case .consent: if let id = event.subject { consents[id] = event.digest }
            case .receipt: if let id = event.subject { receipts[id] = event.digest }
            case .logged: if let id = event.subject { logged[id] = event.digest }
            case .forgotten:
                if let id = event.subject { (items[id], runs[id], transfers[id], consents[id], receipts[id], logged[id]) = (nil, nil, nil, nil, nil, nil) }
            case .counted: counted = event.digest
            case .erased, .broken, .orphansRemoved: break
            }
        }
        try connection.run(LedgerSchema.selectItems) { row in
            report.rows += 1
            let id = inert(row.text(0) ?? "-")
            guard let record = LedgerSchema.record(row) else { return problems.append("row \(id) holds what no Lathe writes") }
            guard let known = items.removeValue(forKey: record.id.rawValue) else { return problems.append("row \(id) has no event") }
            if known.digest != hexadecimal(record.digest) { problems.append("row \(id) is not what its last event says") }
        }
        for id in items.keys.sorted() { problems.append("row \(inert(id)) has events and is not there") }
        for stored in try LedgerStore.runs(in: connection) {
            report.rows += 1
            guard let known = runs.removeValue(forKey: stored.run.id) else {
                problems.append("run \(inert(stored.run.id)) has no event")
                continue
            }
            let began = hexadecimal(stored.digest)
            let ended = stored.ended.map { hexadecimal(RunIdentity.digest(ended: $0)) }
            if known.digest != began || known.ended != ended { problems.append("run \(inert(stored.run.id)) is not what its events say") }
        }
        for id in runs.keys.sorted() { problems.append("run \(inert(id)) has events and is not there") }
        for (what, known, stored) in [
            ("transfer", transfers, try LedgerStore.transfers(in: connection).map { ($0.item.rawValue, $0.digest) }),
            ("consent", consents, try LedgerStore.consents(in: connection).map { ($0.id.rawValue, $0.digest) }),
            ("receipt", receipts, try LedgerStore.receipts(in: connection).map { ($0.id.rawValue, $0.digest) }),
            ("record", logged, try LedgerStore.log(in: connection).map { (LedgerStore.logSubject($0.number), $0.record.digest) }),
        ] {
            report.rows += stored.count
            var known = known
            for (id, digest) in stored where known.removeValue(forKey: id) != hexadecimal(digest) {
                problems.append("\(what) \(inert(id)) is not what its event says")
            }
            for id in known.keys.sorted() { problems.append("\(what) \(inert(id)) has an event and is not there") }
        }
        if counted != hexadecimal(LedgerTally.digest(try LedgerStore.tallies(in: connection))) { problems.append("the counts are not what the last count says") }
        return problems
    }
}
