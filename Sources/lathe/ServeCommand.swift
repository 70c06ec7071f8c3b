import ArgumentParser
import FoundationEssentials
import Glibc
import PrivacyLedger
import RemoteTiers
import Service

/// `lathe serve`: is a tier for others.
struct ServeCommand: AsyncParsableCommand, DecodesAudio, Listens, LivesOn {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Let others master and generate here, over HTTP.",
        discussion: """
            The API is described in Sources/Service/API.md: uploads that resume, jobs with progress, results, receipts. It listens on this machine only, unless --host says otherwise; then it needs
            a policy ([service] in privacy.toml, or a text of its own with --policy), accounts, and a reverse proxy for TLS in front of it.
            What clients send is sealed, destroyed when its job ends, and has a row in the ledger from before its first byte.
            """)

    @Option(help: ArgumentHelp("Where to listen.", valueName: "address")) var host = "127.0.0.1"
    @Option(help: ArgumentHelp("0 takes one that is free.", valueName: "n")) var port = 4733
    @Option(help: ArgumentHelp("ssh-key, or none: whoever reaches it may use it.", valueName: "kind")) var accounts = ServeSettings.Accounts.sshKey
    @Option(help: ArgumentHelp(
        "Accounts by the device flow of github or google too: github=ID, or github=ID@https://HOST for an Enterprise Server. Repeatable. Only an HMAC of who it is is kept.", valueName: "name=id"))
    var provider: [String] = []
    @Option(help: ArgumentHelp("A provider's client secret, in a file with mode 0600; google needs one.", valueName: "name=file")) var providerSecret: [String] = []
    @Option(help: ArgumentHelp("Secrets and accounts; else serve beside the ledger.", valueName: "dir")) var data: String?
    @Option(help: ArgumentHelp("The policy to show, complete; else one is made from the configuration.", valueName: "file"), completion: .file()) var policy: String?
    @Option(help: ArgumentHelp("Jobs at once.", valueName: "n")) var jobs: Int?
    @Option(help: ArgumentHelp("Jobs that wait at most; more are told to come again.", valueName: "n")) var waiting = 256
    @Option(help: ArgumentHelp("Jobs of one account at most.", valueName: "n")) var waitingPerAccount = 16
    @Option(help: ArgumentHelp("Bytes of one upload, in MiB.", valueName: "n")) var uploadLimit = 200
    @Option(help: ArgumentHelp("Calls of one account a minute.", valueName: "n")) var callsPerMinute = 1200
    @Flag(help: "Hand jobs on to the tiers of config.toml where their consent is never asked (own, or consent always); this machine does the rest.") var tiers = false
    @Option(help: ArgumentHelp("Credits of a new account.", valueName: "n")) var credits = 100

    func validate() throws {
        if !(0...65_535).contains(port) { throw ValidationError("--port takes 0 to 65535") }
        if let jobs, !(1...256).contains(jobs) { throw ValidationError("--jobs takes 1 to 256") }
        if !(1...100_000).contains(waiting) { throw ValidationError("--waiting takes 1 to 100000") }
        if !(1...100_000).contains(waitingPerAccount) { throw ValidationError("--waiting-per-account takes 1 to 100000") }
        if !(1...4096).contains(uploadLimit) { throw ValidationError("--upload-limit takes 1 to 4096") }
        if !(1...1_000_000).contains(callsPerMinute) { throw ValidationError("--calls-per-minute takes 1 to 1000000") }
        if !(0...1_000_000).contains(credits) { throw ValidationError("--credits takes 0 to 1000000") }
    }

    func run() async throws {
        var settings = ServeSettings(folder: data.map(Self.whole) ?? Ledger.defaultDirectory + "/serve")
        (settings.host, settings.port, settings.accounts, settings.slots) = (host, port, accounts, jobs)
        (settings.waitingJobs, settings.waitingJobsPerAccount, settings.callsPerMinute) = (waiting, waitingPerAccount, callsPerMinute)
        settings.providers = try identityProviders()
        (settings.uploadBytes, settings.credits) = (uploadLimit << 20, credits)
        let host = host, privacy = try PrivacySettings.all(), remotes = tiers ? try TierConfiguration.tiers() : []
        // Who answers in [service] has the policy made from the configuration; a place left open there is an error here.
        if policy == nil, !privacy.service.isEmpty {
            settings.policy = try ServicePolicy(answers: privacy.service, rules: privacy.rules, surroundings: .current(), tiers: RemoteTierList.promises(remotes)).policy.page
        }
        try await LatheServer.run(settings, policyFile: policy, rules: privacy.rules, remotes: RemoteTierList.make(remotes)) { port in
            // A line for people and for scripts that chose port 0.
            _ = Output.write("listening on http://\(host):\(port)\n", to: STDOUT_FILENO)
        }
    }

    private func identityProviders() throws(ServeError) -> [IdentityProvider] {
        var providers: [IdentityProvider] = []
        for text in provider {
            let one = try IdentityProvider(text)
            if providers.contains(where: { $0.name == one.name }) { throw .settings("--provider: \(one.name) is there twice; keep one") }
            providers.append(one)
        }
        if accounts == .none, !providers.isEmpty { throw .settings("--provider: there are no accounts with --accounts none; leave one of them out") }
        for text in providerSecret {
            guard providers.indices.contains(where: { providers[$0].takeSecret(Self.wholeAfterName(text)) }) else {
                throw .settings("--provider-secret: names no provider of --provider; write e.g. google=FILE")
            }
        }
        return providers
    }

    private static func wholeAfterName(_ text: String) -> String {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[1].isEmpty ? parts[0] + "=" + whole(String(parts[1])) : text
    }

    private static func whole(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}

extension ServeSettings.Accounts: ExpressibleByArgument {}
