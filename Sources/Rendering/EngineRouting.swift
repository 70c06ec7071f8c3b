import FoundationEssentials
import Glibc
import PrivacyLedger

/// What the engine holds for the router: its state, and what runs because of it.
struct EngineRouting {
    let remotes: [any RemoteTier]
    var router: TierRouter
    var random: RoutingRandom
    /// Attempts under way, here and elsewhere.
    var tasks: [AttemptID: Task<Void, Never>] = [:]
    var jobs: [AttemptID: JobID] = [:]
    /// Finished here, and waiting for the router's word.
    var results: [AttemptID: JobResult] = [:]
    /// Come back from elsewhere, and waiting for the router's word.
    var products: [AttemptID: RemoteProduct] = [:]
    var attempts: [AttemptID: Attempt] = [:]
    var preparations: [JobID: RemotePreparation] = [:]
    /// The ledger knows a job's consents by these.
    var rows: [JobID: RowID] = [:]
    /// Idempotency keys, and rows for consents, of jobs that came with one.
    var identities: [JobID: JobIdentity] = [:]
    var timer: Task<Void, Never>?
    var timerAt = Double.infinity
    /// The router's clock: seconds since 1970 at its start, then boot time, which nobody turns back.
    private let anchor: Double

    init(remotes: [any RemoteTier], locals: [any Tier]) {
        self.remotes = remotes
        let here = locals.map { RoutingPolicy(name: $0.name, privacyClass: .local, consent: .always) }
        let policies = remotes.map(\.policy) + here
        router = TierRouter(tiers: policies, allowed: policies.map { $0.privacyClass == .local })
        var system = SystemRandomNumberGenerator()
        random = RoutingRandom(seed: system.next())
        anchor = Date().timeIntervalSince1970 - Self.boot
    }

    private static var boot: Double {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    var now: Double { anchor + Self.boot }

    mutating func handle(_ event: TierRouter.Event) -> [TierRouter.Effect] { router.handle(event, now: now, random: &random) }

    mutating func forget(_ job: JobID) {
        router.forget(job)
        preparations[job] = nil
        rows[job] = nil
        identities[job] = nil
    }

    mutating func end() {
        timer?.cancel()
        timer = nil
    }
}

/// What the user answers when asked whether a job may go to a tier.
public enum ConsentReply: String, Sendable, Codable {
    /// For this job.
    case once
    case always
    case no
    /// No, and not asked again.
    case never
}

/// The engine around the router: effects carried out, and what became of them told.
extension RenderEngine {
    func start(_ id: JobID, _ job: Job) {
        cancellations[id] = CancelFlag()
        guard !routing.remotes.isEmpty else { return submit(id, job, refused: [], canAsk: false) }
        // The ledger knows what may leave.
        Task { await self.admit(id, job) }
    }

    private func admit(_ id: JobID, _ job: Job) async {
        let row = routing.identities[id]?.row ?? RowID()
        routing.rows[id] = row
        var refused: [Bool] = []
        for (n, tier) in routing.remotes.enumerated() {
            let policy = tier.policy
            var consent: Consent?
            var isKnown = true
            do throws(LedgerError) {
                consent = try await ledger.consent(tier: policy.name, privacyClass: policy.privacyClass, destination: tier.destination, job: row)
            } catch { isKnown = false }
            // Where consent cannot be looked up or recorded, nothing leaves.
            refused.append(consent?.scope == .never || !isKnown)
            route(.consentChanged(tier: n, consent != nil && consent?.scope != .never))
        }
        guard let status = queue[id], !status.state.isOver else { return }
        if cancellations[id]?.isSet ?? true { return await ended(.cancelled(id), of: id) }
        submit(id, job, refused: refused, canAsk: job.mayAsk)
    }

    private func submit(_ id: JobID, _ job: Job, refused: [Bool], canAsk: Bool) {
        var only: Int?
        let names = routing.router.tiers.map(\.name)
        if let name = job.tier {
            only = names.firstIndex(of: name)
            if only == nil {
                let failure = JobFailure(message: "\(name.printable): no tier of this name is configured; there are \(names.joined(separator: ", "))", exitCode: 64)
                Task { await self.ended(.failed(id, failure), of: id) }
                return
            }
        }
        let isOpen = job.localOnlyReason == nil
        var inText: [TextControl] = []
        var accepted = routing.remotes.map { tier in
            guard isOpen, job.picture == nil || tier.takesPictures, case .yes(let controls) = tier.fit(job) else { return false }
            inText = controls
            return true
        }
        if let only, routing.remotes.indices.contains(only), !accepted[only] {
            var reason = job.localOnlyReason
            if reason == nil, job.picture != nil, !routing.remotes[only].takesPictures { reason = "it takes no pictures" }
            if reason == nil, case .no(let why) = routing.remotes[only].fit(job) { reason = why }
            let failure = JobFailure(message: "\(job.output.printable): \(names[only]) cannot do this (\(reason ?? "another kind of job")); leave out --tier", exitCode: 69)
            Task { await self.ended(.failed(id, failure), of: id) }
            return
        }
        accepted += tiers.map { $0.accepts(job) }
        var expectation = ResultExpectation()
        if accepted.prefix(routing.remotes.count).contains(true) {
            do {
                let preparation = try RemotePreparation(job, inText: inText)
                routing.preparations[id] = preparation
                expectation = preparation.expectation
            } catch {
                let failure = JobFailure(error, job: job)
                Task { await self.ended(.failed(id, failure), of: id) }
                return
            }
        }
        route(.submitted(id, RouteRequest(
            key: routing.identities[id]?.key ?? UUID().uuidString, accepted: accepted, only: only, canAsk: canAsk, refused: refused, expectation: expectation,
            estimateSeconds: expectation.seconds)))
    }

    /// What the user says to a question that a job's `route` shows. Harmless when nothing is asked.
    public func answer(_ id: JobID, _ reply: ConsentReply) async {
        guard let question = queue[id]?.route?.question else { return }
        if case .consent(let n) = question, routing.remotes.indices.contains(n), let row = routing.rows[id] {
            let tier = routing.remotes[n]
            let answer: ConsentAnswer? = switch reply {
            case .once: .once(job: row)
            case .always: .always
            case .never: .never
            case .no: nil
            }
            do throws(LedgerError) {
                if let answer { try await ledger.recordConsent(answer, tier: tier.policy.name, privacyClass: tier.policy.privacyClass, destination: tier.destination) }
            } catch {
                // Not on record, not given.
                return route(.answered(id, false))
            }
            if reply == .always { route(.consentChanged(tier: n, true)) }
        }
        route(.answered(id, reply == .once || reply == .always))
    }

    func route(_ event: TierRouter.Event) {
        let effects = routing.handle(event)
        for effect in effects { carryOut(effect) }
        if case .submitted(let id, _) = event { tellRoute(id) }
        var touched = Set<JobID>()
        for effect in effects { if let job = job(of: effect) { touched.insert(job) } }
        if !routing.remotes.isEmpty { for id in touched { tellRoute(id) } }
        setTimer()
    }

    private func job(of effect: TierRouter.Effect) -> JobID? {
        switch effect {
        case .start(let attempt): attempt.job
        case .ask(let job, _), .deliver(let job, _), .end(let job, _): job
        case .stop(let id), .keep(let id): routing.jobs[id]
        case .probe: nil
        }
    }

    func tellRoute(_ id: JobID) {
        guard !routing.remotes.isEmpty, let log = routing.router.log(of: id) else { return }
        carryOut(queue.handle(.routed(id, log), now: now()))
    }

    private func setTimer() {
        guard let wake = routing.router.nextWake else { return }
        guard routing.timer == nil || wake < routing.timerAt else { return }
        routing.timer?.cancel()
        routing.timerAt = wake
        let wait = max(0.001, wake - routing.now)
        routing.timer = Task { [weak self] in
            do { try await Task.sleep(for: .seconds(wait)) } catch { return }
            await self?.timeHasCome()
        }
    }

    private func timeHasCome() {
        routing.timer = nil
        routing.timerAt = .infinity
        let before = queue.jobs.filter { !$0.state.isOver }.map(\.id)
        route(.tick)
        for id in before { tellRoute(id) }
    }
}
