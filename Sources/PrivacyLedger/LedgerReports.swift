import FoundationEssentials
import Glibc

/// Why an item is here, where it came from and when it goes.
public struct LedgerExplanation: Sendable, Equatable, Codable {
    public var row: LedgerRow
    /// Sentences in order.
    public var reasons: [String]
    /// What it was derived from, nearest first.
    public var ancestors: [LedgerRow]
    /// What was derived from it.
    public var descendants: [LedgerRow]
}

/// What became of a request to destroy.
public struct DestroyReport: Sendable, Equatable {
    public var destroyed: [RowID] = []
    /// Asked of the process that holds them, or still being let go.
    public var pending: [RowID] = []
    /// What `eraseEverything` leaves: it lies at tiers, which alone can destroy it.
    public var atTiers: [RowID] = []
    /// One line each.
    public var failures: [String] = []
    public var isComplete: Bool { pending.isEmpty && failures.isEmpty }
    public init() {}
}

extension Ledger {
    /// Open rows of all runs, oldest first.
    public func list() throws(LedgerError) -> [LedgerRow] {
        try openRecords().map(row)
    }

    /// Settled rows, oldest first; they hold no names. After 30 days they become counts.
    public func history() throws(LedgerError) -> [LedgerRow] {
        guard let store else { throw problem }
        return try store.settledRecords().map(row)
    }

    /// The row with this id, or with the only id that begins so.
    public func row(matching text: String) throws(LedgerError) -> LedgerRow {
        guard let store else { throw problem }
        guard !text.isEmpty else { throw .noSuchRow(text) }
        let found = try store.records(beginning: text.lowercased())
        guard let first = found.first else { throw .noSuchRow(text) }
        guard found.count == 1 else { throw .ambiguousRow(text) }
        let stored = try store.onThisClock([first], clock.now()).first
        return row(core.open[first.id] ?? stored ?? first)
    }

    public func why(_ id: RowID) throws(LedgerError) -> LedgerExplanation {
        let subject = try row(matching: id.rawValue)
        let all = try openRecords().map(row) + history()
        let byID = Dictionary(all.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var ancestors: [LedgerRow] = []
        var next = subject.parent
        while let id = next, let parent = byID[id], !ancestors.contains(where: { $0.id == id }) {
            ancestors.append(parent)
            next = parent.parent
        }
        var descendants: [LedgerRow] = []
        var parents: Set<RowID> = [subject.id]
        for row in all.sorted(by: { $0.createdAt < $1.createdAt }) where row.parent.map(parents.contains) ?? false {
            parents.insert(row.id)
            descendants.append(row)
        }
        return LedgerExplanation(row: subject, reasons: reasons(for: subject), ancestors: ancestors, descendants: descendants)
    }

    private func reasons(for row: LedgerRow) -> [String] {
        var lines = ["It is \(row.kind.words), for \(row.purpose.rawValue), made for \(row.origin.words)."]
        lines += transferReasons(for: row)
        if row.settledAt != nil {
            lines.append(row.state == .handedOver ? "It is your own file now; Lathe holds nothing of it."
                         : row.reason == .neverConfirmed ? "Its tier never said that it is gone; nobody waits for that any more."
                         : row.reason == .declaredPeriod ? "The period that its tier declares is over; whether it is gone only the tier knows."
                         : row.reason == .tierAnswer ? "Its tier was asked to destroy it and says that it is gone; it signed nothing."
                         : row.reason == .receipt ? "Its tier has signed that it is gone."
                         : "It is gone (\(row.reason.map { $0.rawValue.replacing("_", with: " ") } ?? "settled")).")
            return lines
        }
        lines.append("It is kept \(rules[row.rule].sentence).")
        lines.append(row.place == .ram && surroundings.swap == .disk
                     ? "It lies in memory, which this machine swaps to disk: parts of it may have been written there, and are then beyond what Lathe can destroy."
                     : "It lies \(row.place == .ram ? "in memory" : row.place.text): \(row.erasureClass.sentence).")
        if row.kind == .queuedJob, row.rule == .resumable {
            let key = KeyFile.inMemory(row.id)
            lines.append(access(key, F_OK) == 0 ? "Its key lies in memory, in the file \(key): programs of this user can read it, and who has copied both can still read the job after its end."
                         : SessionFile.hasKey(row.id, in: directory) ? "Its key lies beside it, as you asked." : "Its key is gone: what is left of it is noise.")
        }
        if row.kind == .renderScratch { lines.append("If it is given up, the disk gives its blocks to whatever comes next; until then they may hold some of its sound.") }
        switch row.state {
        case .overdue where row.place.tierName != nil: lines.append("Its tier should have said that it is gone, and has not.")
        case .overdue: lines.append("It should be gone and is not; Lathe tries again every few seconds while it runs, and at every start.")
        case .lost: lines.append("Its folder cannot be reached; Lathe removes it when the folder is back.")
        case .destroying where row.place.tierName != nil: lines.append("Its tier has been asked to destroy it.")
        case .destroying: lines.append("It is being destroyed.")
        default: break
        }
        if !row.isOurs, row.place.tierName == nil, row.rule != .resumable { lines.append("Another running Lathe, or one that has just ended, holds it.") }
        return lines
    }

    /// Destroys rows, of this run at once, of other running processes by asking them.
    public func destroy(anyOf ids: [RowID]) -> DestroyReport {
        var report = DestroyReport()
        let ours = ids.filter { core.open[$0] != nil }
        destroy(ours, because: .userRequest)
        for id in ours {
            if let failure = notGone(id) { report.failures.append(failure); continue }
            if let tier = core.open[id]?.place.tierName, core.open[id]?.state != .destroying {
                report.failures.append(LedgerError.atTier(id, tier: tier).message)
            } else if core.open[id] == nil { report.destroyed.append(id) } else { report.pending.append(id) }
        }
        let known = Set(ours)
        let others = ids.filter { !known.contains($0) }
        guard !others.isEmpty else { return report }
        do throws(LedgerError) {
            guard let store else { throw problem }
            let open = Dictionary(uniqueKeysWithValues: try store.openRecords().map { ($0.id, $0) })
            for id in others where open[id] == nil { report.failures.append(LedgerError.noSuchRow(id.rawValue).message) }
            for (id, tier) in others.compactMap({ id in open[id].flatMap { $0.run == LedgerRecord.noRun ? $0.place.tierName.map { (id, $0) } : nil } }) {
                report.failures.append(LedgerError.atTier(id, tier: tier).message)
            }
            let asked = others.filter { id in open[id].map { $0.run != LedgerRecord.noRun } ?? false }
            // What is kept for a later run is nobody's, and so anybody's to end.
            for id in others where open[id].map({ $0.run == LedgerRecord.noRun && !$0.isAtTier }) ?? false {
                let now = clock.now()
                do throws(LedgerError) {
                    let taken = try store.takeOver(id, now: now)
                    carryOut(core.handle(.tookOver(taken), now: now))
                } catch {
                    guard case .cannotWrite = error, let record = open[id] else { throw error }
                    // The key goes first, and needs no record.
                    takeUnrecorded([record], now)
                }
                destroy([id], because: .userRequest)
                if let failure = notGone(id) { report.failures.append(failure) } else if core.open[id] == nil { report.destroyed.append(id) } else { report.pending.append(id) }
            }
            guard !asked.isEmpty else { return report }
            _ = try store.wish(.destroy, for: asked)
            report.pending += asked
        } catch {
            report.failures.append(error.message)
        }
        return report
    }

    /// What became of a row that was to be destroyed and is still open; nil where somebody has yet to let go.
    private func notGone(_ id: RowID) -> String? {
        guard let record = core.open[id], !record.isAtTier, record.state == .overdue || record.state == .lost else { return nil }
        return LedgerError.notGone(id, isNoise: record.isResumable && !SessionFile.hasKey(id, in: directory)).message
    }

    /// As `destroy(anyOf:)`, and then waits until the holders have let go, `seconds` at most.
    public func destroyAndConfirm(_ ids: [RowID], within seconds: Double = 2) async -> DestroyReport {
        var report = destroy(anyOf: ids)
        let end = clock.now().adding(seconds: seconds)
        while !report.pending.isEmpty, clock.now().bootNanoseconds < end.bootNanoseconds {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
            // A holder that died instead of answering is over, and its rows are adopted here.
            sweep()
            do throws(LedgerError) {
                let open = Set(try openRecords().map(\.id))
                report.destroyed += report.pending.filter { !open.contains($0) }
                report.pending.removeAll { !open.contains($0) }
            } catch {
                report.failures.append(error.message)
                break
            }
        }
        return report
    }

    /// Destroys every open row, and what lies sealed beside the ledger without one, and forgets history and counts. Goes on when parts of it fail, and says which.
    public func eraseEverything() async -> DestroyReport {
        sweep()
        var ids = Array(core.open.keys)
        var failures: [String] = []
        do throws(LedgerError) { ids = try openRecords().filter { !$0.isAtTier }.map(\.id) } catch { failures.append(error.message) }
        var report = await destroyAndConfirm(ids)
        report.failures = failures + report.failures
        report.atTiers = core.open.values.filter(\.isAtTier).map(\.id) + foreign.filter(\.isAtTier).map(\.id)
        // What no row knows of goes too: of a store that was damaged, set back or replaced.
        do throws(LedgerError) {
            let open = Set(try openRecords().map(\.id))
            for row in KeyFile.rows(of: directory) where !open.contains(row) { KeyFile.remove(row) }
        } catch {
            report.failures.append(error.message)
        }
        removeOrphans()
        do throws(LedgerError) {
            guard let store else { throw problem }
            try store.eraseHistory(now: clock.now())
        } catch {
            report.failures.append(error.message)
        }
        publish()
        return report
    }

    /// Removes the files of a ledger that cannot be opened, and all that lies sealed beside it with its keys. A name that it had registered elsewhere, where a file system
    /// knows no unnamed files, is found no more.
    /// - Returns: how many sealed items there were.
    @discardableResult
    public static func discardStore(at directory: String = Ledger.defaultDirectory) throws(LedgerError) -> Int {
        let (items, failures) = StoreFolder.removeAll(in: directory)
        if let first = failures.first { throw .cannotWrite(path: directory, reason: first) }
        for name in ["ledger.sqlite", "ledger.sqlite-journal", LedgerStore.keyFileName, "ballast"] {
            let path = directory + "/" + name
            if unlink(path) != 0, errno != ENOENT {
                throw .cannotWrite(path: path, reason: String(cString: strerror(errno)))
            }
        }
        return items
    }

    func openRecords() throws(LedgerError) -> [LedgerRecord] {
        guard let store else { throw problem }
        return (try othersRecords(in: store) + core.open.values).sorted {
            ($0.created.bootNanoseconds, $0.id.rawValue) < ($1.created.bootNanoseconds, $1.id.rawValue)
        }
    }

    /// Open rows that this run does not hold; its own are newer in memory than on disk.
    func othersRecords(in store: LedgerStore) throws(LedgerError) -> [LedgerRecord] {
        let now = clock.now()
        return try store.onThisClock(store.openRecords(notOf: run.id).filter { core.open[$0.id] == nil && core.unsaved[$0.id] == nil }, now)
    }

    func row(_ record: LedgerRecord) -> LedgerRow {
        LedgerRow(record, now: clock.now(), run: run.id, name: names[record.id])
    }
}

extension ItemKind {
    var words: String { rawValue.replacing("_", with: " ") }
}

extension ItemOrigin {
    var words: String {
        switch self {
        case .openedFile: "a file you opened"
        case .renderJob: "a render"
        case .playback: "playback"
        case .prompt: "a prompt"
        case .session: "this session"
        case .service: "a request to the service"
        }
    }
}
