import ArgumentParser
import AudioFiles
import Mastering

/// `lathe presets`: what there is to choose from, what one holds, whether a file is one.
struct PresetsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "presets", abstract: "List, show, check, compare and blend mastering presets.",
        subcommands: [List.self, Show.self, Check.self, Diff.self, Morph.self, Import.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the presets: those that came with Lathe and your own.")

        @Flag(help: "One JSON document.") var json = false

        func run() throws {
            let presets = PresetLibrary.list()
            if json { return try Output.result(JSON.array(presets.map(Self.json)).text) }
            try Output.result(Text.table(presets.map { preset in
                guard let problem = preset.problem else {
                    return [preset.id, Text.number(preset.targetLUFS, "LUFS"), Text.number(preset.ceilingDBTP, "dBTP"),
                            preset.isFactory ? "factory" : "yours", preset.intent]
                }
                return [preset.id, "-", "-", "unusable", problem.message]
            }))
        }

        private static func json(_ preset: PresetSummary) -> JSON {
            .object([
                ("id", .string(preset.id)), ("name", .string(preset.name)), ("intent", .string(preset.intent)),
                ("lufs", preset.problem == nil ? .number(preset.targetLUFS) : .null),
                ("ceiling_dbtp", preset.problem == nil ? .number(preset.ceilingDBTP) : .null),
                ("factory", .bool(preset.isFactory)), ("path", preset.path.isEmpty ? .null : .string(preset.path)),
                ("problem", .optional(preset.problem?.message)),
            ])
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a preset with every value.", discussion: "The text is a complete preset file: save it, change it, use it.")

        @Argument(help: "A preset's name or file.", completion: .presets) var preset: String
        @Flag(help: "One JSON document with ranges and explanations.") var json = false

        func run() throws {
            let preset = try PresetLibrary.load(preset)
            guard json else { return try Output.result(String(preset.toml().dropLast())) }
            let parameters = Preset.parameters.map { row in
                JSON.object([
                    ("key", .string(row.key)), ("label", .string(row.label)), ("block", .string(row.block.label)),
                    ("value", PresetsCommand.json(preset.value(of: row.key))), ("unit", row.unit.isEmpty ? .null : .string(row.unit)),
                    ("range", .string(row.rangeText)), ("default", PresetsCommand.json(row.defaultValue)), ("effect", .string(row.effect)),
                ])
            }
            try Output.result(JSON.object([
                ("schema", .int(Preset.schema)), ("id", .string(preset.id)), ("name", .string(preset.name)),
                ("intent", .string(preset.intent)), ("tags", .array(preset.tags.map { .string($0) })), ("hash", .string(preset.hash)),
                ("parameters", .array(parameters)),
            ]).text)
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a file is a preset, and if not, where and why.", discussion: "Exits with 65 when it is not.")

        @Argument(help: "A preset file.", completion: .toml) var file: String
        @Flag(help: "One JSON document.") var json = false

        func run() throws {
            // A bare name is meant as a file here, not as a preset of the library.
            let preset = try PresetLibrary.load(file.contains("/") ? file : "./" + file)
            if json {
                try Output.result(JSON.object([
                    ("file", .string(file)), ("ok", .bool(true)), ("id", .string(preset.id)), ("name", .string(preset.name)),
                    ("hash", .string(preset.hash)),
                ]).text)
            } else {
                try Output.result("\(file.printable): a preset, \(preset.name): \(Text.number(preset.target.lufs, "LUFS")), "
                    + Text.number(preset.target.ceilingDBTP, "dBTP"))
            }
        }
    }

    static func json(_ value: PresetValue?) -> JSON {
        switch value {
        case .number(let x): .number(x)
        case .automatic: .string("auto")
        case .choice(let word): .string(word)
        case .toggle(let on): .bool(on)
        case nil: .null
        }
    }
}
