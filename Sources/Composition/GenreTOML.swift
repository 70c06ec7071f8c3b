import TOMLKit

/// Why a genre file was refused.
public struct GenreError: Error, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    public var problem: String
    public var remedy: String
    /// As in sysexits(3).
    public var exitCode: Int32 { 65 }
    public init(file: String, problem: String, remedy: String) {
        self.file = file
        self.problem = problem
        self.remedy = remedy
    }

    public var message: String { "\(file): \(problem); \(remedy)" }
    public var description: String { message }
}

extension Genre {
    /// Largest file that is read, bytes.
    public static let fileSizeLimit = 64 * 1024

    /// Reads a genre file. It is untrusted: sizes, keys, types and numbers are checked.
    /// - Throws: `GenreError` naming the key.
    public static func parse(toml text: String, file: String) throws(GenreError) -> Genre {
        guard text.utf8.count <= fileSizeLimit else {
            throw GenreError(file: file, problem: "is larger than 64 KiB", remedy: "a genre is a short TOML file")
        }
        // The parser recurses on nested brackets and dotted keys without a limit of its own; genres need neither.
        guard !text.contains("[[["), !text.split(separator: "\n").contains(where: { line in
            let key = line.prefix { $0 != "=" && $0 != "\"" && $0 != "#" }
            return key.filter { $0 == "." }.count > 3 || key.filter { $0 == "[" }.count > 2 || line.filter { $0 == "[" }.count > 8
        }) else { throw GenreError(file: file, problem: "nesting too deep", remedy: "genres need two levels at most") }
        let root: TOMLTable
        do { root = try TOMLTable(string: text) } catch let error as TOMLParseError {
            throw GenreError(file: "\(file):\(error.source.begin.line)", problem: "not valid TOML", remedy: "correct the line")
        } catch { throw GenreError(file: file, problem: "not valid TOML", remedy: "see toml.io for the format") }
        return try GenreReader(file: file).genre(root)
    }
}

private struct GenreReader {
    let file: String

    func refuse(_ key: String, _ problem: String) -> GenreError { GenreError(file: file, problem: "\(key): \(problem)", remedy: "compare it with a genre that came with Lathe") }

    func known(_ table: TOMLTable, _ keys: [String], _ place: String) throws(GenreError) {
        for key in table.keys where !keys.contains(key) { throw refuse(place + key, "unknown key") }
    }

    func number(_ table: TOMLTable, _ key: String, _ range: ClosedRange<Double>, _ place: String = "") throws(GenreError) -> Double? {
        guard let value = table[key] else { return nil }
        guard let x = value.double ?? value.int.map(Double.init), range.contains(x) else {
            throw refuse(place + key, "must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return x
    }

    func text(_ table: TOMLTable, _ key: String, _ place: String = "") throws(GenreError) -> String? {
        guard let value = table[key] else { return nil }
        guard let text = value.string, text.utf8.count <= 400 else { throw refuse(place + key, "must be a short text") }
        return text
    }

    func texts(_ table: TOMLTable, _ key: String, _ place: String = "") throws(GenreError) -> [String]? {
        guard let value = table[key] else { return nil }
        guard let array = value.array, array.count <= 100 else { throw refuse(place + key, "must be a list of texts") }
        var out: [String] = []
        for item in array {
            guard let text = item.string, text.utf8.count <= 400 else { throw refuse(place + key, "must be a list of texts") }
            out.append(text)
        }
        return out
    }

    func pattern(_ text: String, _ place: String) throws(GenreError) -> [Character] {
        let signs = text.filter { $0 != " " && $0 != "|" }
        guard [8, 12, 16, 24, 32, 64].contains(signs.count), signs.allSatisfy({ ".xXo-0123456789abrqfsp".contains($0) }) else {
            throw refuse(place, "'\(text.prefix(70))' is not a pattern of 8, 12, 16, 24, 32 or 64 signs")
        }
        return Array(signs)
    }

    func genre(_ root: TOMLTable) throws(GenreError) -> Genre {
        try known(root, ["id", "name", "words", "tempo", "meter", "modes", "swing", "swing_steps", "looseness", "minor", "major", "minor_cadence",
                         "major_cadence", "forms", "master", "tone", "drums", "part", "mix"], "")
        var genre = Genre()
        guard let id = try text(root, "id"), !id.isEmpty, id.allSatisfy({ ($0.isLowercase && $0.isASCII) || $0.isNumber || $0 == "-" }) else {
            throw refuse("id", "must be lower-case letters, digits and -")
        }
        genre.id = id
        genre.name = try text(root, "name") ?? id
        genre.words = (try texts(root, "words") ?? []).map { $0.lowercased() }
        if let range = root["tempo"]?.array {
            let values = range.compactMap { $0.double ?? $0.int.map(Double.init) }
            guard values.count == 3, values == values.sorted(), values[0] >= 30, values[2] <= 300 else { throw refuse("tempo", "must be [slowest, usual, fastest], 30 to 300") }
            (genre.slowest, genre.tempo, genre.fastest) = (values[0], values[1], values[2])
        }
        if let text = try text(root, "meter") {
            guard let meter = Meter(text) else { throw refuse("meter", "is not a time signature") }
            genre.meter = meter
        }
        if let names = try texts(root, "modes") {
            genre.modes = names.compactMap { Mode(rawValue: $0) }
            guard !names.isEmpty, genre.modes.count == names.count else { throw refuse("modes", "holds an unknown mode") }
        }
        genre.swing = try number(root, "swing", 0...1) ?? 0
        genre.swingSteps = Int(try number(root, "swing_steps", 2...4) ?? 2)
        genre.looseness = try number(root, "looseness", 0...1) ?? 0.3
        let (minor, major) = (Key(tonic: Tone(letter: 0, alteration: 0), mode: .minor), Key(tonic: Tone(letter: 0, alteration: 0), mode: .major))
        genre.minorProgressions = try texts(root, "minor") ?? []
        genre.majorProgressions = try texts(root, "major") ?? []
        genre.minorCadence = try text(root, "minor_cadence") ?? "V"
        genre.majorCadence = try text(root, "major_cadence") ?? "V"
        for (list, key, name) in [(genre.minorProgressions + [genre.minorCadence], minor, "minor"), (genre.majorProgressions + [genre.majorCadence], major, "major")] {
            for progression in list {
                for numeral in progression.split(whereSeparator: { " |".contains($0) }) where Chord(numeral: numeral, in: key) == nil {
                    throw refuse(name, "'\(numeral)' is not a chord in Roman numerals")
                }
            }
        }
        guard !genre.minorProgressions.isEmpty, !genre.majorProgressions.isEmpty else { throw refuse("minor, major", "need at least one progression each") }
        for text in try texts(root, "forms") ?? [] { genre.forms.append(try form(text)) }
        guard !genre.forms.isEmpty else { throw refuse("forms", "need at least one form") }
        genre.master = try text(root, "master") ?? "streaming"
        genre.tone = try text(root, "tone") ?? "commercial"
        if let drums = root["drums"]?.table { try read(drums, into: &genre) }
        for item in root["part"]?.array ?? TOMLArray() {
            guard let table = item.table else { throw refuse("part", "must be tables") }
            genre.parts.append(try part(table))
        }
        if let mix = root["mix"]?.table { genre.mix = try self.mix(mix) }
        return genre
    }

    /// `intro 8 0.3, verse 16 0.6`
    func form(_ text: String) throws(GenreError) -> [Genre.FormSection] {
        var out: [Genre.FormSection] = []
        for item in text.split(separator: ",") {
            let words = item.split(separator: " ")
            guard words.count == 3, let bars = Int(words[1]), let energy = Double(words[2]), (1...256).contains(bars), (0...1).contains(energy) else {
                throw refuse("forms", "'\(item.prefix(60))' is not a name, a number of bars and an energy")
            }
            out.append(.init(name: String(words[0]), bars: bars, energy: energy))
        }
        return out
    }

    func read(_ table: TOMLTable, into genre: inout Genre) throws(GenreError) {
        try known(table, ["kit", "fills", "level", "groove"], "drums.")
        genre.kit = try text(table, "kit", "drums.") ?? "acoustic"
        genre.fills = table["fills"]?.bool ?? true
        genre.drumLevel = try number(table, "level", -24...12, "drums.") ?? 0
        for item in table["groove"]?.array ?? TOMLArray() {
            guard let lines = item.table else { throw refuse("drums.groove", "must be tables") }
            try known(lines, Genre.drumNames + ["energy"], "drums.groove.")
            var groove = Genre.Groove(energy: try number(lines, "energy", 0...1, "drums.groove.") ?? 0.5, lines: [:])
            for name in lines.keys where name != "energy" {
                groove.lines[name] = try pattern(try text(lines, name) ?? "", "drums.groove.\(name)")
            }
            genre.grooves.append(groove)
        }
    }

    func part(_ table: TOMLTable) throws(GenreError) -> Genre.Part {
        try known(table, ["role", "voice", "enter", "leave", "patterns", "center", "notes", "level", "pan", "reverb", "delay", "density"], "part.")
        guard let role = Role(rawValue: try text(table, "role", "part.") ?? "") else { throw refuse("part.role", "is none of \(Role.allCases.map(\.rawValue).joined(separator: ", "))") }
        guard let voice = try text(table, "voice", "part."), Voice.named(voice) != nil else { throw refuse("part.voice", "is not an instrument that Lathe has") }
        var part = Genre.Part(role: role, voice: voice)
        part.enter = try number(table, "enter", 0...1, "part.") ?? 0
        part.leave = try number(table, "leave", 0...1, "part.") ?? 1
        for text in try texts(table, "patterns", "part.") ?? [] { part.patterns.append(try pattern(text, "part.patterns")) }
        part.center = Int(try number(table, "center", 24...96, "part.") ?? (role == .bass ? 38 : role == .lead ? 74 : 62))
        part.notes = Int(try number(table, "notes", 1...6, "part.") ?? 3)
        part.level = try number(table, "level", -24...12, "part.") ?? 0
        part.pan = try number(table, "pan", -1...1, "part.") ?? 0
        part.reverb = try number(table, "reverb", 0...1, "part.") ?? 0.2
        part.delay = try number(table, "delay", 0...1, "part.") ?? 0
        part.density = try number(table, "density", 0...1, "part.") ?? 0.5
        return part
    }

    func mix(_ table: TOMLTable) throws(GenreError) -> Genre.Mix {
        try known(table, ["duck", "duck_beats", "reverb_seconds", "reverb_tone", "delay_beats", "delay_feedback", "glue", "crest"], "mix.")
        var mix = Genre.Mix()
        mix.duck = try number(table, "duck", 0...18, "mix.") ?? mix.duck
        mix.duckBeats = try number(table, "duck_beats", 0.1...2, "mix.") ?? mix.duckBeats
        mix.reverbSeconds = try number(table, "reverb_seconds", 0.2...12, "mix.") ?? mix.reverbSeconds
        mix.reverbTone = try number(table, "reverb_tone", 0...1, "mix.") ?? mix.reverbTone
        mix.delayBeats = try number(table, "delay_beats", 0.1...4, "mix.") ?? mix.delayBeats
        mix.delayFeedback = try number(table, "delay_feedback", 0...0.85, "mix.") ?? mix.delayFeedback
        mix.glue = try number(table, "glue", 0...6, "mix.") ?? mix.glue
        mix.crest = try number(table, "crest", 4...30, "mix.") ?? mix.crest
        return mix
    }
}
