import ArgumentParser
import FoundationEssentials
import Mastering
import PrivacyLedger
import Rendering
import Synchronization

/// `lathe queue`: the jobs of the engine, which outlives the studio and the line to it.
struct QueueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "The jobs that run on their own: list, follow or cancel them.",
        discussion: """
            The studio's renders, and what was given with --background, run in an engine of their own: closing the studio or losing the line does not end them.
            The engine starts with the first job and ends when nothing is left to do or to tell.
            """,
        subcommands: [List.self, Cancel.self, Attach.self, Rejected.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the jobs, and what a killed engine took with it.")

        @Flag(help: "One JSON document.") var json = false

        func run() async throws {
            let (client, caughtUp) = QueueCommand.client()
            if try await client.attach() { await caughtUp.value() }
            let jobs = client.jobs
            let isOlder = client.isOlder
            client.close()
            let (left, lost) = try await QueueCommand.left()
            if json {
                return try Output.result(JSON.object([("jobs", .array(jobs.map(\.json))), ("left", .array(left.map(\.briefly))), ("lost", .array(lost.map(\.briefly)))]).text)
            }
            if isOlder { Output.warning("these run in an engine of an older Lathe, which ends with them") }
            if !jobs.isEmpty { try Output.result(QueueCommand.table(jobs)) } else if left.isEmpty { try Output.result("no jobs") }
            if !left.isEmpty { try Output.result("\(left.count) of an engine that was ended, sealed; lathe queue attach goes on with \(left.count == 1 ? "it" : "them")") }
            if !lost.isEmpty {
                let newest = lost.map(\.createdAt).max() ?? 0
                try Output.result("\(lost.count) lost in the last day with an engine that was killed, the last one given at \(Date(timeIntervalSince1970: newest).formatted(.iso8601)); nothing of them was written")
            }
        }
    }

    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Cancel jobs; nothing of them is written.")

        @Argument(help: "The jobs' numbers.") var ids: [Int]
        @Flag(help: "One JSON document.") var json = false

        func run() async throws {
            let (client, caughtUp) = QueueCommand.client()
            guard try await client.attach() else { throw Failure(66, "no engine runs, so no jobs do; lathe queue list shows what there was, lathe queue attach goes on with what is left") }
            await caughtUp.value()
            var ended: [JobStatus] = []
            for id in ids.map(JobID.init(rawValue:)) {
                guard client.jobs.contains(where: { $0.id == id }) else { throw Failure(66, "\(id): no such job; lathe queue list shows them") }
                try await client.cancel(id)
                guard let status = await client.outcome(of: id) else { throw Failure(75, "\(id): the engine was lost meanwhile; lathe queue list shows what is left") }
                ended.append(status)
            }
            client.close()
            if json { try Output.result(JSON.array(ended.map(\.json)).text) } else { try Output.result(QueueCommand.table(ended)) }
        }
    }

    struct Rejected: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Save what a tier gave for a job and the check of results refused, to hear what was wrong with it.",
            discussion: "The engine keeps it sealed, with a row in the ledger, for half an hour; it ends with the engine. The file is as the tier gave it, whatever that is.")

        @Argument(help: "The job's number.") var id: Int
        @Option(name: [.short, .customLong("output")], help: ArgumentHelp("The file; it must not be there yet.", valueName: "file"), completion: .file()) var output: String

        func run() async throws {
            let (client, _) = QueueCommand.client()
            defer { client.close() }
            let path = output.hasPrefix("/") ? output : FileManager.default.currentDirectoryPath + "/" + output
            try await client.saveRejected(JobID(rawValue: id), to: path)
            try Output.result(output.printable)
        }
    }

    struct Attach: AsyncParsableCommand, StartsEngine {
        static let configuration = CommandConfiguration(
            abstract: "Follow the jobs until all are done.",
            discussion: "Goes on with what an engine that was ended has left. Ctrl-C ends the following, not the jobs. The exit code is the worst of the jobs'.")

        var needsEngine: Bool { true }

        @Flag(help: "One JSON document.") var json = false
        @Option(help: ArgumentHelp("What standard error shows: auto, bar, json or none.", valueName: "style")) var progress = ProgressStyle.auto

        func run() async throws {
            let changes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            let display = Mutex<ProgressDisplay?>(nil)
            let isLost = Mutex(false)
            let (client, caughtUp) = QueueCommand.client(Lathe.launcher) { told in
                if case .lost = told { isLost.withLock { $0 = true } }
                if case .job(let status) = told, status.state == .running, status.stage != .done {
                    display.withLock { $0 }?.update(status.job.output, stage: status.stage.rawValue, fraction: status.fraction)
                }
                changes.continuation.yield()
            }
            var isThere = try await client.attach()
            if !isThere, try await !QueueCommand.left().left.isEmpty { isThere = try await client.resume() }
            guard isThere else {
                if json { try Output.result("[]") } else { try Output.result("no jobs") }
                return
            }
            await caughtUp.value()
            display.withLock { $0 = ProgressDisplay(progress, total: client.jobs.count { !$0.state.isOver }) }
            for await _ in changes.stream {
                if isLost.withLock({ $0 }) || client.isSettled { break }
            }
            display.withLock { $0 }?.end()
            let jobs = client.jobs
            client.close()
            if json { try Output.result(JSON.array(jobs.map(\.json)).text) } else { try Output.result(jobs.isEmpty ? "no jobs" : QueueCommand.table(jobs)) }
            if isLost.withLock({ $0 }) { throw Failure(75, "the engine was ended before all was done; what is not done was not written") }
            if let worst = jobs.compactMap(\.failure?.exitCode).max() { throw ReportedFailure(exitCode: worst) }
        }
    }

    /// A client, by default one that starts nothing, and what tells when it knows all jobs.
    static func client(_ launcher: EngineLauncher? = nil, _ tell: @escaping @Sendable (EngineClient.Told) -> Void = { _ in }) -> (EngineClient, Signal) {
        let caughtUp = Signal()
        return (EngineClient(launcher: launcher) { told in
            tell(told)
            switch told {
            case .caughtUp, .gone, .lost: caughtUp.set()
            case .job: break
            }
        }, caughtUp)
    }

    /// Jobs whose engine died: those that wait for another one, and those of the last day that are lost.
    private static func left() async throws -> (left: [LedgerRow], lost: [LedgerRow]) {
        let now = Date().timeIntervalSince1970
        let (open, settled) = try await withLedger { (try await $0.list(), try await $0.history()) }
        return (
            open.filter { $0.kind == .queuedJob && $0.isLeft },
            // What an engine remembered of jobs that had ended is none that was lost.
            settled.filter { $0.kind == .queuedJob && $0.rule != .untilQuit && ($0.reason == .runEnded || $0.reason == .expired) && now - $0.createdAt < 86_400 })
    }

    private static func table(_ jobs: [JobStatus]) -> String {
        Text.table([["id", "state", "", "tier", "output"]] + jobs.map { status in
            let how = switch status.state {
            case .running, .cancelling: "\(Int(status.fraction * 100)) % " + status.stage.rawValue
            case .failed: status.failure?.message.printable ?? ""
            default: ""
            }
            return [String(status.id.rawValue), status.state.rawValue, how, status.tier ?? "", status.job.output.printable]
        })
    }
}

extension LedgerRow {
    fileprivate var briefly: JSON { .object([("kind", .string(purpose.rawValue)), ("submitted_at", .number(createdAt))]) }
}

/// Set once; whoever waits goes on.
final class Signal: Sendable {
    private let state = Mutex<(isSet: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func set() {
        let waiting = state.withLock { state in
            defer { state = (true, []) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func value() async {
        await withCheckedContinuation { continuation in
            let isSet = state.withLock { state in
                if !state.isSet { state.waiting.append(continuation) }
                return state.isSet
            }
            if isSet { continuation.resume() }
        }
    }
}

extension JobStatus {
    /// As `lathe queue --json` shows a job. What it was asked for in words is not in it.
    var json: JSON {
        let kind = switch job {
        case .master: "master"
        case .album: "album"
        case .generate: "generate"
        }
        func time(_ seconds: Double?) -> JSON { seconds.map { .number($0) } ?? .null }
        return .object([
            ("id", .int(id.rawValue)), ("kind", .string(kind)), ("state", .string(state.rawValue)), ("stage", .string(stage.rawValue)), ("fraction", .measured(fraction)),
            ("input", job.requests.isEmpty ? .null : .string(job.input)), ("output", .string(job.output)), ("tier", .optional(tier)), ("why", .optional(reason)),
            ("submitted_at", time(submittedAt)), ("started_at", time(startedAt)), ("ended_at", time(endedAt)),
            ("failure", failure.map { .object([("message", .string($0.message)), ("exit_code", .int(Int($0.exitCode)))]) } ?? .null),
        ])
    }
}
