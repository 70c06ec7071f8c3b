import Playback
import Rendering
import Terminal
import Testing
@testable import Studio

let testOutline = TakeOutline(
    title: "House A minor 120 bpm", fileName: "house-7", seconds: 64, bars: 32,
    sections: [.init(name: "intro", bar: 0, bars: 8, energy: 0.2), .init(name: "verse", bar: 8, bars: 8, energy: 0.6), .init(name: "drop", bar: 16, bars: 12, energy: 1),
               .init(name: "outro", bar: 28, bars: 4, energy: 0.3)],
    parts: [.init(name: "drums", bars: (0..<32).map { $0 < 4 ? 0 : $0 < 16 ? 0.6 : 1 }), .init(name: "bass", bars: (0..<32).map { $0 < 8 || $0 > 28 ? 0 : 0.8 }),
            .init(name: "pad", bars: [Float](repeating: 0.4, count: 32))])

let testUnderstanding = Understanding(
    brief: [.init(label: "genre", value: "House"), .init(label: "tempo", value: "120 bpm"), .init(label: "key", value: "A minor"), .init(label: "metre", value: "4/4"),
            .init(label: "length", value: "32 bars, 1:04")],
    understood: [.init(text: "120 bpm", why: "120 beats a minute")], ignored: [.init(text: "wobbly", why: "not understood")])

/// Types a prompt and makes its first take, as far as its first seconds.
func takeState(_ size: Size = Size(columns: 120, rows: 36)) -> StudioState {
    var state = freshState(size)
    press(&state, "3", "i")
    for c in "house, 120 bpm, A minor" { press(&state, c) }
    _ = update(&state, .promptRead(version: state.generate.version, testUnderstanding))
    press(&state, .control("g"))
    _ = update(&state, .takeOutlined(1, testOutline))
    _ = update(&state, .takePlayable(1, path: "/proc/self/fd/9"))
    _ = update(&state, .opened(opening: state.deck.opening, testFacts))
    return state
}

@Suite("Generate")
struct GenerateTests {
    private func order(_ effects: [Effect]) -> TakeOrder? {
        effects.compactMap { if case .makeTake(let order) = $0 { order } else { nil } }.first
    }

    @Test func aPromptHasItsRowBeforeItsFirstCharacter() {
        var state = freshState()
        press(&state, "3")
        #expect(press(&state, "i") == [.holdPrompt(1)])
        // Keys are text now: q does not quit, 1 does not change the view.
        #expect(press(&state, "q") == [.readPrompt("q", amendment: "", version: 1)])
        press(&state, "1")
        #expect(state.view == .generate && state.generate.editor.text == "q1")
        press(&state, KeyStroke(.escape))
        #expect(press(&state, "i") == [], "the same prompt keeps its row")
    }

    @Test(arguments: [KeyStroke(.enter, alt: true), .control("g")])
    func theChordMakesATake_whichIsHeardFromItsFirstSeconds(key: KeyStroke) throws {
        var state = freshState()
        press(&state, "3", "i", "h", "i")
        let made = try #require(order(press(&state, key)))
        #expect(made.text == "hi" && made.prompt == 1 && !state.generate.isEditing)
        #expect(state.generate.selected?.stage == .making(0))
        let opened = update(&state, .takePlayable(made.id, path: "/proc/self/fd/9"))
        #expect(opened.contains { if case .openTake("/proc/self/fd/9", _, _) = $0 { true } else { false } })
        #expect(!opened.contains { if case .measure = $0 { true } else { false } }, "what is not all there is not measured")
        #expect(opened.contains(.setVoice(.original)))
        #expect(update(&state, .opened(opening: state.deck.opening, testFacts)) == [.play], "a take is no file to watch")
        let whole = update(&state, .takeReady(made.id))
        #expect(whole == [.measure(path: "/proc/self/fd/9", opening: state.deck.opening)])
    }

    @Test func enterMakesANewPrompt_andPlaysAnOldOne() {
        var state = freshState()
        press(&state, "3", "i", "h", "i")
        press(&state, KeyStroke(.escape))
        #expect(order(press(&state, KeyStroke(.enter)))?.text == "hi")
        _ = update(&state, .takePlayable(1, path: "/proc/self/fd/9"))
        #expect(order(press(&state, KeyStroke(.enter))) == nil)
        #expect(state.generate.takes.count == 1)
    }

    @Test func aNewSeedIsAnotherTakeBelowTheFirst() throws {
        var state = takeState()
        let made = try #require(order(press(&state, "v")))
        #expect(made.seed != state.generate.takes[0].order.seed && made.text == state.generate.takes[0].order.text)
        #expect(state.generate.shown.map(\.depth) == [0, 1])
        #expect(state.generate.selected?.id == made.id)
    }

    @Test func varyDrawsOnlyTheChoiceAnew() throws {
        var state = takeState()
        press(&state, "V")
        #expect(state.message?.text.contains("choose") == true)
        press(&state, "l", "l", "J", "J")
        #expect(state.generate.choice == "bass in verse")
        let made = try #require(order(press(&state, "V")))
        let variation = try #require(made.options.variations.first)
        #expect(variation.part == "bass" && variation.section == 1 && made.options.variations.count == 1)
        #expect(made.seed == state.generate.takes[0].order.seed, "the rest is what it was")
        #expect(state.generate.choice == "bass in verse", "the choice stays for another try")
    }

    @Test func whatRestsInTheChosenSectionIsNotVaried() {
        var state = takeState()
        press(&state, "l", "J", "J")
        #expect(state.generate.choice == "bass in intro")
        #expect(order(press(&state, "V")) == nil)
        #expect(state.generate.takes.count == 1 && state.message?.text.contains("bass in intro rests") == true, "a take that sounds the same is not made")
        press(&state, "J")
        #expect(state.generate.choice == "pad in intro")
        #expect(order(press(&state, "V")) != nil)
    }

    @Test func twoTakesAreComparedAtTheSamePlace() {
        var state = takeState()
        press(&state, "x")
        #expect(state.message?.text == "play a second take to compare with")
        press(&state, "v")
        _ = update(&state, .takeOutlined(2, testOutline))
        _ = update(&state, .takePlayable(2, path: "/proc/self/fd/10"))
        _ = update(&state, .opened(opening: state.deck.opening, testFacts))
        state.deck.player.position = 21.5
        let effects = press(&state, "x")
        #expect(effects.contains { if case .openTake("/proc/self/fd/9", _, _) = $0 { true } else { false } })
        #expect(update(&state, .opened(opening: state.deck.opening, testFacts)).first == .seek(21.5))
        #expect(state.generate.heard == 1 && state.generate.comparison == 2)
    }

    @Test func aSoundThatWasLetGoIsMadeAgainFromTheSameOrder() {
        var state = takeState()
        let before = state.generate.takes[0].order
        _ = update(&state, .takeReady(1))
        _ = update(&state, .takeGone(1))
        #expect(state.generate.takes[0].stage == .resting)
        #expect(order(press(&state, KeyStroke(.enter))) == before)
    }

    @Test func soundsBeyondTheLimitGo_neverTheOnesInUse() {
        var state = takeState()
        _ = update(&state, .takeReady(1))
        var gone: [Effect] = []
        for id in 2...5 {
            press(&state, "v")
            _ = update(&state, .takePlayable(id, path: "/proc/self/fd/\(id + 10)"))
            let effects = update(&state, .takeReady(id)).filter { if case .letGoTake = $0 { true } else { false } }
            for case .letGoTake(let old) in effects { _ = update(&state, .takeGone(old)) }
            gone += effects
        }
        #expect(gone == [.letGoTake(1), .letGoTake(2)])
    }

    @Test func destroyingAPromptTakesItsTextAndItsTakesAlong() {
        var state = takeState()
        press(&state, "v")
        let effects = update(&state, .promptGone(1))
        #expect(effects == [.letGoTake(1), .letGoTake(2)])
        #expect(state.generate.takes.isEmpty && state.generate.written.isEmpty && state.generate.editor.characters.isEmpty)
        #expect(!state.generate.editor.canUndo && state.generate.understanding == nil)
    }

    @Test func anEarlierPromptComesBack_andAnotherTextHasARowOfItsOwn() {
        var state = takeState()
        press(&state, "i")
        press(&state, "!")
        #expect(press(&state, .control("g")).contains(.holdPrompt(2)))
        press(&state, "i")
        press(&state, KeyStroke(.up, alt: true))
        press(&state, KeyStroke(.up, alt: true))
        #expect(state.generate.editor.text == "house, 120 bpm, A minor")
        press(&state, KeyStroke(.down, alt: true))
        #expect(state.generate.editor.text == "house, 120 bpm, A minor!")
    }

    @Test func theBriefIsChangedInWords() throws {
        var state = takeState()
        press(&state, "b")
        for c in "90 bpm, no drums" { press(&state, c) }
        let read = press(&state, KeyStroke(.enter))
        #expect(read == [.readPrompt("house, 120 bpm, A minor", amendment: "90 bpm, no drums", version: state.generate.version)])
        let made = try #require(order(press(&state, KeyStroke(.enter))))
        #expect(made.options.amendment == "90 bpm, no drums" && made.text == "house, 120 bpm, A minor")
    }

    @Test func aTakeBecomesAFileBeforeItIsMastered() {
        var state = takeState()
        #expect(press(&state, "m").contains { if case .sendTake(_, folder: "/music/mixes") = $0 { true } else { false } })
        press(&state, "2", "r")
        #expect(state.message?.text.contains("sends it here") == true)
        let effects = update(&state, .takeSaved(path: "/music/mixes/house-7-mix.wav"))
        #expect(state.view == .master && state.deck.path == "/music/mixes/house-7-mix.wav" && state.deck.take == nil)
        #expect(effects.contains { if case .open = $0 { true } else { false } })
    }

    @Test func typingIsUndoneByWords() {
        var editor = TextEditor()
        for c in "slow house" { _ = editor.take(.character(c)) }
        #expect(editor.undo() && editor.text == "slow")
        #expect(editor.redo() && editor.text == "slow house")
        _ = editor.take(KeyStroke(.enter))
        editor.insert("two\nlines")
        #expect(editor.text == "slow house\ntwo\nlines")
        _ = editor.take(KeyStroke(.up))
        _ = editor.take(.control("w"))
        #expect(editor.text == "slow house\n\nlines")
        while editor.undo() {}
        #expect(editor.text.isEmpty)
    }

    @Test func rowsHoldEveryCharacterOnce_andNeverAreTooWide() {
        for text in ["", "one two three four", "日本語のとても長いプロンプト", "averyveryverylongwordwithoutspaces", "a\n\nb\n", "👩‍👩‍👧‍👦 family band"] {
            var editor = TextEditor()
            editor.insert(text)
            for columns in [1, 2, 3, 7, 12, 80] {
                let rows = editor.rows(columns: columns)
                #expect(rows.first?.lowerBound == 0 && rows.last?.upperBound == editor.characters.count)
                #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
                // A line's end is not drawn.
                #expect(rows.allSatisfy { $0.count <= 1 || TextWidth.of(String(editor.characters[$0].filter { $0 != "\n" })) <= columns }, "\(text) in \(columns)")
            }
        }
    }
}
