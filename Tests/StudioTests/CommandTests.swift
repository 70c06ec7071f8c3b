import Testing
@testable import Studio

@Suite("The command table")
struct CommandTableTests {
    @Test func everyCommandHasKeysTitleHelpAndItsOwnId() {
        #expect(Set(Command.table.map(\.id)).count == Command.table.count)
        for command in Command.table {
            #expect(!command.keys.isEmpty, "\(command.id)")
            #expect(!command.title.isEmpty && !command.help.isEmpty, "\(command.id)")
            #expect(command.views != [], "\(command.id)")
        }
    }

    @Test func noTwoCommandsOfAViewShareAKey() {
        for view in ViewID.allCases {
            for own in [true, false] {
                var seen: [KeyStroke: String] = [:]
                for command in Command.table where (command.views != nil) == own && command.views?.contains(view) != false {
                    for key in command.keys {
                        #expect(seen[key] == nil, "\(key.label) in \(view): \(command.id) and \(seen[key] ?? "")")
                        seen[key] = command.id
                    }
                }
            }
        }
    }

    @Test func everyCommandCanBeReachedByAKeyInEachOfItsViews() {
        for command in Command.table {
            for view in command.views ?? [] {
                #expect(command.keys.contains { Keymap.standard.command(for: $0, in: view)?.id == command.id }, "\(command.id) in \(view)")
            }
            if command.views == nil {
                #expect(ViewID.allCases.contains { view in command.keys.contains { Keymap.standard.command(for: $0, in: view)?.id == command.id } },
                        "\(command.id)")
            }
        }
    }

    @Test func anUnavailableCommandSaysWhyAndDoesNothing() {
        for command in Command.table {
            var state = StudioState(folder: "/music")
            state.files.complete = true
            state.view = command.views?.min { $0.rawValue < $1.rawValue } ?? .files
            guard let why = command.unavailable(state), let key = command.keys.first else { continue }
            let before = (state.master.sound, state.files, state.overlay, state.deck.opening)
            let effects = press(&state, key)
            #expect(effects.isEmpty, "\(command.id)")
            #expect(state.message?.text == why && !why.isEmpty, "\(command.id)")
            #expect((state.master.sound, state.files, state.overlay, state.deck.opening) == before, "\(command.id)")
        }
    }

    @Test func keysOfTheDesignMeanTheirCommands() {
        // The table under "Keys" in the studio's design, as far as the commands exist.
        let wanted: [(ViewID, String, String)] = [
            (.files, " ", "transport.play"), (.files, "x", "transport.voice"), (.files, "M", "transport.match"), (.files, "D", "transport.difference"), (.files, "X", "transport.abx"),
            (.files, "[", "transport.back"), (.files, "}", "transport.forwardFar"), (.files, "/", "filter"), (.files, ":", "palette"),
            (.files, "?", "help"), (.files, "u", "undo"), (.files, "o", "transport.output"), (.files, "q", "quit"),
            (.files, "j", "list.down"), (.files, "l", "files.open"), (.files, "h", "files.parent"), (.files, "s", "files.sort"),
            (.files, ".", "files.hidden"), (.files, "v", "files.mark"),
            (.master, "l", "master.more"), (.master, "h", "master.less"), (.master, "H", "master.lessFine"), (.master, "0", "master.reset"),
            (.master, "b", "master.bypass"), (.master, "p", "master.presets"), (.master, "a", "master.keep"), (.master, "A", "master.recall"),
            (.master, "w", "master.save"), (.master, "r", "master.render"),
            (.queue, "c", "queue.cancel"), (.queue, "w", "queue.why"),
            (.ledger, "d", "ledger.destroy"), (.ledger, "e", "ledger.extend"), (.ledger, "w", "ledger.why"), (.ledger, "x", "ledger.export"), (.ledger, "v", "ledger.verify"),
        ]
        for (view, key, id) in wanted { #expect(Keymap.standard.command(for: .character(Character(key)), in: view)?.id == id, "\(key) in \(view)") }
        #expect(Keymap.standard.command(for: .control("d"), in: .ledger)?.id == "ledger.destroyAll")
        #expect(Keymap.standard.command(for: .control("r"), in: .master)?.id == "redo")
        #expect(Keymap.standard.command(for: .control("z"), in: .generate)?.id == "suspend")
        for view in ViewID.allCases {
            for number in ViewID.allCases {
                #expect(Keymap.standard.command(for: .character(Character("\(number.rawValue)")), in: view)?.id == "view.\(number)")
            }
        }
    }

    @Test func aKeyWithoutCommandSaysSo() {
        var state = freshState()
        #expect(press(&state, "Z").isEmpty)
        #expect(state.message?.text == "Z does nothing here; ? lists the keys")
    }
}
