import CLinux
import Crypto
import FoundationEssentials
import Synchronization

/// The privacy ledger: who wants to keep something for a while asks here first, and gets a row that is already on disk.
///
/// Lives on a thread of its own, which also wakes when an item's time has come (on CLOCK_BOOTTIME, so neither a turned
/// clock nor a closed lid lengthens a life). Every decision is `LedgerCore`'s; this carries it out.
///
/// Several processes use one ledger at once; see `LedgerStore` for how they share it. Rows of a run that ended without
/// settling (kill -9, power cut) are settled when the next process opens the ledger.
public actor Ledger {
    nonisolated let thread: LedgerThread
    public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    public nonisolated let directory: String
    public nonisolated let clock: LedgerClock
    public nonisolated let rules: RetentionRules
    public nonisolated let surroundings: Surroundings

    var core: LedgerCore
    var store: LedgerStore?
    /// Why there is no store.
    var problem: LedgerError
    let run: RunIdentity
    private let isOver: @Sendable (RunIdentity) -> Bool

    private var holders: [RowID: any Erasable] = [:]
    private(set) var names: [RowID: String] = [:]
    private let nameKey = SymmetricKey(size: .bits256)
    private var waiting: [RowID: [CheckedContinuation<Void, Never>]] = [:]

    private var foreign: [LedgerRecord] = []
    private var foreignVersion: Int64 = 0
    private nonisolated let board = Mutex(LedgerSummary())
    private var watchers: [UUID: AsyncStream<LedgerSummary>.Continuation] = [:]

    /// `$XDG_STATE_HOME/lathe`, by default `~/.local/state/lathe` (XDG Base Directory Specification: relative paths do not count).
    public static var defaultDirectory: String {
        let environment = ProcessInfo.processInfo.environment
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/lathe" }
        let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? FileManager.default.homeDirectoryForCurrentUser.path
        return home + "/.local/state/lathe"
    }

    /// Opens the ledger in `directory`, making it when missing, and settles what earlier runs left behind.
    ///
    /// Blocks the ledger's own thread only. Errors: `cannotOpen`, `damaged`, `busy`.
    public static func open(
        at directory: String = Ledger.defaultDirectory, rules: RetentionRules = .standard,
        surroundings: Surroundings = .current(), clock: LedgerClock = .system,
        run: RunIdentity = .current(), isOver: @escaping @Sendable (RunIdentity) -> Bool = RunIdentity.isOver
    ) async throws(LedgerError) -> Ledger {
        let ledger = Ledger(
            thread: try LedgerThread(), directory: directory, rules: rules, surroundings: surroundings, clock: clock, run: run,
            isOver: isOver)
        try await ledger.start()
        return ledger
    }

    /// A ledger that refuses every new item with `error`: the studio still opens, and says why it can do little.
    public static func refusing(_ error: LedgerError) throws(LedgerError) -> Ledger {
        let ledger = Ledger(
            thread: try LedgerThread(), directory: defaultDirectory, rules: .standard, surroundings: .current(), clock: .system,
            run: .current(), isOver: RunIdentity.isOver, problem: error)
        ledger.board.withLock { $0.problem = error.message }
        return ledger
    }

    private init(
        thread: LedgerThread, directory: String, rules: RetentionRules, surroundings: Surroundings, clock: LedgerClock,
        run: RunIdentity, isOver: @escaping @Sendable (RunIdentity) -> Bool, problem: LedgerError = .closed
    ) {
        self.thread = thread
        self.directory = directory
        self.rules = rules
        self.surroundings = surroundings
        self.clock = clock
        self.run = run
        self.isOver = isOver
        core = LedgerCore(run: run.id, rules: rules, memoryQuota: surroundings.memoryQuota)
        self.problem = problem
    }

    deinit { thread.stop() }

    private func start() throws(LedgerError) {
        // What lives in memory only must not become a core file. Lowering one's own limit is always allowed.
        Surroundings.turnCoreDumpsOff()
        let store = try LedgerStore(directory: directory, run: run, swap: surroundings.swap.rawValue)
        self.store = store
        sweep()
        foreignVersion = try store.foreignVersion()
        foreign = try othersRecords(in: store)
        publish()
        thread.onAlarm { [weak self] alarm in
            self?.assumeIsolated { ledger in
                switch alarm {
                case .timer: ledger.tick()
                case .foreignWrite: ledger.foreignWrite()
                }
            }
        }
        thread.watch(store.path)
    }

    // MARK: An item's life

    /// Commits a row for what is about to exist. When this returns, and not before, bytes may be made.
    ///
    /// Cost: one durable transaction. Errors: `cannotWrite`, `busy`, `overQuota`, `parentGone`.
    public func create(_ request: ItemRequest) throws(LedgerError) -> RowID {
        let id = RowID()
        let commitment = request.displayName.map { name in
            Array(HMAC<SHA256>.authenticationCode(for: Data((id.rawValue + name).utf8), using: nameKey))
        }
        try perform(core.handle(.create(id, request, commitment: commitment), now: clock.now()))
        names[id] = request.displayName
        publish()
        return id
    }

    /// Puts a value in memory under its row; the ledger drops it when the row ends.
    ///
    /// Errors: `parentGone` when the row has ended meanwhile; the value is then not kept.
    /// - Parameter whenErased: called once, on the ledger's thread, when the value has been dropped.
    public func hold<Value: Sendable>(
        _ value: Value, bytes: Int64, under id: RowID, whenErased: @escaping @Sendable () -> Void = {}
    ) throws(LedgerError) -> Held<Value> {
        let held = Held(id: id, value, whenErased: whenErased)
        try attach(held, bytes: bytes, to: id)
        return held
    }

    /// Names who lets the bytes of a row go, and says that they exist now.
    public func attach(_ holder: any Erasable, bytes: Int64, to id: RowID) throws(LedgerError) {
        guard let record = core.open[id], record.state == .intent || record.state == .live else {
            _ = holder.erase()
            throw .parentGone
        }
        holders[id] = holder
        try used(bytes, by: id)
    }

    /// A row and a file without a name in `folder`'s file system.
    public func makeScratch(_ request: ItemRequest, in folder: String) throws(LedgerError) -> UnnamedScratch {
        try makeScratch(request) { id throws(LedgerError) in try .onDisk(id: id, folder: folder) }
    }

    /// A row and a file without a name in memory.
    public func makeScratchInMemory(_ request: ItemRequest) throws(LedgerError) -> UnnamedScratch {
        try makeScratch(request) { id throws(LedgerError) in try .inMemory(id: id) }
    }

    private func makeScratch(
        _ request: ItemRequest, _ make: (RowID) throws(LedgerError) -> UnnamedScratch
    ) throws(LedgerError) -> UnnamedScratch {
        let id = try create(request)
        do throws(LedgerError) {
            let scratch = try make(id)
            try attach(scratch, bytes: 0, to: id)
            return scratch
        } catch {
            destroy([id], because: .neverBegan)
            throw error
        }
    }

    /// Says how many bytes an item occupies now.
    public func used(_ bytes: Int64, by id: RowID) throws(LedgerError) {
        try perform(core.handle(.used(id, bytes: max(0, bytes)), now: clock.now()))
        publish()
    }

    /// Commits the one name an item will have on disk, before it has it. The name must be `NamedScratch.name(for: id)`.
    public func registerName(_ path: String, for id: RowID) throws(LedgerError) {
        precondition(NamedScratch.isOurs(path), "scratch is named by NamedScratch.name(for:)")
        try perform(core.handle(.named(id, path: path), now: clock.now()))
    }

    /// The item was used: its idle time starts anew. Cheap; the store is written every half minute at most.
    public func touch(_ id: RowID) {
        carryOut(core.handle(.touched(id), now: clock.now()))
    }

    /// The item is the user's own file now, under the name that was asked for.
    public func handedOver(_ id: RowID, bytes: Int64) {
        carryOut(core.handle(.used(id, bytes: max(0, bytes)), now: clock.now()))
        carryOut(core.handle(.handedOver(id), now: clock.now()))
        holders[id] = nil
        closeOut([id])
    }

    /// Gives an item another period, if its rule allows. Rows of another running Lathe are passed on to it.
    public func extend(_ id: RowID) throws(LedgerError) {
        if core.open[id] != nil {
            try perform(core.handle(.extended(id), now: clock.now()))
            return publish()
        }
        guard let store else { throw problem }
        guard try store.wish(.extend, for: [id]) > 0 else { throw .noSuchRow(id.rawValue) }
    }

    // MARK: An item's end

    /// Destroys rows of this run and all that was derived from them. Works on a full or read-only disk: the bytes go first.
    public func destroy(_ ids: [RowID], because reason: DestroyReason) {
        carryOut(core.handle(.destroy(ids, reason), now: clock.now()))
    }

    /// Whoever answered `pending` to `erase` has let go: no descriptor and no memory is left.
    public func released(_ id: RowID, because reason: DestroyReason = .jobEnded) {
        holders[id] = nil
        destroy([id], because: reason)
    }

    /// Returns once the row is settled (at once when it already is).
    public func settled(_ id: RowID) async {
        guard core.open[id] != nil else { return }
        await withCheckedContinuation { waiting[id, default: []].append($0) }
    }

    /// Whether the bytes of a row may exist.
    public func isOpen(_ id: RowID) -> Bool {
        core.open[id].map { $0.state == .intent || $0.state == .live } ?? false
    }

    /// Destroys everything of this run, notes its end and lets the store go. Afterwards every request is refused.
    public func close() {
        destroy(Array(core.open.keys), because: .quit)
        guard let store else { return }
        if !core.unsaved.isEmpty { carryOut([.save(Array(core.unsaved.values), required: false)]) }
        // Rows that could not be settled stay open; the next run adopts and settles them.
        do throws(LedgerError) { try store.endRun(now: clock.now(), complete: core.open.isEmpty && core.unsaved.isEmpty) } catch { note(error) }
        self.store = nil
        problem = .closed
        thread.wake(at: nil)
        for watcher in watchers.values { watcher.finish() }
        watchers = [:]
    }

    /// Does what is due: expiries, late saves, another attempt at what resisted. The thread calls it on time.
    public func tick() {
        carryOut(core.handle(.tick, now: clock.now()))
    }

    // MARK: Seen from outside

    /// Items, bytes and the next end; never waits.
    public nonisolated var summary: LedgerSummary { board.withLock { $0 } }

    /// The summary now and after every change. A slow reader sees the newest only.
    public func changes() -> AsyncStream<LedgerSummary> {
        let (stream, continuation) = AsyncStream.makeStream(of: LedgerSummary.self, bufferingPolicy: .bufferingNewest(1))
        let key = UUID()
        watchers[key] = continuation
        continuation.onTermination = { [weak self] _ in Task { await self?.forgetWatcher(key) } }
        continuation.yield(summary)
        return stream
    }

    private func forgetWatcher(_ key: UUID) { watchers[key] = nil }

    // MARK: Carrying out

    /// For what must not happen without its record.
    private func perform(_ effects: [LedgerCore.Effect]) throws(LedgerError) {
        var queue = effects[...]
        var refusal: LedgerError?
        while let effect = queue.popFirst() {
            switch effect {
            case .refuse(let error):
                refusal = error
            case .insert(let record):
                do throws(LedgerError) {
                    guard let store else { throw problem }
                    try store.insert(record)
                    queue += core.handle(.inserted(record.id), now: clock.now())
                } catch {
                    queue += core.handle(.notInserted(record.id), now: clock.now())
                    refusal = error
                }
            case .save(let records, let required):
                let ids = records.map(\.id)
                do throws(LedgerError) {
                    guard let store else { throw problem }
                    try store.save(records)
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
        thread.wake(at: core.nextWake)
        if let refusal { throw refusal }
    }

    /// For what goes on whatever the store says: ends, and records that can wait. The core remembers what is not yet saved.
    func carryOut(_ effects: [LedgerCore.Effect]) {
        do throws(LedgerError) { try perform(effects) } catch { note(error) }
        publish()
    }

    private func note(_ error: LedgerError?) {
        board.withLock { $0.problem = error?.message }
    }

    private func erase(_ ids: [RowID]) -> [LedgerCore.Effect] {
        var gone: [RowID] = []
        var pending: [RowID] = []
        var effects: [LedgerCore.Effect] = []
        for id in ids {
            guard let record = core.open[id] else { continue }
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
            switch record.scratchPath.map(NamedScratch.remove) ?? .absent {
            case .absent: gone.append(id)
            case .placeMissing: effects += core.handle(.eraseFailed(id, placeMissing: true), now: clock.now())
            case .failed: effects += core.handle(.eraseFailed(id, placeMissing: false), now: clock.now())
            }
        }
        if !pending.isEmpty { effects += core.handle(.erasePending(pending), now: clock.now()) }
        effects += core.handle(.erased(gone), now: clock.now())
        closeOut(gone)
        return effects
    }

    private func closeOut(_ ids: [RowID]) {
        for id in ids {
            names[id] = nil
            for continuation in waiting.removeValue(forKey: id) ?? [] { continuation.resume() }
        }
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
            try store.countRowsSettled(before: now.wallSeconds - rules.historySeconds)
        } catch {
            note(error)
        }
    }

    private func foreignWrite() {
        guard let store else { return }
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
        let changed = board.withLock { board in
            new.problem = board.problem
            defer { board = new }
            return board != new
        }
        guard changed else { return }
        for watcher in watchers.values { watcher.yield(new) }
    }
}
