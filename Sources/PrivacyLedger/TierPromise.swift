/// What the policy says about one configured tier.
public struct TierPromise: Sendable, Equatable {
    public var name: String
    public var privacyClass: PrivacyClass
    public var end: TierEnd
    /// The configuration says that it is always agreed to.
    public var isAgreed: Bool

    public init(name: String, privacyClass: PrivacyClass, end: TierEnd, isAgreed: Bool = false) {
        self.isAgreed = isAgreed
        self.name = name
        self.privacyClass = privacyClass
        self.end = end
    }

    var sentence: String {
        let kept = switch end {
        case .receipt(_, let seconds): "it signs a receipt when what it was given is gone, expected within \(duration(seconds)), and what is late is shown as overdue; a receipt is a claim and no proof"
        case .declared(let seconds): "it declares to keep what it is given for \(duration(seconds)), which Lathe shows and cannot shorten or check"
        case .undeclared: "it says nothing about when what it is given ends"
        }
        return "The tier \(inert(name)) is \(privacyClass.words)\(consent): \(kept)."
    }

    private var consent: String {
        guard privacyClass.needsConsent else { return "" }
        return isAgreed ? ", which your configuration always agrees to" : ", and gets nothing before you have said so"
    }

    private static let checks = ["aReceiptEndsTheRow_andOnlyOneThatIsSignedByTheAgreedKey", "aDeclaredPeriodEndsTheRow_alsoInALaterRun",
                                 "aTierWithoutAWordIsOverdueAfterADay_andGivenUpAsLostAfterAYear", "nothingLeavesForOthersWithoutConsent_andNoRowIsMade"]

    /// The sentences about what leaves this machine.
    static func sentences(_ tiers: [TierPromise]) -> [LedgerPolicy.Sentence] {
        guard !tiers.isEmpty else {
            return [.init(id: "nothing-leaves", text: "Nothing leaves this machine unless a tier is configured and agreed to. Without one, no command but lathe serve, which you start for others, opens a network connection; the listener's page, where you choose it, listens on this machine's own address 127.0.0.1 alone, and gives the sound to whoever here has its link, as you do by forwarding the port.",
                          checks: ["every_command_makes_its_row_before_its_bytes_and_reaches_for_no_network", "the_studio_makes_its_rows_before_its_bytes_and_reaches_for_no_network"])]
        }
        return [.init(id: "leaves-when-asked", text: "What leaves this machine goes to a tier that you configured, after a row for it is on disk and with a consent where one is needed; Lathe shows how many bytes that were.",
                      checks: ["theRowComesFirst_thenBytesAreCountedAsTheyLeave", "nothingLeavesForOthersWithoutConsent_andNoRowIsMade", "aConsentHoldsForItsTierItsPlaceItsClassAndItsJob",
                               "withoutALedgerOnDiskNothingLeaves", "afterADeathAllThatMayHaveLeftCountsAsLeft"])]
            + [.init(id: "kept-at-tiers", text: "What lies at a tier (tier input, tier output and prompt) is listed there, until its end is known: \(RetentionRules.standard[.untilReceipt].sentence), or \(RetentionRules.standard[.declaredPeriod].sentence). "
                        + "A tier that has not signed or said so in its time (\(duration(TierEnd.silentSeconds)) where it names none) is shown as overdue, and given up as lost after a year. Until then a row there says that it may still exist, not that it does.",
                     checks: checks)]
            + tiers.sorted { $0.name < $1.name }.map { .init(id: "tier-" + inert($0.name), text: $0.sentence, checks: checks) }
    }
}
