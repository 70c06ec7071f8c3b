import DSP
import Foundation
import Testing
@testable import Mastering

@Suite struct ReferenceSetTests {
    /// Like music: falling, with bumps no wider than a third of an octave, and a side that is weak in the bass.
    private static func music(_ hz: Double) -> Double { -20 - 0.66 * pow(log2(hz / 280), 2) + 1.5 * sin(7 * log2(hz)) }
    private static func width(_ hz: Double) -> Double { music(hz) - 20 + 3 * log2(hz / 100) }
    private var input: LongTermSpectrum { spectrum(side: Self.width, Self.music) }

    private func track(_ spectrum: LongTermSpectrum, weight: Double = 1, loudness: Double = -14, name: String = "a.wav") -> ReferenceSet.Track {
        var analysis = Analysis()
        analysis.seconds = 60
        analysis.integratedLUFS = loudness
        analysis.traits.spectrum = spectrum
        return ReferenceSet.Track(name: name, weight: weight, analysis: analysis)
    }

    private func curve(_ tracks: [ReferenceSet.Track]) throws -> ToneTarget {
        try ReferenceSet(tracks).curve(id: "ref", name: "Ref", date: "2026-11-21")
    }

    private var exact: ToneSettings {
        var out = ToneSettings()
        out.amountPct = 100
        out.deadbandDB = 0
        out.maxDB = 6
        return out
    }

    /// Gain of a second-order analogue bell at `hz`, dB: |H|² of (s² + s·A/Q + 1)/(s² + s/(A·Q) + 1).
    private func bell(_ db: Double, _ centre: Double, q: Double) -> (Double) -> Double {
        let a = pow(10, db / 40)
        return { hz in
            let w = hz / centre, real = 1 - w * w
            return 10 * log10((real * real + pow(w * a / q, 2)) / (real * real + pow(w / (a * q), 2)))
        }
    }

    @Test func theInputAsItsOwnReferenceGivesAFlatCurve() throws {
        let match = ToneBalance.compare(input, with: try curve([track(input)]), exact)
        #expect(match.curve.peakDB <= 0.05)
        // Also through the file form, whose levels are rounded.
        let read = try ToneTarget.parse(toml: curve([track(input)]).toml(), file: "ref.toml")
        #expect(ToneBalance.compare(input, with: read, exact).curve.peakDB <= 0.05)
    }

    @Test(arguments: [(100.0, 0.7), (250, 1.0), (1000, 1.4), (3000, 2.0), (8000, 1.0)], [3.0, -3.0])
    func aKnownBellIsRecovered(bellAt: (hz: Double, q: Double), db: Double) throws {
        let shape = bell(db, bellAt.hz, q: bellAt.q)
        let reference = spectrum(side: Self.width) { Self.music($0) + shape($0) }
        let match = ToneBalance.compare(input, with: try curve([track(reference)]), exact)
        for (hz, gain) in zip(ToneCurve.frequencies, match.curve.midDB) where hz > 60 && hz < 11_000 {
            #expect((gain - shape(hz)).magnitude < 0.3, "\(hz) Hz: \(gain) for \(shape(hz))")
        }
        // Side has no bell; what it moves is the level that the bell's skirts are worth.
        #expect(match.curve.sideDB.allSatisfy { $0.magnitude <= 0.3 })
    }

    @Test func theReferencesLevelHasNoSay() throws {
        let shape = bell(4, 2000, q: 1)
        func match(_ gain: Double) throws -> ToneCurve {
            var reference = spectrum(side: { Self.width($0) + gain }) { Self.music($0) + shape($0) + gain }
            reference.gatedLUFS = -20 + gain
            return ToneBalance.compare(input, with: try curve([track(reference)]), exact).curve
        }
        let (here, there) = (try match(0), try match(-23.4))
        #expect(zip(here.midDB + here.sideDB, there.midDB + there.sideDB).allSatisfy { ($0 - $1).magnitude <= 0.011 })
    }

    @Test func amountIsMonotone_andZeroIsExactlyNothing() throws {
        let reference = try curve([track(spectrum(side: Self.width) { Self.music($0) + 4 * sin(log2($0)) })])
        var before = ToneCurve.flat
        for amount in stride(from: 0.0, through: 100, by: 10) {
            var settings = exact
            settings.amountPct = amount
            let now = ToneBalance.compare(input, with: reference, settings).curve
            if amount == 0 { #expect(now == .flat) }
            #expect(zip(now.midDB, before.midDB).allSatisfy { $0.magnitude >= $1.magnitude - 0.03 })
            before = now
        }
        #expect(before.peakDB > 3)
    }

    @Test func theClampHolds_onMidAndSide() throws {
        let reference = try curve([track(spectrum(side: { Self.width($0) + 15 }) { Self.music($0) + 12 * sin(1.7 * log2($0)) })])
        for limit in [1.0, 3, 6] {
            var settings = exact
            settings.maxDB = limit
            let match = ToneBalance.compare(input, with: reference, settings).curve
            #expect(match.peakDB <= limit + 1e-9 && match.peakDB > limit - 0.05)
        }
    }

    @Test func theWidthOfTheReferenceIsMatched_asFarAsItIsTold() throws {
        let reference = try curve([track(spectrum(side: { Self.width($0) + 2 }, Self.music))])
        let match = ToneBalance.compare(input, with: reference, exact).curve
        #expect((match.sideDB(at: 2000) - 2).magnitude < 0.1 && match.midDB(at: 2000).magnitude < 0.05)
        var settings = exact
        settings.sideAmountPct = 40
        #expect((ToneBalance.compare(input, with: reference, settings).curve.sideDB(at: 2000) - 0.8).magnitude < 0.05)
        settings.sideAmountPct = 0
        #expect(ToneBalance.compare(input, with: reference, settings).curve.sideDB.allSatisfy { $0 == 0 })
    }

    @Test func withAMonoReferenceSideFollowsMid_soThatWidthStays() throws {
        let shape = bell(3, 3000, q: 1)
        let plain = try curve([track(spectrum(Self.music))]), bright = try curve([track(spectrum { Self.music($0) + shape($0) })])
        #expect(!plain.hasSide)
        let mono = spectrum(Self.music)
        let match = ToneBalance.compare(mono, with: bright, exact).curve
        #expect(match.sideDB == match.midDB && (match.midDB(at: 3000) - 3).magnitude < 0.3)
        #expect(ToneBalance.compare(mono, with: plain, exact).curve.isFlat)
    }

    @Test func weightsCount_andOrderDoesNot() throws {
        let bright = track(spectrum(side: Self.width) { Self.music($0) + bell(4, 4000, q: 1)($0) }, weight: 3, loudness: -8, name: "b.wav")
        let plain = track(input, weight: 1, loudness: -16, name: "p.wav")
        let both = try curve([bright, plain])
        #expect((ToneBalance.compare(input, with: both, exact).curve.midDB(at: 4000) - 3).magnitude < 0.3)
        #expect((try #require(both.loudnessLUFS) + 10).magnitude < 1e-9)
        #expect(both.references.map(\.weight) == [3, 1])
        let swapped = try curve([plain, bright])
        #expect(zip(swapped.points, both.points).allSatisfy { ($0.db - $1.db).magnitude < 1e-9 })
    }

    @Test func aLossyReferenceIsMatchedUpToItsEdgeOnly() throws {
        var lossy = track(spectrum(side: { $0 > 15_000 ? -150 : Self.width($0) }) { $0 > 15_000 ? -140 : Self.music($0) - ($0 > 5000 ? 4 : 0) })
        lossy.analysis.traits.edgeHz = 15_000
        let reference = try curve([lossy, track(input)])
        #expect(reference.edgeHz == 15_000)
        let match = ToneBalance.compare(input, with: reference, exact)
        #expect(match.bands.allSatisfy { $0.hz < 15_000 })
        for (hz, db) in zip(ToneCurve.frequencies, match.curve.midDB) where hz > 16_000 { #expect(db == 0, "\(hz)") }
    }

    @Test func silenceShortnessAndNothingAreRefused() {
        #expect(#expect(throws: PresetError.self) { try curve([]) }?.exitCode == 64)
        #expect(#expect(throws: PresetError.self) { try curve([track(.silence)]) }?.exitCode == 65)
        var short = track(input)
        short.analysis.seconds = 1
        short.analysis.traits.spectrum.gatedSeconds = 1
        #expect(throws: PresetError.self) { try curve([short]) }
    }
}
