import Glibc

/// What the material is, as far as rules depend on it.
struct Judgement {
    let analysis: Analysis
    let loudness: Double
    /// Peak over the loudest short-term loudness, or over the integrated one of a programme too short for that, dB.
    let psrDB: Double?
    /// What `psrDB` would be if two channels said it: loudness adds channels up, a peak is one channel's.
    let stereoPSRDB: Double?
    /// Why it counts as limited before; nil when it does not.
    let limitedBecause: String?
    /// Why it counts as a finished master; nil when it does not.
    let finishedBecause: String?
    /// The preset's target, or less where limiting again would be all that more gain does.
    let targetLUFS: Double

    init(_ analysis: Analysis, loudness: Double, preset: Preset, wasMasteredHere: Bool) {
        self.analysis = analysis
        self.loudness = loudness
        let traits = analysis.traits
        let psr = analysis.truePeakDBTP.map { $0 - (analysis.maxShortTermLUFS ?? loudness) }
        let crowd = 10 * log10(max(traits.effectiveChannels, 0.1) / 2)
        let stereoPSR = psr.map { $0 + crowd }
        psrDB = psr
        stereoPSRDB = stereoPSR
        let limited: String? =
            if wasMasteredHere {
                Judgement.masteredHere
            } else if let psr, let stereoPSR, stereoPSR < Assistant.limitedPSRDB {
                "its peaks stand only \(Move.tenths(psr)) dB over the loudness"
            } else if traits.clippedRuns > Assistant.clippedRunLimit * max(1, analysis.channels / 2) {
                "it is clipped in \(traits.clippedRuns) places"
            } else if traits.isPeakLimited, stereoPSR ?? 0 < Assistant.piledPSRDB {
                "\(traits.peaksAtTop) peaks stand within \(Move.tenths(ProgrammeTraits.peakSpanDB)) dB of the highest"
            } else {
                nil
            }
        limitedBecause = limited
        let headroom = max(0, preset.target.ceilingDBTP - (analysis.truePeakDBTP ?? 0))
        targetLUFS = limited == nil ? preset.target.lufs : min(preset.target.lufs, loudness + headroom)

        // A solve without limiting ends within hundredths of its target, one with limiting within its tolerance.
        let distance = (loudness - targetLUFS).magnitude
        let isUnderCeiling = (analysis.truePeakDBTP ?? 0) <= preset.target.ceilingDBTP + 0.1
        finishedBecause =
            if wasMasteredHere {
                Judgement.masteredHere
            } else if isUnderCeiling, distance <= (limited == nil ? 0.03 : 0.3) {
                "it has the loudness and the peaks that are asked for"
            } else {
                nil
            }
    }

    var isSpeech: Bool { analysis.traits.isSpeech }

    static let masteredHere = "Lathe mastered it with this preset before"
}
