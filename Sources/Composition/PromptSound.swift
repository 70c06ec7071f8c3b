/// Genre, instruments and moods in a prompt.
extension PromptReader {
    /// The longest name wins: "drum and bass" before "bass".
    /// - Parameter names: of how many words.
    mutating func readGenre(_ lengths: ClosedRange<Int>) {
        var found: [(at: Int, end: Int, genre: Genre)] = []
        for name in genreNames where lengths.contains(name.words.count) {
            for i in tokens.indices where isFree(i) && reads(i, name.words) && (i..<i + name.words.count).allSatisfy({ isFree($0) }) {
                if found.contains(where: { $0.at < i + name.words.count && i < $0.end }) { continue }
                found.append((i, i + name.words.count, name.genre))
            }
        }
        for item in found where tokens[item.at].isDenied {
            if !wish.not.genres.contains(item.genre.id) { wish.not.genres.append(item.genre.id) }
            use(item.at..<item.end, as: "not \(item.genre.name)")
        }
        found.removeAll { tokens[$0.at].isDenied }
        // The most particular name decides; among equals the first.
        func isWeak(_ item: (at: Int, end: Int, genre: Genre)) -> Bool { item.genre.id == "pop" || Self.weak.contains(word(item.at)) }
        let open = found.filter { !wish.not.genres.contains($0.genre.id) }
        let decisive = open.min { (-($0.end - $0.at), isWeak($0) ? 1 : 0, $0.at) < (-($1.end - $1.at), isWeak($1) ? 1 : 0, $1.at) }
        if wish.genre == nil { wish.genre = decisive?.genre.id }
        for item in found.sorted(by: { $0.at < $1.at }) {
            if item.genre.id == wish.genre {
                use(item.at..<item.end, as: "genre \(item.genre.name)", topic: .genre)
            } else if isWeak(item) {
                for n in item.at..<item.end { tokens[n].isUsed = true }
            } else {
                let chosen = genres.first { $0.id == wish.genre }?.name
                ignore(item.at..<item.end, chosen.map { "the genre is \($0); styles are not blended" } ?? "asked for and forbidden at once; another genre is chosen")
            }
        }
        if wish.genre == "blues" { wish.isBlues = true }
    }

    /// The genre whose name begins at token `i`, the longest name first.
    func genreName(at i: Int) -> (genre: Genre, length: Int)? {
        genreNames.first { name in reads(i, name.words) && (i..<i + name.words.count).allSatisfy { isFree($0) } }.map { ($0.genre, $0.words.count) }
    }

    /// Words that colour a style rather than name it, when another is named.
    private static let weak = dances.union(["dance", "acoustic", "electronic", "festival", "club", "ballad", "epic", "film", "lullaby"])

    private static let families = ["percussion", "woodwind", "winds", "horns", "keys", "vocals", "mallets"]

    /// The voice or family whose name begins at token `i`, and how many tokens it takes.
    func sound(_ i: Int) -> (name: String, voice: Voice?, length: Int)? {
        guard i < tokens.count else { return nil }
        for length in stride(from: min(3, tokens.count - i), through: 1, by: -1) {
            guard (i..<i + length).allSatisfy({ isFree($0) }), (i + 1..<i + length).allSatisfy({ !tokens[$0].isAfterBreak }) else { continue }
            let name = tokens[i..<i + length].map(\.word).joined(separator: " ")
            let singular = name.hasSuffix("s") ? String(name.dropLast()) : name
            if name == "guitar" {
                // Which one depends on the company it keeps.
                let electric: Set<String> = ["rock", "metal", "funk", "blues", "synthwave", "disco", "reggae"]
                let isElectric = wish.genre.map(electric.contains) ?? tokens.contains { electric.contains($0.word) && !$0.isDenied }
                return ("guitar", Voice.named(isElectric ? "electric guitar" : "acoustic guitar"), 1)
            }
            if length == 1, Self.families.contains(name) { return (name, nil, length) }
            if let voice = Voice.named(name) ?? Voice.named(singular) { return (voice.name, voice, length) }
            if length == 1, let piece = DrumPiece(word: name) { return (piece.rawValue, nil, length) }
            if length == 1, ["vocal", "voices", "singing", "singer", "vox"].contains(name) { return ("vocals", nil, length) }
            if ["melody", "chords", "harmony"].contains(name) { return (name, nil, length) }
        }
        return nil
    }

    /// Families that stand for others when they are kept out.
    private static let kin = ["percussion": ["drums"], "vocals": ["choir"], "winds": ["woodwind", "saxophone", "brass"], "horns": ["brass", "saxophone"], "woodwind": ["woodwind", "saxophone"]]

    mutating func readInstruments() {
        var i = 0
        while i < tokens.count {
            guard let (name, voice, length) = sound(i) else { i += 1; continue }
            let range = i..<i + length
            let isAbsent = tokens[i].isDenied
            if name == "chords" || name == "harmony" {
                guard isAbsent, wish.chords.isEmpty, wish.numerals.isEmpty else { i += 1; continue }
                wish.withoutHarmony = true
                use(range, as: "no chords")
            } else if name == "melody" {
                if isAbsent { wish.withoutMelody = true; use(range, as: "no melody") } else { use(range, as: "a melody") }
            } else if isAbsent {
                wish.without += (Self.kin[name] ?? [name]).filter { !wish.without.contains($0) }
                use(range, as: "no \(name)" + (name == "cymbals" ? ": crash, ride, hi-hat" : ""))
            } else if let voice {
                ask(for: voice, range, as: "instrument \(voice.name)")
            } else if let piece = DrumPiece(rawValue: name), let drums = Voice.named("drums") {
                wish.kit = (wish.kit ?? []) + ((wish.kit ?? []).contains(piece) ? [] : [piece])
                ask(for: drums, range, as: "drums: \(name)")
            } else if name == "percussion", let drums = Voice.named("drums") {
                if !wish.voices.contains(drums) { wish.voices.append(drums) }
                use(range, as: "instrument drums", topic: .parts)
            } else if name == "vocals", let choir = Voice.named("voice") {
                wish.reading.ignored.append(.init(text: text(range), why: "words cannot be sung; a wordless voice stands in"))
                if !wish.voices.contains(choir) { wish.voices.append(choir) }
                if isAlone(range) { wish.isOnly = true }
                for n in range { tokens[n].isUsed = true }
            } else if let stands = ["keys": "piano", "winds": "brass", "horns": "brass", "woodwind": "flute", "mallets": "vibraphone"][name].flatMap({ Voice.named($0) }) {
                ask(for: stands, range, as: "instrument \(stands.name)")
            } else {
                use(range, as: name)
            }
            i = range.upperBound
        }
        for words: [Substring] in [["no", "other", "instruments"], ["nothing", "else"], ["without", "anything", "else"], ["sonst", "nichts"], ["nada", "mas"], ["rien", "d'autre"], ["nient'altro"]] {
            for i in tokens.indices where reads(i, words) {
                wish.isOnly = true
                use(i..<i + words.count, as: "nothing else")
            }
        }
    }

    private mutating func ask(for voice: Voice, _ range: Range<Int>, as meaning: String) {
        if !wish.voices.contains(voice) { wish.voices.append(voice) }
        use(range, as: meaning, topic: .parts)
        if isAlone(range) { wish.isOnly = true }
    }

    /// "Only strings", "solo violin", "strings only".
    private func isAlone(_ range: Range<Int>) -> Bool {
        if word(range.upperBound) == "only", !tokens[range.upperBound].isAfterBreak { return true }
        guard range.lowerBound > 0, !tokens[range.lowerBound].isAfterBreak else { return false }
        let last = word(range.lowerBound - 1)
        // "Not only drums."
        if last == "only", ["not", "no"].contains(word(range.lowerBound - 2)) { return false }
        return last == "only" || last == "solo" || word(range.lowerBound - 2) == "only" && !tokens[range.lowerBound - 1].isAfterBreak
    }

    static let moods: [(words: String, mood: Mood)] = [
        ("sad", Mood(name: "sad", energy: -0.15, valence: -1, pace: 0.92)),
        ("happy", Mood(name: "happy", energy: 0.1, valence: 1, pace: 1.05)),
        ("calm", Mood(name: "calm", energy: -0.25, valence: 0.1, pace: 0.9)),
        ("dark", Mood(name: "dark", energy: 0, valence: -1, pace: 0.97)),
        ("energetic", Mood(name: "energetic", energy: 0.2, valence: 0, pace: 1.06)),
        ("warm", Mood(name: "warm", energy: -0.05, valence: 0.2, pace: 1)),
        ("bright", Mood(name: "bright", energy: 0.05, valence: 0.5, pace: 1)),
        ("dreamy", Mood(name: "dreamy", energy: -0.15, valence: 0.1, pace: 0.95)),
        ("romantic", Mood(name: "romantic", energy: -0.1, valence: 0.2, pace: 0.95)),
        ("uplifting", Mood(name: "uplifting", energy: 0.1, valence: 0.6, pace: 1.02)),
        ("slow", Mood(name: "slow", energy: -0.1, valence: 0, pace: 0.75)),
        ("fast", Mood(name: "fast", energy: 0.1, valence: 0, pace: 1.3)),
        ("ballad", Mood(name: "ballad", energy: -0.2, valence: 0, pace: 0.8)),
        ("minimal", Mood(name: "minimal", energy: -0.1, valence: 0, pace: 1)),
        ("deep", Mood(name: "deep", energy: -0.05, valence: -0.1, pace: 1)),
        ("lullaby", Mood(name: "lullaby", energy: -0.3, valence: 0.2, pace: 0.8)),
        ("dusty", Mood(name: "dusty", energy: -0.05, valence: 0, pace: 1)),
        ("smooth", Mood(name: "smooth", energy: -0.1, valence: 0.1, pace: 1)),
        ("cool", Mood(name: "cool", energy: 0, valence: 0, pace: 1)),
    ]

    mutating func readMoods() {
        for i in tokens.indices where isFree(i) {
            guard let mood = Self.moods.first(where: { $0.words == tokens[i].word })?.mood else { continue }
            if tokens[i].isDenied, wish.moods.contains(mood) {
                ignore(i..<i + 1, "contradicts what was said before")
                continue
            }
            if tokens[i].isDenied {
                if !wish.moods.contains(mood.denied) { wish.moods.append(mood.denied) }
                use(i..<i + 1, as: mood.denied.name)
                continue
            }
            if mood.name == "fast" || mood.name == "slow",
               wish.moods.contains(where: { ($0.name == "fast" || $0.name == "slow") && $0.name != mood.name }) {
                ignore(i..<i + 1, "contradicts what was said before")
                continue
            }
            if wish.moods.contains(mood.denied) {
                ignore(i..<i + 1, "contradicts what was said before")
                continue
            }
            if !wish.moods.contains(where: { $0.name == mood.name }) { wish.moods.append(mood) }
            use(i..<i + 1, as: "mood \(mood.name)")
        }
    }

    /// A mood by the name it has in a brief, `not slow` too.
    static func mood(named name: String) -> Mood? {
        let isDenied = name.hasPrefix("not ")
        let mood = moods.first { $0.mood.name == (isDenied ? String(name.dropFirst(4)) : name) }?.mood
        return isDenied ? mood?.denied : mood
    }
}

extension Mood {
    /// The opposite of a mood that is not wanted, by half; slow and fast keep the tempo on the other side of the genre's usual one (see `Brief`).
    var denied: Mood { Mood(name: "not " + name, energy: -energy / 2, valence: -valence / 2, pace: 1) }
}
