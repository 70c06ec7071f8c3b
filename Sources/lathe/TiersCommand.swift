import ArgumentParser
import AudioFiles
import Mastering
import PrivacyLedger
import RemoteTiers
import Rendering

/// `lathe tiers`: where jobs may go, whether it is there, and why a job went where it went.
struct TiersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiers", abstract: "Where jobs may go, whether it is there, and why a job ran where it ran.",
        discussion: "Tiers are written down in config.toml, in the order in which they are tried; this machine comes last and is always there. Without any, nothing leaves.",
        subcommands: [List.self, Test.self, Why.self, Keys.self, Enrol.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the tiers in their order.")

        @Flag(help: "One JSON document.") var json = false

        func run() async throws {
            let tiers = try TierConfiguration.tiers()
            let consents: [String: String] = tiers.isEmpty ? [:] : try await withLedger { (ledger) -> [String: String] in
                var found: [String: String] = [:]
                for tier in tiers {
                    let consent = try await ledger.consent(tier: tier.name, privacyClass: tier.privacyClass, destination: tier.url.origin, job: nil)
                    if let consent { found[tier.name] = consent.scope.rawValue }
                }
                return found
            }
            if json {
                let list = tiers.map { tier in
                    JSON.object([
                        ("name", .string(tier.name)), ("protocol", .string(tier.speaks.rawValue)), ("url", .string(tier.url.origin + tier.url.path)),
                        ("privacy", .string(tier.privacyClass.rawValue)), ("consent", .string(tier.consent.rawValue)), ("answer", .optional(consents[tier.name])),
                        ("jobs", .array(TierWork.allCases.filter { tier.does($0) && RemoteTierList.can($0, tier) }.map { .string($0.rawValue) })),
                        ("deadline_seconds", .measured(tier.deadlineSeconds)), ("keeps_seconds", .measured(tier.keepsSeconds)), ("key", .optional(tier.key?.description)),
                    ])
                }
                return try Output.result(JSON.array(list + [.object([
                    ("name", .string("local")), ("protocol", .null), ("url", .null), ("privacy", .string("local")), ("consent", .string("always")), ("answer", .null),
                    ("jobs", .array([.string("master"), .string("generate")])), ("deadline_seconds", .null), ("keeps_seconds", .null), ("key", .null),
                ])]).text)
            }
            try Output.result(Text.table([["tier", "protocol", "where", "who sees it", "consent", "jobs"]] + tiers.map { tier in
                [tier.name, tier.speaks.rawValue, tier.url.origin + tier.url.path, tier.privacyClass.title,
                 tier.consent == .ask ? consents[tier.name].map { "ask: \($0)" } ?? (tier.privacyClass.needsConsent ? "ask" : "not needed") : tier.consent.rawValue,
                 TierWork.allCases.filter { tier.does($0) && RemoteTierList.can($0, tier) }.map(\.rawValue).joined(separator: ", ")]
            } + [["local", "-", "-", "this machine", "not needed", "master, generate"]]))
            if tiers.isEmpty { Output.warning("no other tiers are configured in \(TierConfiguration.path); nothing leaves this machine") }
        }
    }

    struct Test: AsyncParsableCommand, CarriesJobs {
        static let configuration = CommandConfiguration(abstract: "Ask a tier whether it is there and what it can do, with nobody's data.")

        @Argument(help: "The tier's name.") var name: String
        @Flag(help: "One JSON document.") var json = false

        var mayReach: Bool { name != RoutingPolicy.local.name }

        func run() async throws {
            guard name != RoutingPolicy.local.name else {
                return try Output.result(json ? JSON.object([("name", .string(name)), ("ok", .bool(true)), ("lines", .array([])), ("error", .null)]).text : "local  this machine, always there")
            }
            let tiers = try TierConfiguration.tiers()
            guard let settings = tiers.first(where: { $0.name == name }) else {
                throw Failure(Failure.usageExitCode, "\(name): no tier of this name in \(TierConfiguration.path); there are: \((tiers.map(\.name) + ["local"]).joined(separator: ", "))")
            }
            if let problem = settings.key?.problem { throw Failure(66, "\(name): \(problem)") }
            let start = ContinuousClock.now
            do {
                let lines = try await RemoteTierList.make(settings).describe().map(\.printable)
                let taken = Double((ContinuousClock.now - start) / .milliseconds(1))
                if json {
                    return try Output.result(JSON.object([
                        ("name", .string(name)), ("ok", .bool(true)), ("milliseconds", .number(taken.rounded())), ("lines", .array(lines.map { .string($0) })), ("error", .null),
                    ]).text)
                }
                try Output.result((["\(name)  \(settings.url.origin)  there, \(Text.number(taken, places: 0)) ms"] + lines.map { "  " + $0 }).joined(separator: "\n"))
            } catch let error as TierError {
                if json { try Output.result(JSON.object([("name", .string(name)), ("ok", .bool(false)), ("lines", .array([])), ("error", .string(error.label))]).text) }
                throw json ? ReportedFailure(exitCode: 69) as any Error
                    : Failure(69, "\(name): \(error.label)\(error.detail.map { " (\($0))" } ?? "") at \(settings.url.origin); check url, key and whether it runs")
            }
        }
    }

    struct Keys: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "What a tier in config.toml may say.")

        func run() throws {
            try Output.result("In \(TierConfiguration.path), for each tier, in the order in which they are to be tried:\n\n[[tier]]\n"
                + Text.table(TierSettingKey.all.map { [$0.name, $0.takes, $0.usual.map { "default: \($0)" } ?? "needed", $0.says] }))
        }
    }
}
