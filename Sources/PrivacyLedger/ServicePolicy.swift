/// The policy of a server (`lathe serve`): the ledger's own, with who runs it and what that means for those who use it. It has open places, and a server with one of them
/// left open does not start.
public struct ServicePolicy: Sendable, Equatable {
    /// What only the operator knows. A closed list.
    public enum Place: String, Sendable, CaseIterable {
        /// Who runs the server: a person or a company.
        case `operator`
        /// How to reach them.
        case contact
        /// Where the machine stands: a country.
        case location
    }

    public static let mostCharacters = 200
    public let policy: LedgerPolicy

    /// - Parameter answers: as the configuration has them.
    /// - Throws: `openPlaces`, naming every place that is empty, or is filled with what only stands for an answer (`{operator}`, `<name>`, `TODO`, `example`, …).
    public init(answers: [Place: String], rules: RetentionRules, surroundings: Surroundings, tiers: [TierPromise] = []) throws(LedgerError) {
        let open = Place.allCases.filter { !Self.isAnswer(answers[$0] ?? "") }
        guard open.isEmpty else { throw .openPlaces(open.map(\.rawValue)) }
        func answer(_ place: Place) -> String { inert(answers[place] ?? "") }
        func seconds(_ rule: RetentionRule) -> String { duration(rules[rule].hardSeconds) }
        var policy = LedgerPolicy(rules: rules, surroundings: surroundings, tiers: tiers)
        policy.sentences = [
            .init(id: "operator", text: "This server is run by \(answer(.operator)) in \(answer(.location)); reach them at \(answer(.contact)).",
                  checks: ["aPlaceholderLeftOpenIsAnErrorAtTheStart"]),
            .init(id: "served-input", text: "What you send is kept until its job ends, \(seconds(.tierInput)) at most; your prompt as long as its job.", checks: ["everyKindHasAFiniteEnd"]),
            .init(id: "served-output", text: "What is made for you is kept until you acknowledge it, \(seconds(.tierOutput)) at most.", checks: ["everyKindHasAFiniteEnd"]),
            .init(id: "served-receipts", text: "For what arrived and for what was destroyed you get a receipt, signed by this server.", checks: ["aReceiptEndsTheRow_andOnlyOneThatIsSignedByTheAgreedKey"]),
            .init(id: "served-log", text: "No access log is written: neither who called nor from where. Of each job its kind, outcome, duration and length of sound are noted, for \(seconds(.metrics)).",
                  checks: ["theLogHasNoPlaceForWords"]),
        ] + policy.sentences
        self.policy = policy
    }

    /// Whether a text says something, as far as that can be told from outside.
    static func isAnswer(_ text: String) -> Bool {
        let plain = text.lowercased().filter { !$0.isWhitespace }
        guard !plain.isEmpty, text.count <= mostCharacters, !plain.contains(where: { "{}<>[]".contains($0) }) else { return false }
        return !["todo", "tbd", "fixme", "changeme", "change-me", "xxx", "example", "placeholder", "yourname", "lorem", "n/a", "none", "-", "..."].contains { plain == $0 || ($0.count > 3 && plain.contains($0)) }
    }
}
