import AudioFiles
import DSP

/// The search itself, shared by preview (which throws the sound away) and render (which writes it).
///
/// The loudest track is brought to the target. The others follow it at the distance they had before, to `offsetToleranceLU`, which takes
/// a trim where the limiter held the loudest one back more than them.
struct Solver {
    static let offsetToleranceLU = 0.03
    /// Share of the tolerance within which a pass is left as it is. Meters of other makes differ by some hundredths of an LU: the rest is theirs.
    private static let settledShare = 0.6
    /// How far under the limiter's threshold a peak may be read roughly.
    private static let quietDB = 2.0
    /// How far the loudest 3 s may come out beyond what the least PSR allows, dB.
    static let psrToleranceDB = 0.05

    let programme: Programme
    let direction: Direction
    /// Of the file, Hz; what the preset says when nil.
    var outputRate: Int?
    /// What is written is read back after an encoder.
    var isLossy = false

    private var preset: Preset { direction.preset }

    /// - Parameter fullPass: runs the chain with the given settings over the whole programme and reads the result of each track.
    mutating func run(
        progress: (Double) -> Void, isCancelled: () -> Bool,
        fullPass: (Solve.Settings, (Double) -> Void) throws -> [Solve.Outcome]
    ) throws -> Solution {
        var settings = Solve.Settings(
            parameters: ChainParameters(preset: preset, profile: programme.profile, plan: direction.plan, outputRate: outputRate),
            trimsDB: Array(repeating: 0, count: programme.files.count))
        let (models, peakDB) = try measureTone(settings, progress: { progress($0 * 0.35) }, isCancelled: isCancelled)
        var highest = peakDB.map { Solve.highestGain(preset, tonePeakDB: $0) } ?? 0
        // The clipper counts from the album's peaks, so that a track gives up as much as its neighbours.
        let tonePeakDB = max(peakDB ?? 0, direction.plan.asAlbum?.tonePeakDB ?? -.infinity)
        settings.parameters.setMakeup(0, tonePeakDB: tonePeakDB)
        let (measure, target, toleranceLU) = aim(models, settings.parameters)
        let settledLU = min(toleranceLU, max(Self.offsetToleranceLU, Self.settledShare * toleranceLU))
        let tone = models.map { $0.loudness(measure, gainDB: 0, parameters: settings.parameters) }
        // Of equally processed tracks the loudest before the limiter is taken for the loudest after it; the passes correct.
        let loudest = models[tone.indices.max { tone[$0] ?? -.infinity < tone[$1] ?? -.infinity }!]
        // With the limiter idle peaks stand over the loudness as the mix has them: nothing below is held against it.
        let idleGain = highest - preset.target.maxLimiterGainReductionDB
        let densest = preset.target.psrFloorDB > 0 ? preset.target.ceilingDBTP - Limiter.marginDB - preset.target.psrFloorDB : nil
        var isHeldByPSR = false
        // What the limiter's leave alone allows.
        var cap = highest
        /// Takes back gain that would bring the loudest 3 s too near to the ceiling.
        func keepPSR(correction: Double) {
            guard let densest, loudest.loudness(.loudestShortTerm, gainDB: 0, parameters: settings.parameters) != nil else { return }
            let allowed = max(idleGain, loudest.gain(
                toReach: densest, of: .loudestShortTerm, correction: correction, parameters: settings.parameters, highest: cap))
            isHeldByPSR = allowed < cap - 0.005
            highest = min(cap, allowed)
        }
        if !direction.isIdle {
            keepPSR(correction: 0)
            settings.parameters.setMakeup(
                tone.contains { $0 != nil }
                    ? loudest.gain(toReach: target, of: measure, correction: 0, parameters: settings.parameters, highest: highest) : min(0, highest),
                tonePeakDB: tonePeakDB)
        }

        var outcomes: [Solve.Outcome] = []
        var outcome = Solve.Outcome(nil, maxShortTerm: nil, 0, Solve.Reduction())
        var passes = 0
        var search = CeilingSearch.ofSolve(ceilingDBTP: preset.target.ceilingDBTP)
        var lastHeld: Solve.Settings?
        // Encoders answer unforeseeably, which takes passes to find out.
        let maximumPasses = isLossy ? Solve.maximumLossyPasses : Solve.maximumPasses
        while true {
            passes += 1
            let done = 0.35 + 0.65 * (1 - 1 / Double(passes))
            let share = 0.65 * (1 / Double(passes) - 1 / Double(passes + 1))
            outcomes = try withoutActuallyEscaping(progress) { report in try fullPass(settings) { report(done + share * $0) } }
            outcome = Solve.Outcome(loudestOf: outcomes)
            let overshoot = outcome.truePeakDBTP.map { $0 - preset.target.ceilingDBTP } ?? -.infinity
            if overshoot <= Solve.ceilingSlackDB { lastHeld = settings }
            if passes == maximumPasses {
                // Better what was further from the target than what goes over the ceiling.
                guard overshoot > Solve.ceilingSlackDB, let held = lastHeld else { break }
                settings = held
                lastHeld = nil
                passes -= 1
                continue
            }
            if !settings.parameters.limiterOn, overshoot > Assistant.restingPeakDB {
                settings.parameters.limiterOn = true
                continue
            }
            // A clipper that filters what it cuts lets some of it back: the limiter must not make up for that beyond its leave.
            let most = preset.target.maxLimiterGainReductionDB + Limiter.marginDB
            if !direction.isIdle, preset.clip.amountDB > 0, outcome.reduction.limiterDB > most + Solve.capSlackDB {
                highest = min(highest, settings.parameters.makeupGainDB) - (outcome.reduction.limiterDB - most)
                cap = highest
                settings.parameters.setMakeup(highest, tonePeakDB: tonePeakDB)
                continue
            }
            if settings.parameters.limiterOn, overshoot > -.infinity,
               let next = search.next(after: settings.parameters.ceilingDBTP, overshootDB: overshoot) {
                let step = next - settings.parameters.ceilingDBTP
                let isHighest = settings.parameters.makeupGainDB >= highest - 0.005
                settings.parameters.ceilingDBTP = next
                // A lower threshold is no leave to limit more.
                highest += step
                cap += step
                if !direction.isIdle, isHighest || settings.parameters.makeupGainDB > highest { settings.parameters.setMakeup(highest, tonePeakDB: tonePeakDB) }
                continue
            }
            if !direction.isIdle, let densest, let shortTerm = outcome.maxShortTermLUFS {
                let now = settings.parameters.makeupGainDB
                let isTooDense = shortTerm > densest + Self.psrToleranceDB && now > idleGain + 0.005
                let hasRoom = isHeldByPSR && now >= highest - 0.005 && shortTerm < densest - 2 * Self.psrToleranceDB
                if isTooDense || hasRoom {
                    let foretold = loudest.loudness(.loudestShortTerm, gainDB: now, parameters: settings.parameters)
                    keepPSR(correction: shortTerm - (foretold ?? shortTerm))
                    if abs(highest - now) >= 0.005, isTooDense == (highest < now) {
                        settings.parameters.setMakeup(highest, tonePeakDB: tonePeakDB)
                        continue
                    }
                }
            }
            var isSettled = true
            if !direction.isIdle, let loudness = outcome.loudness(measure), abs(loudness - target) > settledLU {
                let foretold = loudest.loudness(measure, gainDB: settings.parameters.makeupGainDB, parameters: settings.parameters) ?? loudness
                let next = loudest.gain(toReach: target, of: measure, correction: loudness - foretold, parameters: settings.parameters, highest: highest)
                if abs(next - settings.parameters.makeupGainDB) >= 0.005 {
                    settings.parameters.setMakeup(next, tonePeakDB: tonePeakDB)
                    isSettled = false
                }
            }
            if correctTrims(&settings.trimsDB, outcomes) { isSettled = false }
            if isSettled { break }
        }
        progress(1)
        let held = outcome.truePeakDBTP.map { $0 <= preset.target.ceilingDBTP + 0.1 } ?? true
        let atCap = settings.parameters.makeupGainDB >= highest - 0.01
        let met = direction.plan.isActive && outcome.loudness(measure).map {
            // What is held back has a reason, which is worth saying also where it costs little.
            abs($0 - target) <= (atCap && !direction.isIdle && $0 < target ? settledLU : toleranceLU) + 1e-9
        } ?? false
        let heldBecause = met || direction.isIdle ? direction.heldBecause : nil
        return Solution(
            parameters: settings.parameters, trimsDB: settings.trimsDB, reached: met && held && heldBecause == nil,
            note: !held ? overshoot(outcome) : heldBecause ?? (met ? nil : reason(
                outcome, measure, atCap: atCap, isHeldByPSR: isHeldByPSR)),
            integratedLUFS: outcome.integratedLUFS, truePeakDBTP: outcome.truePeakDBTP,
            limiterMaxReductionDB: outcome.reduction.limiterDB, reductions: outcomes.map(\.reduction), direction: direction)
    }

    /// Moves the trims of an album so that its tracks keep their distances in loudness. Returns whether one had to move.
    private func correctTrims(_ trimsDB: inout [Double], _ outcomes: [Solve.Outcome]) -> Bool {
        func distances(_ loudness: (Int) -> Double?) -> [Double?] {
            let levels = programme.groups.map { programme.loudness(of: $0, loudness) }
            let highest = levels.compactMap(\.self).max() ?? 0
            return levels.map { $0.map { $0 - highest } }
        }
        let wanted = distances { programme.tracks[$0].analysis.integratedLUFS }
        let got = distances { outcomes[$0].integratedLUFS }
        var moved = false
        for (index, group) in programme.groups.enumerated() {
            guard let wanted = wanted[index], let got = got[index], abs(wanted - got) > Self.offsetToleranceLU else { continue }
            for track in group { trimsDB[track] += wanted - got }
            moved = true
        }
        return moved
    }

    /// The signal before make-up gain and limiter, for each track as a model of what the limiter will do to it, and its true peak, dBTP.
    private func measureTone(
        _ settings: Solve.Settings, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws -> ([LoudnessModel], Double?) {
        let boundaries = programme.boundaries
        // What stays this far under the limiter at the gain that is to be expected need not be read between its samples.
        let expected = Solve.estimate(direction, profile: programme.profile).makeupGainDB
        let meters = ToneMeters(
            programme, maximumReductionDB: preset.target.maxLimiterGainReductionDB + preset.clip.amountDB,
            floorDB: preset.target.ceilingDBTP - Limiter.marginDB - expected - Self.quietDB)
        _ = try Solve.runChain(programme, settings, toneOnly: true, progress: progress, isCancelled: isCancelled) { block, frames, firstFrame in
            cut(block, frames, at: firstFrame, by: boundaries) { meters.process($0, $1, track: $2) }
        }
        return meters.result()
    }

    private func overshoot(_ outcome: Solve.Outcome) -> String {
        "cannot hold the ceiling of \(fixed(preset.target.ceilingDBTP, 1)) dBTP: the encoder brings peaks of "
            + "\(fixed(outcome.truePeakDBTP ?? 0, 1)); lower target.ceiling_dbtp or use a lossless format"
    }

    /// What is brought where. A most is aimed at from below: its whole tolerance lies under it.
    private func aim(_ models: [LoudnessModel], _ parameters: ChainParameters) -> (LoudnessModel.Measure, Double, Double) {
        let isLongEnough = models.contains { $0.loudness(.loudestShortTerm, gainDB: 0, parameters: parameters) != nil }
        guard preset.target.scope == .shortTerm, isLongEnough else { return (.integrated, preset.target.lufs, preset.target.toleranceLU) }
        let half = preset.target.toleranceLU / 2
        return (.loudestShortTerm, preset.target.lufs - half, half)
    }

    private func reason(_ outcome: Solve.Outcome, _ measure: LoudnessModel.Measure, atCap: Bool, isHeldByPSR: Bool) -> String {
        let target = fixed(preset.target.lufs, 1)
        guard let loudness = outcome.loudness(measure) else {
            return "cannot reach \(target) LUFS: the sound is silent or too short to have a loudness"
        }
        let reached = fixed(loudness, 1)
        if atCap, isHeldByPSR {
            return "cannot reach \(target) LUFS: peaks are to stay \(fixed(preset.target.psrFloorDB, 1)) dB over the loudest 3 s, "
                + "which leads to \(reached); lower target.lufs or target.psr_floor_db"
        }
        if atCap {
            return "cannot reach \(target) LUFS: the preset allows \(fixed(preset.target.maxLimiterGainReductionDB, 1)) dB of limiting, "
                + "which leads to \(reached); lower target.lufs or raise target.max_limiter_gr_db"
        }
        return "cannot reach \(target) LUFS: the solve settled at \(reached)"
    }

    private func fixed(_ value: Double, _ places: Int) -> String { fixedDecimal(value, places: places) }
}

/// Hands over the parts of a block that fall into each track.
func cut(
    _ block: AudioBlock, _ frames: Int, at firstFrame: Int64, by boundaries: [Int64], _ body: (AudioBlock, Int, _ track: Int) throws -> Void
) rethrows {
    guard boundaries.count > 2 else { return try body(block, frames, 0) }
    var done = 0
    while done < frames {
        let at = firstFrame + Int64(done)
        let track = max(0, min(boundaries.count - 2, (boundaries.firstIndex { $0 > at } ?? boundaries.count - 1) - 1))
        let rest = track == boundaries.count - 2 ? frames - done : min(frames - done, Int(boundaries[track + 1] - at))
        try body(block.advanced(by: done), rest, track)
        done += rest
    }
}

/// Gathers the cells of a tone pass.
private final class ToneMeters: @unchecked Sendable {
    // Unchecked: written by the consuming thread of a pass, read after the pass has ended.
    private var cells: LoudnessCells
    private var models: [LoudnessModel]
    private var track = 0

    init(_ programme: Programme, maximumReductionDB: Double, floorDB: Double) {
        cells = LoudnessCells(
            sampleRate: programme.sampleRate, layout: programme.layout, maximumReductionDB: maximumReductionDB, floorDB: floorDB)
        models = Array(repeating: LoudnessModel(sampleRate: programme.sampleRate), count: programme.files.count)
    }

    /// A cell across a seam counts for the track it ends in.
    func process(_ block: AudioBlock, _ frames: Int, track: Int) {
        self.track = track
        cells.process(block, frames: frames) { peak, energy in models[track].append(peak: peak, meanSquare: energy) }
    }

    /// Completes the last cell with silence.
    func result() -> ([LoudnessModel], Double?) {
        let silence = AudioBuffer(channels: 32, frames: LoudnessCells.cellFrames * 2)
        process(silence.block, LoudnessCells.cellFrames * 2, track: track)
        return (models, cells.truePeak > 0 ? FastMath.decibels(cells.truePeak) : nil)
    }
}
