/// Reads a prompt in everyday language into a `Wish`, and says what became of each word.
///
/// Passes run from the most particular to the most general; each marks the tokens it used, so that none is read twice.
public struct PromptReader {
    var tokens: [Token]
    var wish = Wish()
    let genres: [Genre]
    /// What genres are called, the longest first.
    let genreNames: [(words: [Substring], genre: Genre)]

    init(tokens: [Token], genres: [Genre]) {
        self.tokens = tokens
        self.genres = genres
        genreNames = genres.flatMap { genre in (genre.words + [genre.id]).map { (words: $0.split(whereSeparator: { $0 == " " || $0 == "-" }), genre: genre) } }
            .filter { !$0.words.isEmpty }.sorted { $0.words.count > $1.words.count }
    }

    /// Cost: linear in the prompt, which is cut after 4000 characters.
    public static func read(_ prompt: String, genres: [Genre]) -> Wish {
        var reader = PromptReader(tokens: Tokenizer.tokens(prompt), genres: genres)
        reader.wish.language = language(of: prompt)
        reader.readNegations()
        reader.readChords()
        reader.readMeter()
        reader.readKey()
        reader.readForm()
        reader.readLength()
        reader.readStructure()
        reader.readTempo()
        // "Drum and bass" before "bass", but "acoustic guitar" before "acoustic".
        reader.readGenre(2...8)
        reader.readInstruments()
        reader.readGenre(1...1)
        reader.readMoods()
        reader.settle()
        reader.gatherRest()
        if prompt.count > Tokenizer.longest {
            reader.wish.reading.ignored.append(.init(text: "\u{2026}", why: "a prompt is read up to its \(Tokenizer.longest)th character"))
        }
        return reader.wish
    }

    /// Whether there is nothing to read: no word, number or pictogram.
    public static func isBlank(_ prompt: String) -> Bool { Tokenizer.tokens(prompt).isEmpty }

    func word(_ i: Int) -> String { tokens.indices.contains(i) ? tokens[i].word : "" }
    func isFree(_ i: Int) -> Bool { tokens.indices.contains(i) && !tokens[i].isUsed }

    /// Whether the tokens from `i` on are these words.
    func reads(_ i: Int, _ words: [Substring]) -> Bool {
        words.indices.allSatisfy { tokens.indices.contains(i + $0) && tokens[i + $0].reads(words[$0]) && ($0 == 0 || !tokens[i + $0].isAfterBreak) }
    }

    /// Source text of a range, each source once.
    func text(_ range: Range<Int>) -> String {
        var out: [String] = []
        for token in tokens[range] where out.last != token.source { out.append(token.source) }
        return out.joined(separator: " ").shown
    }

    mutating func use(_ range: Range<Int>, as meaning: String, topic: Reading.Topic? = nil) {
        let read = Reading.Understood(text: text(range), as: meaning, topic: topic)
        if !wish.reading.understood.contains(read) { wish.reading.understood.append(read) }
        for i in range { tokens[i].isUsed = true }
    }

    mutating func ignore(_ range: Range<Int>, _ why: String) {
        let unread = Reading.Ignored(text: text(range), why: why)
        if !wish.reading.ignored.contains(unread) { wish.reading.ignored.append(unread) }
        for i in range { tokens[i].isUsed = true }
    }

    /// The language most of whose everyday words occur.
    static func language(of prompt: String) -> String {
        if prompt.unicodeScalars.contains(where: { (0x3040...0x30FF).contains($0.value) }) { return "ja" }
        if prompt.unicodeScalars.contains(where: { (0x4E00...0x9FFF).contains($0.value) }) { return "zh" }
        if prompt.unicodeScalars.contains(where: { (0x0400...0x04FF).contains($0.value) }) { return "ru" }
        let words = Set(prompt.lowercased().split(whereSeparator: { !$0.isLetter && $0 != "'" }).map(String.init))
        let marks: [(String, String)] = [
            ("de", "ein eine einen der die das und mit ohne für im in takte schläge langsamer fröhlicher moll dur sehr nur klavier"),
            ("es", "una un el los las con sin de en para muy mayor menor por compases alegre triste pulsaciones"),
            ("fr", "une un le les des et avec sans pour en très de du majeur mineur mesures secondes douce pas la"),
            ("it", "una un il lo gli con senza di per molto maggiore minore battute della"),
            ("pt", "uma um os com sem para muito maior menor compassos"),
            ("nl", "een het met zonder en van voor maten slagen droevige vrolijke"),
            ("en", "an the and with without for in of at no is this song key bars with to not"),
        ]
        return marks.map { ($0.0, $0.1.split(separator: " ").count { words.contains(String($0)) }) }
            .max { ($0.1, $0.0 == "en" ? 1 : 0) < ($1.1, $1.0 == "en" ? 1 : 0) }.flatMap { $0.1 > 0 ? $0.0 : nil } ?? "en"
    }

    /// Words that carry no wish by themselves.
    static let fillers = Set("""
        a an the and or of in on at to for with is it its this that be as by my me i we you your from into over some any like about around make made
        please song want need something tempo bpm key chords piece tune sound sounds sounding feel feeling style vibe vibes time signature rhythm groove
        very really quite bit more less most much little one played play plays playing goes go pace beat music background full solo duo trio
        quartet quintet band but not too so then than just only up down out no other others instruments instrument part parts
        section per minute minutes seconds bars length long short create generate compose write give main also through have has add
        du der die das ein eine einen einem einer im am zum de la le les el los las un una une des del da do il lo gli von auf aus an al l d en
        dans sur est son ses avec con et y e o ou oder als sehr muy tres molto piu mas plus bien este esta este ce cet cette tu eres quiero je veux ich will
        roughly exactly approximately needed circa etwa ungefahr environ aproximadamente mas intro main stage not nicht ish niet pas non nao sondern mais а но ab ist es est troppo trop zu all off nothing
        meter metre takt lasts lasting duration use using style era piece pieza morceau pezzo stuck peca aber ma em between adventure theme anthem jingle ad advert four floor add include
        i'd i'm it's let's au aux du dann bitte lieber maybe again once well hey hi hello kind sort bit can could would should
        een het voor van op l' d' un' dell' all' nell' dall' sull'
        please thanks thank bitte mochte musical instrumental composition arrangement filler mode counts count sequence here there actually called named
        """.split(whereSeparator: \.isWhitespace).map(String.init))

    /// What no pass could use becomes `ignored`, neighbours together.
    private mutating func gatherRest() {
        var at = 0
        while at < tokens.count {
            guard isFree(at), !Self.fillers.contains(tokens[at].word), !Self.fillers.contains(tokens[at].plain) else { at += 1; continue }
            var end = at + 1
            while end < tokens.count, isFree(end), !tokens[end].isAfterBreak, !Self.fillers.contains(tokens[end].word) { end += 1 }
            ignore(at..<end, "says nothing that Lathe knows how to play")
            at = end
        }
    }

    /// What contradicts itself is decided, and said.
    private mutating func settle() {
        let clash = wish.voices.filter { voice in wish.without.contains { $0 == voice.name } }
        for voice in clash { wish.reading.ignored.append(.init(text: voice.name, why: "asked for and forbidden at once; it is left out")) }
        wish.voices.removeAll { clash.contains($0) }
        // "Solo piano, nothing else" names the instrument in its style.
        if wish.isOnly, wish.voices.isEmpty {
            wish.voices = wish.genre == "piano" ? [Voice.named("piano")].compactMap { $0 } : []
            wish.isOnly = !wish.voices.isEmpty
        }
        let pieces = (wish.kit ?? []).filter { wish.without.contains($0.rawValue) }
        for piece in pieces { wish.reading.ignored.append(.init(text: piece.rawValue, why: "asked for and forbidden at once; it is left out")) }
        if !pieces.isEmpty { wish.kit?.removeAll { pieces.contains($0) } }
        if wish.kit?.isEmpty == true { wish.kit = nil }
    }
}

extension String {
    /// Without characters that a terminal acts on or that change the direction of text.
    var shown: String {
        String(unicodeScalars.filter { v in
            !(v.value < 0x20 || (0x7F...0x9F).contains(v.value) || (0x200B...0x200F).contains(v.value) || (0x2028...0x202E).contains(v.value)
                || (0x2066...0x2069).contains(v.value))
        }.map(Character.init))
    }
}
