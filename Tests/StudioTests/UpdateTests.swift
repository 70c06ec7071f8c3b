import Mastering
import Playback
import Terminal
import Testing
@testable import Studio

@Suite("Update")
struct UpdateTests {
    @Test func openingAFileLoadsItWithThePresetAndPlaysWhenReady() {
        var state = freshState()
        press(&state, "j", "j", "j")
        let effects = press(&state, KeyStroke(.enter))
        #expect(effects.contains(.open(path: "/music/mixes/rough_v7.wav", opening: 1, preset: Preset())))
        #expect(state.deck.stage == .opening)
        #expect(update(&state, .opened(opening: 1, testFacts)) == [.play, .watch(path: "/music/mixes/rough_v7.wav")])
        #expect(state.deck.player.playing)
    }

    @Test func answersAboutAnEarlierFileChangeNothing() {
        var state = playingState()
        let opening = state.deck.opening
        press(&state, "k")
        press(&state, KeyStroke(.enter))
        #expect(update(&state, .opened(opening: opening, testFacts)).isEmpty)
        #expect(update(&state, .measured(opening: opening, testProfile())).isEmpty)
        #expect(state.deck.stage == .opening && state.deck.profile == nil)
        #expect(update(&state, .listing(number: state.files.query.number - 1, rows: [], total: 0, complete: true)).isEmpty)
        #expect(state.files.rows == testRows)
    }

    @Test func aKnobIsHeardAtOnceAndSolvedWhenTheHandRests() {
        var state = playingState()
        press(&state, "2")
        let version = state.master.version
        let effects = press(&state, "l")
        let audible = state.master.sound.audible
        #expect(audible.target.lufs == -13.5)
        #expect(effects.contains(.audition(audible)))
        #expect(effects.contains(.settle(version: version + 1)))
        #expect(update(&state, .settled(version: version)).isEmpty, "a moment of an earlier setting")
        #expect(update(&state, .settled(version: version + 1)) == [.solve(audible, version: version + 1)])
        #expect(update(&state, .solved(version: version, testSolution())).isEmpty, "a solution of an earlier setting")
        var parameters = ChainParameters()
        parameters.makeupGainDB = 4.4
        var solution = testSolution(lufs: -13.5)
        solution.parameters = parameters
        let used = update(&state, .solved(version: version + 1, solution))
        #expect(used.first == .use(parameters))
        #expect(state.master.solved?.integratedLUFS == -13.5)
    }

    @Test func theLouderVoiceIsTurnedDownToTheOther() {
        var state = playingState()
        // Master −14, original −17.9: the master goes down by 3.9 dB.
        #expect(abs(state.trims.master + 3.9) < 1e-9 && state.trims.original == 0)
        _ = update(&state, .solved(version: state.master.version, testSolution(lufs: -20)))
        #expect(state.trims.master == 0 && abs(state.trims.original + 2.1) < 1e-9)
        #expect(press(&state, "M") == [.setTrims(master: 0, original: 0)])
        #expect(!state.deck.matched)
    }

    @Test func theVoiceSwitchesAndTheSeekStaysInsideTheFile() {
        var state = playingState()
        #expect(press(&state, "x") == [.setVoice(.original)])
        #expect(press(&state, "x") == [.setVoice(.master)])
        state.deck.player.position = 3
        #expect(press(&state, "[") == [.seek(0)])
        state.deck.player.position = 210
        #expect(press(&state, "}") == [.seek(221)])
    }

    @Test func typingAValueChecksItsUnitAndKeepsThePromptOpenOnANo() {
        var state = playingState()
        press(&state, "2")
        press(&state, KeyStroke(.enter))
        press(&state, .control("u"))
        for c in "12 parsecs" { press(&state, c) }
        #expect(press(&state, KeyStroke(.enter)).isEmpty)
        guard case .prompt(let prompt) = state.overlay else { Issue.record("the prompt is gone"); return }
        #expect(prompt.problem?.contains("Target loudness") == true && prompt.problem?.contains("target.lufs") == false)
        press(&state, .control("u"))
        for c in "-12 LUFS" { press(&state, c) }
        press(&state, KeyStroke(.enter))
        #expect(state.overlay == nil)
        #expect(state.master.sound.preset.target.lufs == -12)
        press(&state, "0")
        #expect(state.master.sound.preset.target.lufs == -14)
    }

    @Test func bypassTakesTheBlockOutOfWhatIsHeardAndATurnBringsItBack() {
        var state = playingState()
        press(&state, "2")
        state.master.selectedKey = "compressor.ratio"
        let effects = press(&state, "b")
        #expect(!state.master.sound.audible.compressor.on && state.master.sound.preset.compressor.on)
        #expect(effects.contains(.audition(state.master.sound.audible)))
        press(&state, "l")
        #expect(state.master.sound.audible.compressor.on)
        state.master.selectedKey = "limiter.hold_ms"
        #expect(press(&state, "b").isEmpty)
        #expect(state.message?.text.contains("ceiling") == true)
    }

    @Test func presetsAreHeardWhileMovingAndEscapeGoesBack() {
        var state = playingState()
        press(&state, "2", "l")
        let before = state.master.sound
        press(&state, "p")
        let effects = press(&state, "j")
        #expect(state.master.sound.preset.id == "loud")
        #expect(effects.contains { if case .audition(let preset) = $0 { preset.target.lufs == -9 } else { false } })
        let back = press(&state, KeyStroke(.escape))
        #expect(state.master.sound == before)
        #expect(back.contains(.audition(before.audible)))
        press(&state, "p", "j")
        press(&state, KeyStroke(.enter))
        #expect(state.master.sound.base.id == "loud" && state.overlay == nil)
        press(&state, "u")
        #expect(state.master.sound == before)
    }

    @Test func anUnusablePresetIsNotTaken() {
        var state = playingState()
        press(&state, "p", "j", "j", "j")
        press(&state, KeyStroke(.enter))
        #expect(state.overlay != nil && state.message?.text.contains("ratoi") == true)
    }

    @Test func snapshotsAreRecalledNewestFirst() {
        var state = playingState()
        press(&state, "2", "a", "l", "a", "l", "l")
        #expect(state.master.sound.preset.target.lufs == -12.5)
        press(&state, "A")
        #expect(state.master.sound.preset.target.lufs == -13.5)
        press(&state, "A")
        #expect(state.master.sound.preset.target.lufs == -14)
    }

    @Test func renderingAsksOnceWhereAFileWouldBeReplaced() {
        var state = playingState()
        press(&state, "2")
        let planned = press(&state, "r")
        #expect(planned == [.plan(inputs: ["/music/mixes/rough_v7.wav"])])
        let fresh = RenderOrder(input: "/music/mixes/rough_v7.wav", output: "/music/mixes/rough_v7-master.wav", exists: false)
        #expect(update(&state, .planned([fresh])) == [.render([fresh], preset: state.master.sound.audible)])
        var old = fresh
        old.exists = true
        #expect(update(&state, .planned([old])).isEmpty)
        guard case .question(let question) = state.overlay else { Issue.record("nothing was asked"); return }
        #expect(question.text == "Replace rough_v7-master.wav?")
        #expect(press(&state, "n").isEmpty && state.overlay == nil)
        _ = update(&state, .planned([old]))
        #expect(press(&state, "y") == [.render([old], preset: state.master.sound.audible)])
    }

    @Test func marksAreRenderedTogether() {
        var state = freshState()
        press(&state, "j", "j", "v", "v")
        #expect(state.files.marks.count == 2)
        #expect(press(&state, "r") == [.plan(inputs: ["/music/mixes/rough_v6.wav", "/music/mixes/rough_v7.wav"])])
    }

    @Test func quittingAsksOnlyWhileJobsRunThatEndWithTheStudio() {
        var state = freshState()
        #expect(press(&state, "q") == [.quit])
        var job = testJob(.running(what: "solving", fraction: 0.4))
        _ = update(&state, .jobs([job]))
        #expect(press(&state, "q") == [.quit])
        job.endsWithStudio = true
        _ = update(&state, .jobs([job]))
        #expect(press(&state, "q").isEmpty)
        #expect(press(&state, "n").isEmpty)
        press(&state, "q")
        #expect(press(&state, "y") == [.quit])
    }

    @Test func theQueueCancelsExplainsAndOpens() {
        var state = freshState()
        press(&state, "4")
        _ = update(&state, .jobs([testJob(.running(what: "solving", fraction: 0.4))]))
        #expect(press(&state, "c") == [.cancelJob("7")])
        press(&state, "w")
        #expect(state.overlay == .note(title: "Why local", lines: ["the only tier"]))
        press(&state, KeyStroke(.escape))
        #expect(press(&state, KeyStroke(.enter)).isEmpty)
        _ = update(&state, .jobs([testJob(.done(lufs: -14, dbtp: -1, note: nil))]))
        #expect(state.message?.text == "rough_v7-master.wav is ready · -14.0 LUFS · -1.0 dBTP")
        #expect(press(&state, "c").isEmpty)
        #expect(press(&state, KeyStroke(.enter)).contains(.open(path: "/music/mixes/rough_v7-master.wav", opening: 1, preset: Preset())))
    }

    @Test func theLedgerDestroysOnlyAfterAYes() {
        var state = freshState()
        press(&state, "5")
        _ = update(&state, .ledger(LedgerSnapshot(rows: testLedger)))
        press(&state, "j")
        #expect(press(&state, "d").isEmpty)
        guard case .question(let question) = state.overlay else { Issue.record("nothing was asked"); return }
        #expect(question.text.contains("waveform of rough_v7.wav"))
        #expect(press(&state, "x").isEmpty, "anything but y is a no")
        press(&state, "d")
        #expect(press(&state, "y") == [.destroy(id: "b")])
        press(&state, .control("d"))
        #expect(press(&state, "y") == [.destroyEverything])
        #expect(press(&state, "e") == [.extend(id: "b")])
        #expect(press(&state, "w") == [.explainRow(id: "b")])
        #expect(press(&state, "x").isEmpty)
        #expect(press(&state, KeyStroke(.escape)).isEmpty && state.overlay == nil)
    }

    @Test func destroyingNamesWhatGoesWithTheItem() {
        var state = freshState()
        press(&state, "5")
        _ = update(&state, .ledger(LedgerSnapshot(rows: testLedger)))
        press(&state, "d")
        // 9,400 + 24,576 bytes.
        #expect(state.overlay == .question(Question("Destroy analysis of rough_v7.wav and the waveform made from it (34 kB)?", .destroy(id: "a"))))
    }

    @Test func theExportAsksForItsFolder() {
        var state = freshState()
        state.ledger.exportFolder = "/state/lathe/exports"
        press(&state, "5", "x")
        #expect(press(&state, KeyStroke(.enter)) == [.exportLedger(folder: "/state/lathe/exports")])
        press(&state, "x")
        for c in " usb" { press(&state, c) }
        #expect(press(&state, KeyStroke(.enter)).isEmpty, "not a full path")
        press(&state, .control("u"))
        for c in "/usb" { press(&state, c) }
        #expect(press(&state, KeyStroke(.enter)) == [.exportLedger(folder: "/usb")])
    }

    /// x is A and B in every other view; the keys after it are not letters of a path.
    @Test func noKeyThatBeginsNoFolderIsWrittenIntoTheExports() {
        var state = playingState()
        state.ledger.exportFolder = "/state/lathe/exports"
        press(&state, "5", "x", "x")
        #expect(state.overlay == nil && state.message?.text.contains("nothing was exported") == true)
        #expect(press(&state, "x").isEmpty && press(&state, "~").isEmpty)
        guard case .prompt(let prompt)? = state.overlay else { return #expect(Bool(false), "closed") }
        #expect(prompt.field.text == "~")
    }

    @Test(arguments: [("-9,5", -9.5), (" -9,5 LUFS", -9.5), ("-9.5", -9.5), ("\u{2212}9,5", -9.5)])
    func valuesMayHaveADecimalComma(typed: String, value: Double) throws {
        var state = playingState()
        let parameter = try #require(Preset.parameter("target.lufs"))
        state.overlay = .prompt(Prompt(.value(key: parameter.key), label: "x", text: typed))
        #expect(!press(&state, KeyStroke(.enter)).isEmpty)
        #expect(state.master.sound.preset.target.lufs == value && state.overlay == nil)
    }

    @Test(arguments: ["-0x10", "-9,5,1", ",5", "-9,"])
    func whatIsNoDecimalNumberIsNotTaken(typed: String) {
        var state = playingState()
        let before = state.master.sound.preset.target.lufs
        state.overlay = .prompt(Prompt(.value(key: "target.lufs"), label: "x", text: typed))
        #expect(press(&state, KeyStroke(.enter)).isEmpty)
        #expect(state.master.sound.preset.target.lufs == before)
        guard case .prompt(let prompt)? = state.overlay else { return #expect(Bool(false), "taken") }
        #expect(prompt.problem != nil)
    }

    @Test func aDestroyedMeasurementIsSaidAndMadeAgainByTheNextUse() {
        let again = Effect.measure(path: "/music/mixes/rough_v7.wav", opening: 1)
        var base = playingState()
        _ = update(&base, .measurementGone(opening: 1))
        base.view = .master
        let shown = text(screen(base, base.size))
        #expect(shown.contains("not measured;") && !shown.contains("measuring the file"))

        var turned = base
        #expect(press(&turned, "l").contains(again))
        #expect(!press(&turned, "l").contains(again), "once is enough")
        let effects = update(&turned, .measured(opening: 1, testProfile()))
        #expect(effects.contains(.settle(version: turned.master.version)))

        var rendered = base
        #expect(press(&rendered, "r") == [.plan(inputs: ["/music/mixes/rough_v7.wav"]), again])

        var played = base
        played.deck.player.playing = false
        #expect(press(&played, " ") == [.play, again])
    }

    @Test func aMeasurementDestroyedBeforeItsEndIsSaidToo() {
        var state = freshState()
        press(&state, "j", "j", "j")
        press(&state, KeyStroke(.enter))
        _ = update(&state, .opened(opening: 1, testFacts))
        _ = update(&state, .measuring(opening: 1, fraction: 0.4))
        _ = update(&state, .measurementGone(opening: 1))
        #expect(state.deck.measuring == nil)
        press(&state, "2")
        #expect(press(&state, "l").contains(.measure(path: "/music/mixes/rough_v7.wav", opening: 1)))
    }

    @Test func aFinishedMasterIsHeardAsItIsAndTheNextFileAsBefore() {
        var state = playingState()
        press(&state, "4")
        _ = update(&state, .jobs([testJob(.done(lufs: -14, dbtp: -1, note: nil))]))
        #expect(press(&state, KeyStroke(.enter)).contains(.setVoice(.original)))
        #expect(state.deck.voice == .original && !state.deck.matched)
        _ = update(&state, .opened(opening: state.deck.opening, testFacts))
        _ = update(&state, .measured(opening: state.deck.opening, testProfile()))
        #expect(state.trims.original == 0 && state.trims.master == 0)
        press(&state, "1")
        #expect(press(&state, KeyStroke(.enter)).contains(.setVoice(.master)))
        #expect(state.deck.voice == .master && state.deck.matched)
    }

    @Test func aFolderThatChangedIsReadAgainWithTheSelectionKept() {
        var state = freshState()
        press(&state, "j", "j")
        #expect(update(&state, .folderChanged("/music")).isEmpty, "another folder")
        let effects = update(&state, .folderChanged("/music/mixes"))
        #expect(effects == [.list(state.files.query)] && state.files.wanted == "rough_v6.wav")
        #expect(update(&state, .folderChanged("/music/mixes")).isEmpty, "it is being read already")
        let rows = [DirectoryEntry(name: "new", kind: .folder)] + testRows
        _ = update(&state, .listing(number: state.files.query.number, rows: rows, total: 6, complete: true))
        #expect(state.files.selected?.name == "rough_v6.wav")
    }

    @Test func aChangeWhileTheFolderIsReadIsNotLost() {
        var state = freshState()
        _ = press(&state, "s")
        #expect(update(&state, .folderChanged("/music/mixes")).isEmpty, "it is being read already")
        let effects = update(&state, .listing(number: state.files.query.number, rows: testRows, total: 5, complete: true))
        #expect(effects.contains(.list(state.files.query)) && !state.files.complete)
    }

    @Test(arguments: ViewID.allCases) func changesOnDiskAreTakenInWhateverViewIsOpen(view: ViewID) {
        var state = playingState()
        state.view = view
        #expect(update(&state, .folderChanged("/music/mixes")) == [.list(state.files.query)])
        _ = update(&state, .fileChanged(path: "/music/mixes/rough_v7.wav", isGone: false))
        #expect(state.message?.text == "rough_v7.wav: was changed on disk; open it again to hear what it is now")
        _ = update(&state, .fileChanged(path: "/music/mixes/rough_v7.wav", isGone: true))
        #expect(state.message?.text == "rough_v7.wav: is gone from its folder")
        state.message = nil
        _ = update(&state, .fileChanged(path: "/music/mixes/rough_v6.wav", isGone: true))
        #expect(state.message == nil, "another file than the open one")
    }

    @Test func aMissingLedgerIsExplainedInFullAtTheStart() {
        var state = StudioState(folder: "/music/mixes")
        let problem = "/state/lathe: the privacy ledger cannot be opened (read-only file system); make the folder writable or set XDG_STATE_HOME"
        _ = update(&state, .ledgerFailed(problem))
        guard case .note(_, let lines, _) = state.overlay else { Issue.record("nothing is said"); return }
        #expect(lines.first?.contains("set XDG_STATE_HOME") == true)
        press(&state, KeyStroke(.escape))
        #expect(state.overlay == nil && press(&state, "h").contains { if case .list = $0 { true } else { false } })
    }

    @Test func theFilterAsksForRowsWhileTyping() {
        var state = freshState()
        press(&state, "/")
        let effects = press(&state, "v")
        guard case .list(let query)? = effects.first else { Issue.record("nothing was asked"); return }
        #expect(query.filter == "v")
        press(&state, "6")
        #expect(state.files.query.filter == "v6")
        let cleared = press(&state, KeyStroke(.escape))
        #expect(state.files.query.filter == "" && !cleared.isEmpty)
    }

    @Test func theParametersFilterToo() {
        var state = playingState()
        press(&state, "2", "/")
        for c in "ceil" { press(&state, c) }
        press(&state, KeyStroke(.enter))
        #expect(state.master.selected?.key == "target.ceiling_dbtp")
    }

    @Test func thePaletteRunsWhatItFinds() {
        var state = playingState()
        press(&state, ":")
        for c in "ledger" { press(&state, c) }
        press(&state, KeyStroke(.enter))
        #expect(state.view == .ledger && state.overlay == nil)
    }

    @Test func theSelectionStaysOnItsNameWhileRowsArrive() {
        var state = freshState()
        press(&state, "j", "j")
        let name = state.files.selected?.name
        let more = [DirectoryEntry(name: "a", kind: .folder), DirectoryEntry(name: "b", kind: .folder)] + testRows
        _ = update(&state, .listing(number: state.files.query.number, rows: more, total: 7, complete: false))
        #expect(state.files.selected?.name == name && state.files.cursor.index == 4)
    }

    @Test func aMasterIsNamedAfterItsInputAndSharesNoOutput() {
        #expect(RenderOrder.outputs(for: ["/m/a.wav", "/m/a.flac", "/m/b.wav", "/c.mp3", "/c.wav"])
            == ["/m/a-master.wav", "/m/a-2-master.wav", "/m/b-master.wav", "/c-master.wav", "/c-2-master.wav"])
    }

    @Test func goingUpSelectsTheFolderThatWasLeft() {
        var state = freshState()
        let effects = press(&state, "h")
        #expect(effects.contains { if case .list(let query) = $0 { query.folder == "/music" } else { false } })
        let rows = [DirectoryEntry(name: "a", kind: .folder), DirectoryEntry(name: "mixes", kind: .folder)]
        _ = update(&state, .listing(number: state.files.query.number, rows: rows, total: 2, complete: true))
        #expect(state.files.selected?.name == "mixes")
    }

    @Test func aFileLeftAloneRestsAndPlaysOnFromWhereItWas() {
        var state = playingState()
        state.deck.player.position = 42
        #expect(update(&state, .unloaded(opening: state.deck.opening)).isEmpty)
        #expect(state.deck.stage == .resting)
        #expect(press(&state, " ").contains { if case .open = $0 { true } else { false } })
        #expect(update(&state, .opened(opening: state.deck.opening, testFacts)) == [.seek(42), .play, .watch(path: "/music/mixes/rough_v7.wav")])
    }

    @Test func whatWasMeasuredGoesWithItsRow() {
        var state = playingState()
        play(&state, to: 5)
        _ = update(&state, .measurementGone(opening: state.deck.opening))
        #expect(state.deck.profile == nil && state.master.solved == nil)
        #expect(state.deck.masterHistory == LoudnessHistory())
    }

    @Test func theFileInUseIsKeptAndTheIdleOneIsNot() {
        var state = playingState()
        _ = update(&state, .player(playerSnapshot(position: 1, playing: false), nil, milliseconds: 0))
        #expect(update(&state, .clock(now: 1, wall: "12:05")) == [.keep(path: "/music/mixes/rough_v7.wav")], "keys were pressed")
        #expect(update(&state, .clock(now: 2, wall: "12:06")).isEmpty)
        press(&state, "j")
        #expect(update(&state, .clock(now: 3, wall: "12:07")) == [.keep(path: "/music/mixes/rough_v7.wav")])
    }

    @Test func outputsAreChosenFromAList() {
        var state = playingState()
        #expect(press(&state, "o") == [.listOutputs])
        _ = update(&state, .outputs([ALSADevice(name: "hw:0,0", explanation: "USB interface")], log: ["snd_pcm_open: busy"]))
        #expect(press(&state, "j", "j").isEmpty)
        #expect(press(&state, KeyStroke(.enter)) == [.chooseOutput(.device("hw:0,0"))])
        press(&state, "o")
        press(&state, KeyStroke(.end))
        #expect(press(&state, KeyStroke(.enter)) == [.chooseOutput(.silent)])
        press(&state, "o", "l")
        #expect(text(screen(state, Size(columns: 120, rows: 36))).contains("snd_pcm_open: busy"), "what ALSA said can be read")
    }

    @Test func theWayToThePageIsShownAndCopied() {
        var state = playingState()
        press(&state, "o")
        press(&state, KeyStroke(.home))
        press(&state, "j")
        #expect(press(&state, KeyStroke(.enter)) == [.chooseOutput(.page)])
        let page = PageInfo(url: "http://127.0.0.1:8417/0123456789abcdef0123456789abcdef/", forward: "ssh -N -L 8417:127.0.0.1:8417 mia@203.0.113.5")
        #expect(update(&state, .pageOpened(page)) == [.copy("ssh -N -L 8417:127.0.0.1:8417 mia@203.0.113.5")])
        for size in [Size(columns: 80, rows: 24), Size(columns: 120, rows: 36)] {
            let shown = text(screen(state, size))
            #expect(shown.contains("ssh -N -L 8417:127.0.0.1:8417 mia@203.0.113.5"))
            #expect(shown.contains("http://127.0.0.1:8417/0123456789abcdef0123456789abcdef/"))
        }
        #expect(press(&state, "u") == [.copy(page.url)])
        press(&state, KeyStroke(.escape))
        #expect(state.overlay == nil)
    }

    @Test func thePageActsThroughTheSameCommands() {
        var state = playingState()
        #expect(update(&state, .ordered(.voice(.original))) == [.setVoice(.original)])
        #expect(update(&state, .ordered(.pause)) == [.pause])
        #expect(update(&state, .ordered(.pause)).isEmpty, "it rests already")
        #expect(update(&state, .ordered(.seek(seconds: 1e9))) == [.seek(221)])
        press(&state, "X")
        #expect(update(&state, .ordered(.voice(.master))).isEmpty, "a blind test is not spoiled")
    }

    @Test func savingRefusesFactoryNamesAndAsksBeforeReplacing() {
        var state = playingState()
        press(&state, "2", "l", "w")
        for c in "Loud" { press(&state, c) }
        #expect(press(&state, KeyStroke(.enter)).isEmpty)
        press(&state, .control("u"))
        for c in "My Loud!" { press(&state, c) }
        let effects = press(&state, KeyStroke(.enter))
        guard case .savePreset(let preset, false)? = effects.first else { Issue.record("nothing was saved"); return }
        #expect(preset.id == "my-loud" && preset.target.lufs == -13.5)
        _ = update(&state, .presetExists(preset))
        #expect(press(&state, "y") == [.savePreset(preset, replacing: true)])
        _ = update(&state, .presetSaved(preset, path: "/p/my-loud.toml"))
        #expect(!state.master.sound.isModified && state.master.title == "My Loud!")
    }

    @Test func barsRiseAtOnceAndFallSteadilyToRest() {
        var state = playingState()
        play(&state, to: 1)
        #expect(state.deck.meters?.master.spectrum[4] == -14 - 4 * 0.4 + 6)
        var milliseconds: Int64 = 2050
        var frames = 0
        while state.nextFrame() == 50, frames < 1000 {
            _ = update(&state, .player(playerSnapshot(position: 1, playing: false), testMeters(position: 1), milliseconds: milliseconds))
            milliseconds += 50
            frames += 1
        }
        // From about −8 dB to −96 at 36 dB a second: some 2.5 s of 20 frames.
        #expect(frames > 30 && frames < 80)
        #expect(state.nextFrame() == nil, "a screen at rest asks for no frame")
    }
}

func testJob(_ stage: JobRow.Stage) -> JobRow {
    JobRow(id: "7", input: "/music/mixes/rough_v7.wav", output: "/music/mixes/rough_v7-master.wav", preset: "streaming", tier: "local",
           why: "the only tier", stage: stage)
}

let testLedger: [LedgerItem] = [
    LedgerItem(id: "a", kind: "analysis", name: "rough_v7.wav", purpose: "mastering", place: "ram", bytes: 9_400, erasureClass: "E0",
               rule: "file open", state: "live", parent: nil, expires: 1_800_000_590),
    LedgerItem(id: "b", kind: "waveform", name: "rough_v7.wav", purpose: "preview", place: "ram", bytes: 24_576, erasureClass: "E0",
               rule: "with parent", state: "live", parent: "a", expires: 1_800_000_590),
    LedgerItem(id: "c", kind: "render scratch", name: "rough_v7-master.wav", purpose: "mastering", place: "disk", bytes: 41_000_000,
               erasureClass: "E3", rule: "job", state: "live", parent: nil, expires: 1_800_000_042),
]
