import FoundationEssentials

/// Carries out what `LedgerCore` decides, and reports back what became of it.
extension Ledger {
    /// For what must not happen without its record.
    func perform(_ effects: [LedgerCore.Effect]) throws(LedgerError) {
        var queue = effects[...]
        var refusal: LedgerError?
        while let effect = queue.popFirst() {
            switch effect {
            case .refuse(let error):
                refusal = error
            case .insert(let record):
                do throws(LedgerError) {
                    try followStore()
                    guard let store else { throw problem }
                    try store.insert(record, transfers[record.id])
                    queue += core.handle(.inserted(record.id), now: clock.now())
                } catch {
                    queue += core.handle(.notInserted(record.id), now: clock.now())
                    refusal = error
                }
            case .save(let records, let required):
                let ids = records.map(\.id)
                do throws(LedgerError) {
                    try followStore()
                    guard let store else { throw problem }
                    try store.save(records, now: clock.now())
                    queue += core.handle(.saved(ids), now: clock.now())
                    note(nil)
                } catch {
                    queue += core.handle(.notSaved(ids), now: clock.now())
                    note(error)
                    if required { refusal = error }
                }
            case .erase(let ids):
                queue += erase(ids)
            }
        }
        thread.wake(at: nextWake)
        if let refusal { throw refusal }
    }

    /// For what goes on whatever the store says: ends, and records that can wait. The core remembers what is not yet saved.
    func carryOut(_ effects: [LedgerCore.Effect]) {
        do throws(LedgerError) { try perform(effects) } catch { note(error) }
        publish()
    }

    func note(_ error: LedgerError?) {
        board.withLock { $0.problem = error?.message }
    }

    private func erase(_ ids: [RowID]) -> [LedgerCore.Effect] {
        var gone: [RowID] = []
        var pending: [RowID] = []
        var effects: [LedgerCore.Effect] = []
        for id in ids {
            guard let record = core.open[id] else { continue }
            if record.isAtTier {
                effects += askTier(id)
                continue
            }
            switch holders[id]?.erase() ?? .gone {
            case .pending:
                pending.append(id)
                continue
            case .failed:
                effects += core.handle(.eraseFailed(id, placeMissing: false), now: clock.now())
                continue
            case .gone:
                holders[id] = nil
            }
            if record.isResumable, !SessionFile.removeKey(of: id, in: directory) {
                effects += core.handle(.eraseFailed(id, placeMissing: false), now: clock.now())
                continue
            }
            // What is kept for a later run lies beside the ledger, wherever the ledger was moved or restored to.
            let path = record.isResumable ? record.scratchPath.map { _ in directory + "/" + NamedScratch.name(for: id) } : record.scratchPath
            switch path.map(NamedScratch.remove) ?? .absent {
            case .absent: gone.append(id)
            case .placeMissing: effects += core.handle(.eraseFailed(id, placeMissing: true), now: clock.now())
            case .failed: effects += core.handle(.eraseFailed(id, placeMissing: false), now: clock.now())
            }
        }
        if !pending.isEmpty { effects += core.handle(.erasePending(pending), now: clock.now()) }
        effects += core.handle(.erased(gone), now: clock.now())
        forgetNames(of: gone)
        return effects
    }

    func forgetNames(of ids: [RowID]) {
        for id in ids { names[id] = nil }
    }

    /// Settles the rows of runs that are over. A store that cannot be written now is noted; the rows stay for the next run.
    func sweep() {
        guard let store else { return }
        let now = clock.now()
        do throws(LedgerError) {
            let (adopted, failure) = try store.adoptRowsOfEndedRuns(now: now, isOver: isOver)
            let new = adopted.filter { core.open[$0.id] == nil && core.unsaved[$0.id] == nil }
            if !new.isEmpty { carryOut(core.handle(.adopted(new), now: now)) }
            if let failure { throw failure }
            try store.bringToThisBoot(now: now)
            seeToTiers()
            try store.expireLog(now: now, keeping: rules[.metrics].hardSeconds)
            try store.expireCounters(now: now.wallSeconds, keeping: rules[.metrics].hardSeconds)
            try store.countRowsSettled(before: now.wallSeconds - rules.historySeconds, now: now)
        } catch {
            note(error)
        }
    }

    func foreignWrite() {
        do throws(LedgerError) { try followStore() } catch { note(error) }
        guard let store else { return publish() }
        do throws(LedgerError) {
            let version = try store.foreignVersion()
            guard version != foreignVersion else { return }
            foreignVersion = version
            let wishes = try store.wishes()
            if !wishes.isEmpty {
                try store.clearWishes(wishes.map(\.id))
                destroy(wishes.filter { $0.wish == .destroy }.map(\.id), because: .userRequest)
                for (id, wish) in wishes where wish == .extend { carryOut(core.handle(.extended(id), now: clock.now())) }
            }
            foreign = try othersRecords(in: store)
            leftByOthers = try store.bytesLeft(notOf: run.id)
            thread.wake(at: nextWake)
        } catch {
            note(error)
        }
        publish()
    }

    func publish() {
        var new = LedgerSummary()
        var next = Int64.max
        for record in core.open.values {
            new.bytes += record.bytes
            next = min(next, record.expires.bootNanoseconds)
        }
        for record in foreign {
            new.bytes += record.bytes
            next = min(next, record.expires.bootNanoseconds)
        }
        new.items = core.open.count + foreign.count
        new.nextExpiryBootNanoseconds = next == .max ? nil : next
        new.bytesLeft = leftByUs.values.reduce(leftByOthers) { $0.addingReportingOverflow($1).partialValue }
        let changed = board.withLock { board in
            new.problem = board.problem
            defer { board = new }
            return board != new
        }
        guard changed else { return }
        for watcher in watchers.values { watcher.yield(new) }
    }
}
