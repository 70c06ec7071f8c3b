import Mastering
import Terminal
import TOMLKit

extension Theme {
    /// Larger files are refused before they are read on.
    public static let fileSizeLimit = 64 * 1024

    /// Reads a theme:
    /// ```toml
    /// schema = 1
    /// name = "Dusk"
    /// depth = "truecolor"          # truecolor 256 16 mono
    /// inherits = "ember"           # everything that is not written here; its roles take this palette
    /// [palette]
    /// ink = "#d8dee9"              # #rrggbb, 0…255 or default
    /// [roles]
    /// text = "ink on #101418"      # colour, `on` background, bold dim italic underline reverse
    /// ```
    /// Roles that are left out look like `text`.
    /// - Throws: for unknown keys, roles, colours and words, with file, line and column.
    public static func parse(toml text: String, file: String) throws(SettingsError) -> Theme {
        try parse(toml: text, file: file) { name throws(SettingsError) in try ThemeLibrary.source(name) }
    }

    /// - Parameter source: text and file of a theme by its name.
    static func parse(toml text: String, file: String, source: (String) throws(SettingsError) -> (text: String, file: String)) throws(SettingsError) -> Theme {
        let (table, positions) = try SettingsFile.parse(text, file: file, limit: fileSizeLimit, what: "theme", sections: "[palette] and [roles]")
        return try ThemeReader(file: file, positions: positions).theme(table, source: source, depth: 0).theme
    }
}

/// Turns the parsed table into a theme; knows where everything stood.
private struct ThemeReader {
    let file: String
    let positions: TOMLPositions

    /// Words of palette and roles, this theme's before those of what it inherits from.
    struct Words {
        var palette: [String: String] = [:]
        var roles: [String: String] = [:]
        var depth = ColorDepth.truecolor
        var files: [String] = []
    }

    private static let mostInherited = 4

    func theme(
        _ table: TOMLTable, source: (String) throws(SettingsError) -> (text: String, file: String), depth level: Int
    ) throws(SettingsError) -> (theme: Theme, words: Words) {
        for key in table.keys where !["schema", "name", "depth", "inherits", "palette", "roles"].contains(key) {
            throw refusal([key], "unknown key '\(key)'", "use schema, name, depth, inherits, [palette] and [roles]")
        }
        guard table["schema"]?.int == 1 else { throw refusal(["schema"], "schema must be 1", "write schema = 1") }
        guard let name = table["name"]?.string, !name.isEmpty, name.count <= 60 else {
            throw refusal(["name"], "a theme needs a name of at most 60 characters", "write name = \"…\"")
        }
        var words = Words()
        if let value = table["inherits"] {
            guard let parent = value.string else { throw refusal(["inherits"], "inherits must be a theme's name", "write inherits = \"dusk\"") }
            guard level < Self.mostInherited else { throw refusal(["inherits"], "themes inherit from each other too often", "leave one inherits out") }
            let (text, file): (String, String)
            do throws(SettingsError) { (text, file) = try source(parent) } catch { throw refusal(["inherits"], error.problem, error.remedy) }
            let (base, positions) = try SettingsFile.parse(text, file: file, limit: Theme.fileSizeLimit, what: "theme", sections: "[palette] and [roles]")
            words = try ThemeReader(file: file, positions: positions).theme(base, source: source, depth: level + 1).words
        }
        let depth: ColorDepth
        switch table["depth"]?.string {
        case nil: depth = words.depth
        case "truecolor": depth = .truecolor
        case "256": depth = .ansi256
        case "16": depth = .ansi16
        case "mono": depth = .mono
        default: throw refusal(["depth"], "unknown depth", "use truecolor, 256, 16 or mono")
        }
        if table["depth"] != nil, table["depth"]?.string == nil { throw refusal(["depth"], "depth must be text", "use \"truecolor\", \"256\", \"16\" or \"mono\"") }

        let entries = try section("palette", table)
        for key in entries?.keys ?? [] {
            guard let word = entries?[key]?.string ?? entries?[key]?.int.map(String.init) else {
                throw refusal(["palette", key], "'\(key)' is not a colour", "write \"#rrggbb\", 0 to 255 or \"default\"")
            }
            words.palette[key] = word
        }
        let roles = try section("roles", table)
        guard roles != nil || !words.roles.isEmpty else { throw refusal(["roles"], "there are no [roles]", "give at least text a colour") }
        for key in roles?.keys ?? [] {
            guard Role(rawValue: key) != nil else {
                throw refusal(["roles", key], "unknown role '\(key)'", "the roles are " + Role.allCases.map(\.rawValue).joined(separator: ", "))
            }
            guard let text = roles?[key]?.string else { throw refusal(["roles", key], "'\(key)' must be text", "write for example \"ink on #101418 bold\"") }
            words.roles[key] = text
        }
        words.depth = depth
        words.files.insert(file, at: 0)
        var theme = try styled(words, name: name)
        theme.files = words.files
        return (theme, words)
    }

    private func styled(_ words: Words, name: String) throws(SettingsError) -> Theme {
        var palette: [String: Color] = [:]
        for (key, word) in words.palette { palette[key] = try color(word, [:], ["palette", key]) }
        var styles: [Role: Style] = [:]
        // Text comes first: its background is everyone's.
        guard let text = words.roles["text"] else { throw refusal(["roles"], "the role 'text' is missing", "write text = \"default\"") }
        let base = try style(text, palette, on: .default, ["roles", "text"]).background
        for (key, text) in words.roles { if let role = Role(rawValue: key) { styles[role] = try style(text, palette, on: base, ["roles", key]) } }
        let id = file.split(separator: "/").last.map(String.init) ?? file
        return Theme(id: id.hasSuffix(".toml") ? String(id.dropLast(5)) : id, name: name, depth: words.depth, styles: styles)
    }

    private func section(_ key: String, _ table: TOMLTable) throws(SettingsError) -> TOMLTable? {
        guard let value = table[key] else { return nil }
        guard let inner = value.table else { throw refusal([key], "'\(key)' must be a table", "write [\(key)]") }
        return inner
    }

    private func style(_ text: String, _ palette: [String: Color], on base: Color, _ path: [String]) throws(SettingsError) -> Style {
        var style = Style(.default, on: base)
        var named = false
        var background = false
        for word in text.split(separator: " ").map(String.init) {
            if background {
                style.background = try color(word, palette, path)
                background = false
            } else if word == "on" {
                background = true
            } else if let attribute = Self.attributes[word] {
                style.attributes.insert(attribute)
            } else if named {
                throw refusal(path, "'\(word)' is one word too many", "write a colour, then `on` a colour, then attributes")
            } else {
                style.foreground = try color(word, palette, path)
                named = true
            }
        }
        if background { throw refusal(path, "a colour is missing after 'on'", "name the background") }
        return style
    }

    private static let attributes: [String: Style.Attributes] = [
        "bold": .bold, "dim": .dim, "italic": .italic, "underline": .underline, "reverse": .reverse,
    ]

    private func color(_ word: String, _ palette: [String: Color], _ path: [String]) throws(SettingsError) -> Color {
        if let color = palette[word] { return color }
        if word == "default" { return .default }
        if word.hasPrefix("#"), word.utf8.count == 7, let hex = UInt32(word.dropFirst(), radix: 16) { return .rgb(hex: hex) }
        if let index = UInt8(word) { return .indexed(index) }
        throw refusal(path, "unknown colour '\(word.prefix(40))'", "use a name from [palette], #rrggbb, 0 to 255 or default")
    }

    private func refusal(_ path: [String], _ problem: String, _ remedy: String) -> SettingsError {
        let position = positions[path.map { .key($0) }] ?? positions[[.key(path[0])]] ?? positions[[.key("inherits")]]
        return SettingsError(kind: .unusable, file: file, line: position?.line, column: position?.column, problem: problem, remedy: remedy)
    }
}
