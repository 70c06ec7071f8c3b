/// A word, number or sign of the prompt.
struct Token: Sendable, Equatable {
    /// As it stands in the prompt.
    var source: String {
        didSet { plain = Tokenizer.fold(source) }
    }
    /// The same, but for case and accents.
    private(set) var plain: String
    /// Lower case, accents folded, translated into the reader's English; several words when a phrase was.
    var word: String
    /// A number, written in digits or words.
    var number: Double?
    /// What stands before it.
    var gap = Gap.none
    /// A comma, full stop or line end stands before it.
    var isAfterBreak: Bool { gap != .none }
    var isUsed = false
    /// A "no" reaches it.
    var isDenied = false

    enum Gap: Sendable { case none, comma, bracket, colon, stop }

    init(source: String, word: String, number: Double? = nil, gap: Gap = .none) {
        self.source = source
        self.word = word
        self.number = number
        self.gap = gap
        plain = Tokenizer.fold(source)
    }

    func reads(_ other: some StringProtocol) -> Bool { word == other || plain == other }
}

/// Cuts a prompt into tokens and brings every language to one set of words.
enum Tokenizer {
    /// Prompts are cut after this many characters.
    static let longest = 4000

    static func tokens(_ prompt: String) -> [Token] {
        var out: [Token] = []
        var text = ""
        /// As it is written, where that is not how it is read.
        var spelling: String?
        var gap = Token.Gap.none
        func flush() {
            guard !text.isEmpty else { return }
            out.append(Token(source: spelling ?? text, word: fold(text), number: value(text), gap: gap))
            (text, spelling) = ("", nil)
            gap = .none
        }
        var characters = Array(prompt.prefix(longest))
        characters = characters.map { fullWidth[$0] ?? $0 }
        var at = 0
        /// Where the text that is being gathered began.
        var began = 0
        while at < characters.count {
            let c = characters[at]
            if text.isEmpty { began = at }
            if c == "\u{1B}" {
                // A control sequence of a terminal says nothing of music.
                flush()
                at += 1
                if at < characters.count, characters[at] == "[" { at = (characters[(at + 1)...].firstIndex { $0.isLetter } ?? characters.count - 1) + 1 }
                continue
            }
            if let words = picture(c) {
                flush()
                for word in words.split(separator: " ") {
                    out.append(Token(source: String(c), word: String(word), gap: gap))
                    gap = .none
                }
                at += 1
                continue
            }
            let isCounted = c.isNumber && at + 1 < characters.count && isIdeographic(characters[at + 1]) && ideographs(characters, at) != nil
            if isIdeographic(c) || isCounted {
                flush()
                if let (length, words) = ideographs(characters, at) {
                    let source = String(characters[at..<at + length])
                    for word in words.split(separator: " ") {
                        out.append(Token(source: source, word: String(word), number: value(String(word)), gap: gap))
                        gap = .none
                    }
                    at += length
                } else {
                    var end = at + 1
                    while end < characters.count, isIdeographic(characters[end]), ideographs(characters, end) == nil { end += 1 }
                    let source = String(characters[at..<end])
                    // Particles and endings carry no wish.
                    if source.contains(where: { !isKana($0) }) || source.count > 3 { out.append(Token(source: source, word: source, gap: gap)) }
                    at = end
                }
                continue
            }
            if c.isLetter || c.isNumber || c == "'" || c == "’" {
                // "120bpm": a number ends where letters begin, but "C7" and "2step" stay whole.
                if let last = text.last, last.isNumber, c.isLetter, text.allSatisfy({ $0.isNumber || $0 == "." || $0 == "-" }) { flush() }
                // "BPM160", "tempo90".
                if c.isNumber, ["bpm", "tempo"].contains(text.lowercased()) { flush() }
                text.append(c == "’" ? "'" : c)
            } else if c == "#" || c == "♯" || c == "♭" || c == "°" || c == "+" || c == "Δ" || c == "ø" {
                text.append(c == "♯" ? "#" : c == "♭" ? "b" : c)
            } else if c == ".", let last = text.last, last.isNumber, at + 1 < characters.count, characters[at + 1].isNumber {
                text.append(c)
            } else if c == ",", let (digits, isGroup) = afterComma(characters, at, began, text) {
                spelling = text + "," + digits
                text += (isGroup ? "" : ".") + digits
                at += digits.count
            } else if c == "-" || c == "\u{2212}", text.isEmpty, at == 0 || " \t\n:=(".contains(characters[at - 1]), at + 1 < characters.count, characters[at + 1].isNumber {
                text = "-"
            } else if c == "/", joinsWords(characters, at, text) {
                // "No drums/bass".
                flush()
                out.append(Token(source: "/", word: "or", gap: gap))
            } else if c == "/", !text.isEmpty, at + 1 < characters.count, characters[at + 1].isNumber || characters[at + 1].isLetter {
                text.append(c)
            } else if c == "(", let (inner, end) = added(to: text, characters, at) {
                // "Am(add9)"
                text += "(" + inner + ")"
                at = end
            } else if c == ":", at + 1 < characters.count, characters[at + 1].isNumber, text.first?.isUppercase == true, Chord(symbol: text) != nil {
                // "C:2", a chord and its bars.
                text.append(c)
            } else if c == ":", let last = text.last, last.isNumber, at + 1 < characters.count, characters[at + 1].isNumber {
                text.append(c)
            } else if c == "&", text.isEmpty, at + 1 < characters.count, characters[at + 1] == " " {
                // "Drum & bass", but not "R&B".
                out.append(Token(source: "&", word: "and", gap: gap))
                gap = .none
            } else if let note = noteValues[c] {
                flush()
                let isDotted = at + 1 < characters.count && characters[at + 1] == "."
                out.append(Token(source: String(c), word: (isDotted ? "dotted" : "") + note, gap: gap))
                gap = .none
                if isDotted { at += 1 }
            } else {
                flush()
                switch c {
                case ".", "!", "?", ";", "\n", "。", ")": gap = .stop
                case ":": gap = gap == .stop ? .stop : .colon
                case "(": if gap == .none { gap = .bracket }
                case ",", "、", "・", "「", "」": if gap == .none { gap = .comma }
                default: break
                }
                // A hyphen joins words, but between chords it is a gap.
            }
            at += 1
        }
        flush()
        return number(translate(out.flatMap(elided)))
    }

    private static let noteValues: [Character: String] = ["\u{2669}": "quarterbeat", "\u{266A}": "eighthbeat", "\u{1D15F}": "quarterbeat", "\u{1D15E}": "halfbeat"]

    /// Whether a stroke stands between two words, rather than in a chord, a metre, `w/o` or `beats/min`.
    private static func joinsWords(_ characters: [Character], _ at: Int, _ text: String) -> Bool {
        let right = characters[(at + 1)...].prefix { $0.isLetter }
        guard text.count >= 2, text.allSatisfy(\.isLetter), right.count >= 2, Chord(symbol: text) == nil, Lexicon.translations[fold(text + "/" + String(right))] == nil else { return false }
        return !(right.count == 2 && Tone(String(right)) != nil && right.first?.isUppercase == true)
    }

    /// What stands in brackets behind a chord without a space.
    private static func added(to text: String, _ characters: [Character], _ at: Int) -> (inner: String, end: Int)? {
        guard text.first.map({ "ABCDEFGH".contains($0) }) == true, let close = characters[at...].prefix(12).firstIndex(of: ")") else { return nil }
        let inner = String(characters[(at + 1)..<close].filter { $0 != " " && $0 != "," })
        guard !inner.isEmpty, Chord(symbol: text + inner) != nil || Chord(symbol: text) != nil && inner.contains(where: \.isNumber) && inner.allSatisfy({ $0.isNumber || "#b♯♭+-adsumjno".contains($0) }) else { return nil }
        return (inner, close)
    }

    private static let elisions: Set<String> = ["d'", "l'", "n'", "un'", "dell'", "all'", "nell'", "dall'", "sull'", "qu'", "quell'"]

    /// "L'orgue", "d'archi": the article that a vowel shortened is a word of its own, where what follows is one that is known.
    private static func elided(_ token: Token) -> [Token] {
        guard let cut = token.source.firstIndex(of: "'"), token.source.index(after: cut) < token.source.endIndex, Lexicon.translations[token.word] == nil else { return [token] }
        let (first, rest) = (String(token.source[...cut]), String(token.source[token.source.index(after: cut)...]))
        guard elisions.contains(fold(first)), Lexicon.translations[fold(rest)] != nil || Voice.named(fold(rest)) != nil else { return [token] }
        return [Token(source: first, word: fold(first), gap: token.gap), Token(source: rest, word: fold(rest))]
    }

    /// Digits as a number; nil for words such as `nan`, and for what no music counts up to.
    private static func value(_ text: String) -> Double? {
        guard text.first?.isNumber == true || text.first == "-" && text.dropFirst().first?.isNumber == true, let x = Double(text), abs(x) <= 1e6 else { return nil }
        return x
    }

    /// What follows the comma of one number: three digits are thousands (`10,000`), one or two a fraction (`127,5`). A list (`1,4,5`) is neither.
    private static func afterComma(_ characters: [Character], _ at: Int, _ began: Int, _ text: String) -> (digits: String, isGroup: Bool)? {
        guard !text.isEmpty, text.count <= 3, text.allSatisfy(\.isNumber), began == 0 || characters[began - 1] != "," else { return nil }
        let digits = String(characters[(at + 1)...].prefix(4).prefix { $0.isNumber })
        let end = at + 1 + digits.count
        if end + 1 < characters.count, characters[end] == ",", characters[end + 1].isNumber { return nil }
        switch digits.count {
        case 3: return (digits, true)
        case 1, 2: return (digits, false)
        default: return nil
        }
    }

    /// What a pictogram stands for; one that Lathe has no word for stands for itself.
    private static func picture(_ c: Character) -> String? {
        guard let first = c.unicodeScalars.first, first.properties.isEmojiPresentation || first.properties.isEmoji && first.value > 0x2000 else { return nil }
        return Lexicon.pictures[first] ?? String(c)
    }

    static func fold(_ text: String) -> String {
        String(text.lowercased().map { folded[$0] ?? $0 }).replacing("ß", with: "ss").replacing("œ", with: "oe")
    }

    private static let folded: [Character: Character] = {
        var table: [Character: Character] = [:]
        for (to, from) in [("a", "àáâãäåā"), ("e", "èéêëēę"), ("i", "ìíîïī"), ("o", "òóôõöøō"), ("u", "ùúûüū"), ("n", "ñń"), ("c", "çćč"), ("s", "śš"), ("z", "žźż"), ("l", "ł"), ("y", "ýÿ"), ("е", "ё")] {
            for c in from { table[c] = Character(to) }
        }
        return table
    }()

    private static let fullWidth: [Character: Character] = {
        var table: [Character: Character] = ["／": "/", "：": ":", "，": ",", "．": ".", "＃": "#"]
        for (n, c) in "０１２３４５６７８９".enumerated() { table[c] = Character(String(n)) }
        return table
    }()

    private static func isIdeographic(_ c: Character) -> Bool {
        guard let v = c.unicodeScalars.first?.value else { return false }
        return (0x3040...0x30FF).contains(v) || (0x4E00...0x9FFF).contains(v) || v == 0x3005 || v == 0x30FC
    }

    private static func isKana(_ c: Character) -> Bool { c.unicodeScalars.first.map { (0x3040...0x309F).contains($0.value) } ?? false }

    private static func ideographs(_ characters: [Character], _ at: Int) -> (Int, String)? {
        for length in stride(from: min(8, characters.count - at), through: 1, by: -1) {
            if let words = Lexicon.ideographic[String(characters[at..<at + length])] { return (length, words) }
        }
        return nil
    }

    /// Replaces words and phrases of other languages, longest phrase first; source texts stay.
    private static func translate(_ tokens: [Token]) -> [Token] {
        var out: [Token] = []
        var at = 0
        scan: while at < tokens.count {
            for length in stride(from: min(5, tokens.count - at), through: 1, by: -1) {
                let slice = tokens[at..<at + length]
                if length > 1, slice.dropFirst().contains(where: \.isAfterBreak) { continue }
                guard let english = Lexicon.translations[slice.map(\.word).joined(separator: " ")] else { continue }
                let source = slice.map(\.source).joined(separator: " ")
                for (n, word) in english.split(separator: " ").enumerated() {
                    out.append(Token(source: source, word: String(word), number: value(String(word)), gap: n == 0 ? tokens[at].gap : .none))
                }
                at += length
                continue scan
            }
            out.append(tokens[at])
            at += 1
        }
        return out
    }

    /// Joins number words: "one hundred and twelve", "noventa y cinco", "zweiundneunzig".
    private static func number(_ tokens: [Token]) -> [Token] {
        var out: [Token] = []
        var at = 0
        while at < tokens.count {
            var (total, used, sources) = (0.0, 0, [String]())
            var lastSize = Double.infinity
            while at + used < tokens.count {
                let token = tokens[at + used]
                if used > 0, token.isAfterBreak { break }
                let connects = used > 0 && ["and", "y", "et", "und", "e"].contains(token.word) && at + used + 1 < tokens.count
                    && Lexicon.number(tokens[at + used + 1].word).map { $0 < lastSize && (lastSize > 10) } == true
                if connects {
                    sources.append(token.source)
                    used += 1
                    continue
                }
                guard let value = Lexicon.number(token.word) else { break }
                if value == 100, used > 0, total < 10 { total *= 100; lastSize = 100 }
                else if used == 0 || value < lastSize, used == 0 || (lastSize >= 20 && value < 10 || lastSize >= 100 || (lastSize == 60 || lastSize == 80) && value < 20) { total += value; lastSize = value }
                else { break }
                sources.append(token.source)
                used += 1
            }
            if used > 0 {
                var token = tokens[at]
                token.source = sources.joined(separator: " ")
                token.word = String(Int(total))
                token.number = total
                out.append(token)
                at += used
            } else {
                out.append(tokens[at])
                at += 1
            }
        }
        return out
    }
}
