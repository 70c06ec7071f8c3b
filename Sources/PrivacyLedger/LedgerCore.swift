/// All decisions of the ledger for the rows of one run: a value without clock, disk or thread.
///
/// `handle` takes what happened and answers with what to do, in order. The shell carries it out and reports back
/// (`inserted`, `saved`, `erased`…), so that every failure of a disk is just another event.
struct LedgerCore: Sendable {
    enum Event: Sendable {
        /// Idle items are to end until so many bytes of a place are free.
        case makeRoom(Int64, ItemPlace, sparing: RowID?)
        case create(RowID, ItemRequest, commitment: [UInt8]?)
        /// The row is committed: from here on bytes may exist.
        case inserted(RowID)
        case notInserted(RowID)
        /// Bytes exist now, `bytes` of them.
        case used(RowID, bytes: Int64)
        /// The item is about to get a name on disk.
        case named(RowID, path: String)
        case touched(RowID)
        case extended(RowID)
        case handedOver(RowID)
        case destroy([RowID], DestroyReason)
        /// Confirmed absent.
        case erased([RowID])
        /// The holder was told and lets go soon.
        case erasePending([RowID])
        case eraseFailed(RowID, placeMissing: Bool)
        /// An open row of a dead run, now ours to settle.
        case adopted([LedgerRecord])
        /// See `LedgerCoreTiers`.
        case sent(RowID, bytes: Int64)
        case sendingEnded(RowID)
        case periodStated(RowID, seconds: Double)
        case goneAtTier(RowID, DestroyReason)
        case tierAsked(RowID)
        case tierDidNot(RowID)
        case tookOver([LedgerRecord])
        case leaveTiers
        case saved([RowID])
        case notSaved([RowID])
        case tick
    }

    enum Effect: Sendable, Equatable {
        /// Commit this row before anything else; without it there is no item.
        case insert(LedgerRecord)
        /// Commit these rows. `required`: what was asked for must not happen unless this succeeds.
        case save([LedgerRecord], required: Bool)
        /// Destroy the bytes of these rows.
        case erase([RowID])
        case refuse(LedgerError)
    }

    var open: [RowID: LedgerRecord] = [:]
    /// Settled rows whose last state the store does not know yet.
    var unsaved: [RowID: LedgerRecord] = [:]

    let run: String
    /// The boot whose clock is told in `now`.
    let boot: String
    let rules: RetentionRules
    /// Bytes of memory that all items in memory together may reserve or use, and of the disk those on disk.
    let memoryQuota: Int64
    let diskQuota: Int64

    var children: [RowID: Set<RowID>] = [:]
    var deadlines = DeadlineQueue()
    /// The expiry the store knows, per open row.
    var savedExpiry: [RowID: Int64] = [:]
    var memoryBytes: Int64 = 0
    var diskBytes: Int64 = 0
    /// What tiers say of how long they keep the rows of this run, in seconds from the last byte.
    var tierPeriods: [RowID: Double] = [:]
    private var latest = LedgerInstant(bootNanoseconds: .min, wallSeconds: 0)
    private var retrySavesAt: Int64?
    /// Open rows whose size, or whose beginning in memory, the store does not know yet, and when it will be told.
    var behind: Set<RowID> = []
    var saveBehindAt: Int64?
    private var lastSaveBehind: Int64?

    /// How late an item may be before it is called overdue.
    static let grace = 1.0
    static let retryPeriod = 5.0
    /// What begins in memory is in the store so many seconds later, for other processes to see; a size that grows is so many seconds old there at most.
    static let toldWithin = 1.0, sizesToldEvery = 5.0

    init(run: String, boot: String = "", rules: RetentionRules = .standard, memoryQuota: Int64, diskQuota: Int64 = .max) {
        self.run = run
        self.boot = boot
        self.rules = rules
        self.memoryQuota = memoryQuota
        self.diskQuota = diskQuota
    }

    /// CLOCK_BOOTTIME at which `tick` has something to do; nil when nothing waits.
    var nextWake: Int64? {
        [deadlines.earliest, retrySavesAt, saveBehindAt].compactMap { $0 }.min()
    }

    /// Cost O(log n) for one row, O(k log n) for k rows.
    mutating func handle(_ event: Event, now given: LedgerInstant) -> [Effect] {
        // A clock that goes back would lengthen lives; it stands still instead.
        var now = given
        now.bootNanoseconds = max(given.bootNanoseconds, latest.bootNanoseconds)
        latest = now

        switch event {
        case .makeRoom(let bytes, let place, let spared): return makeRoom(bytes, place, spared, now)
        case .create(let id, let request, let commitment): return create(id, request, commitment, now)
        case .inserted(let id): inserted(id, now); return []
        case .notInserted(let id): forget(id); return []
        case .used(let id, let bytes): return used(id, bytes, now)
        case .named(let id, let path): return named(id, path)
        case .touched(let id): return touched(id, now)
        case .extended(let id): return extended(id, now)
        case .handedOver(let id): return handedOver(id, now)
        case .destroy(let ids, let reason): return destroy(ids, reason, now)
        case .erased(let ids): return settle(ids, as: .destroyed, now)
        case .erasePending(let ids): for id in ids { deadlines.push(id, at: now.adding(seconds: Self.grace).bootNanoseconds) }; return []
        case .eraseFailed(let id, let missing): return eraseFailed(id, missing, now)
        case .adopted(let records): return adopt(records, now)
        case .sent(let id, let bytes): return sent(id, bytes, now)
        case .sendingEnded(let id): return sendingEnded(id, now)
        case .periodStated(let id, let seconds): return periodStated(id, seconds, now)
        case .goneAtTier(let id, let reason): return goneAtTier(id, reason, now)
        case .tierAsked(let id): return tierAsked(id)
        case .tierDidNot(let id): return tierDidNot(id)
        case .tookOver(let records): return tookOver(records, now)
        case .leaveTiers: return leaveTiers()
        case .saved(let ids): saved(ids); return []
        case .notSaved(let ids): notSaved(ids, now); return []
        case .tick: return tick(now)
        }
    }

    // MARK: Birth

    private mutating func create(_ id: RowID, _ request: ItemRequest, _ commitment: [UInt8]?, _ now: LedgerInstant) -> [Effect] {
        let rule = request.rule ?? request.kind.defaultRule
        if let parent = request.parent {
            guard let row = open[parent], row.state == .intent || row.state == .live else { return [.refuse(.parentGone)] }
        }
        if let quota = quota(of: request.place, request.kind), quota.used + request.reservedBytes > quota.most {
            return [.refuse(.overQuota(wantedBytes: request.reservedBytes, freeBytes: quota.most - quota.used))]
        }
        var expires = now.adding(seconds: rules.period(of: rule))
        if request.place.tierName != nil {
            tierPeriods[id] = request.tierPeriod
            expires = now.adding(seconds: period(atTier: request.tierPeriod, rule))
        } else if let parent = request.parent.flatMap({ open[$0] }),
           parent.expires.bootNanoseconds < expires.bootNanoseconds {
            expires = parent.expires
        }
        let record = LedgerRecord(
            id: id, parent: request.parent, run: run, kind: request.kind, origin: request.origin, purpose: request.purpose,
            place: request.place, reservedBytes: request.reservedBytes, usedBytes: 0, state: .intent,
            erasureClass: request.erasureClass, rule: rule, created: now, touched: now, expires: expires, commitment: commitment)
        add(record)
        return [.insert(record)]
    }

    private mutating func inserted(_ id: RowID, _ now: LedgerInstant) {
        guard let record = open[id] else { return }
        savedExpiry[id] = record.expires.bootNanoseconds
        deadlines.push(id, at: record.expires.bootNanoseconds)
    }

    mutating func add(_ record: LedgerRecord) {
        open[record.id] = record
        if let parent = record.parent { children[parent, default: []].insert(record.id) }
        count(record, 1)
    }

    mutating func forget(_ id: RowID) {
        guard let record = open.removeValue(forKey: id) else { return }
        savedExpiry[id] = nil
        behind.remove(id)
        tierPeriods[id] = nil
        if let parent = record.parent, children[parent]?.remove(id) != nil, children[parent]?.isEmpty ?? false { children[parent] = nil }
        if children[id]?.isEmpty ?? false { children[id] = nil }
        count(record, -1)
    }

    // MARK: The store and the clock

    private mutating func saved(_ ids: [RowID]) {
        for id in ids {
            behind.remove(id)
            if let record = open[id] {
                savedExpiry[id] = record.expires.bootNanoseconds
                deadlines.push(id, at: record.expires.bootNanoseconds)
            } else {
                unsaved[id] = nil
            }
        }
        if unsaved.isEmpty { retrySavesAt = nil }
        if behind.isEmpty { saveBehindAt = nil }
    }

    /// The store is to learn of it with the next ones, together: one transaction for all.
    mutating func fallsBehind(_ id: RowID, isNew: Bool, _ now: LedgerInstant) {
        behind.insert(id)
        let soon = now.adding(seconds: Self.toldWithin).bootNanoseconds
        let later = lastSaveBehind.map { max(soon, $0 + Int64(Self.sizesToldEvery * 1e9)) } ?? soon
        saveBehindAt = min(saveBehindAt ?? .max, isNew ? soon : later)
    }

    private mutating func notSaved(_ ids: [RowID], _ now: LedgerInstant) {
        for id in ids {
            guard let record = open[id], savedExpiry[id] != nil else { continue }
            deadlines.push(id, at: min(record.expires.bootNanoseconds, now.adding(seconds: Self.retryPeriod).bootNanoseconds))
        }
        retrySavesAt = now.adding(seconds: Self.retryPeriod).bootNanoseconds
        if !behind.isEmpty, saveBehindAt == nil { saveBehindAt = retrySavesAt }
    }

    private mutating func tick(_ now: LedgerInstant) -> [Effect] {
        var expired: [RowID] = []
        var again: [RowID] = []
        var behind: [LedgerRecord] = []
        var atTiers: [Effect] = []
        while let id = deadlines.popDue(now.bootNanoseconds) {
            guard var record = open[id] else { continue }
            if record.isAtTier {
                atTiers += dueAtTier(record, now)
                continue
            }
            switch record.state {
            case .intent, .live:
                if record.expires.bootNanoseconds <= now.bootNanoseconds {
                    expired.append(id)
                } else if savedExpiry[id] != record.expires.bootNanoseconds {
                    behind.append(record)
                    deadlines.push(id, at: record.expires.bootNanoseconds)
                }
            case .destroying:
                record.state = .overdue
                open[id] = record
                behind.append(record)
                again.append(id)
            case .overdue:
                again.append(id)
            case .lost, .destroyed, .handedOver:
                break
            }
        }
        var effects = atTiers
        if let due = saveBehindAt, due <= now.bootNanoseconds {
            saveBehindAt = nil
            lastSaveBehind = now.bootNanoseconds
            let known = Set(behind.map(\.id)).union(expired)
            behind += self.behind.subtracting(known).compactMap { open[$0] }.sorted { $0.id.rawValue < $1.id.rawValue }
        }
        if let retry = retrySavesAt, retry <= now.bootNanoseconds {
            retrySavesAt = nil
            behind.append(contentsOf: unsaved.values.sorted { $0.id.rawValue < $1.id.rawValue })
        }
        if !behind.isEmpty { effects.append(.save(behind, required: false)) }
        if !again.isEmpty { effects.append(.erase(again)) }
        if !expired.isEmpty { effects += destroy(expired, .expired, now) }
        return effects
    }
}
