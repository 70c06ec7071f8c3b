import AudioFiles
import FoundationEssentials
import PrivacyLedger

/// The engine in a process of its own: takes jobs from the studio and from commands, and goes on when they end. One for each user and ledger.
///
/// Each job has a row from before it is accepted until it ends, and under it lies the job itself, sealed, unless the user wants it in memory only: the next engine goes on
/// with what a killed one has left, or says that it is lost. What is remembered of jobs that have ended, for whoever has not heard of it, has a row of its own;
/// who ends that has them forgotten. The engine ends by itself when it has nothing to do and nothing to tell.
public actor EngineHost {
    /// A line and what goes over it.
    private struct Visitor: Sendable {
        let line: EngineLine
        /// The other end may be slow, and a full line blocks who sends.
        let outgoing: Outgoing
        var follows = false
    }

    private let ledger: Ledger
    private let engine: RenderEngine
    private let listening: EnginePlace.Listening
    private let storage: QueueStorage
    /// Seconds that ended jobs are kept for somebody who has not heard of their end.
    private let patience: Double

    /// Jobs as visitors have been told. Behind the engine's by what has to be on record before it is told.
    private var told: [JobID: JobStatus] = [:]
    private var over: [JobID] = []
    private static let mostOver = 200

    private var visitors: [Int: Visitor] = [:]
    private var nextVisitor = 0
    private static let mostVisitors = 64
    /// Jobs by the wish they came from; forgotten with the engine.
    private var wishes: [String: JobID] = [:]
    private var rows: [JobID: RowID] = [:]
    private var active: Set<JobID> = []
    /// Ended while nobody looked.
    private var untold: Set<JobID> = []
    /// Under which jobs that have ended are remembered.
    private var endedRow: RowID?
    private var forgotten: Set<JobID> = []
    /// The check refused a result of some job.
    private var hasRejected = false
    private var isRetiring = false
    private var isEnding = false
    /// What is not done is the next engine's.
    private var leavesJobs = false
    private var alarm: Task<Void, Never>?
    private var relay: Task<Void, Never>?
    private var end: CheckedContinuation<Void, Never>?

    /// Serves until there is nothing left to do, or `stop` is called.
    /// - Parameters:
    ///   - remotes: other machines that jobs may go to.
    ///   - storage: where jobs are kept until they end.
    ///   - patience: seconds that ended jobs wait for somebody to look.
    ///   - open: opens the ledger, once this engine is the only one.
    ///   - ready: called when others can connect.
    ///   - started: called with what ends it early.
    /// - Returns: false when another engine serves already.
    /// - Throws: `JobFailure`, `LedgerError`.
    public static func serve(
        at place: EnginePlace = .standard(), tiers: [any Tier] = [LocalTier()], remotes: [any RemoteTier] = [], storage: QueueStorage = .sealed, patience: Double = 600, ledger open: () async throws -> Ledger, ready: () -> Void = {},
        started: (EngineHost) -> Void = { _ in }
    ) async throws -> Bool {
        guard let listening = try place.listen() else { return false }
        let ledger = try await open()
        // Sound and screen of a studio on the same machine come first.
        let engine = RenderEngine(ledger: ledger, tiers: tiers, remotes: remotes, niceness: 10, forgetsPrompts: true)
        let host = EngineHost(ledger, engine, listening, storage.possible, patience)
        started(host)
        await host.takeUp()
        await host.begin()
        ready()
        await host.untilEnd()
        await engine.shutDown()
        await host.sayGoodbye()
        await ledger.close()
        return true
    }

    private init(_ ledger: Ledger, _ engine: RenderEngine, _ listening: EnginePlace.Listening, _ storage: QueueStorage, _ patience: Double) {
        (self.ledger, self.engine, self.listening, self.storage, self.patience) = (ledger, engine, listening, storage, patience)
    }

    /// What engines that died have left, before anybody is let in: under the same numbers, keys and rows.
    private func takeUp() async {
        // A ledger that cannot be read now leaves them to the next engine.
        guard let left = try? await ledger.takeJobs() else { return }
        for kept in left {
            guard let sealed = SealedJob(kept.bytes), kept.deaths <= SealedJob.mostDeaths else {
                await ledger.released(kept.row, because: .runEnded)
                continue
            }
            guard wishes[sealed.wish] == nil else {
                await ledger.released(kept.row, because: .neverBegan)
                continue
            }
            let id = sealed.identity.id
            await engine.beginIDs(after: id)
            wishes[sealed.wish] = id
            if sealed.isDone {
                untold.insert(id)
                await engine.foundDone(sealed.job, id, "its file had its name when the engine died")
                await ledger.released(kept.row, because: .jobEnded)
                continue
            }
            let holder = QueuedJob()
            do { try await ledger.attach(holder, bytes: Int64(kept.bytes.count), to: kept.row) } catch { continue } // it was ended meanwhile
            rows[id] = kept.row
            active.insert(id)
            _ = await engine.submit(sealed.job, as: sealed.identity)
            holder.whenErased { [engine] in Task { await engine.cancel(id) } }
        }
    }

    private func begin() async {
        let (jobs, changes) = await engine.attach()
        for status in jobs { await changed(status) }
        relay = Task {
            for await event in changes {
                if case .job(let status) = event { await self.changed(status) } else { self.send(event) }
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

    /// Ends what runs, and itself. Jobs that are kept on disk are the next engine's, the others are cancelled.
    public func leave() async {
        guard !isEnding else { return }
        leavesJobs = storage != .memory
        if leavesJobs {
            // Nothing of what is left counts as ended; who looks on takes up the line to the next engine.
            for visitor in visitors.values { visitor.line.end() }
            for row in rows.values { await ledger.leaveJob(row) }
        }
        stop()
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
        // The engine's events have ended, and so does this.
        await relay?.value
        if let row = endedRow { await ledger.released(row, because: .quit) }
        let leaving = Array(visitors.values)
        for visitor in leaving { visitor.outgoing.finish() }
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
                if case .follow = question.call { self.follow(number) }
            }
            outgoing.finish()
            self.left(number)
        }
    }

    private func left(_ number: Int) {
        visitors[number] = nil
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
        case .saveRejected(let id, let path):
            guard path.hasPrefix("/"), !path.utf8.contains(0) else {
                return .refused(JobFailure(message: "\(path.printable): the engine takes whole paths only; begin them with /", exitCode: 64))
            }
            do {
                try await engine.saveRejected(id, to: path)
                return .done
            } catch {
                return .refused(JobFailure(error, writing: path))
            }
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
            let request = ItemRequest(kind: .queuedJob, origin: .renderJob, purpose: job.purpose, place: .ram, displayName: fileName(of: job.output))
            let identity = JobIdentity(id: await engine.newID(), key: UUID().uuidString, row: RowID())
            let holder = QueuedJob()
            let row: RowID
            if storage == .memory {
                row = try await ledger.create(request)
                try await ledger.attach(holder, bytes: job.byteCount, to: row)
            } else {
                guard let bytes = SealedJob(identity: identity, wish: key, job: job).bytes else { return .refused(JobFailure(message: "\(job.output.printable): the job cannot be put down", exitCode: 70)) }
                row = try await keep(bytes, request)
                try await ledger.attach(holder, bytes: Int64(bytes.count), to: row)
            }
            // Asked twice at once, the second one finds the first.
            if let known = wishes[key] {
                await ledger.released(row, because: .neverBegan)
                return .submitted(known)
            }
            guard !isEnding else {
                await ledger.released(row, because: .neverBegan)
                return .refused(JobFailure(message: "the engine is ending; try again", exitCode: 75))
            }
            // Before it begins: its end may be here first.
            let id = identity.id
            wishes[key] = id
            rows[id] = row
            active.insert(id)
            _ = await engine.submit(job, as: identity)
            holder.whenErased { [engine] in Task { await engine.cancel(id) } }
            return .submitted(id)
        } catch {
            return .refused(JobFailure(error, job: job))
        }
    }

    private func keep(_ bytes: [UInt8], _ request: ItemRequest) async throws -> RowID {
        do throws(LedgerError) { return try await ledger.keepJob(bytes, request, in: storage) } catch {
            guard case .cannotMakeScratch(let path, let reason) = error else { throw error }
            throw JobFailure(message: "\(path.printable): a job cannot be sealed there (\(reason)); make room, or set jobs = \"memory\" in [queue] of privacy.toml", exitCode: 74)
        }
    }

    /// Tells all jobs and then every change, for as long as the line stands.
    private func follow(_ number: Int) {
        guard let outgoing = visitors[number]?.outgoing, visitors[number]?.follows == false else { return }
        untold.subtract(told.values.lazy.filter(\.state.isOver).map(\.id))
        for status in told.values.sorted(by: { $0.id < $1.id }) { outgoing.send(.event(.job(status))) }
        outgoing.send(.caughtUp)
        visitors[number]?.follows = true
    }

    private func send(_ event: EngineEvent) {
        for visitor in visitors.values where visitor.follows { visitor.outgoing.send(.event(event)) }
    }

    // MARK: Jobs

    /// An end is on record before anybody hears of it: what is told to be over is not taken up by another engine.
    private func changed(_ status: JobStatus) async {
        if told[status.id]?.state.isOver ?? false || forgotten.contains(status.id) { return }
        var isOnRecord = true
        if status.state.isOver {
            // What ended because the engine does is the next one's.
            if leavesJobs, status.state == .cancelled { return }
            isOnRecord = await rememberEnded()
            if let row = rows.removeValue(forKey: status.id) { await ledger.released(row, because: status.state == .cancelled ? .cancelled : .jobEnded) }
            if told[status.id]?.state.isOver ?? false || forgotten.contains(status.id) { return }
            over.append(status.id)
            if over.count > Self.mostOver { told[over.removeFirst()] = nil }
        } else if let row = rows[status.id] {
            await ledger.touch(row)
            if told[status.id]?.state.isOver ?? false { return }
        }
        told[status.id] = status
        if status.route?.hasRejected ?? false { hasRejected = true }
        send(.job(status))
        guard status.state.isOver else { return }
        let wasActive = active.remove(status.id) != nil
        guard isOnRecord else { return await forgetEnded() }
        guard wasActive else { return }
        if !visitors.values.contains(where: \.follows) { untold.insert(status.id) }
        reconsider()
    }

    /// The row of what has ended is there before the last one's own row goes.
    /// - Returns: false where none can be had: whoever is here is told of the end, and then it is forgotten.
    private func rememberEnded() async -> Bool {
        guard endedRow == nil else { return true }
        let holder = QueuedJob()
        holder.whenErased { [weak self] in Task { await self?.forgetEnded() } }
        do throws(LedgerError) {
            let made = try await ledger.create(ItemRequest(kind: .queuedJob, origin: .renderJob, purpose: .mastering, place: .ram, rule: .untilQuit, displayName: "jobs that have ended"))
            // Two ends at once need one row.
            guard endedRow == nil else {
                await ledger.released(made, because: .neverBegan)
                return true
            }
            endedRow = made
            try await ledger.attach(holder, bytes: 512, to: made)
            return true
        } catch {
            endedRow = nil
            return false
        }
    }

    /// Somebody has ended their row: no name of theirs is known any more, and an engine that has nothing else ends with it.
    private func forgetEnded() async {
        for id in over { told[id] = nil }
        forgotten.formUnion(over)
        over = []
        untold = []
        await engine.forgetEnded()
        let row = endedRow
        endedRow = nil
        if let row { await ledger.released(row, because: .userRequest) }
        do throws(LedgerError) { hasRejected = try await ledger.list().contains { $0.isOurs && $0.kind == .rejectedResult } } catch { hasRejected = false }
        reconsider()
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
        // A refused result can be had from this engine only.
        if untold.isEmpty, !hasRejected { stop() } else { wait(patience) }
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
