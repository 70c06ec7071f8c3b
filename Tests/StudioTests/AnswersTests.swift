import Mastering
import Playback
import Testing
@testable import Studio

/// What comes back from the services, and what must be said, kept or asked for because of it.
@Suite("Answers")
struct AnswersTests {
    @Test func factsAreAskedForOnce_andAgainWhenTheFolderHasChanged() {
        var state = freshState()
        #expect(press(&state, "j", "k").allSatisfy { if case .readFacts = $0 { false } else { true } })
        _ = update(&state, .folderChanged("/music/mixes"))
        let effects = update(&state, .listing(number: state.files.query.number, rows: testRows, total: testRows.count, complete: true))
        #expect(effects.contains(.readFacts(["/music/mixes/rough_v6.wav", "/music/mixes/rough_v7.wav"])))
    }

    @Test func whatFailsIsSaidAndShown() {
        var opening = freshState()
        press(&opening, "j", "j", "j")
        press(&opening, KeyStroke(.enter))
        _ = update(&opening, .openFailed(opening: 1, "rough_v7.wav: is empty; export it again"))
        #expect(opening.message == Notice("rough_v7.wav: is empty; export it again", .error) && opening.deck.measuring == nil)
        #expect(press(&opening, " ").isEmpty && opening.message?.text.contains("is empty") == true)

        var measuring = playingState()
        _ = update(&measuring, .measureFailed(opening: 1, "damaged at 0:10"))
        #expect(measuring.message == Notice("damaged at 0:10", .error))

        var solving = playingState()
        _ = update(&solving, .solveFailed(version: solving.master.version, "no room"))
        #expect(solving.message == Notice("no room", .error) && !solving.master.solving)

        var saving = playingState()
        _ = update(&saving, .presetFailed("cannot write"))
        #expect(saving.message == Notice("cannot write", .error))

        var ledger = freshState()
        _ = update(&ledger, .ledgerFailed("the disk is full"))
        #expect(ledger.message == Notice("the disk is full", .error) && ledger.overlay == nil, "the rows that are known stay in sight")
    }

    @Test func aProblemOfTheSoundIsSaidOnce() {
        var state = playingState()
        var snapshot = playerSnapshot(position: 1)
        snapshot.problem = "damaged at 0:01"
        _ = update(&state, .player(snapshot, nil, milliseconds: 0))
        #expect(state.message == Notice("damaged at 0:01", .error))
        state.message = nil
        _ = update(&state, .player(snapshot, nil, milliseconds: 50))
        #expect(state.message == nil)
    }

    @Test func missingSoundWaitsUntilTheMessageBeforeItWasRead() {
        var state = playingState()
        state.say("something else")
        var snapshot = playerSnapshot(position: 1)
        (snapshot.sinkDescription, snapshot.hasSound) = ("no sound: no card", false)
        _ = update(&state, .player(snapshot, nil, milliseconds: 0))
        #expect(state.message?.text == "something else")
        press(&state, "k")
        _ = update(&state, .player(snapshot, nil, milliseconds: 50))
        #expect(state.message?.text.hasPrefix("no sound") == true)
    }

    @Test func measuringIsCountedInWholePercents() {
        var state = freshState()
        press(&state, "j", "j", "j")
        press(&state, KeyStroke(.enter))
        _ = update(&state, .measuring(opening: 1, fraction: 0.4567))
        #expect(state.deck.measuring == 0.45)
    }

    @Test func soundThatWasLetGoLeavesNoReadings() {
        var state = playingState()
        play(&state, to: 3)
        _ = update(&state, .unloaded(opening: state.deck.opening))
        #expect(state.deck.meters == nil && state.deck.numbers == nil)
    }

    @Test func aNewOutputIsToldTheTrims() {
        var state = playingState()
        #expect(update(&state, .outputChanged) == [state.trimsEffect, .loop(nil)])
    }

    @Test func anotherFileKeepsTheVoiceAndNothingThatWasSolved() {
        var state = playingState()
        press(&state, "x", "k")
        press(&state, KeyStroke(.enter))
        #expect(state.deck.path == "/music/mixes/rough_v6.wav" && state.deck.voice == .original)
        #expect(state.master.solved == nil && state.deck.profile == nil)
    }

    /// A second of 220 is some five columns of 1024; a seek leaves those between as they were.
    @Test func aSeekDrawsNothingBetween() {
        var history = LoudnessHistory()
        for second in 0..<3 { history.record(momentary: -14, shortTerm: -14, position: Double(second) / 4, duration: 220) }
        history.record(momentary: -20, shortTerm: -20, position: 110, duration: 220)
        #expect(history.momentary[512] == -20)
        #expect(history.momentary[10..<500].allSatisfy { $0 == -.infinity })
    }

    @Test func aSavedPresetIsListedAgain() {
        var state = playingState()
        #expect(update(&state, .presetSaved(Preset(), path: "/p/streaming.toml")) == [.listPresets])
    }

    @Test func aFinishedMasterShowsInItsFolder() {
        var state = freshState()
        _ = update(&state, .jobs([testJob(.running(what: "solving", fraction: 0.4))]))
        #expect(update(&state, .jobs([testJob(.done(lufs: -14, dbtp: -1, note: nil))])) == [.list(state.files.query)])
        #expect(update(&state, .jobs([testJob(.done(lufs: -14, dbtp: -1, note: nil))])).isEmpty, "once")
    }

    @Test func selectionsStayOnTheirRowsWhateverComesBeforeThem() {
        var state = freshState()
        press(&state, "5")
        _ = update(&state, .ledger(LedgerSnapshot(rows: testLedger)))
        press(&state, "j")
        let selected = state.ledger.selected?.id
        var early = testLedger[0]
        early.id = "0"
        _ = update(&state, .ledger(LedgerSnapshot(rows: [early] + testLedger)))
        #expect(state.ledger.selected?.id == selected && selected != nil)

        press(&state, "4")
        var other = testJob(.waiting)
        other.id = "8"
        _ = update(&state, .jobs([testJob(.waiting), other]))
        press(&state, "j")
        let job = state.queue.selected?.id
        var third = testJob(.waiting)
        third.id = "9"
        _ = update(&state, .jobs([third, testJob(.waiting), other]))
        #expect(state.queue.selected?.id == job && job != nil)
    }

    @Test func thePaletteRunsTheSelectedRow() {
        var state = playingState()
        press(&state, ":")
        for c in "view" { press(&state, c) }
        guard case .palette(let palette) = state.overlay else { Issue.record("no palette"); return }
        let second = palette.shown(in: state.view, state.keymap)[1]
        press(&state, KeyStroke(.down))
        press(&state, KeyStroke(.enter))
        #expect(second.id == "view.\(state.view)" && state.view != .files)
    }

    @Test func ctrlWTakesTheLastWordAway() {
        var field = TextField("my loud preset ")
        #expect(field.take(.control("w")) && field.text == "my loud ")
        #expect(field.take(.control("w")) && field.text == "my ")
    }

    @Test func aFineStepIsSmallerThanAStep() {
        var coarse = playingState(), fine = playingState()
        press(&coarse, "2", "l")
        press(&fine, "2", "L")
        let start = Preset().target.lufs
        #expect(fine.master.sound.preset.target.lufs > start && fine.master.sound.preset.target.lufs < coarse.master.sound.preset.target.lufs)
    }

    /// Turning a band's knob puts the band into the path; taking the knob back must not.
    @Test func goingBackToThePresetLeavesABandOutOfThePath() {
        var state = playingState()
        press(&state, "2")
        state.master.filter = "eq.1"
        state.master.selectedKey = "eq.1.db"
        guard state.master.selected?.key == "eq.1.db" else { Issue.record("\(state.master.selected?.key ?? "none")"); return }
        press(&state, "l")
        #expect(state.master.sound.preset.eq[0].on)
        state.master.selectedKey = "eq.1.on"
        press(&state, "h")
        #expect(!state.master.sound.preset.eq[0].on)
        state.master.selectedKey = "eq.1.db"
        press(&state, "0")
        #expect(state.master.sound.preset.value(of: "eq.1.db") == Preset().value(of: "eq.1.db"))
        #expect(!state.master.sound.preset.eq[0].on)
    }
}
