import Foundation
import Playback
import Terminal
import Testing
@testable import Studio

/// Hearing the difference, and the blind test.
@Suite("Listening")
struct ListeningTests {
    @Test func theDifferenceComesAndGoesBackToWhatWasHeard() {
        var state = playingState()
        press(&state, "x")
        #expect(press(&state, "D") == [.setVoice(.difference)])
        #expect(state.deck.voice == .difference)
        #expect(screen(state, state.size).lines[34].contains("B-A difference"))
        #expect(press(&state, "D") == [.setVoice(.original)])
        press(&state, "D")
        #expect(press(&state, "x") == [.setVoice(.master)])
    }

    @Test func noVoicesNumbersStandForTheDifference() {
        var state = playingState()
        play(&state, to: 3)
        #expect(state.deck.heardNumbers != nil)
        press(&state, "D")
        #expect(state.deck.heardNumbers == nil && state.deck.heard(state.deck.meters) == nil)
        #expect(text(screen(state, state.size)).contains("left      -"))
    }

    /// The voices that were sent to the player.
    static func voices(_ effects: [Effect]) -> [Voice] { effects.compactMap { if case .setVoice(let voice) = $0 { voice } else { nil } } }

    static func begun(seed: UInt64 = 1) -> StudioState {
        var state = playingState()
        state.chance = Chance(seed: seed)
        press(&state, "X")
        return state
    }

    static func test(_ state: StudioState) throws -> ABXTest {
        guard case .abx(let test) = state.overlay else { throw NotRunning() }
        return test
    }
    struct NotRunning: Error {}

    @Test func aIsTheOriginalBTheMasterAndXOneOfThem() throws {
        var state = Self.begun()
        #expect(Self.voices(press(&state, "a")) == [.original])
        #expect(Self.voices(press(&state, "b")) == [.master])
        let x = try Self.test(state).x
        #expect(Self.voices(press(&state, "x")) == [x])
    }

    @Test func bothAreHeardAtEqualLoudnessAndAsBeforeAfterwards() {
        var state = playingState()
        press(&state, "M", "x")
        #expect(!state.deck.matched && state.deck.voice == .original)
        let effects = press(&state, "X")
        #expect(state.deck.matched && effects.contains { if case .setTrims(let master, 0) = $0 { master < -3 } else { false } })
        let end = press(&state, KeyStroke(.escape))
        #expect(!state.deck.matched && state.deck.voice == .original)
        #expect(end == [.setVoice(.original), .setTrims(master: 0, original: 0), .setBlind(false)])
        #expect(state.overlay == nil, "without an answer there is no score")
    }

    @Test func nothingOnTheScreenGivesXAway() throws {
        for size in [Size(columns: 80, rows: 24), Size(columns: 120, rows: 36), Size(columns: 20, rows: 6)] {
            var pictures: [Voice: String] = [:]
            for seed in 0..<20 as Range<UInt64> {
                var state = Self.begun(seed: seed)
                play(&state, to: 3)
                state.deck.player.voice = try Self.test(state).x
                pictures[state.deck.voice] = text(screen(state, size))
            }
            #expect(pictures.count == 2 && pictures[.original] == pictures[.master])
        }
    }

    @Test func theScoreIsTheAnswersThatWereRightAndTheLogSaysWhich() throws {
        var state = Self.begun()
        for trial in 0..<10 {
            let isOriginal = try Self.test(state).x == .original
            // Two wrong ones among ten.
            let says = trial == 3 || trial == 7 ? !isOriginal : isOriginal
            press(&state, says ? "A" : "B")
        }
        press(&state, KeyStroke(.escape))
        guard case .note(_, let lines, _) = state.overlay else { Issue.record("no score"); return }
        #expect(lines[0] == "8 of 10 right.")
        // (45 + 10 + 1) / 1024 = 5.5 %: tables of the binomial distribution.
        #expect(lines[1].contains("5 %") && lines[1].contains("does not show"))
        #expect(lines.filter { $0.hasSuffix("(wrong)") }.count == 2)
    }

    /// EBU Tech 3341 (2023), clause 2.6: −18 to +9 LU and −36 to +18 LU around −23 LUFS.
    @Test func ebuModeReadsInLUAroundMinus23() {
        #expect(LoudnessScale.ebu9.range(target: -14) == (-41, -14))
        #expect(LoudnessScale.ebu18.range(target: -14) == (-59, -5))
        #expect(LoudnessScale.ebu9.reading(-20.5) == "+2.5" && LoudnessScale.ebu18.reading(-30) == "-7.0" && LoudnessScale.ebu9.reading(-100) == "-")
        var state = playingState()
        press(&state, "E")
        #expect(state.loudnessScale == .ebu9)
        let shown = text(screen(state, Size(columns: 120, rows: 36)))
        #expect(shown.contains("target +9.0") && shown.contains("-18"))
        press(&state, "2")
        #expect(text(screen(state, Size(columns: 80, rows: 24))).contains("target +9.0"), "numbers beside the graph on the smallest screen too")
        press(&state, "E")
        press(&state, "E")
        #expect(text(screen(state, Size(columns: 120, rows: 36))).contains("target -14.0"))
    }

    /// Upper tails of the binomial distribution with p = 1/2, from its table: 12 of 16 and 16 of 16, 5 of 10.
    @Test(arguments: [(12, 16, 2517.0 / 65536), (16, 16, 1.0 / 65536), (5, 10, 638.0 / 1024), (0, 4, 1.0)])
    func guessingIsTheBinomialTail(right: Int, of count: Int, expected: Double) {
        var chance = Chance(seed: 9)
        var test = ABXTest(before: .init(voice: .master, matched: true), chance: &chance)
        for trial in 0..<count {
            let other: Voice = test.x == .original ? .master : .original
            test.answer(trial < right ? test.x : other, chance: &chance)
        }
        #expect(abs(test.guessing - expected) < 1e-12)
    }

    @Test func eachTrialDrawsItsOwnX() throws {
        var state = Self.begun()
        var seen: [Voice] = []
        for _ in 0..<20 {
            seen.append(try Self.test(state).x)
            press(&state, "A")
        }
        #expect(Set(seen.dropFirst()) == [.original, .master])
        #expect(try Self.test(state).heard == .x && state.deck.voice == Self.test(state).x)
    }

    @Test func xIsDrawnFairlyAndDiffersFromTestToTest() {
        var heads = 0
        var chance = Chance(seed: 3)
        for _ in 0..<10_000 where chance.coin() { heads += 1 }
        // Five standard deviations of 50.
        #expect(abs(heads - 5000) < 250)
        var a = Chance(seed: 1), b = Chance(seed: 2)
        #expect((0..<64).map { _ in a.coin() } != (0..<64).map { _ in b.coin() })
    }

    @Test func soundGoesOnUnderTheTestAndOtherKeysSayWhatThereIs() {
        var state = Self.begun()
        #expect(press(&state, " ") == [.pause])
        #expect(press(&state, "]").contains { if case .seek = $0 { true } else { false } })
        press(&state, "2")
        #expect(state.view == .files && state.message?.text.contains("what X is") == true)
    }
}

@Suite("Spectrum options")
struct SpectrumOptionsTests {
    /// The bar's height at a band, in eighths of a row, read from the picture.
    static func picture(_ state: StudioState) -> String { text(screen(state, state.size)) }

    @Test func aTiltRaisesTheTrebleAndLowersTheBassAroundOneKilohertz() {
        var options = SpectrumOptions()
        options.tilt = .music
        let octaveUp = (0..<MeterFrame.bandCount).min { abs(MeterFrame.bandHz($0) - 2000) < abs(MeterFrame.bandHz($1) - 2000) } ?? 0
        // 4.5 dB for one octave, to a band's width (a tenth of an octave).
        #expect(abs(options.tilt(ofBand: octaveUp) - 4.5) < 0.5)
        #expect(options.tilt(ofBand: 0) < -20)
        var state = playingState()
        play(&state, to: 2)
        let flat = Self.picture(state)
        press(&state, "t")
        state.message = nil
        let tilted = Self.picture(state)
        #expect(tilted != flat && tilted.contains("tilt 3.0 dB/oct"))
        press(&state, "t", "t")
        state.message = nil
        #expect(Self.picture(state) == flat)
    }

    @Test func heldPeaksStayWhenTheBarsFallAndAreForgottenOnDemand() {
        var state = playingState()
        press(&state, "P")
        play(&state, to: 1)
        let peak = state.deck.held?.master[4]
        #expect(peak == state.deck.meters?.master.spectrum[4])
        for step in 0..<100 {
            _ = update(&state, .player(playerSnapshot(position: 1, playing: false), testMeters(position: 1), milliseconds: 2000 + Int64(step) * 50))
        }
        #expect((state.deck.meters?.master.spectrum[4] ?? 0) < -90 && state.deck.held?.master[4] == peak)
        #expect(Self.picture(state).contains("▔"))
        press(&state, "P")
        #expect(state.deck.held == nil && !Self.picture(state).contains("▔"))
    }

    @Test func theSlowSpectrumIsTheMeanOfTheLastSeconds() {
        var state = playingState()
        press(&state, "T")
        var loud = testMeters(position: 0), quiet = loud
        for band in 0..<MeterFrame.bandCount { (loud.master.spectrum[band], quiet.master.spectrum[band]) = (-20, -40) }
        for step in 0..<400 {
            _ = update(&state, .player(playerSnapshot(position: 1), step % 2 == 0 ? loud : quiet, milliseconds: Int64(step) * 50))
        }
        // Halfway, and hardly moving: 20 dB of swing over a twentieth of the time constant.
        #expect(abs((state.deck.meters?.master.spectrum[10] ?? 0) + 30) < 1)
        var ticks = 0
        while state.nextFrame() == 50, ticks < 1000 {
            _ = update(&state, .player(playerSnapshot(position: 1, playing: false), loud, milliseconds: 20_000 + Int64(ticks) * 50))
            ticks += 1
        }
        #expect(ticks < 1000, "a screen at rest asks for no frame")
    }
}
