import DSP
import Glibc

/// Decides what is to be done to a programme, and what is better left alone, from what was measured of it. Pure: same measurements and
/// preset, same plan.
public enum Assistant {
    /// A de-esser that the material asks for.
    public struct DeEss: Sendable, Equatable, Codable {
        public var hz: Double
        public var q: Double
        /// Most it takes away, dB < 0.
        public var rangeDB: Double
    }

    /// What follows for the chain, and the reasons.
    public struct Plan: Sendable, Equatable {
        /// False: the output is the input, to the bit.
        public var isActive = true
        /// Loudness to reach, LUFS; nil: gain stays as it is.
        public var targetLUFS: Double?
        public var compressorOn = false
        /// On the loud parts, dB.
        public var compressorReductionDB = 0.0
        /// A clipper may take the highest peaks before the limiter does, and bands may be compressed apart.
        public var mayClip = true
        /// What colours and bends with the level (saturation, dynamic EQ) has been done.
        public var isFinished = false
        /// All that the preset asks for has been done: every block rests but the level and the ceiling.
        public var rests = false
        /// The level is where it is to be, and no gain is looked for.
        public var keepsLevel = false
        /// No peak is over the ceiling, and none will be.
        public var limiterRests = false
        public var deEss: DeEss?
        public var tone = ToneBalance()
        /// What an album was made with, for a track that is to stand beside it.
        public struct AlbumSettings: Sendable, Equatable {
            /// nil: the album had no compressor.
            public var thresholdDB: Double?
            public var saturationLevelDB: Double
            public var tonePeakDB: Double
        }

        /// In the place of what would follow from the material; nil lets it follow.
        public var asAlbum: AlbumSettings?
        /// Before the sound is made; `outcome` adds what was measured of it.
        public var moves: [Move] = []

        /// The preset with the automatic settings in the place of the preset's own.
        public func applied(to preset: Preset) -> Preset {
            var out = preset
            if let targetLUFS { out.target.lufs = targetLUFS }
            out.compressor.on = compressorOn
            out.compressor.gainReductionTargetDB = compressorReductionDB
            if !mayClip {
                out.clip.amountDB = 0
                out.multiband.on = false
            }
            if isFinished {
                out.saturation.driveDB = 0
                for i in out.dyneq.indices { out.dyneq[i].on = false }
            }
            if rests { out.rest() }
            return out
        }
    }

    /// Needed gain beyond which somebody should look at the export first, dB.
    static let largeGainDB = 12.0
    /// Peak to short-term loudness of stereo under which material counts as limited, and under which glue would only dull it, dB.
    static let limitedPSRDB = 8.0
    static let gluePSRDB = 9.0
    /// With more than this, peaks of one height are a drum machine's, no limiter's, dB.
    static let piledPSRDB = 12.0
    /// Loudness range under which a compressor has nothing to even out, LU.
    static let glueLRALU = 4.0
    static let clippedRunLimit = 100
    /// Shorter programmes have no balance to speak of, seconds.
    static let shortestToneSeconds = 3.0
    /// Level of sibilants over the voice from which they are sharp, dB; and the share of cells that makes them a voice's and no cymbal's.
    static let sharpSibilanceDB = -2.0
    static let sibilantShare = 0.02...0.35
    /// A lossy coder's wall is worth a word when it stands below this, Hz.
    static let lossyEdgeHz = 17_000.0

    /// How far a level may lie from where it is to be, and a peak over the ceiling, for sound that is finished to stay as it is, to the bit.
    static let restingLU = 0.2
    static let restingPeakDB = 0.05

    /// - Parameters:
    ///   - analysis: of the input.
    ///   - target: the curve to compare with; nil leaves the tone alone.
    ///   - amount: 0…1, scales every automatic move; 0 is nothing at all.
    ///   - wasMasteredHere: the file says that Lathe made it, with this preset.
    public static func plan(
        _ analysis: Analysis, preset: Preset, tone: ToneSettings = ToneSettings(), target: ToneTarget?, amount: Double = 1,
        wasMasteredHere: Bool = false
    ) -> Plan {
        let amount = min(max(amount, 0), 1)
        var plan = Plan()
        guard amount > 0 else {
            plan.isActive = false
            plan.mayClip = false
            return plan
        }
        guard analysis.integratedLUFS != nil, let loudness = preset.target.loudness(of: analysis) else {
            plan.moves = [Move(.loudness, "silent", text: "No gain: the sound is silent or too short to have a loudness")]
            return plan
        }
        let judgement = Judgement(analysis, loudness: loudness, preset: preset, wasMasteredHere: wasMasteredHere)
        if wasMasteredHere {
            plan.rest(judgement, preset)
            return plan
        }
        plan.setLoudness(judgement, preset, amount)
        plan.setDynamics(judgement, preset, amount)
        plan.setTone(judgement, tone, target, amount)
        return plan
    }

    /// The preset as it stands, without a judgement: only the tonal balance follows the material.
    public static func literal(_ analysis: Analysis, preset: Preset, tone: ToneSettings, target: ToneTarget?) -> Plan {
        var plan = Plan()
        plan.compressorOn = preset.compressor.on
        plan.compressorReductionDB = preset.compressor.gainReductionTargetDB
        guard let target, analysis.integratedLUFS != nil, tone.amountPct > 0, tone.maxDB > 0 else { return plan }
        plan.tone = ToneBalance.compare(analysis.traits.spectrum, with: target, tone, edgeHz: analysis.traits.edgeHz)
        plan.moves = plan.tone.regions.map { Move.tone($0, toward: target.kind) }
        return plan
    }
}

extension Assistant.Plan {
    fileprivate mutating func setLoudness(_ judgement: Judgement, _ preset: Preset, _ amount: Double) {
        targetLUFS = judgement.loudness + amount * (judgement.targetLUFS - judgement.loudness)
        holdTarget(judgement, preset)
        let gain = judgement.targetLUFS - judgement.loudness
        if gain > Assistant.largeGainDB {
            moves.append(Move(
                .loudness, "large_gain", db: gain,
                text: "\(Move.signed(gain)) dB of gain are needed: noise rises with it, so check that the export has its full level"))
        }
    }

    fileprivate mutating func setDynamics(_ judgement: Judgement, _ preset: Preset, _ amount: Double) {
        mayClip = judgement.limitedBecause == nil && judgement.finishedBecause == nil
        isFinished = judgement.finishedBecause != nil
        sayWhatRests(judgement, preset)
        compressorOn = preset.compressor.on
        compressorReductionDB = preset.compressor.gainReductionTargetDB * amount
        if compressorOn, let reason = reasonAgainstGlue(judgement) {
            compressorOn = false
            moves.append(Move(.compressor, "compressor_off", text: "Compressor off: \(reason)"))
        }
        let speech = judgement.analysis.traits.speech
        if judgement.finishedBecause == nil, let sibilance = speech.sibilanceDB, sibilance > Assistant.sharpSibilanceDB,
            Assistant.sibilantShare.contains(speech.sibilantShare)
        {
            let excess = sibilance - Assistant.sharpSibilanceDB
            let range = -min(4, 1 + excess) * amount
            deEss = Assistant.DeEss(hz: 6500, q: 1.5, rangeDB: onGrid(range, places: 2))
            moves.append(Move(
                .deEsser, "de_ess", db: range, hz: 6500,
                text: "Up to \(Move.tenths(-range)) dB less at 6.5 kHz on sibilants: they are \(Move.tenths(excess)) dB sharper than usual"))
        }
    }

    private func reasonAgainstGlue(_ judgement: Judgement) -> String? {
        if let reason = judgement.finishedBecause { return reason }
        if let reason = judgement.limitedBecause { return "it is limited already (\(reason))" }
        if let psr = judgement.psrDB, let stereoPSR = judgement.stereoPSRDB, stereoPSR < Assistant.gluePSRDB {
            return "peaks stand only \(Move.tenths(psr)) dB over the loudness"
        }
        // A voice is evened out for intelligibility, whatever its range.
        if let range = judgement.analysis.loudnessRangeLU, range < Assistant.glueLRALU, !judgement.isSpeech {
            return "the loudness ranges over \(Move.tenths(range)) LU only"
        }
        return nil
    }

    fileprivate mutating func setTone(_ judgement: Judgement, _ settings: ToneSettings, _ target: ToneTarget?, _ amount: Double) {
        guard let target, settings.amountPct > 0, settings.maxDB > 0 else { return }
        let traits = judgement.analysis.traits
        if let reason = reasonAgainstTone(judgement, target) {
            moves.append(Move(.tone, "tone_off", text: "Tone left alone: \(reason)"))
            return
        }
        tone = ToneBalance.compare(traits.spectrum, with: target, settings, edgeHz: traits.edgeHz, scale: amount)
        moves += tone.regions.map { Move.tone($0, toward: target.kind) }
        let edge = [traits.edgeHz, target.edgeHz].compactMap { $0 }.min()
        if let edge, edge < Assistant.lossyEdgeHz, judgement.analysis.sampleRate >= 44_100 {
            moves.append(Move(
                .tone, "lossy_edge", hz: edge,
                text: "Nothing is raised above \(Move.frequency(edge)): the spectrum ends there as after a lossy coder"))
        }
    }

    private func reasonAgainstTone(_ judgement: Judgement, _ target: ToneTarget) -> String? {
        if let reason = judgement.finishedBecause { return reason }
        if judgement.analysis.seconds < Assistant.shortestToneSeconds { return "it is shorter than 3 s" }
        if judgement.isSpeech, target.material == .music { return "it is speech, and \(target.name) is a curve of music" }
        return nil
    }

    /// The moves with what came of them.
    ///
    /// - Parameters:
    ///   - after: of the finished master.
    ///   - gainDB: before the limiter, trim included.
    ///   - clipReductionDB: the largest, ≥ 0.
    ///   - limiterReductionDB: the largest, ≥ 0.
    public func outcome(
        after: Analysis, before: Analysis, preset: Preset, settings: ToneSettings, target: ToneTarget?, gainDB: Double, clipReductionDB: Double,
        limiterReductionDB: Double
    ) -> [Move] {
        var out = moves
        if let target, !tone.regions.isEmpty {
            let now = ToneBalance.compare(after.traits.spectrum, with: target, settings, edgeHz: before.traits.edgeHz)
            for i in out.indices where out[i].block == .tone && out[i].channel != ToneBalance.Region.Channel.side.rawValue {
                guard let hz = out[i].hz, out[i].deviationDB != nil else { continue }
                guard let band = now.bands.first(where: { $0.hz == hz }) else { continue }
                out[i].afterDeviationDB = band.deviationDB
                out[i].text += Move.effect(of: out[i], band, toward: target.kind)
            }
        }
        if compressorOn, compressorReductionDB > 0 {
            out.append(Move.compressor(reductionDB: compressorReductionDB, loudnessRangeLU: before.loudnessRangeLU))
        }
        if let from = before.integratedLUFS, let to = after.integratedLUFS {
            out.append(Move.loudness(gainDB: gainDB, before: from, after: to))
        }
        if clipReductionDB >= 0.05 { out.append(Move.clip(reductionDB: clipReductionDB)) }
        out.append(Move.limiter(reductionDB: limiterReductionDB, ceilingDBTP: preset.target.ceilingDBTP))
        return out
    }
}
