import Testing
@testable import Studio

/// Keys typed before the folder and the presets have been read.
@Suite("Typed ahead")
struct TypedAheadTests {
    /// A studio that has asked for its folder and heard nothing yet.
    static func early() -> StudioState {
        var state = StudioState(folder: "/music/mixes")
        _ = state.listAgain()
        return state
    }

    static func rowsArrive(_ state: inout StudioState, complete: Bool = true) -> [Effect] {
        update(&state, .listing(number: state.files.query.number, rows: testRows, total: testRows.count, complete: complete))
    }

    @Test func movesAndEnterActOnceTheRowsAreThere() {
        var state = Self.early()
        #expect(press(&state, "j", "j", "j").isEmpty)
        #expect(press(&state, KeyStroke(.enter)).isEmpty)
        let effects = Self.rowsArrive(&state)
        #expect(effects.contains { if case .open("/music/mixes/rough_v7.wav", _, _) = $0 { true } else { false } })
        #expect(state.files.selected?.name == "rough_v7.wav" && state.typedAhead.isEmpty && state.message == nil)
    }

    @Test func laterKeysWaitBehindThem_soThatTheOrderStays() {
        var state = Self.early()
        press(&state, "j", "2", "1", "j")
        #expect(state.view == .files)
        #expect(Self.rowsArrive(&state, complete: false).allSatisfy { if case .readFacts = $0 { true } else { false } })
        #expect(state.files.cursor.index == 0, "the rows are not in their order yet")
        _ = Self.rowsArrive(&state)
        #expect(state.files.cursor.index == 2 && state.view == .files)
    }

    @Test func aKeyThatWaitedWaitsForAllRows_becauseTheFirstOnesAreInNoOrder() {
        var state = Self.early()
        press(&state, "j")
        _ = Self.rowsArrive(&state, complete: false)
        #expect(state.files.cursor.index == 0 && !state.typedAhead.isEmpty)
        _ = Self.rowsArrive(&state)
        #expect(state.files.cursor.index == 1)
    }

    @Test func theFirstRowsOfALargeFolderAnswerKeysAtOnce() {
        var state = Self.early()
        _ = Self.rowsArrive(&state, complete: false)
        press(&state, "j")
        #expect(state.files.cursor.index == 1)
    }

    @Test func enteringAFolderCarriesTheRestIntoIt() {
        var state = Self.early()
        press(&state, KeyStroke(.enter))
        press(&state, "j")
        press(&state, KeyStroke(.enter))
        let effects = Self.rowsArrive(&state)
        #expect(state.files.query.folder == "/music/mixes/old" && effects.contains(.list(state.files.query)))
        _ = update(&state, .listing(number: state.files.query.number, rows: [DirectoryEntry(name: "a.wav", kind: .audio), DirectoryEntry(name: "b.wav", kind: .audio)],
                                    total: 2, complete: true))
        #expect(state.deck.path == "/music/mixes/old/b.wav")
    }

    @Test func aFolderThatNeverAnswersHoldsNobody() {
        var state = Self.early()
        press(&state, "j")
        #expect(state.message?.text.contains("Esc forgets") == true)
        #expect(press(&state, .control("l")) == [.redraw])
        #expect(press(&state, "q") == [.quit])
        press(&state, KeyStroke(.escape))
        #expect(state.typedAhead.isEmpty)
        press(&state, "2")
        #expect(state.view == .master)
    }

    @Test func aFolderThatCannotBeReadGivesTheKeysTheirTurn() {
        var state = Self.early()
        press(&state, "j", "2")
        _ = update(&state, .listingFailed(number: state.files.query.number, "this folder is gone"))
        #expect(state.view == .master && state.typedAhead.isEmpty)
    }

    @Test func thePresetPickerWaitsForThePresets() {
        var state = freshState()
        state.master.presets = []
        press(&state, "p", "j")
        #expect(state.overlay == nil)
        _ = update(&state, .presets(testPresets))
        guard case .presets(let picker) = state.overlay else { Issue.record("not open"); return }
        #expect(picker.cursor.index == 1)
    }

    @Test func aFloodOfKeysIsBounded() {
        var state = Self.early()
        for _ in 0..<1000 { press(&state, "j") }
        #expect(state.typedAhead.keys.count == TypedAhead.limit && state.message?.text.contains("too many") == true)
    }
}
