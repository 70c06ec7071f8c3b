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
}
