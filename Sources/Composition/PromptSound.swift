/// Genre, instruments and moods in a prompt.
extension PromptReader {
    /// The longest name wins: "drum and bass" before "bass".
    /// - Parameter names: of how many words.
    mutating func readGenre(_ lengths: ClosedRange<Int>) {
        let names = genres.flatMap { genre in (genre.words + [genre.id]).map { (words: $0.split(whereSeparator: { $0 == " " || $0 == "-" }), genre: genre) } }
            .filter { lengths.contains($0.words.count) }.sorted { $0.words.count > $1.words.count }
        var found: [(at: Int, end: Int, genre: Genre)] = []
        for name in names where !name.words.isEmpty {
            for i in tokens.indices where isFree(i) && reads(i, name.words) && (i..<i + name.words.count).allSatisfy({ isFree($0) }) {
                if found.contains(where: { $0.at < i + name.words.count && i < $0.end }) { continue }
                found.append((i, i + name.words.count, name.genre))
            }
        }
        // The most particular name decides; among equals the first.
        func isWeak(_ item: (at: Int, end: Int, genre: Genre)) -> Bool { item.genre.id == "pop" || Self.weak.contains(word(item.at)) }
        let decisive = found.min { (-($0.end - $0.at), isWeak($0) ? 1 : 0, $0.at) < (-($1.end - $1.at), isWeak($1) ? 1 : 0, $1.at) }
        if wish.genre == nil { wish.genre = decisive?.genre.id }
        for item in found.sorted(by: { $0.at < $1.at }) {
            if item.genre.id == wish.genre {
                use(item.at..<item.end, as: "genre \(item.genre.name)")
            } else if isWeak(item) {
                for n in item.at..<item.end { tokens[n].isUsed = true }
            } else {
                let chosen = genres.first { $0.id == wish.genre }?.name ?? "another"
                ignore(item.at..<item.end, "the genre is \(chosen); styles are not blended")
            }
        }
        if wish.genre == "blues" { wish.isBlues = true }
    }

    /// Words that colour a style rather than name it, when another is named.
    private static let weak = dances.union(["dance", "acoustic", "electronic", "festival", "club", "ballad", "epic", "film", "lullaby"])

    private static let families = ["percussion", "woodwind", "keys", "vocals", "mallets"]

    /// The voice or family whose name begins at token `i`, and how many tokens it takes.
    private func sound(_ i: Int) -> (name: String, voice: Voice?, length: Int)? {
        guard i < tokens.count else { return nil }
        for length in stride(from: min(3, tokens.count - i), through: 1, by: -1) {
            guard (i..<i + length).allSatisfy({ isFree($0) }), (i + 1..<i + length).allSatisfy({ !tokens[$0].isAfterBreak }) else { continue }
            let name = tokens[i..<i + length].map(\.word).joined(separator: " ")
            let singular = name.hasSuffix("s") ? String(name.dropLast()) : name
            if name == "guitar" {
                // Which one depends on the company it keeps.
                let isElectric = ["rock", "metal", "funk", "blues", "synthwave", "disco", "reggae"].contains(wish.genre ?? "")
                return ("guitar", Voice.named(isElectric ? "electric guitar" : "acoustic guitar"), 1)
            }
            if let voice = Voice.named(name) ?? Voice.named(singular) { return (voice.name, voice, length) }
            if length == 1, Self.families.contains(name) { return (name, nil, length) }
            if length == 1, ["vocal", "voices", "singing", "singer", "vox"].contains(name) { return ("vocals", nil, length) }
            if ["melody", "chords", "harmony"].contains(name) { return (name, nil, length) }
        }
        return nil
    }

    mutating func readInstruments() {
        var i = 0
        var forbids = false, saidNo = -1
        while i < tokens.count {
            let token = tokens[i]
            // "Without drums, bass, or piano" is one list, "no drums, piano" is two wishes.
            if token.isAfterBreak, forbids, !isListWithOr(from: i) { forbids = false }
            if ["no", "without", "minus", "not"].contains(token.word), isFree(i) {
                forbids = true
                saidNo = i
                if sound(i + 1) != nil || i + 2 < tokens.count && sound(i + 2) != nil { tokens[i].isUsed = true }
                i += 1
                continue
            }
            guard let (name, voice, length) = sound(i) else {
                // "drums but no bass, and a piano": an indefinite article opens a new thought, but not right behind the no.
                let isArticle = Self.definiteArticles.contains(token.word) || i == saidNo + 1 && Self.indefiniteArticles.contains(token.word)
                if !isArticle, !Self.joints.contains(token.word) { forbids = false }
                i += 1
                continue
            }
            let end = i + length
            let isAbsent = forbids || word(end) == "absent" || (word(end) == "free" && isFree(end)) || (word(end) == "not" && word(end + 1) == "needed")
            let range = i..<(word(end) == "absent" || word(end) == "free" ? end + 1 : end)
            if name == "chords" || name == "harmony" {
                guard isAbsent, wish.chords.isEmpty, wish.numerals.isEmpty else { i += 1; forbids = false; continue }
                wish.withoutHarmony = true
                use(range, as: "no chords")
            } else if name == "melody" {
                if isAbsent { wish.withoutMelody = true; use(range, as: "no melody") } else { use(range, as: "a melody") }
            } else if isAbsent {
                wish.without += name == "percussion" ? ["drums"] : name == "vocals" ? ["choir"] : [name]
                use(range, as: "no \(name)")
            } else if let voice {
                if !wish.voices.contains(voice) { wish.voices.append(voice) }
                use(range, as: "instrument \(voice.name)")
                if isAlone(i..<end) { wish.isOnly = true }
            } else if name == "percussion", let drums = Voice.named("drums") {
                if !wish.voices.contains(drums) { wish.voices.append(drums) }
                use(range, as: "instrument drums")
            } else if name == "vocals", let choir = Voice.named("voice") {
                wish.reading.ignored.append(.init(text: text(range), why: "words cannot be sung; a wordless voice stands in"))
                if !wish.voices.contains(choir) { wish.voices.append(choir) }
                if isAlone(i..<end) { wish.isOnly = true }
                for n in range { tokens[n].isUsed = true }
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

    private static let definiteArticles: Set<String> = [
        "the", "das", "die", "der", "den", "dem", "le", "la", "les", "l", "el", "los", "las", "il", "lo", "gli", "i", "o", "os", "as", "het",
    ]
    private static let indefiniteArticles: Set<String> = ["a", "an", "ein", "eine", "einen", "un", "una", "une", "uno", "um", "uma", "een"]
    private static let joints: Set<String> = ["or", "nor", "and", "any", "de", "des", "d", "oder", "noch", "ou", "e"]

    /// Whether what follows is a list of sounds that ends in "or": it goes on with what was forbidden.
    private func isListWithOr(from start: Int) -> Bool {
        var i = start
        while i < tokens.count {
            if ["or", "nor", "oder", "noch", "ou"].contains(word(i)) { return sound(i + 1) != nil }
            guard let (_, _, length) = sound(i) else { return false }
            i += length
            guard i < tokens.count, tokens[i].isAfterBreak || ["or", "nor", "oder", "noch", "ou"].contains(word(i)) else { return false }
        }
        return false
    }

    /// "Only strings", "solo violin", "strings only".
    private func isAlone(_ range: Range<Int>) -> Bool {
        if word(range.upperBound) == "only", !tokens[range.upperBound].isAfterBreak { return true }
        guard range.lowerBound > 0, !tokens[range.lowerBound].isAfterBreak else { return false }
        let last = word(range.lowerBound - 1)
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
            // "not too fast"
            if (max(0, i - 2)..<i).contains(where: { ["not", "nicht", "no"].contains(tokens[$0].word) && !tokens[i].isAfterBreak }) {
                use(i..<i + 1, as: "not \(mood.name)")
                continue
            }
            if mood.name == "fast" || mood.name == "slow",
               wish.moods.contains(where: { ($0.name == "fast" || $0.name == "slow") && $0.name != mood.name }) {
                ignore(i..<i + 1, "contradicts what was said before")
                continue
            }
            if !wish.moods.contains(where: { $0.name == mood.name }) { wish.moods.append(mood) }
            use(i..<i + 1, as: "mood \(mood.name)")
        }
    }
}
