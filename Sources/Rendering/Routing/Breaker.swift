/// Keeps jobs away from a tier that keeps failing.
///
/// A studio makes few calls, so a share of failures would never trip it: it counts. Opens after three retryable failures in a row, or two
/// failed connects within a minute; stays open 30 s, doubling to 10 min, ±20 %; then one probe without anybody's data decides.
struct Breaker: Sendable, Equatable {
    enum State: Sendable, Equatable {
        case closed
        case open(until: Double)
        /// A probe is out.
        case probing
    }

    static let failuresToOpen = 3
    static let connectsToOpen = 2
    static let connectWindow = 60.0
    static let firstPeriod = 30.0
    static let longestPeriod = 600.0
    static let spread = 0.2

    private(set) var state = State.closed
    private var failures = 0
    private var lastConnectFailure = -Double.infinity
    private var period = Self.firstPeriod

    /// Whether the tier may be asked at `now` without a probe.
    var isClosed: Bool { state == .closed }

    var restsUntil: Double? {
        if case .open(let until) = state { until } else { nil }
    }

    mutating func succeeded() {
        state = .closed
        failures = 0
        lastConnectFailure = -.infinity
        period = Self.firstPeriod
    }

    /// - Parameter jitter: 0…1.
    mutating func failed(connecting: Bool, now: Double, jitter: Double) {
        failures += 1
        var opens = failures >= Self.failuresToOpen
        if connecting {
            opens = opens || now - lastConnectFailure <= Self.connectWindow
            lastConnectFailure = now
        }
        if opens { open(now, jitter) }
    }

    mutating func beginProbe() { state = .probing }

    mutating func probed(_ answered: Bool, now: Double, jitter: Double) {
        guard state == .probing else { return }
        if answered {
            state = .closed
            // One more failure opens it again, for longer.
            failures = Self.failuresToOpen - 1
            lastConnectFailure = -.infinity
        } else {
            open(now, jitter)
        }
    }

    private mutating func open(_ now: Double, _ jitter: Double) {
        state = .open(until: now + period * (1 + Self.spread * (2 * jitter - 1)))
        period = min(period * 2, Self.longestPeriod)
        failures = 0
    }
}

/// Retries that a tier may still cost, so that a bad hour does not become a storm: one comes back each half minute.
struct RetryBudget: Sendable, Equatable {
    static let capacity = 6.0
    static let secondsPerToken = 30.0

    private var tokens = Self.capacity
    private var filledAt = -Double.infinity

    mutating func take(now: Double) -> Bool {
        if filledAt > -.infinity { tokens = min(Self.capacity, tokens + max(0, now - filledAt) / Self.secondsPerToken) }
        filledAt = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    static let base = 0.5
    static let longest = 20.0

    /// Full jitter: anything from nothing to the doubled base, at most 20 s (Brooker, Exponential Backoff and Jitter, 2015).
    /// - Parameter retry: 1 for the first.
    static func delay(retry: Int, random: Double) -> Double {
        random * min(longest, base * Double(1 << min(retry, 10)))
    }
}

/// SplitMix64 (Steele, Lea, Flood, 2014): a seed gives the same decisions again.
public struct RoutingRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 0…1, without 1.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
