@testable import Mastering
import Playback
import Terminal
import Testing
@testable import Studio

@Suite("Comparing")
struct ComparingTests {
    private func at(_ state: inout StudioState, _ seconds: Double) {
        _ = update(&state, .player(playerSnapshot(position: seconds, voice: state.deck.voice), testMeters(position: seconds), milliseconds: Int64(seconds * 1000)))
    }

    @Test func aPartIsRepeatedFromMarkToMark() {
        var state = playingState()
        at(&state, 10)
        #expect(press(&state, "(") == [.loop(nil)], "it has no end yet")
        #expect(press(&state, ")").isEmpty)
        #expect(state.message?.text == "the end must lie after the start")
        at(&state, 18.5)
        #expect(press(&state, ")") == [.loop(10...18.5), .seek(10)], "it begins at once")
        #expect(text(screen(state, Size(columns: 120, rows: 36))).contains("loop 0:10.0-0:18.5"))
        #expect(press(&state, "\\") == [.loop(nil)])
        at(&state, 30)
        #expect(press(&state, "\\") == [.loop(10...18.5), .seek(10)], "from behind it would never be reached")
    }

    @Test func withoutAMarkTheLoopSaysHowToMakeOne() {
        var state = playingState()
        #expect(press(&state, "\\").isEmpty)
        #expect(state.message?.text.contains("(") == true)
    }

    @Test func soloTakesTheOtherBlocksOutAndUndoBringsThemBack() {
        var state = playingState()
        state.view = .master
        state.master.sound.preset.compressor.on = true
        state.master.sound.preset.saturation.driveDB = 3
        state.master.selectedKey = "compressor.ratio"
        let before = state.master.sound.audible
        press(&state, "s")
        let heard = state.master.sound.audible
        #expect(heard.compressor.on && heard.saturation.driveDB == 0 && !heard.multiband.on)
        #expect(heard.limiter == before.limiter && heard.target == before.target, "the ceiling is guarded all the same")
        #expect(text(screen(state, Size(columns: 120, rows: 36))).contains("solo"))
        press(&state, "u")
        #expect(state.master.sound.audible == before)
        press(&state, "s", "s")
        #expect(state.master.sound.audible == before, "again brings them back")
    }

    @Test func theReferenceIsTheThirdVoiceAtTheLoudnessOfTheOthers() {
        var state = playingState()
        #expect(press(&state, "C").isEmpty)
        #expect(state.message?.text.contains("choose a reference first") == true)
        let track = ReferenceTrack(path: "/music/hit.flac", lufs: -9)
        _ = update(&state, .referenceKept(ToneTarget(id: "ref-hit", name: "hit", kind: .reference, source: "", date: "2026-11-21", points: [.init(hz: 20, db: 0), .init(hz: 20_000, db: -20)]), track))
        // A is at -17.9 LUFS, B is turned down to it.
        let effects: [Effect] = press(&state, "C")
        guard case .hearReference(let heard?, let trim)? = effects.first else { Issue.record("\(effects)"); return }
        #expect(heard == track && abs(trim - -8.9) < 1e-9)
        #expect(text(screen(state, Size(columns: 120, rows: 36))).contains("C reference"))
        #expect(press(&state, "x").first == .hearReference(nil, trim: 0), "A/B goes back to the mix")
        #expect(!state.deck.hearsReference)
    }

    @Test func servicesAreHeardAtTheirLevelWhileMoving() {
        var state = playingState()
        state.view = .master
        let loud = Platform(id: "x", name: "Xcast", targetLUFS: -20, turns: .down, peakRoomDBTP: -1, advisedPeakDBTP: -1, advisedPeakLoudDBTP: nil, source: "test", isFirstHand: true, verified: nil)
        var quiet = loud
        (quiet.id, quiet.name, quiet.targetLUFS, quiet.turns) = ("y", "Ycast", -14, .none)
        _ = update(&state, .platforms([loud, quiet]))
        // -17.9 and -14.0 LUFS.
        let first: [Effect] = press(&state, "v")
        guard case .setTrims(let master, let original)? = first.first else { Issue.record("no trims"); return }
        #expect(abs(master - -6) < 1e-9 && abs(original - -2.1) < 1e-9)
        #expect(text(screen(state, Size(columns: 80, rows: 24))).contains("Xcast"))
        #expect(press(&state, "j") == [.setTrims(master: 0, original: 0)])
        #expect(press(&state, KeyStroke(.escape)) == [state.trimsEffect], "and back to A and B alike")
    }

    @Test func theSpectrogramFillsAtThePlayHeadAlone() {
        var state = playingState()
        press(&state, "W")
        play(&state, to: 5)
        let size = Size(columns: 120, rows: 36)
        let before = screen(state, size)
        at(&state, 100)
        let after = screen(state, size)
        let changed = Set((0..<size.rows).flatMap { row in
            zip(before.lines[row], after.lines[row]).enumerated().compactMap { $0.element.0 != $0.element.1 ? $0.offset : nil }
        })
        #expect(text(after).contains("Spectrogram"))
        #expect(changed.count < 60, "a column, the play head and numbers; \(changed.count) columns changed")
    }

    @Test func metersBeginAnewOnRequest() {
        var state = playingState()
        #expect(press(&state, "z") == [.resetMeters])
    }

    @Test func playingFromTheVeryEndBeginsAnew() {
        var state = playingState()
        _ = update(&state, .player(playerSnapshot(position: 10, playing: false), nil, milliseconds: 0))
        #expect(press(&state, " ") == [.play])
        _ = update(&state, .player(playerSnapshot(position: 200, playing: false), nil, milliseconds: 50))
        press(&state, "}")
        #expect(press(&state, " ") == [.seek(0), .play])
    }

    @Test func theDifferenceIsHeardAlsoFromTheReference() {
        var state = playingState()
        state.deck.reference = ReferenceTrack(path: "/music/ref.wav", lufs: -10)
        press(&state, "C")
        #expect(state.deck.hearsReference)
        #expect(press(&state, "D").contains(.setVoice(.difference)) && !state.deck.hearsReference && state.deck.voice == .difference)
        press(&state, "x")
        #expect(state.deck.voice != .difference)
    }

}
