import Foundation
import Terminal
import Testing
@testable import Studio

@Suite("Themes")
struct ThemeTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Themes")

    @Test func everyThemeThatComesWithLatheIsOneAndNamesEveryRole() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".toml") }
        #expect(names.count >= 5)
        var depths: Set<ColorDepth> = []
        for name in names {
            let path = Self.folder.appendingPathComponent(name).path
            let theme = try ThemeLibrary.check(path)
            depths.insert(theme.depth)
            #expect(theme.id + ".toml" == name)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            for role in Role.allCases { #expect(text.contains("\n\(role.rawValue) = "), "\(name) lacks \(role.rawValue)") }
        }
        #expect(depths == Set(ColorDepth.allCases))
    }

    @Test func aThemeInheritsWhatItDoesNotWrite_andItsPaletteReachesTheRolesItInherits() throws {
        let base = "schema = 1\nname = \"Base\"\ndepth = \"256\"\n[palette]\nink = 250\npaper = 16\n[roles]\ntext = \"ink on paper\"\naccent = \"ink bold\"\n"
        let child = "schema = 1\nname = \"Child\"\ninherits = \"base\"\n[palette]\nink = 220\n[roles]\ntitle = \"ink underline\"\n"
        let theme = try Theme.parse(toml: child, file: "/t/child.toml") { name throws(SettingsError) in (base, "/t/\(name).toml") }
        #expect(theme.depth == .ansi256 && theme.id == "child" && theme.files == ["/t/child.toml", "/t/base.toml"])
        #expect(theme[.text] == Style(.indexed(220), on: .indexed(16)))
        #expect(theme[.accent] == Style(.indexed(220), on: .indexed(16), .bold))
        #expect(theme[.title] == Style(.indexed(220), on: .indexed(16), .underline))
    }

    @Test func inheritingFromItselfEndsWithTheLine() {
        let text = "schema = 1\nname = \"Loop\"\ninherits = \"loop\"\n"
        do throws(SettingsError) {
            _ = try Theme.parse(toml: text, file: "loop.toml") { _ throws(SettingsError) in (text, "loop.toml") }
            Issue.record("taken")
        } catch {
            #expect(error.line == 3 && error.problem.contains("too often"), "\(error.message)")
        }
    }

    @Test func aWindowInTheBackgroundIsDrawnNowAndThen() {
        var state = playingState()
        #expect(state.nextFrame() == 50)
        _ = update(&state, .focus(false))
        #expect(state.nextFrame() == 500)
        _ = update(&state, .focus(true))
        #expect(state.nextFrame() == 50)
    }

    @Test func aChangedThemeIsInUseAtOnce_andABrokenOneIsNamed() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-theme-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("mine.toml")
        try Self.minimal.write(to: file, atomically: true, encoding: .utf8)
        let (events, feed) = AsyncStream.makeStream(of: StudioEvent.self)
        let watch = ThemeWatch { feed.yield($0) }
        watch.follow(try ThemeLibrary.check(file.path))
        var next = events.makeAsyncIterator()
        try (Self.minimal + "accent = \"3\"\n").write(to: file, atomically: true, encoding: .utf8)
        watch.look()
        guard case .themeRead(let theme)? = await next.next() else { Issue.record("not read"); return }
        #expect(theme[.accent].foreground == .indexed(3))
        try (Self.minimal + "accent = \"teel\"\n").write(to: file, atomically: true, encoding: .utf8)
        watch.look()
        guard case .notice(let notice)? = await next.next() else { Issue.record("not refused"); return }
        #expect(notice.text.contains("mine.toml:5:") && notice.text.contains("teel") && notice.text.hasSuffix("(the colours stay as they were)"))
    }

    /// Whoever writes a theme in an editor looks at the studio without touching it.
    @Test func aChangeIsToldWithoutAnybodyLooking() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-theme-\(UUID().uuidString)/mine.toml")
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: file.deletingLastPathComponent()) }
        try Self.minimal.write(to: file, atomically: true, encoding: .utf8)
        let (events, feed) = AsyncStream.makeStream(of: StudioEvent.self)
        let watch = ThemeWatch { feed.yield($0) }
        watch.follow(try ThemeLibrary.check(file.path))
        var next = events.makeAsyncIterator()
        for colour in 1...3 {
            try (Self.minimal + "accent = \"\(colour)\"\n").write(to: file, atomically: true, encoding: .utf8)
            guard case .themeRead(let theme)? = await next.next() else { Issue.record("not read"); return }
            #expect(theme[.accent].foreground == .indexed(UInt8(colour)))
        }
        withExtendedLifetime(watch) {}
    }

    static let minimal = "schema = 1\nname = \"T\"\n[roles]\ntext = \"7 on 0\"\n"

    @Test func rolesTakeColoursBackgroundsAndAttributes() throws {
        let text = Self.minimal + "accent = \"#ff8000 bold underline\"\nselection = \"ink on 4\"\n[palette]\nink = 250\n"
        let theme = try Theme.parse(toml: text, file: "t.toml")
        #expect(theme[.accent] == Style(.rgb(255, 128, 0), on: .indexed(0), [.bold, .underline]))
        #expect(theme[.selection] == Style(.indexed(250), on: .indexed(4)))
        #expect(theme[.border] == theme[.text], "a role that is left out looks like text")
    }

    @Test(arguments: [
        ("schema = 1\nname = \"T\"\ncolour = 3\n[roles]\ntext = \"7\"\n", 3, "colour"),
        (minimal + "boarder = \"7\"\n", 5, "boarder"),
        (minimal + "border = \"teel\"\n", 5, "teel"),
        (minimal + "border = \"7 8\"\n", 5, "8"),
        (minimal + "border = \"7 on\"\n", 5, "on"),
        (minimal + "border = 7\n", 5, "border"),
        (minimal + "border = \"#12345\"\n", 5, "#12345"),
        (minimal + "[palette]\nink = \"nine\"\n", 6, "nine"),
        ("schema = 2\nname = \"T\"\n[roles]\ntext = \"7\"\n", 1, "schema"),
        ("schema = 1\nname = \"T\"\ndepth = \"17\"\n[roles]\ntext = \"7\"\n", 3, "depth"),
        ("schema = 1\nname = \"T\"\n[roles\n", 3, "']'"),
    ])
    func aMistakeIsRefusedWithItsLine(text: String, line: Int, word: String) {
        do throws(SettingsError) {
            _ = try Theme.parse(toml: text, file: "dusk.toml")
            Issue.record("accepted")
        } catch {
            #expect(error.line == line)
            #expect(error.column != nil)
            #expect(error.message.hasPrefix("dusk.toml:\(line):"))
            #expect(error.problem.contains(word))
            #expect(error.exitCode == 65)
            #expect(!error.message.contains("\n"))
        }
    }

    @Test func aThemeThatIsNotThereSaysSo() {
        do throws(SettingsError) {
            _ = try ThemeLibrary.load("no-such-theme")
            Issue.record("loaded")
        } catch { #expect(error.exitCode == 66 && error.message.contains("no-such-theme")) }
    }
}
