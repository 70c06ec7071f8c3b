import ArgumentParser
import Mastering
import PrivacyLedger

/// `lathe ledger policy`: what is promised here, made from the configuration in force.
struct LedgerPolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Print what is promised about temporary data here, each sentence with the checks that prove it.")

    @Flag(help: "Only what your configuration changes, in words.") var diff = false
    @Flag(help: "One JSON document.") var json = false

    func run() throws {
        let surroundings = Surroundings.current()
        let policy = LedgerPolicy(rules: try PrivacySettings.rules(), surroundings: surroundings)
        guard diff else { return try Output.result(json ? LedgerCommand.json(policy) : String(policy.page.dropLast())) }
        let changes = policy.differences(from: LedgerPolicy(rules: .standard, surroundings: surroundings))
        if json { return try Output.result(JSON.array(changes.map { .string($0) }).text) }
        try Output.result(changes.isEmpty ? "nothing: the defaults are in force" : changes.joined(separator: "\n"))
    }
}
