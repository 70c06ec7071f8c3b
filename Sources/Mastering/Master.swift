import AudioFiles
import Crypto
import DSP
import Glibc

/// One file to be mastered. Codable, so that the engine may live in another process than the screen.
public struct MasterRequest: Sendable, Codable, Equatable {
    public var input: String
    public var output: String
    /// The preset in its file form.
    public var presetTOML: String
    public var container: OutputFormat.Container
    /// Replace an existing output. Never the input.
    public var force: Bool

    /// - Parameter preset: its `output` section holds the word length and the dither.
    public init(input: String, output: String, preset: Preset, container: OutputFormat.Container, force: Bool) {
        self.input = input
        self.output = output
        presetTOML = preset.toml()
        self.container = container
        self.force = force
    }
}

/// What a finished master is: the JSON of `lathe master`, field for field.
public struct MasterResult: Sendable, Codable, Equatable {
    public var input: String
    public var output: String
    /// Id of the preset.
    public var preset: String
    public var engine: String
    /// Wall time from reading to the finished file.
    public var seconds: Double
    /// Length of the sound over `seconds`.
    public var realtimeFactor: Double
    public var tier: String
    public var before: Analysis
    public var after: Analysis
    public var targetLUFS: Double
    public var targetReached: Bool
    /// Why the target was not reached; nil when it was.
    public var note: String?
    /// Gain before the limiter, trim included.
    public var gainDB: Double
    /// dB ≥ 0.
    public var limiterMaxReductionDB: Double
    /// Of the output file.
    public var sha256: String

    enum CodingKeys: String, CodingKey {
        case input, output, preset, engine, seconds, tier, before, after, note, sha256
        case realtimeFactor = "realtime_factor", targetLUFS = "target_lufs", targetReached = "target_reached"
        case gainDB = "gain_db", limiterMaxReductionDB = "limiter_max_reduction_db"
    }

    public func encode(to encoder: any Encoder) throws {
        var c = encoder.container(keyedBy: CodingKeys.self)
        try c.encode(input, forKey: .input)
        try c.encode(output, forKey: .output)
        try c.encode(preset, forKey: .preset)
        try c.encode(engine, forKey: .engine)
        try c.encode(seconds, forKey: .seconds)
        try c.encode(realtimeFactor, forKey: .realtimeFactor)
        try c.encode(tier, forKey: .tier)
        try c.encode(before, forKey: .before)
        try c.encode(after, forKey: .after)
        try c.encode(targetLUFS, forKey: .targetLUFS)
        try c.encode(targetReached, forKey: .targetReached)
        // Written even when nil: the field exists, its value does not.
        try c.encode(note, forKey: .note)
        try c.encode(gainDB, forKey: .gainDB)
        try c.encode(limiterMaxReductionDB, forKey: .limiterMaxReductionDB)
        try c.encode(sha256, forKey: .sha256)
    }
}

/// Name and version of the signal path: same version, same input, same preset, same bytes.
public enum Engine {
    public static let version = "0.1.0"
    public static let name = "lathe \(version)"
}

public enum Master {
    public enum Stage: String, Sendable, Codable { case measuring, solving, finishing }

    /// Seed of the dither: fixed, so that a render can be repeated.
    static let ditherSeed: UInt64 = 0x4C61_7468_65

    /// Masters `request.input` into the empty file behind `fileDescriptor`, which stays the caller's.
    ///
    /// Profile, solve and the writing pass run over the input one after another; memory does not grow with its length.
    /// - Parameter profile: of the input, when it was measured before.
    /// - Throws: `AudioFileError`, `PresetError`, `CancellationError`. The file behind the descriptor is then worthless.
    public static func render(
        _ request: MasterRequest, fileDescriptor: Int32, tier: String = "local", profile known: InputProfile? = nil,
        progress: (Stage, Double) -> Void, isCancelled: () -> Bool
    ) throws -> MasterResult {
        let start = ContinuousClock.now
        let preset = try Preset.parse(toml: request.presetTOML, file: "preset")
        let profile = try known ?? InputProfile.measure(request.input, progress: { progress(.measuring, $0) }, isCancelled: isCancelled)
        let info = try AudioReader(path: request.input).info
        let format = OutputFormat(
            container: request.container, bits: preset.output.bits.sampleBits,
            sampleRate: preset.output.rate.hz ?? request.container.nearestRate(to: info.sampleRate), channels: info.channels)
        if let objection = format.objection { throw AudioFileError.unsupportedOutput(path: request.output, detail: objection) }

        var after = Analysis()
        var solver = Solver(path: request.input, preset: preset, profile: profile)
        let solution = try solver.run(progress: { progress(.solving, $0) }, isCancelled: isCancelled) { parameters, report in
            guard ftruncate(fileDescriptor, 0) == 0, lseek(fileDescriptor, 0, SEEK_SET) == 0 else {
                throw AudioFileError.writeFailed(path: request.output, reason: String(cString: strerror(errno)))
            }
            let finish = FinishingPass(
                writer: try AudioWriter(
                    fileDescriptor: fileDescriptor, path: request.output, format: format, tags: info.tags,
                    expectedFrames: SampleRateConverter.outputFrames(
                        profile.analysis.frames, from: info.sampleRate, to: format.sampleRate)),
                inputRate: info.sampleRate, dither: preset.output.dither == .tpdf)
            let reduction = try Solve.runChain(request.input, parameters, profile, progress: report, isCancelled: isCancelled) { block, frames, _ in
                try finish.process(block, frames)
            }
            var (outcome, analysis) = try finish.end(reductionDB: reduction)
            if format.container.isLossy {
                // What the encoder made of it is what listeners get: its peaks are the ones the ceiling is for.
                analysis = try Analyze.file("/proc/self/fd/\(fileDescriptor)", isCancelled: isCancelled).0
                outcome.truePeakDBTP = analysis.truePeakDBTP
            } else if format.isInteger && outcome.integratedLUFS ?? -.infinity < FinishingPass.faintLUFS {
                analysis = try Analyze.file("/proc/self/fd/\(fileDescriptor)", isCancelled: isCancelled).0
            } else {
                analysis.format = format.container.rawValue.uppercased()
                analysis.encoding = format.bits.encodingName
            }
            after = analysis
            return outcome
        }
        if isCancelled() { throw CancellationError() }
        progress(.finishing, 0)
        after.file = request.output
        let sha256 = try digest(fileDescriptor, path: request.output)
        progress(.finishing, 1)

        let elapsed = Double((ContinuousClock.now - start).components.seconds)
            + Double((ContinuousClock.now - start).components.attoseconds) * 1e-18
        return MasterResult(
            input: request.input, output: request.output, preset: preset.id, engine: Engine.name, seconds: elapsed,
            realtimeFactor: elapsed > 0 ? profile.analysis.seconds / elapsed : 0, tier: tier, before: profile.analysis, after: after,
            targetLUFS: preset.target.lufs, targetReached: solution.reached, note: solution.note,
            gainDB: solution.parameters.inputGainDB + solution.parameters.makeupGainDB,
            limiterMaxReductionDB: solution.limiterMaxReductionDB, sha256: sha256)
    }

    private static func digest(_ descriptor: Int32, path: String) throws -> String {
        var hash = SHA256()
        var offset: off_t = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let n = pread(descriptor, buffer.baseAddress, buffer.count, offset)
            if n < 0 && errno == EINTR { continue }
            guard n >= 0 else { throw AudioFileError.readFailed(path: path, reason: String(cString: strerror(errno))) }
            if n == 0 { break }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<n]))
            offset += off_t(n)
        }
        let digits = Array("0123456789abcdef")
        return String(hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}

/// Converts the sample rate, measures, shortens words and writes, on the second thread of a pass.
///
/// Loudness and true peak are read before the word length is reduced, as in a solve that writes nothing, so that preview and render
/// settle on the same parameters. Above `faintLUFS` the dither moves them by less than 0.001 dB, even of 16 bits (noise at −98 dBFS).
private final class FinishingPass: @unchecked Sendable {
    // Unchecked: used by the consuming thread of a pass, then, after it has ended, by its caller.
    static let faintLUFS = -55.0

    private let writer: AudioWriter
    private let dither: Bool
    private var converter: SampleRateConverter?
    private var analyzer: Analyzer?
    private var framesOut: Int64 = 0

    init(writer: AudioWriter, inputRate: Int, dither: Bool) {
        self.writer = writer
        self.dither = dither
        if inputRate != writer.format.sampleRate {
            converter = SampleRateConverter(from: inputRate, to: writer.format.sampleRate, channels: writer.format.channels)
        }
        analyzer = Analyzer(sampleRate: Double(writer.format.sampleRate), channels: writer.format.channels)
    }

    func process(_ block: AudioBlock, _ frames: Int) throws {
        if converter == nil {
            try put(block, frames)
        } else {
            try converter?.process(block, frames: frames) { try put($0, $1) }
        }
    }

    private func put(_ block: AudioBlock, _ frames: Int) throws {
        analyzer?.processSignal(block, frames: frames)
        if writer.format.isInteger {
            Dither.quantise(
                block, frames: frames, firstFrame: framesOut, bits: writer.format.bits == .int16 ? 16 : 24, tpdf: dither,
                seed: Master.ditherSeed)
        }
        analyzer?.processSamples(block, frames: frames)
        try writer.write(block, frames: frames)
        framesOut += Int64(frames)
    }

    func end(reductionDB: Double) throws -> (Solve.Outcome, Analysis) {
        try converter?.finish { try put($0, $1) }
        try writer.finish()
        var analyzer = self.analyzer.take()
        analyzer?.settle()
        let (loudness, peak) = analyzer?.loudnessAndPeak ?? (nil, 0)
        return (Solve.Outcome(loudness, peak, reductionDB: reductionDB), analyzer.take()?.finish() ?? Analysis())
    }
}

extension Preset.Bits {
    var sampleBits: OutputFormat.SampleBits {
        switch self {
        case .int16: .int16
        case .int24: .int24
        case .float32: .float32
        }
    }
}

extension OutputFormat.SampleBits {
    /// As `AudioFileInfo.encoding` names it.
    var encodingName: String {
        switch self {
        case .int16: "pcm_16"
        case .int24: "pcm_24"
        case .float32: "float_32"
        }
    }
}
