/// How a row lives, is prolonged, and ends.
extension LedgerCore {
    // MARK: Life

    mutating func used(_ id: RowID, _ bytes: Int64, _ now: LedgerInstant) -> [Effect] {
        guard var record = open[id], !record.isAtTier, record.state == .intent || record.state == .live else { return [] }
        count(record, -1)
        let wasLive = record.state == .live, before = record.usedBytes
        record.usedBytes = bytes
        count(record, 1)
        record.state = .live
        record.touched = now
        open[id] = record
        // What lies on disk is worth a commit the moment it begins; the rest is told to others a moment later, many in one.
        if !wasLive, record.place != .ram { return [.save([record], required: false)] }
        if !wasLive || bytes != before { fallsBehind(id, isNew: !wasLive, now) }
        return []
    }

    mutating func named(_ id: RowID, _ path: String) -> [Effect] {
        guard var record = open[id], !record.isAtTier, record.state == .intent || record.state == .live else {
            return [.refuse(.noSuchRow(id.rawValue))]
        }
        record.scratchPath = path
        open[id] = record
        return [.save([record], required: true)]
    }

    mutating func touched(_ id: RowID, _ now: LedgerInstant) -> [Effect] {
        guard let record = open[id], record.state == .intent || record.state == .live else { return [] }
        let retention = rules[record.rule]
        open[id]?.touched = now
        guard let idle = retention.idleSeconds else { return [] }
        let later = prolonged(record, by: idle, now)
        guard later.bootNanoseconds > record.expires.bootNanoseconds else { return [] }
        let slack = Int64(max(1, idle / 20) * 1e9)
        let known = savedExpiry[id] ?? record.expires.bootNanoseconds
        let changed = setExpiry(id, later)
        // The store may lag behind by a little: it then names an earlier end than the true one.
        guard later.bootNanoseconds - known >= slack else { return [] }
        return [.save(changed, required: false)]
    }

    mutating func extended(_ id: RowID, _ now: LedgerInstant) -> [Effect] {
        guard let record = open[id], record.state == .intent || record.state == .live else {
            return [.refuse(.noSuchRow(id.rawValue))]
        }
        guard rules[record.rule].extendable else { return [.refuse(.notExtendable(id, rule: record.rule))] }
        open[id]?.touched = now
        let later = prolonged(record, by: rules.period(of: record.rule), now)
        guard later.bootNanoseconds > record.expires.bootNanoseconds else { return [] }
        return [.save(setExpiry(id, later), required: false)]
    }

    /// `seconds` from now, but never beyond the hard limit of the rule or the life of the parent.
    private func prolonged(_ record: LedgerRecord, by seconds: Double, _ now: LedgerInstant) -> LedgerInstant {
        var later = now.adding(seconds: seconds)
        let hard = record.created.adding(seconds: rules[record.rule].hardSeconds)
        if hard.bootNanoseconds < later.bootNanoseconds {
            later = now.adding(seconds: hard.seconds(since: now))
        }
        if let parent = record.parent.flatMap({ open[$0] }), parent.expires.bootNanoseconds < later.bootNanoseconds {
            later = parent.expires
        }
        return later
    }

    /// Sets the end of a row and of everything that lives as long as it; answers with the changed rows.
    private mutating func setExpiry(_ id: RowID, _ later: LedgerInstant) -> [LedgerRecord] {
        var changed: [LedgerRecord] = []
        var waiting = [id]
        while let next = waiting.popLast() {
            guard var record = open[next] else { continue }
            let hard = record.created.adding(seconds: rules[record.rule].hardSeconds)
            // `later` respects the limit of its own row already; what is derived from it has one of its own.
            record.expires = next != id && hard.bootNanoseconds < later.bootNanoseconds ? hard : later
            open[next] = record
            changed.append(record)
            for child in childrenInOrder(of: next) where open[child]?.rule == .withParent { waiting.append(child) }
        }
        return changed
    }

    // MARK: End

    mutating func handedOver(_ id: RowID, _ now: LedgerInstant) -> [Effect] {
        guard let record = open[id], !record.isAtTier else { return [] }
        let derived = descendants(of: [id]).filter { $0 != id }
        open[id]?.reason = .handedOver
        return settle([id], as: .handedOver, now) + (derived.isEmpty ? [] : destroy(derived, .parentGone, now))
    }

    /// Always in the same order, so that the same events lead to the same effects on every run.
    private func childrenInOrder(of id: RowID) -> [RowID] {
        guard let found = children[id] else { return [] }
        return found.count < 2 ? Array(found) : found.sorted { $0.rawValue < $1.rawValue }
    }

    /// The rows and all that was derived from them, derived ones first.
    private func descendants(of ids: [RowID]) -> [RowID] {
        var found: [RowID] = []
        var seen: Set<RowID> = []
        var waiting = ids
        while let next = waiting.popLast() {
            guard open[next] != nil, seen.insert(next).inserted else { continue }
            found.append(next)
            waiting.append(contentsOf: childrenInOrder(of: next))
        }
        return found.reversed()
    }

    mutating func destroy(_ ids: [RowID], _ reason: DestroyReason, _ now: LedgerInstant) -> [Effect] {
        let all = descendants(of: ids)
        guard !all.isEmpty else { return [] }
        let asked = Set(ids)
        var announced: [LedgerRecord] = []
        for id in all {
            // The shell asks its tier, and hears nothing or more; until then nothing changes.
            guard var record = open[id], !record.isAtTier else { continue }
            if record.state != .overdue && record.state != .lost { record.state = .destroying }
            record.reason = record.reason ?? (asked.contains(id) ? reason : .parentGone)
            open[id] = record
            // What has no name dies with the process; only a name can outlive a crash between here and the end.
            if record.scratchPath != nil { announced.append(record) }
        }
        return (announced.isEmpty ? [] : [.save(announced, required: false)]) + [.erase(all)]
    }

    mutating func settle(_ ids: [RowID], as state: ItemState, _ now: LedgerInstant) -> [Effect] {
        var closed: [LedgerRecord] = []
        for id in ids {
            guard var record = open[id] else { continue }
            forget(id)
            record.state = state
            record.settled = now
            record.scratchPath = nil
            record.commitment = nil
            unsaved[id] = record
            closed.append(record)
        }
        return closed.isEmpty ? [] : [.save(closed, required: false)]
    }

    mutating func eraseFailed(_ id: RowID, _ placeMissing: Bool, _ now: LedgerInstant) -> [Effect] {
        guard var record = open[id] else { return [] }
        record.state = placeMissing ? .lost : .overdue
        open[id] = record
        if !placeMissing { deadlines.push(id, at: now.adding(seconds: Self.retryPeriod).bootNanoseconds) }
        return [.save([record], required: false)]
    }

    mutating func adopt(_ records: [LedgerRecord], _ now: LedgerInstant) -> [Effect] {
        for var record in records {
            record.run = run
            record.reason = .runEnded
            add(record)
        }
        return destroy(records.map(\.id), .runEnded, now)
    }
}
