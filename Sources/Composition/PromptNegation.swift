/// What a "no" reaches. Later passes see for each token whether it is wanted or kept out.
extension PromptReader {
    mutating func readNegations() {
        var i = 0
        while i < tokens.count {
            if isNegator(i) {
                i = deny(from: i)
            } else {
                denyBackward(to: i)
                i += 1
            }
        }
    }

    private static let negators: Set<String> = ["no", "not", "without", "minus", "never"]
    private static let joints: Set<String> = ["or", "nor", "and", "oder", "noch", "ou", "o", "e", "ne", "ni", "nem"]
    private static let alternatives: Set<String> = ["or", "nor", "oder", "noch", "ou", "o", "ne", "ni", "nem", "without"]
    /// What follows these is wanted.
    private static let turns: Set<String> = [
        "but", "instead", "rather", "with", "only", "sondern", "stattdessen", "lieber", "sino", "mais", "ma", "mas", "pero", "maar", "aber", "plutot", "piuttosto", "doch",
    ]
    static let definiteArticles: Set<String> = [
        "the", "das", "die", "der", "den", "dem", "le", "la", "les", "l", "l'", "el", "los", "las", "il", "lo", "gli", "i", "o", "os", "as", "het", "any", "de", "des", "du", "d", "d'", "dell'", "all'", "of",
    ]
    static let indefiniteArticles: Set<String> = ["a", "an", "ein", "eine", "einen", "einer", "un", "una", "une", "uno", "um", "uma", "een", "un'"]
    /// May stand between a "no" and its noun: "no kind of loud drums".
    private static let qualifiers: Set<String> = [
        "loud", "heavy", "hard", "big", "busy", "real", "live", "acoustic", "electronic", "synthetic", "distorted", "clean", "single", "kind", "sort", "type", "trace", "hint", "form", "need", "use", "using", "used",
        "playing", "have", "add", "include", "want", "be", "make", "it", "sound", "sounds", "sounding", "too", "so", "much", "many", "more", "lot", "lots", "very", "really", "at", "in", "all", "as", "on", "like", "key", "tempo",
        "zu", "so", "sehr", "im", "am", "trop", "tres", "en", "muy", "demasiado", "troppo", "molto", "muito", "demais", "te", "bpm", "for", "es", "is", "ist", "est", "sea", "sia", "c'est", "it's", "additional", "other", "extra", "music",
    ]
    /// Less of something is not none of it.
    private static let degrees: Set<String> = ["too", "so", "much", "many", "zu", "viel", "trop", "demasiado", "demasiada", "troppo", "muito", "demais", "te"]

    private func isNegator(_ i: Int) -> Bool {
        guard isFree(i) else { return false }
        let word = tokens[i].word
        if Self.negators.contains(word) { return true }
        // "Né batteria né basso", "noch drums noch bas".
        guard ["ne", "noch", "ni", "nem"].contains(tokens[i].plain) else { return false }
        var at = i + 1
        while Self.definiteArticles.contains(self.word(at)) { at += 1 }
        guard let length = thing(at) else { return false }
        return tokens[i].plain == "ne" || (at + length..<min(at + length + 2, tokens.count)).contains { tokens[$0].plain == tokens[i].plain }
    }

    /// Marks what the negation at `start` reaches.
    /// - Returns: where reading goes on.
    private mutating func deny(from start: Int) -> Int {
        var at = start + 1
        guard at < tokens.count else { return at }
        // "Not only drums."
        if ["only", "just", "solo", "seulement"].contains(word(at)), tokens[start].word != "without" { return at }
        let isList = tokens[at].gap == .colon || tokens[at].gap == .bracket
        // "Don't leave out the drums", "not without drums".
        if tokens[start].word == "not", word(at) == "without", tokens[at].gap == .none {
            for n in start...at { tokens[n].isUsed = true }
            return at + 1
        }
        var (found, skipped, isLess) = (false, 0, false)
        var isWhole = isList
        while at < tokens.count {
            if tokens[at].isAfterBreak, !(at == start + 1 && isList) {
                guard found, tokens[at].gap == .comma, isWhole || isListWithEnd(from: at, mayEndInAnd: opensList(start)) else { break }
                isWhole = true
            }
            let word = word(at)
            if Self.negators.contains(word) || Self.turns.contains(word) || Self.turns.contains(tokens[at].plain) { break }
            if let length = thing(at) {
                let last = at + length
                if sound(at) != nil, ["solo", "solos"].contains(self.word(last)), last < tokens.count, !tokens[last].isAfterBreak {
                    ignore(start..<last + 1, "solos cannot be left out by themselves; a form can be asked for: intro 4 bars, verse 8 bars, chorus 8 bars")
                    return last + 1
                }
                // "No dark pads": the pads are meant.
                let isColour = sound(at) == nil && (at + length < tokens.count && !tokens[at + length].isAfterBreak && sound(at + length) != nil)
                if isColour { at += length; continue }
                let isSound = sound(at) != nil
                if isLess, isSound {
                    ignore(start..<at, "how much of a part is heard cannot be said in words; it plays or it does not")
                    return at
                }
                for n in at..<at + length { tokens[n].isDenied = true }
                // What described it goes with it.
                if !found { for n in start + 1..<at where isDescribing(n) { tokens[n].isUsed = true } }
                (found, skipped) = (true, 0)
                tokens[start].isUsed = true
                at += length
                continue
            }
            let isIndefinite = Self.indefiniteArticles.contains(word)
            // "Drums but no bass, and a piano": an indefinite article opens a new thought, but not right behind the no.
            if isIndefinite, found, !isWhole, !Self.alternatives.contains(self.word(at - 1)) { break }
            if Self.joints.contains(word), found { tokens[at].isUsed = true }
            if isIndefinite || Self.definiteArticles.contains(word) || Self.joints.contains(word) { at += 1; continue }
            if !found || Self.joints.contains(self.word(at - 1)), skipped < 4, Self.qualifiers.contains(word) || Self.qualifiers.contains(tokens[at].plain) {
                isLess = isLess || Self.degrees.contains(word) || Self.degrees.contains(tokens[at].plain)
                skipped += 1
                at += 1
                continue
            }
            // "Without reverb or pads": what is not known does not end a list.
            if at + 1 < tokens.count, Self.alternatives.contains(self.word(at + 1)), !tokens[at + 1].isAfterBreak { at += 1; continue }
            if isWhole || !found && at + 1 < tokens.count && tokens[at + 1].gap == .comma && isListWithEnd(from: at + 1, mayEndInAnd: false) { (found, isWhole) = (true, true); at += 1; continue }
            break
        }
        return max(at, start + 1)
    }

    /// "Jazz without drums, bass and piano" is one list; in ", without drums, piano and strings" a new wish begins behind the comma.
    private func opensList(_ i: Int) -> Bool { tokens[i].word == "without" && (i == 0 || tokens[i].gap == .none) }

    private func isDescribing(_ i: Int) -> Bool {
        Self.qualifiers.contains(tokens[i].word) || Self.qualifiers.contains(tokens[i].plain) || Self.moods.contains { $0.words == tokens[i].word }
    }

    /// "ドラムなし", "drums removed", "drum-free", "bass not needed": the "no" stands behind.
    private mutating func denyBackward(to start: Int) {
        guard !tokens[start].isDenied, let length = thing(start) else { return }
        let end = start + length
        guard end < tokens.count, !tokens[end].isAfterBreak else { return }
        let isSound = sound(start) != nil
        let used: Int
        if word(end) == "absent" || isSound && word(end) == "off" { used = 1 } else if isSound, word(end) == "free", isFree(end) { used = 1 } else if isSound, word(end) == "not", word(end + 1) == "needed" { used = 2 } else if isSound, word(end) == "are" || word(end) == "is", word(end + 1) == "absent" { used = 2 } else { return }
        for n in start..<end { tokens[n].isDenied = true }
        for n in end..<end + used { tokens[n].isUsed = true }
        // ドラムとベースなし
        var at = start
        while at >= 2, tokens[at].gap == .none, tokens[at - 1].gap == .none, tokens[at - 1].word == "filler", ["と", "も", "や"].contains(tokens[at - 1].source), sound(at - 2) != nil {
            tokens[at - 2].isDenied = true
            at -= 2
        }
    }

    /// Whether what follows, from a comma on, is a list whose last item is joined: it goes on with what was forbidden.
    private func isListWithEnd(from start: Int, mayEndInAnd: Bool) -> Bool {
        var i = start
        while i < tokens.count {
            if i > start, tokens[i].gap == .stop || tokens[i].gap == .colon { return false }
            if Self.alternatives.contains(word(i)) || mayEndInAnd && ["and", "e"].contains(word(i)) {
                var next = i + 1
                while Self.definiteArticles.contains(word(next)) || Self.indefiniteArticles.contains(word(next)) { next += 1 }
                return sound(next) != nil
            }
            while Self.definiteArticles.contains(word(i)) || Self.indefiniteArticles.contains(word(i)) { i += 1 }
            guard i < tokens.count else { return false }
            if let (_, _, length) = sound(i) { i += length } else {
                guard thing(i) == nil, tokens[i].number == nil, !Self.turns.contains(word(i)), !Self.negators.contains(word(i)) else { return false }
                i += 1
            }
            guard i < tokens.count, tokens[i].gap == .comma || Self.alternatives.contains(word(i)) || mayEndInAnd && ["and", "e"].contains(word(i)) else { return false }
        }
        return false
    }

    /// How many tokens from `i` on name something that can be kept out.
    private func thing(_ i: Int) -> Int? {
        guard isFree(i) else { return nil }
        if let genre = genreName(at: i), genre.length > 1 { return genre.length }
        if let (_, _, length) = sound(i) { return length }
        if let (_, end, _) = key(i) { return end - i }
        if let genre = genreName(at: i) { return genre.length }
        let word = word(i)
        if Self.moods.contains(where: { $0.words == word }) || Self.modes[word] != nil || Meter(word) != nil || ["swing", "swung", "shuffle", "loop", "intro", "introduction"].contains(word) { return 1 }
        if tokens[i].number != nil, self.word(i + 1) == "bpm" { return 2 }
        return nil
    }
}
