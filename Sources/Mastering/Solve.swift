import AudioFiles
import DSP

/// Parameters that bring a file to its preset's loudness under its ceiling, and what they lead to.
public struct Solution: Sendable {
    public var parameters: ChainParameters
    /// For each track of an album, dB before the chain; one 0 for a single file.
    var trimsDB: [Double]
    /// The target was met within the preset's tolerance.
    public var reached: Bool
    /// Why not, in words; nil when reached.
    public var note: String?
    /// Of the chain's output.
    public var integratedLUFS: Double?
    public var truePeakDBTP: Double?
    /// dB ≥ 0.
    public var limiterMaxReductionDB: Double
    /// Of each track, dB ≥ 0.
    var reductions: [Solve.Reduction]
    /// What was decided from the material.
    public var direction: Direction
}

/// The loudness solve: which make-up gain leads to the target after the limiter.
public enum Solve {
    /// How far above the ceiling a finished pass may read before the limiter is set lower and run again, dB.
    static let ceilingSlackDB = 0.02
    static let maximumPasses = 6
    static let maximumLossyPasses = 12
    /// How far the limiter may go beyond what the preset allows before the gain is taken back, dB.
    static let capSlackDB = 0.05

    /// Parameters at once, from the profile alone: the limiter's own loss of loudness is not known yet. For the first moments of a preview.
    public static func estimate(_ direction: Direction, profile: InputProfile) -> ChainParameters {
        let preset = direction.preset
        var parameters = ChainParameters(preset: preset, profile: profile, plan: direction.plan)
        guard let loudness = preset.target.loudness(of: profile.analysis), !direction.isIdle else { return parameters }
        let compression = parameters.compressorOn ? preset.compressor.gainReductionTargetDB * parameters.mix : 0
        let toneLUFS = loudness + parameters.inputGainDB - compression
        guard let peak = profile.analysis.truePeakDBTP else {
            parameters.makeupGainDB = preset.target.lufs - toneLUFS
            return parameters
        }
        let tonePeakDB = peak + parameters.inputGainDB - compression
        parameters.setMakeup(min(preset.target.lufs - toneLUFS, highestGain(preset, tonePeakDB: tonePeakDB)), tonePeakDB: tonePeakDB)
        return parameters
    }

    /// More gain than this would make the limiter take away more than the preset allows, dB.
    static func highestGain(_ preset: Preset, tonePeakDB: Double) -> Double {
        preset.target.ceilingDBTP - Limiter.marginDB + preset.target.maxLimiterGainReductionDB + preset.clip.amountDB - tonePeakDB
    }

    /// The exact parameters, found with passes over the file and proven by a last one. Some seconds for a song.
    public static func solve(
        path: String, direction: Direction, profile: InputProfile, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws -> Solution {
        let programme = Programme(path: path, profile: profile).removingOffset(direction.preset.condition.dc)
        var solver = Solver(programme: programme, direction: direction)
        return try solver.run(progress: progress, isCancelled: isCancelled) { settings, report in
            let meters = Meters(profile.analysis)
            let reductions = try runChain(programme, settings, progress: report, isCancelled: isCancelled) { block, frames, _ in
                meters.process(block, frames)
            }
            return [meters.outcome(reductions[0])]
        }
    }

    /// Largest reductions of a track, dB ≥ 0.
    struct Reduction: Sendable {
        var clipDB = 0.0
        var limiterDB = 0.0

        init() {}

        init(_ taken: MasteringChain.Reductions) {
            clipDB = 0 - taken.clipDB
            limiterDB = 0 - taken.limiterDB
        }
    }

    /// What a full pass runs with: one set of parameters, and for each track of an album a trim before the chain, dB.
    struct Settings {
        var parameters: ChainParameters
        var trimsDB: [Double]

        func parameters(of track: Int) -> ChainParameters {
            var own = parameters
            // It was taken off as the file was read.
            own.offsets = .zero
            own.inputGainDB += trimsDB[track]
            return own
        }
    }

    /// What a full pass of the chain came to.
    struct Outcome {
        var integratedLUFS: Double?
        /// Of the loudest 3 s.
        var maxShortTermLUFS: Double?
        var truePeakDBTP: Double?
        var reduction: Reduction

        /// - Parameter truePeak: linear.
        init(_ integratedLUFS: Double?, maxShortTerm: Double?, _ truePeak: Double, _ reduction: Reduction) {
            self.integratedLUFS = integratedLUFS
            maxShortTermLUFS = maxShortTerm
            truePeakDBTP = truePeak > 0 ? FastMath.decibels(truePeak) : nil
            self.reduction = reduction
        }

        /// The highest of everything.
        init(loudestOf tracks: [Outcome]) {
            integratedLUFS = tracks.compactMap(\.integratedLUFS).max()
            maxShortTermLUFS = tracks.compactMap(\.maxShortTermLUFS).max()
            truePeakDBTP = tracks.compactMap(\.truePeakDBTP).max()
            reduction = Reduction()
            reduction.clipDB = tracks.map(\.reduction.clipDB).max() ?? 0
            reduction.limiterDB = tracks.map(\.reduction.limiterDB).max() ?? 0
        }

        func loudness(_ measure: LoudnessModel.Measure) -> Double? { measure == .integrated ? integratedLUFS : maxShortTermLUFS }
    }

    /// The two meters that decide, read on the chain's output before any word-length reduction, in preview and render alike.
    final class Meters: @unchecked Sendable {
        // Unchecked: written by the consuming thread of a pass, read after the pass has ended.
        private var loudness: LoudnessMeter
        private var truePeak: TruePeakProof

        init(_ analysis: Analysis) {
            loudness = LoudnessMeter(sampleRate: Double(analysis.sampleRate), layout: analysis.layout)
            truePeak = TruePeakProof(channels: analysis.channels)
        }

        func process(_ block: AudioBlock, _ frames: Int) {
            loudness.process(block, frames: frames)
            truePeak.process(block, frames: frames)
        }

        func outcome(_ reduction: Reduction) -> Outcome {
            truePeak.finish()
            return Outcome(loudness.integratedLUFS, maxShortTerm: loudness.maxShortTermLUFS, truePeak.peak, reduction)
        }
    }

    /// Runs the chain over the programme, or with `toneOnly` its part before make-up gain, clipper and limiter. Returns the largest reductions in
    /// each track.
    static func runChain(
        _ programme: Programme, _ settings: Settings, toneOnly: Bool = false, progress: (Double) -> Void, isCancelled: () -> Bool,
        consume: @escaping @Sendable (AudioBlock, Int, Int64) throws -> Void
    ) throws -> [Reduction] {
        let run = ChainRun(programme, settings, toneOnly: toneOnly)
        try Pass.run(
            programme.files, latency: run.latency, progress: progress, isCancelled: isCancelled,
            process: { block, frames, _ in run.processLinear(block, frames) }, processFurther: { run.processRest($0, $1, track: $2) },
            consume: consume)
        return run.finish()
    }
}

/// A chain that two threads of a pass share: one does the linear-phase filter, the other what comes after it.
private final class ChainRun: @unchecked Sendable {
    // Unchecked: `processLinear` belongs to one thread, `processRest` to another, and they share no memory; `finish` comes after both.
    private var chain: MasteringChain
    private let settings: Solve.Settings
    private let tracks: Int
    private var reductions: [Solve.Reduction] = []

    init(_ programme: Programme, _ settings: Solve.Settings, toneOnly: Bool) {
        self.settings = settings
        tracks = programme.files.count
        chain = MasteringChain(sampleRate: programme.sampleRate, channels: programme.channels, toneOnly: toneOnly)
        chain.set(settings.parameters(of: 0), ramp: false)
    }

    var latency: Int { chain.latency }

    func processLinear(_ block: AudioBlock, _ frames: Int) { chain.processLinear(block, frames: frames) }

    /// Tracks differ in their trim alone, which comes after the linear-phase filter.
    func processRest(_ block: AudioBlock, _ frames: Int, track: Int) {
        while reductions.count < track {
            reductions.append(Solve.Reduction(chain.takeGainReduction()))
            chain.set(settings.parameters(of: reductions.count), ramp: true)
        }
        chain.processRest(block, frames: frames)
    }

    /// The largest reductions in each track.
    func finish() -> [Solve.Reduction] {
        let last = Solve.Reduction(chain.takeGainReduction())
        return reductions + Array(repeating: last, count: tracks - reductions.count)
    }
}
