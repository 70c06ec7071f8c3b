import AudioFiles
import Glibc
import TOMLKit

/// Folders that the user marked, kept in `places.toml` of the configuration folder because they asked for it.
enum Places {
    private static let fileSizeLimit = 256 * 1024
    static let most = 200

    private static var path: String? { SettingsFile.folder.map { $0 + "/places.toml" } }

    /// Full paths, as `FileName` writes them; none where there is no file.
    static func load() throws(SettingsError) -> [String] {
        guard let path, access(path, F_OK) == 0 else { return [] }
        let text = try SettingsFile.read(path, limit: fileSizeLimit, what: "list of places", seeAlso: "the file itself")
        let (root, _) = try SettingsFile.parse(text, file: path, limit: fileSizeLimit, what: "list of places", sections: "a list of folders")
        guard let list = root["folders"]?.array else { return [] }
        return list.compactMap(\.string).filter { $0.hasPrefix("/") }.prefix(most).map { $0 }
    }

    static func save(_ folders: [String]) throws(SettingsError) {
        guard let path, let folder = SettingsFile.folder else { throw SettingsError(kind: .missing, file: "places.toml", problem: "there is no place for it", remedy: "set HOME or XDG_CONFIG_HOME") }
        var text = "# Folders marked in the Files view.\nfolders = [\n"
        for one in folders.prefix(most) { text += "    " + quoted(one) + ",\n" }
        try SettingsFile.write(text + "]\n", to: path, in: folder)
    }

    /// A TOML basic string (TOML 1.0, "String").
    static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": out += "\\" + String(scalar)
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
