import ArgumentParser
import AudioFiles
import Glibc
import Mastering
import Page
import Playback
import PrivacyLedger
import Rendering

/// A port of the page's, as typed.
@Sendable func pagePort(_ text: String) throws -> UInt16 {
    guard let port = UInt16(text) else { throw ValidationError("a port is a whole number from 1 to 65535") }
    return port
}

/// `lathe preview`: plays a file as it is, or exactly as its master would sound.
struct PreviewCommand: AsyncParsableCommand, DecodesAudio, OpensPage {
    static let configuration = CommandConfiguration(
        commandName: "preview", abstract: "Play a file; with --preset exactly as its master would sound.",
        discussion: """
            --sink stdout writes raw interleaved 32-bit float PCM at the file's rate, for a pipe: lathe preview mix.wav --sink stdout | aplay -f FLOAT_LE -r 44100 -c 2
            --sink http serves one page on 127.0.0.1 that plays in your browser and switches between the file (A) and its master (B) there; standard error has the way.
            A device that cannot be used is replaced by a clock, and the result says why; with --sink alsa that is an error.
            """)

    enum SinkChoice: String, ExpressibleByArgument, CaseIterable { case alsa, null, stdout, http }

    @Argument(help: "An audio file.", completion: .audio) var file: String
    @Option(help: ArgumentHelp("A preset's name or file; without one the file is played as it is.", valueName: "name|file"), completion: .presets) var preset: String?
    @Option(help: ArgumentHelp("Match the balance and loudness of this recording, as a master would; repeatable.", valueName: "file"), completion: .audio) var reference: [String] = []
    @Option(help: ArgumentHelp("How much each --reference counts, e.g. 2,1; else all alike.", valueName: "n,n")) var weights: String?
    @Option(help: ArgumentHelp("alsa, null (a clock without sound), stdout, or http: a page for your browser, through ssh -L.", valueName: "sink")) var sink: SinkChoice?
    @Option(help: ArgumentHelp("An ALSA device, as aplay -L lists them.", valueName: "name"), completion: .devices) var device: String?
    @Option(help: ArgumentHelp("The port of the page of --sink http; else 8417, or one that is free.", valueName: "n"), transform: pagePort) var port: UInt16?
    @Option(parsing: .unconditional, help: ArgumentHelp("Where to start.", valueName: "s")) var start = 0.0
    @Option(parsing: .unconditional, help: ArgumentHelp("How long to play.", valueName: "s")) var seconds: Double?
    @Flag(help: "One JSON document when it is over.") var json = false
    @Option(help: ArgumentHelp("What standard error shows: auto, bar, json or none.", valueName: "style")) var progress = ProgressStyle.auto

    func validate() throws {
        if reference.isEmpty, weights != nil { throw ValidationError("--weights needs a --reference") }
        if !(start.isFinite && start >= 0) { throw ValidationError("--start takes a number of seconds, 0 or more") }
        if let seconds, !(seconds.isFinite && seconds > 0) { throw ValidationError("--seconds takes a number above 0") }
        if device != nil, sink != nil, sink != .alsa { throw ValidationError("--device names an ALSA device; leave out --sink or say --sink alsa") }
        if port != nil, sink != .http { throw ValidationError("--port is for --sink http") }
        if sink == .stdout, json { throw ValidationError("--json and --sink stdout both want standard output; choose one") }
        if sink == .stdout, isatty(STDOUT_FILENO) == 1 { throw ValidationError("standard output is the terminal; pipe it into a player, e.g. | aplay -f FLOAT_LE -r 44100 -c 2") }
    }

    func run() async throws {
        Interruption.shared.install()
        var request = PreviewRequest(path: file, preset: try (preset ?? (reference.isEmpty ? nil : "reference")).map { try PresetLibrary.load($0) })
        let references = try ReferenceCurve(files: reference, weights: weights)
        request.startSeconds = start
        request.seconds = seconds
        let line = PageLine()
        var server: PageServer?
        switch sink {
        case .null: request.sink = .null
        case .stdout: request.sink = .stream(fileDescriptor: STDOUT_FILENO, format: .float32LE)
        case .http:
            server = try await PageServer.announced(line)
            line.setTitle(file.printable)
            request.sink = .page(line)
            request.meters = true
        case .alsa:
            request.sink = .alsa(device: device ?? "default")
            request.standIn = false
        case nil: request.sink = device.map { .alsa(device: $0) } ?? .automatic
        }

        let display = ProgressDisplay(progress, total: 1)
        let result = try await withLedger(memoryOnly: true) { ledger in
            // What is read ahead lives in memory while it plays; whoever destroys the row ends the preview.
            let work = WorkHolder()
            Interruption.shared.whenRequested { work.cancellation.set() }
            let row = try await ledger.create(ItemRequest(
                kind: .decodedAudio, origin: .playback, purpose: .preview, place: .ram, reservedBytes: Self.bufferBytes))
            try await ledger.attach(work, bytes: Self.bufferBytes, to: row)
            var rows = [row]
            if let place = request.sink.placeOutside {
                let sound = try await ledger.create(ItemRequest(
                    kind: .playedSound, origin: .playback, purpose: .preview, place: .ram, reservedBytes: request.sink.mostBytesOnTheirWay, parent: row,
                    erasureClass: request.sink.isStream ? .e3 : nil, displayName: place))
                try await ledger.attach(work, bytes: request.sink.mostBytesOnTheirWay, to: sound)
                rows.append(sound)
            }
            let pool = WorkerPool(threads: 1)
            defer { pool.stop() }
            let playing = Task(executorPreference: pool) { [request, file] in try await Self.play(request, references, file, display, work.cancellation) { work.beat([row], ledger) } }
            let outcome = await playing.result
            for row in rows.reversed() { await ledger.released(row) }
            return try outcome.get()
        }
        display.end()
        await server?.stop()
        if json {
            try Output.result(JSON.object([
                ("file", .string(file)), ("seconds", .measured(result.seconds)), ("sink", .string(result.sinkDescription)),
                ("sound", .bool(result.hasSound)), ("xruns", .int(result.xruns)), ("note", .optional(result.note)),
            ]).text)
        } else if sink != .stdout {
            let note = result.note.map { "\n  " + $0.printable } ?? ""
            try Output.result("\(file.printable)  played \(Text.clock(result.seconds))  \(result.sinkDescription.printable)\(note)")
        }
    }

    /// Rings, chain and read-ahead of a stereo file, about.
    private static let bufferBytes: Int64 = 4 << 20

    /// Nonisolated, so that it blocks the worker thread and not the cooperative pool.
    private nonisolated static func play(
        _ request: PreviewRequest, _ references: ReferenceCurve, _ file: String, _ display: ProgressDisplay, _ stop: CancelFlag,
        _ goesOn: () -> Void
    ) async throws -> PreviewResult {
        var request = request
        if !references.files.isEmpty {
            let curve = try references.measured {
                goesOn()
                return stop.isSet
            }
            request.preset?.follow(curve, keepsTarget: false)
            request.curve = curve
        }
        return try Preview.run(
            request,
            progress: { stage, fraction in
                goesOn()
                display.update(file, stage: stage == .measuring ? "measuring" : "solving", fraction: fraction)
            },
            playing: { snapshot, _ in
                goesOn()
                guard let duration = snapshot.duration, duration > 0 else { return }
                display.update(file, stage: "playing", fraction: snapshot.position / duration)
            },
            isCancelled: { stop.isSet })
    }
}
