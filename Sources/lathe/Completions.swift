import ArgumentParser
import Mastering
import Playback
import Rendering
import Studio

/// What shells offer behind options and commands.
extension CompletionKind {
    /// Audio files, however their extension is written.
    static var audio: CompletionKind {
        let extensions = StudioFiles.audioExtensions.sorted()
        return .file(extensions: extensions + extensions.map { $0.uppercased() })
    }

    static var toml: CompletionKind { .file(extensions: ["toml"]) }
    static var presets: CompletionKind { .custom { _, _, _ in PresetLibrary.list().filter { $0.problem == nil }.map(\.id) } }
    static var themes: CompletionKind { .custom { _, _, _ in ThemeLibrary.list().filter { $0.problem == nil }.map(\.id) } }
    static var devices: CompletionKind { .custom { _, _, _ in ALSADevice.all().map(\.name) } }
    /// Nothing where the genres cannot be read: the command itself says why.
    static var genres: CompletionKind { .custom { _, _, _ in (try? GenreLibrary.list().map(\.id)) ?? [] } }
    /// A parameter of presets, with the sign behind it.
    static var settings: CompletionKind { .custom { _, _, _ in Preset.parameters.map { $0.key + "=" } } }
}

/// The parser's scripts know the first word as a command only; `lathe mix.wav` and `lathe ~/mixes` are words of it too.
enum CompletionScript {
    static func withPaths(_ script: String) -> String {
        script
            // bash: where the function has nothing to offer, files are.
            .replacing("complete -o filenames -F _lathe lathe", with: "complete -o filenames -o default -F _lathe lathe")
            // zsh: files beside the commands.
            .replacing("        _describe -V subcommand subcommands && ret=0\n        ;;\n    arg)\n        case \"${words[1]}\" in\n        studio|",
                       with: "        _describe -V subcommand subcommands && ret=0\n        _files && ret=0\n        ;;\n    arg)\n        case \"${words[1]}\" in\n        studio|")
            // fish: the same.
            .replacing("complete -c 'lathe' -f\n", with: "complete -c 'lathe' -f\ncomplete -c 'lathe' -n '__lathe_should_offer_completions_for_positional \"lathe\" -eq 1' -F\n")
    }
}
