import ArgumentParser
import AudioFiles
import Mastering
import Rendering

extension TiersCommand {
    /// Every decision about one job of the engine's queue.
    struct Why: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say why a job of the queue ran where it ran.",
            discussion: "A command that does its work itself says it with its result: --json has every decision under decisions.")

        @Argument(help: "The job's number, as lathe queue list shows it.") var job: Int
        @Flag(help: "One JSON document.") var json = false

        func run() async throws {
            let (client, caughtUp) = QueueCommand.client()
            guard try await client.attach() else { throw Failure(66, "\(job): no engine runs, so there are no jobs; lathe queue list shows what there was") }
            await caughtUp.value()
            let status = client.jobs.first { $0.id == JobID(rawValue: job) }
            client.close()
            guard let status else { throw Failure(66, "\(job): no such job; lathe queue list shows them") }
            let end = status.endedAt ?? status.route?.decisions.last?.at ?? status.submittedAt
            if json {
                return try Output.result(JSON.object([
                    ("job", .int(job)), ("output", .string(status.job.output)), ("state", .string(status.state.rawValue)), ("tier", .optional(status.tier)),
                    ("route", .optional(status.route?.line(now: end) ?? status.reason)), ("decisions", .array((status.route?.why ?? []).map { .string($0) })),
                ]).text)
            }
            let saving = status.route?.hasRejected == true ? ["  what was refused last is kept for half an hour: lathe queue rejected \(job) -o FILE saves it"] : []
            let lines = status.route.map { [$0.line(now: end)] + $0.why.map { "  " + $0 } + saving } ?? ["\(status.tier ?? "local"): \(status.reason ?? "it has not been placed yet")"]
            try Output.result(([status.job.output] + lines).map(\.printable).joined(separator: "\n"))
        }
    }
}
