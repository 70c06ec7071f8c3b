import AudioFiles
import Glibc
import Terminal
import TOMLKit

/// What the studio starts with, from `[studio]` in `config.toml`. Options of the command line win over it.
///
/// One table describes each key; the parser, the commented file and its check come from it.
public struct StudioSettings: Sendable, Equatable {
    /// A theme's name or file; nil is what suits the terminal's colours.
    public var theme: String?
    public var preset = "streaming"
    public var color = ColorDepth.Choice.auto
    /// nil is braille, or ASCII on a terminal without UTF-8 and on the Linux console.
    var glyphs: GlyphSet?
    public var mouse = false
    /// The studio in lines, without a screen.
    public var lines = false
    public var output = Output.automatic
    /// ALSA's name; empty is its default.
    public var device = ""
    var loudnessScale = LoudnessScale.target
    public var framesPerSecond = 20
    public var session = Session.never

    /// What becomes of what is open when the studio ends, and at the next start.
    public enum Session: String, Sendable, CaseIterable { case never, ask, restore }
    public enum Output: String, Sendable, CaseIterable { case automatic, browser, silent }

    public init() {}

    struct Row: Sendable {
        let key: String
        /// One line on what it does.
        let help: String
        /// What may be written, for people.
        let values: String
        /// As TOML.
        let standard: String
        /// Why the value is refused; nil when it was taken.
        let take: @Sendable (inout StudioSettings, TOMLValueConvertible) -> String?
    }

    static let rows: [Row] = [
        text("theme", "Colours: a theme's name or a file; empty is what suits the terminal.", "a name of `lathe themes list`, or a path", "") { $0.theme = $1.isEmpty ? nil : $1 },
        text("preset", "What a file is heard with first.", "a name of `lathe presets list`, or a path", "streaming") { $0.preset = $1 },
        choice("color", "How many colours the terminal has; auto asks it.", ColorDepth.Choice.allCases.map(\.rawValue), "auto") { $0.color = ColorDepth.Choice(rawValue: $1) ?? .auto },
        choice("glyphs", "Which shapes graphs are made of; auto is braille where the terminal has UTF-8 and is not the Linux console, else ASCII.", ["auto"] + GlyphSet.allCases.map(\.rawValue), "auto") { $0.glyphs = GlyphSet(rawValue: $1) },
        toggle("mouse", "Clicks choose and open, the wheel moves; the terminal's own selection then needs Shift.", "false") { $0.mouse = $1 },
        toggle("lines", "Lines in place of a screen, for screen readers.", "false") { $0.lines = $1 },
        choice("output", "Where the sound goes: ALSA when there is a device, your browser through ssh -L, or nowhere.", Output.allCases.map(\.rawValue), "automatic") { $0.output = Output(rawValue: $1) ?? .automatic },
        text("device", "An ALSA device, as aplay -L lists them; empty is ALSA's default.", "a device's name", "") { $0.device = $1 },
        choice("session", "Whether file, place and setting are kept for the next start, for a day at most and sealed, with the key beside them: never, asking before they are taken up, or restored at once.",
               Session.allCases.map(\.rawValue), "never") { $0.session = Session(rawValue: $1) ?? .never },
        choice("loudness_scale", "What the loudness panel is read against: the target in LUFS, or EBU mode (0 LU is -23 LUFS) with the +9 or the +18 scale.", LoudnessScale.allCases.map(\.rawValue), "target") {
            $0.loudnessScale = LoudnessScale(rawValue: $1) ?? .target
        },
        Row(key: "frames_per_second", help: "Frames a second at most; a slow line gets fewer by itself.", values: "2 to 30", standard: "20") { settings, value in
            guard let number = value.int, (2...30).contains(number) else { return "must be a whole number from 2 to 30" }
            settings.framesPerSecond = number
            return nil
        },
    ]

    private static func text(_ key: String, _ help: String, _ values: String, _ standard: String, _ set: @escaping @Sendable (inout StudioSettings, String) -> Void) -> Row {
        Row(key: key, help: help, values: values, standard: "\"" + standard + "\"") { settings, value in
            guard let text = value.string, text.utf8.count <= 4096 else { return "must be a text" }
            set(&settings, text)
            return nil
        }
    }

    private static func choice(_ key: String, _ help: String, _ words: [String], _ standard: String, _ set: @escaping @Sendable (inout StudioSettings, String) -> Void) -> Row {
        Row(key: key, help: help, values: words.joined(separator: ", "), standard: "\"" + standard + "\"") { settings, value in
            guard let word = value.string, words.contains(word) else { return "must be one of " + words.joined(separator: ", ") }
            set(&settings, word)
            return nil
        }
    }

    private static func toggle(_ key: String, _ help: String, _ standard: String, _ set: @escaping @Sendable (inout StudioSettings, Bool) -> Void) -> Row {
        Row(key: key, help: help, values: "true, false", standard: standard) { settings, value in
            guard let on = value.bool else { return "must be true or false" }
            set(&settings, on)
            return nil
        }
    }

    private static let fileSizeLimit = 64 * 1024

    /// `$XDG_CONFIG_HOME/lathe/config.toml`.
    public static var path: String? { SettingsFile.folder.map { $0 + "/config.toml" } }

    /// What is set; the standard where there is no file or no `[studio]`. Other sections belong to others.
    /// - Throws: for a file that cannot be used, with line and column.
    public static func load() throws(SettingsError) -> StudioSettings {
        guard let path, access(path, F_OK) == 0 else { return StudioSettings() }
        return try check(path)
    }

    public static func check(_ path: String) throws(SettingsError) -> StudioSettings {
        try parse(toml: SettingsFile.read(path, limit: fileSizeLimit, what: "configuration", seeAlso: "`lathe config show`"), file: path)
    }

    static func parse(toml text: String, file: String) throws(SettingsError) -> StudioSettings {
        let (root, positions) = try SettingsFile.parse(text, file: file, limit: fileSizeLimit, what: "configuration", sections: "[studio] and others")
        var settings = StudioSettings()
        guard root.contains(key: "studio") else { return settings }
        func refusal(_ key: String, _ problem: String, _ remedy: String) -> SettingsError {
            let position = positions[[.key("studio"), .key(key)]] ?? positions[[.key("studio")]]
            return SettingsError(kind: .unusable, file: file, line: position?.line, column: position?.column, problem: problem, remedy: remedy)
        }
        guard let table = root["studio"]?.table else { throw refusal("studio", "studio must be a section", "write [studio]") }
        for key in table.keys {
            guard let row = rows.first(where: { $0.key == key }) else { throw refusal(key, "unknown key 'studio.\(key)'", "`lathe config show` lists them") }
            if let value = table[key], let problem = row.take(&settings, value) { throw refusal(key, "'\(key)' " + problem, "write for example \(key) = \(row.standard)") }
        }
        return settings
    }

    /// The section with every key at its standard, each behind what it does.
    public static var commented: String {
        var out = "# What the studio starts with. Options on the command line win over it.\n[studio]\n"
        for row in rows { out += "\n# \(row.help)\n# \(row.values)\n\(row.key) = \(row.standard)\n" }
        return out
    }

    /// Writes the commented file, unless there is one.
    /// - Returns: its path.
    public static func write() throws(SettingsError) -> String {
        guard let path, let folder = SettingsFile.folder else { throw SettingsError(kind: .missing, file: "config.toml", problem: "there is no place for it", remedy: "set HOME or XDG_CONFIG_HOME") }
        guard access(path, F_OK) != 0 else { throw SettingsError(kind: .cannotCreate, file: path, problem: "exists already", remedy: "`lathe config show` prints the section to copy from") }
        try SettingsFile.write(commented, to: path, in: folder)
        return path
    }
}
