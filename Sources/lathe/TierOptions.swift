import ArgumentParser
import AudioFiles
import Glibc
import Mastering
import RemoteTiers
import Rendering

/// Where jobs may go, for commands that make them.
struct TierOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The one tier that may do it; local is this machine. Else the first of those configured that can.", valueName: "name")) var tier: String?

    var mayReach: Bool { tier != RoutingPolicy.local.name }

    /// The machines that are configured; none when the user wants this one.
    func remotes() throws -> [any RemoteTier] {
        if tier == RoutingPolicy.local.name { return [] }
        let settings = try TierConfiguration.tiers()
        if let tier, !settings.contains(where: { $0.name == tier }) {
            let names = (settings.map(\.name) + [RoutingPolicy.local.name]).joined(separator: ", ")
            throw Failure(Failure.usageExitCode, "--tier: there is no '\(tier.prefix(40))'; there are: \(names)")
        }
        return RemoteTierList.make(settings)
    }

    /// What a request says of it: the tier that was named, and whether there is somebody to ask.
    /// - Parameter waits: whether the command waits for the job, so that somebody sees the question.
    func place(_ remotes: [any RemoteTier], waits: Bool) -> (tier: String?, mayAsk: Bool) {
        remotes.isEmpty ? (tier, false) : (tier, waits && Self.hasSomebody)
    }

    /// Whether there is a terminal to ask on.
    private static var hasSomebody: Bool { isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1 }

    /// Asks on the terminal, one line each, before the first byte goes to a tier that needs it. nil where there is nobody.
    func answering(_ engine: RenderEngine, _ remotes: [any RemoteTier], display: ProgressDisplay) -> Task<Void, Never>? {
        guard !remotes.isEmpty, Self.hasSomebody else { return nil }
        return Task {
            var asked: Set<String> = []
            for await event in await engine.events() {
                guard case .job(let status) = event, let question = status.route?.question, let log = status.route,
                      asked.insert("\(status.id) \(log.decisions.count)").inserted else { continue }
                let text = Self.text(question, status, remotes)
                await engine.answer(status.id, await Self.ask(text, display, isConsent: { if case .consent = question { true } else { false } }()))
            }
        }
    }

    private static func text(_ question: RouteQuestion, _ status: JobStatus, _ remotes: [any RemoteTier]) -> String {
        switch question {
        case .consent(let n):
            guard remotes.indices.contains(n) else { return "" }
            let tier = remotes[n]
            let what: String
            if case .generate = status.job { what = "the prompt of \(status.job.output.printable)" } else {
                var info = stat()
                let size = status.job.input.withFileName { stat($0, &info) } == 0 ? " (\(Text.bytes(Int64(info.st_size))))" : ""
                what = status.job.input.printable + size
            }
            return "lathe: may \(what) go to \(tier.policy.name) (\(tier.policy.privacyClass.title), \(tier.destination))? [y]es once, [a]lways, [n]o, ne[v]er: "
        case .afterRefusal(let n):
            let name = remotes.indices.contains(n) ? remotes[n].policy.name : "the tier"
            return "lathe: \(name) refuses \(status.job.output.printable) for what it contains; go on elsewhere? [y]es, [n]o: "
        }
    }

    private static func ask(_ text: String, _ display: ProgressDisplay, isConsent: Bool) async -> ConsentReply {
        await withCheckedContinuation { continuation in
            // Waits for a key: not on a thread that others need.
            var thread = pthread_t()
            final class Question { let text: String, display: ProgressDisplay, reply: (ConsentReply) -> Void
                init(_ text: String, _ display: ProgressDisplay, _ reply: @escaping (ConsentReply) -> Void) { (self.text, self.display, self.reply) = (text, display, reply) } }
            let context = Unmanaged.passRetained(Question(text, display) { continuation.resume(returning: $0) })
            let code = pthread_create(&thread, nil, { context in
                guard let context else { return nil }
                let question = Unmanaged<Question>.fromOpaque(context).takeRetainedValue()
                question.reply(question.display.around { () -> ConsentReply in
                    _ = Output.write(question.text, to: STDERR_FILENO)
                    switch readLine()?.first?.lowercased() {
                    case "y": return .once
                    case "a": return .always
                    case "v": return .never
                    default: return .no
                    }
                })
                return nil
            }, context.toOpaque())
            guard code == 0 else {
                context.release()
                return continuation.resume(returning: .no)
            }
            pthread_detach(thread)
        }
    }
}

extension JSON {
    /// With the way that a job took, where there was more than one.
    func routed(_ status: JobStatus) -> JSON {
        guard let route = status.route else { return self }
        return adding("route", .string(route.line(now: status.endedAt ?? status.submittedAt))).adding("decisions", .array(route.why.map { .string($0) }))
    }
}

extension String {
    func routed(_ status: JobStatus) -> String {
        guard let route = status.route else { return self }
        return self + "\n  " + route.line(now: status.endedAt ?? status.submittedAt).printable
    }
}
