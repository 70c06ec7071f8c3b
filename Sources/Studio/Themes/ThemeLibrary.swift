import AudioFiles
import Foundation
import Mastering
import Terminal

/// A theme as lists show it.
public struct ThemeSummary: Sendable, Equatable, Identifiable {
    public var id: String
    public var name: String
    public var depth: ColorDepth
    public var path: String
    /// Why it cannot be used; the other fields are then guesses.
    public var problem: SettingsError?
}

/// The themes on this machine: `Themes/` of Lathe and `$XDG_CONFIG_HOME/lathe/themes`, whose files win.
public enum ThemeLibrary {
    /// By name; unusable files with their problem. Cost: reads every theme file.
    public static func list() -> [ThemeSummary] {
        var found: [String: ThemeSummary] = [:]
        for folder in folders.reversed() {
            for name in themeFiles(in: folder) {
                let path = folder + "/" + name
                do throws(SettingsError) {
                    let theme = try check(path)
                    found[theme.id] = ThemeSummary(id: theme.id, name: theme.name, depth: theme.depth, path: path, problem: nil)
                } catch {
                    let id = Sanitise.line(String(name.dropLast(5)))
                    found[id] = ThemeSummary(id: id, name: id, depth: .mono, path: path, problem: error)
                }
            }
        }
        return found.values.sorted { $0.id < $1.id }
    }

    /// A theme by id, or by path when the argument holds a `/` or ends in `.toml`.
    public static func load(_ nameOrPath: String) throws(SettingsError) -> Theme {
        if nameOrPath.contains("/") || nameOrPath.hasSuffix(".toml") { return try check(nameOrPath) }
        if nameOrPath == Theme.fallback.id { return Theme.fallback }
        if !nameOrPath.hasPrefix(".") {
            for folder in folders {
                let path = folder + "/" + nameOrPath + ".toml"
                if access(path, F_OK) == 0 { return try check(path) }
            }
        }
        let known = folders.flatMap(themeFiles).map { String($0.dropLast(5)) }.sorted()
        throw SettingsError(kind: .missing, file: nameOrPath, problem: "no such theme",
                         remedy: known.isEmpty ? "leave out --theme to use the built-in one" : "there are: " + known.joined(separator: ", "))
    }

    /// The theme that suits a number of colours; the built-in one when its file is not there.
    public static func standard(for depth: ColorDepth) throws(SettingsError) -> Theme {
        let id = switch depth {
        case .truecolor: "dusk"
        case .ansi256: "twofiftysix"
        case .ansi16: "sixteen"
        case .mono: "mono"
        }
        for folder in folders where access(folder + "/" + id + ".toml", F_OK) == 0 { return try check(folder + "/" + id + ".toml") }
        return .fallback
    }

    /// The text of a theme by name, for those who inherit from it.
    static func source(_ name: String) throws(SettingsError) -> (text: String, file: String) {
        for folder in folders where !name.hasPrefix(".") && !name.contains("/") {
            let path = folder + "/" + name + ".toml"
            if access(path, F_OK) == 0 { return (try SettingsFile.read(path, limit: Theme.fileSizeLimit, what: "theme", seeAlso: "`lathe themes list`"), path) }
        }
        throw SettingsError(kind: .unusable, file: name, problem: "there is no theme '\(name)' to inherit from", remedy: "`lathe themes list` names them")
    }

    /// Reads one theme file.
    /// - Throws: `.missing` when it cannot be opened, `.unusable` with line and column when it is not a theme.
    public static func check(_ path: String) throws(SettingsError) -> Theme {
        let text = try SettingsFile.read(path, limit: Theme.fileSizeLimit, what: "theme", seeAlso: "`lathe themes list`")
        return try Theme.parse(toml: text, file: path)
    }

    /// The user's first.
    private static var folders: [String] {
        [SettingsFile.folder.map { $0 + "/themes" }, DataFolder.find("Themes", holding: "dusk.toml")].compactMap { $0 }
    }

    private static func themeFiles(in folder: String) -> [String] {
        // A folder that is absent or closed to us holds no themes.
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [] }
        return names.filter { $0.hasSuffix(".toml") && !$0.hasPrefix(".") }
    }
}
