/// Who can see what a tier is given, the strongest first. A tier of a class that nobody knows is `unknown`.
public enum PrivacyClass: String, Sendable, Codable, CaseIterable, Comparable {
    /// This machine.
    case local
    /// A machine of the user's own.
    case own
    case localNetwork = "local_network"
    case thirdParty = "third_party"
    case unknown

    /// How strong it is; more is weaker.
    private var weakness: Int { Self.allCases.firstIndex(of: self) ?? Self.allCases.count }

    /// `a < b`: a is the weaker one.
    public static func < (a: PrivacyClass, b: PrivacyClass) -> Bool { a.weakness > b.weakness }

    /// Whether a byte may go there only once the user has said so in so many words. Elsewhere, configuring the tier is the word.
    public var needsConsent: Bool { self < .own }

    public var words: String {
        switch self {
        case .local: "this machine"
        case .own: "a machine of your own"
        case .localNetwork: "somebody in your network"
        case .thirdParty: "a third party"
        case .unknown: "somebody unknown"
        }
    }
}

/// What the user said when asked whether data may go to a tier.
public enum ConsentAnswer: Sendable, Equatable {
    /// For all that one job sends, for twelve hours at most and until the machine is started anew.
    case once(job: RowID)
    /// Until it is withdrawn.
    case always
    /// Refused; not asked again until it is withdrawn.
    case never

    var word: Consent.Scope {
        switch self {
        case .once: .once
        case .always: .always
        case .never: .never
        }
    }
}

/// A recorded answer. It holds for the tier by its name, for the place behind the name, and for classes as strong as the one it was given for.
public struct Consent: Sendable, Equatable, Codable, Identifiable {
    public enum Scope: String, Sendable, Codable, CaseIterable { case once, always, never }

    public var id: RowID
    public var tier: String
    public var privacyClass: PrivacyClass
    public var scope: Scope
    /// The job that a `once` is for.
    public var job: RowID?
    /// SHA-256 of where the tier leads to: under the same name, another place needs another consent.
    public var destination: String
    /// Seconds since 1970.
    public var givenAt: Double
    public var withdrawnAt: Double?
    /// The boot that a `once` ends with, and its end on that boot's clock.
    var boot: String
    var endBootNanoseconds: Int64?

    private enum CodingKeys: String, CodingKey {
        case id, tier, scope, job, destination, boot
        case privacyClass = "class"
        case givenAt = "given_at"
        case withdrawnAt = "withdrawn_at"
        case endBootNanoseconds = "end_boot_ns"
    }

    static let onceSeconds = 12 * 3600.0

    /// Whether it still says something at `now`.
    func holds(at now: LedgerInstant, boot: String) -> Bool {
        guard withdrawnAt == nil else { return false }
        guard let endBootNanoseconds else { return true }
        return self.boot == boot && now.bootNanoseconds < endBootNanoseconds
    }

    var digest: [UInt8] {
        let fields = [
            id.rawValue, tier, privacyClass.rawValue, scope.rawValue, job?.rawValue ?? "-", destination, "\(givenAt.bitPattern)",
            withdrawnAt.map { "\($0.bitPattern)" } ?? "-", boot, endBootNanoseconds.map { "\($0)" } ?? "-",
        ]
        return HashTree.hash(Array(fields.joined(separator: "\n").utf8))
    }
}
