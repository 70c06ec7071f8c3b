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
    public var problem: ThemeError?
}

/// The themes on this machine: `Themes/` of Lathe and `$XDG_CONFIG_HOME/lathe/themes`, whose files win.
public enum ThemeLibrary {
    /// By name; unusable files with their problem. Cost: reads every theme file.
    public static func list() -> [ThemeSummary] {
        var found: [String: ThemeSummary] = [:]
        for folder in folders.reversed() {
            for name in themeFiles(in: folder) {
                let path = folder + "/" + name
                do throws(ThemeError) {
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
    public static func load(_ nameOrPath: String) throws(ThemeError) -> Theme {
        if nameOrPath.contains("/") || nameOrPath.hasSuffix(".toml") { return try check(nameOrPath) }
        if nameOrPath == Theme.fallback.id { return Theme.fallback }
        if !nameOrPath.hasPrefix(".") {
            for folder in folders {
                let path = folder + "/" + nameOrPath + ".toml"
                if access(path, F_OK) == 0 { return try check(path) }
            }
        }
        let known = folders.flatMap(themeFiles).map { String($0.dropLast(5)) }.sorted()
        throw ThemeError(kind: .missing, file: nameOrPath, problem: "no such theme",
                         remedy: known.isEmpty ? "leave out --theme to use the built-in one" : "there are: " + known.joined(separator: ", "))
    }

    /// The theme that suits a number of colours; the built-in one when its file is not there.
    public static func standard(for depth: ColorDepth) throws(ThemeError) -> Theme {
        let id = switch depth {
        case .truecolor: "dusk"
        case .ansi256: "twofiftysix"
        case .ansi16: "sixteen"
        case .mono: "mono"
        }
        for folder in folders where access(folder + "/" + id + ".toml", F_OK) == 0 { return try check(folder + "/" + id + ".toml") }
        return .fallback
    }

    /// Reads one theme file.
    /// - Throws: `.missing` when it cannot be opened, `.unusable` with line and column when it is not a theme.
    public static func check(_ path: String) throws(ThemeError) -> Theme {
        // O_NONBLOCK: opening a FIFO must not wait for a writer.
        let descriptor = path.withFileName { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno)).lowercased()
            throw ThemeError(kind: .missing, file: path, problem: "cannot open the theme (\(reason))", remedy: "check the path, or see `lathe themes list`")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ThemeError(kind: .unusable, file: path, problem: "is not a regular file", remedy: "name a theme file")
        }
        var bytes = [UInt8](repeating: 0, count: Theme.fileSizeLimit + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw ThemeError(kind: .unusable, file: path, problem: "cannot be read", remedy: "check the disk") }
            if got == 0 { break }
            count += got
        }
        guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw ThemeError(kind: .unusable, file: path, problem: "is not UTF-8 text", remedy: "a theme is a TOML text file")
        }
        return try Theme.parse(toml: text, file: path)
    }

    /// The user's first.
    private static var folders: [String] {
        let environment = ProcessInfo.processInfo.environment
        let config = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? environment["HOME"].map { $0 + "/.config" }
        return [config.map { $0 + "/lathe/themes" }, DataFolder.find("Themes", holding: "dusk.toml")].compactMap { $0 }
    }

    private static func themeFiles(in folder: String) -> [String] {
        // A folder that is absent or closed to us holds no themes.
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return [] }
        return names.filter { $0.hasSuffix(".toml") && !$0.hasPrefix(".") }
    }
}
