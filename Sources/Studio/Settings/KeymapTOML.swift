import Glibc
import TOMLKit

extension Keymap {
    static let fileSizeLimit = 64 * 1024

    /// The user's own keys, `$XDG_CONFIG_HOME/lathe/keys.toml`; the standard ones when there is no such file.
    /// - Throws: for a file that is there and cannot be used, with line and column.
    static func load() throws(SettingsError) -> Keymap {
        guard let path = SettingsFile.folder.map({ $0 + "/keys.toml" }), access(path, F_OK) == 0 else { return .standard }
        return try check(path)
    }

    static func check(_ path: String) throws(SettingsError) -> Keymap {
        try parse(toml: SettingsFile.read(path, limit: fileSizeLimit, what: "keymap", seeAlso: "`lathe keys list`"), file: path)
    }

    /// Reads a keymap:
    /// ```toml
    /// schema = 1
    /// [keys]
    /// "transport.play" = ["Space", "p"]    # in place of all keys that the command had
    /// "queue.why" = []                     # no key; the palette still has it
    /// ```
    /// - Throws: for unknown commands and keys, and for two commands on one key, with file, line and column.
    static func parse(toml text: String, file: String) throws(SettingsError) -> Keymap {
        let (table, positions) = try SettingsFile.parse(text, file: file, limit: fileSizeLimit, what: "keymap", sections: "[keys]")
        func refusal(_ path: [String], _ problem: String, _ remedy: String) -> SettingsError {
            let position = positions[path.map { .key($0) }] ?? path.first.flatMap { positions[[.key($0)]] }
            return SettingsError(kind: .unusable, file: file, line: position?.line, column: position?.column, problem: problem, remedy: remedy)
        }
        for key in table.keys where !["schema", "keys"].contains(key) { throw refusal([key], "unknown key '\(key)'", "use schema and [keys]") }
        guard table["schema"]?.int == 1 else { throw refusal(["schema"], "schema must be 1", "write schema = 1") }
        guard let entries = table["keys"]?.table else { throw refusal(["keys"], "there are no [keys]", "write [keys] and a line for each command") }
        var own: [String: [KeyStroke]] = [:]
        for id in entries.keys {
            let path = ["keys", id]
            guard Command.named(id) != nil else {
                throw refusal(path, "unknown command '\(id)'", "`lathe keys list` names them")
            }
            let words: [String?]
            if let one = entries[id]?.string { words = [one] } else if let list = entries[id]?.array { words = list.map(\.string) } else { words = [nil] }
            own[id] = []
            for word in words {
                guard let word else { throw refusal(path, "'\(id)' takes a key or a list of keys", "write for example [\"Space\", \"Ctrl-P\"]") }
                guard let key = KeyStroke(label: word) else {
                    throw refusal(path, "'\(word)' is no key that terminals can tell from others", "write one character, or Space, Enter, Tab, Up, PgDn, …, with Ctrl- or Alt- before it")
                }
                own[id]?.append(key)
            }
        }
        let keymap = Keymap(own)
        for conflict in keymap.conflicts {
            // The line to name is the later one of those that the file has for them; the table itself has no conflict.
            let moved = conflict.ids.filter { own[$0] != nil }.sorted { (positions[[.key("keys"), .key($0)]]?.line ?? 0) < (positions[[.key("keys"), .key($1)]]?.line ?? 0) }
            let id = moved.last ?? conflict.ids[0]
            let other = conflict.ids.first { $0 != id } ?? id
            throw refusal(["keys", id], "\(conflict.key.label) already means '\(other)' where '\(id)' applies", "choose another key, or give '\(other)' one")
        }
        for id in ["quit", "palette"] where own[id]?.isEmpty == true {
            throw refusal(["keys", id], "'\(id)' needs a key", "give it one, or leave the line out")
        }
        // Also where others have taken its keys.
        for id in ["quit", "palette"] {
            guard let command = Command.named(id), let view = ViewID.allCases.first(where: { keymap.keys(of: command, in: $0).isEmpty }) else { continue }
            let taken = keymap.keys(of: command).compactMap { keymap.command(for: $0, in: view)?.id }.first { own[$0] != nil } ?? id
            throw refusal(["keys", taken], "'\(id)' has no key left in \(view.title)", "give '\(taken)' another key, or '\(id)' one of its own")
        }
        return keymap
    }
}

/// The keys as the command line lists and checks them.
public enum KeymapLibrary {
    public struct Row: Sendable, Equatable {
        public var id: String
        public var title: String
        public var keys: [String]
        /// Views by name; empty means everywhere.
        public var views: [String]
        public var help: String
    }

    /// Every command, in the table's order, with the user's keys.
    /// - Throws: when the user's file cannot be used.
    public static func list() throws(SettingsError) -> [Row] { rows(try Keymap.load()) }

    /// The keys that Lathe comes with, as the page `KEYS.md` shows them.
    public static var page: String {
        var out = "# Keys\n\nMade by `lathe keys page` from the studio's command table. Your own go into `keys.toml`; `lathe keys check FILE` says whether they can.\n"
        let groups: [(String, [Row])] = [("Everywhere", rows(.standard).filter(\.views.isEmpty))]
            + ViewID.allCases.map { view in (view.title, rows(.standard).filter { $0.views.contains(view.title) }) }
        for (title, rows) in groups where !rows.isEmpty {
            out += "\n## \(title)\n\n| keys | command | what it does | name |\n| --- | --- | --- | --- |\n"
            for row in rows {
                let keys = row.keys.map { $0 == "|" ? "`\\|`" : "`\($0)`" }.joined(separator: " ")
                out += "| \(keys) | \(row.title) | \(row.help) | `\(row.id)` |\n"
            }
        }
        return out
    }

    /// - Throws: `.missing` or `.unusable`.
    public static func check(_ path: String) throws(SettingsError) { _ = try Keymap.check(path) }

    private static func rows(_ keymap: Keymap) -> [Row] {
        Command.table.map { command in
            Row(id: command.id, title: command.title, keys: keymap.keys(of: command).map(\.label),
                views: ViewID.allCases.filter { command.views?.contains($0) == true }.map(\.title), help: command.help)
        }
    }
}
