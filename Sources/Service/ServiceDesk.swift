import AudioFiles
import Crypto
import FoundationEssentials
import Mastering
import PrivacyLedger
import Rendering

typealias OutputContainer = OutputFormat.Container

/// The one owner of everything that clients have at this server: uploads, jobs, results. Each byte of theirs lies in the vault under a row of the ledger.
///
/// Inputs and results are sealed while they wait; a job gets a plain copy without a name for as long as it runs. The engine is given as many jobs as it can do at once: what
/// waits, waits here, and fairly: next is a job of the account that has the fewest running.
actor ServiceDesk {
    let settings: ServeSettings
    let ledger: Ledger
    let engine: RenderEngine
    let accounts: AccountStore
    let signer: ReceiptSigner
    let rules: PromptRules
    private let salt = SymmetricKey(size: .bits256)
    let pool = WorkerPool(threads: 2)
    let slots: Int

    var uploads: [String: Upload] = [:]
    var jobs: [String: ServedJob] = [:]
    /// In the order in which they were given.
    var waiting: [String] = []
    var running: Set<String> = []
    var keys: [String: String] = [:]
    var byEngine: [JobID: String] = [:]
    var watchers: [String: [UUID: AsyncStream<String>.Continuation]] = [:]
    var limit: RateLimit
    var challenges: [String: Int64] = [:]
    let devices: DeviceFlows
    private var isClosed = false
    /// Seconds that the last jobs took, for telling how long to wait.
    var recent: [Double] = []
    /// Ended jobs are remembered this long, without their data.
    private static let memory: Int64 = 3600_000
    /// Milliseconds in which an upload that was announced has to begin; until then it holds room that others want.
    private static let toBegin: Int64 = 60_000

    init(settings: ServeSettings, ledger: Ledger, engine: RenderEngine, slots: Int, accounts: AccountStore, signer: ReceiptSigner, rules: PromptRules) {
        (self.settings, self.ledger, self.engine, self.slots, self.signer, self.rules) = (settings, ledger, engine, slots, signer, rules)
        self.accounts = accounts
        devices = DeviceFlows(settings.providers)
        limit = RateLimit(perMinute: settings.callsPerMinute)
    }

    nonisolated func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

    /// Follows the engine and the clock until `close`.
    func begin() {
        Task { [engine] in
            for await event in await engine.events() {
                if case .job(let status) = event { progressed(status) }
            }
        }
        Task {
            while !isClosed {
                do { try await Task.sleep(for: .seconds(10)) } catch { break }
                await sweep()
            }
        }
    }

    func close() {
        isClosed = true
        for watcher in watchers.values.flatMap(\.values) { watcher.finish() }
        watchers = [:]
    }

    // MARK: Uploads

    func makeUpload(_ bytes: Int64, item: RowID?, account: String) async throws -> (String, Upload) {
        guard bytes > 0, bytes <= settings.uploadBytes else { throw Refusal(.contentTooLarge, .invalidRequest, "an upload has 1 to \(settings.uploadBytes) bytes here") }
        await letGo()
        guard uploads.count < settings.openUploads, uploads.values.count(where: { $0.account == account }) < settings.openUploads / 2 else { throw busy("all places for uploads are taken") }
        let scratch = try await ledger.makeSealedScratch(ItemRequest(kind: .tierInput, origin: .service, purpose: .mastering, place: .disk, reservedBytes: bytes))
        let upload = Upload(account: account, scratch: scratch, bytes: bytes, item: item, expires: now() + Int64(ledger.rules[.tierInput].hardSeconds * 1000))
        uploads[scratch.id.rawValue] = upload
        return (scratch.id.rawValue, upload)
    }

    /// Uploads that the ledger has ended take nobody's place, and neither do those that were announced and never began.
    private func letGo() async {
        let now = now(), period = Int64(ledger.rules[.tierInput].hardSeconds * 1000)
        for (id, upload) in uploads where !upload.isTaking {
            let neverBegan = upload.scratch.count == 0 && now - (upload.expires - period) >= Self.toBegin
            guard upload.expires <= now || upload.scratch.isErased || neverBegan else { continue }
            uploads[id] = nil
            if neverBegan { await ledger.destroy([upload.scratch.id], because: .neverBegan) }
        }
    }

    func upload(_ id: String, of account: String) throws -> Upload {
        guard let upload = uploads[id], upload.account == account else { throw Refusal.notFound }
        return upload
    }

    /// The right to send from `offset` on, for one sender at a time.
    func beginTaking(_ id: String, at offset: Int64, of account: String) throws -> Upload {
        let upload = try upload(id, of: account)
        guard !upload.isTaking, offset == upload.scratch.count else {
            var refusal = Refusal(.conflict, .invalidRequest, upload.isTaking ? "another call is sending to this upload" : "the upload stands elsewhere; go on from Upload-Offset")
            refusal.offset = upload.scratch.count
            throw refusal
        }
        uploads[id]?.isTaking = true
        return upload
    }

    /// - Returns: a receipt when all of it is there.
    func endTaking(_ id: String) async throws -> (offset: Int64, receipt: JSON?) {
        guard let upload = uploads[id] else { throw Refusal(.gone, .gone, "the upload's time was over") }
        uploads[id]?.isTaking = false
        try await ledger.used(upload.scratch.count, by: upload.scratch.id)
        let count = upload.scratch.count
        return (count, count == upload.bytes ? receipt(.received, upload.item ?? upload.scratch.id, upload.bytes) : nil)
    }

    func endUpload(_ id: String, of account: String) async throws -> JSON {
        let upload = try upload(id, of: account)
        uploads[id] = nil
        await ledger.destroy([upload.scratch.id], because: .userRequest)
        return receipt(.destroyed, upload.item ?? upload.scratch.id, upload.scratch.count)
    }

    // MARK: Jobs as clients see them

    func job(_ id: String, of account: String) throws -> ServedJob {
        guard let job = jobs[id], job.account == account else { throw Refusal.notFound }
        return job
    }

    func json(_ job: ServedJob) -> JSON { job.json(position: waiting.firstIndex(of: job.id).map { $0 + 1 }) }

    func jobs(of account: String) -> [JSON] { jobs.values.filter { $0.account == account }.sorted { $0.submitted < $1.submitted }.map(json) }

    /// The job now, and after every change until it is over.
    func watch(_ id: String, of account: String) throws -> AsyncStream<String> {
        let job = try job(id, of: account)
        let (stream, continuation) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(16))
        continuation.yield(event(job))
        if job.isOver { continuation.finish(); return stream }
        let key = UUID()
        watchers[id, default: [:]][key] = continuation
        continuation.onTermination = { _ in Task { await self.forgetWatcher(id, key) } }
        return stream
    }

    private func forgetWatcher(_ id: String, _ key: UUID) { watchers[id]?[key] = nil }

    private func event(_ job: ServedJob) -> String { "event: job\ndata: \(json(job).text)\n\n" }

    func changed(_ id: String) {
        guard let job = jobs[id], let listeners = watchers[id] else { return }
        let text = event(job)
        for listener in listeners.values { listener.yield(text) }
        if job.isOver {
            for listener in listeners.values { listener.finish() }
            watchers[id] = nil
        }
    }

    // MARK: Room

    func busy(_ what: String) -> Refusal { Refusal(.serviceUnavailable, .busy, what + "; try again", retryAfter: patience) }

    /// Seconds until a place is likely to be free.
    var patience: Int {
        let typical = recent.isEmpty ? 5 : recent.reduce(0, +) / Double(recent.count)
        return min(max(1, Int((typical * Double(waiting.count + 1) / Double(slots) / 8).rounded(.up))), 120)
    }

    func digest(_ text: String) -> [UInt8] { Array(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: salt)) }

    func receipt(_ event: TierReceipt.Event, _ item: RowID, _ bytes: Int64) -> JSON {
        do {
            let made = try signer.receipt(for: item, event, bytes: bytes, atMilliseconds: now())
            return .object([
                ("item", .string(made.item.rawValue)), ("event", .string(made.event.rawValue)), ("bytes", .int(Int(made.bytes))), ("at_ms", .int(Int(made.atMilliseconds))),
                ("key", .string(made.key)), ("signature", .string(made.signature)),
            ])
        } catch {
            return .null
        }
    }

    /// What the ledger has ended is let go here too; ended jobs are forgotten after a while.
    private func sweep() async {
        for listener in watchers.values.flatMap(\.values) { listener.yield(": still here\n\n") }
        let now = now()
        challenges = challenges.filter { $0.value > now }
        await letGo()
        for (id, job) in jobs {
            if job.output != nil, job.outputExpires <= now {
                jobs[id]?.receipts.append(receipt(.destroyed, job.outputItem, job.outputBytes))
                jobs[id]?.output = nil
                jobs[id]?.document = nil
            }
            if let ended = job.ended, now - ended > Self.memory, jobs[id]?.output == nil {
                jobs[id] = nil
                keys[job.account + " " + job.key] = nil
            }
        }
    }
}
