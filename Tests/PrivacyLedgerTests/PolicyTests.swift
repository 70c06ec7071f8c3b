import TestSupport
import Testing
@testable import PrivacyLedger

/// The printed policy, and the settings it is made from.
struct PolicyTests {
    let folder = Folder()

    func policy(_ rules: RetentionRules = .standard, swap: Surroundings.Swap = .none) -> LedgerPolicy {
        LedgerPolicy(rules: rules, surroundings: Surroundings(swap: swap, memoryQuota: 1 << 30))
    }

    @Test func thePolicyIsAFunctionOfTheConfiguration() {
        #expect(policy() == policy() && policy().hash == policy().hash)
        let shorter = policy(RetentionRules(overrides: [.fileOpen: (120, 12 * 3600)]))
        #expect(shorter.hash != policy().hash)
        let told = shorter.differences(from: policy())
        #expect(told.count == 1 && told[0].contains("10 minutes after its last use") && told[0].contains("2 minutes after its last use"))
        #expect(policy().differences(from: policy()).isEmpty)
        #expect(policy(swap: .disk).differences(from: policy()).map { $0.prefix(4) } == ["swap", "seal"])
        // What is free at the moment is no part of the configuration.
        func onDisk(_ bytes: Int64) -> LedgerPolicy { LedgerPolicy(rules: .standard, surroundings: Surroundings(swap: .none, memoryQuota: 1 << 30, diskQuota: bytes)) }
        #expect(onDisk(1 << 30).hash == onDisk(1 << 40).hash)
        for rule in RetentionRule.allCases {
            let kinds = ItemKind.allCases.filter { $0.defaultRule == rule }
            let changed = policy(RetentionRules(overrides: [rule: (RetentionRules.standard[rule].idleSeconds, 77)])).differences(from: policy())
            #expect(changed.count == (kinds.isEmpty ? 0 : rule == .metrics ? 3 : 1) && changed.allSatisfy { $0.contains("77 seconds") }, "\(rule)")
        }
    }

    @Test func everyKindOfItemHasItsSentence_andEverySentenceItsChecks() {
        let sentences = LedgerPolicy(rules: .standard, surroundings: Surroundings(swap: .none, memoryQuota: 1 << 30), keepsSessions: true).sentences
        for kind in ItemKind.allCases {
            #expect(sentences.count { ($0.id.hasPrefix("kept-") || $0.id == "queue") && $0.text.contains(kind.words) } >= 1, "\(kind)")
        }
        #expect(sentences.allSatisfy { !$0.checks.isEmpty && !$0.text.isEmpty })
        #expect(Set(sentences.map(\.id)).count == sentences.count)
    }

    @Test func aSessionIsKeptOnlyWhereThePolicySaysSo() {
        let kept = LedgerPolicy(rules: .standard, surroundings: Surroundings(swap: .none, memoryQuota: 1 << 30), keepsSessions: true)
        let told = kept.differences(from: policy())
        #expect(told.count == 1 && told[0].contains("was: Of the studio nothing is kept for a later start") && told[0].contains("until it is taken up again, 1 day at most") && told[0].contains("its key lies beside it"))
    }

    @Test func tiersAreSaidOneByOne_withWhatTheyPromise() {
        let key = ReceiptSigner().publicKey
        let tiers = [TierPromise(name: "space", privacyClass: .thirdParty, end: .declared(seconds: 3600)), TierPromise(name: "gpu", privacyClass: .own, end: .receipt(key: key, withinSeconds: 60)),
                     TierPromise(name: "box", privacyClass: .unknown, end: .undeclared), TierPromise(name: "pool", privacyClass: .thirdParty, end: .undeclared, isAgreed: true)]
        let with = LedgerPolicy(rules: .standard, surroundings: Surroundings(swap: .none, memoryQuota: 1 << 30), tiers: tiers)
        #expect(policy().page.contains("Nothing leaves this machine") && !with.page.contains("Nothing leaves this machine"))
        for words in ["The tier space is a third party, and gets nothing before you have said so: it declares to keep what it is given for 1 hour", "The tier gpu is a machine of your own: it signs a receipt",
                      "expected within 1 minute", "The tier pool is a third party, which your configuration always agrees to: it says nothing", "The tier box is somebody unknown, and gets nothing before you have said so: it says nothing"] {
            #expect(with.page.contains(words), "\(words)")
        }
        let told = with.differences(from: policy())
        #expect(told.contains { $0.hasPrefix("nothing-leaves: no longer: ") } && told.count { $0.hasPrefix("tier-") } == 4)
        #expect(with.sentences.contains { $0.id == "kept-at-tiers" && $0.text.contains("until the tier signs that it is gone") && $0.text.contains("1 day where it names none") })
        #expect(with.sentences.allSatisfy { !$0.id.hasPrefix("kept-tier-") || $0.text.contains("on this machine") })
        #expect(with.sentences.allSatisfy { !$0.checks.isEmpty } && Set(with.sentences.map(\.id)).count == with.sentences.count)
    }

    @Test func aPlaceholderLeftOpenIsAnErrorAtTheStart() throws {
        let surroundings = Surroundings(swap: .none, memoryQuota: 1 << 30)
        let answers: [ServicePolicy.Place: String] = [.operator: "Kontrast Studio", .contact: "privacy@kontrast.studio", .location: "Austria"]
        let page = try ServicePolicy(answers: answers, rules: .standard, surroundings: surroundings).policy.page
        #expect(page.contains("This server is run by Kontrast Studio in Austria; reach them at privacy@kontrast.studio."))
        #expect(page.contains("until its job ends, 30 minutes at most") && page.contains("until you acknowledge it, 15 minutes at most"))
        for place in ServicePolicy.Place.allCases {
            for filling in [nil, "", "  ", "{\(place.rawValue)}", "<your name>", "TODO", "to be changed [here]", "CHANGE ME", "info@example.com", "-", "N/A", String(repeating: "x", count: 201)] {
                var open = answers
                open[place] = filling
                let error = #expect(throws: LedgerError.self, "\(filling ?? "absent")") { _ = try ServicePolicy(answers: open, rules: .standard, surroundings: surroundings) }
                #expect(error == .openPlaces([place.rawValue]) && error?.exitCode == 65 && error?.message.contains(place.rawValue) == true)
            }
        }
        #expect(throws: LedgerError.openPlaces(["operator", "contact", "location"])) { _ = try ServicePolicy(answers: [:], rules: .standard, surroundings: surroundings) }
    }

    @Test func theAnswersForAServerAreReadStrictly() throws {
        try folder.write("[service] # who\noperator = \"Studio # 1\"\ncontact=\"a@b.org\" # here\n[retention.job]\nhard_seconds = 60\n", to: "p")
        let settings = try PrivacySettings.all(at: folder.file("p"))
        #expect(settings.service == [.operator: "Studio # 1", .contact: "a@b.org"] && settings.rules[.job].hardSeconds == 60)
        for text in ["[service]\nowner = \"x\"", "[service]\noperator = x", "[service]\noperator = \"x", "[service]\n[service]", "[service]\noperator = \"a\\\"b\"", "[retention.until_receipt]\nhard_seconds = 5"] {
            #expect(throws: LedgerError.self, "\(text)") { _ = try PrivacySettings.parse(text, "p") }
        }
    }

    @Test func trainingIsNoPurpose() {
        #expect(ItemPurpose.allCases.allSatisfy { !$0.rawValue.contains("train") })
        #expect(ItemPurpose(rawValue: "training") == nil)
        #expect(policy().page.contains("Training is not on it."))
    }

    @Test func swapIsToldAsItIs() {
        // proc(5), /proc/swaps.
        let heading = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
        #expect(Surroundings.swap(heading) == .none)
        #expect(Surroundings.swap(heading + "/dev/zram0 partition\t8\t0\t100\n") == .memory)
        #expect(Surroundings.swap(heading + "/dev/zram0 partition\t8\t0\t100\n/swapfile file\t8\t0\t-2\n") == .disk)
        #expect(policy(swap: .disk).page.contains("swaps to disk") && policy(swap: .none).page.contains("no swap"))
    }

    @Test func durationsAreSaidInTheLargestUnitThatFits() {
        #expect([30, 60, 90, 600, 3600, 5400, 86_400, 30 * 86_400, 1.5].map(duration)
            == ["30 seconds", "1 minute", "90 seconds", "10 minutes", "1 hour", "90 minutes", "1 day", "30 days", "1.5 seconds"])
    }

    @Test func settingsAreReadStrictly_eachComplaintWithItsLine() throws {
        let rules = try PrivacySettings.parse("# mine\n[retention.file_open]\nidle_seconds = 120 # two minutes\n\n[retention.unsaved]\nhard_seconds=600", "f")
        #expect(rules[.fileOpen].idleSeconds == 120 && rules[.fileOpen].hardSeconds == 12 * 3600)
        #expect(rules.period(of: .unsaved) == 600 && rules[.job] == RetentionRules.standard[.job])
        #expect(rules[.unsaved].sentence == "10 minutes unless saved or extended, 10 minutes at most")
        for (text, line) in [
            ("idle_seconds = 3", 1), ("[retention.nothing]", 1), ("[retention.job]\nidle_seconds = 0", 2), ("[retention.job]\nidle_seconds = 59", 2), ("[retention.job]\nidle_seconds = nan", 2),
            ("[retention.job]\nhard_seconds = 1e12", 2), ("[retention.job]\n\nforever = 1", 3), ("[retention.job]\nidle_seconds", 2),
            ("[retention.metrics]\nidle_seconds = 5", 2), ("[retention.job]\n[retention.job]", 2), ("x\u{1B}[2J", 1),
        ] {
            let error = #expect(throws: LedgerError.self, "\(text)") { try PrivacySettings.parse(text, "/p/privacy.toml") }
            guard case .badSettings("/p/privacy.toml", let told?, _)? = error else { Issue.record("\(text): \(error?.message ?? "accepted")"); continue }
            #expect(told == line && error?.message.contains("\u{1B}") == false, "\(text)")
        }
        #expect(try PrivacySettings.rules(at: folder.file("absent")) == .standard)
        try folder.write(String(repeating: "# long\n", count: 20_000), to: "long")
        #expect(throws: LedgerError.self) { try PrivacySettings.rules(at: folder.file("long")) }
        #expect(throws: LedgerError.self) { try PrivacySettings.rules(at: folder.path) }
    }
}
