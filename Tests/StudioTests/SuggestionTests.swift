import Mastering
import Terminal
import Testing
@testable import Studio

@Suite struct SuggestionTests {
    @Test func gSaysWhatTheAssistantDidAndWhy() {
        var state = playingState()
        state.view = .master
        var solved = testSolution()
        solved.moves = ["-0.7 dB at 250 Hz: 2.1 dB above the band"]
        _ = update(&state, .solved(version: state.master.version, solved))
        press(&state, "g")
        guard case .note(_, let lines, _) = state.overlay else { return #expect(Bool(false), "no note is open") }
        #expect(lines == solved.moves)
    }

    @Test func gBringsTheAssistantBackWhenItIsOffAndThatCanBeUndone() {
        var state = playingState()
        state.view = .master
        state.master.sound.preset.assistant.on = false
        press(&state, "g")
        #expect(state.master.sound.preset.assistant.on && state.overlay == nil)
        press(&state, "u")
        #expect(!state.master.sound.preset.assistant.on)
    }

    @Test func aBlendGoesPartOfTheWayAndCanBeUndone() {
        var state = playingState()
        state.view = .master
        press(&state, "B")
        for c in "loud 40" { press(&state, c) }
        _ = update(&state, .key(KeyStroke(.enter)))
        // 40 % of the way from -14 to -9 LUFS.
        #expect(state.master.sound.preset.target.lufs == -12 && state.master.sound.preset.id == "streaming")
        press(&state, "u")
        #expect(state.master.sound.preset.target.lufs == -14)
    }

    @Test(arguments: ["nothing 40", "loud", "loud 140", "loud x"])
    func aBlendThatIsNoneKeepsThePromptOpenAndSaysWhy(text: String) {
        var state = playingState()
        state.view = .master
        press(&state, "B")
        for c in text { press(&state, c) }
        _ = update(&state, .key(KeyStroke(.enter)))
        guard case .prompt(let prompt) = state.overlay else { return #expect(Bool(false), "no prompt is open") }
        #expect(prompt.problem != nil)
        #expect(state.master.sound.preset == Preset())
    }

    @Test func aReferenceIsMeasuredAndWhatWasKeptOfItIsGoneToward() throws {
        var state = playingState()
        state.view = .master
        press(&state, "f")
        guard case .prompt(let prompt) = state.overlay else { return #expect(Bool(false), "no prompt is open") }
        #expect(prompt.field.text == "/music/mixes/rough_v7.wav")
        #expect(update(&state, .key(KeyStroke(.enter))) == [.keepReference(path: "/music/mixes/rough_v7.wav")])
        let curve = ToneTarget(
            id: "ref-rough-v7-wav", name: "rough_v7.wav", kind: .reference, source: "", date: "2026-11-21",
            points: [.init(hz: 20, db: 0), .init(hz: 20_000, db: -20)])
        let effects = update(&state, .referenceKept(curve, ReferenceTrack(path: "/music/hit.flac", lufs: -9)))
        #expect(state.master.sound.preset.tone.mode == .curve && state.master.sound.preset.tone.curve == "ref-rough-v7-wav")
        #expect(state.master.sound.preset.tone.settings.amountPct == 70)
        #expect(effects.contains { if case .audition = $0 { true } else { false } })
        press(&state, "u")
        #expect(state.master.sound.preset.tone == Preset().tone)
    }
}
