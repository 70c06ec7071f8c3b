import ArgumentParser
import AudioFiles
import FoundationEssentials
import Mastering
import PrivacyLedger
import RemoteTiers
import Studio

/// `lathe ledger policy`: what is promised here, made from the configuration in force.
struct LedgerPolicyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Print what is promised about temporary data here, each sentence with the checks that prove it.")

    @Flag(help: "Only what your configuration changes, in words.") var diff = false
    @Option(help: ArgumentHelp("With --diff: compare with what policy --json printed earlier or elsewhere, instead of with the defaults.", valueName: "file"), completion: .file()) var against: String?
    @Flag(help: "As a server would publish it; an open place is an error.") var service = false
    @Flag(help: "One JSON document.") var json = false

    func validate() throws {
        if against != nil, !diff { throw ValidationError("--against goes with --diff") }
    }

    func run() throws {
        let surroundings = Surroundings.current(), settings = try PrivacySettings.all()
        let policy = service
            ? try ServicePolicy(answers: settings.service, rules: settings.rules, surroundings: surroundings).policy
            : try Self.inForce(settings, surroundings)
        guard diff else { return try Output.result(json ? LedgerCommand.json(policy) : String(policy.page.dropLast())) }
        let before = try against.map(Self.read) ?? LedgerPolicy(rules: .standard, surroundings: surroundings)
        let changes = policy.differences(from: before).map(\.printable)
        if json { return try Output.result(JSON.array(changes.map { .string($0) }).text) }
        try Output.result(changes.isEmpty ? (against == nil ? "nothing: the defaults are in force" : "nothing: it is the same policy") : changes.joined(separator: "\n"))
    }

    private static func inForce(_ settings: PrivacySettings.Settings, _ surroundings: Surroundings) throws -> LedgerPolicy {
        LedgerPolicy(
            rules: settings.rules, surroundings: surroundings, tiers: try RemoteTierList.promises(TierConfiguration.tiers()), keepsSessions: try StudioSettings.load().session != .never,
            queue: settings.queue.possible)
    }

    /// For the row of each run; the policy is not known where a configuration cannot be read.
    static let facts: @Sendable () -> RunFacts = {
        var policy: String?
        do { policy = try inForce(PrivacySettings.all(), .current()).hash } catch { policy = nil }
        return RunFacts(build: Lathe.version, policy: policy)
    }

    private static func read(_ path: String) throws(Failure) -> LedgerPolicy {
        let bytes = try LedgerVerify.read(path, "what lathe ledger policy --json prints", most: 1 << 20)
        do { return try JSONDecoder().decode(LedgerPolicy.self, from: Data(bytes)) } catch {
            throw Failure(65, "\(path.printable): is not what lathe ledger policy --json prints")
        }
    }
}
