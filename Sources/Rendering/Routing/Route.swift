/// How the routing of a job ended.
public enum RouteEnd: Sendable, Equatable {
    /// With the last error; nil when no tier was even tried.
    case failed(TierError?)
    case cancelled
}

/// The clocks that run during an attempt at another machine.
struct RouteTimers: Sendable, Equatable {
    private(set) var faultAt = Double.infinity
    private(set) var fault = TransportFault.deadline
    private(set) var deadline = Double.infinity
    private var hasHeard = false

    init() {}

    init(connectBy: Double, deadline: Double) {
        self.deadline = deadline
        set(connectBy, .unreachable)
    }

    mutating func connected(_ now: Double) {
        guard !hasHeard, deadline < .infinity else { return }
        set(now + TierRouter.firstByteSeconds, .noFirstByte)
    }

    mutating func heard(_ now: Double) {
        guard deadline < .infinity else { return }
        hasHeard = true
        set(now + TierRouter.stallSeconds, .stalled)
    }

    mutating func extend(toward seconds: Double, from start: Double) {
        guard deadline < .infinity, seconds.isFinite else { return }
        deadline = max(deadline, start + seconds)
    }

    private mutating func set(_ at: Double, _ fault: TransportFault) {
        faultAt = at
        self.fault = fault
    }

    var next: Double { min(faultAt, deadline) }

    /// What has run out at `now`.
    func expired(_ now: Double) -> TransportFault? {
        if deadline <= now { return .deadline }
        return faultAt <= now ? fault : nil
    }
}

/// One job on its way.
struct Route: Sendable {
    enum Phase: Sendable, Equatable {
        case moving
        case asking(RouteQuestion)
        case probing(Int)
        case pausing(until: Double)
        case attempting(Int, AttemptID)
        /// This machine was told to stop and has not let go yet.
        case stopping(Int, AttemptID)
        case over
    }

    let job: JobID
    let request: RouteRequest
    let submittedAt: Double
    var phase = Phase.moving
    /// The tier that is looked at next.
    var position = 0
    /// Attempts and short waits at that tier.
    var tries = 0
    var retriesLeft: Int?
    var waits = 0
    var isWaitingThere = false
    /// Bits of tiers that have had their tries, that somebody said no to, and that this job may go to.
    var spent: UInt64 = 0
    var refused: UInt64 = 0
    var allowed: UInt64 = 0
    var rounds = 0
    /// When the first of the tiers that were skipped for a while is back.
    var backAt = Double.infinity
    var startedAt = 0.0
    var timers = RouteTimers()
    var lastError: TierError?
    var decisions: [RouteDecision] = []
    private(set) var answerBy = Double.infinity

    init(job: JobID, request: RouteRequest, submittedAt: Double) {
        self.job = job
        self.request = request
        self.submittedAt = submittedAt
        for (tier, isRefused) in request.refused.enumerated() where isRefused { refused |= 1 << UInt64(tier) }
    }

    var wake: Double {
        switch phase {
        case .pausing(let until): until
        case .attempting: timers.next
        case .asking: answerBy
        case .moving, .probing, .stopping, .over: .infinity
        }
    }

    mutating func note(_ now: Double, _ tier: Int, _ verdict: RouteDecision.Verdict, restingUntil: Double? = nil) {
        decisions.append(RouteDecision(at: now, tier: tier, verdict: verdict, restingUntil: restingUntil))
    }

    mutating func ask(_ question: RouteQuestion, _ now: Double) {
        phase = .asking(question)
        answerBy = now + TierRouter.answerSeconds
    }

    mutating func remember(_ reason: RouteDecision.SkipReason) {
        switch reason {
        case .quota(let until), .busy(let until), .resting(let until): backAt = min(backAt, until)
        case .beingProbed: backAt = min(backAt, decisions.last.map { $0.at + TierRouter.probeSeconds } ?? .infinity)
        case .cannotDo, .forbidden, .notAllowed, .auth: break
        }
    }

    /// Done with the tier at hand.
    mutating func leave() {
        spent |= 1 << UInt64(position)
        moveOn()
    }

    mutating func moveOn() {
        position += 1
        tries = 0
        retriesLeft = nil
        waits = 0
        isWaitingThere = false
        phase = .moving
    }
}
