import ArgumentParser
import AudioFiles
import Mastering
import Rendering

/// `lathe analyze`: measures, judges, changes nothing.
struct AnalyzeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze", abstract: "Measure and judge files; change nothing.",
        discussion: "Loudness and true peak after ITU-R BS.1770-5, loudness range after EBU Tech 3342, third octaves after IEC 61260.")

    @Argument(help: "Audio files.") var inputs: [String]
    @Flag(help: "One JSON document; an array when several files are given.") var json = false
    @Option(help: ArgumentHelp("What standard error shows: auto, bar, json or none.", valueName: "style")) var progress = ProgressStyle.auto

    func run() async throws {
        Interruption.shared.install()
        var batch = Batch(inputs: inputs.count, progress: progress, json: json)
        try await withEngine(memoryOnly: true) { engine in
            let reports = Task { [display = batch.display] in
                for await event in await engine.events() {
                    if case .measuring(let path, let fraction) = event { display.update(path, stage: "measuring", fraction: fraction) }
                }
            }
            defer { reports.cancel() }
            for input in inputs {
                let measurement = Task { try await engine.profile(input) }
                Interruption.shared.whenRequested { measurement.cancel() }
                do {
                    let analysis = try await measurement.value.analysis
                    await engine.release(input)
                    try batch.succeeded(input, json: analysis.json, report: analysis.report)
                } catch {
                    let failure = Failure(error)
                    batch.failed(input, failure)
                    if failure.exitCode == Failure.interruptedExitCode { break }
                }
            }
        }
        try batch.end()
    }
}
