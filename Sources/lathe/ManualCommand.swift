import ArgumentParser
import Foundation

/// `lathe manual`: the manual page, made from the same descriptions as `--help`.
struct ManualCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manual", abstract: "Print the manual page, for man.",
        discussion: "lathe manual > ~/.local/share/man/man1/lathe.1 installs it. Completions come from lathe --generate-completion-script bash|zsh|fish.")

    func run() throws { try Output.result(String(try ManualPage.text().dropLast())) }
}

/// What `--help` knows, as a page for man(7).
enum ManualPage {
    private struct Tool: Decodable { var command: Command }

    struct Command: Decodable {
        var commandName: String
        var abstract: String?
        var discussion: String?
        var subcommands: [Command]?
        var arguments: [Argument]?
        var shouldDisplay: Bool?
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            var kind: String
            var name: String
        }
        var kind: String
        var shouldDisplay: Bool
        var isOptional: Bool
        var isRepeating: Bool
        var names: [Name]?
        var valueName: String?
        var abstract: String?
        var defaultValue: String?
    }

    static func text() throws -> String {
        let tool = try JSONDecoder().decode(Tool.self, from: Data(Lathe._dumpHelp().utf8))
        var out = ".TH LATHE 1 \"\" \"Lathe \(Lathe.version)\" \"User Commands\"\n.SH NAME\nlathe \\- \(escaped(tool.command.abstract ?? ""))\n"
        out += ".SH SYNOPSIS\n.B lathe\n[\\fIpath\\fR]\n.br\n.B lathe\n\\fIcommand\\fR [\\fIarguments\\fR]\n"
        if let discussion = tool.command.discussion { out += ".SH DESCRIPTION\n" + paragraphs(discussion) }
        out += ".SH COMMANDS\n"
        for command in tool.command.subcommands ?? [] { write(command, "lathe", to: &out) }
        out += """
            .SH FILES
            .TP
            .I ~/.config/lathe/config.toml
            What the studio starts with, and tiers; \\fBlathe config write\\fR makes one with comments.
            .TP
            .I ~/.config/lathe/keys.toml
            Keys of your own.
            .TP
            .I ~/.config/lathe/presets
            Presets of your own.
            .TP
            .I ~/.local/state/lathe
            The ledger of temporary data; \\fBlathe ledger policy\\fR says what it promises.
            .SH EXIT STATUS
            0 done, 64 usage, 65 unusable input, 66 no such input, 69 no allowed tier could do it, 73 cannot create the output, 74 I/O failed, 75 try again later, 130 interrupted.

            """
        return out
    }

    private static func write(_ command: Command, _ path: String, to out: inout String) {
        guard command.commandName != "help", command.shouldDisplay != false else { return }
        let full = path + " " + command.commandName
        out += ".SS \(escaped(full))\n" + paragraphs(command.abstract ?? "")
        if let discussion = command.discussion { out += paragraphs(discussion) }
        for argument in command.arguments ?? [] where argument.shouldDisplay && !["help", "version"].contains(argument.names?.first?.name) {
            out += ".TP\n" + tag(argument) + "\n" + (argument.abstract.map { escaped($0) + "\n" } ?? "")
            if let value = argument.defaultValue, !value.isEmpty, value != "false" { out += "Without it: \(escaped(value)).\n" }
        }
        for more in command.subcommands ?? [] { write(more, full, to: &out) }
    }

    private static func tag(_ argument: Argument) -> String {
        let value = "\\fI" + escaped(argument.valueName ?? "value") + "\\fR"
        guard argument.kind != "positional" else { return value + (argument.isRepeating ? " ..." : "") }
        let names = (argument.names ?? []).map { "\\fB" + escaped(($0.kind == "long" ? "--" : "-") + $0.name) + "\\fR" }.joined(separator: ", ")
        return names + (argument.kind == "option" ? " " + value : "")
    }

    private static func paragraphs(_ text: String) -> String {
        text.split(separator: "\n").map { escaped(String($0)) }.joined(separator: "\n.br\n") + "\n.PP\n"
    }

    /// As groff_char(7) asks: what would begin a request, an escape or become a typographic sign is written as itself.
    private static func escaped(_ text: String) -> String {
        var out = text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("`", with: "\\(ga").replacing("'", with: "\\(aq")
        if out.hasPrefix(".") { out = "\\&" + out }
        return out
    }
}
