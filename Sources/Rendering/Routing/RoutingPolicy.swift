import PrivacyLedger

/// What has to happen before something is sent to a tier.
public enum ConsentPolicy: String, Sendable, Codable, CaseIterable {
    /// Nothing is sent there.
    case never
    /// The user is asked once.
    case ask
    /// The configuration is the consent.
    case always
}

/// What the router knows of a tier.
public struct RoutingPolicy: Sendable, Codable, Equatable {
    public var name: String
    public var privacyClass: PrivacyClass
    public var consent: ConsentPolicy
    /// For a whole job, seconds; nil: 10 minutes or four times the estimate, whichever is longer.
    public var deadlineSeconds: Double?
    /// Whether a tier that has to start up first is waited for.
    public var waitsForColdStart: Bool

    public init(
        name: String, privacyClass: PrivacyClass, consent: ConsentPolicy = .ask, deadlineSeconds: Double? = nil, waitsForColdStart: Bool = false
    ) {
        self.name = name
        self.privacyClass = privacyClass
        self.consent = consent
        self.deadlineSeconds = deadlineSeconds
        self.waitsForColdStart = waitsForColdStart
    }

    public static let local = RoutingPolicy(name: "local", privacyClass: .local, consent: .always)
}

/// Identifies one try of one job at one tier. Never used twice within a router.
public struct AttemptID: RawRepresentable, Sendable, Hashable, Codable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
}

/// One try of a job at a tier.
public struct Attempt: Sendable, Equatable {
    public var id: AttemptID
    public var job: JobID
    /// Index into the router's tiers.
    public var tier: Int
    /// One per intent of the user, the same for retries and tiers.
    public var key: String
    /// Given up at this time.
    public var deadline: Double
}

/// What the router has to know of a job.
public struct RouteRequest: Sendable, Equatable {
    /// Idempotency key.
    public var key: String
    /// For each tier, whether it can do this job at all.
    public var accepted: [Bool]
    /// The one tier that the user named; nil leaves the choice to the order.
    public var only: Int?
    /// Whether somebody can be asked.
    public var canAsk: Bool
    /// For each tier, whether the user has said that nothing goes there; empty: nowhere.
    public var refused: [Bool]
    public var expectation: ResultExpectation
    /// Seconds that the work may take at a tier, when that is known.
    public var estimateSeconds: Double?

    public init(
        key: String, accepted: [Bool], only: Int? = nil, canAsk: Bool = false, refused: [Bool] = [], expectation: ResultExpectation = ResultExpectation(),
        estimateSeconds: Double? = nil
    ) {
        self.key = key
        self.accepted = accepted
        self.only = only
        self.canAsk = canAsk
        self.refused = refused
        self.expectation = expectation
        self.estimateSeconds = estimateSeconds
    }
}

/// What only the user can decide.
public enum RouteQuestion: Sendable, Codable, Equatable {
    /// May the job go to this tier?
    case consent(tier: Int)
    /// This tier refuses the content; may the job go on to another?
    case afterRefusal(tier: Int)
}
