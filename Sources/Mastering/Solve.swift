import AudioFiles
import DSP

/// Parameters that bring a file to its preset's loudness under its ceiling, and what they lead to.
public struct Solution: Sendable {
    public var parameters: ChainParameters
    /// The target was met within the preset's tolerance.
    public var reached: Bool
    /// Why not, in words; nil when reached.
    public var note: String?
    /// Of the chain's output.
    public var integratedLUFS: Double?
    public var truePeakDBTP: Double?
    /// dB ≥ 0.
    public var limiterMaxReductionDB: Double
}

extension ChainParameters {
    /// A preset's settings as numbers, with the thresholds that follow from the input and no make-up gain yet.
    init(preset: Preset, profile: InputProfile) {
        self.init()
        inputGainDB = preset.condition.inputGainDB
        subsonicHz = preset.condition.subsonicHz
        for (i, source) in preset.eq.prefix(8).enumerated() {
            var band = Band()
            band.kind = switch source.type {
            case _ where !source.on: .off
            case .bell: source.db == 0 ? .off : .bell
            case .lowShelf: source.db == 0 ? .off : .lowShelf
            case .highShelf: source.db == 0 ? .off : .highShelf
            case .highPass: .highPass
            case .lowPass: .lowPass
            case .notch: .notch
            }
            band.target = switch source.channel {
            case .stereo: .stereo
            case .mid: .mid
            case .side: .side
            }
            band.hz = source.hz
            band.db = source.db
            band.q = source.q
            bands[i] = band
        }
        ratio = preset.compressor.ratio
        kneeDB = preset.compressor.kneeDB
        attackMs = preset.compressor.attackMs
        releaseMs = preset.compressor.releaseMs
        sidechainHighPassHz = preset.compressor.sidechainHighPassHz
        mix = preset.compressor.mixPct / 100
        var curve = Compressor.Settings()
        curve.ratio = ratio
        curve.kneeDB = kneeDB
        let threshold = profile.levels.threshold(reducing: preset.compressor.gainReductionTargetDB, curve, offsetDB: inputGainDB)
        compressorOn = preset.compressor.on && threshold != nil
        thresholdDB = threshold ?? 0
        width = preset.stereo.widthPct / 100
        monoBelowHz = preset.stereo.monoBelowHz
        limiterOn = true
        ceilingDBTP = preset.target.ceilingDBTP
        lookaheadMs = preset.limiter.lookaheadMs
        holdMs = preset.limiter.holdMs
        limiterReleaseMs = preset.limiter.releaseMs ?? 0
    }
}

/// The loudness solve: which make-up gain leads to the target after the limiter.
public enum Solve {
    /// How far above the ceiling a finished pass may read before the limiter is set lower and run again, dB.
    static let ceilingSlackDB = 0.02
    static let maximumPasses = 6

    /// Parameters at once, from the profile alone: the limiter's own loss of loudness is not known yet. For the first moments of a preview.
    public static func estimate(preset: Preset, profile: InputProfile) -> ChainParameters {
        var parameters = ChainParameters(preset: preset, profile: profile)
        guard let loudness = profile.analysis.integratedLUFS else { return parameters }
        let compression = parameters.compressorOn ? preset.compressor.gainReductionTargetDB * parameters.mix : 0
        parameters.makeupGainDB = preset.target.lufs - (loudness + parameters.inputGainDB - compression)
        if let peak = profile.analysis.truePeakDBTP {
            let highest = preset.target.ceilingDBTP - Limiter.marginDB + preset.target.maxLimiterGainReductionDB - (peak + parameters.inputGainDB - compression)
            parameters.makeupGainDB = min(parameters.makeupGainDB, highest)
        }
        return parameters
    }

    /// The exact parameters, found with passes over the file and proven by a last one. Some seconds for a song.
    public static func solve(
        path: String, preset: Preset, profile: InputProfile, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws -> Solution {
        var solver = Solver(path: path, preset: preset, profile: profile)
        return try solver.run(progress: progress, isCancelled: isCancelled) { parameters, report in
            let meters = Meters(profile.analysis)
            let reduction = try runChain(path, parameters, profile, progress: report, isCancelled: isCancelled) { block, frames, _ in
                meters.process(block, frames)
            }
            return meters.outcome(reductionDB: reduction)
        }
    }

    /// What a full pass of the chain came to.
    struct Outcome {
        var integratedLUFS: Double?
        var truePeakDBTP: Double?
        var limiterReductionDB: Double

        /// - Parameter truePeak: linear.
        init(_ integratedLUFS: Double?, _ truePeak: Double, reductionDB: Double) {
            self.integratedLUFS = integratedLUFS
            truePeakDBTP = truePeak > 0 ? FastMath.decibels(truePeak) : nil
            limiterReductionDB = reductionDB
        }
    }

    /// The two meters that decide, read on the chain's output before any word-length reduction, in preview and render alike.
    final class Meters: @unchecked Sendable {
        // Unchecked: written by the consuming thread of a pass, read after the pass has ended.
        private var loudness: LoudnessMeter
        private var truePeak: TruePeakMeter

        init(_ analysis: Analysis) {
            loudness = LoudnessMeter(sampleRate: Double(analysis.sampleRate), channels: analysis.channels)
            truePeak = TruePeakMeter(channels: analysis.channels)
        }

        func process(_ block: AudioBlock, _ frames: Int) {
            loudness.process(block, frames: frames)
            truePeak.process(block, frames: frames)
        }

        func outcome(reductionDB: Double) -> Outcome {
            truePeak.finish()
            return Outcome(loudness.integratedLUFS, truePeak.peak, reductionDB: reductionDB)
        }
    }

    /// Runs the chain over the file. Returns the limiter's largest reduction, dB ≥ 0.
    static func runChain(
        _ path: String, _ parameters: ChainParameters, _ profile: InputProfile, progress: (Double) -> Void, isCancelled: () -> Bool,
        consume: @escaping @Sendable (AudioBlock, Int, Int64) throws -> Void
    ) throws -> Double {
        var chain = MasteringChain(sampleRate: Double(profile.analysis.sampleRate), channels: profile.analysis.channels)
        chain.set(parameters, ramp: false)
        try Pass.run(
            path, latency: chain.latency, progress: progress, isCancelled: isCancelled,
            process: { block, frames in chain.process(block, frames: frames) }, consume: consume)
        return 0 - chain.takeGainReduction().limiterDB
    }
}

/// The search itself, shared by preview (which throws the sound away) and render (which writes it).
struct Solver {
    let path: String
    let preset: Preset
    let profile: InputProfile

    /// - Parameter fullPass: runs the chain with the given parameters over the whole file and reads the result.
    mutating func run(
        progress: (Double) -> Void, isCancelled: () -> Bool,
        fullPass: (ChainParameters, (Double) -> Void) throws -> Solve.Outcome
    ) throws -> Solution {
        var parameters = ChainParameters(preset: preset, profile: profile)
        let target = preset.target.lufs, cap = preset.target.maxLimiterGainReductionDB
        let (model, peakDB) = try measureTone(parameters, progress: { progress($0 * 0.35) }, isCancelled: isCancelled)
        // More gain than this would make the limiter take away more than the preset allows.
        let highest = peakDB.map { preset.target.ceilingDBTP - Limiter.marginDB + cap - $0 } ?? 0
        let measurable = model.integratedLUFS(gainDB: 0, parameters: parameters) != nil
        parameters.makeupGainDB = measurable
            ? model.gain(toReach: target, correction: 0, parameters: parameters, highest: highest) : min(0, highest)

        var outcome = Solve.Outcome(nil, 0, reductionDB: 0)
        var passes = 0
        while true {
            passes += 1
            let done = 0.35 + 0.65 * (1 - 1 / Double(passes))
            let share = 0.65 * (1 / Double(passes) - 1 / Double(passes + 1))
            outcome = try withoutActuallyEscaping(progress) { report in try fullPass(parameters) { report(done + share * $0) } }
            if passes == Solve.maximumPasses { break }
            if let peak = outcome.truePeakDBTP, peak > preset.target.ceilingDBTP + Solve.ceilingSlackDB {
                parameters.ceilingDBTP -= peak - preset.target.ceilingDBTP + Solve.ceilingSlackDB
                continue
            }
            guard let loudness = outcome.integratedLUFS, abs(loudness - target) > preset.target.toleranceLU else { break }
            let foretold = model.integratedLUFS(gainDB: parameters.makeupGainDB, parameters: parameters) ?? loudness
            let next = model.gain(toReach: target, correction: loudness - foretold, parameters: parameters, highest: highest)
            if abs(next - parameters.makeupGainDB) < 0.005 { break }
            parameters.makeupGainDB = next
        }
        progress(1)
        let held = outcome.truePeakDBTP.map { $0 <= preset.target.ceilingDBTP + 0.1 } ?? true
        let met = outcome.integratedLUFS.map { abs($0 - target) <= preset.target.toleranceLU + 1e-9 } ?? false
        return Solution(
            parameters: parameters, reached: met && held,
            note: !held ? overshoot(outcome) : met ? nil : reason(outcome, atCap: parameters.makeupGainDB >= highest - 0.01),
            integratedLUFS: outcome.integratedLUFS, truePeakDBTP: outcome.truePeakDBTP, limiterMaxReductionDB: outcome.limiterReductionDB)
    }

    /// The signal before make-up gain and limiter, as a model of what the limiter will do to it, and its true peak, dBTP.
    private func measureTone(
        _ parameters: ChainParameters, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws -> (LoudnessModel, Double?) {
        var tone = parameters
        tone.limiterOn = false
        tone.makeupGainDB = 0
        let box = ToneMeter(profile.analysis, maximumReductionDB: preset.target.maxLimiterGainReductionDB)
        _ = try Solve.runChain(path, tone, profile, progress: progress, isCancelled: isCancelled) { block, frames, _ in
            box.process(block, frames)
        }
        return box.result()
    }

    private func overshoot(_ outcome: Solve.Outcome) -> String {
        "cannot hold the ceiling of \(fixed(preset.target.ceilingDBTP, 1)) dBTP: the encoder brings peaks of "
            + "\(fixed(outcome.truePeakDBTP ?? 0, 1)); lower target.ceiling_dbtp or use a lossless format"
    }

    private func reason(_ outcome: Solve.Outcome, atCap: Bool) -> String {
        let target = fixed(preset.target.lufs, 1)
        guard let loudness = outcome.integratedLUFS else {
            return "cannot reach \(target) LUFS: the sound is silent or too short to have a loudness"
        }
        let reached = fixed(loudness, 1)
        if atCap {
            return "cannot reach \(target) LUFS: the preset allows \(fixed(preset.target.maxLimiterGainReductionDB, 1)) dB of limiting, "
                + "which leads to \(reached); lower target.lufs or raise target.max_limiter_gr_db"
        }
        return "cannot reach \(target) LUFS: the solve settled at \(reached)"
    }

    private func fixed(_ value: Double, _ places: Int) -> String { fixedDecimal(value, places: places) }
}

/// Gathers the cells of a tone pass.
private final class ToneMeter: @unchecked Sendable {
    // Unchecked: written by the consuming thread of a pass, read after the pass has ended.
    private var cells: LoudnessCells
    private var model: LoudnessModel

    init(_ analysis: Analysis, maximumReductionDB: Double) {
        cells = LoudnessCells(
            sampleRate: Double(analysis.sampleRate), channels: analysis.channels, maximumReductionDB: maximumReductionDB)
        model = LoudnessModel(sampleRate: Double(analysis.sampleRate))
    }

    func process(_ block: AudioBlock, _ frames: Int) {
        cells.process(block, frames: frames) { peak, energy in model.append(peak: peak, meanSquare: energy) }
    }

    /// Completes the last cell with silence.
    func result() -> (LoudnessModel, Double?) {
        let silence = AudioBuffer(channels: 32, frames: LoudnessCells.cellFrames * 2)
        process(silence.block, LoudnessCells.cellFrames * 2)
        return (model, cells.truePeak > 0 ? FastMath.decibels(cells.truePeak) : nil)
    }
}
