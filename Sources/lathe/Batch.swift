import AudioFiles
import Mastering
import PrivacyLedger
import Rendering

/// Works through the inputs of a command: results in their order, one line for each failure, the worst exit code at the end.
struct Batch {
    let display: ProgressDisplay
    let json: Bool
    /// Whether several inputs were given, so that JSON is an array.
    let isList: Bool
    private var documents: [JSON] = []
    private var worst: Int32 = 0

    init(inputs: Int, progress: ProgressStyle, json: Bool) {
        display = ProgressDisplay(progress, total: inputs)
        self.json = json
        isList = inputs > 1
    }

    mutating func succeeded(_ file: String, json document: @autoclosure () -> JSON, report: @autoclosure () -> String) throws {
        display.finish(file, succeeded: true)
        if json { documents.append(document()) } else { try display.around { try Output.result(report()) } }
    }

    mutating func failed(_ file: String, _ failure: Failure) {
        display.finish(file, succeeded: false)
        worst = max(worst, failure.exitCode)
        // The whole command is interrupted, and says so once.
        if failure.exitCode != Failure.interruptedExitCode { display.around { Output.failure(failure) } }
    }

    /// - Throws: the exit code when anything failed; its lines have been printed.
    func end() throws {
        display.end()
        if worst == Failure.interruptedExitCode { throw Failure.interrupted }
        if json {
            if isList { try Output.result(JSON.array(documents).text) } else if let one = documents.first { try Output.result(one.text) }
        }
        if worst != 0 { throw ReportedFailure(exitCode: worst) }
    }
}

/// A failure whose lines are on standard error already.
struct ReportedFailure: Error { let exitCode: Int32 }

/// The engine and its ledger for one command, ended cleanly whatever happens, and asked to stop when a signal asks for it.
func withEngine<Result: Sendable>(
    slots: Int? = nil, memoryOnly: Bool = false, remotes: [any RemoteTier] = [], _ body: (RenderEngine) async throws -> Result
) async throws -> Result {
    try await withLedger(memoryOnly: memoryOnly) { ledger in
        let engine = RenderEngine(ledger: ledger, remotes: remotes, slots: slots)
        do {
            let result = try await body(engine)
            await engine.shutDown()
            return result
        } catch {
            await engine.shutDown()
            throw error
        }
    }
}
