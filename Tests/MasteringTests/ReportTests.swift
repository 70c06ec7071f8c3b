import AudioFiles
import DSP
import Foundation
import Testing
@testable import Mastering

/// The acceptance numbers of the design, read from the very curves that a report shows.
@Suite struct EngineCurvesTests {
    @Test func theEqualiserFollowsTheAnalogueCurve() {
        for (curve, most) in zip(EngineCurves.equalizerError(), [0.3, 0.1]) {
            #expect(curve.points.count > 200 && curve.points.allSatisfy { $0.y.magnitude <= most }, "\(curve.name)")
            // A filter that did nothing at all would be no error of this size either.
            #expect(curve.points.contains { $0.y != 0 })
        }
    }

    @Test func theLimiterHoldsItsCeilingAtEveryFrequency() {
        for point in EngineCurves.limiterOvershoot()[0].points { #expect(point.y <= 0.05 && point.y > -0.6, "\(point)") }
    }

    @Test func saturationAliasesAreUnderTheLimits() {
        for (curve, most) in zip(EngineCurves.aliasing(), [-100.0, -80]) {
            #expect(curve.points.allSatisfy { $0.y <= most }, "\(curve)")
        }
    }

    @Test func conversionIsCleanTo140() {
        #expect(EngineCurves.conversion()[0].points.allSatisfy { $0.y <= -140 })
    }
}

@Suite struct ProgrammeHistoryTests {
    /// A mono tone of −20 dBFS reads −23 LUFS (BS.1770-5: one channel of two) and peaks at −20 dBTP.
    @Test func aToneIsALevelLineAndOneBar() throws {
        let folder = try Folder()
        let frames = 6 * 48_000
        let tone = AudioBuffer(channels: 2, frames: frames)
        for i in 0..<frames { tone.block[0][i] = 0.1 * sin(2 * .pi * 997 * Double(i) / 48_000) }
        try write(tone, frames: frames, to: folder["tone.wav"], rate: 48_000)
        let history = try ProgrammeHistory.measure(folder["tone.wav"])
        #expect(history.points.count == 60 && abs(history.points[59].seconds - 6) < 1e-9)
        for point in history.points[35...] { #expect(try abs(#require(point.shortTerm) + 23) < 0.1 && abs(#require(point.momentary) + 23) < 0.1) }
        #expect(history.points[10].shortTerm == nil)
        let bin = Int((-20 - ProgrammeHistory.lowestPeakDB) / ProgrammeHistory.peakStepDB)
        #expect(history.peakCounts[bin] + history.peakCounts[bin - 1] >= 58 && history.peakCounts.reduce(0, +) == 60)
    }

    @Test func anHourHasNoMorePointsThanAMinuteCanShow() throws {
        let folder = try Folder()
        // 250 s in pieces of 100 ms are 2 500 points.
        let frames = 250 * 8000
        try write(AudioBuffer(channels: 1, frames: frames), frames: frames, to: folder["long.wav"], rate: 8000)
        let history = try ProgrammeHistory.measure(folder["long.wav"])
        #expect((600...1200).contains(history.points.count) && abs(history.points[history.points.count - 1].seconds - 250) < 0.5)
    }
}
