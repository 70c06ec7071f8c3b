import FoundationEssentials
import Glibc

/// What a verification of the history found. It is whole, or it says what is not and how far it can be trusted.
public struct HistoryReport: Sendable, Equatable, Codable {
    public var whole: Bool
    /// The first and last event that are proven unchanged, counted from 1; nil when none is.
    public var firstEvent: Int64?
    public var lastEvent: Int64?
    /// When these happened, as the clock on the wall told it.
    public var from: String?
    public var to: String?
    public var checkpoints: Int
    /// Events before the first, dropped with rows that have become counts.
    public var droppedEvents: Int64
    /// Rows and runs that were compared with their last event.
    public var rows: Int
    /// The clock on the wall went back in between: the two times are those of the first and the last event, and not a span.
    public var clockWasSetBack = false
    /// Files without a row that were found in the ledger's folder, and removed.
    public var orphansRemoved: Int64 = 0
    /// What an export was compared with; nil without one.
    public var compared: Comparison?

    public struct Comparison: Sendable, Equatable, Codable {
        public var events: Int
        public var checkpoints: Int
        public var rows: Int
    }

    /// The public key of the very first checkpoint: the history's name.
    public var anchor: String?
    public var head: HistoryCheckpoint?
    /// One line each, the first ones; empty when it is whole.
    public var problems: [String]

    private enum CodingKeys: String, CodingKey {
        case whole, from, to, checkpoints, rows, anchor, head, problems, compared
        case firstEvent = "first_event"
        case lastEvent = "last_event"
        case droppedEvents = "dropped_events"
        case clockWasSetBack = "clock_was_set_back"
        case orphansRemoved = "orphans_removed"
    }

    init(problems: [String] = []) {
        whole = problems.isEmpty
        checkpoints = 0
        droppedEvents = 0
        rows = 0
        self.problems = problems
    }

    /// The range that it covers, in words.
    public var range: String {
        guard let firstEvent, let lastEvent, let from, let to else { return "covers no event" }
        let dropped = droppedEvents > 0 ? "; \(droppedEvents) older events were dropped with the rows they were about" : ""
        let clock = clockWasSetBack ? " (the clock was set back in between)" : ""
        let orphans = orphansRemoved > 0 ? "; \(orphansRemoved) files without a row were found and removed" : ""
        let compared = compared.map { "; compared with the export: \($0.events) events, \($0.checkpoints) checkpoints, \($0.rows) rows" } ?? ""
        return "covers events \(firstEvent) to \(lastEvent), \(from) to \(to)\(clock)\(dropped)\(orphans)\(compared)"
    }
}

extension Ledger {
    /// Compares the whole history in `directory` with its hash tree, its signatures and the rows it is about. Changes nothing and settles
    /// nothing; what cannot be read or does not add up is a problem, never a pass.
    ///
    /// Who has the whole folder can invent a new history from its first event on; that it is the same one is proven by comparing it with an
    /// export made earlier.
    /// - Parameter export: the bytes of such an export's `ledger.json`.
    public static func verify(at directory: String = Ledger.defaultDirectory, against export: [UInt8]? = nil) -> HistoryReport {
        let path = directory + "/ledger.sqlite", key = HistoryKeyFile(path: directory + "/" + LedgerStore.keyFileName)
        if access(path, F_OK) != 0 {
            let kept = key.read() == .none && errno == ENOENT
            return HistoryReport(problems: kept && export == nil ? [] : ["\(inert(path)): there is no ledger, though there has been one"])
        }
        do {
            // A name that leads elsewhere, or to a pipe, is no ledger.
            var info = stat()
            guard lstat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return HistoryReport(problems: ["\(inert(path)): is not a plain file"]) }
            let files = StoreFolder.files(in: directory)
            let connection = try SQLiteConnection(path: path)
            var report = HistoryReport()
            try connection.execute("BEGIN")
            report = try HistoryVerifier(connection: connection, key: key).report()
            var open: Set<String> = []
            if report.checkpoints > 0 { try connection.run("SELECT id FROM item WHERE settled IS NULL") { open.insert($0.text(0) ?? "") } }
            try connection.execute("COMMIT")
            // One that ended meanwhile is gone by now.
            for file in files where !open.contains(file.row.rawValue) && StoreFolder.isThere(file) { report.add("\(inert(file.path)): lies there without a row; the next start removes it") }
            if let export { try report.compare(with: export, connection) }
            return report
        } catch {
            return HistoryReport(problems: ["\(inert(path)): cannot be read (\(error.reason))"])
        }
    }
}

/// The history as an export holds it: all that somebody without the store needs to check it again.
public struct HistoryExport: Sendable, Equatable, Codable {
    public var anchor: String?
    /// Events before the first that is here.
    public var droppedEvents: Int64
    /// Roots of the full subtrees over those, the largest first, hexadecimal; `HashTree`.
    public var droppedPeaks: String
    public var events: [HistoryEvent]
    public var checkpoints: [HistoryCheckpoint]

    private enum CodingKeys: String, CodingKey {
        case anchor, events, checkpoints
        case droppedEvents = "dropped_events"
        case droppedPeaks = "dropped_peaks"
    }
}

extension HistoryReport {
    /// The same history as the one that was exported, and all that both hold is the same.
    mutating func compare(with export: [UInt8], _ connection: SQLiteConnection) throws(SQLiteError) {
        let document: LedgerExport
        do { document = try JSONDecoder().decode(LedgerExport.self, from: Data(export)) } catch {
            return add("the export cannot be read: it is not the ledger.json of `lathe ledger export`, or of another version of Lathe")
        }
        if document.history.anchor != anchor { return add("this is another history than the exported one: its anchor differs") }
        var comparison = ExportComparison(document, connection)
        try comparison.compare()
        compared = Comparison(events: comparison.events, checkpoints: comparison.checkpoints, rows: comparison.rows)
        for problem in comparison.problems.prefix(HistoryVerifier.mostProblems) { add(problem) }
    }

    fileprivate mutating func add(_ problem: String) {
        problems.append(problem)
        whole = false
    }
}
