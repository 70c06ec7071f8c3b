/// One thing the router decided or learned about one tier and one job.
public struct RouteDecision: Sendable, Codable, Equatable {
    public enum SkipReason: Sendable, Codable, Equatable {
        /// Another kind of job than it does.
        case cannotDo
        /// The configuration sends nothing there.
        case forbidden
        /// Nobody allowed it, or somebody said no.
        case notAllowed
        case auth
        case quota(until: Double)
        case busy(until: Double)
        case resting(until: Double)
        /// Another job is finding out whether it is back.
        case beingProbed
    }

    public enum Verdict: Sendable, Codable, Equatable {
        case skipped(SkipReason)
        case asked(RouteQuestion)
        case answered(Bool)
        case probing
        case probed(Bool)
        /// Counted from 1, per tier.
        case started(Int)
        case failed(TierError)
        /// Tried again there after so many seconds.
        case pausing(Double)
        /// The result passed the check.
        case accepted
        case cancelled
    }

    /// Seconds since 1970.
    public var at: Double
    /// Index into the log's tiers.
    public var tier: Int
    public var verdict: Verdict
    /// Until when the tier is left alone after this failure; nil when it is not.
    public var restingUntil: Double?
}

/// Why a job ran where it ran: every decision, in order.
public struct RouteLog: Sendable, Codable, Equatable {
    public var key: String
    public var tiers: [RoutingPolicy]
    public var decisions: [RouteDecision]
    public var submittedAt: Double

    public init(key: String, tiers: [RoutingPolicy], decisions: [RouteDecision], submittedAt: Double) {
        self.key = key
        self.tiers = tiers
        self.decisions = decisions
        self.submittedAt = submittedAt
    }

    /// What waits for the user's answer; nil when nothing does.
    public var question: RouteQuestion? {
        if case .asked(let question)? = decisions.last?.verdict { question } else { nil }
    }

    /// The check refused a result.
    public var hasRejected: Bool {
        decisions.contains { if case .failed(.badOutput) = $0.verdict { true } else { false } }
    }

    /// The tier whose attempt is under way or was accepted.
    public var currentTier: Int? {
        for decision in decisions.reversed() {
            switch decision.verdict {
            case .started, .accepted: return decision.tier
            case .failed, .cancelled: return nil
            default: continue
            }
        }
        return nil
    }
}
