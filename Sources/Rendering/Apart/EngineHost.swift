import AudioFiles
import FoundationEssentials
import PrivacyLedger

/// The engine in a process of its own: takes jobs from the studio and from commands, and goes on when they end. One for each user and ledger.
///
/// Each job has a row from before it is accepted until it ends, so that a killed engine's jobs are known to have been lost. The engine ends by itself when it has
/// nothing to do and nothing to tell.
public actor EngineHost {
    /// A line and what goes over it.
    private struct Visitor: Sendable {
        let line: EngineLine
        /// The other end may be slow, and a full line blocks who sends.
        let outgoing: Outgoing
        var following: Task<Void, Never>?
    }

    private let ledger: Ledger
    private let engine: RenderEngine
    private let listening: EnginePlace.Listening
    /// Seconds that ended jobs are kept for somebody who has not heard of their end.
    private let patience: Double

    private var visitors: [Int: Visitor] = [:]
    private var nextVisitor = 0
    private static let mostVisitors = 64
    /// Jobs by the wish they came from; forgotten with the engine.
    private var wishes: [String: JobID] = [:]
    private var rows: [JobID: RowID] = [:]
    private var active: Set<JobID> = []
    /// Ended while nobody looked.
    private var untold: Set<JobID> = []
    /// Somebody has been told of their end; who is told may be gone before it is noted here.
    private var told: Set<JobID> = []
    private var isRetiring = false
    private var isEnding = false
    private var alarm: Task<Void, Never>?
    private var end: CheckedContinuation<Void, Never>?

    /// Serves until there is nothing left to do, or `stop` is called.
    /// - Parameters:
    ///   - remotes: other machines that jobs may go to.
    ///   - patience: seconds that ended jobs wait for somebody to look.
    ///   - open: opens the ledger, once this engine is the only one.
    ///   - ready: called when others can connect.
    ///   - started: called with what ends it early.
    /// - Returns: false when another engine serves already.
    /// - Throws: `JobFailure`, `LedgerError`.
    public static func serve(
        at place: EnginePlace = .standard(), tiers: [any Tier] = [LocalTier()], remotes: [any RemoteTier] = [], patience: Double = 600, ledger open: () async throws -> Ledger, ready: () -> Void = {},
        started: (EngineHost) -> Void = { _ in }
    ) async throws -> Bool {
        guard let listening = try place.listen() else { return false }
        let ledger = try await open()
        // Sound and screen of a studio on the same machine come first.
        let engine = RenderEngine(ledger: ledger, tiers: tiers, remotes: remotes, niceness: 10, forgetsPrompts: true)
        let host = EngineHost(ledger, engine, listening, patience)
        started(host)
        await host.begin()
        ready()
        await host.untilEnd()
        await engine.shutDown()
        await host.sayGoodbye()
        await ledger.close()
        return true
    }

    private init(_ ledger: Ledger, _ engine: RenderEngine, _ listening: EnginePlace.Listening, _ patience: Double) {
        (self.ledger, self.engine, self.listening, self.patience) = (ledger, engine, listening, patience)
    }

    private func begin() {
        Task { [engine] in
            for await event in await engine.attach().changes {
                if case .job(let status) = event { await self.changed(status) }
            }
        }
        WaitingThread.start("lathe-door") { [listening] in
            while let line = listening.accept() { Task { await self.welcome(line) } }
        }
        // Whoever had it started comes at once.
        wait(5)
    }

    private func untilEnd() async {
        if isEnding { return }
        await withCheckedContinuation { end = $0 }
    }

    /// Cancels what runs and ends.
    public func stop() {
        guard !isEnding else { return }
        isEnding = true
        alarm?.cancel()
        listening.end()
        end?.resume()
        end = nil
    }

    /// Everybody who listens is told the last of it.
    private func sayGoodbye() async {
        let leaving = Array(visitors.values)
        for visitor in leaving {
            // The engine's events have ended, and so does this.
            await visitor.following?.value
            visitor.outgoing.finish()
        }
        await WaitingThread.run("lathe-goodbye") { for visitor in leaving { visitor.outgoing.waitUntilSent() } }
        for visitor in leaving { visitor.line.end() }
    }

    // MARK: Visitors

    private func welcome(_ line: EngineLine) {
        guard !isEnding, visitors.count < Self.mostVisitors else { return line.end() }
        nextVisitor += 1
        let number = nextVisitor
        let outgoing = Outgoing(line)
        visitors[number] = Visitor(line: line, outgoing: outgoing)
        alarm?.cancel()
        let (calls, caller) = AsyncStream.makeStream(of: EngineQuestion.self)
        let greeting = EngineGreeting(active: active.count)
        WaitingThread.start("lathe-visitor") {
            defer { caller.finish() }
            // Who connects and says nothing takes a place from others.
            line.limitWaiting(seconds: 10)
            guard let theirs = line.receive(EngineGreeting.self), line.send(greeting) else { return }
            if theirs.retire == true { caller.yield(EngineQuestion(number: 0, call: .retire)) }
            guard theirs.lathe == EngineGreeting.version else { return }
            line.limitWaiting(seconds: 0)
            while let question = line.receive(EngineQuestion.self) { caller.yield(question) }
        }
        Task {
            // One after the other: jobs wait in the order they were asked for.
            for await question in calls {
                outgoing.send(.answer(question.number, await self.answer(question.call, number)))
                if case .follow = question.call { await self.follow(number) }
            }
            outgoing.finish()
            self.left(number)
        }
    }

    private func left(_ number: Int) {
        visitors.removeValue(forKey: number)?.following?.cancel()
        reconsider()
    }

    private func answer(_ call: EngineCall, _ visitor: Int) async -> EngineAnswer {
        switch call {
        case .submit(let key, let job): return await submit(job, key)
        case .cancel(let id):
            await engine.cancel(id)
            return .done
        case .answer(let id, let reply):
            await engine.answer(id, reply)
            return .done
        case .follow: return .done
        case .retire:
            isRetiring = true
            reconsider()
            return .done
        }
    }

    private func submit(_ job: Job, _ key: String) async -> EngineAnswer {
        if let known = wishes[key] { return .submitted(known) }
        guard !isEnding else { return .refused(JobFailure(message: "the engine is ending; try again", exitCode: 75)) }
        if case .album(let tracks) = job, tracks.isEmpty { return .refused(JobFailure(message: "an album has at least one track", exitCode: 64)) }
        guard job.paths.allSatisfy({ $0.hasPrefix("/") && !$0.utf8.contains(0) }) else {
            return .refused(JobFailure(message: "\(job.input.printable): the engine takes whole paths only; begin them with /", exitCode: 64))
        }
        do {
            let row = try await ledger.create(ItemRequest(
                kind: .queuedJob, origin: .renderJob, purpose: job.purpose, place: .ram, displayName: fileName(of: job.output)))
            let holder = QueuedJob()
            try await ledger.attach(holder, bytes: job.byteCount, to: row)
            // Asked twice at once, the second one finds the first.
            if let known = wishes[key] {
                await ledger.released(row, because: .neverBegan)
                return .submitted(known)
            }
            let id = await engine.submit(job)
            holder.whenErased { [engine] in Task { await engine.cancel(id) } }
            wishes[key] = id
            rows[id] = row
            active.insert(id)
            // It may have ended while its number was on the way here.
            if let status = await engine.jobs().first(where: { $0.id == id }), status.state.isOver { await changed(status) }
            return .submitted(id)
        } catch {
            return .refused(JobFailure(error, job: job))
        }
    }

    /// Tells all jobs and then every change, for as long as the line stands.
    private func follow(_ number: Int) async {
        guard let outgoing = visitors[number]?.outgoing, visitors[number]?.following == nil else { return }
        let (jobs, changes) = await engine.attach()
        untold.subtract(jobs.lazy.filter(\.state.isOver).map(\.id))
        for status in jobs { outgoing.send(.event(.job(status))) }
        outgoing.send(.caughtUp)
        visitors[number]?.following = Task {
            for await event in changes where !Task.isCancelled {
                outgoing.send(.event(event))
                if case .job(let status) = event, status.state.isOver {
                    told.insert(status.id)
                    untold.remove(status.id)
                }
            }
        }
    }

    // MARK: Jobs

    private func changed(_ status: JobStatus) async {
        if status.state.isOver {
            guard active.remove(status.id) != nil else { return }
            if !told.contains(status.id), !visitors.values.contains(where: { $0.following != nil }) { untold.insert(status.id) }
            if let row = rows.removeValue(forKey: status.id) { await ledger.released(row, because: status.state == .cancelled ? .cancelled : .jobEnded) }
            reconsider()
        } else if let row = rows[status.id] {
            await ledger.touch(row)
        }
    }

    /// A job that waits behind long ones is still wanted: its idle time starts anew.
    private func keepWaiting() async {
        for row in rows.values { await ledger.touch(row) }
        reconsider()
    }

    // MARK: The end

    private func reconsider() {
        guard !isEnding else { return }
        if !active.isEmpty { return wait(60) }
        if isRetiring { return stop() }
        guard visitors.isEmpty else { alarm?.cancel(); return }
        if untold.isEmpty { stop() } else { wait(patience) }
    }

    private func wait(_ seconds: Double) {
        alarm?.cancel()
        alarm = Task {
            do { try await Task.sleep(for: .seconds(seconds)) } catch { return }
            await self.timeIsUp()
        }
    }

    private func timeIsUp() async {
        guard active.isEmpty else { return await keepWaiting() }
        if visitors.isEmpty { stop() }
    }
}
