import AudioFiles
import DSP

/// The further files of a solved programme: one more run of the chain writes them all, and one each for those whose peaks came out too high.
struct FurtherRenditions {
    let programme: Programme
    let preset: Preset
    /// What the solve of the master came to.
    let solution: Solution

    /// - Returns: for each rendition, what came of each track.
    /// - Throws: `AudioFileError`, `CancellationError`.
    func write(_ renditions: [Rendition], progress: (Double) -> Void, isCancelled: () -> Bool) throws -> [[Rendition.Written]] {
        guard !renditions.isEmpty else { return [] }
        let settings = Solve.Settings(parameters: solution.parameters, trimsDB: solution.trimsDB)
        // Half of the time for the run that all have in common; most need no other.
        var written = try run(renditions, settings, progress: { progress(0.5 * $0) }, isCancelled: isCancelled)
        for index in renditions.indices {
            let done = 0.5 + 0.5 * Double(index) / Double(renditions.count), share = 0.5 / Double(renditions.count)
            var own = settings
            var passes = 1
            var search = CeilingSearch.ofSolve(ceilingDBTP: preset.target.ceilingDBTP)
            let most = renditions[index].format.container.isLossy ? Solve.maximumLossyPasses : Solve.maximumPasses
            var lastHeld: Solve.Settings?
            func again(_ next: Solve.Settings) throws {
                own = next
                passes += 1
                written[index] = try run([renditions[index]], own, progress: { progress(done + share * $0) }, isCancelled: isCancelled)[0]
            }
            func holds() -> Bool {
                let peak = Solve.Outcome(loudestOf: written[index].map(\.outcome)).truePeakDBTP
                return peak.map { $0 <= preset.target.ceilingDBTP + Solve.ceilingSlackDB } ?? true
            }
            while passes < most {
                if holds() { lastHeld = own }
                guard let next = correction(of: own, Solve.Outcome(loudestOf: written[index].map(\.outcome)), &search) else { break }
                try again(next)
            }
            // Better what is a little softer than what goes over the ceiling.
            if !holds(), let held = lastHeld { try again(held) }
        }
        progress(1)
        return written
    }

    /// A lower ceiling when the peaks are too high, as rate conversion and encoders leave them, and the gain that makes up for it.
    private func correction(of settings: Solve.Settings, _ outcome: Solve.Outcome, _ search: inout CeilingSearch) -> Solve.Settings? {
        var next = settings
        if let peak = outcome.truePeakDBTP,
           let ceiling = search.next(after: settings.parameters.ceilingDBTP, overshootDB: peak - preset.target.ceilingDBTP) {
            next.parameters.ceilingDBTP = ceiling
            return next
        }
        // What the solve could not reach, a deliverable does not try to either.
        guard solution.reached, let loudness = outcome.integratedLUFS, let wanted = solution.integratedLUFS else { return nil }
        let missing = wanted - loudness
        guard abs(missing) > preset.target.toleranceLU else { return nil }
        let step = max(-1, min(1, missing))
        next.parameters.setMakeup(next.parameters.makeupGainDB + step, tonePeakDB: next.parameters.clip.peakDB - next.parameters.makeupGainDB)
        return next
    }

    private func run(
        _ renditions: [Rendition], _ settings: Solve.Settings, progress: (Double) -> Void, isCancelled: () -> Bool
    ) throws -> [[Rendition.Written]] {
        let passes = try renditions.map { try $0.begin() }
        // A rendition that quantises in place would leave its own sound to the next.
        let copies = AudioBuffer(channels: programme.channels, frames: Pass.blockFrames)
        defer { withExtendedLifetime(copies) {} }
        let reductions = try Solve.runChain(programme, settings, progress: progress, isCancelled: isCancelled) { block, frames, _ in
            for pass in passes.dropLast() {
                copies.block.copy(from: block, frames: frames)
                try pass.process(copies.block, frames)
            }
            try passes.last?.process(block, frames)
        }
        return try zip(renditions, passes).map { try $0.end($1, reductions: reductions, isCancelled: isCancelled) }
    }
}
