import Foundation
import Terminal
import Testing
@testable import Studio

@Suite("Keymap")
struct KeymapTests {
    static func parse(_ lines: String) throws -> Keymap { try Keymap.parse(toml: "schema = 1\n[keys]\n" + lines, file: "keys.toml") }

    @Test func labelsAreReadAsTheyAreWritten() {
        for command in Command.table {
            for key in command.keys { #expect(KeyStroke(label: key.label) == key, "\(key.label)") }
        }
        #expect(KeyStroke(label: "Ctrl-Alt-x") == KeyStroke(.character("x"), control: true, alt: true))
        #expect(KeyStroke(label: "Ctrl-PgUp") == KeyStroke(.pageUp, control: true))
        #expect(KeyStroke(label: "-") == .character("-") && KeyStroke(label: "é") == .character("é"))
        for wrong in ["", " ", "xx", "Ctrl-", "Hyper-x", "\n", "space"] { #expect(KeyStroke(label: wrong) == nil, "\(wrong)") }
    }

    /// What terminals send as Enter, Tab, Esc, Backspace and a line feed (ECMA-48, C0).
    @Test(arguments: ["Ctrl-M", "Ctrl-I", "Ctrl-[", "Ctrl-H", "Ctrl-J", "Ctrl-Alt-m"]) func aKeyThatArrivesAsAnotherIsNone(label: String) {
        #expect(KeyStroke(label: label) == nil)
        #expect(throws: SettingsError.self) { try Self.parse("quit = [\"\(label)\"]\n") }
    }

    @Test func theWayOutCannotBeTakenAway_andHintsNameKeysThatStillWork() throws {
        #expect(throws: SettingsError.self) { try Self.parse("\"list.down\" = [\"q\"]\n\"list.up\" = [\"Ctrl-C\"]\n") }
        #expect(throws: SettingsError.self) { try Self.parse("\"master.render\" = [\":\"]\n") }
        var state = playingState(Size(columns: 200, rows: 60))
        state.keymap = try Self.parse("\"list.down\" = [\"q\"]\n")
        state.message = nil
        let footer = screen(state, state.size).lines[59]
        #expect(footer.contains("Ctrl-C quit") && !footer.contains("q quit"))
        #expect(press(&state, .control("c")) == [.quit])
    }

    @Test func theTableItselfHasNoConflict() { #expect(Keymap.standard.conflicts.isEmpty) }

    @Test func ownKeysTakeThePlaceOfTheTables() throws {
        var state = playingState()
        state.keymap = try Self.parse("\"transport.play\" = [\"p\", \"Ctrl-P\"]\n\"master.presets\" = \"Ctrl-O\"\n\"transport.output\" = []\n")
        #expect(press(&state, " ").isEmpty && state.message?.text.contains("does nothing here") == true)
        #expect(press(&state, "p") == [.pause])
        #expect(press(&state, .control("p")).first == .play)
        press(&state, "o")
        #expect(state.overlay == nil)
        press(&state, .control("o"))
        guard case .presets = state.overlay else { Issue.record("no picker"); return }
        // Comparing goes on while choosing, by whatever key.
        #expect(press(&state, "p") == [.pause])
    }

    @Test func footerHelpPaletteAndMessagesSayTheOwnKeys() throws {
        var state = playingState(Size(columns: 120, rows: 36))
        state.keymap = try Self.parse("\"transport.play\" = \"F\"\n\"help\" = \"Ctrl-Y\"\n")
        #expect(screen(state, state.size).lines[35].contains("F play") && screen(state, state.size).lines[35].contains("Ctrl-Y keys"))
        press(&state, "Z")
        #expect(state.message?.text == "Z does nothing here; Ctrl-Y lists the keys")
        press(&state, .control("y"))
        #expect(text(screen(state, Size(columns: 200, rows: 80))).contains("F                Play or pause"))
        state.overlay = nil
        state.deck.stage = .resting
        #expect(Unavailable.withoutFile(state)?.contains("F loads it again") == true)
    }

    @Test(arguments: [
        ("\"transport.play\" = \"x\"\n", 3, "transport.voice"), ("\"files.sort\" = [\"S\", \"v\"]\n", 3, "files.mark"),
        ("\"queue.why\" = \"w\"\n\"queue.cancel\" = \"w\"\n", 4, "queue.why"),
        ("\"transport.ply\" = \"x\"\n", 3, "transport.ply"), ("\"transport.play\" = \"Spce\"\n", 3, "Spce"), ("\"transport.play\" = 3\n", 3, "transport.play"),
        ("\"transport.play\" = [\"F\", 3]\n", 3, "transport.play"), ("\"quit\" = []\n", 3, "quit"),
    ] as [(String, Int, String)])
    func whatCannotWorkIsRefusedWithItsLine(lines: String, line: Int, word: String) {
        let error = #expect(throws: SettingsError.self) { try Self.parse(lines) }
        #expect(error?.line == line && error?.message.contains(word) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: ["", "schema = 2\n[keys]\n", "schema = 1\n", "schema = 1\nkeys = 3\n", "schema = 1\n[keys]\n[colors]\n", "schema = 1\n[keys\n"])
    func otherFilesAreNoKeymaps(text: String) {
        #expect(throws: SettingsError.self) { try Keymap.parse(toml: text, file: "keys.toml") }
    }

    /// A view's own key goes before one for everywhere, as in the table: that is no conflict.
    @Test func aViewsOwnCommandMayTakeAKeyFromOneForEverywhere() throws {
        let keymap = try Self.parse("\"queue.cancel\" = \"x\"\n")
        #expect(keymap.command(for: .character("x"), in: .queue)?.id == "queue.cancel")
        #expect(keymap.command(for: .character("x"), in: .files)?.id == "transport.voice")
        #expect(keymap.offered(in: .queue).allSatisfy { $0.id != "transport.voice" })
    }

    @Test func thePageOfKeysIsTheTables() throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("KEYS.md")
        if GoldenTests.rewrites { try KeymapLibrary.page.write(to: page, atomically: true, encoding: .utf8) }
        #expect(try String(contentsOf: page, encoding: .utf8) == KeymapLibrary.page, "stale; `lathe keys page > KEYS.md` writes it anew")
    }
}
