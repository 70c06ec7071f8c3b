import FoundationEssentials
import Glibc

/// Files in the ledger's folder that hold, or open, what a row is about.
enum StoreFolder {
    struct File: Equatable {
        var path: String
        var row: RowID
    }

    /// Sealed items and their keys by their names; empty where the folder cannot be read.
    static func files(in directory: String) -> [File] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: directory) } catch { return [] }
        return names.sorted().compactMap { name in
            for (prefix, suffix) in [(".lathe-", ".part"), ("session-", ".key")] where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
                if let row = RowID(rawValue: String(name.dropFirst(prefix.count).dropLast(suffix.count))) { return File(path: directory + "/" + name, row: row) }
            }
            return nil
        }
    }

    /// Removes all of them, whatever the ledger knows, and their keys: keys first.
    /// - Returns: how many items there were, and what could not be removed.
    static func removeAll(in directory: String) -> (items: Int, failures: [String]) {
        let files = files(in: directory)
        var failures: [String] = []
        for row in KeyFile.rows(of: directory) + files.map(\.row) { KeyFile.remove(row) }
        for file in files.sorted(by: { $0.path.hasSuffix(".key") && !$1.path.hasSuffix(".key") }) where unlink(file.path) != 0 && errno != ENOENT {
            failures.append("\(inert(file.path)): cannot be removed (\(String(cString: strerror(errno)).lowercased())); remove it by hand")
        }
        KeyFile.settle(directory)
        return (Set(files.map(\.row)).count, failures)
    }

    static func isThere(_ file: File) -> Bool {
        var info = stat()
        return lstat(file.path, &info) == 0
    }
}

extension Ledger {
    /// Removes what lies beside the ledger without an open row. A row comes before its file and ends after it, so there is none unless somebody put it there, set the store
    /// back, or took rows out of it: an incident, and an event of the history.
    func removeOrphans() {
        guard let store else { return }
        // First the files, then the rows: what is made in between has a row by then.
        let files = StoreFolder.files(in: directory)
        guard !files.isEmpty else { return }
        do throws(LedgerError) {
            let open = Set(try store.openRecords().map(\.id))
            let removed = files.filter { !open.contains($0.row) && unlink($0.path) == 0 }
            guard !removed.isEmpty else { return }
            for file in removed { KeyFile.remove(file.row) }
            KeyFile.settle(directory)
            try store.noteOrphans(removed.count, now: clock.now())
        } catch {
            note(error)
        }
    }

    /// What was kept for a later run and has lost its key (the machine was started anew, somebody removed it) is noise, and its row ends.
    func endWhatNobodyCanOpen() {
        guard let store else { return }
        let now = clock.now()
        for record in foreign where record.run == LedgerRecord.noRun && !record.isAtTier && record.state == .live && !SessionFile.hasKey(record.id, in: directory) {
            do throws(LedgerError) {
                let taken = try store.takeOver(record.id, now: now)
                foreign.removeAll { $0.id == record.id }
                carryOut(core.handle(.tookOver(taken), now: now))
                destroy(taken.map(\.id), because: .runEnded)
            } catch {
                note(error)
            }
        }
    }

    /// Takes rows over that are nobody's where that cannot be written: their end then happens without its record, as far as it can.
    func takeUnrecorded(_ records: [LedgerRecord], _ now: LedgerInstant) {
        let taken = records.filter { core.open[$0.id] == nil }.map { record in
            var taken = record
            (taken.run, taken.boot) = (run.id, nil)
            return taken
        }
        foreign = foreign.filter { other in !taken.contains { $0.id == other.id } }
        carryOut(core.handle(.tookOver(taken), now: now))
    }
}

extension LedgerStore {
    func noteOrphans(_ count: Int, now: LedgerInstant) throws(LedgerError) {
        try writeWithBallast(at: now) { () throws(SQLiteError) in
            try recordRun(at: now)
            notes.append(HistoryNote(kind: .orphansRemoved, number: Int64(count)))
        }
    }
}
