import ArgumentParser
import AudioFiles
import Foundation
import Mastering
import Rendering

extension PresetsCommand {
    struct Diff: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say what turns one preset's sound into another's.")

        @Argument(help: "A preset's name or file.", completion: .presets) var from: String
        @Argument(help: "A preset's name or file.", completion: .presets) var to: String
        @Flag(help: "One JSON document.") var json = false

        func run() throws {
            let differences = try PresetLibrary.load(from).differences(to: PresetLibrary.load(to))
            if json { return try Output.result(JSON.array(differences.map(\.json)).text) }
            try Output.result(differences.isEmpty ? "no difference" : differences.table)
        }
    }

    struct Morph: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the preset that lies between two.",
            discussion: "The text is a complete preset file: lathe presets morph rock club --amount 30 > own.toml")

        @Argument(help: "A preset's name or file.", completion: .presets) var from: String
        @Argument(help: "A preset's name or file.", completion: .presets) var to: String
        @Option(parsing: .unconditional, help: ArgumentHelp("How far, 0 to 100 %.", valueName: "pct")) var amount = 50.0
        @Option(help: ArgumentHelp("Id of the new preset.", valueName: "name")) var name: String?

        func validate() throws {
            if !(amount.isFinite && (0...100).contains(amount)) { throw ValidationError("--amount takes 0 to 100") }
            if let name, !Preset.isIdentifier(name) { throw ValidationError("--name takes lower-case letters, digits, - and _") }
        }

        func run() throws {
            let a = try PresetLibrary.load(from), b = try PresetLibrary.load(to)
            var between = a.morphed(to: b, share: amount / 100)
            let share = Text.number(amount, places: 0)
            between.id = name ?? String("\(a.id)-\(b.id)-\(share)".prefix(64))
            between.name = String("\(a.name) to \(b.name), \(share) %".prefix(64))
            between.intent = ""
            try Output.result(String(between.toml().dropLast()))
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a preset file from elsewhere would do, and with --yes take it among your own.",
            discussion: "Compared with your preset of the same name, else with the one it is based on, else with streaming.")

        @Argument(help: "A preset file.", completion: .toml) var file: String
        @Flag(help: "Take it.") var yes = false
        @Flag(help: "Replace your preset of the same name.") var force = false

        func run() async throws {
            let preset = try PresetLibrary.load(file.contains("/") ? file : "./" + file)
            let mine = PresetLibrary.list().first { $0.id == preset.id && !$0.isFactory && $0.problem == nil }
            let other = try PresetLibrary.load(mine?.id ?? preset.basedOn ?? Preset().id)
            let differences = other.differences(to: preset)
            let title = "\(preset.name.printable) (\(preset.id)), beside \(other.name.printable):"
            try Output.result(title + "\n" + (differences.isEmpty ? "  no difference" : differences.table))
            guard yes else { return try Output.result("nothing was taken; add --yes to take it") }
            if mine != nil, !force {
                throw Failure(Failure.usageExitCode, "\(preset.id): you have a preset of this name; add --force to replace it")
            }
            let path = try await withLedger { ledger in
                try await RecordedFile.record(in: PresetLibrary.userFolder, purpose: .mastering, ledger: ledger) { try PresetLibrary.save(preset, scratchName: $0) }
            }
            try Output.result(path.printable)
        }
    }
}

extension [Preset.Difference] {
    fileprivate var table: String {
        Text.table(map { difference in
            let row = Preset.parameter(difference.key)
            return [difference.key, row?.text(difference.from) ?? "", "->", row?.text(difference.to) ?? ""]
        })
    }
}

extension Preset.Difference {
    fileprivate var json: JSON {
        .object([("key", .string(key)), ("from", PresetsCommand.json(from)), ("to", PresetsCommand.json(to))])
    }
}
