import ArgumentParser
import AudioFiles
import DSP
import Foundation
import Mastering
import PrivacyLedger
import Rendering

/// `lathe bench`: how long the work takes on this machine, over what merely copying the sound takes in the same run.
struct BenchCommand: AsyncParsableCommand, DecodesAudio {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure speed here, as ratios against copying the same sound.",
        discussion: "Works in memory on sound made for it. Benchmarks/bench.py compares with other programs, real files and long ones.")

    @Option(parsing: .unconditional, help: ArgumentHelp("Length of the sound.", valueName: "s")) var seconds = 60.0
    @Option(parsing: .unconditional, help: ArgumentHelp("Runs of each row; the median counts.", valueName: "n")) var runs = 5
    @Flag(help: "One JSON document.") var json = false

    private static let format = OutputFormat(container: .wav, bits: .int24, sampleRate: 44_100, channels: 2)

    func validate() throws {
        guard (1...600).contains(seconds) else { throw ValidationError("--seconds takes 1 to 600") }
        guard (1...99).contains(runs) else { throw ValidationError("--runs takes 1 to 99") }
    }

    struct Row {
        let name: String
        /// Of each run, ascending.
        let times: [Double]
        var median: Double { times[times.count / 2] }
    }

    func run() async throws {
        Interruption.shared.install()
        let stop = CancelFlag()
        Interruption.shared.whenRequested { stop.set() }
        let rows = try await withLedger { ledger in
            let bytes = Int64(seconds * 44_100) * 6 + 4096
            let input = try await ledger.makeScratchInMemory(
                ItemRequest(kind: .decodedAudio, origin: .session, purpose: .diagnosis, place: .ram, reservedBytes: bytes))
            let flac = try await ledger.makeScratchInMemory(
                ItemRequest(kind: .decodedAudio, origin: .session, purpose: .diagnosis, place: .ram, reservedBytes: bytes))
            let output = try await ledger.makeScratchInMemory(
                ItemRequest(kind: .renderScratch, origin: .session, purpose: .diagnosis, place: .ram, reservedBytes: bytes))
            let pool = WorkerPool(threads: 1)
            defer { pool.stop() }
            let (seconds, runs) = (seconds, runs)
            let measuring = Task(executorPreference: pool) {
                try await Self.measure(input.fileDescriptor, flac.fileDescriptor, output.fileDescriptor, seconds: seconds, runs: runs, stop)
            }
            let outcome = await measuring.result
            await ledger.destroy([input.id, flac.id, output.id], because: .jobEnded)
            return try outcome.get()
        }
        try report(rows)
    }

    /// Nonisolated, so that it blocks the worker thread and not the cooperative pool.
    private nonisolated static func measure(_ input: Int32, _ flac: Int32, _ output: Int32, seconds: Double, runs: Int, _ stop: CancelFlag) async throws -> [Row] {
        try synthesize(into: input, seconds: seconds, format)
        try synthesize(into: flac, seconds: seconds, OutputFormat(container: .flac, bits: .int24, sampleRate: format.sampleRate, channels: format.channels))
        let path = "/proc/self/fd/\(input)", packed = "/proc/self/fd/\(flac)"
        let request = MasterRequest(input: path, output: "bench", preset: Preset(), container: .wav, force: false)
        let work: [(String, () throws -> Void)] = [
            ("copy", { try copy(path, to: output) }),
            ("decode WAV", { try decode(path, in: .standard) }),
            ("decode WAV, no wall", { try decode(path, in: .thisProcess) }),
            ("decode FLAC", { try decode(packed, in: .standard) }),
            ("decode FLAC, no wall", { try decode(packed, in: .thisProcess) }),
            ("analyze", { _ = try Analyze.file(path, isCancelled: { stop.isSet }) }),
            ("master", { _ = try Master.render(request, fileDescriptor: output, progress: { _, _ in }, isCancelled: { stop.isSet }) }),
        ]
        return try work.map { name, body in
            try body()
            let times = try (0..<runs).map { _ in
                if stop.isSet { throw CancellationError() }
                let start = ContinuousClock.now
                try body()
                return (ContinuousClock.now - start) / .seconds(1)
            }
            return Row(name: name, times: times.sorted())
        }
    }

    /// Drum-like bursts over two tones: the limiter and the compressor have something to do.
    private static func synthesize(into descriptor: Int32, seconds: Double, _ format: OutputFormat) throws {
        let writer = try AudioWriter(fileDescriptor: descriptor, path: "bench", format: format, tags: [:])
        let buffer = AudioBuffer(channels: 2, frames: 4096)
        let total = Int(seconds * Double(format.sampleRate))
        var at = 0
        while at < total {
            let frames = min(4096, total - at)
            for n in 0..<frames {
                let t = Double(at + n) / Double(format.sampleRate)
                let inBeat = t.truncatingRemainder(dividingBy: 0.5)
                let burst = 0.7 * exp(-inBeat * 30) * sin(2 * .pi * 70 * t) + 0.2 * exp(-inBeat * 90) * sin(2 * .pi * 5300 * t)
                buffer.block[0][n] = burst + 0.08 * sin(2 * .pi * 220 * t)
                buffer.block[1][n] = burst + 0.08 * sin(2 * .pi * 331 * t)
            }
            Dither.quantise(buffer.block, frames: frames, firstFrame: Int64(at), bits: 24, tpdf: true, seed: 1)
            try writer.write(buffer.block, frames: frames)
            at += frames
        }
        try writer.finish()
    }

    private static func copy(_ path: String, to descriptor: Int32) throws {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw AudioFileError.writeFailed(path: "bench", reason: String(cString: strerror(errno)))
        }
        let reader = try AudioReader(path: path)
        let writer = try AudioWriter(fileDescriptor: descriptor, path: "bench", format: format, tags: [:])
        let buffer = AudioBuffer(channels: 2, frames: 4096)
        while true {
            let frames = try reader.read(into: buffer.block, frames: 4096)
            if frames == 0 { break }
            try writer.write(buffer.block, frames: frames)
        }
        try writer.finish()
    }

    /// Sound that this program made itself: it may be decoded here.
    private static func decode(_ path: String, in place: DecodingPlace) throws {
        let reader = try AudioReader(path: path, in: place)
        let buffer = AudioBuffer(channels: 2, frames: 4096)
        while try reader.read(into: buffer.block, frames: 4096) > 0 {}
    }

    private func report(_ rows: [Row]) throws {
        let floor = rows.first?.median ?? 1
        if json {
            return try Output.result(JSON.object([
                ("engine", .string(Engine.name)), ("cores", .int(ProcessInfo.processInfo.activeProcessorCount)), ("audio_seconds", .number(seconds)),
                ("rows", .array(rows.map { row in
                    .object([
                        ("name", .string(row.name)), ("seconds", .measured(row.median)), ("seconds_min", .measured(row.times.first)),
                        ("seconds_max", .measured(row.times.last)), ("times_real_time", .measured(seconds / row.median)),
                        ("times_copy", .measured(row.median / floor)),
                    ])
                })),
            ]).text)
        }
        try Output.result(Text.table([["", "seconds (min-max)", "x real time", "x copy"]] + rows.map { row in
            [row.name, "\(Text.number(row.median, places: 3)) (\(Text.number(row.times.first, places: 3))-\(Text.number(row.times.last, places: 3)))",
             Text.number(seconds / row.median, places: 0), Text.number(row.median / floor)]
        }))
    }
}
