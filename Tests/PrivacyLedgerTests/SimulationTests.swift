import Testing
@testable import PrivacyLedger

/// Random lives with a failing store, failing erasures, tiers that answer or do not, and a jumping clock; the laws hold after every step.
struct SimulationTests {
    /// All lives together: a million steps in the long form.
    static let lives = 20
    static let steps = long ? 50_000 : 2500

    @Test(arguments: 0..<UInt64(lives))
    func theLawsHoldUnderRandomFaults(seed: UInt64) throws {
        var life = SimulatedLife(seed: seed)
        for _ in 0..<Self.steps { try life.step() }
        try life.end()
    }

    /// The same seed is the same life, also where dictionaries and sets have another order: a failure can be looked at again.
    @Test func aSeedReplaysExactly() throws {
        var first = SimulatedLife(seed: 77), second = SimulatedLife(seed: 77), other = SimulatedLife(seed: 78)
        second.core.open.reserveCapacity(5000)
        second.core.unsaved.reserveCapacity(3000)
        second.core.children.reserveCapacity(7000)
        for _ in 0..<4000 {
            try first.step()
            try second.step()
            try other.step()
        }
        #expect(first.trace == second.trace && first.trace != other.trace)
    }

    /// The watch over the laws sees when one is broken.
    @Test(arguments: 0..<5)
    func aBrokenLawIsSeen(which: Int) throws {
        var life = SimulatedLife(seed: 5)
        // With nothing that waits to be saved, the deadlines are all that wakes.
        while life.core.saveBehindAt != nil || !life.core.unsaved.isEmpty || !life.core.open.values.contains(where: { $0.state == .live && $0.place == .ram && $0.parent.flatMap { life.core.open[$0] } != nil }) { try life.step() }
        let id = try #require(life.core.open.values.first { $0.state == .live && $0.place == .ram && $0.parent.flatMap { life.core.open[$0] } != nil }?.id)
        switch which {
        case 0: life.core.open[id]?.expires.bootNanoseconds += 4_000_000_000_000_000
        case 1: life.core.memoryBytes += 1
        case 2:
            life.core.deadlines = DeadlineQueue()
            _ = life.core.handle(.saved([]), now: LedgerCoreTests.instant(0))
        case 3: life.core.unsaved[id] = life.core.open[id]
        default: life.core.open[id]?.usedBytes += 1000
        }
        #expect(throws: LawBroken.self) { try life.check(all: true) }
    }
}

/// Which law, of which row, when.
struct LawBroken: Error, CustomStringConvertible {
    var description: String
}

/// One life of the core: events drawn from a seed, effects answered by a world in which everything fails now and then.
struct SimulatedLife {
    var core = LedgerCore(run: "run", memoryQuota: 1000, diskQuota: 2000)
    let seed: UInt64
    private var random: SplitMix
    private var clock = LedgerCoreTests.instant(0)
    private var known: [RowID] = []
    private var count = 0
    /// Rows that the step at hand may have changed.
    private var touched: Set<RowID> = []
    /// What each row takes of the two quotas, and the sums, kept beside the core.
    private var shares: [RowID: (memory: Int64, disk: Int64)] = [:]
    private var sums: (memory: Int64, disk: Int64) = (0, 0)
    /// Rows at tiers that were left to nobody.
    private var left: [LedgerRecord] = []
    /// Of all effects so far.
    private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325

    init(seed: UInt64) {
        self.seed = seed
        random = SplitMix(state: seed)
    }

    private mutating func newID() -> RowID {
        let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz")
        return RowID(rawValue: String((0..<16).map { _ in alphabet[random.below(32)] })) ?? RowID()
    }

    // MARK: A step

    mutating func step() throws {
        count += 1
        touched = []
        // A disk that was away is back from time to time, and what was lost with it ends; else it would pile up.
        let isBack = count % 256 == 255
        if known.count > 512 { known.removeFirst(256) }
        clock.bootNanoseconds += Int64(random.below(200)) * 1_000_000_000 - (random.chance(0.1) ? 400_000_000_000 : 0)
        clock.wallSeconds += Double(random.below(7200)) - 3600
        carry(isBack ? [.destroy(core.open.values.filter { $0.state == .lost }.map(\.id).sorted { $0.rawValue < $1.rawValue }, .userRequest)] : draw(), isBack: isBack)
        try check(all: count % 128 == 0)
    }

    private mutating func draw() -> [LedgerCore.Event] {
        // Mostly rows that still live: the clock ends most of them within a dozen steps.
        let reach = random.chance(0.8) ? min(12, known.count) : known.count
        let some = known.isEmpty ? newID() : known[known.count - 1 - random.below(reach)]
        let bytes = Int64(random.below(300))
        switch random.below(14) {
        case 0...3:
            let id = newID()
            known.append(id)
            let kind = ItemKind.allCases[random.below(ItemKind.allCases.count)]
            let place: ItemPlace = random.chance(0.15) ? .tier("t") : random.chance(0.5) ? .ram : .disk
            var wanted = request(kind, place, parent: random.chance(0.4) ? some : nil, bytes: Int64(random.below(200)))
            if place.tierName != nil {
                wanted.rule = random.chance(0.5) ? .declaredPeriod : .untilReceipt
                wanted.tierPeriod = random.chance(0.1) ? .nan : Double(random.below(5000)) - 10
            }
            return [.create(id, wanted, commitment: nil)]
        case 4: return [.touched(some)]
        case 5: return [.extended(some)]
        case 6: return [.used(some, bytes: bytes)]
        case 7: return [random.chance(0.5) ? .named(some, path: "/x") : .handedOver(some)]
        case 8: return [.destroy([some], .userRequest)]
        case 9: return [random.chance(0.5) ? .tick : .makeRoom(bytes, random.chance(0.5) ? .ram : .disk, sparing: some)]
        case 10: return [.sent(some, bytes: bytes)]
        case 11: return [random.chance(0.5) ? .sendingEnded(some) : .periodStated(some, seconds: random.chance(0.1) ? .infinity : Double(bytes))]
        case 12: return [random.chance(0.5) ? .goneAtTier(some, .receipt) : random.chance(0.5) ? .tierAsked(some) : .tierDidNot(some)]
        default:
            if random.chance(0.02) { return [.leaveTiers] }
            guard var record = left.popLast() else { return [.tick] }
            record.run = "run"
            known.append(record.id)
            return [.tookOver([record])]
        }
    }

    private mutating func carry(_ events: [LedgerCore.Event], isBack: Bool = false, isSound: Bool = false) {
        var queue = (events + [.tick])[...]
        while let event = queue.popFirst() {
            touch(event)
            for effect in core.handle(event, now: clock) {
                note(effect)
                switch effect {
                case .insert(let record): queue.append(isSound || random.chance(0.9) ? .inserted(record.id) : .notInserted(record.id))
                case .save(let records, _):
                    let ids = records.map(\.id)
                    left += records.filter { $0.run == LedgerRecord.noRun }
                    touched.formUnion(ids)
                    queue.append(isSound || random.chance(0.8) ? .saved(ids) : .notSaved(ids))
                case .erase(let ids):
                    touched.formUnion(ids)
                    for id in ids {
                        if core.open[id]?.isAtTier ?? false {
                            if random.chance(0.3) { queue.append(random.chance(0.8) ? .tierAsked(id) : .goneAtTier(id, .neverBegan)) }
                        } else if isSound || random.chance(0.8) {
                            queue.append(.erased([id]))
                        } else {
                            queue.append(random.chance(0.5) ? .erasePending([id]) : .eraseFailed(id, placeMissing: !isBack && random.chance(0.2)))
                        }
                    }
                case .refuse: break
                }
            }
        }
    }

    private mutating func touch(_ event: LedgerCore.Event) {
        switch event {
        case .create(let id, _, _), .inserted(let id), .notInserted(let id), .used(let id, _), .named(let id, _), .touched(let id), .extended(let id), .handedOver(let id),
             .eraseFailed(let id, _), .sent(let id, _), .sendingEnded(let id), .periodStated(let id, _), .goneAtTier(let id, _), .tierAsked(let id), .tierDidNot(let id):
            touched.insert(id)
        case .destroy(let ids, _), .erased(let ids), .erasePending(let ids), .saved(let ids), .notSaved(let ids): touched.formUnion(ids)
        case .makeRoom, .tick, .leaveTiers: break
        case .adopted(let records), .tookOver(let records): touched.formUnion(records.map(\.id))
        }
    }

    private mutating func note(_ effect: LedgerCore.Effect) {
        func mix(_ text: String) {
            for byte in text.utf8 { trace = (trace ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        switch effect {
        case .insert(let record): mix("i\(record.id) \(record.expires.bootNanoseconds)")
        case .save(let records, let required): for record in records { mix("s\(record.id) \(record.state) \(record.usedBytes) \(required)") }
        case .erase(let ids): for id in ids { mix("e\(id)") }
        case .refuse(let error): mix("r\(error.message)")
        }
    }

    // MARK: The laws

    /// - Parameter all: every open row; else those that the step touched, and what was derived from them.
    mutating func check(all: Bool) throws {
        let wake = core.nextWake ?? .max
        var waiting = all ? Array(Set(core.open.keys).union(shares.keys)) : Array(touched)
        var seen: Set<RowID> = []
        while let id = waiting.popLast() {
            guard seen.insert(id).inserted else { continue }
            waiting += core.children[id] ?? []
            let old = shares[id] ?? (0, 0)
            guard let record = core.open[id] else {
                (sums.memory, sums.disk) = (sums.memory - old.memory, sums.disk - old.disk)
                shares[id] = nil
                continue
            }
            let bytes = max(record.reservedBytes, record.usedBytes)
            let new: (memory: Int64, disk: Int64) = (record.place == .ram ? bytes : 0, record.place == .disk && record.kind != .renderScratch ? bytes : 0)
            (sums.memory, sums.disk) = (sums.memory + new.memory - old.memory, sums.disk + new.disk - old.disk)
            shares[id] = new
            try hold(record, wake)
        }
        guard core.memoryBytes == sums.memory, core.diskBytes == sums.disk else { throw broken("the sums are not those of the rows") }
    }

    private func hold(_ record: LedgerRecord, _ wake: Int64) throws {
        let longest = core.rules[record.rule].hardSeconds + 1e-6
        guard record.expires.seconds(since: record.isAtTier ? record.touched : record.created) <= longest else { throw broken("\(record.id) is not finite") }
        guard core.unsaved[record.id] == nil else { throw broken("\(record.id) is open and settled") }
        guard record.settled == nil, record.run == "run" else { throw broken("\(record.id) is open and settled, or another's") }
        if record.isAtTier {
            guard record.scratchPath == nil, record.state != .destroyed, record.state != .lost else { throw broken("\(record.id) lies at a tier and is \(record.state)") }
            guard record.state == .overdue || record.expires.bootNanoseconds >= wake else { throw broken("nobody would wake for \(record.id)") }
        } else if record.state == .intent || record.state == .live {
            guard record.expires.bootNanoseconds >= wake else { throw broken("nobody would wake for \(record.id)") }
            if let parent = record.parent.flatMap({ core.open[$0] }), !parent.isAtTier, record.expires.bootNanoseconds > parent.expires.bootNanoseconds {
                throw broken("\(record.id) outlives its parent")
            }
        }
    }

    private func broken(_ what: String) -> LawBroken { LawBroken(description: "seed \(seed), step \(count): \(what)") }

    /// With a store and a disk that work again, everything ends.
    mutating func end() throws {
        clock.bootNanoseconds = max(clock.bootNanoseconds, LedgerCoreTests.instant(1e9).bootNanoseconds)
        for _ in 0..<10 {
            clock.bootNanoseconds += 100_000_000_000
            carry([.destroy(core.open.keys.sorted { $0.rawValue < $1.rawValue }, .quit), .leaveTiers], isSound: true)
        }
        guard core.open.isEmpty, core.unsaved.isEmpty, core.children.isEmpty, core.savedExpiry.isEmpty, core.tierPeriods.isEmpty else { throw broken("something never ends") }
    }
}
