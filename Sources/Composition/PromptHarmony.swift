/// Chords, metre and key in a prompt.
extension PromptReader {
    /// Three chord symbols in a row, or fewer after the word for chords; Roman numerals likewise.
    mutating func readChords() {
        var at = 0
        while at < tokens.count {
            if tokens[at].word == "chords" {
                var start = at + 1
                while start < tokens.count, start < at + 6, Self.written(tokens[start], hasH: tokens[start].source.hasPrefix("H")) == nil || tokens[start].source == "A", Self.numeral(tokens[start]) == nil { start += 1 }
                if start < tokens.count, collect(from: start, least: 2, isAnnounced: true) { at = start }
                else { refuseChords(after: at) }
            } else if wish.chords.isEmpty, collect(from: at, least: 3, isAnnounced: false) {
                continue
            }
            at += 1
        }
    }

    /// Written like a chord, with a figure or a sign.
    private static func isLikeOne(_ source: String) -> Bool {
        source.count > 1 && source.first.map { "ABCDEFGH".contains($0) } == true && source.dropFirst().contains { $0.isNumber || "#♯♭+°øΔ".contains($0) }
    }

    private static let noChord = "is no chord that Lathe knows"

    /// What stands where chords were announced and is written like one, but is none.
    private mutating func refuseChords(after announced: Int) {
        var at = announced + 1
        while at < tokens.count, isFree(at) {
            if Self.written(tokens[at], hasH: false) != nil { at += 1; continue }
            guard Self.isLikeOne(tokens[at].source) else { break }
            ignore(at..<at + 1, Self.noChord + "; a progression of others stands instead")
            at += 1
        }
    }

    private static func numeral(_ token: Token) -> String? {
        let text = token.source
        guard text.contains(where: { "IViv".contains($0) }), let key = Tone("C").map({ Key(tonic: $0, mode: .major) }), Chord(numeral: text, in: key) != nil else { return nil }
        return text
    }

    /// The chord a token stands for, the bars it is to last (`C:2`), and whether it is only the nearest one.
    private static func written(_ token: Token, hasH: Bool) -> (chord: Chord, bars: Int, isNearest: Bool)? {
        let halves = token.source.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count <= 2, let symbol = halves.first else { return nil }
        let bars = halves.count == 2 ? Int(halves[1]) ?? 0 : 1
        guard (1...16).contains(bars) else { return nil }
        let spelled = hasH ? german(String(symbol)) : String(symbol)
        if let chord = Chord(symbol: spelled) { return (chord, bars, false) }
        return Chord.nearest(to: spelled).map { ($0, bars, true) }
    }

    /// What stands among chords and is none, though it looks like one.
    private func isMiswritten(_ i: Int, _ isAnnounced: Bool, _ isGerman: Bool) -> Bool {
        let source = tokens[i].source
        if isAnnounced, Self.isLikeOne(source) { return true }
        guard Self.isLikeOne(source) || isAnnounced && source.first?.isUppercase == true && source.contains(where: \.isNumber) else { return false }
        return i + 1 < tokens.count && Self.written(tokens[i + 1], hasH: isGerman) != nil
    }

    private mutating func collect(from start: Int, least: Int, isAnnounced: Bool) -> Bool {
        var chords: [Chord] = []
        var numerals: [String] = []
        var others: [(at: Int, why: String)] = []
        var named = 0
        var end = start
        // Where an H is written, B is the note below it.
        let isGerman = tokens[start...].prefix(16).prefix { Self.written($0, hasH: true) != nil || $0.source.first?.isUppercase == true && $0.source.contains(where: \.isNumber) }.contains { $0.source.hasPrefix("H") && Self.written($0, hasH: true) != nil }
        while end < tokens.count, isFree(end) {
            if chords.isEmpty, let numeral = Self.numeral(tokens[end]) { numerals.append(numeral); named += 1 }
            else if numerals.isEmpty, let (chord, bars, isNearest) = Self.written(tokens[end], hasH: isGerman) {
                chords += Array(repeating: chord, count: bars)
                named += 1
                if isNearest { others.append((end, "is played as \(chord.symbol)")) }
            } else if numerals.isEmpty, named > 0, isMiswritten(end, isAnnounced, isGerman) {
                // One that is none does not take the others with it.
                others.append((end, Self.noChord + "; the others are played"))
            } else { break }
            end += 1
            // A full sentence may end between them, but "Am. The" does not go on.
            if end < tokens.count, ["major", "minor", "flat", "sharp"].contains(tokens[end].word) { chords = chords.dropLast(); named -= 1; end -= 1; break }
        }
        guard named >= least || isAnnounced && named > 0 && !others.isEmpty else { return false }
        if !chords.isEmpty {
            if wish.chords.isEmpty { wish.chords = Array(chords.prefix(64)) }
            use(start..<end, as: "chords " + chords.map(\.symbol).joined(separator: " "), topic: .chords)
            for other in others {
                let unread = Reading.Ignored(text: tokens[other.at].source.shown, why: other.why)
                if !wish.reading.ignored.contains(unread) { wish.reading.ignored.append(unread) }
            }
        } else {
            if wish.numerals.isEmpty { wish.numerals = Array(numerals.prefix(64)) }
            use(start..<end, as: "degrees " + numerals.joined(separator: " "), topic: .chords)
        }
        return true
    }

    private static func german(_ symbol: String) -> String {
        if symbol.hasPrefix("H") { return "B" + symbol.dropFirst() }
        let isPlainB = symbol.hasPrefix("B") && symbol.dropFirst().first.map { !"b#♭♯".contains($0) } != false
        return isPlainB ? "Bb" + symbol.dropFirst() : symbol
    }

    /// Words that tell a metre and leave the style open to others.
    static let dances: Set<String> = ["waltz", "minuet", "jig", "march", "mazurka", "tarantella"]

    /// What is written in figures counts more than the name of a dance.
    mutating func readMeter() {
        for isWritten in [true, false] { readMeter(isWritten: isWritten) }
    }

    private mutating func readMeter(isWritten: Bool) {
        for i in tokens.indices where isFree(i) {
            var found: Meter?
            var range = i..<i + 1
            if isWritten, let meter = Meter(tokens[i].word) {
                found = meter
            } else if isWritten {
                let halves = tokens[i].word.split(separator: "/", omittingEmptySubsequences: false)
                if halves.count == 2, halves.allSatisfy({ !$0.isEmpty && $0.allSatisfy(\.isNumber) }) { ignore(range, "a metre has 1 to 32 halves, quarters, eighths or sixteenths to the bar") }
                continue
            } else if tokens[i].word == "counts", let n = (i + 1..<min(i + 4, tokens.count)).first(where: { tokens[$0].number != nil }), let count = tokens[n].number {
                found = Meter(count: Int(count), unit: 4)
                range = i..<n + 1
            } else if ["waltz", "minuet", "menuett", "minueto", "menuet", "mazurka", "dreivierteltakt"].contains(word(i)) || ["waltz", "waltzing"].contains(word(i)) {
                if let before = wish.meter {
                    if before.count % 3 != 0 { wish.reading.ignored.append(.init(text: text(range), why: "is in 3/4; the metre asked for is \(before.name)")) }
                } else {
                    found = Meter(count: 3, unit: 4)
                }
            } else if ["jig", "tarantella", "siciliana", "barcarolle", "sechsachteltakt"].contains(word(i)), wish.meter == nil {
                found = Meter(count: 6, unit: 8)
            }
            guard let found else { continue }
            if tokens[range.lowerBound].isDenied {
                wish.not.meters.append(found)
                use(range, as: "not in \(found.name)")
                continue
            }
            if let before = wish.meter, before != found {
                if ["waltz", "minuet"].contains(word(i)) { continue }
                ignore(range, "the metre is \(before.name) already")
            } else {
                wish.meter = found
                use(range, as: "metre \(found.name)", topic: .meter)
                // The name of a dance tells a style as well.
                if Self.dances.contains(word(i)) { tokens[i].isUsed = false }
            }
        }
    }

    private static let solfege = ["do": 0, "ut": 0, "re": 1, "mi": 2, "fa": 3, "sol": 4, "la": 5, "si": 6]
    static let modes: [String: Mode] = ["major": .major, "minor": .minor, "dorian": .dorian, "phrygian": .phrygian, "lydian": .lydian,
                                                "mixolydian": .mixolydian, "aeolian": .minor, "ionian": .major, "locrian": .locrian]

    mutating func readKey() {
        var at = 0
        while at < tokens.count {
            if isFree(at), tokens[at].isDenied, let mode = Self.modes[tokens[at].word] {
                // Not in minor: in none of the scales with that third.
                wish.not.modes += [.major, .minor].contains(mode) ? Mode.allCases.filter { $0.isMinor == mode.isMinor } : [mode]
                use(at..<at + 1, as: "not in \(tokens[at].word)")
                at += 1
                continue
            }
            guard isFree(at), let (key, end, isSure) = key(at) else { at += 1; continue }
            if tokens[at].isDenied {
                wish.not.keys.append(key)
                use(at..<end, as: "not in \(key.name)")
                at = end
                continue
            }
            let isCorrection = (max(0, at - 3)..<at).contains { ["no", "actually", "rather", "instead", "sorry", "nein", "lieber"].contains(tokens[$0].word) }
            if let before = wish.key, before != key, isSure {
                if isCorrection {
                    wish.reading.overrule(.key, "taken back later in the prompt")
                    wish.key = key
                    use(at..<end, as: "key of \(key.name)", topic: .key)
                } else {
                    ignore(at..<end, "the key is \(before.name) already")
                }
            } else if wish.key == nil {
                wish.key = key
                use(at..<end, as: "key of \(key.name)", topic: .key)
            } else {
                for i in at..<end { tokens[i].isUsed = true }
            }
            at = end
        }
        // A mode without a tonic: "phrygian techno", "in minor".
        for i in tokens.indices where isFree(i) {
            guard let mode = Self.modes[tokens[i].word], ![.major, .minor].contains(mode) || i > 0 && word(i - 1) == "in" || wish.key?.mode == mode else { continue }
            if let key = wish.key, key.mode != mode {
                ignore(i..<i + 1, "the key is \(key.name) already")
            } else {
                if wish.key == nil { wish.mode = mode }
                use(i..<i + 1, as: "in \(mode.rawValue)", topic: .key)
            }
        }
    }

    /// A key at token `i`, where it ends, and whether it can be nothing else.
    func key(_ i: Int) -> (Key, Int, Bool)? {
        guard tokens.indices.contains(i) else { return nil }
        let token = tokens[i]
        let introduced = !token.isAfterBreak && ((max(0, i - 3)..<i).contains { tokens[$0].word == "key" && !(($0 + 1)..<i).contains { tokens[$0].isAfterBreak } } || (i > 0 && tokens[i - 1].word == "in"))
            || (i > 0 && tokens[i - 1].word == "key")
        // A translated note stands in the reader's letters.
        let written = token.source.first?.isASCII == true ? token.source : token.word.prefix(1).uppercased() + token.word.dropFirst()
        var end = i + 1
        var tone: Tone?
        var mode: Mode?
        let follower = word(i + 1)
        let germanMode = i + 1 < tokens.count && ["dur", "moll"].contains(tokens[i + 1].plain)
        let sign = token.word.last == "#" ? 1 : 0
        if let letter = Self.solfege[String(token.word.dropLast(sign))], token.word.count > 1 {
            var tonic = Tone(letter: letter, alteration: sign)
            if follower == "sharp" { tonic.alteration = 1; end += 1 } else if follower == "flat" { tonic.alteration = -1; end += 1 }
            guard let named = Self.modes[word(end)] else { return nil }
            return (Key(tonic: tonic, mode: named), end + 1, true)
        }
        // Dutch: klein and groot behind a note, whose B is not the German one.
        let dutchMode: Mode? = i + 1 < tokens.count && !tokens[i + 1].isAfterBreak ? ["klein": .minor, "groot": .major][tokens[i + 1].plain] : nil
        if let dutchMode, token.plain.count <= 3, let note = token.plain == "b" ? Tone("B") : Self.german(token.plain) {
            return (Key(tonic: note, mode: dutchMode), i + 2, true)
        }
        if germanMode {
            tone = Self.german(token.plain)
        } else if let short = Self.keySymbol(written) {
            (tone, mode) = short
        } else if written.count == 1, let letter = Tone(written) {
            tone = letter
        } else if written.count == 2, let letter = Tone(written) {
            tone = letter
        }
        guard var tonic = tone else { return nil }
        if mode == nil, tonic.alteration == 0, word(end) == "sharp" { tonic.alteration = 1; end += 1 }
        else if mode == nil, tonic.alteration == 0, word(end) == "flat" { tonic.alteration = -1; end += 1 }
        if mode == nil, end < tokens.count, !tokens[end].isAfterBreak || germanMode {
            if word(end) == "harmonic" || word(end) == "natural" || word(end) == "melodic", word(end + 1) == "minor" {
                return (Key(tonic: tonic, mode: word(end) == "harmonic" ? .harmonicMinor : .minor), end + 2, true)
            }
            if let named = Self.modes[word(end)] { return (Key(tonic: tonic, mode: named), end + 1, true) }
            // "A min" is no length.
            if tokens[end].plain == "min" { return (Key(tonic: tonic, mode: .minor), end + 1, true) }
        }
        if let mode { return (Key(tonic: tonic, mode: mode), end, introduced || token.source.count > 2) }
        // A letter alone is a key only where one is announced, or with its sign.
        let isUpper = written.first?.isUppercase == true
        guard introduced || (tonic.alteration != 0 && isUpper), isUpper || end > i + 1 else { return nil }
        return (Key(tonic: tonic, mode: .major), end, introduced)
    }

    /// `Am`, `F#m`, `Bbmin`, `Dmaj`: a tonic with its mode in one word.
    private static func keySymbol(_ text: String) -> (Tone, Mode)? {
        guard text.first?.isUppercase == true else { return nil }
        for (ending, mode) in [("minor", Mode.minor), ("major", .major), ("min", .minor), ("maj", .major), ("m", .minor), ("M", .major)] where text.hasSuffix(ending) {
            if let tone = Tone(text.dropLast(ending.count)) { return (tone, mode) }
        }
        return nil
    }

    /// German note names: H is B, B is B flat, -is sharp, -es flat.
    private static func german(_ word: String) -> Tone? {
        let first = word.prefix(1)
        if word == "b" { return Tone(letter: 6, alteration: -1) }
        if word == "es" { return Tone(letter: 2, alteration: -1) }
        if word == "as" { return Tone(letter: 5, alteration: -1) }
        guard let letter = first == "h" ? 6 : Tone(first)?.letter else { return nil }
        switch word.dropFirst() {
        case "": return Tone(letter: letter, alteration: 0)
        case "is": return Tone(letter: letter, alteration: 1)
        case "es": return Tone(letter: letter, alteration: -1)
        default: return nil
        }
    }
}
