/// Grooves, fills and the marks of the form: crashes at borders, a breath before what is fullest.
struct Drums {
    let brief: Brief
    let sections: [Section]
    let ringStart: Int
    /// Percussion that was asked for by name.
    let extras: [Voice]
    /// The kit itself plays.
    let hasKit: Bool

    static let keys = ["kick": 36, "snare": 38, "rim": 37, "clap": 39, "hat": 42, "open": 46, "ride": 51, "crash": 49, "tom": 45, "shaker": 70, "tambourine": 54,
                       "cowbell": 56, "conga": 63, "bongo": 60, "timbale": 65, "claves": 75, "triangle": 81, "brush": 40]

    /// Plays when a genre without drums is asked for them.
    static let plain: [Genre.Groove] = [
        .init(energy: 0.35, lines: ["kick": Array("X.......x......."), "rim": Array("....x.......x..."), "hat": Array("x.x.x.x.x.x.x.x.")]),
        .init(energy: 0.8, lines: ["kick": Array("X.....x.x......."), "snare": Array("....X.......X..."), "hat": Array("x.x.x.x.x.x.x.x.")]),
    ]

    private static let walking = Array("X...X...X...X...")
    private static let sixteenths = [Character](repeating: "o", count: 16)

    /// Only some pieces of the kit play.
    private var isPartial: Bool { brief.isOnly && !brief.kit.isEmpty }

    /// A groove with every piece that was asked for.
    private func lines(_ groove: Genre.Groove) -> [String: [Character]] {
        var lines = groove.lines
        for piece in brief.kit where !lines.keys.contains(where: { Self.keys[$0].map(piece.keys.contains) == true }) { lines[piece.line.name] = Array(piece.line.pattern) }
        return lines
    }

    /// What was asked for, without what was forbidden.
    private func allowed(_ notes: [Note]) -> [Note] {
        var banned = DrumPiece.silenced(by: brief.without)
        let wanted = Set(brief.kit.flatMap(\.keys)), extra = Set(extras.flatMap(\.keys))
        // "No cymbals, but a hi-hat."
        if brief.without.contains("cymbals") { banned.subtract(brief.kit.filter { $0 != .cymbals }.flatMap(\.keys)) }
        return notes.filter { !banned.contains($0.pitch) && (!isPartial || wanted.contains($0.pitch) || extra.contains($0.pitch)) }
    }

    func notes() -> [Note] {
        var out: [Note] = []
        let bar = brief.meter.ticksPerBar
        let grooves = brief.genre.grooves.isEmpty ? Self.plain : brief.genre.grooves
        for (index, section) in sections.enumerated() {
            let groove = grooves.min { abs($0.energy - section.energy) < abs($1.energy - section.energy) } ?? Self.plain[0]
            var stream = RandomStream(brief.seed(of: "drums", in: index), section.name + String(index), "drums", "groove")
            let next = index + 1 < sections.count ? sections[index + 1] : nil
            let halves = brief.isHalfTime && (!brief.halfTimeIntroOnly || section.name == "intro")
            // Faster than the genre's hands go: kick on the beat and snare behind it, as in polka, ska and fast punk.
            let hurries = !halves && brief.bpm > 156 && brief.genre.tempo <= 150 && !brief.meter.isTriple && !brief.meter.isCompound
            let lines = lines(groove)
            let doubles = hurries && (lines["snare"] ?? lines["clap"]) != nil
            // An intro builds: the kit comes in by halves.
            let isLooped = brief.isLoop || brief.genre.kit == "electronic" && section.energy > 0.5
            let isThin = !isPartial && index == 0 && section.energy < 0.3 && section.bars >= 4 && !brief.isLoop
            for i in 0..<section.bars {
                let start = (section.bar + i) * bar
                if start >= ringStart, !brief.isLoop { break }
                let isLast = i == section.bars - 1
                let fills = hasKit && !isPartial && brief.genre.fills && brief.bars > 4 && (isLast && next != nil || (i % 8 == 7 && section.energy > 0.5)) && section.energy > 0.3
                let rising = isLast && (next?.energy ?? 0) > section.energy + 0.25
                if hasKit {
                    for (name, pattern) in lines.sorted(by: { $0.key < $1.key }) {
                        guard let key = Self.keys[name] else { continue }
                        if isThin, i < section.bars / 2, ["kick", "snare", "clap"].contains(name) { continue }
                        let isBackbone = ["kick", "snare", "clap", "rim"].contains(name)
                        // Without a snare the kick walks, as in merengue.
                        let told = halves && isBackbone ? Self.stretched(pattern, second: i % 2 == 1) : doubles && isBackbone ? Self.doubled(pattern)
                            : hurries && name == "kick" ? Self.walking : pattern
                        for (tick, sign, _) in brief.meter.place(told) {
                            // The fill takes the second half of the bar; before a rise the kick holds its breath.
                            if fills, tick >= bar / 2, name != "hat", name != "ride", name != "shaker" { continue }
                            if rising, tick >= bar * 3 / 4, name == "kick" { continue }
                            if sign == "o", stream.chance(0.15) { continue }
                            out.append(hit(start + tick, key, sign, section.energy, &stream))
                        }
                    }
                    // What is looped for minutes lives from small things that change: a quiet hit more, somewhere else in each bar.
                    if isLooped, hasKit, stream.chance(0.8) {
                        let places = brief.meter.place(Self.sixteenths)
                        if let extra = stream.pick(places), let name = stream.pick(["hat", "hat", "rim", "tom"]), let key = Self.keys[name] {
                            out.append(hit(start + extra.tick, key, "o", section.energy, &stream))
                        }
                    }
                    if fills { out += fill(start, rising ? 1 : section.energy, &stream) }
                    if i == 0, index > 0, section.energy >= 0.45, section.energy >= sections[index - 1].energy - 0.05 {
                        out.append(Note(start: start, length: Meter.quarter, pitch: 49, velocity: 84 + Int(section.energy * 24)))
                    }
                }
                for voice in extras { out += percussion(voice, start, i, section.energy, &stream) }
            }
        }
        if hasKit, !brief.isLoop, ringStart > 0, (sections.last?.energy ?? 0) > 0.25 || brief.bars <= 32 {
            let loud = Int(70 + 30 * (sections.last?.energy ?? 0.5))
            out.append(Note(start: ringStart, length: Meter.quarter, pitch: 36, velocity: loud))
            if sections.count > 1 { out.append(Note(start: ringStart, length: Meter.quarter, pitch: 49, velocity: loud - 10)) }
        }
        return allowed(Self.merged(out))
    }

    /// Half of a pattern at half speed: two bars tell the whole of it.
    static func stretched(_ pattern: [Character], second: Bool) -> [Character] {
        let half = pattern.count / 2
        return Array(pattern[(second ? half : 0)..<(second ? pattern.count : half)].flatMap { [$0, "."] })
    }

    /// A pattern at double speed, told twice in a bar: two beats in each.
    static func doubled(_ pattern: [Character]) -> [Character] {
        let beat = pattern.count / 4
        guard beat > 0, beat % 2 == 0 else { return pattern }
        return (0..<4).flatMap { b in (0..<beat).map { s in pattern[((2 * b) % 4) * beat + 2 * s] } }
    }

    /// No drum is struck twice at once.
    private static func merged(_ notes: [Note]) -> [Note] {
        var best: [Int: Note] = [:]
        for note in notes {
            let place = note.start * 128 + note.pitch
            if let there = best[place], there.velocity >= note.velocity { continue }
            best[place] = note
        }
        return best.values.sorted { ($0.start, $0.pitch) < ($1.start, $1.pitch) }
    }

    private func hit(_ start: Int, _ key: Int, _ sign: Character, _ energy: Double, _ stream: inout RandomStream) -> Note {
        let base: Double = switch sign {
        case "X": 112
        case "o": 42
        case "s", "p": 60
        default: 88
        }
        let velocity = base * (0.86 + 0.16 * energy) + stream.bell() * (2 + 5 * brief.genre.looseness)
        return Note(start: start, length: Meter.quarter / 4, pitch: key, velocity: max(12, min(127, Int(velocity))))
    }

    private func fill(_ start: Int, _ energy: Double, _ stream: inout RandomStream) -> [Note] {
        let bar = brief.meter.ticksPerBar
        let step = Meter.quarter / (brief.meter.isCompound ? 2 : 4)
        let from = bar / 2 / step * step
        var out: [Note] = []
        let isElectronic = brief.genre.kit == "electronic"
        let toms = isElectronic ? [38, 38, 38, 38] : [38, 48, 45, 41]
        let count = max(1, (bar - from) / step)
        for i in 0..<count {
            let place = Double(i) / Double(count)
            guard stream.chance(0.45 + 0.5 * energy) || i % 4 == 0 else { continue }
            let pitch = toms[min(toms.count - 1, Int(place * Double(toms.count)))]
            out.append(Note(start: start + from + i * step, length: step, pitch: pitch, velocity: Int(58 + 46 * place * (0.5 + 0.5 * energy)) + stream.index(8)))
        }
        out.append(Note(start: start + from, length: step, pitch: 36, velocity: 92))
        return out
    }

    /// What a percussion instrument does when its genre has no line for it.
    private static let habits: [String: String] = [
        "claps": "....X.......X...", "tambourine": "o.x.o.x.o.x.o.x.", "cowbell": "x...x.x...x.x...", "bongos": "x.oxx.o.x.oxx.xo", "congas": "..x...xx..x...xx",
        "timbales": "x.x.xx.x.xx.x.xx", "shaker": "xoxoxoxoxoxoxoxo", "claves": "x..x..x...x.x...", "woodblock": "x...x...x..x..x.", "triangle": "x.o.x.o.x.o.x.o.",
    ]

    private func percussion(_ voice: Voice, _ start: Int, _ barIndex: Int, _ energy: Double, _ stream: inout RandomStream) -> [Note] {
        let pattern = Array(Self.habits[voice.name] ?? "x...x...x...x...")
        return brief.meter.place(pattern).enumerated().map { i, place in
            let key = voice.keys[i % voice.keys.count]
            return hit(start + place.tick, key, place.sign, energy * 0.9, &stream)
        }
    }
}
