import AudioFiles
import DSP
import Testing
@testable import Mastering

/// The gain that is foretold from a file's course, against the one that measuring the chain leads to.
@Suite struct ForetellingTests {
    private let folder: Folder
    private let profile: InputProfile

    init() throws {
        folder = try Folder()
        try write(mix(seconds: 12, rate: 44100, level: 0.3), frames: 12 * 44100, to: folder["in.wav"], rate: 44100)
        profile = try InputProfile.measure(folder["in.wav"])
    }

    private func direction(_ preset: Preset, _ profile: InputProfile) throws -> Direction {
        Direction(preset, curve: try ToneTarget.wanted(by: preset), profile: profile)
    }

    private func foretold(_ preset: Preset, _ profile: InputProfile) throws -> Double? {
        let direction = try direction(preset, profile)
        return LevelCourse.foretoldGain(
            Programme(path: folder["in.wav"], profile: profile), direction,
            ChainParameters(preset: direction.preset, profile: profile, plan: direction.plan))
    }

    private func solved(_ preset: Preset, _ profile: InputProfile) throws -> Solution {
        try Solve.solve(
            path: folder["in.wav"], direction: try direction(preset, profile), profile: profile, progress: { _ in }, isCancelled: { false })
    }

    /// The tolerance is half of the preset's own, 0.1 LU, which is what a foretold pass is accepted by.
    @Test(arguments: [0.0, 1, 2.5])
    func equaliserAndGlueAreForetoldWithin0_05dB(reduction: Double) throws {
        var preset = Preset()
        preset.target.lufs = -20
        preset.compressor.on = reduction > 0
        preset.compressor.gainReductionTargetDB = reduction
        preset.tone.settings.amountPct = 100
        var unknown = profile
        unknown.course = nil
        let exact = try solved(preset, unknown), gain = try #require(try foretold(preset, profile))
        #expect(exact.limiterMaxReductionDB == 0)
        #expect(abs(gain - exact.parameters.makeupGainDB) <= 0.05)
        #expect(try foretold(preset, unknown) == nil)
    }

    @Test func aForetoldSolveEndsAtTheTargetAfterOnePass() throws {
        var preset = Preset()
        preset.target.lufs = -18
        let direction = try direction(preset, profile), programme = Programme(path: folder["in.wav"], profile: profile)
        var passes = 0
        var solver = Solver(programme: programme, direction: direction)
        let solution = try solver.run(progress: { _ in }, isCancelled: { false }) { settings, report in
            passes += 1
            let meters = Solve.Meters(profile.analysis)
            let reductions = try Solve.runChain(programme, settings, progress: report, isCancelled: { false }) { block, frames, _ in
                meters.process(block, frames)
            }
            return [meters.outcome(reductions[0])]
        }
        #expect(passes == 1)
        #expect(solution.reached)
        #expect(abs(try #require(solution.integratedLUFS) + 18) <= preset.target.toleranceLU / 2)
        #expect(try #require(solution.truePeakDBTP) <= preset.target.ceilingDBTP + 0.02)
    }

    /// A course that says something else than the file is: the pass misses, and the search goes on as if nothing had been foretold.
    @Test func whatWasForetoldWronglyIsMeasured() throws {
        var preset = Preset()
        preset.target.lufs = -20
        var wrong = profile, unknown = profile
        wrong.course = LevelCourse(energies: [Float](repeating: 1e-4, count: 1200), levels: [Float](repeating: 0.01, count: 1200))
        unknown.course = nil
        #expect(try solved(preset, wrong).parameters == (try solved(preset, unknown)).parameters)
    }

    @Test func nothingIsForetoldWhereOnlyMeasuringTells() throws {
        var preset = Preset()
        preset.target.lufs = -20
        #expect(try foretold(preset, profile) != nil)
        var clips = preset, warms = preset, bands = preset, narrows = preset, dense = preset, shortTerm = preset
        clips.clip.amountDB = 1
        warms.saturation.driveDB = 2
        bands.multiband.on = true
        narrows.stereo.monoBelowHz = 100
        dense.target.lufs = -8
        shortTerm.target.scope = .shortTerm
        for other in [clips, warms, bands, narrows, dense, shortTerm] { #expect(try foretold(other, profile) == nil) }
    }
}
