/// Sections with their lengths, and places in the piece: what counts bars without being its length.
extension PromptReader {
    private static let sectionNames: [String: String] = {
        var out: [String: String] = [:]
        for (name, words) in [
            ("intro", "intro introduction einleitung introduccion introduzione introducao"), ("verse", "verse strophe estrofa couplet strofa verso vers verses куплет"),
            ("chorus", "chorus refrain estribillo ritornello refrao refrein choruses припев"), ("hook", "hook"), ("bridge", "bridge puente pont ponte brucke"), ("drop", "drop"),
            ("break", "break breakdown"), ("build", "build buildup"), ("solo", "solo"), ("outro", "outro ending coda schluss finale"),
        ] { for word in words.split(separator: " ") { out[String(word)] = name } }
        return out
    }()
    private static let fillersBetween: Set<String> = ["of", "with", "lasting", "for", "long", "von", "de", "di", "mit", "takes", "is", "a", "an", "the"]
    private static let singular: Set<String> = ["bar", "measure", "takt", "compas", "mesure", "battuta", "compasso", "maat", "такт", "такта"]
    private static let placing: Set<String> = ["at", "from", "in", "on", "after", "until", "till", "by", "to", "ab", "bei", "bis", "nach", "dans", "a", "en", "desde", "jusqu'a", "nel", "da", "dal", "alla", "no", "na", "с", "в", "vanaf", "op", "bij"]
    private static let counting: Set<String> = ["after", "every", "each", "per", "nach", "alle", "jede", "apres", "toutes", "chaque", "despues", "cada", "tras", "dopo", "ogni", "depois", "apos", "после", "каждые", "elke"]
    private static let peaks: Set<String> = ["drop", "chorus", "climax", "hook", "refrain", "peak", "drops", "estribillo", "ritornello", "refrao"]

    private func number(_ i: Int) -> Int? { tokens.indices.contains(i) && isFree(i) ? tokens[i].number.flatMap { $0 == $0.rounded() && (1...9999).contains($0) ? Int($0) : nil } : nil }

    /// Before `readLength`, which takes what is left.
    mutating func readForm() {
        readPlaces()
        var found: [(range: Range<Int>, section: AskedSection)] = []
        var at = 0
        while at < tokens.count {
            guard isFree(at), let name = Self.sectionNames[tokens[at].word] ?? Self.sectionNames[tokens[at].plain] else { at += 1; continue }
            let isPre = at > 0 && word(at - 1) == "pre" && isFree(at - 1)
            let called = isPre ? "pre-chorus" : name
            var next = at + 1
            while next < tokens.count, !tokens[next].isAfterBreak, Self.fillersBetween.contains(word(next)) { next += 1 }
            // "Intro: 4 bars", "intro (4 bars)", "intro 4 bars", but a full sentence ends it.
            if let bars = number(next), word(next + 1) == "bars", [.none, .colon, .bracket].contains(tokens[next].gap), isFree(next + 1) {
                found.append(((isPre ? at - 1 : at)..<next + 2, AskedSection(name: called, bars: bars)))
                at = next + 2
                continue
            }
            var before = (isPre ? at - 1 : at) - 1
            if before >= 0, word(before) == "of" || word(before) == "long" { before -= 1 }
            if before >= 1, word(before) == "bars", isFree(before), let bars = number(before - 1), (before...at).allSatisfy({ !tokens[$0].isAfterBreak }),
               !found.contains(where: { $0.range.contains(before) }), !["at", "after", "in"].contains(word(at + 1)), name != "solo" || at + 1 == tokens.count || tokens[at + 1].isAfterBreak {
                found.append((before - 1..<at + 1, AskedSection(name: called, bars: bars)))
            }
            at += 1
        }
        let sections = found.prefix(40)
        guard !sections.isEmpty else { return }
        wish.form = sections.map(\.section)
        for item in found.dropFirst(40) { ignore(item.range, "a form has at most 40 sections") }
        for item in sections { use(item.range, as: "\(item.section.name) of \(Self.counted(item.section.bars))", topic: .length) }
    }

    static func counted(_ bars: Int) -> String { bars == 1 ? "1 bar" : "\(bars) bars" }

    /// "16-bar": the number before it counts the bars.
    private func isNumbered(_ i: Int) -> Bool { i > 0 && tokens[i - 1].number != nil && !tokens[i].isAfterBreak }

    /// "At bar 9", "after 16 bars", "every 4 bars".
    private mutating func readPlaces() {
        for i in tokens.indices where isFree(i) && word(i) == "bars" {
            let range: Range<Int>
            var bar: Int?
            if let n = number(i + 1), tokens[i + 1].gap == .none, word(i + 2) != "bpm", !isNumbered(i), Self.singular.contains(tokens[i].plain) || i > 0 && Self.placing.contains(tokens[i - 1].word) && !tokens[i].isAfterBreak {
                var end = i + 2
                if number(end) != nil, !tokens[end].isAfterBreak, word(end + 1) != "bpm" { end += 1 }
                else if ["to", "bis", "until", "a", "and", "through"].contains(word(end)), number(end + 1) != nil, word(end + 2) != "bpm", word(end + 2) != "bars" { end += 2 }
                range = i..<end
                bar = n
            } else if i >= 2, let n = number(i - 1), Self.counting.contains(tokens[i - 2].word) || word(i - 2) == "de" && i >= 3 && Self.counting.contains(tokens[i - 3].word), !tokens[i - 1].isAfterBreak {
                range = i - 1..<i + 1
                bar = ["every", "each", "per", "alle", "jede", "toutes", "chaque", "cada", "ogni", "каждые", "elke"].contains(tokens[i - 2].word) ? nil : n + 1
            } else { continue }
            if let bar, let peak = (max(0, range.lowerBound - 4)..<range.lowerBound).last(where: { Self.peaks.contains(tokens[$0].word) && isFree($0) }), !(peak + 1..<range.lowerBound).contains(where: { tokens[$0].isAfterBreak }) {
                wish.dropBar = bar
                use(peak..<range.upperBound, as: Brief.dropReading(bar: bar))
            } else {
                ignore(range, "a place in the piece is no length, and parts enter with sections; a form can be asked for: intro 4 bars, verse 8 bars, chorus 8 bars")
            }
        }
    }
}
