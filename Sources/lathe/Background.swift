import AudioFiles
import Glibc
import Mastering
import Rendering

/// Jobs that are handed to the engine in a process of its own, for commands with --background.
enum Background {
    /// Hands all of them over, in order, and says under which numbers.
    /// - Throws: the first failure; what was handed over before stays.
    static func submit(_ jobs: [Job], json: Bool) async throws {
        let client = EngineClient(launcher: Lathe.launcher)
        defer { client.close() }
        guard let here = getcwd(nil, 0) else { throw Failure(74, "the folder you stand in is gone; change to another") }
        defer { free(here) }
        var given: [(JobID, String)] = []
        for job in jobs { given.append((try await client.submit(job.wholePaths(in: FileName.text(here))), job.output)) }
        if json {
            try Output.result(JSON.array(given.map { .object([("id", .int($0.rawValue)), ("output", .string($1))]) }).text)
        } else {
            for (id, output) in given { try Output.result("\(id)  \(output.printable)") }
        }
    }
}
