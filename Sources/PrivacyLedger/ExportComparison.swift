import CSQLite
import FoundationEssentials

/// An export held against the ledger it was made from, and against itself: who altered the one or set back the other is told.
struct ExportComparison {
    let export: LedgerExport
    let connection: SQLiteConnection
    private(set) var problems: [String] = []
    private(set) var events = 0, checkpoints = 0, rows = 0

    init(_ export: LedgerExport, _ connection: SQLiteConnection) {
        (self.export, self.connection) = (export, connection)
    }

    mutating func compare() throws(SQLiteError) {
        checkHistory()
        checkRows()
        try compareHistory()
        try compareRows()
    }

    private mutating func altered(_ what: String) { problems.append("the export was altered: " + what) }

    // MARK: With itself

    /// Its tree and its signatures.
    private mutating func checkHistory() {
        let history = export.history
        guard let peaks = bytes(hexadecimal: history.droppedPeaks), var tree = HashTree(count: history.droppedEvents, encoded: peaks) else { return altered("its tree is none") }
        var rest = history.events[...]
        var before: HistoryCheckpoint?
        for checkpoint in history.checkpoints {
            while let event = rest.first, tree.count < checkpoint.events {
                rest.removeFirst()
                if event.number != tree.count + 1 { return altered("event \(tree.count + 1) is missing") }
                tree.append(event.leaf)
            }
            guard tree.count == checkpoint.events, hexadecimal(tree.root) == checkpoint.root else { return altered("its events up to \(checkpoint.events) are not those that were signed") }
            guard checkpoint.isSigned else { return altered("checkpoint \(checkpoint.index) is not signed by its key") }
            if let before, before.index &+ 1 != checkpoint.index || before.next != checkpoint.key { return altered("checkpoint \(checkpoint.index) does not follow the one before") }
            before = checkpoint
        }
        if let event = rest.first { altered("event \(event.number) is in no checkpoint") }
    }

    /// What its events say is there, and nothing else.
    private mutating func checkRows() {
        var last: [String: HistoryEvent] = [:]
        let items = Set([HistoryEventKind.carriedItem, .adopted].map(\.rawValue) + ItemState.allCases.map(\.rawValue))
        var words: [HistoryEventKind: [String: String]] = [.transfer: [:], .consent: [:], .receipt: [:], .logged: [:]]
        for event in export.history.events {
            guard let subject = event.subject, let kind = HistoryEventKind(rawValue: event.kind) else { continue }
            if items.contains(event.kind) { last[subject] = event }
            words[kind]?[subject] = event.digest
            if kind == .forgotten {
                last[subject] = nil
                for kind in words.keys { words[kind]?[subject] = nil }
            }
        }
        let told = export.open + export.settled
        for row in told {
            guard let event = last.removeValue(forKey: row.id.rawValue) else { altered("row \(row.id) has no event"); continue }
            // A row that is open may be ahead of its last event, a settled one never.
            let isSame = event.kind == row.state.rawValue && event.value == row.bytes
            if row.settledAt != nil, !isSame, event.kind != HistoryEventKind.carriedItem.rawValue { altered("row \(row.id) is not what its last event says") }
        }
        if let missing = last.keys.min() { altered("row \(inert(missing)) has events and is not in it") }
        for (kind, digests) in [
            (HistoryEventKind.transfer, export.transfers.map { hexadecimal($0.digest) }), (.consent, export.consents.map { hexadecimal($0.digest) }),
            (.receipt, export.receipts.map { hexadecimal($0.digest) }), (.logged, export.log.filter { $0.outcome != nil }.map { hexadecimal($0.digest) }),
        ] where (words[kind] ?? [:]).values.sorted() != digests.sorted() { altered("a \(kind.rawValue) in it is not what its event says, or is missing") }
    }

    /// An export's times are in milliseconds.
    private static func isSame(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 0.002 }

    // MARK: With the ledger

    private mutating func compareHistory() throws(SQLiteError) {
        let reading = HistoryReading(connection: connection)
        guard let then = export.history.checkpoints.last else { return problems.append("the export holds no history") }
        let kept = Dictionary(try reading.checkpoints().map { ($0.index, $0) }, uniquingKeysWith: { first, _ in first })
        guard let first = kept.keys.min(), let last = kept.keys.max() else { return problems.append("the store holds no history, the export does") }
        if then.index > last {
            problems.append("the store ends at checkpoint \(last), the export at \(then.index): the store was set back, or an older copy of it was put in its place")
        } else if then.index < first {
            problems.append("the history now begins at checkpoint \(first), after all that the export holds: they cannot be compared")
        }
        for checkpoint in export.history.checkpoints {
            guard let now = kept[checkpoint.index] else { continue }
            checkpoints += 1
            if now != checkpoint { problems.append("checkpoint \(checkpoint.index) is not what it was when it was exported") }
        }
        let here = Dictionary(try reading.events().map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        for event in export.history.events {
            guard let now = here[event.number] else { continue }
            events += 1
            if now != event { problems.append("event \(event.number) is not what it was when it was exported") }
        }
    }

    /// What never changes about a row, and of a settled one all.
    private mutating func compareRows() throws(SQLiteError) {
        var here: [RowID: LedgerRecord] = [:]
        try connection.run(LedgerSchema.selectItems) { if let record = LedgerSchema.record($0) { here[record.id] = record } }
        for then in export.open + export.settled {
            guard let record = here[then.id] else { continue }
            rows += 1
            let now = LedgerRow(record, now: record.expires, run: "", name: nil)
            var isSame = (now.kind, now.origin, now.purpose, now.place, now.rule) == (then.kind, then.origin, then.purpose, then.place, then.rule)
                && now.parent == then.parent && Self.isSame(now.createdAt, then.createdAt)
            if let settled = then.settledAt {
                isSame = isSame && (now.settledAt.map { Self.isSame($0, settled) } ?? false) && now.state == then.state && now.bytes == then.bytes && now.reason == then.reason && now.erasureClass == then.erasureClass
            }
            if !isSame { problems.append("row \(then.id) is not what it was when it was exported") }
        }
    }
}
