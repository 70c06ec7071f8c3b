/// Which tier gets a job, and what follows from every failure: a value without clock, network or thread.
///
/// Tiers are tried in their order. A job has at most one attempt at a time (a second one would be a second copy of somebody's audio), its
/// key stays the same for all of them, and an answer that comes after its attempt was given up is nobody's. The shell carries the effects
/// out and reports what became of them; every time is seconds on one clock that never goes back.
public struct TierRouter: Sendable {
    public enum Event: Sendable {
        case submitted(JobID, RouteRequest)
        case connected(AttemptID)
        /// Something came: head, progress, a piece of the result. With what the tier now says the whole job takes, in seconds.
        case heard(AttemptID, estimate: Double?)
        /// The result is here and was measured; nil facts: it is the user's file already, made on this machine.
        case returned(AttemptID, ResultFacts?)
        case failed(AttemptID, TierError)
        /// Of the user, to what was asked about this job; for it alone.
        case answered(JobID, Bool)
        case probed(tier: Int, Bool)
        /// The user allowed a tier, or took that back, outside of any job.
        case consentChanged(tier: Int, Bool)
        case cancelRequested(JobID)
        case tick
    }

    public enum Effect: Sendable, Equatable {
        case start(Attempt)
        /// Tell the tier to stop; what it still says is not waited for.
        case stop(AttemptID)
        case ask(JobID, RouteQuestion)
        /// Find out whether it is there, with nobody's data; answer with `probed`.
        case probe(tier: Int)
        /// The one result of this job.
        case deliver(JobID, AttemptID)
        /// It failed the check and is kept for inspection.
        case keep(AttemptID)
        /// Nothing more will be tried.
        case end(JobID, RouteEnd)
    }

    static let connectSeconds = 5.0
    static let firstByteSeconds = 30.0
    static let stallSeconds = 20.0
    static let probeSeconds = 10.0
    static let deadlineSeconds = 600.0
    static let deadlineEstimates = 4.0
    /// A busy tier is waited for when it takes no longer than this, and so often.
    static let shortWait = 10.0
    static let shortWaits = 2
    /// Parked for this long when a tier does not say until when.
    static let unknownQuota = 3600.0
    static let unknownBusy = 5.0
    static let coldStartPause = 5.0
    /// When nothing else is left, a tier that will be back within this time is waited for, and so often.
    static let patience = 120.0
    /// An answer that has not come by then is a no: a job must not wait for somebody who went away.
    static let answerSeconds = 600.0
    static let rounds = 3

    struct TierState: Sendable {
        var breaker = Breaker()
        var budget = RetryBudget()
        var parkedUntil = -Double.infinity
        var busyUntil = -Double.infinity
        var isLockedOut = false
        var isAllowed: Bool
        var probeDeadline = Double.infinity
    }

    public let tiers: [RoutingPolicy]
    var states: [TierState]
    var routes: [JobID: Route] = [:]
    var jobOfAttempt: [AttemptID: JobID] = [:]
    private var lastAttempt = 0

    /// - Parameter allowed: for each tier, whether the user's consent is on record.
    public init(tiers: [RoutingPolicy], allowed: [Bool]) {
        self.tiers = tiers
        states = tiers.indices.map { TierState(isAllowed: allowed.indices.contains($0) && allowed[$0]) }
    }

    /// When `tick` has something to do; nil when nothing waits.
    public var nextWake: Double? {
        var next = Double.infinity
        for route in routes.values { next = min(next, route.wake) }
        for state in states { next = min(next, state.probeDeadline) }
        return next == .infinity ? nil : next
    }

    /// What was decided for a job so far; nil for one that has ended and was forgotten.
    public func log(of job: JobID) -> RouteLog? {
        routes[job].map { RouteLog(key: $0.request.key, tiers: tiers, decisions: $0.decisions, submittedAt: $0.submittedAt) }
    }

    /// Drops what is known of a job that is over.
    public mutating func forget(_ job: JobID) {
        if routes[job]?.phase == .over { routes[job] = nil }
    }

    /// - Parameters:
    ///   - now: seconds on a clock that never goes back.
    ///   - random: for jitter alone.
    public mutating func handle(_ event: Event, now: Double, random: inout RoutingRandom) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .submitted(let job, let request):
            guard routes[job] == nil else { return [] }
            var route = Route(job: job, request: request, submittedAt: now)
            advance(&route, now, &effects)
            routes[job] = route
        case .connected(let id):
            change(id) { route, _ in route.timers.connected(now) }
        case .heard(let id, let estimate):
            change(id) { route, policy in
                route.timers.heard(now)
                if let estimate { route.timers.extend(toward: Self.deadline(policy, estimate), from: route.startedAt) }
            }
        case .returned(let id, let facts):
            returned(id, facts, now, &random, &effects)
        case .failed(let id, let error):
            guard let job = jobOfAttempt[id], var route = routes[job] else { return [] }
            failed(&route, id, error, now, &random, &effects)
            routes[job] = route
        case .answered(let job, let yes):
            guard var route = routes[job], case .asking(let question) = route.phase else { return [] }
            answered(&route, question, yes, now, &effects)
            routes[job] = route
        case .probed(let tier, let isThere):
            probed(tier, isThere, now, &random, &effects)
        case .consentChanged(let tier, let isAllowed):
            if states.indices.contains(tier) { states[tier].isAllowed = isAllowed }
        case .cancelRequested(let job):
            guard var route = routes[job] else { return [] }
            cancel(&route, now, &effects)
            routes[job] = route
        case .tick:
            tick(now, &random, &effects)
        }
        return effects
    }

    // MARK: Where next

    /// Goes on to the first tier that may and can take the job.
    mutating func advance(_ route: inout Route, _ now: Double, _ effects: inout [Effect]) {
        while route.position < tiers.count {
            let tier = route.position
            if route.spent & 1 << UInt64(tier) != 0 || route.request.only.map({ $0 != tier }) ?? false {
                route.position += 1
                continue
            }
            switch gate(route, tier, now) {
            case .pass:
                return start(&route, tier, now, &effects)
            case .ask:
                let question = RouteQuestion.consent(tier: tier)
                route.note(now, tier, .asked(question))
                route.ask(question, now)
                effects.append(.ask(route.job, question))
                return
            case .probe:
                states[tier].breaker.beginProbe()
                states[tier].probeDeadline = now + Self.probeSeconds
                route.note(now, tier, .probing)
                route.phase = .probing(tier)
                effects.append(.probe(tier: tier))
                return
            case .skip(let reason):
                route.note(now, tier, .skipped(reason))
                route.remember(reason)
                route.position += 1
            }
        }
        // Everything was tried. What will be back soon is waited for: the job has nowhere else to go.
        if route.rounds < Self.rounds, route.backAt - now <= Self.patience {
            route.rounds += 1
            route.position = 0
            route.phase = .pausing(until: max(now, route.backAt))
            route.backAt = .infinity
            return
        }
        end(&route, .failed(route.lastError), &effects)
    }

    private enum Gate { case pass, ask, probe, skip(RouteDecision.SkipReason) }

    private func gate(_ route: Route, _ tier: Int, _ now: Double) -> Gate {
        let policy = tiers[tier], state = states[tier]
        guard route.request.accepted.indices.contains(tier), route.request.accepted[tier] else { return .skip(.cannotDo) }
        if policy.privacyClass == .local { return .pass }
        if policy.consent == .never { return .skip(.forbidden) }
        if route.refused & 1 << UInt64(tier) != 0 { return .skip(.notAllowed) }
        let mayGo = policy.consent == .always || !policy.privacyClass.needsConsent || state.isAllowed || route.allowed & 1 << UInt64(tier) != 0
        if !mayGo, !route.request.canAsk { return .skip(.notAllowed) }
        if state.isLockedOut { return .skip(.auth) }
        if state.parkedUntil > now { return .skip(.quota(until: state.parkedUntil)) }
        if state.busyUntil > now { return .skip(.busy(until: state.busyUntil)) }
        switch state.breaker.state {
        case .closed: break
        case .probing: return .skip(.beingProbed)
        case .open(let until): if until > now { return .skip(.resting(until: until)) }
        }
        // Nobody is asked about a tier that is not there; and nothing, not even a probe, goes where nothing may.
        if !mayGo { return .ask }
        return state.breaker.isClosed ? .pass : .probe
    }

    mutating func start(_ route: inout Route, _ tier: Int, _ now: Double, _ effects: inout [Effect]) {
        lastAttempt += 1
        let id = AttemptID(rawValue: lastAttempt)
        let isLocal = tiers[tier].privacyClass == .local
        if !route.isWaitingThere { route.startedAt = now }
        route.isWaitingThere = false
        route.tries += 1
        // This machine is its own clock: work that goes on is not given up.
        let deadline = isLocal ? .infinity : route.startedAt + Self.deadline(tiers[tier], route.request.estimateSeconds)
        route.timers = isLocal ? RouteTimers() : RouteTimers(connectBy: now + Self.connectSeconds, deadline: deadline)
        route.phase = .attempting(tier, id)
        jobOfAttempt[id] = route.job
        route.note(now, tier, .started(route.tries))
        effects.append(.start(Attempt(id: id, job: route.job, tier: tier, key: route.request.key, deadline: deadline)))
    }

    private static func deadline(_ policy: RoutingPolicy, _ estimate: Double?) -> Double {
        policy.deadlineSeconds ?? max(deadlineSeconds, deadlineEstimates * (estimate ?? 0))
    }

    private mutating func change(_ id: AttemptID, _ edit: (inout Route, RoutingPolicy) -> Void) {
        guard let job = jobOfAttempt[id], case .attempting(let tier, id)? = routes[job]?.phase else { return }
        edit(&routes[job]!, tiers[tier])
    }
}
