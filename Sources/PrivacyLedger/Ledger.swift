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
    /// Why this ledger is in memory and takes nothing else; nil for one on disk.
    public nonisolated let memoryOnlyBecause: LedgerError?

    var core: LedgerCore
    var store: LedgerStore?
    /// Why there is no store.
    var problem: LedgerError
    let run: RunIdentity
    let isOver: @Sendable (RunIdentity) -> Bool

    var holders: [RowID: any Erasable] = [:]
    var names: [RowID: String] = [:]
    let nameKey = SymmetricKey(size: .bits256)

    /// Terms of transfers that are about to get their row.
    var transfers: [RowID: Transfer] = [:]
    /// Bytes that left, by row of this run, and all others' together.
    var leftByUs: [RowID: Int64] = [:]
    var leftByOthers: Int64 = 0

    /// Open rows that this run does not hold.
    var foreign: [LedgerRecord] = [] {
        didSet { tiersWake = foreign.filter { $0.run == LedgerRecord.noRun && $0.state != .overdue }.map(\.expires.bootNanoseconds).min() }
    }
    /// When the first of them that lies at a tier and is nobody's is due.
    var tiersWake: Int64?
    var foreignVersion: Int64 = 0
    nonisolated let board = Mutex(LedgerSummary())
    var watchers: [UUID: AsyncStream<LedgerSummary>.Continuation] = [:]

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
        run: RunIdentity = .current(), isOver: (@Sendable (RunIdentity) -> Bool)? = nil
    ) async throws(LedgerError) -> Ledger {
        let isOver = isOver ?? { RunIdentity.isOver($0) && !RunLock.isHeld($0.id, in: directory) }
        let ledger = Ledger(
            thread: try LedgerThread(), directory: directory, rules: rules, surroundings: surroundings, clock: clock, run: run,
            isOver: isOver)
        try await ledger.start()
        return ledger
    }

    /// As `open`, for work that keeps nothing outside memory. Where the ledger on disk cannot be written, one in memory takes its
    /// place, and `memoryOnlyBecause` tells why: a row is committed there before its bytes and ends with them, at the latest with
    /// the process. Other processes do not see it, so whoever opens it says so. Everything that is not in memory is refused.
    ///
    /// Errors: `damaged`, `busy`.
    public static func openForMemory(
        at directory: String = Ledger.defaultDirectory, rules: RetentionRules = .standard, surroundings: Surroundings = .current(), clock: LedgerClock = .system,
        run: RunIdentity = .current()
    ) async throws(LedgerError) -> Ledger {
        do throws(LedgerError) {
            let ledger = try await open(at: directory, rules: rules, surroundings: surroundings, clock: clock, run: run)
            do throws(LedgerError) {
                try await ledger.proveWritable()
                return ledger
            } catch {
                await ledger.close()
                throw error
            }
        } catch {
            switch error {
            case .cannotOpen, .cannotWrite: break
            default: throw error
            }
            let ledger = Ledger(
                thread: try LedgerThread(), directory: directory, rules: rules, surroundings: surroundings, clock: clock, run: run,
                isOver: { _ in false }, memoryOnlyBecause: error)
            try await ledger.start()
            return ledger
        }
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
        run: RunIdentity, isOver: @escaping @Sendable (RunIdentity) -> Bool, problem: LedgerError = .closed, memoryOnlyBecause: LedgerError? = nil
    ) {
        self.thread = thread
        self.directory = directory
        self.rules = rules
        self.surroundings = surroundings
        self.clock = clock
        self.run = run
        self.isOver = isOver
        core = LedgerCore(run: run.id, boot: run.boot, rules: rules, memoryQuota: surroundings.memoryQuota, diskQuota: surroundings.diskQuota)
        self.problem = problem
        self.memoryOnlyBecause = memoryOnlyBecause
    }

    deinit { thread.stop() }

    private func facts() -> RunFacts {
        var facts = RunFacts.ofThisProgram.withLock { $0 }?() ?? RunFacts()
        facts.fileSystem = memoryOnlyBecause == nil ? Surroundings.medium(of: directory).rawValue : Surroundings.Medium.memory.rawValue
        return facts
    }

    private func start() throws(LedgerError) {
        // What lives in memory only must not become a core file. Lowering one's own limit is always allowed.
        Surroundings.turnCoreDumpsOff()
        let store = try LedgerStore(directory: memoryOnlyBecause == nil ? directory : nil, run: run, swap: surroundings.swap.rawValue, facts: facts(), now: clock.now())
        self.store = store
        sweep()
        KeyFile.sweep()
        if memoryOnlyBecause == nil { removeOrphans() }
        foreignVersion = try store.foreignVersion()
        foreign = try othersRecords(in: store)
        seeToTiers()
        endWhatNobodyCanOpen()
        leftByOthers = try store.bytesLeft(notOf: run.id)
        publish()
        thread.onAlarm { [weak self] alarm in
            self?.assumeIsolated { ledger in
                switch alarm {
                case .timer: ledger.tick()
                case .foreignWrite: ledger.foreignWrite()
                }
            }
        }
        if memoryOnlyBecause == nil { thread.watch(store.path, in: directory) }
    }

    /// The store's file was removed or replaced while it is in use: what others see holds nothing of what exists here. Its rows are written again where it should be;
    /// where that fails, nothing that has a row here may exist any longer.
    func followStore() throws(LedgerError) {
        guard let old = store, !old.isInPlace else { return }
        let now = clock.now()
        do throws(LedgerError) {
            let new = try LedgerStore(directory: directory, run: run, swap: surroundings.swap.rawValue, facts: facts(), now: now)
            let open = core.open.values.sorted { $0.id.rawValue < $1.id.rawValue }
            let kept = Set(open.map(\.id))
            try new.carryOver(open + core.unsaved.values.sorted { $0.id.rawValue < $1.id.rawValue }, try old.transfers().filter { kept.contains($0.item) }, now: now)
            store = new
            foreignVersion = try new.foreignVersion()
            foreign = try othersRecords(in: new)
            thread.watch(new.path, in: directory)
        } catch {
            store = nil
            problem = error
            destroy(Array(core.open.keys), because: .userRequest)
            throw error
        }
    }

    private func proveWritable() throws(LedgerError) {
        guard let store else { throw problem }
        try store.proveWritable(now: clock.now())
    }

    // MARK: Its end

    /// Destroys everything of this run, notes its end and lets the store go. Afterwards every request is refused.
    public func close() async {
        // What lies at tiers outlives the run: asking for it back is the user's to say.
        destroy(core.open.values.filter { !$0.isResumable && !$0.isAtTier }.map(\.id), because: .quit)
        // Memory that is being freed is freed in a moment; what others hold on to is the next run's.
        for _ in 0..<400 where core.open.values.contains(where: { $0.state == .destroying && holders[$0.id] is UnnamedScratch }) {
            do { try await Task.sleep(for: .milliseconds(5)) } catch { break }
        }
        // What was asked for meanwhile ends too.
        destroy(core.open.values.filter { $0.state != .destroying && !$0.isResumable && !$0.isAtTier }.map(\.id), because: .quit)
        guard let store else { return }
        var haveLeft = true
        do throws(LedgerError) { try perform(core.handle(.leaveTiers, now: clock.now())) } catch { haveLeft = false }
        if !core.unsaved.isEmpty { carryOut([.save(Array(core.unsaved.values), required: false)]) }
        // Rows that could not be settled stay open; the next run adopts and settles them.
        do throws(LedgerError) { try store.endRun(now: clock.now(), complete: haveLeft && core.open.isEmpty && core.unsaved.isEmpty) } catch { note(error) }
        self.store = nil
        problem = .closed
        thread.wake(at: nil)
        for watcher in watchers.values { watcher.finish() }
        watchers = [:]
    }

    /// Does what is due: expiries, late saves, another attempt at what resisted. The thread calls it on time.
    public func tick() {
        carryOut(core.handle(.tick, now: clock.now()))
        seeToTiers()
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
}
