/// Counters added up.
public struct UsageSummary: Sendable {
    public struct Line: Sendable {
        public var count = 0, done = 0, failed = 0
        public var spentMilliseconds: Int64 = 0, soundMilliseconds: Int64 = 0
        /// Of what was not cancelled.
        public var errorRate: Double? { done + failed > 0 ? Double(failed) / Double(done + failed) : nil }
        /// Sound made in the time that it took.
        public var speed: Double? { spentMilliseconds > 0 && soundMilliseconds > 0 ? Double(soundMilliseconds) / Double(spentMilliseconds) : nil }

        mutating func add(_ count: UsageCount) {
            self.count += count.count
            switch count.outcome {
            case .done:
                done += count.count
                spentMilliseconds += count.spentMilliseconds
                soundMilliseconds += count.soundMilliseconds
            case .cancelled: break
            default: failed += count.count
            }
        }
    }
    public struct Setting: Hashable, Sendable { public var event: LogEvent, setting: String }

    public let counts: [UsageCount]
    public private(set) var byTier: [(String, Line)] = []
    public private(set) var bySetting: [(Setting, Line)] = []

    public init(_ counts: [UsageCount]) {
        self.counts = counts
        var tiers: [String: Line] = [:], settings: [Setting: Line] = [:]
        for count in counts {
            tiers[count.tier, default: Line()].add(count)
            settings[Setting(event: count.event, setting: count.setting), default: Line()].add(count)
        }
        byTier = tiers.sorted { $0.key < $1.key }
        bySetting = settings.sorted { ($1.value.count, $0.key.setting) < ($0.value.count, $1.key.setting) }
    }
}
