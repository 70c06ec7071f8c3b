/// The life of jobs, as a value: who runs next, what a cancel means, what is announced. No clock, no thread.
struct QueueCore: Sendable {
    enum Event: Sendable {
        case submitted(JobID, Job)
        /// Done before this queue began, and why that is known.
        case foundDone(JobID, Job, String)
        case placed(JobID, tier: String, reason: String)
        case routed(JobID, RouteLog)
        case toldByTier(JobID, RemoteProgress)
        case progressed(JobID, JobStage, Double)
        case cancelRequested(JobID)
        case finished(JobID, JobResult)
        case failed(JobID, JobFailure)
        /// The tier has let go after a cancel.
        case cancelled(JobID)
    }

    enum Effect: Sendable, Equatable {
        case start(JobID, Job)
        /// Tell the tier to stop.
        case stop(JobID)
        case announce(JobStatus)
    }

    /// Jobs that may run at once.
    let slots: Int
    /// Ended jobs that are remembered.
    let memory: Int
    /// Whether what a prompt said ends with its job.
    let forgetsPrompts: Bool

    private var statuses: [JobID: JobStatus] = [:]
    private var waiting: [JobID] = []
    private var running: Set<JobID> = []
    private var ended: [JobID] = []

    init(slots: Int, memory: Int = 200, forgetsPrompts: Bool = false) {
        self.slots = max(1, slots)
        self.forgetsPrompts = forgetsPrompts
        self.memory = memory
    }

    /// In the order of submission.
    var jobs: [JobStatus] { statuses.values.sorted { $0.id < $1.id } }
    var activeCount: Int { waiting.count + running.count }

    subscript(id: JobID) -> JobStatus? { statuses[id] }

    /// - Parameter now: seconds since 1970.
    mutating func handle(_ event: Event, now: Double) -> [Effect] {
        switch event {
        case .submitted(let id, let job):
            let status = JobStatus(id: id, job: job, state: .queued, stage: .waiting, fraction: 0, submittedAt: now)
            statuses[id] = status
            waiting.append(id)
            return [.announce(status)] + startNext(now)

        case .foundDone(let id, let job, let reason):
            statuses[id] = JobStatus(id: id, job: job, state: .queued, stage: .done, fraction: 1, submittedAt: now)
            return end(id, .finished, now) { $0.reason = reason }

        case .placed(let id, let tier, let reason):
            return change(id) { $0.tier = tier; $0.reason = reason }

        case .routed(let id, let log):
            return change(id) { $0.route = log }

        case .toldByTier(let id, let progress):
            guard let status = statuses[id], status.state == .running else { return [] }
            return change(id) {
                $0.remote = progress
                $0.stage = .rendering
                if let fraction = progress.fraction { $0.fraction = max(status.fraction, 0.9 * fraction) }
            }

        case .progressed(let id, let stage, let fraction):
            guard let status = statuses[id], status.state == .running, fraction.isFinite else { return [] }
            let overall = max(status.fraction, Self.overall(stage, fraction))
            guard overall > status.fraction || stage != status.stage else { return [] }
            // What happens here is no longer the tier's.
            return change(id) { $0.fraction = overall; $0.stage = stage; $0.remote = nil }

        case .cancelRequested(let id):
            guard let status = statuses[id] else { return [] }
            switch status.state {
            case .queued:
                waiting.removeAll { $0 == id }
                return end(id, .cancelled, now) { $0.failure = Self.cancellation(of: $0.job) }
            case .running:
                return change(id) { $0.state = .cancelling } + [.stop(id)]
            case .cancelling, .finished, .failed, .cancelled:
                return []
            }

        case .finished(let id, let result):
            guard running.remove(id) != nil else { return [] }
            return end(id, .finished, now) { $0.result = result; $0.fraction = 1; $0.stage = .done } + startNext(now)

        case .failed(let id, let failure):
            guard running.remove(id) != nil else { return [] }
            return end(id, .failed, now) { $0.failure = failure } + startNext(now)

        case .cancelled(let id):
            guard running.remove(id) != nil else { return [] }
            return end(id, .cancelled, now) { $0.failure = Self.cancellation(of: $0.job) } + startNext(now)
        }
    }

    /// What has ended is as if it had never been.
    mutating func forgetEnded() {
        for id in ended { statuses[id] = nil }
        ended = []
    }

    private mutating func startNext(_ now: Double) -> [Effect] {
        var effects: [Effect] = []
        while running.count < slots, !waiting.isEmpty {
            let id = waiting.removeFirst()
            running.insert(id)
            effects += change(id) { $0.state = .running; $0.startedAt = now; $0.stage = .measuring }
            if let status = statuses[id] { effects.append(.start(id, status.job)) }
        }
        return effects
    }

    private mutating func end(_ id: JobID, _ state: JobState, _ now: Double, _ edit: (inout JobStatus) -> Void) -> [Effect] {
        let forgets = forgetsPrompts
        let effects = change(id) {
            $0.state = state
            $0.endedAt = now
            edit(&$0)
            if forgets { $0.forgetPrompt() }
        }
        ended.append(id)
        if ended.count > memory { statuses[ended.removeFirst()] = nil }
        return effects
    }

    private mutating func change(_ id: JobID, _ edit: (inout JobStatus) -> Void) -> [Effect] {
        guard var status = statuses[id] else { return [] }
        edit(&status)
        statuses[id] = status
        return [.announce(status)]
    }

    /// Shares of a job's time: measuring reads once, the solve runs the chain several times.
    private static func overall(_ stage: JobStage, _ fraction: Double) -> Double {
        let f = min(max(fraction, 0), 1)
        return switch stage {
        case .waiting: 0
        case .measuring: 0.25 * f
        // Playing takes longer than measuring, and comes before it.
        case .rendering: 0.5 * f
        case .solving: 0.25 + 0.70 * f
        case .finishing: 0.95 + 0.05 * f
        case .done: 1
        }
    }

    private static func cancellation(of job: Job) -> JobFailure { .cancelled(output: job.output) }
}
