/// Rows of what lies at tiers. Nothing here can end it: the ledger waits for the tier's word, and says when that is overdue.
extension LedgerCore {
    /// A row whose end nobody told is given up so long after that should have been, as lost.
    static let givenUpAfter = 365 * 86_400.0

    /// So many bytes have left, all together. The tier's period begins anew with each.
    mutating func sent(_ id: RowID, _ bytes: Int64, _ now: LedgerInstant) -> [Effect] {
        guard var record = open[id], record.isAtTier, record.state == .intent || record.state == .live else { return [] }
        let isFirst = record.state == .intent
        record.state = .live
        record.usedBytes = max(record.usedBytes, bytes)
        record.reservedBytes = max(record.reservedBytes, bytes)
        if !isFirst { fallsBehind(id, isNew: false, now) }
        return restart(&record, now) + (isFirst ? [.save([record], required: false)] : [])
    }

    /// Nothing more will be sent.
    mutating func sendingEnded(_ id: RowID, _ now: LedgerInstant) -> [Effect] {
        guard var record = open[id], record.isAtTier, record.state == .intent || record.state == .live else { return [] }
        record.state = .live
        record.reservedBytes = record.usedBytes
        return restart(&record, now) + [.save([record], required: false)]
    }

    /// The tier names another period, from now on.
    mutating func periodStated(_ id: RowID, _ seconds: Double, _ now: LedgerInstant) -> [Effect] {
        guard var record = open[id], record.isAtTier, record.settled == nil else { return [] }
        tierPeriods[id] = seconds
        if record.state == .overdue { record.state = .live }
        return restart(&record, now) + [.save([record], required: false)]
    }

    private mutating func restart(_ record: inout LedgerRecord, _ now: LedgerInstant) -> [Effect] {
        record.touched = now
        record.expires = now.adding(seconds: period(atTier: tierPeriods[record.id], record.rule))
        open[record.id] = record
        deadlines.push(record.id, at: record.expires.bootNanoseconds)
        return []
    }

    func period(atTier seconds: Double?, _ rule: RetentionRule) -> Double {
        guard let seconds, !seconds.isNaN else { return rules.period(of: rule) }
        return min(max(1, seconds), rules[rule].hardSeconds)
    }

    /// Its end is known: by a receipt, or because nothing ever left.
    mutating func goneAtTier(_ id: RowID, _ reason: DestroyReason, _ now: LedgerInstant) -> [Effect] {
        guard open[id]?.isAtTier ?? false else { return [] }
        return closeAtTier(id, as: .destroyed, reason, now)
    }

    /// What was only kept because of it goes with it.
    private mutating func closeAtTier(_ id: RowID, as state: ItemState, _ reason: DestroyReason, _ now: LedgerInstant) -> [Effect] {
        let derived = (children[id] ?? []).filter { open[$0]?.rule == .withParent }.sorted { $0.rawValue < $1.rawValue }
        open[id]?.reason = reason
        return settle([id], as: state, now) + (derived.isEmpty ? [] : destroy(derived, .parentGone, now))
    }

    /// The tier was asked to destroy it and has not answered yet.
    mutating func tierAsked(_ id: RowID) -> [Effect] {
        guard var record = open[id], record.isAtTier, record.state == .live || record.state == .intent else { return [] }
        record.state = .destroying
        open[id] = record
        return [.save([record], required: false)]
    }

    /// It was asked and has not destroyed it: everything is as before.
    mutating func tierDidNot(_ id: RowID) -> [Effect] {
        guard var record = open[id], record.isAtTier, record.state == .destroying else { return [] }
        record.state = .live
        open[id] = record
        return [.save([record], required: false)]
    }

    /// What becomes of a row at a tier when its time has come.
    mutating func dueAtTier(_ found: LedgerRecord, _ now: LedgerInstant) -> [Effect] {
        var record = found
        guard record.expires.bootNanoseconds <= now.bootNanoseconds else {
            deadlines.push(record.id, at: record.expires.bootNanoseconds)
            return savedExpiry[record.id] == record.expires.bootNanoseconds ? [] : [.save([record], required: false)]
        }
        if record.rule == .declaredPeriod {
            return closeAtTier(record.id, as: .destroyed, .declaredPeriod, now)
        }
        let last = record.expires.adding(seconds: Self.givenUpAfter)
        guard now.bootNanoseconds < last.bootNanoseconds else {
            return closeAtTier(record.id, as: .lost, .neverConfirmed, now)
        }
        deadlines.push(record.id, at: last.bootNanoseconds)
        guard record.state != .overdue else { return [] }
        record.state = .overdue
        open[record.id] = record
        return [.save([record], required: false)]
    }

    /// Rows of earlier runs whose time has come, or whose tier has answered: this run sees to them now.
    mutating func tookOver(_ records: [LedgerRecord], _ now: LedgerInstant) -> [Effect] {
        for record in records where open[record.id] == nil {
            add(record)
            savedExpiry[record.id] = record.expires.bootNanoseconds
            deadlines.push(record.id, at: record.expires.bootNanoseconds)
        }
        return []
    }

    /// This run ends, what is at tiers or kept for a later run does not: from here on its rows are nobody's, and every run watches over them.
    mutating func leaveTiers() -> [Effect] {
        let left = open.values.filter(\.outlivesItsRun).sorted { $0.id.rawValue < $1.id.rawValue }.map { record in
            var left = record
            left.leaveRun(on: boot)
            return left
        }
        for record in left { forget(record.id) }
        return left.isEmpty ? [] : [.save(left, required: true)]
    }
}

extension LedgerRecord {
    /// The owner of rows at tiers once the run that made them is over.
    static let noRun = "tiers"

    var isAtTier: Bool { place.tierName != nil }

    /// As it is once nobody knows any more how much was sent: all that might have been.
    mutating func leaveRun(on boot: String) {
        run = Self.noRun
        self.boot = boot
        guard state == .intent || state == .live else { return }
        state = .live
        usedBytes = max(usedBytes, reservedBytes)
        reservedBytes = usedBytes
    }

    /// Whether its instants are of another boot than this.
    func isOfAnotherBoot(than boot: String) -> Bool { run == Self.noRun && self.boot != boot }

    /// Instants of an earlier boot mean nothing to this one's clock; what is left of them is told by the clock on the wall, and by the latest time that was ever on record
    /// where that clock was set back since. Within a boot only the steady clock counts, whoever holds the row.
    /// - Parameter latestWall: seconds since 1970, of the history's latest event.
    func onThisBoot(_ now: LedgerInstant, boot: String, latestWall: Double) -> LedgerRecord {
        guard isOfAnotherBoot(than: boot) else { return self }
        var record = self
        record.expires.bootNanoseconds = now.adding(seconds: min(max(expires.wallSeconds - max(now.wallSeconds, latestWall), -1e8), 1e8)).bootNanoseconds
        record.boot = boot
        return record
    }
}
