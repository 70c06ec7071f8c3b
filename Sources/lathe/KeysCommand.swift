import ArgumentParser
import AudioFiles
import Mastering
import Studio

/// `lathe keys`: what every key of the studio does, and whether a file with other keys can be used.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "List the studio's keys, and check your own.", subcommands: [List.self, Check.self, Page.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List every command with its keys, your own among them.",
            discussion: "Your own keys stand in keys.toml in the folder lathe of your configuration (XDG_CONFIG_HOME, else ~/.config).")

        @Flag(help: "One JSON document.") var json = false

        func run() throws {
            let rows = try KeymapLibrary.list()
            if json {
                return try Output.result(JSON.array(rows.map { row in
                    .object([
                        ("id", .string(row.id)), ("title", .string(row.title)), ("keys", .array(row.keys.map { .string($0) })),
                        ("views", .array(row.views.map { .string($0) })), ("help", .string(row.help)),
                    ])
                }).text)
            }
            try Output.result(Text.table(rows.map { row in
                [row.keys.joined(separator: " "), row.id, row.views.isEmpty ? "everywhere" : row.views.joined(separator: " "), row.title]
            }))
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a file is a keymap, and if not, where and why.", discussion: "Exits with 65 when it is not.")

        @Argument(help: "A keymap file.", completion: .toml) var file: String
        @Flag(help: "One JSON document.") var json = false

        func run() throws {
            try KeymapLibrary.check(file)
            if json {
                try Output.result(JSON.object([("file", .string(file)), ("ok", .bool(true))]).text)
            } else {
                try Output.result("\(file.printable): a keymap without conflicts")
            }
        }
    }

    struct Page: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the page KEYS.md.", shouldDisplay: false)

        func run() throws { try Output.result(String(KeymapLibrary.page.dropLast())) }
    }
}
