/// The rules an item can live under. Each has a row in the table below.
public enum RetentionRule: String, Sendable, Codable, CaseIterable {
    case fileOpen = "file_open"
    case withParent = "with_parent"
    case job
    case unsaved
    case untilQuit = "until_quit"
    case tierInput = "tier_input"
    case tierOutput = "tier_output"
    case metrics
    case accessLog = "access_log"
}

/// How long an item may live.
public struct Retention: Sendable, Equatable {
    /// Seconds without use after which it ends; nil when use does not matter.
    public var idleSeconds: Double?
    /// Seconds after its creation at which it ends, whatever happens. Finite for every rule.
    public var hardSeconds: Double
    /// Whether the user may start its period anew (never beyond the hard limit).
    public var extendable: Bool
    /// The rule in words.
    public var sentence: String
}

/// The rules in force: the defaults, with overrides.
///
/// An override is clamped to 1 s … its default's hard limit or 30 days, whichever is longer, so that no
/// configuration can make an item immortal.
public struct RetentionRules: Sendable, Equatable {
    private var table: [RetentionRule: Retention]

    /// Settled rows stay in the history for this long, then become counts.
    public var historySeconds = 30 * day

    private static let minute = 60.0, hour = 3600.0, day = 86_400.0

    public static let standard = RetentionRules()

    public init(overrides: [RetentionRule: (idleSeconds: Double?, hardSeconds: Double)] = [:]) {
        table = [:]
        for rule in RetentionRule.allCases { table[rule] = Self.standardRetention(rule) }
        for (rule, change) in overrides {
            let usual = Self.standardRetention(rule)
            let longest = max(usual.hardSeconds, 30 * Self.day)
            var retention = usual
            retention.hardSeconds = Self.clamp(change.hardSeconds, longest)
            retention.idleSeconds = change.idleSeconds.map { Self.clamp($0, longest) }
            table[rule] = retention
        }
    }

    private static func clamp(_ seconds: Double, _ longest: Double) -> Double {
        seconds.isNaN ? 1 : min(max(1, seconds), longest)
    }

    public subscript(rule: RetentionRule) -> Retention { table[rule] ?? Self.standardRetention(rule) }

    private static func standardRetention(_ rule: RetentionRule) -> Retention {
        switch rule {
        case .fileOpen:
            Retention(idleSeconds: 10 * minute, hardSeconds: 12 * hour, extendable: true,
                      sentence: "until the file is closed, or 10 minutes after its last use")
        case .withParent:
            Retention(idleSeconds: nil, hardSeconds: 30 * day, extendable: false,
                      sentence: "as long as what it was derived from")
        case .job:
            Retention(idleSeconds: 10 * minute, hardSeconds: 12 * hour, extendable: false,
                      sentence: "until the job ends, or 10 minutes after its last progress")
        case .unsaved:
            Retention(idleSeconds: nil, hardSeconds: 24 * hour, extendable: true,
                      sentence: "30 minutes unless saved or extended")
        case .untilQuit:
            Retention(idleSeconds: nil, hardSeconds: 24 * hour, extendable: false,
                      sentence: "until Lathe quits")
        case .tierInput:
            Retention(idleSeconds: nil, hardSeconds: 30 * minute, extendable: false,
                      sentence: "until the job ends, 30 minutes at most")
        case .tierOutput:
            Retention(idleSeconds: nil, hardSeconds: 15 * minute, extendable: false,
                      sentence: "until acknowledged, 15 minutes at most")
        case .metrics:
            Retention(idleSeconds: nil, hardSeconds: 30 * day, extendable: false,
                      sentence: "30 days")
        case .accessLog:
            Retention(idleSeconds: nil, hardSeconds: 7 * day, extendable: false,
                      sentence: "7 days")
        }
    }

    /// Seconds that an item of `rule` gets at creation, and again when extended.
    public func period(of rule: RetentionRule) -> Double {
        let retention = self[rule]
        if rule == .unsaved { return min(30 * Self.minute, retention.hardSeconds) }
        return min(retention.idleSeconds ?? retention.hardSeconds, retention.hardSeconds)
    }
}
