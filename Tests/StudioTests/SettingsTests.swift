import Mastering
import Terminal
import Testing
@testable import Studio

@Suite("Settings")
struct SettingsTests {
    @Test func theCommentedFileIsTheStandard() throws {
        #expect(try StudioSettings.parse(toml: StudioSettings.commented, file: "config.toml") == StudioSettings())
        for row in StudioSettings.rows { #expect(StudioSettings.commented.contains("# \(row.help)\n# \(row.values)\n\(row.key) = ")) }
    }

    @Test func othersSectionsAreLeftAlone() throws {
        let settings = try StudioSettings.parse(toml: "schema = 1\n[[tier]]\nname = \"gpu\"\n[studio]\nmouse = true\noutput = \"browser\"\n", file: "config.toml")
        #expect(settings.mouse && settings.output == .browser)
        let options = StudioOptions(settings, path: ".", theme: nil, preset: .init())
        #expect(options.mouse && options.opensPage)
    }

    @Test(arguments: [
        ("[studio]\nmuose = true", 2, "unknown key 'studio.muose'"), ("[studio]\nmouse = 1", 2, "'mouse' must be true or false"),
        ("[studio]\n\nframes_per_second = 500", 3, "'frames_per_second' must be a whole number from 2 to 30"), ("[studio]\ncolor = \"pink\"", 2, "'color' must be one of"),
        ("studio = 3", 1, "studio must be a section"),
    ])
    func mistakesAreNamedWithTheirLine(_ text: String, _ line: Int, _ problem: String) {
        do throws(SettingsError) {
            _ = try StudioSettings.parse(toml: text, file: "config.toml")
            Issue.record("taken: \(text)")
        } catch {
            #expect(error.line == line && error.problem.hasPrefix(problem) && error.exitCode == 65, "\(error.message)")
        }
    }

    @Test func markedFoldersSurviveAnyName() throws {
        for name in ["/a", "/with \"quotes\" and \\", "/line\nbreak", "/\u{7F}", "/日本"] {
            let text = "folders = [" + Places.quoted(name) + "]"
            let (root, _) = try SettingsFile.parse(text, file: "places.toml", limit: 1 << 16, what: "list", sections: "")
            #expect(root["folders"]?.array?[0].string == name)
        }
    }

    @Test func placesAreMarkedAndGoneTo() {
        var state = freshState()
        #expect(press(&state, "m") == [.savePlaces(["/music/mixes"])])
        _ = update(&state, .key(KeyStroke(.backspace)))
        press(&state, "'")
        #expect(text(screen(state, Size(columns: 80, rows: 24))).contains("/music/mixes/"))
        state.home = "/music"
        #expect(text(screen(state, Size(columns: 80, rows: 24))).contains("~/mixes/"))
        #expect(state.homely("/music") == "~" && state.homely("/musical") == "/musical")
        _ = update(&state, .key(KeyStroke(.enter)))
        #expect(state.files.query.folder == "/music/mixes" && state.overlay == nil)
        press(&state, "'")
        #expect(press(&state, "d") == [.savePlaces([])])
    }

    @Test func filesThatWereOpenedStandAmongThePlaces() {
        var state = playingState()
        press(&state, "'")
        #expect(state.places.rows.map(\.path) == ["/music/mixes/rough_v7.wav"])
    }

    @Test func clicksChooseThenOpen_andTheWaveformIsAPlace() {
        let size = Size(columns: 120, rows: 36)
        var state = freshState(size)
        let panels = Layout(size: size, view: .files, focus: .view(.files)).panels
        guard let list = panels.first(where: { $0.id == .view(.files) })?.rect, let wave = panels.first(where: { $0.id == .waveform })?.rect else { Issue.record("no panels"); return }
        // Inside the border: a line for the folder, then the rows.
        let fourth = Point(x: list.x + 4, y: list.y + 1 + 1 + 3)
        _ = update(&state, .mouse(Mouse(.press(button: 0), at: fourth)))
        #expect(state.files.selected?.name == "rough_v7.wav")
        let shown = screen(state, size).lines[fourth.y]
        #expect(shown.contains("rough_v7.wav"), "the row under the pointer: \(shown)")
        let effects = update(&state, .mouse(Mouse(.press(button: 0), at: fourth)))
        #expect(effects.contains { if case .open = $0 { true } else { false } })
        _ = update(&state, .opened(opening: state.deck.opening, testFacts))
        let middle = update(&state, .mouse(Mouse(.press(button: 0), at: Point(x: wave.x + 1 + (wave.columns - 2) / 2, y: wave.y + 2))))
        guard case .seek(let seconds)? = middle.first else { Issue.record("no seek"); return }
        #expect(abs(seconds - 110.5) < 221.0 / Double(wave.columns - 2))
        _ = update(&state, .mouse(Mouse(.scrollUp, at: fourth)))
        #expect(state.files.cursor.index == 0)
    }
}
