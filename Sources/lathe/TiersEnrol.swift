import ArgumentParser
import AudioFiles
import FoundationEssentials
import Glibc
import Mastering
import RemoteTiers

extension TiersCommand {
    /// A token of a Lathe server with accounts.
    struct Enrol: AsyncParsableCommand, CarriesJobs {
        static let configuration = CommandConfiguration(
            abstract: "Get a token of a Lathe server with accounts, by your SSH key.",
            discussion: """
                The server sends a challenge, which your key signs, in its file or through the agent; the server learns the public key and nothing else. The token goes into the key_file of the tier \\
                (mode 0600), or into one beside config.toml, and is never shown. With --provider you show who you are there instead, by a code that you enter in a browser.
                """)

        @Argument(help: "The tier's name.") var name: String
        @Option(help: ArgumentHelp("An SSH key (Ed25519); else ~/.ssh/id_ed25519.", valueName: "file"), completion: .file()) var identity: String?
        @Option(help: ArgumentHelp("github or google, where the server asks them.", valueName: "name")) var provider: String?

        var mayReach: Bool { true }

        func validate() throws {
            if identity != nil, provider != nil { throw ValidationError("--identity and --provider are two ways; choose one") }
        }

        func run() async throws {
            guard let settings = try TierConfiguration.tiers().first(where: { $0.name == name }) else { throw Failure(Failure.usageExitCode, "\(name): no tier of this name in \(TierConfiguration.path)") }
            let enrolment = try Enrolment(settings)
            var path: String, isConfigured = true
            switch settings.key?.source {
            case .file(let file)?: path = file
            case .environment(let variable)?: throw Failure(64, "\(name): takes its key from $\(variable); write key_file = \"…\" instead, to have the token kept there")
            case nil:
                let folder = TierConfiguration.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
                (path, isConfigured) = (folder + "/" + name + ".token", false)
            }
            let granted: Enrolment.Granted
            if let provider {
                granted = try await enrolment.enrol(by: provider) { address, code in
                    _ = Output.write("enter \(code.printable) at \(address.printable)\n", to: STDERR_FILENO)
                }
            } else {
                let home = ProcessInfo.processInfo.environment["HOME"] ?? ""
                granted = try await enrolment.enrol(with: SSHKey(file: identity ?? home + "/.ssh/id_ed25519"))
            }
            try Enrolment.keep(granted, in: path)
            let until = Date(timeIntervalSince1970: granted.expires).formatted(.iso8601)
            try Output.result("account \(granted.account.printable), until \(until); the token is in \(path.printable)"
                + (isConfigured ? "" : "\nwrite key_file = \"\(path.printable)\" under this tier in \(TierConfiguration.path)"))
        }
    }
}
