import ArgumentParser
import AudioFiles
import Mastering
import Rendering

extension TiersCommand {
    /// Every decision about one job of the engine's queue.
    struct Why: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say why a job of the queue ran where it ran.")

        @Argument(help: "The job's number, as `lathe queue list` shows it.") var job: Int
        @Flag(help: "One JSON document.") var json = false

        func run() async throws {
            throw Failure(69, "not yet")
        }
    }
}
