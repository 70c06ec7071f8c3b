import AudioFiles
import Crypto
import DSP
import Glibc

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
        _ request: MasterRequest, fileDescriptor: Int32, tier: String = "local", profile: InputProfile? = nil,
        progress: (Stage, Double) -> Void, isCancelled: () -> Bool
    ) throws -> MasterResult {
        try album(
            [request], fileDescriptors: [fileDescriptor], tier: tier, profiles: profile.map { [$0] }, progress: progress,
            isCancelled: isCancelled)[0]
    }

    /// Masters the inputs as one programme, in order, each into its own empty file: one setting for all, relative levels kept, the loudest
    /// track at the target, and no seam where tracks flow into each other.
    ///
    /// - Parameters:
    ///   - requests: at least one; preset and container of the first count for all.
    ///   - profiles: of the inputs, when they were measured before.
    /// - Throws: as `render`; `.unsupported` when the tracks differ in sample rate or channels. All files are then worthless.
    public static func album(
        _ requests: [MasterRequest], fileDescriptors: [Int32], tier: String = "local", profiles known: [InputProfile]? = nil,
        progress: (Stage, Double) -> Void, isCancelled: () -> Bool
    ) throws -> [MasterResult] {
        try solved(
            requests, fileDescriptors: fileDescriptors, tier: tier, profiles: known, progress: progress, isCancelled: isCancelled
        ).results
    }

    /// The masters, and what the chain was set to for them.
    static func solved(
        _ requests: [MasterRequest], fileDescriptors: [Int32], tier: String, profiles known: [InputProfile]?,
        progress: (Stage, Double) -> Void, isCancelled: () -> Bool
    ) throws -> (results: [MasterResult], solution: Solution) {
        let start = ContinuousClock.now
        let preset = try Preset.parse(toml: requests[0].presetTOML, file: "preset")
        let share = 1 / Double(requests.count)
        let profiles = try known ?? requests.enumerated().map { index, request in
            try InputProfile.measure(
                request.input, progress: { progress(.measuring, (Double(index) + $0) * share) }, isCancelled: isCancelled)
        }
        let programme = try requests.count == 1
            ? Programme(path: requests[0].input, profile: profiles[0]) : Programme(album: requests.map(\.input), tracks: profiles)
        let tags = try requests.map { try AudioReader(path: $0.input).info.tags }
        let rate = profiles[0].analysis.sampleRate
        let format = OutputFormat(
            container: requests[0].container, bits: preset.output.bits.sampleBits,
            sampleRate: preset.output.rate.hz ?? requests[0].container.nearestRate(to: rate), channels: programme.channels)
        if let objection = format.objection { throw AudioFileError.unsupportedOutput(path: requests[0].output, detail: objection) }
        let boundaries = programme.boundaries.map { SampleRateConverter.outputFrames($0, from: rate, to: format.sampleRate) }

        var after: [Analysis] = []
        var solver = Solver(programme: programme, preset: preset)
        let solution = try solver.run(progress: { progress(.solving, $0) }, isCancelled: isCancelled) { settings, report in
            let writers = try requests.indices.map { index in
                let (descriptor, path) = (fileDescriptors[index], requests[index].output)
                guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
                    throw AudioFileError.writeFailed(path: path, reason: String(cString: strerror(errno)))
                }
                return try AudioWriter(
                    fileDescriptor: descriptor, path: path, format: format, tags: tags[index],
                    expectedFrames: boundaries[index + 1] - boundaries[index])
            }
            let finish = FinishingPass(
                writers: writers, boundaries: boundaries, inputRate: rate, dither: preset.output.dither)
            let reductions = try Solve.runChain(programme, settings, progress: report, isCancelled: isCancelled) { block, frames, _ in
                try finish.process(block, frames)
            }
            var outcomes: [Solve.Outcome] = []
            after = []
            for (index, end) in try finish.end().enumerated() {
                let (analysis, outcome) = try read(
                    end, fileDescriptors[index], format, reductionDB: reductions[index], isCancelled: isCancelled)
                after.append(analysis)
                outcomes.append(outcome)
            }
            return outcomes
        }
        if isCancelled() { throw CancellationError() }
        progress(.finishing, 0)
        let digests = try requests.indices.map { try digest(fileDescriptors[$0], path: requests[$0].output) }
        progress(.finishing, 1)

        let taken = (ContinuousClock.now - start).components
        let elapsed = Double(taken.seconds) + Double(taken.attoseconds) * 1e-18
        let length = programme.tracks.reduce(0) { $0 + $1.analysis.seconds }
        let results = requests.indices.map { index in
            after[index].file = requests[index].output
            return MasterResult(
                input: requests[index].input, output: requests[index].output, preset: preset.id, engine: Engine.name, seconds: elapsed,
                realtimeFactor: elapsed > 0 ? length / elapsed : 0, tier: tier, before: profiles[index].analysis, after: after[index],
                targetLUFS: preset.target.lufs, targetReached: solution.reached, note: solution.note,
                gainDB: solution.parameters.inputGainDB + solution.trimsDB[index] + solution.parameters.makeupGainDB,
                limiterMaxReductionDB: solution.limiterReductionsDB[index], sha256: digests[index])
        }
        return (results, solution)
    }

    /// What came of a track: the meters' readings, and its file's where only the file can tell.
    private static func read(
        _ end: FinishingPass.End, _ fileDescriptor: Int32, _ format: OutputFormat, reductionDB: Double, isCancelled: () -> Bool
    ) throws -> (Analysis, Solve.Outcome) {
        var analysis = end.analysis
        var outcome = Solve.Outcome(end.integratedLUFS, end.truePeak, reductionDB: reductionDB)
        let isFaint = format.isInteger && end.integratedLUFS ?? -.infinity < FinishingPass.faintLUFS
        if format.container.isLossy || isFaint {
            analysis = try Analyze.file("/proc/self/fd/\(fileDescriptor)", isCancelled: isCancelled).0
            // What the encoder made of it is what listeners get: its peaks are the ones the ceiling is for.
            if format.container.isLossy { outcome.truePeakDBTP = analysis.truePeakDBTP }
        } else {
            analysis.format = format.container.rawValue.uppercased()
            analysis.encoding = format.bits.encodingName
        }
        return (analysis, outcome)
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
