/// Chords for every bar: the genre's progressions by section, or the chords that were asked for, closed by a cadence.
enum Harmony {
    static func chords(_ brief: Brief, _ sections: [Section], ringStart: Int) -> [ChordSpan] {
        let bar = brief.meter.ticksPerBar
        let tonic = tonicChord(brief)
        var out: [ChordSpan] = []
        for section in sections {
            let progression = progression(brief, section.name)
            for i in 0..<section.bars {
                // Chords that were asked for go on over the borders of sections.
                let here = progression[(brief.chords.isEmpty ? i : section.bar + i) % progression.count]
                let start = (section.bar + i) * bar
                var cuts = [0]
                let starts = brief.meter.beatStarts
                for n in 1..<max(1, here.count) where here.count > 1 { cuts.append(starts[min(starts.count - 1, (starts.count * n + here.count - 1) / here.count)]) }
                for (n, chord) in here.enumerated() where n < cuts.count {
                    let end = n + 1 < here.count ? cuts[n + 1] : bar
                    if end > cuts[n] { out.append(ChordSpan(start: start + cuts[n], length: end - cuts[n], chord: chord)) }
                }
            }
        }
        guard !brief.isLoop else { return out }
        // The end: a cadence, then the tonic for as long as the last notes ring.
        let cadenceBar = ringStart - bar
        if brief.chords.isEmpty, !brief.isBlues, brief.bars > 4, cadenceBar > 0,
           let chord = cadence(brief) {
            out.removeAll { $0.start >= cadenceBar && $0.start < ringStart }
            out.append(ChordSpan(start: cadenceBar, length: bar, chord: chord))
        }
        // Chords that were asked for are all heard once before the tonic takes the place of the last; it is one of them.
        let isHeard = brief.chords.isEmpty || brief.endsOnTonic && ringStart / bar >= brief.chords.count && brief.chords.contains { $0.root.pitchClass == brief.key.tonic.pitchClass }
        if brief.bars > 1, isHeard {
            out.removeAll { $0.start >= ringStart }
            out.append(ChordSpan(start: ringStart, length: brief.bars * bar - ringStart, chord: tonic))
        }
        return out.sorted { $0.start < $1.start }
    }

    /// The chord a piece closes with: plain, so that the key is heard.
    static func tonicChord(_ brief: Brief) -> Chord {
        if let own = brief.chords.first(where: { $0.root.pitchClass == brief.key.tonic.pitchClass }) { return own }
        return Chord(root: brief.key.tonic, quality: brief.key.mode == .locrian ? .diminished : brief.key.mode.isMinor ? .minor : .major)
    }

    /// What makes a mode heard where the progressions of minor would hide it: the second degree a semitone above the tonic, and in Locrian the diminished fifth.
    /// Numerals as in `parse`; the last is the cadence.
    private static let modal: [Mode: (progressions: [String], cadence: String)] = [
        .phrygian: (["i | bII | i | bII", "i | bII | VII | i", "i | VI | bII | i", "i | bII | III | bII"], "bII"),
        .locrian: (["i | bII | i | bII", "i | bV | bII | i", "i | VI | bII | i", "i | bII | VII | i"], "bII"),
    ]

    /// The chord before the last: the genre's, told in the mode.
    static func cadence(_ brief: Brief) -> Chord? {
        let key = brief.key
        let numeral = modal[key.mode]?.cadence ?? (key.mode == .mixolydian ? "bVII" : key.mode == .lydian ? "II" : key.mode.isMinor ? brief.genre.minorCadence : brief.genre.majorCadence)
        return parse(numeral, key, colours: modal[key.mode] != nil).first?.first
    }

    /// The chords of each bar, over and over, for sections of a name.
    private static func progression(_ brief: Brief, _ name: String) -> [[Chord]] {
        if !brief.chords.isEmpty { return brief.chords.map { [$0] } }
        let isMinor = brief.key.mode.isMinor
        if brief.isBlues {
            let form = isMinor ? "i7 | iv7 | i7 | i7 | iv7 | iv7 | i7 | i7 | V7 | iv7 | i7 | V7" : "I7 | IV7 | I7 | I7 | IV7 | IV7 | I7 | I7 | V7 | IV7 | I7 | V7"
            return parse(form, brief.key)
        }
        let list = modal[brief.key.mode]?.progressions ?? (isMinor ? brief.genre.minorProgressions : brief.genre.majorProgressions)
        // One order of the progressions for the piece: verses take the first, full sections the second, breaks the third.
        var stream = RandomStream(brief.seed, "harmony")
        guard !list.isEmpty else { return parse(isMinor ? "i" : "I", brief.key) }
        var order = Array(list.indices)
        for i in order.indices.dropLast() { order.swapAt(i, i + stream.index(order.count - i)) }
        let place: Int = switch name {
        case "chorus", "drop", "hook", "B", "climax": 1
        case "bridge", "break", "solo", "C": 2
        default: 0
        }
        return parse(list[order[place % order.count]], brief.key)
    }

    static func parse(_ text: String, _ key: Key, colours: Bool = true) -> [[Chord]] {
        // Numerals count from the tonic of the plain major or minor scale, whatever the mode colours.
        let base = Key(tonic: key.tonic, mode: key.mode.isMinor ? .minor : .major)
        let bars = text.split(separator: "|").map { $0.split(separator: " ").compactMap { Chord(numeral: $0, in: base).map { colours ? $0.coloured(by: key) : $0 } } }
        return bars.filter { !$0.isEmpty }.isEmpty ? [[Chord(root: key.tonic, quality: key.mode.isMinor ? .minor : .major)]] : bars.filter { !$0.isEmpty }
    }
}

extension Chord {
    /// In a mode other than major and minor: the same degree as that mode has it (the IV of Dorian is major).
    func coloured(by key: Key) -> Chord {
        guard ![.major, .minor, .harmonicMinor].contains(key.mode), [.major, .minor, .major7, .minor7, .dominant7].contains(quality) else { return self }
        let plain = Key(tonic: key.tonic, mode: key.mode.isMinor ? .minor : .major)
        guard let degree = plain.scale.firstIndex(of: root.pitchClass) else { return self }
        let root = key.tone(degree: degree)
        let above = { (steps: Int) in (key.scale[(degree + steps) % 7] - root.pitchClass + 12) % 12 }
        let third = above(2), fifth = above(4), seventh = above(6)
        let isSeventh = quality.intervals.count == 4
        let quality: Quality
        switch (third, fifth) {
        case (3, 6): quality = isSeventh ? .halfDiminished : .diminished
        case (3, _): quality = isSeventh ? .minor7 : .minor
        default: quality = isSeventh ? (seventh == 11 ? .major7 : .dominant7) : .major
        }
        return Chord(root: root, quality: quality)
    }
}
