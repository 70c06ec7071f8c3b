@testable import Mastering
import Playback
import Terminal
import Testing
@testable import Studio

/// What tells a newcomer where to go, whole and with the keys that apply.
@Suite("Hints")
struct HintsTests {
    private let small = Size(columns: 80, rows: 24)

    private func parse(_ lines: String) throws -> Keymap { try Keymap.parse(toml: "schema = 1\n[keys]\n" + lines, file: "keys.toml") }

    @Test(arguments: [Size(columns: 40, rows: 12), Size(columns: 80, rows: 24), Size(columns: 120, rows: 36), Size(columns: 200, rows: 60)])
    func theFooterShowsTheWayToTheOtherViews_andHelp(size: Size) throws {
        for loaded in [false, true] {
            var state = loaded ? playingState(size) : freshState(size)
            state.message = nil
            for view in ViewID.allCases {
                state.view = view
                let footer = screen(state, size).lines[size.rows - 1]
                #expect(footer.contains("? keys") && footer.contains("1-5 views"), "\(view) at \(size): \(footer)")
            }
        }
        var state = playingState(size)
        state.message = nil
        state.keymap = try parse("\"view.files\" = \"F\"\n")
        #expect(screen(state, size).lines[size.rows - 1].contains("F2345 views"))
        state.keymap = try parse("\"view.files\" = []\n")
        #expect(!screen(state, size).lines[size.rows - 1].contains("views"))
    }

    @Test func beforeAnythingIsLoadedTheViewsAreNamed_andThenNotAnyMore() {
        let names = "1 Files  2 Master  3 Generate  4 Queue  5 Ledger"
        #expect(screen(freshState(small), small).lines[22].contains(names))
        #expect(!screen(playingState(small), small).lines[22].contains("5 Ledger"))
        #expect(!screen(freshState(small), Size(columns: 60, rows: 24)).lines[22].contains("1 Files"), "whole or not at all")
    }

    @Test func helpBeginsWithTheViewsOwnCommands_thenHowToGetAbout() {
        for (view, first) in [(ViewID.files, "files.open"), (.master, "master.less"), (.generate, "generate.edit"), (.queue, "queue.open"), (.ledger, "ledger.destroy")] {
            let ids = Keymap.standard.offered(in: view).map(\.id)
            #expect(ids.first == first)
            func place(_ id: String) -> Int { ids.firstIndex(of: id) ?? -1 }
            #expect(place("list.down") > place(first) && place("view.files") > place("list.last") && place("transport.play") > place("back"), "\(view)")
            #expect(Set(ids).count == ids.count)
        }
    }

    @Test func emptyViewsSayWholeSentences() {
        var state = freshState()
        for size in [Size(columns: 40, rows: 12), small] {
            for (view, sentence) in [(ViewID.generate, "what is understood of the prompt stands here"), (.queue, "no jobs; r in Master (2) renders what you hear")] {
                state.view = view
                let shown = screen(state, size).lines.map { $0.prefix { $0 != "┐" }.split(separator: "│").first.map(String.init) ?? "" }.joined(separator: " ")
                #expect(shown.split(separator: " ").joined(separator: " ").contains(sentence), "\(view) at \(size)")
            }
        }
        state.ledger = LedgerState()
        _ = update(&state, .ledgerFailed("the ledger in /var/somewhere/far/away cannot be opened: it belongs to another user; name another folder"))
        state.overlay = nil
        state.view = .ledger
        #expect(screen(state, Size(columns: 40, rows: 12)).lines[1..<9].joined().contains("another"))
    }

    @Test func sentencesNameTheKeysThatApply() throws {
        var state = playingState(small)
        state.keymap = try parse("\"files.parent\" = \"U\"\n\"master.render\" = \"R\"\n\"master.recall\" = \"N\"\n\"master.keep\" = \"n\"\n\"spectrum.hold\" = \"Q\"\n\"quit\" = \"Ctrl-Q\"\n\"files.open\" = \"O\"\n\"transport.voice\" = \"Y\"\n")
        func says(_ key: Character, _ words: String) {
            press(&state, key)
            #expect(state.message?.text.contains(words) == true, "\(state.message?.text ?? "-")")
        }
        says("Q", "Q forgets")
        press(&state, KeyStroke(.escape))
        #expect(state.message?.text.contains("Ctrl-Q quits") == true)
        press(&state, "2")
        says("N", "n keeps one")
        says("n", "N recalls it")
        press(&state, "4")
        #expect(text(screen(state, small)).contains("R in Master (2)"))
        var fresh = freshState(small)
        fresh.keymap = state.keymap
        #expect(text(screen(fresh, Size(columns: 120, rows: 36))).contains("O on one in Files (1) plays it"))
        fresh.files.rows = []
        fresh.files.problem = "/music: permission denied"
        #expect(text(screen(fresh, small)).contains("U goes back up"))
    }

    @Test func aLongExplanationIsReadToItsEnd() {
        var state = freshState(small)
        let lines = (1...60).map { "reason \($0)" }
        _ = update(&state, .explained(title: "Why", lines: lines))
        #expect(text(screen(state, small)).contains("1-18 of 60"))
        press(&state, KeyStroke(.end))
        #expect(text(screen(state, small)).contains("reason 60 ") && text(screen(state, small)).contains("43-60 of 60"))
        press(&state, "k")
        #expect(text(screen(state, small)).contains("42-59 of 60"))
        press(&state, KeyStroke(.home))
        for _ in 0..<100 { press(&state, "j") }
        press(&state, "k")
        #expect(text(screen(state, small)).contains("42-59 of 60"), "no key is lost beyond the end")
        // A screen that has grown shows what fits now.
        #expect(text(screen(state, Size(columns: 80, rows: 80))).contains("reason 1 "))
        press(&state, KeyStroke(.escape))
        #expect(state.overlay == nil)
        _ = update(&state, .explained(title: "Why", lines: ["first", "", "second"]))
        let shown = screen(state, small).lines
        let at = shown.firstIndex { $0.contains("first") } ?? 0
        #expect(shown[at + 2].contains("second"), "a blank line stays one")
        #expect(!text(screen(state, small)).contains("of 3"))
    }

    @Test(arguments: [Size(columns: 40, rows: 12), Size(columns: 80, rows: 24), Size(columns: 120, rows: 36)])
    func theOutputsStayAboveTransportAndFooter_andTheNewestWordsAreInSight(size: Size) {
        var state = playingState(size)
        state.message = nil
        let below = Array(screen(state, size).lines.suffix(2))
        press(&state, "o")
        let devices = (1...14).map { ALSADevice(name: "hw:CARD=\($0),DEV=0", explanation: "interface \($0)") }
        _ = update(&state, .outputs(devices, log: (1...30).map { "pcm_\($0).c: said \($0)" }))
        for showsLog in [false, true] {
            if showsLog { press(&state, "l") }
            let shown = screen(state, size)
            #expect(Array(shown.lines.suffix(2)) == below, "\(size)")
            #expect(text(shown).contains("Enter choose"), "\(size)")
            if showsLog { #expect(text(shown).contains("said 30"), "\(size)") }
        }
    }

    @Test func whatServicesWillDoIsWholeAt80Columns() {
        var state = playingState(small)
        let loud = Platform(id: "x", name: "A service with a long name", targetLUFS: -11, turns: .limited, peakRoomDBTP: -1, advisedPeakDBTP: -3, advisedPeakLoudDBTP: nil, source: "test", isFirstHand: true, verified: nil)
        _ = update(&state, .platforms([loud]))
        do {
            var small = state
            small.overlay = .platforms(Cursor())
            let shown = text(screen(small, Size(columns: 40, rows: 12))).split(separator: "\n")
            let told = shown.filter { $0.contains("LUFS") }
            #expect(told.count == 2 && told.allSatisfy { !$0.contains("…") }, "\(shown)")
            #expect(shown.first { $0.contains("A service") }?.contains("!") == true, "\(shown)")
        }
        press(&state, "2", "v")
        let shown = text(screen(state, small))
        let row = shown.split(separator: "\n").first { $0.contains("A service") } ?? ""
        #expect(row.contains("dB") && row.contains("LUFS") && row.contains("!") && !row.dropFirst(30).contains("…"), "\(row)")
        #expect(shown.contains("is limited by") && shown.contains("peaks higher"))
    }

    @Test func aNarrowLedgerSaysWhatItsItemsAre() {
        var state = freshState(Size(columns: 40, rows: 12))
        _ = update(&state, .ledger(LedgerSnapshot(rows: testLedger)))
        press(&state, "5")
        let shown = text(screen(state, state.size))
        #expect(testLedger.prefix(4).allSatisfy { shown.contains($0.kind.prefix(8)) }, "\(shown)")
    }

    @Test func convertersAreNoOutputs() {
        #expect(ALSADevice.all().allSatisfy { !["lavrate", "samplerate", "speexrate", "upmix", "vdownmix"].contains($0.name) })
    }
}

/// Windows are left as people try to leave them.
@Suite("Leaving")
struct LeavingTests {
    @Test func ctrlCLeavesWhatIsOpen_andQuitsWhereNothingIs() {
        for key in [":", "?", "p", "o", "'", "/"] as [Character] {
            var state = playingState()
            press(&state, key)
            #expect(state.overlay != nil, "\(key)")
            #expect(!press(&state, .control("c")).contains(.quit) && state.overlay == nil, "\(key)")
        }
        var state = playingState()
        #expect(press(&state, .control("c")) == [.quit])
    }

    @Test func thePresetPickerClosesOnQ_asTheOthersDo_andSaysWhatItsKeysAre() {
        var state = playingState()
        press(&state, "2", "p", "j")
        let heard = state.master.sound.preset.id
        press(&state, "z")
        #expect(state.message?.text.contains("Esc goes back") == true && state.overlay != nil && state.master.sound.preset.id == heard)
        press(&state, "q")
        #expect(state.overlay == nil && state.master.sound.preset.id == "streaming")
        // While a name is typed it is a letter.
        press(&state, "p", "/", "q")
        #expect(state.overlay != nil)
    }
}
