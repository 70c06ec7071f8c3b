/// A token bucket for each caller: so many calls a minute, a quarter of them at once. A value; who asks brings the time.
struct RateLimit {
    private struct Bucket { var tokens: Double, at: Double }
    private var buckets: [String: Bucket] = [:]
    private let perSecond: Double
    private let burst: Double

    init(perMinute: Int) {
        perSecond = Double(perMinute) / 60
        burst = max(1, Double(perMinute) / 4)
    }

    /// - Parameter now: seconds on a clock that never goes back.
    /// - Returns: nil when the call may pass, else seconds until the next one may.
    mutating func take(_ caller: String, now: Double) -> Int? {
        if buckets.count > 10_000 { buckets = buckets.filter { now - $0.value.at < burst / perSecond } }
        var bucket = buckets[caller] ?? Bucket(tokens: burst, at: now)
        bucket.tokens = min(burst, bucket.tokens + max(0, now - bucket.at) * perSecond)
        bucket.at = now
        defer { buckets[caller] = bucket }
        guard bucket.tokens >= 1 else { return max(1, Int(((1 - bucket.tokens) / perSecond).rounded(.up))) }
        bucket.tokens -= 1
        return nil
    }
}
