/// Tempo, length and structure in a prompt.
extension PromptReader {
    mutating func readLength() {
        for i in tokens.indices where isFree(i) {
            if let seconds = Self.clock(tokens[i].word.replacing("'", with: ":")) {
                // "drop at 1:00" is a place, not a length.
                if let peak = (max(0, i - 3)..<i).last(where: { Self.peaks.contains(tokens[$0].word) }), !(peak..<i).contains(where: { Self.clock(tokens[$0].word) != nil }) { continue }
                setSeconds(seconds, i..<i + 1)
                continue
            }
            guard let n = tokens[i].number else { continue }
            if readDecade(n, i) { continue }
            if i > 0, ["bars", "duration", "length", "lasting", "lasts", "seconds"].contains(word(i - 1)), isFree(i - 1), i < 2 || tokens[i - 2].number == nil,
               !["seconds", "minutes", "bars", "s", "bpm"].contains(word(i + 1)) || tokens.indices.contains(i + 1) && tokens[i + 1].isAfterBreak {
                // "Bars: 24", "duration: 75".
                if word(i - 1) == "bars", Brief.barsRange.contains(Int(n)), wish.bars == nil {
                    wish.bars = Int(n)
                    use(i - 1..<i + 1, as: Self.counted(Int(n)), topic: .length)
                    continue
                } else if word(i - 1) != "bars", n >= 5 {
                    setSeconds(n, i..<i + 1)
                    continue
                }
            }
            if word(i + 1) == "and", word(i + 2) == "a", word(i + 3) == "half", word(i + 4) == "minutes" {
                setSeconds((n + 0.5) * 60, i..<i + 5)
                continue
            }
            // "2m15s", "1h30".
            if !(tokens.indices.contains(i + 1) && tokens[i + 1].isAfterBreak), let (seconds, isWhole) = Self.joined(n, word(i + 1)) {
                if isWhole || word(i + 2) == "s" || word(i + 2) == "seconds" { setSeconds(seconds, i..<i + (isWhole ? 2 : 3)) } else { setSeconds(seconds, i..<i + 2) }
                continue
            }
            var unit = i + 1
            if word(unit) == "more" || word(unit) == "full" { unit += 1 }
            guard isFree(unit), !tokens[unit].isAfterBreak else { continue }
            switch tokens[unit].word {
            case "seconds", "s": setSeconds(n, i..<unit + 1)
            case "h" where ["moll", "dur", "minor", "major"].contains(word(unit + 1)): break
            case "hours", "h": setSeconds(n * 3600, i..<unit + 1)
            case "minutes":
                var (total, end) = (n * 60, unit + 1)
                if word(end) == "and", word(end + 1) == "a", word(end + 2) == "half" { total += 30; end += 3 }
                else if let more = (end..<min(end + 2, tokens.count)).first(where: { tokens[$0].number != nil }), let extra = tokens[more].number,
                        // "Two minutes of 80s pop" names a decade.
                        word(more + 1) == "seconds" || word(more + 1) == "s" && extra < 60 && extra != 50 {
                    total += extra
                    end = more + 2
                } else {
                    // "Trois minutes trente", "two minutes and thirty".
                    let more = ["and", "e"].contains(word(end)) ? end + 1 : end
                    if more < tokens.count, !tokens[end].isAfterBreak, let extra = tokens[more].number, (1...59).contains(extra), isFree(more), extra == extra.rounded(),
                       more + 1 == tokens.count || tokens[more + 1].isAfterBreak || ["long", "lang", "de", "of", "in", "at", "and", "with", "for", "du", "di"].contains(word(more + 1)) {
                        total += extra
                        end = more + 1
                    }
                }
                setSeconds(total, i..<end)
            case "bars":
                if word(unit + 1) == "blues" {
                    wish.isBlues = true
                    use(i..<unit + 2, as: "blues form")
                    if wish.genre == nil, genres.contains(where: { $0.id == "blues" }) { wish.genre = "blues" }
                } else if n != n.rounded() {
                    ignore(i..<unit + 1, "a track has whole bars")
                } else if let before = wish.bars, before != Int(n) {
                    ignore(i..<unit + 1, "the length is \(Self.counted(before)) already")
                } else if Brief.barsRange.contains(Int(n)) {
                    wish.bars = Int(n)
                    use(i..<unit + 1, as: Self.counted(Int(n)), topic: .length)
                } else {
                    ignore(i..<unit + 1, "a track has 1 to 2000 bars")
                }
            default: break
            }
        }
        if wish.bars != nil, let seconds = wish.seconds {
            let said = wish.reading.understood.first { $0.as == "\(seconds) seconds" }
            wish.reading.understood.removeAll { $0 == said }
            wish.reading.ignored.append(.init(text: said?.text ?? "\(seconds) seconds", why: "bars were given too, and count"))
            wish.seconds = nil
        }
        // A form has its length.
        if let form = wish.form, form.count > 1, wish.bars == nil, wish.seconds == nil { wish.bars = min(Brief.barsRange.upperBound, form.reduce(0) { $0 + $1.bars }) }
    }

    /// `80s`, `'90s`, `the 70s`: a time that music comes from, unless a length is all it can be.
    private mutating func readDecade(_ n: Double, _ i: Int) -> Bool {
        guard [50, 60, 70, 80, 90].contains(n), word(i + 1) == "s", isFree(i + 1), tokens.indices.contains(i + 2), !tokens[i + 2].isAfterBreak,
              !["long", "in", "at", "of", "with", "and", "loop", "total", "length"].contains(word(i + 2)) || word(i - 1) == "the" else { return false }
        wish.era = Int(n)
        use(i..<i + 2, as: "the \(Int(n))s")
        return true
    }

    private mutating func setSeconds(_ seconds: Double, _ range: Range<Int>) {
        if let before = wish.seconds, before != seconds { return ignore(range, "the length is \(before) seconds already") }
        guard Brief.secondsRange.contains(seconds) else { return ignore(range, "a track lasts 1 second to an hour") }
        wish.seconds = seconds
        use(range, as: "\(seconds) seconds", topic: .length)
    }

    /// `2` and `m15s`, `1` and `h30`: seconds, and whether the unit of the last number is there.
    private static func joined(_ n: Double, _ rest: String) -> (Double, Bool)? {
        guard let unit = ["min", "m", "h"].first(where: { rest.hasPrefix($0) }) else { return nil }
        let tail = rest.dropFirst(unit.count), digits = tail.prefix { $0.isNumber }, end = tail.dropFirst(digits.count)
        guard let extra = Double(digits), extra < 60, digits.count <= 2, ["", "s", "sec", "m", "min"].contains(end) else { return nil }
        return unit == "h" ? (n * 3600 + extra * 60, true) : (n * 60 + extra, !end.isEmpty)
    }

    /// `1:15`.
    private static func clock(_ word: String) -> Double? {
        let halves = word.split(separator: ":")
        guard halves.count == 2, halves[1].count == 2, let minutes = Double(halves[0]), let seconds = Double(halves[1]), seconds < 60 else { return nil }
        return minutes * 60 + seconds
    }

    private static let peaks: Set<String> = ["drop", "chorus", "climax", "hook", "refrain", "peak", "drops"]

    mutating func readStructure() {
        for i in tokens.indices where isFree(i) {
            let next = word(i + 1)
            if word(i) == "intro" || word(i) == "introduction", tokens[i].isDenied {
                wish.introWeight = 0
                use(i..<i + 1, as: "no intro")
            } else if next == "intro" || (next == "introduction"), ["long", "short", "no", "without", "lange", "langes", "larga", "longue"].contains(word(i)) {
                wish.introWeight = ["no", "without"].contains(word(i)) ? 0 : word(i) == "short" ? 0.5 : 2
                use(i..<i + 2, as: wish.introWeight == 0 ? "no intro" : wish.introWeight < 1 ? "a short intro" : "a long intro")
            } else if Self.peaks.contains(word(i)), let at = (i + 1..<min(i + 4, tokens.count)).first(where: { Self.clock(tokens[$0].word) != nil || (tokens[$0].number != nil && word($0 + 1) == "seconds") }) {
                wish.dropAt = Self.clock(tokens[at].word) ?? tokens[at].number
                use(i..<(tokens[at].number != nil ? at + 2 : at + 1), as: Brief.dropReading(wish.dropAt ?? 0))
            } else if word(i) == "loop", tokens[i].isDenied {
                use(i..<i + 1, as: "no loop")
            } else if word(i) == "loop" {
                wish.isLoop = true
                use(i..<i + 1, as: "a loop")
            } else if word(i) == "half" && next == "time" {
                wish.isHalfTime = true
                wish.halfTimeIntroOnly = (i + 2..<min(i + 6, tokens.count)).contains { tokens[$0].word == "intro" }
                use(i..<(word(i + 2) == "feel" ? i + 3 : i + 2), as: wish.halfTimeIntroOnly ? "half-time drums in the intro" : "half-time drums")
            } else if word(i) == "double", next == "time" {
                use(i..<(word(i + 2) == "feel" ? i + 3 : i + 2), as: "lively subdivisions")
            } else if ["swing", "swung", "swinging", "shuffle", "shuffled"].contains(word(i)), tokens[i].isDenied {
                wish.swing = 0
                use(i..<i + 1, as: "straight eighths")
            } else if ["swing", "swung", "swinging", "shuffle", "shuffled"].contains(word(i)) {
                wish.swing = 1
                // "swing" may name a genre as well, so it stays free.
                if word(i) != "swing" { use(i..<i + 1, as: "swung eighths") }
            } else if word(i) == "straight", ["eighths", "feel", "rhythm"].contains(next) {
                wish.swing = 0
                use(i..<i + 2, as: "straight eighths")
            }
        }
    }

    /// Metronome marks as they are usually given, beats per minute.
    private static let words: [String: Double] = [
        "grave": 42, "largo": 52, "larghetto": 62, "lento": 54, "adagio": 68, "adagietto": 72, "andante": 88, "andantino": 94, "moderato": 112,
        "allegretto": 116, "allegro": 132, "vivace": 164, "vivo": 160, "presto": 180, "prestissimo": 206,
    ]

    mutating func readTempo() {
        // With a unit, before or after it.
        for i in tokens.indices where isFree(i) {
            guard let n = tokens[i].number else { continue }
            let after = word(i + 1)
            if tokens[i].isDenied {
                wish.not.tempi.append(n)
                use(i..<(after == "bpm" ? i + 2 : i + 1), as: "not \(n) beats a minute")
                continue
            }
            // "118 to 122 bpm" means what lies between.
            if after == "bpm", let first = (max(0, i - 2)..<i).first(where: { tokens[$0].number != nil && isFree($0) }), let low = tokens[first].number,
               low < n, low > n * 0.8, first == i - 1 || ["and", "to", "bis", "a"].contains(word(i - 1)) {
                setTempo((low + n) / 2, first..<i + 2)
                continue
            }
            let before = (max(0, i - 5)..<i).reversed().prefix { !tokens[$0 + 1].isAfterBreak }.map { tokens[$0].word }
            if after == "bpm" || after == "beats" || (after == "drums" && tokens[i + 1].plain == "beats") {
                let unit = Self.noteLengths[word(i + 2)]
                setTempo(n, i..<i + (unit == nil ? 2 : 3), counted: unit)
            } else if let name = before.first(where: { Self.noteLengths[$0] != nil || Self.bareNotes[$0] != nil }), let place = (max(0, i - 5)..<i).last(where: { word($0) == name }),
                      Self.noteLengths[name] != nil || place == i - 1 {
                setTempo(n, place..<i + 1, counted: Self.noteLengths[name] ?? Self.bareNotes[name])
            } else if before.contains("bpm") || before.contains("tempo") {
                setTempo(n, i..<i + 1)
            }
        }
        // A number alone that can be nothing else.
        for i in tokens.indices where isFree(i) {
            guard let n = tokens[i].number, n >= 40, n <= 250 else { continue }
            let stands = !isFree(i + 1) || tokens[i + 1].isAfterBreak || Self.fillers.contains(word(i + 1))
            let counts = Self.counted.contains(word(i + 1)) || ["808", "303", "909", "707"].contains(word(i))
            if wish.bpm == nil, stands || (n >= 60 && n <= 200 && !counts) || ["at", "around", "over", "about"].contains(word(i - 1)) { setTempo(n, i..<i + 1) }
        }
        for i in tokens.indices where isFree(i) {
            if let mark = Self.words[tokens[i].word] {
                if let bpm = wish.bpm, wish.bpmUnit == nil, max(bpm / mark, mark / bpm) > 1.3 {
                    ignore(i..<i + 1, "the tempo is \(bpm) already")
                } else if let before = wish.paceBPM, before != mark {
                    ignore(i..<i + 1, "the tempo is \(Self.words.first { $0.value == before }?.key ?? "\(Int(before))") already")
                } else {
                    if wish.bpm == nil { wish.paceBPM = mark }
                    use(i..<i + 1, as: "tempo \(tokens[i].word), about \(Int(mark)) beats a minute", topic: .tempo)
                }
            }
        }
    }

    /// What a bare number before it counts; else it can only be a tempo.
    private static let counted: Set<String> = ["piece", "voice", "voices", "year", "years", "bit", "percent", "people", "players", "hz", "khz", "db", "degrees", "s", "notes", "layers", "tracks",
                                               "chords", "bars", "seconds", "minutes", "string", "part", "parts", "instruments", "times", "x", "%"]

    /// Notes that a tempo may count, in ticks.
    private static let noteLengths = ["quarterbeat": 960, "halfbeat": 1920, "eighthbeat": 480, "dottedquarterbeat": 1440, "dottedhalfbeat": 2880]
    /// Words that are such notes right before a number: "quarter = 90".
    private static let bareNotes = ["quarter": 960, "viertel": 960, "half": 1920, "eighth": 480]

    /// - Parameter note: what the tempo counts, in ticks; nil: the felt beat.
    private mutating func setTempo(_ bpm: Double, _ range: Range<Int>, counted note: Int? = nil) {
        guard Brief.tempoRange.contains(bpm) else { return ignore(range, "a tempo lies between 30 and 300 beats a minute") }
        if let before = wish.bpm, before != bpm { return ignore(range, "the tempo is \(before) already") }
        wish.bpm = bpm
        wish.bpmUnit = note
        use(range, as: "\(bpm) beats a minute" + (note.map { ", counted in " + Meter.noteName($0) } ?? ""), topic: .tempo)
    }
}
