import ArgumentParser
import AudioFiles
import Mastering
import Rendering

/// `lathe analyze`: measures, judges, changes nothing.
struct AnalyzeCommand: AsyncParsableCommand, DecodesAudio {
    static let configuration = CommandConfiguration(
        commandName: "analyze", abstract: "Measure and judge files; change nothing.",
        discussion: "Loudness and true peak after ITU-R BS.1770-5, loudness range after EBU Tech 3342, third octaves after IEC 61260.")

    @Argument(help: "Audio files.", completion: .audio) var inputs: [String]
    @Flag(help: "One JSON document; an array when several files are given.") var json = false
    @Option(help: ArgumentHelp("Also write a page about the files, with pictures, that needs nothing else to be shown.", valueName: "file.html"), completion: .file()) var report: String?
    @Flag(help: "Replace an existing report. Never an input.") var force = false
    @Option(help: ArgumentHelp("What standard error shows: auto, bar, json or none.", valueName: "style")) var progress = ProgressStyle.auto

    func run() async throws {
        Interruption.shared.install()
        let platforms = knownPlatforms()
        var batch = Batch(inputs: inputs.count, progress: progress, json: json)
        try await withEngine(memoryOnly: report == nil) { engine in
            let reports = Task { [display = batch.display] in
                for await event in await engine.events() {
                    if case .measuring(let path, let fraction) = event { display.update(path, stage: "measuring", fraction: fraction) }
                }
            }
            defer { reports.cancel() }
            // A report that cannot be written costs no measuring.
            if let report { try await RecordedFile.tryOut(report, force: force, inputs: inputs, purpose: .analysis, ledger: engine.ledger) }
            var pages: [ReportPage.Subject] = []
            for input in inputs {
                let measurement = Task { try await engine.profile(input) }
                Interruption.shared.whenRequested { measurement.cancel() }
                do {
                    let analysis = try await measurement.value.analysis
                    await engine.release(input)
                    if report != nil { pages.append(try ReportPage.Subject(analysis, services: platforms.compactMap { $0.preview(of: analysis) })) }
                    let services = platforms.compactMap { $0.preview(of: analysis) }
                    try batch.succeeded(
                        input, json: analysis.json.adding("platforms", .array(services.map(\.json))),
                        report: analysis.report(services: services))
                } catch {
                    let failure = Failure(error)
                    batch.failed(input, failure)
                    if failure.exitCode == Failure.interruptedExitCode { break }
                }
            }
            if let report, !pages.isEmpty, !Interruption.shared.isRequested {
                try await RecordedFile.write(
                    ReportPage(subjects: pages).html, to: report, force: force, inputs: inputs, purpose: .analysis, ledger: engine.ledger)
            }
        }
        try batch.end()
    }

    /// None, with a word about it, when their list cannot be read: everything else can be measured all the same.
    private func knownPlatforms() -> [Platform] {
        do throws(PresetError) {
            return try PlatformLibrary.load()
        } catch {
            Output.warning(error.message)
            return []
        }
    }
}
