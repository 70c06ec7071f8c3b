import DSP
import Foundation
import Testing
@testable import Mastering

/// Spectra made of a level per band, dB.
func spectrum(side: (Double) -> Double = { _ in -400 }, _ mid: (Double) -> Double) -> LongTermSpectrum {
    LongTermSpectrum(
        mid: LongTermSpectrum.centres.map { pow(10, mid($0) / 10) }, side: LongTermSpectrum.centres.map { pow(10, side($0) / 10) },
        gatedLUFS: -20, gatedSeconds: 60)
}

/// A hump of `db` at `hz`, Gaussian along log f, `octaves` wide at half its height.
func hump(_ db: Double, at hz: Double, octaves: Double = 1) -> (Double) -> Double {
    { db * exp(-4 * log(2.0) * pow(log2($0 / hz) / octaves, 2)) }
}

@Suite struct ToneBalanceTests {
    private let flat = ToneTarget(
        id: "flat", name: "Flat", kind: .genre, source: "", date: "2026-11-21",
        points: [.init(hz: 20, db: 0, sigmaDB: 3), .init(hz: 20_000, db: 0, sigmaDB: 3)])

    private func settings(_ change: (inout ToneSettings) -> Void = { _ in }) -> ToneSettings {
        var out = ToneSettings()
        change(&out)
        return out
    }

    private func compare(_ spectrum: LongTermSpectrum, _ change: (inout ToneSettings) -> Void = { _ in }, edge: Double? = nil) -> ToneBalance {
        ToneBalance.compare(spectrum, with: flat, settings(change), edgeHz: edge)
    }

    /// A wide deviation that the limit cuts off is named where it is worst, not where the limit happens to begin.
    @Test(arguments: [1.0, -1])
    func aMoveAtItsLimitIsNamedWhereItIsNeeded(sign: Double) throws {
        let balance = compare(spectrum(hump(14 * sign, at: 4000, octaves: 3))) { $0.amountPct = 100 }
        let move = try #require(balance.regions.max { $0.db.magnitude < $1.db.magnitude })
        #expect(move.db == -3 * sign && (log2(move.hz / 4000)).magnitude < 0.2)
        let worst = try #require(balance.bands.map(\.outsideDB.magnitude).max())
        #expect(move.outsideDB.magnitude > worst - 0.2, "\(move), worst \(worst)")
    }

    @Test func whatLiesInsideTheBandIsLeftAlone() {
        #expect(compare(spectrum { _ in -30 }).curve == .flat)
        #expect(compare(spectrum(hump(3, at: 1000))).curve == .flat)
        #expect(compare(spectrum { 2.5 * sin(2 * log2($0)) }).curve == .flat)
    }

    @Test func theDeadBandIsCrossedBeforeAnythingIsDone() {
        // Smoothing over a third of an octave (σ = 0.133 octaves) leaves 95 % of a hump an octave wide (σ = 0.425): 4.3 of 4.5 dB.
        #expect(compare(spectrum(hump(4.5, at: 1000))).curve == .flat)
        #expect(compare(spectrum(hump(5.1, at: 1000))).regions.count == 1)
        #expect(compare(spectrum(hump(4.5, at: 1000))) { $0.deadbandDB = 1 }.regions.count == 1)
        #expect(compare(spectrum(hump(5.1, at: 1000))) { $0.deadbandDB = 3 }.curve == .flat)
    }

    @Test(arguments: [1.0, -1])
    func aShareOfWhatIsOutsideIsTakenAway_inOneMove(sign: Double) throws {
        let balance = compare(spectrum(hump(6 * sign, at: 1000)))
        let move = try #require(balance.regions.first)
        #expect(balance.regions.count == 1 && move.channel == .stereo && (move.hz - 1000).magnitude < 60)
        // 95 % of 6 dB are measured, 2.7 of them outside; half of that goes.
        #expect((move.outsideDB - 2.7 * sign).magnitude < 0.2 && move.toleranceDB == 3)
        #expect((move.db + move.outsideDB / 2).magnitude < 0.15)
        #expect((balance.curve.midDB(at: 1000) - move.db).magnitude < 0.02)
        #expect(move.lowHz > 600 && move.lowHz < 950 && move.highHz > 1050 && move.highHz < 1700)
    }

    @Test func nothingFarFromTheRegionMoves() {
        let curve = compare(spectrum(hump(6, at: 1000, octaves: 1))).curve
        #expect(zip(ToneCurve.frequencies, curve.midDB).allSatisfy { hz, db in log2(hz / 1000).magnitude < 1.2 || db == 0 })
    }

    @Test(arguments: [0.0, 10, 25, 50, 75, 100])
    func amountScalesTheMove_andZeroIsNothing(amount: Double) {
        let balance = compare(spectrum(hump(5.5, at: 1000, octaves: 2))) { $0.amountPct = amount }
        let full = compare(spectrum(hump(5.5, at: 1000, octaves: 2))) { $0.amountPct = 100 }
        #expect((balance.curve.midDB(at: 1000) - full.curve.midDB(at: 1000) * amount / 100).magnitude < 0.06)
        if amount == 0 { #expect(balance.curve.isFlat && balance.regions.isEmpty) }
    }

    @Test(arguments: [0.0, 0.5, 2, 3, 6])
    func noGainIsLargerThanTheMaximum(limit: Double) {
        let wild = spectrum { 14 * sin(1.3 * log2($0)) + 6 * sin(5 * log2($0)) }
        let balance = compare(wild) { $0.maxDB = limit; $0.amountPct = 100 }
        #expect(balance.curve.peakDB <= limit + 1e-9)
        #expect(limit == 0 ? balance.curve.isFlat : balance.curve.peakDB > limit - 0.05)
    }

    @Test func levelHasNoSay() {
        let loud = spectrum { -10 + 7 * sin(1.1 * log2($0)) }, quiet = spectrum { -71.7 + 7 * sin(1.1 * log2($0)) }
        #expect(compare(loud).curve == compare(quiet).curve && !compare(loud).curve.isFlat)
    }

    @Test func nothingIsDoneBeyondTheGuards_andBassIsHalved() {
        let wild = spectrum { hz in hz < 55 || hz > 15_000 ? 8 : 0 }
        let balance = compare(wild) { $0.amountPct = 100; $0.lowGuardHz = 60; $0.highGuardHz = 14_000 }
        #expect(balance.curve.isFlat)
        // The same hump at 500 and at 52 Hz.
        let middle = compare(spectrum(hump(6, at: 500, octaves: 2))) { $0.lowGuardHz = 20 }
        let bass = compare(spectrum(hump(8, at: 45, octaves: 2))) { $0.lowGuardHz = 20 }
        let share = bass.curve.midDB(at: 45) / bass.regions[0].outsideDB, whole = middle.curve.midDB(at: 500) / middle.regions[0].outsideDB
        #expect((share / whole - 0.5).magnitude < 0.12, "\(share) \(whole)")
        for (hz, db) in zip(ToneCurve.frequencies, balance.curve.midDB) where hz <= 60 || hz >= 14_000 { #expect(db == 0) }
    }

    @Test func aboveALossyEdgeNothingIsRaised_norCompared() {
        // A coder's wall at 12 kHz, and a dip before it.
        let cutOff = spectrum { hz in hz > 12_000 ? -90 : hz > 6000 ? -7 : 0 }
        let open = compare(spectrum { hz in hz > 6000 ? -7 : 0 }), guarded = compare(cutOff, edge: 12_000)
        #expect(open.curve.midDB(at: 11_900) > 0.5)
        for (hz, db) in zip(ToneCurve.frequencies, guarded.curve.midDB) where hz > 0.97 * 12_000 { #expect(db <= 0) }
        #expect(guarded.curve.midDB(at: 8000) > 0.5)
        #expect(guarded.bands.allSatisfy { $0.hz < 12_000 })
    }

    @Test func whatWasNeverPlayedIsNotRaised() {
        // A solo instrument without bass: 30 dB under the band.
        let thin = spectrum { hz in hz < 150 ? -33 : 0 }
        #expect(zip(ToneCurve.frequencies, compare(thin).curve.midDB).allSatisfy { hz, db in hz > 140 || db <= 0.05 })
    }

    @Test func sideFollowsAsFarAsItIsTold() {
        let bright = spectrum(side: { hump(6, at: 4000, octaves: 2)($0) - 10 }, hump(6, at: 4000, octaves: 2))
        let together = compare(bright), half = compare(bright) { $0.sideAmountPct = 50 }, apart = compare(bright) { $0.sideAmountPct = 0 }
        #expect(together.curve.sideDB == together.curve.midDB && !together.curve.isFlat)
        #expect((half.curve.sideDB(at: 4000) - half.curve.midDB(at: 4000) / 2).magnitude < 0.02)
        #expect(apart.curve.sideDB.allSatisfy { $0 == 0 } && apart.curve.midDB(at: 4000) < -1 && apart.regions[0].channel == .mid)
    }

    @Test func aSpectrumWithoutSoundGivesNothing() {
        #expect(compare(.silence).curve == .flat && compare(.silence).bands.isEmpty)
    }

    /// What is left after a move is inside the dead band when no more than deadband ÷ (1 − amount) was outside, and no more than the
    /// dead band beyond the largest gain: at half 3 dB, at three quarters and all 4.5. Skirts of wide bells move the median by up to half
    /// a decibel, so some room is left.
    @Test(arguments: [(50.0, 2.7), (75, 3.6), (100, 3.6)], [0.5, 1.0, 2.0])
    func aSecondPassChangesNothing_asLongAsTheFirstCouldReach(strength: (amount: Double, reach: Double), octaves: Double) {
        var moved = 0
        for phase in stride(from: 0.0, to: 6, by: 0.25) {
            let uneven = spectrum { hz in
                hump(3 + strength.reach, at: 150 * pow(2, phase), octaves: octaves)(hz)
                    + hump(-3 - strength.reach, at: 9000 / pow(2, phase), octaves: 1.5)(hz)
            }
            let first = compare(uneven) { $0.amountPct = strength.amount }
            guard first.regions.allSatisfy({ $0.outsideDB.magnitude <= strength.reach }) else { continue }
            moved += first.regions.count
            let second = compare(first.curve.applied(to: uneven)) { $0.amountPct = strength.amount }
            #expect(second.curve.peakDB <= 0.3, "\(phase): \(first.regions) then \(second.regions)")
        }
        #expect(moved > 15)
    }
}
