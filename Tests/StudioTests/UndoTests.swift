import Mastering
import Testing
@testable import Studio

@Suite("Undo")
struct UndoTests {
    /// Everything that edits, pressed at random: undoing all gives the start again, redoing all the end.
    @Test(arguments: [1, 2, 3, 5, 8, 13, 21, 34] as [UInt64])
    func undoingEverythingRestoresTheStartAndRedoingTheEnd(seed: UInt64) {
        print("undo seed \(seed)")
        var random = SeededGenerator(state: seed)
        var state = playingState()
        press(&state, "2")
        let start = (state.master.sound, state.files.marks)
        let keys: [Character] = ["h", "l", "H", "L", "b", "0", "a", "A", "j", "k", "j", "k"]
        for _ in 0..<120 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                press(&state, "p")
                for _ in 0..<Int.random(in: 0..<3, using: &random) { press(&state, "j") }
                press(&state, KeyStroke(Bool.random(using: &random) ? .enter : .escape))
                if state.overlay != nil { press(&state, KeyStroke(.escape)) }
            case 1:
                press(&state, "1", "v")
                press(&state, Bool.random(using: &random) ? "j" : "k")
                press(&state, "2")
            case 2:
                let index = Int.random(in: 0..<Preset.parameters.count, using: &random)
                state.master.selectedKey = Preset.parameters[index].key
            default: press(&state, keys[Int.random(in: 0..<keys.count, using: &random)])
            }
        }
        let end = (state.master.sound, state.files.marks)
        var undone = 0
        while !state.history.done.isEmpty { press(&state, "u"); undone += 1 }
        #expect((state.master.sound, state.files.marks) == start)
        #expect(undone > 20, "the seed must edit something")
        while !state.history.undone.isEmpty { press(&state, .control("r")) }
        #expect((state.master.sound, state.files.marks) == end)
    }

    @Test func everyEditIsItsInversesInverse() {
        var state = playingState()
        press(&state, "2", "l", "b", "a")
        for edit in state.history.done { #expect(edit.inverted.inverted == edit && edit.inverted != edit) }
    }

    @Test func placesAndTheLoopAreTakenBack() {
        var state = playingState()
        press(&state, "m")
        #expect(state.places.marked == ["/music/mixes"])
        #expect(press(&state, "u") == [.savePlaces([])] && state.places.marked.isEmpty)
        press(&state, .control("r"))
        #expect(state.places.marked == ["/music/mixes"])
        press(&state, "'", "d")
        #expect(state.places.marked.isEmpty)
        press(&state, KeyStroke(.escape))
        press(&state, "u")
        #expect(state.places.marked == ["/music/mixes"])
        _ = update(&state, .player(playerSnapshot(position: 2), nil, milliseconds: 0))
        press(&state, "(")
        _ = update(&state, .player(playerSnapshot(position: 5), nil, milliseconds: 50))
        press(&state, ")")
        #expect(state.deck.region?.range == 2...5)
        #expect(press(&state, "u") == [.loop(nil)] && state.deck.region?.start == 2)
        press(&state, "u")
        #expect(state.deck.region == nil)
        press(&state, .control("r"))
        #expect(press(&state, .control("r")).first == .loop(2...5))
        // Of another file there is nothing to take back.
        press(&state, KeyStroke(.enter))
        #expect(press(&state, "u").isEmpty && state.deck.region == nil && state.message?.text.contains("not open any more") == true)
    }

    /// The head is behind the end as soon as it has been marked: from there the part would never be reached.
    @Test func aLoopMarkedWhileItPlaysBeginsAtOnce() {
        var state = playingState()
        _ = update(&state, .player(playerSnapshot(position: 2.8), nil, milliseconds: 0))
        press(&state, "(")
        _ = update(&state, .player(playerSnapshot(position: 4.9), nil, milliseconds: 50))
        #expect(press(&state, ")") == [.loop(2.8...4.9), .seek(2.8)])
    }

    @Test func undoingASoundIsHeard() {
        var state = playingState()
        press(&state, "2", "l")
        let effects = press(&state, "u")
        #expect(effects.contains(.audition(Preset())))
    }

    @Test func aNewEditForgetsTheUndoneOnes() {
        var state = playingState()
        press(&state, "2", "l", "u", "h")
        #expect(state.history.undone.isEmpty)
    }

    @Test func theHistoryIsBounded() {
        var state = playingState()
        press(&state, "2")
        for _ in 0..<EditHistory.limit { press(&state, "l", "h") }
        #expect(state.history.done.count == EditHistory.limit)
    }

    /// Law 2: what can be taken back is temporary data, and ends when its row does.
    @Test func editsEndWithTheirRow_andWithoutOneNoneAreKept() {
        var state = playingState()
        press(&state, "2", "l", "l")
        #expect(!state.history.done.isEmpty)
        #expect(update(&state, .undoGone(again: true)) == [.holdUndo])
        #expect(state.history == EditHistory())
        press(&state, "l")
        #expect(state.history.done.count == 1)
        #expect(update(&state, .undoGone(again: false)).isEmpty)
        press(&state, "l", "l")
        #expect(state.history.done.isEmpty && state.history.undone.isEmpty)
        var other = playingState()
        _ = update(&other, .ledgerFailed("no"))
        press(&other, "2", "l")
        #expect(other.history.done.isEmpty)
    }
}
