import Rendering
import Terminal
import Testing
@testable import Studio

/// The brief on the panel: of the prompt while it is written, of the chosen take once there is one; what is changed about it can be taken back.
@Suite("Brief panel")
struct BriefPanelTests {
    private let size = Size(columns: 120, rows: 36)

    private func shown(_ state: StudioState) -> String { text(screen(state, size)) }

    @Test func theBriefOfTheChosenTakeIsShown() {
        var state = takeState()
        var outline = testOutline
        outline.understanding = Understanding(brief: [.init(label: "tempo", value: "116 bpm")])
        _ = update(&state, .takeOutlined(1, outline))
        #expect(shown(state).contains("116 bpm") && shown(state).contains("Brief of take 1") && !shown(state).contains("tempo    120 bpm"))
        // Another prompt is not that take's.
        press(&state, "i", "!")
        _ = update(&state, .promptRead(version: state.generate.version, testUnderstanding))
        #expect(shown(state).contains("120 bpm") && !shown(state).contains("Brief of take 1"))
    }

    @Test func whatIsOpenIsLeftToTheSeed() throws {
        let genres = try GenreLibrary.list()
        func panel(_ prompt: String) -> [String] {
            let request = GenerateRequest(prompt: prompt, seed: 1, output: "", container: .wav)
            let (brief, reading) = request.brief(genres: genres)
            return Understanding(brief, reading, open: Open(request, genres)).brief.map(\.value)
        }
        let free = panel("house"), said = panel("house, 120 bpm, A minor, 16 bars")
        #expect(free.contains { $0.contains("as the seed draws") && $0.contains(" to ") } && free.contains("as the seed draws"), "\(free)")
        #expect(said.contains("120 bpm") && said.contains("A minor") && !said.contains { $0.contains("seed") }, "\(said)")
        #expect(panel("house, 1 bar").contains { $0.contains("1 bar") && !$0.contains("1 bars") })
    }

    @Test func aChangeOfTheBriefIsUndone_beforeTheTextIs() {
        var state = takeState()
        press(&state, "b")
        for c in "90 bpm" { press(&state, c) }
        press(&state, KeyStroke(.enter))
        #expect(state.generate.amendment == "90 bpm")
        press(&state, "u")
        #expect(state.generate.amendment.isEmpty && state.generate.editor.text == "house, 120 bpm, A minor")
        press(&state, "u")
        #expect(state.generate.editor.text != "house, 120 bpm, A minor")
    }

    @Test func aChangeGoesWithItsPrompt() {
        var state = takeState()
        press(&state, "b")
        for c in "90 bpm" { press(&state, c) }
        press(&state, KeyStroke(.enter))
        press(&state, "i")
        for _ in 0..<60 { press(&state, KeyStroke(.backspace)) }
        #expect(state.generate.editor.isBlank && state.generate.amendment.isEmpty)
    }

    @Test func aChangeThatChangesNothingIsSaid() {
        var state = takeState()
        press(&state, "b")
        for c in "999 bpm" { press(&state, c) }
        press(&state, KeyStroke(.enter))
        var idle = testUnderstanding
        idle.isChangeIdle = true
        idle.ignored = [.init(text: "999 bpm", why: "a tempo lies between 30 and 300 beats a minute")]
        _ = update(&state, .promptRead(version: state.generate.version, idle))
        #expect(state.message?.text.contains("no difference") == true && state.message?.text.contains("30 and 300") == true)
    }

    @Test func whileAPromptIsWritten_theFooterHasTheKeysThatCount() throws {
        var state = freshState()
        press(&state, "3", "i", "h")
        let footer = try #require(shown(state).split(separator: "\n").last)
        #expect(footer.contains("Alt-Enter make") && footer.contains("Esc end") && !footer.contains("Enter make/play") && !footer.contains("quit"))
    }

    @Test func whereNothingIsOpen_theViewsAreNamed() throws {
        let top = try #require(text(screen(freshState(Size(columns: 80, rows: 24)), Size(columns: 80, rows: 24))).split(separator: "\n").first)
        #expect(top.contains("3 Generate"), "\(top)")
    }
}
