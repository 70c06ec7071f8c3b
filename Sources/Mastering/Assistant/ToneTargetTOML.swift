import TOMLKit

/// The file form of a tone curve:
/// ```toml
/// schema = 1
/// id = "pop"
/// name = "Pop"
/// kind = "genre"                 # genre | reference
/// material = "music"             # music | speech
/// source = "…"
/// date = "2026-11-21"
/// [levels]
/// hz = [100, 1000, 10000]
/// db = [0, -2, -16]              # of bands of constant relative width
/// sigma_db = [4, 3, 5]           # usual deviation; absent: 0
/// side_db = []                   # of the side signal; absent: none
/// ```
/// and for references `edge_hz`, `loudness_lufs` and `[[reference]]` with `name` and `weight`.
extension ToneTarget {
    /// Largest file that is read, bytes.
    public static let fileSizeLimit = 64 * 1024
    private static let pointLimit = 512

    /// - Parameter file: the path, for errors.
    /// - Throws: `.unusable` with line and column at what is wrong.
    public static func parse(toml text: String, file: String) throws(PresetError) -> ToneTarget {
        let toml = try StrictTOML(text, file: file, noun: "tone curve", limit: fileSizeLimit)
        let root = toml.root
        try toml.refuseUnknown(root, at: [], known: [
            "schema", "id", "name", "kind", "material", "source", "date", "edge_hz", "loudness_lufs", "levels", "reference",
        ])
        guard root["schema"]?.int == schema else {
            throw toml.error([.key("schema")], "schema must be \(schema)", "this version of Lathe reads schema \(schema) only")
        }
        guard let id = try toml.line("id", in: root, limit: 64), Preset.isIdentifier(id) else {
            throw toml.error([.key("id")], "a tone curve needs an id", "use lower-case letters, digits, - and _, up to 64")
        }
        guard let kind = try toml.word("kind", in: root, as: Kind.self) else {
            throw toml.error([.key("kind")], "a tone curve needs a kind", "write kind = \"genre\" or \"reference\"")
        }
        let date = try toml.line("date", in: root, limit: 10) ?? ""
        guard isDate(date) else { throw toml.error([.key("date")], "a tone curve needs a date", "write date = \"2026-11-21\"") }
        return ToneTarget(
            id: id, name: try toml.line("name", in: root, limit: 64) ?? id, kind: kind,
            material: try toml.word("material", in: root, as: Material.self) ?? .music,
            source: try toml.line("source", in: root, limit: 1000) ?? "", date: date, points: try points(toml),
            edgeHz: try toml.number("edge_hz", in: root, range: 1000...24_000),
            loudnessLUFS: try toml.number("loudness_lufs", in: root, range: -70...10), references: try references(toml))
    }

    private static func points(_ toml: StrictTOML) throws(PresetError) -> [Point] {
        let path: [StrictTOML.Step] = [.key("levels")]
        guard let table = toml.root["levels"]?.table else { throw toml.error(path, "there are no [levels]", "write [levels] with hz and db") }
        try toml.refuseUnknown(table, at: path, known: ["hz", "db", "sigma_db", "side_db"])
        guard let hz = try toml.numbers("hz", in: table, at: path, range: 10...24_000), (2...pointLimit).contains(hz.count) else {
            throw toml.error(path + [.key("hz")], "hz must hold 2 to \(pointLimit) frequencies", "give at least two points")
        }
        if let fall = hz.indices.dropFirst().first(where: { hz[$0] <= hz[$0 - 1] }) {
            throw toml.error(path + [.key("hz"), .index(fall)], "frequencies must rise", "put the points in order")
        }
        func column(_ key: String, _ range: ClosedRange<Double>) throws(PresetError) -> [Double]? {
            let values = try toml.numbers(key, in: table, at: path, range: range)
            if let values, values.count != hz.count {
                throw toml.error(path + [.key(key)], "\(key) has \(values.count) values for \(hz.count) frequencies", "give one for each")
            }
            return values
        }
        guard let db = try column("db", -120...120) else { throw toml.error(path, "[levels] has no db", "give one level for each frequency") }
        let sigma = try column("sigma_db", 0...24)
        let side = try column("side_db", -200...120)
        return hz.indices.map { Point(hz: hz[$0], db: db[$0], sigmaDB: sigma?[$0] ?? 0, sideDB: side?[$0]) }
    }

    private static func references(_ toml: StrictTOML) throws(PresetError) -> [Source] {
        guard let value = toml.root["reference"] else { return [] }
        let path: [StrictTOML.Step] = [.key("reference")]
        guard let array = value.array, array.count <= 64 else {
            throw toml.error(path, "'reference' is a list of up to 64 tables", "write [[reference]] for each")
        }
        var out: [Source] = []
        for i in 0..<array.count {
            let here = path + [.index(i)]
            guard let table = array[i].table else { throw toml.error(here, "a reference is a table", "write [[reference]] with name and weight") }
            try toml.refuseUnknown(table, at: here, known: ["name", "weight"])
            guard let name = try toml.line("name", in: table, at: here, limit: 255) else {
                throw toml.error(here, "a reference needs a name", "write name = \"…\"")
            }
            out.append(Source(name: name, weight: try toml.number("weight", in: table, at: here, range: 0.001...1000) ?? 1))
        }
        return out
    }

    static func isDate(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } }),
            let month = Int(parts[1]), let day = Int(parts[2])
        else { return false }
        return (1...12).contains(month) && (1...31).contains(day)
    }

    /// Canonical: `parse` gives the same curve back, with levels to a hundredth of a decibel.
    public func toml() -> String {
        var lines = [
            "schema = \(Self.schema)", "id = \(tomlQuoted(id))", "name = \(tomlQuoted(name))", "kind = \"\(kind.rawValue)\"",
            "material = \"\(material.rawValue)\"", "source = \(tomlQuoted(source))", "date = \"\(date)\"",
        ]
        if let edgeHz { lines.append("edge_hz = \(fixedDecimal(edgeHz, places: 1))") }
        if let loudnessLUFS { lines.append("loudness_lufs = \(fixedDecimal(loudnessLUFS, places: 2))") }
        lines += ["", "[levels]", Self.list("hz", points.map(\.hz)), Self.list("db", points.map(\.db))]
        if points.contains(where: { $0.sigmaDB != 0 }) { lines.append(Self.list("sigma_db", points.map(\.sigmaDB))) }
        if points.allSatisfy({ $0.sideDB != nil }) { lines.append(Self.list("side_db", points.compactMap(\.sideDB))) }
        for reference in references {
            lines += ["", "[[reference]]", "name = \(tomlQuoted(reference.name))", "weight = \(fixedDecimal(reference.weight, places: 3))"]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func list(_ key: String, _ values: [Double]) -> String {
        "\(key) = [" + values.map { fixedDecimal($0, places: 2) }.joined(separator: ", ") + "]"
    }
}
