import ArgumentParser
import AudioFiles
import Mastering
import Studio
import Terminal

/// `lathe themes`: the colours to choose from, and whether a file is a theme.
struct ThemesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "themes", abstract: "List and check colour themes.", subcommands: [List.self, Check.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the themes: those that came with Lathe and your own.")

        @Flag(help: "One JSON document.") var json = false

        func run() throws {
            let themes = ThemeLibrary.list()
            if json {
                return try Output.result(JSON.array(themes.map { theme in
                    .object([
                        ("id", .string(theme.id)), ("name", .string(theme.name)),
                        ("colors", theme.problem == nil ? .string(theme.depth.words) : .null), ("path", .string(theme.path)),
                        ("problem", .optional(theme.problem?.message)),
                    ])
                }).text)
            }
            try Output.result(Text.table(themes.map { [$0.id, $0.problem == nil ? $0.depth.words : "unusable", $0.problem?.message ?? $0.name] }))
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a file is a theme, and if not, where and why.", discussion: "Exits with 65 when it is not.")

        @Argument(help: "A theme file.", completion: .toml) var file: String
        @Flag(help: "One JSON document.") var json = false

        func run() throws {
            let theme = try ThemeLibrary.check(file)
            if json {
                try Output.result(JSON.object([
                    ("file", .string(file)), ("ok", .bool(true)), ("id", .string(theme.id)), ("name", .string(theme.name)),
                    ("colors", .string(theme.depth.words)),
                ]).text)
            } else {
                try Output.result("\(file.printable): a theme, \(theme.name), \(theme.depth.words)")
            }
        }
    }
}

extension ColorDepth {
    var words: String {
        switch self {
        case .mono: "mono"
        case .ansi16: "16 colours"
        case .ansi256: "256 colours"
        case .truecolor: "true colour"
        }
    }
}
