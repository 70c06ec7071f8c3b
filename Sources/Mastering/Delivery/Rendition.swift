import AudioFiles
import DSP
import Glibc

/// One form in which a programme is written: a format, and an open file for each track or one for all.
struct Rendition {
    enum Form {
        case fileForEach
        /// One file, whose path and descriptor stand for every track.
        case whole
        /// The same as the sectors of a CD.
        case discImage
    }

    let format: OutputFormat
    let dither: Preset.Dither
    let paths: [String]
    /// Of files that are open for reading and writing; they stay the caller's.
    let fileDescriptors: [Int32]
    let notes: [FileNotes]
    /// First frame of each track at the format's rate, and the end of the last.
    let boundaries: [Int64]
    private let inputRate: Int
    private let form: Form

    /// - Throws: `.unsupportedOutput` when the container does not hold the format.
    init(
        _ programme: Programme, format: OutputFormat, dither: Preset.Dither, paths: [String], fileDescriptors: [Int32], notes: [FileNotes],
        form: Form = .fileForEach
    ) throws {
        if let objection = format.objection { throw AudioFileError.unsupportedOutput(path: paths[0], detail: objection) }
        let rate = programme.profile.analysis.sampleRate
        self.format = format
        self.dither = dither
        self.paths = paths
        self.fileDescriptors = fileDescriptors
        self.notes = notes
        inputRate = rate
        self.form = form
        boundaries = programme.boundaries.map { SampleRateConverter.outputFrames($0, from: rate, to: format.sampleRate) }
    }

    /// Empties the files and opens them anew, for a pass that writes them.
    func begin() throws -> FinishingPass {
        let files = form == .fileForEach ? paths.indices : 0..<1
        var digests: [RunningDigest] = []
        let writers = try files.map { (index) throws -> any SoundWriter in
            guard ftruncate(fileDescriptors[index], 0) == 0, lseek(fileDescriptors[index], 0, SEEK_SET) == 0 else {
                throw AudioFileError.writeFailed(path: paths[index], reason: String(cString: strerror(errno)))
            }
            switch form {
            case .fileForEach:
                let frames = boundaries[index + 1] - boundaries[index]
                let digest = RunningDigest(dataBytes: frames * Int64(format.bytesPerFrame ?? 0), tailBytes: AudioWriter.tailBytes(notes[index].tags))
                digests.append(digest)
                return try AudioWriter(
                    fileDescriptor: fileDescriptors[index], path: paths[index], format: format, tags: notes[index].tags,
                    expectedFrames: frames, broadcast: notes[index].broadcast(format), observer: { digest.take($0, at: $1) })
            case .whole:
                return try AudioWriter(
                    fileDescriptor: fileDescriptors[index], path: paths[index], format: format, tags: [:], expectedFrames: boundaries.last)
            case .discImage:
                return try DiscImageWriter(fileDescriptor: fileDescriptors[index], path: paths[index], pauseSectors: DiscLayout.pauseSectors)
            }
        }
        // What is one file for all is handed every track in turn.
        return FinishingPass(
            writers: form == .fileForEach ? writers : Array(repeating: writers[0], count: paths.count), digests: digests, boundaries: boundaries,
            inputRate: inputRate, dither: dither, notes: form == .fileForEach ? notes : [])
    }

    /// What came of a track.
    struct Written {
        var analysis: Analysis
        var outcome: Solve.Outcome
        var clampedSamples: Int
        /// SHA-256 of the file, when it could be taken while it was written.
        var digest: String?
    }

    /// Completes the files of a pass: the meters' readings, and a file's own where only it can tell.
    func end(_ pass: FinishingPass, reductions: [Solve.Reduction], isCancelled: () -> Bool) throws -> [Written] {
        try pass.end().enumerated().map { index, end in
            var analysis = end.analysis
            var outcome = Solve.Outcome(
                end.integratedLUFS, maxShortTerm: analysis.maxShortTermLUFS, end.truePeak, reductions[index])
            let isFaint = form == .fileForEach && format.isInteger && end.integratedLUFS ?? -.infinity < FinishingPass.faintLUFS
            if format.container.isLossy || isFaint {
                analysis = try Analyze.file("/proc/self/fd/\(fileDescriptors[index])", isCancelled: isCancelled).0
                // What the encoder made of it is what listeners get: target and ceiling are for that.
                if format.container.isLossy {
                    outcome.truePeakDBTP = analysis.truePeakDBTP
                    outcome.integratedLUFS = analysis.integratedLUFS
                    outcome.maxShortTermLUFS = analysis.maxShortTermLUFS
                    if form == .fileForEach { try pass.setSoftware(notes[index].software(analysis), ofTrack: index) }
                }
            } else {
                analysis.format = format.container.rawValue.uppercased()
                analysis.encoding = format.bits.encodingName
            }
            analysis.file = paths[index]
            let digest = pass.digests.isEmpty ? nil : pass.digests[index].end(fileDescriptors[index])
            return Written(analysis: analysis, outcome: outcome, clampedSamples: end.clampedSamples, digest: digest)
        }
    }
}

extension Preset.Bits {
    public var sampleBits: OutputFormat.SampleBits {
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
