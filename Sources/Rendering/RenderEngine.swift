import AudioFiles
import FoundationEssentials
import Mastering
import PrivacyLedger

/// The one owner of the job queue. Screen and commands send it values and read its events.
///
/// Jobs run on threads of the engine's own, `slots` at once, in the order of submission; measuring and solving for the
/// preview have one thread more, so that an open file never waits behind a render.
public actor RenderEngine {
    public nonisolated let ledger: Ledger
    let tiers: [any Tier]
    let pool: WorkerPool

    var queue: QueueCore
    private var lastID = 0
    var cancellations: [JobID: CancelFlag] = [:]
    var routing: EngineRouting
    private var outcomes: [JobID: [CheckedContinuation<JobStatus, Never>]] = [:]
    private var idlers: [CheckedContinuation<Void, Never>] = []
    private var isShutDown = false
    /// What tiers gave and the check refused, by the job; the ledger ends it.
    var rejected: [JobID: SealedScratch] = [:]

    nonisolated let hub = EventHub()
    var opened: [String: OpenedFile] = [:]
    var measurements: [String: Measurement] = [:]

    /// - Parameters:
    ///   - slots: jobs at once; nil is one per two processors (each master keeps two threads busy).
    ///   - niceness: of the worker threads. The studio gives way to sound and screen; a command has nobody to give way to.
    ///   - remotes: other machines, in the order in which they are asked, before this one.
    ///   - forgetsPrompts: what a prompt said ends with its job, in the list of jobs too.
    public init(ledger: Ledger, tiers: [any Tier] = [LocalTier()], remotes: [any RemoteTier] = [], slots: Int? = nil, niceness: Int32 = 0, forgetsPrompts: Bool = false) {
        let slots = slots ?? max(1, ProcessInfo.processInfo.activeProcessorCount / 2)
        self.ledger = ledger
        self.tiers = tiers
        routing = EngineRouting(remotes: remotes, locals: tiers)
        queue = QueueCore(slots: slots, forgetsPrompts: forgetsPrompts)
        pool = WorkerPool(threads: max(1, slots) + 1, niceness: niceness)
    }

    deinit { pool.stop() }

    // MARK: Jobs

    /// Queues a job. Its progress and its end come as events, or from `outcome(of:)`.
    @discardableResult
    public func submit(_ job: Job) -> JobID { submit(job, as: nil) }

    /// - Parameter identity: of a job that is kept for the case that this engine dies.
    func submit(_ job: Job, as identity: JobIdentity?) -> JobID {
        let id = identity?.id ?? newID()
        routing.identities[id] = identity
        carryOut(queue.handle(.submitted(id, job), now: now()))
        if isShutDown { cancel(id) }
        return id
    }

    /// A number that no job here has had.
    func newID() -> JobID {
        lastID += 1
        return JobID(rawValue: lastID)
    }

    /// Numbers up to this one were another engine's.
    func beginIDs(after last: JobID) { lastID = max(lastID, last.rawValue) }

    /// A job that another engine had done when it died.
    func foundDone(_ job: Job, _ id: JobID, _ reason: String) {
        carryOut(queue.handle(.foundDone(id, job, reason), now: now()))
    }

    /// Takes a waiting job out of the queue; a running one ends at its next block. Harmless for one that is over.
    public func cancel(_ id: JobID) {
        carryOut(queue.handle(.cancelRequested(id), now: now()))
    }

    /// All jobs that wait or run, and the last ones that ended.
    public func jobs() -> [JobStatus] { queue.jobs }

    /// Waits for a job's end. nil for an unknown job.
    public func outcome(of id: JobID) async -> JobStatus? {
        guard let status = queue[id] else { return nil }
        if status.state.isOver { return status }
        return await withCheckedContinuation { outcomes[id, default: []].append($0) }
    }

    /// Everything that happens from now on, for as long as the stream is read. Jobs known now come first.
    public func events() -> AsyncStream<EngineEvent> {
        hub.stream(startingWith: queue.jobs.map { .job($0) })
    }

    /// Forgets the jobs that have ended, with the names they had.
    func forgetEnded() { queue.forgetEnded() }

    /// The jobs known now, and everything that happens after.
    public func attach() -> (jobs: [JobStatus], changes: AsyncStream<EngineEvent>) { (queue.jobs, hub.stream(startingWith: [])) }

    /// Cancels what waits and runs, closes every file and ends the threads. Returns when nothing runs any more.
    public func shutDown() async {
        isShutDown = true
        for status in queue.jobs where !status.state.isOver { cancel(status.id) }
        for measurement in measurements.values { measurement.abandon() }
        for measurement in measurements.values { _ = await measurement.task.result }
        if queue.activeCount > 0 { await withCheckedContinuation { idlers.append($0) } }
        // Tiers are told of what was cancelled, which takes some seconds at most.
        for task in Array(routing.tasks.values) { await task.value }
        for path in Array(opened.keys) { await release(path) }
        routing.end()
        pool.stop()
        hub.finish()
    }

    func now() -> Double { Date().timeIntervalSince1970 }

    func carryOut(_ effects: [QueueCore.Effect]) {
        for effect in effects {
            switch effect {
            case .announce(let status):
                hub.send(.job(status))
                if status.state.isOver {
                    cancellations[status.id] = nil
                    for continuation in outcomes.removeValue(forKey: status.id) ?? [] { continuation.resume(returning: status) }
                }
            case .stop(let id):
                cancellations[id]?.set()
                route(.cancelRequested(id))
            case .start(let id, let job):
                start(id, job)
            }
        }
        if queue.activeCount == 0 {
            for idler in idlers { idler.resume() }
            idlers = []
        }
    }

    func progressed(_ id: JobID, _ stage: JobStage, _ fraction: Double) {
        carryOut(queue.handle(.progressed(id, stage, fraction), now: now()))
    }

    func ended(_ event: QueueCore.Event, of id: JobID) async {
        if let status = queue[id] { await log(status, event) }
        routing.forget(id)
        carryOut(queue.handle(event, now: now()))
    }

    /// Before the end is told: who waits for it may close the ledger.
    private func log(_ status: JobStatus, _ event: QueueCore.Event) async {
        let kind: LogEvent = switch status.job {
        case .master: .master
        case .album: .album
        case .generate: .generate
        }
        var sound = 0.0
        let outcome: LogOutcome
        switch event {
        case .finished(_, let result):
            outcome = .done
            sound = result.seconds
        case .failed(_, let failure): outcome = LogOutcome(exitCode: failure.exitCode)
        default: outcome = .cancelled
        }
        let spent = now() - (status.startedAt ?? now())
        await ledger.log(kind, outcome, spentSeconds: spent, soundSeconds: sound)
        await ledger.count(kind, setting: UsageSetting.of(status.job, event), tier: status.tier ?? "none", outcome, spentSeconds: spent, soundSeconds: sound)
    }
}
