import ArgumentParser
import FoundationEssentials
import PrivacyLedger

/// `lathe ledger consents`: what may go to which tier, and taking it back.
struct LedgerConsents: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consents", abstract: "What you allowed to leave this machine, or refused; take it back.",
        discussion: "Taking back an answer about a tier means being asked again before the next byte goes there. What was sent stays sent.")

    @Option(help: ArgumentHelp("Take back every answer about this tier.", valueName: "tier")) var withdraw: String?
    @Flag(help: "One JSON document.") var json = false

    func run() async throws {
        let (withdrawn, consents) = try await withLedger { ledger in
            let count = if let withdraw { try await ledger.withdrawConsent(tier: withdraw) } else { 0 }
            var held: [(Consent, Bool)] = []
            for consent in try await ledger.consents() { held.append((consent, await ledger.holds(consent))) }
            return (count, held)
        }
        if let withdraw, withdrawn == 0 { throw Failure(66, "\(withdraw.printable): nothing is allowed or refused; `lathe ledger consents` shows what is") }
        if json { return try Output.result(LedgerCommand.json(consents.map(\.0))) }
        guard !consents.isEmpty else { return try Output.result("nothing: nothing may leave this machine but for tiers of your own") }
        try Output.result(Text.table([["given", "tier", "who sees it", "answer", "holds"]] + consents.map { consent, holds in
            [Date(timeIntervalSince1970: consent.givenAt).formatted(.iso8601), consent.tier.printable, consent.privacyClass.words, consent.scope.rawValue,
             holds ? "yes" : consent.withdrawnAt == nil ? "over" : "withdrawn"]
        }))
    }
}
