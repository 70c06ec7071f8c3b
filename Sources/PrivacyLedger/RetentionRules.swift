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
    /// What a later run is to find again.
    case resumable
    /// At a tier that declares how long it keeps things.
    case declaredPeriod = "declared_period"
    /// At a tier that is to say when it is gone.
    case untilReceipt = "until_receipt"

    /// What lies at a tier ends when the tier ends it; no setting of ours changes that.
    var isTheTiers: Bool { self == .declaredPeriod || self == .untilReceipt }
}

/// How long an item may live.
public struct Retention: Sendable, Equatable {
    /// Seconds without use after which it ends; nil when use does not matter.
    public var idleSeconds: Double?
    /// Seconds after its creation at which it ends, whatever happens. Finite for every rule.
    public var hardSeconds: Double
    /// Whether the user may start its period anew (never beyond the hard limit).
    public var extendable: Bool
    /// What ends it before its time; nil when nothing does.
    fileprivate var end: String?
    fileprivate var isTheTiers = false
    /// Seconds that it gets at creation and when extended, where that is not the idle or the hard limit.
    fileprivate var periodSeconds: Double?

    /// The rule in words, with the numbers that are in force.
    public var sentence: String {
        var parts: [String] = []
        if let end { parts.append(end) }
        if let periodSeconds { parts.append(duration(periodSeconds) + " unless saved or extended") }
        if let idleSeconds { parts.append("or \(duration(idleSeconds)) after its last use") }
        // How long a tier really keeps it is not ours to bound.
        if isTheTiers { return parts.joined() }
        parts.append(parts.isEmpty ? duration(hardSeconds) : duration(hardSeconds) + " at most")
        return parts.joined(separator: ", ")
    }
}

/// `10 minutes`: in the largest unit that leaves nothing over.
func duration(_ seconds: Double) -> String {
    for (unit, length) in [("day", 86_400.0), ("hour", 3600), ("minute", 60)] where seconds >= length && seconds.truncatingRemainder(dividingBy: length) == 0 {
        let count = Int(seconds / length)
        return "\(count) \(unit)\(count == 1 ? "" : "s")"
    }
    let whole = seconds == seconds.rounded()
    return whole ? "\(Int(seconds)) second\(seconds == 1 ? "" : "s")" : "\(seconds) seconds"
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
        for (rule, change) in overrides where !rule.isTheTiers {
            let usual = Self.standardRetention(rule)
            let longest = max(usual.hardSeconds, 30 * Self.day)
            var retention = usual
            retention.hardSeconds = Self.clamp(change.hardSeconds, longest)
            retention.idleSeconds = change.idleSeconds.map { Self.clamp($0, longest) }
            if let period = usual.periodSeconds { retention.periodSeconds = min(period, retention.hardSeconds) }
            table[rule] = retention
        }
    }

    private static func clamp(_ seconds: Double, _ longest: Double) -> Double {
        seconds.isNaN ? 1 : min(max(1, seconds), longest)
    }

    public subscript(rule: RetentionRule) -> Retention { table[rule] ?? Self.standardRetention(rule) }

    private static func standardRetention(_ rule: RetentionRule) -> Retention {
        switch rule {
        case .fileOpen: Retention(idleSeconds: 10 * minute, hardSeconds: 12 * hour, extendable: true, end: "until the file is closed")
        case .withParent: Retention(hardSeconds: 30 * day, extendable: false, end: "as long as what it was derived from")
        case .job: Retention(idleSeconds: 10 * minute, hardSeconds: 12 * hour, extendable: false, end: "until the job ends")
        case .unsaved: Retention(hardSeconds: 24 * hour, extendable: true, periodSeconds: 30 * minute)
        case .untilQuit: Retention(hardSeconds: 24 * hour, extendable: false, end: "until Lathe quits")
        case .tierInput: Retention(hardSeconds: 30 * minute, extendable: false, end: "until the job ends")
        case .tierOutput: Retention(hardSeconds: 15 * minute, extendable: false, end: "until acknowledged")
        case .metrics: Retention(hardSeconds: 30 * day, extendable: false)
        case .accessLog: Retention(hardSeconds: 7 * day, extendable: false)
        case .resumable: Retention(hardSeconds: 24 * hour, extendable: false, end: "until it is taken up again")
        case .declaredPeriod: Retention(hardSeconds: 400 * day, extendable: false, end: "as long as the tier declares", isTheTiers: true)
        case .untilReceipt: Retention(hardSeconds: 400 * day, extendable: false, end: "until the tier signs that it is gone", isTheTiers: true)
        }
    }

    /// Seconds that an item of `rule` gets at creation, and again when extended.
    public func period(of rule: RetentionRule) -> Double {
        let retention = self[rule]
        return min(retention.periodSeconds ?? retention.idleSeconds ?? retention.hardSeconds, retention.hardSeconds)
    }
}
