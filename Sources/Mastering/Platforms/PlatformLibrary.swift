import TOMLKit

/// The services that Lathe knows, from `Presets/Platforms/platforms.toml`.
public enum PlatformLibrary {
    private static let schema = 1
    private static let fileSizeLimit = 64 * 1024
    private static let mostRows = 64

    /// In the order of the file.
    /// - Throws: `.missing` when there is no such file, `.unusable` with line and column at what is wrong in it.
    public static func load() throws(PresetError) -> [Platform] {
        guard let folder = DataFolder.find("Presets", holding: "Platforms/platforms.toml") else {
            throw PresetError(.missing, file: "Presets/Platforms/platforms.toml", problem: "was not found",
                              remedy: "start Lathe from its own folder, or set LATHE_DATA to it")
        }
        let path = folder + "/Platforms/platforms.toml"
        return try parse(SmallTextFile.read(path, noun: "platform list", limit: fileSizeLimit), file: path)
    }

    static func parse(_ text: String, file: String) throws(PresetError) -> [Platform] {
        let toml = try StrictTOML(text, file: file, noun: "platform list", limit: fileSizeLimit)
        try toml.refuseUnknown(toml.root, at: [], known: ["schema", "date", "platform"])
        guard toml.root["schema"]?.int == schema else {
            throw toml.error([.key("schema")], "schema must be \(schema)", "this version of Lathe reads schema \(schema) only")
        }
        guard let rows = toml.root["platform"]?.array, (1...mostRows).contains(rows.count) else {
            throw toml.error([.key("platform")], "there must be 1 to \(mostRows) platforms", "write [[platform]] for each")
        }
        var platforms: [Platform] = []
        for index in 0..<rows.count {
            let path: [StrictTOML.Step] = [.key("platform"), .index(index)]
            guard let table = rows[index].table else { throw toml.error(path, "a platform is a table", "write [[platform]]") }
            platforms.append(try platform(toml, table, path))
        }
        return platforms
    }

    private static func platform(_ toml: StrictTOML, _ table: TOMLTable, _ path: [StrictTOML.Step]) throws(PresetError) -> Platform {
        try toml.refuseUnknown(table, at: path, known: [
            "id", "name", "target_lufs", "turns", "peak_room_dbtp", "advised_peak_dbtp", "advised_peak_loud_dbtp", "source", "first_hand", "verified",
        ])
        func text(_ key: String, _ limit: Int) throws(PresetError) -> String {
            guard let text = try toml.line(key, in: table, at: path, limit: limit), !text.isEmpty else {
                throw toml.error(path + [.key(key)], "a platform needs its \(key)", "write \(key) = \"…\"")
            }
            return text
        }
        let id = try text("id", 64)
        guard Preset.isIdentifier(id) else { throw toml.error(path + [.key("id")], "not a usable id", "use lower-case letters, digits, - and _") }
        guard let turns = Platform.Turns(rawValue: try text("turns", 16)) else {
            throw toml.error(path + [.key("turns")], "turns is none of its words",
                             "use one of \(Platform.Turns.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let verified = try toml.line("verified", in: table, at: path, limit: 10)
        if let verified, !ToneTarget.isDate(verified) {
            throw toml.error(path + [.key("verified")], "verified must be a date", "write verified = \"2026-11-21\"")
        }
        let peaks = -12.0...0.0
        let target = try toml.number("target_lufs", in: table, at: path, range: -40...0)
        guard turns == .none || target != nil else {
            throw toml.error(path + [.key("target_lufs")], "a platform that turns needs a target_lufs", "write it, or turns = \"none\"")
        }
        return Platform(
            id: id, name: try text("name", 64), targetLUFS: target, turns: turns,
            peakRoomDBTP: try toml.number("peak_room_dbtp", in: table, at: path, range: peaks) ?? -1,
            advisedPeakDBTP: try toml.number("advised_peak_dbtp", in: table, at: path, range: peaks) ?? -1,
            advisedPeakLoudDBTP: try toml.number("advised_peak_loud_dbtp", in: table, at: path, range: peaks),
            source: try text("source", 500), isFirstHand: table["first_hand"]?.bool ?? false, verified: verified)
    }
}
