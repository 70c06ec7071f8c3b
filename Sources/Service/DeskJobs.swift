import AudioFiles
import FoundationEssentials
import Glibc
import Mastering
import PrivacyLedger
import Rendering

/// How a job of a client is taken, run and ended.
extension ServiceDesk {
    struct Order: Sendable {
        var kind: ServedKind
        var wish: ServedJob.Wish
        var upload: String?
        var container: OutputContainer
        var credits: Int64
        var item: RowID?
        /// What the client calls the result.
        var outputItem: RowID?
        /// All of the request, for telling a retry from another wish.
        var text: String
    }

    /// How the engine let a job go.
    enum Ending {
        case over(JobState, JobResult?, JobFailure?)
        case broke(any Error)
    }

    /// - Returns: the job, and whether it is new.
    func submit(_ order: Order, key: String, account: String) async throws -> (ServedJob, isNew: Bool) {
        let place = account + " " + key
        let digest = digest(order.text)
        if let known = keys[place].flatMap({ jobs[$0] }) {
            guard known.digest == digest else { throw Refusal(.conflict, .invalidRequest, "this Idempotency-Key stands for another wish; make a new one") }
            await letGo(of: order, for: known)
            return (jobs[known.id] ?? known, false)
        }
        // The same wish, asked for twice at once, is being taken right now.
        guard keys[place] == nil else { throw Refusal(.serviceUnavailable, .busy, "this wish is being taken; ask again", retryAfter: 1) }
        guard waiting.count < settings.waitingJobs else { throw busy("all \(settings.waitingJobs) places are taken") }
        guard jobs.values.count(where: { $0.account == account && !$0.isOver }) < settings.waitingJobsPerAccount else {
            throw Refusal(.tooManyRequests, .quota, "\(settings.waitingJobsPerAccount) of your jobs are at work or waiting; let one end first", retryAfter: patience)
        }
        var upload: Upload?
        if let id = order.upload {
            let found = try self.upload(id, of: account)
            guard !found.isTaking, found.scratch.count == found.bytes else { throw Refusal(.conflict, .invalidRequest, "the upload is not complete") }
            upload = found
            // From here on it is the job's.
            uploads[id] = nil
        }
        var attempt: Int64?
        do throws(any Error) {
            if settings.accounts == .sshKey {
                switch try accounts.hold(order.credits, for: key, of: account, now: now()) {
                case .held(let number): attempt = number
                case .paid: break
                case .refused: throw Refusal(.paymentRequired, .quota, "it takes \(order.credits) credit\(order.credits == 1 ? "" : "s"), and you have fewer")
                }
            }
            let id = RowID().rawValue
            // Before anything is awaited: the same wish asked for twice at once is one.
            keys[place] = id
            let wishRow = try await ledger.create(ItemRequest(
                kind: order.kind == .generate ? .prompt : .queuedJob, origin: .service, purpose: order.kind == .generate ? .generation : .mastering, place: .ram, rule: .tierInput))
            let wish = try await ledger.hold(order.wish, bytes: Int64(order.text.utf8.count), under: wishRow)
            jobs[id] = ServedJob(
                id: id, account: account, key: key, digest: digest, kind: order.kind, container: order.container, wish: wish, wishRow: wishRow, upload: upload,
                item: upload?.item ?? order.item, outputItem: order.outputItem ?? RowID(), credits: order.credits, attempt: attempt, submitted: now())
            waiting.append(id)
            if order.kind == .generate, let item = order.item { jobs[id]?.receipts.append(receipt(.received, item, Int64(order.text.utf8.count))) }
            pump()
            guard let job = jobs[id] else { throw Refusal.notFound }
            return (job, true)
        } catch {
            if jobs[keys[place] ?? ""] == nil { keys[place] = nil }
            if let attempt { try accounts.void(key, attempt, of: account, now: now()) }
            if let upload, let id = order.upload { uploads[id] = upload }
            throw error
        }
    }

    /// What a wish that was asked for once more has brought anew is not needed: it ends here, under the names that the client has for it.
    private func letGo(of order: Order, for job: ServedJob) async {
        var receipts: [JSON] = []
        if let id = order.upload, let upload = uploads[id], upload.account == job.account, !upload.isTaking {
            uploads[id] = nil
            await ledger.destroy([upload.scratch.id], because: .jobEnded)
            receipts.append(receipt(.destroyed, upload.item ?? upload.scratch.id, upload.scratch.count))
        }
        if let item = order.item, item != job.item { receipts.append(receipt(.destroyed, item, Int64(order.text.utf8.count))) }
        if let item = order.outputItem, item != job.outputItem { receipts.append(receipt(.destroyed, item, 0)) }
        guard let known = jobs[job.id]?.receipts.count, known + receipts.count <= Self.mostReceipts else { return }
        jobs[job.id]?.receipts += receipts
    }

    private static var mostReceipts: Int { 64 }

    /// Starts what there is room for.
    func pump() {
        while running.count < slots, !waiting.isEmpty {
            let busy = Dictionary(grouping: running.compactMap { jobs[$0]?.account }, by: \.self).mapValues(\.count)
            let next = waiting.indices.min { (busy[jobs[waiting[$0]]?.account ?? ""] ?? 0, $0) < (busy[jobs[waiting[$1]]?.account ?? ""] ?? 0, $1) }
            guard let next else { return }
            let id = waiting.remove(at: next)
            running.insert(id)
            jobs[id]?.state = .running
            jobs[id]?.started = now()
            Task { await run(id) }
        }
        for id in waiting { changed(id) }
    }

    private func run(_ id: String) async {
        var vault: [RowID] = []
        let outcome: Ending
        var output: UnnamedScratch?
        do {
            guard let job = jobs[id], let wish = job.wish.value else { throw Refusal(.gone, .gone, "it waited longer than it may be kept") }
            changed(id)
            let input = try await open(job, &vault)
            let made = try await scratch(.tierOutput, estimate: job.kind == .master ? (job.upload?.bytes ?? 0) * 2 : 64 << 20)
            vault.append(made.id)
            output = made
            let path = ScratchOutput.register(made.fileDescriptor)
            defer { ScratchOutput.forget(path) }
            let work: Job
            switch wish {
            case .master(let preset, let curve):
                var request = MasterRequest(input: input ?? "", output: path, preset: try Preset.parse(toml: preset, file: "preset"), container: job.container, force: true)
                request.curveTOML = curve
                work = .master(request)
            case .generate(var request):
                (request.output, request.container, request.force) = (path, job.container, true)
                work = .generate(request)
            }
            let engineID = await engine.submit(work)
            byEngine[engineID] = id
            jobs[id]?.engineID = engineID
            if jobs[id]?.wantsCancel == true { await engine.cancel(engineID) }
            guard let status = await engine.outcome(of: engineID) else { throw Refusal(.internalServerError, .failed, "the job was lost") }
            byEngine[engineID] = nil
            outcome = .over(status.state, status.result, status.failure)
        } catch {
            outcome = .broke(error)
        }
        await end(id, outcome, output, vault)
    }

    /// A plain copy of the input, for as long as the job runs; the sealed one ends here.
    private func open(_ job: ServedJob, _ vault: inout [RowID]) async throws -> String? {
        guard let upload = job.upload else { return nil }
        let plain = try await scratch(.tierInput, estimate: upload.bytes)
        vault.append(plain.id)
        let descriptor = plain.fileDescriptor
        try await copying { try Vaulting.copy(upload.scratch, to: descriptor) }
        try await ledger.used(upload.bytes, by: plain.id)
        await ledger.destroy([upload.scratch.id], because: .jobEnded)
        return "/proc/self/fd/\(descriptor)"
    }

    /// In memory while it is small.
    private func scratch(_ kind: ItemKind, estimate: Int64) async throws -> UnnamedScratch {
        let item = ItemRequest(kind: kind, origin: .service, purpose: .mastering, place: estimate > 64 << 20 ? .disk : .ram, rule: .job)
        return item.place == .ram ? try await ledger.makeScratchInMemory(item) : try await ledger.makeScratch(item, in: ledger.directory)
    }

    private func copying<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await Task(executorPreference: pool) { try await Self.here(body) }.value
    }

    private nonisolated static func here<T: Sendable>(_ body: @Sendable () throws -> T) async throws -> T { try body() }

    private func end(_ id: String, _ outcome: Ending, _ output: UnnamedScratch?, _ vault: [RowID]) async {
        guard let job = jobs[id] else { return await ledger.destroy(vault, because: .cancelled) }
        var state = JobState.failed, failure: Refusal?
        switch outcome {
        case .over(let how, let result, let why):
            state = how
            if let why, state == .failed { failure = Refusal(why) }
            if state == .finished, let output, let result {
                do {
                    let sealed = try await ledger.makeSealedScratch(ItemRequest(kind: .tierOutput, origin: .service, purpose: .mastering, place: .disk))
                    let descriptor = output.fileDescriptor
                    let (bytes, hash) = try await copying { try Vaulting.copy(descriptor, to: sealed) }
                    try await ledger.used(bytes, by: sealed.id)
                    jobs[id]?.output = sealed
                    jobs[id]?.outputBytes = bytes
                    jobs[id]?.sha256 = hash
                    jobs[id]?.outputExpires = now() + Int64(ledger.rules[.tierOutput].hardSeconds * 1000)
                    jobs[id]?.document = Self.document(result)
                } catch {
                    (state, failure) = (.failed, Self.refusal(error))
                }
            }
        case .broke(let error): failure = Self.refusal(error)
        }
        // What was given is gone before anybody hears of the end.
        var gone = vault + [job.wishRow]
        if let upload = job.upload { gone.append(upload.scratch.id) }
        await ledger.destroy(gone, because: state == .cancelled ? .cancelled : .jobEnded)
        if let item = job.item { jobs[id]?.receipts.append(receipt(.destroyed, item, job.upload?.bytes ?? 0)) }
        // Whoever waits for word of a result that there never was hears it here.
        if state != .finished { jobs[id]?.receipts.append(receipt(.destroyed, job.outputItem, 0)) }
        jobs[id]?.upload = nil
        if let attempt = job.attempt {
            do {
                if state == .finished { try accounts.post(job.key, attempt, of: job.account, now: now()) } else { try accounts.void(job.key, attempt, of: job.account, now: now()) }
            } catch {
                // The hold stays until the next start gives it back: in the client's favour.
            }
        }
        jobs[id]?.state = state
        jobs[id]?.failure = failure
        jobs[id]?.ended = now()
        jobs[id]?.stage = .done
        if state == .finished { jobs[id]?.fraction = 1 }
        // Failed and cancelled wishes may be tried again under their key.
        if state != .finished { keys[job.account + " " + job.key] = nil }
        recent = (recent + [Double(now() - (job.started ?? now())) / 1000]).suffix(20)
        running.remove(id)
        changed(id)
        pump()
    }

    private static func document(_ result: JobResult) -> (String, JSON) {
        let names: Set<String> = ["input", "output", "file", "files", "manifest", "signature", "stem"]
        switch result {
        case .generate(let track): return ("plan", track.json.without(names))
        default: return ("master", (result.masters.first?.json ?? .null).without(names))
        }
    }

    private static func refusal(_ error: any Error) -> Refusal {
        switch error {
        case let error as Refusal: error
        case let error as LedgerError: Refusal(error)
        case let error as PresetError: Refusal(.unprocessableContent, .invalidRequest, error.message.printable)
        default: Refusal(.internalServerError, .failed, "the server could not do it; try again")
        }
    }

    func progressed(_ status: JobStatus) {
        guard let id = byEngine[status.id], jobs[id]?.isOver == false, !status.state.isOver else { return }
        jobs[id]?.stage = status.stage
        jobs[id]?.fraction = status.fraction
        jobs[id]?.tier = status.tier
        changed(id)
    }

    // MARK: Their end

    func cancel(_ id: String, of account: String) async throws -> ServedJob {
        let job = try job(id, of: account)
        switch job.state {
        case .queued:
            waiting.removeAll { $0 == id }
            await end(id, .over(.cancelled, nil, nil), nil, [])
        case .running:
            jobs[id]?.wantsCancel = true
            jobs[id]?.state = .cancelling
            if let engineID = job.engineID { await engine.cancel(engineID) }
            changed(id)
        default: break
        }
        return try self.job(id, of: account)
    }

    func acknowledge(_ id: String, of account: String) async throws -> [JSON] {
        let job = try job(id, of: account)
        guard job.isOver else { throw Refusal(.conflict, .invalidRequest, "the job is not over") }
        guard let output = job.output else { return job.receipts }
        jobs[id]?.output = nil
        jobs[id]?.document = nil
        await ledger.destroy([output.id], because: .handedOver)
        jobs[id]?.receipts.append(receipt(.destroyed, job.outputItem, job.outputBytes))
        return jobs[id]?.receipts ?? []
    }

    /// Ends it, if need be, and forgets it.
    func delete(_ id: String, of account: String) async throws -> [JSON] {
        if try !job(id, of: account).isOver {
            let over = try watch(id, of: account)
            _ = try await cancel(id, of: account)
            for await _ in over {}
        }
        let receipts = try await acknowledge(id, of: account)
        if let job = jobs.removeValue(forKey: id) { keys[job.account + " " + job.key] = nil }
        return receipts
    }
}
