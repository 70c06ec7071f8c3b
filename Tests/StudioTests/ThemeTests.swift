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
