import FoundationEssentials
import Glibc
import PrivacyLedger
import Synchronization

/// The way from the studio and from commands to the engine in a process of its own. Every call comes back; a line that breaks is taken up again.
public final class EngineClient: Sendable {
    /// What is heard of the engine.
    public enum Told: Sendable {
        /// A job is there, or has changed.
        case job(JobStatus)
        /// All that were there when the line was taken up have been told.
        case caughtUp
        /// The engine is gone. What it had not done is another engine's, where one can be had; jobs and their numbers are told anew.
        case gone
        /// After that: jobs that were not over, and that no engine has.
        case lost([JobStatus])
    }

    private struct State: Sendable {
        var line: EngineLine?
        var next = 0
        var waiting: [Int: CheckedContinuation<EngineAnswer?, Never>] = [:]
        var statuses: [JobID: JobStatus] = [:]
        var outcomes: [JobID: [CheckedContinuation<JobStatus?, Never>]] = [:]
        /// Jobs of an engine that is gone, until the next one has told what it has.
        var missing: [JobID: JobStatus] = [:]
        /// An engine of another build was found at work.
        var isOlder = false
    }

    private let state = Mutex(State())
    private let place: EnginePlace
    private let launcher: EngineLauncher?
    private let tell: @Sendable (Told) -> Void
    private let opening = OneAtATime()

    /// - Parameters:
    ///   - launcher: starts the engine when a job comes and there is none; nil never does.
    ///   - tell: called on a thread of the line, one after the other.
    public init(place: EnginePlace = .standard(), launcher: EngineLauncher?, tell: @escaping @Sendable (Told) -> Void = { _ in }) {
        (self.place, self.launcher, self.tell) = (place, launcher, tell)
    }

    /// Whether jobs run in an engine of another build, which ends with them.
    public var isOlder: Bool { state.withLock { $0.isOlder } }
    public var isAttached: Bool { state.withLock { $0.line != nil } }
    /// Whether every job is over: no engine has anything to do, and none is being started for what another one has left.
    public var isSettled: Bool { state.withLock { $0.missing.isEmpty && $0.statuses.values.allSatisfy(\.state.isOver) } }
    /// All jobs that were told, in the order of submission.
    public var jobs: [JobStatus] { state.withLock { $0.statuses.values.sorted { $0.id < $1.id } } }

    // MARK: Calls

    /// Takes up the line to an engine that runs; starts none.
    /// - Returns: false when there is none.
    /// - Throws: `JobFailure` when one is there and cannot be talked to.
    @discardableResult
    public func attach() async throws(JobFailure) -> Bool { try await open(starting: false) }

    /// As `attach`, but starts an engine when there is none: one that died has left jobs.
    @discardableResult
    public func resume() async throws(JobFailure) -> Bool { try await open(starting: true) }

    /// Hands a job to the engine, which is started when there is none. When this returns, the job is the engine's, whatever becomes of this process.
    public func submit(_ job: Job) async throws(JobFailure) -> JobID {
        let key = UUID().uuidString
        for _ in 0..<3 {
            guard try await open(starting: true) else { break }
            switch await call(.submit(key: key, job)) {
            case .submitted(let id)?: return id
            case .refused(let failure)?: throw failure
            // It ended in this moment; another one is started, and the key keeps the job from being there twice.
            case .done?, nil: continue
            }
        }
        throw JobFailure(message: "\(place.folder.printable): no engine comes up there; is the folder writable?", exitCode: 69)
    }

    /// Harmless for a job that is over.
    /// - Returns: false when there is no engine.
    @discardableResult
    public func cancel(_ id: JobID) async throws(JobFailure) -> Bool {
        guard try await open(starting: false) else { return false }
        return await call(.cancel(id)) != nil
    }

    /// What the user says about a tier that a job waits for. Harmless when nothing is asked.
    public func answer(_ id: JobID, _ reply: ConsentReply) async throws(JobFailure) {
        if try await open(starting: false) { _ = await call(.answer(id, reply)) }
    }

    /// Has the engine write what the check refused of a job's results into a file, by its whole path.
    public func saveRejected(_ id: JobID, to path: String) async throws(JobFailure) {
        guard try await open(starting: false) else { throw JobFailure(message: "\(id): no engine runs, so nothing that was refused is kept", exitCode: 66) }
        switch await call(.saveRejected(id, path: path)) {
        case .refused(let failure)?: throw failure
        case nil: throw JobFailure(message: "\(path.printable): the engine was lost meanwhile; try again", exitCode: 75)
        default: return
        }
    }

    /// Waits for a job's end; nil when the engine was lost before.
    public func outcome(of id: JobID) async -> JobStatus? {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> JobStatus?? in
                if let status = state.statuses[id], status.state.isOver { return .some(status) }
                guard state.line != nil || state.missing[id] != nil else { return .some(nil) }
                state.outcomes[id, default: []].append(continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// Lets the line go. The engine's work goes on.
    public func close() {
        let line = state.withLock { state in
            defer { state.line = nil }
            return state.line
        }
        line?.end()
    }

    private func call(_ call: EngineCall) async -> EngineAnswer? {
        await withCheckedContinuation { continuation in
            let (line, number) = state.withLock { state in
                state.next += 1
                if state.line != nil { state.waiting[state.next] = continuation }
                return (state.line, state.next)
            }
            guard let line else { return continuation.resume(returning: nil) }
            // What cannot be sent ends the line, and the reader then answers everybody who waits.
            if !line.send(EngineQuestion(number: number, call: call)) { line.end() }
        }
    }

    // MARK: The line

    private func open(starting: Bool) async throws(JobFailure) -> Bool {
        await opening.enter()
        let result: Result<Bool, JobFailure> = await WaitingThread.run("lathe-engine") { [self] in
            do throws(JobFailure) { return .success(try openHere(starting)) } catch { return .failure(error) }
        }
        await opening.leave()
        return try result.get()
    }

    private func openHere(_ starting: Bool) throws(JobFailure) -> Bool {
        if state.withLock({ $0.line != nil }) { return true }
        for _ in 0..<4 {
            guard let line = try place.connect() else {
                guard starting, let launcher else { return false }
                // False also when another program has just started one, which does not listen yet.
                if !launcher.start() { usleep(50_000) }
                continue
            }
            line.limitWaiting(seconds: 10)
            guard line.send(EngineGreeting()), let theirs = line.receive(EngineGreeting.self) else { continue }
            let active = theirs.active ?? 0
            if theirs.lathe != EngineGreeting.version || theirs.build != EngineGreeting.currentBuild {
                try retire(line, theirs, active)
                if active == 0 {
                    usleep(50_000)
                    continue
                }
            }
            line.limitWaiting(seconds: 0)
            take(line, isOlder: theirs.build != EngineGreeting.currentBuild)
            return true
        }
        return false
    }

    /// Another build: it ends when its work is done, and until then it does what is asked, if it understands.
    private func retire(_ line: EngineLine, _ theirs: EngineGreeting, _ active: Int) throws(JobFailure) {
        guard theirs.lathe == EngineGreeting.version else {
            if let other = try place.connect() { _ = other.send(EngineGreeting(retire: true)); _ = other.receive(EngineGreeting.self) }
            guard active == 0 else {
                throw JobFailure(message: "an engine of another version of Lathe is at work on \(active) job\(active == 1 ? "" : "s"); try again when it is done, or use that version", exitCode: 75)
            }
            return
        }
        _ = line.send(EngineQuestion(number: 0, call: .retire))
    }

    private func take(_ line: EngineLine, isOlder: Bool) {
        state.withLock { state in
            state.line = line
            state.isOlder = isOlder
            state.statuses = [:]
        }
        WaitingThread.start("lathe-listener") { [self] in
            while let message = line.receive(EngineMessage.self) { heard(message) }
            line.end()
            ended(line)
        }
        _ = line.send(EngineQuestion(number: 0, call: .follow))
    }

    private func heard(_ message: EngineMessage) {
        switch message {
        case .answer(let number, let answer):
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: answer)
        case .event(.job(let status)):
            let waiting = state.withLock { state in
                state.statuses[status.id] = status
                return status.state.isOver ? state.outcomes.removeValue(forKey: status.id) ?? [] : []
            }
            tell(.job(status))
            for continuation in waiting { continuation.resume(returning: status) }
        case .event: break
        case .caughtUp:
            giveUpMissing()
            tell(.caughtUp)
        }
    }

    /// What the next engine has not told by now, it does not have.
    private func giveUpMissing() {
        let (lost, waiting) = state.withLock { state in
            let lost = state.missing.values.filter { before in state.statuses[before.id].map { $0.job.output != before.job.output } ?? true }
            state.missing = [:]
            return (lost.sorted { $0.id < $1.id }, lost.flatMap { state.outcomes.removeValue(forKey: $0.id) ?? [] })
        }
        for continuation in waiting { continuation.resume(returning: nil) }
        if !lost.isEmpty { tell(.lost(lost)) }
    }

    private func ended(_ line: EngineLine) {
        let (waiting, outcomes, isLost) = state.withLock { state in
            let wasOurs = state.line === line
            let waiting = state.waiting
            state.waiting = [:]
            var others: [CheckedContinuation<JobStatus?, Never>] = []
            if wasOurs {
                state.line = nil
                state.missing.merge(state.statuses.filter { !$1.state.isOver }) { $1 }
            } else if state.line == nil {
                // Closed from here, nothing is lost.
                others = state.outcomes.values.flatMap(\.self)
                state.outcomes = [:]
            }
            return (waiting, others, wasOurs)
        }
        for continuation in waiting.values { continuation.resume(returning: nil) }
        for continuation in outcomes { continuation.resume(returning: nil) }
        guard isLost else { return }
        tell(.gone)
        guard launcher != nil, state.withLock({ !$0.missing.isEmpty }) else { return giveUp() }
        Task {
            // Which tells what it has; where none comes up, there is nobody to have them.
            let isThere = try? await self.open(starting: true)
            if isThere != true { self.giveUp() }
        }
    }

    private func giveUp() {
        state.withLock { $0.statuses = [:] }
        giveUpMissing()
    }
}

/// Lets one task at a time through.
private actor OneAtATime {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func enter() async {
        if !isTaken { isTaken = true; return }
        await withCheckedContinuation { waiting.append($0) }
    }

    func leave() {
        if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
}
