import TOMLKit

/// Why a brief file was refused.
public struct BriefError: Error, Sendable, Equatable, CustomStringConvertible {
    public var file: String
    public var problem: String
    public var remedy: String
    /// There is no such file.
    public var isAbsent = false
    /// As in sysexits(3).
    public var exitCode: Int32 { isAbsent ? 66 : 65 }
    public init(file: String, problem: String, remedy: String) {
        self.file = file
        self.problem = problem
        self.remedy = remedy
    }

    public var message: String { "\(file): \(problem); \(remedy)" }
    public var description: String { message }
}

/// A brief as a text that people edit. Every key may be absent: what is not said is decided by genre and seed, as with a prompt.
public struct BriefText: Sendable, Codable, Equatable {
    public var wish = Wish()
    public var seed: UInt64?
    public var variations: [Variation] = []

    public init() {}

    /// Largest file that is read, bytes.
    public static let fileSizeLimit = 64 * 1024

    /// Reads a brief. It is untrusted: sizes, keys, types and numbers are checked.
    /// - Parameter genres: those there are; a name that is none of them is refused.
    /// - Throws: `BriefError` naming the key.
    public static func parse(toml text: String, file: String, genres: [Genre]) throws(BriefError) -> BriefText {
        guard text.utf8.count <= fileSizeLimit else { throw BriefError(file: file, problem: "is larger than 64 KiB", remedy: "a brief is a short TOML file") }
        // The parser recurses on nested brackets and dotted keys without a limit of its own; briefs need neither.
        guard !text.contains("[[["), !text.split(separator: "\n").contains(where: { line in
            let key = line.prefix { $0 != "=" && $0 != "\"" && $0 != "#" }
            return key.filter { $0 == "." }.count > 3 || key.filter { $0 == "[" }.count > 2 || line.filter { $0 == "[" }.count > 8
        }) else { throw BriefError(file: file, problem: "nesting too deep", remedy: "briefs need one level at most") }
        let root: TOMLTable
        do { root = try TOMLTable(string: text) } catch let error as TOMLParseError {
            throw BriefError(file: "\(file):\(error.source.begin.line)", problem: "not valid TOML", remedy: "correct the line")
        } catch { throw BriefError(file: file, problem: "not valid TOML", remedy: "see toml.io for the format") }
        return try BriefReader(file: file, genres: genres).brief(root)
    }
}

private struct BriefReader {
    let file: String
    let genres: [Genre]

    static let keys = ["genre", "mood", "bpm", "key", "meter", "bars", "seconds", "instruments", "without", "only", "kit", "melody", "harmony", "chords", "ending", "form", "blues", "half_time", "swing",
                       "intro", "drop_at", "loop", "sounds", "density", "energy", "language", "seed", "vary"]

    func refuse(_ key: String, _ problem: String) -> BriefError {
        BriefError(file: file, problem: "\(key): \(problem)", remedy: "compare it with what lathe generate --write-brief writes")
    }

    func number(_ table: TOMLTable, _ key: String, _ range: ClosedRange<Double>) throws(BriefError) -> Double? {
        guard let value = table[key] else { return nil }
        guard let x = value.double ?? value.int.map(Double.init), range.contains(x) else { throw refuse(key, "must be a number from \(range.lowerBound) to \(range.upperBound)") }
        return x
    }

    func whole(_ table: TOMLTable, _ key: String, _ range: ClosedRange<Int>) throws(BriefError) -> Int? {
        guard let value = table[key] else { return nil }
        guard let x = value.int, range.contains(x) else { throw refuse(key, "must be a whole number from \(range.lowerBound) to \(range.upperBound)") }
        return x
    }

    func flag(_ table: TOMLTable, _ key: String) throws(BriefError) -> Bool? {
        guard let value = table[key] else { return nil }
        guard let x = value.bool else { throw refuse(key, "must be true or false") }
        return x
    }

    func text(_ table: TOMLTable, _ key: String, longest: Int = 400) throws(BriefError) -> String? {
        guard let value = table[key] else { return nil }
        guard let text = value.string, text.utf8.count <= longest else { throw refuse(key, "must be a short text") }
        return text
    }

    func texts(_ table: TOMLTable, _ key: String) throws(BriefError) -> [String] {
        guard let value = table[key] else { return [] }
        guard let array = value.array, array.count <= 40 else { throw refuse(key, "must be a list of texts") }
        var out: [String] = []
        for item in array {
            guard let text = item.string, text.utf8.count <= 100 else { throw refuse(key, "must be a list of texts") }
            out.append(text)
        }
        return out
    }

    func brief(_ root: TOMLTable) throws(BriefError) -> BriefText {
        for key in root.keys where !Self.keys.contains(key) { throw refuse(key.shown, "unknown key") }
        var out = BriefText()
        var wish = Wish()
        wish.language = try text(root, "language", longest: 8) ?? "en"
        if let name = try text(root, "genre") {
            let wanted = name.lowercased()
            guard let genre = genres.first(where: { $0.id == wanted || $0.name.lowercased() == wanted || $0.words.contains(wanted) }) else {
                throw refuse("genre", "there is no '\(name.prefix(40).description.shown)'; there are \(genres.map(\.id).joined(separator: ", "))")
            }
            wish.genre = genre.id
        }
        for name in try texts(root, "mood") {
            guard let mood = PromptReader.mood(named: name.lowercased()) else {
                throw refuse("mood", "'\(name.shown)' is none of \(PromptReader.moods.map(\.mood.name).joined(separator: ", "))")
            }
            wish.moods.append(mood)
        }
        wish.bpm = try number(root, "bpm", Brief.tempoRange)
        if let name = try text(root, "key") {
            guard let key = Key(name: name) else { throw refuse("key", "'\(name.prefix(40).description.shown)' is not a key; write e.g. \"F# minor\"") }
            wish.key = key
        }
        if let name = try text(root, "meter") {
            guard let meter = Meter(name) else { throw refuse("meter", "'\(name.prefix(20).description.shown)' is not a time signature; write e.g. \"3/4\"") }
            wish.meter = meter
        }
        wish.bars = try whole(root, "bars", Brief.barsRange)
        wish.seconds = try number(root, "seconds", Brief.secondsRange)
        if wish.bars != nil, wish.seconds != nil { throw refuse("seconds", "bars are given too; choose one") }
        wish.voices = try voices(try texts(root, "instruments"))
        for name in try texts(root, "without") {
            let lower = name.lowercased()
            guard Voice.named(lower) != nil || DrumPiece(rawValue: lower) != nil || Voice.all.contains(where: { $0.families.contains(lower) }) else { throw refuse("without", "'\(name.shown)' is not an instrument or family that Lathe has") }
            wish.without.append(lower)
        }
        wish.isOnly = try flag(root, "only") ?? false
        for name in try texts(root, "kit") {
            guard let piece = DrumPiece(rawValue: name.lowercased()) else { throw refuse("kit", "'\(name.prefix(40).description.shown)' is none of \(DrumPiece.allCases.map(\.rawValue).joined(separator: ", "))") }
            if wish.kit?.contains(piece) != true { wish.kit = (wish.kit ?? []) + [piece] }
        }
        switch try text(root, "ending") {
        case nil: break
        case "tonic": wish.endsOnTonic = true
        case "written": wish.endsOnTonic = false
        default: throw refuse("ending", "is one of tonic, written")
        }
        if let line = try text(root, "form", longest: 1000) { wish.form = try form(line) }
        wish.withoutMelody = !(try flag(root, "melody") ?? true)
        wish.withoutHarmony = !(try flag(root, "harmony") ?? true)
        if let line = try text(root, "chords", longest: 1000) { (wish.chords, wish.numerals) = try chords(line) }
        wish.isBlues = try flag(root, "blues") ?? (wish.genre == "blues")
        switch try text(root, "half_time") {
        case nil, "no": break
        case "yes": wish.isHalfTime = true
        case "intro": (wish.isHalfTime, wish.halfTimeIntroOnly) = (true, true)
        default: throw refuse("half_time", "is one of no, yes, intro")
        }
        wish.swing = try number(root, "swing", 0...1)
        wish.introWeight = try number(root, "intro", 0...4) ?? 1
        wish.dropAt = try number(root, "drop_at", 0...3600)
        wish.density = try number(root, "density", -0.5...0.5) ?? 0
        if let name = try text(root, "sounds") {
            guard let sounds = SoundSource(rawValue: name) else { throw refuse("sounds", "is one of \(SoundSource.allCases.map(\.rawValue).joined(separator: ", "))") }
            wish.sounds = sounds
        }
        wish.energy = try number(root, "energy", -0.4...0.4) ?? 0
        wish.isLoop = try flag(root, "loop") ?? false
        out.wish = wish
        out.seed = try whole(root, "seed", 0...Int.max).map(UInt64.init)
        for item in root["vary"]?.array ?? TOMLArray() {
            guard out.variations.count < 200, let table = item.table, let seed = try whole(table, "seed", 0...Int.max) else { throw refuse("vary", "needs a seed each") }
            for key in table.keys where !["part", "section", "seed"].contains(key) { throw refuse("vary." + key.shown, "unknown key") }
            out.variations.append(Variation(part: try text(table, "part"), section: try whole(table, "section", 0...1000), seed: UInt64(seed)))
        }
        return out
    }

    private func voices(_ names: [String]) throws(BriefError) -> [Voice] {
        var out: [Voice] = []
        for name in names {
            guard let voice = Voice.named(name.lowercased()) else { throw refuse("instruments", "'\(name.shown)' is not an instrument that Lathe has") }
            if !out.contains(voice) { out.append(voice) }
        }
        return out
    }

    private func form(_ line: String) throws(BriefError) -> [AskedSection]? {
        let parts = line.split(separator: ",")
        guard parts.count <= 40 else { throw refuse("form", "at most 40 sections") }
        var out: [AskedSection] = []
        for part in parts {
            let words = part.split(separator: " ")
            guard words.count == 2, let bars = Int(words[1]), Brief.barsRange.contains(bars) else { throw refuse("form", "'\(part.prefix(40).description.shown)' is no section with its bars; write e.g. \"intro 4, verse 8\"") }
            out.append(AskedSection(name: String(words[0].prefix(20)).shown, bars: bars))
        }
        return out.isEmpty ? nil : out
    }

    private func chords(_ line: String) throws(BriefError) -> ([Chord], [String]) {
        let words = line.split(whereSeparator: { " |,\n".contains($0) })
        guard words.count <= 64 else { throw refuse("chords", "at most 64") }
        let named = words.compactMap { Chord(symbol: $0) }
        if named.count == words.count { return (named, []) }
        if let bad = words.first(where: { word in Key(name: "C major").map { Chord(numeral: word, in: $0) == nil } ?? true }) {
            throw refuse("chords", "'\(bad.prefix(20).description.shown)' is not a chord")
        }
        return ([], words.map(String.init))
    }
}

extension Key {
    /// `F# minor`, `C dorian`, `A harmonic minor`.
    public init?(name: String) {
        let words = name.split(separator: " ", maxSplits: 1)
        guard words.count == 2, let tonic = Tone(words[0]), let mode = Mode(rawValue: words[1].lowercased()) else { return nil }
        self.init(tonic: tonic, mode: mode)
    }
}

extension Brief {
    /// The brief as a file that makes the same score again, with everything decided, ready to be edited.
    public var toml: String {
        func quoted(_ text: String) -> String { "\"" + text.shown.filter { $0 != "\"" && $0 != "\\" } + "\"" }
        func list(_ texts: [String]) -> String { "[" + texts.map(quoted).joined(separator: ", ") + "]" }
        var lines = [
            "# A brief for lathe generate --brief FILE. Whatever is taken out is decided anew by genre and seed.",
            "genre = \(quoted(genre.id))", "mood = \(list(moods.map(\.name)))",
            "bpm = \(bpm)                      # counts the felt beat: the \(meter.tempoUnit)",
            "key = \(quoted(key.tonic.name + " " + key.mode.rawValue))", "meter = \(quoted(meter.name))",
        ]
        if let seconds { lines.append("seconds = \(seconds)              # or: bars = \(bars)") } else { lines.append("bars = \(bars)                     # or: seconds = \(secondsPerBar * Double(bars))") }
        lines += [
            "instruments = \(list(voices.map(\.name)))         # asked for by name; the genre adds its own",
            "without = \(list(without))             # instruments or families that must not play",
            "only = \(isOnly)                   # nothing but the instruments above", "melody = \(!withoutMelody)", "harmony = \(!withoutHarmony)                 # false: nobody plays chords, pads or broken chords",
            "kit = \(list(kit.map(\.rawValue)))             # pieces of the drum kit asked for; with only = true nothing else of it plays",
            "form = \(quoted(form.map { "\($0.name) \($0.bars)" }.joined(separator: ", ")))             # sections and their bars; empty: the genre's form",
            "chords = \(quoted(chords.map(\.symbol).joined(separator: " ")))            # one to a bar, over and over; empty: the genre's harmony",
            "ending = \(quoted(endsOnTonic ? "tonic" : "written"))               # with chords: whether the tonic stands in place of the last one",
            "blues = \(isBlues)", "half_time = \(quoted(isHalfTime ? halfTimeIntroOnly ? "intro" : "yes" : "no"))",
        ]
        if let swing { lines.append("swing = \(swing)                  # 0 straight, 1 as drummers swing at this tempo") }
        lines.append("intro = \(introWeight)                  # 0 none, 1 as the genre has it, 2 long")
        if let dropAt { lines.append("drop_at = \(dropAt)                # seconds") }
        if density != 0 { lines.append("density = \(density)                # how much busier (+) or calmer (-) melodies are, -0.5 to 0.5") }
        if energy != 0 { lines.append("energy = \(energy)                 # added to every section, -0.4 to 0.4") }
        lines += ["loop = \(isLoop)", "sounds = \(quoted(sounds.rawValue))           # built-in, or bank: acoustic instruments from an installed sound bank", "language = \(quoted(language))", "seed = \(seed)"]
        for variation in variations {
            lines += ["", "[[vary]]"]
            if let part = variation.part { lines.append("part = \(quoted(part))") }
            if let section = variation.section { lines.append("section = \(section)") }
            lines.append("seed = \(variation.seed)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
