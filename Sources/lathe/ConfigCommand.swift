import ArgumentParser
import AudioFiles
import Glibc
import Studio

/// `lathe config`: the file in which the studio's standards can be set.
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show, write and check what the studio starts with.",
        discussion: "The file is config.toml in the folder lathe of your configuration (XDG_CONFIG_HOME, else ~/.config); its section [studio] is the studio's.",
        subcommands: [Show.self, Write.self, Check.self], defaultSubcommand: Show.self)

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print the section [studio] with every key, what it does and its standard.")

        func run() throws { try Output.result(String(StudioSettings.commented.dropLast())) }
    }

    struct Write: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Write that file, unless there is one.")

        func run() throws { try Output.result((try StudioSettings.write()).printable + ": written; edit it to your liking") }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say whether a file can be used, and if not, where and why.", discussion: "Exits with 65 when it cannot.")

        @Argument(help: "A configuration file; yours when left out.", completion: .toml) var file: String?

        func run() throws {
            guard let path = file ?? StudioSettings.path else { throw Failure(66, "config.toml: there is no place for it; set HOME or XDG_CONFIG_HOME") }
            if file == nil, access(path, F_OK) != 0 { return try Output.result(path.printable + ": is not there, and need not be; the usual settings apply (lathe config write makes it)") }
            _ = try StudioSettings.check(path)
            try Output.result(path.printable + ": can be used")
        }
    }
}
