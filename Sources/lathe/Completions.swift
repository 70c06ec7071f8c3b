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

    /// `lathe --theme dusk` and `lathe mix.wav --theme dusk` are the studio without its name; the parser's scripts offer its options behind the name only.
    static func withStudioOptions(_ script: String) -> String {
        let names = (Lathe.configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]).joined(separator: "|")
        let script = script
            // bash: before the words are counted.
            .replacing("    __lathe_offer_flags_options 0\n\n    # Offer subcommand / subcommand argument completions\n    local -r subcommand=\"${unparsed_words[0]}\"\n", with: """
                    if [[ "${COMP_CWORD}" -gt 1 || "${cur}" == -* ]] && [[ ! "${COMP_WORDS[1]}" =~ ^(\(names))$ ]]; then
                        _lathe_studio
                        return
                    fi
                    __lathe_offer_flags_options 0

                    # Offer subcommand / subcommand argument completions
                    local -r subcommand="${unparsed_words[0]}"

                """, maxReplacements: 1)
            // zsh: the same, in its words.
            .replacing("    local -i ret=1\n    local -ar arg_specs=(\n        '--version[Show the version.]'\n", with: """
                    if [[ "${CURRENT}" -gt 2 || "${words[2]}" == -* ]] && [[ "${words[2]}" != (\(names)) ]]; then
                        _lathe_studio
                        return
                    fi

                    local -i ret=1
                    local -ar arg_specs=(
                        '--version[Show the version.]'

                """, maxReplacements: 1)
        // fish: the options stand behind both.
        let lines = script.split(separator: "\n", omittingEmptySubsequences: false)
        guard let root = lines.firstIndex(where: { $0 == "    case 'lathe'" }),
            let studio = lines.firstIndex(where: { $0.hasPrefix("            __lathe_parse_subcommand 1 'preset=' 'theme='") }) else { return script }
        var out = lines.map(String.init)
        out[root + 1] = "        " + String(out[studio].trimmingPrefix { $0 == " " }).replacing("subcommand 1", with: "subcommand 0")
        let condition = "__lathe_should_offer_completions_for_flags_or_options \"lathe studio\" "
        for line in lines where line.contains(condition) && !line.contains(condition + "version'") && !line.contains(condition + "h help'") {
            out.append(String(line).replacing("\"lathe studio\"", with: "\"lathe\""))
        }
        return out.joined(separator: "\n")
    }
}
