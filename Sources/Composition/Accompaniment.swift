/// Parts that tell the harmony: chords, pads, arpeggios, inner voices and the bass.
struct Accompaniment {
    let brief: Brief
    let sections: [Section]
    let chords: [ChordSpan]
    let ringStart: Int

    private var bar: Int { brief.meter.ticksPerBar }
    private var end: Int { brief.bars * bar }

    private func section(at tick: Int) -> (index: Int, section: Section)? {
        sections.enumerated().first { $0.element.end * bar > tick }.map { ($0.offset, $0.element) }
    }

    func plays(_ part: Genre.Part, _ section: Section) -> Bool { section.energy >= part.enter - 1e-9 && section.energy <= part.leave + 1e-9 }

    private func chord(at tick: Int) -> ChordSpan? { chords.last { $0.start <= tick } }

    /// One pattern for a section, and a relative of it in every fourth bar.
    private func pattern(_ part: Genre.Part, _ name: String, _ section: Section, _ index: Int, bar i: Int) -> [Character]? {
        guard !part.patterns.isEmpty else { return nil }
        if brief.meter.isTriple, part.role == .chords { return waltz(part, name, section, index) }
        var stream = RandomStream(brief.seed(of: name, in: index), section.name, name, "pattern")
        let main = stream.index(part.patterns.count)
        let other = stream.index(part.patterns.count)
        var turn = stream.next()
        _ = stream.next()
        if i % 4 == 3, part.patterns.count > 1 { turn = turn &* 31 }
        return turned(part.patterns[i % 4 == 3 && part.patterns.count > 1 ? other : main], RandomStream(turn, "turn"))
    }

    /// In three the bass has the first beat and chords the others; told in the cells of a bar of four (see `Meter.cells`).
    private static let waltzes = ["....x--.....x--.", "X--.x--.....x--.", "....x-......x---", "X---x-......x-.."].map(Array.init)

    private func waltz(_ part: Genre.Part, _ name: String, _ section: Section, _ index: Int) -> [Character] {
        var stream = RandomStream(brief.seed(of: name, in: index), section.name, name, "waltz")
        return Self.waltzes[stream.index(Self.waltzes.count)]
    }

    /// A pattern with some of its weak places moved by a step, or its figure begun elsewhere: what each seed makes of what the genre has.
    private func turned(_ pattern: [Character], _ stream: RandomStream) -> [Character] {
        var (out, stream) = (pattern, stream)
        if pattern.contains(where: \.isNumber) {
            let shift = stream.index(3)
            return pattern.map { c in c.wholeNumberValue.map { Character(String(($0 + shift) % 4)) } ?? c }
        }
        let perBeat = max(1, pattern.count / 4)
        for _ in 0..<2 {
            // Hits between the beats that have room before or behind.
            let places = out.indices.filter { i in
                i % perBeat != 0 && !".- X".contains(out[i]) && (out[i - 1] == "." && (i - 1) % perBeat != 0 || i + 1 < out.count && out[i + 1] == "." && (i + 1) % perBeat != 0)
            }
            guard let i = stream.pick(places) else { break }
            let to = out[i - 1] == "." && (i - 1) % perBeat != 0 ? i - 1 : i + 1
            // A note that was held goes on to where it ended.
            let isHeld = i + 1 < out.count && out[i + 1] == "-"
            (out[to], out[i]) = (out[i], to < i && isHeld ? "-" : ".")
        }
        return out
    }

    /// Chords, struck in a rhythm or held; the last ones ring.
    func harmony(_ part: Genre.Part, _ voice: Voice, name: String) -> [Note] {
        let low = max(voice.low, part.role == .pad ? 40 : 43)
        let voicings = voicings(name) { shift in
            Voicing.lead(chords.map(\.chord), count: part.notes, center: min(max(part.center + shift, low + 6), voice.high - 6), low: low, high: voice.high, plain: part.role == .pad)
        }
        let spans = zip(chords, voicings).map { ($0, $1) }
        var out: [Note] = []
        for (span, pitches) in spans {
            guard let (index, section) = section(at: span.start), plays(part, section) || span.start >= ringStart && !brief.isLoop else { continue }
            var stream = RandomStream(brief.seed(of: name, in: index), section.name + String(index), name, "touch" + String(span.start / bar - section.bar))
            let isRing = span.start >= ringStart && !brief.isLoop
            let level = velocity(part, section)
            func strike(_ start: Int, _ length: Int, _ sign: Character) {
                let accent = sign == "X" ? 10 : sign == "o" ? -18 : 0
                for (n, pitch) in pitches.enumerated() {
                    // The top voice sings a little.
                    let v = level + accent + (n == pitches.count - 1 ? 5 : 0) + Int(stream.bell() * 4)
                    out.append(Note(start: start, length: length, pitch: pitch, velocity: max(10, min(127, v))))
                }
            }
            if isRing || part.role == .pad || part.patterns.isEmpty {
                strike(span.start, span.length, "x")
                continue
            }
            var tick = span.start / bar * bar
            while tick < span.end {
                let i = tick / bar - section.bar
                let here = pattern(part, name, section, index, bar: i) ?? []
                let isArpeggio = here.contains { $0.isNumber }
                for event in Rhythm.events(here, brief.meter) {
                    let at = tick + event.tick
                    guard at >= span.start, at < span.end else { continue }
                    if isArpeggio, let step = event.sign.wholeNumberValue {
                        let pitch = pitches[step % pitches.count] + 12 * (step / pitches.count)
                        let v = level + (event.tick == 0 ? 6 : 0) + Int(stream.bell() * 5)
                        out.append(Note(start: at, length: event.length, pitch: min(pitch, voice.high), velocity: max(10, min(127, v))))
                        // Slow hands have time for two keys on the beat.
                        if brief.bpm < 90, voice.families.contains("keys"), section.energy > 0.35, brief.meter.beatStarts.contains(event.tick) {
                            let second = pitches[(step + 2) % pitches.count] + 12 * ((step + 2) / pitches.count)
                            if second != pitch, second <= voice.high { out.append(Note(start: at, length: event.length, pitch: second, velocity: max(10, v - 8))) }
                        }
                    } else {
                        strike(at, min(event.length, span.end - at), event.sign)
                    }
                }
                tick += bar
            }
        }
        return out
    }

    /// Voicings of all chords; where a section of this part is drawn anew, it lies elsewhere on the keyboard.
    private func voicings(_ name: String, _ lead: (_ shift: Int) -> [[Int]]) -> [[Int]] {
        var out = lead(0)
        for (index, section) in sections.enumerated() where brief.seed(of: name, in: index) != brief.seed {
            let here = chords.indices.filter { section.bar * bar <= chords[$0].start && chords[$0].start < section.end * bar }
            let before = here.map { out[$0] }
            var stream = RandomStream(brief.seed(of: name, in: index), name, "voicing")
            var shifts = [-7, -5, -3, 3, 5, 7]
            for i in shifts.indices.dropLast() { shifts.swapAt(i, i + stream.index(shifts.count - i)) }
            for shift in shifts {
                let other = lead(shift)
                for i in here { out[i] = other[i] }
                if here.map({ out[$0] }) != before { break }
            }
        }
        return out
    }

    /// Broken chords in even steps, a shape for each section.
    func arpeggio(_ part: Genre.Part, _ voice: Voice, name: String) -> [Note] {
        let low = max(voice.low, part.center - 12)
        let voicings = voicings(name) { shift in
            Voicing.lead(chords.map(\.chord), count: max(3, part.notes), center: part.center + shift, low: low, high: min(voice.high, part.center + 16), plain: true)
        }
        var out: [Note] = []
        for (span, pitches) in zip(chords, voicings) {
            guard let (index, section) = section(at: span.start), plays(part, section), span.start < ringStart || brief.isLoop else {
                if span.start >= ringStart, !brief.isLoop {
                    out += pitches.map { Note(start: span.start, length: span.length, pitch: $0, velocity: 70) }
                }
                continue
            }
            var shape = RandomStream(brief.seed(of: name, in: index), section.name, name, "shape")
            let perBeat = part.density > 0.6 ? 4 : 2
            let order = Self.orders[shape.index(Self.orders.count)]
            var stream = RandomStream(brief.seed(of: name, in: index), section.name + String(index), name, "touch" + String(span.start))
            let tones = pitches + pitches.map { $0 + 12 }.filter { $0 <= voice.high }
            let level = velocity(part, section)
            var tick = span.start / bar * bar
            while tick < span.end {
                let events = pattern(part, name, section, index, bar: tick / bar - section.bar).map { Rhythm.events($0, brief.meter) } ?? Rhythm.even(perBeat, brief.meter)
                // Every second bar turns one note of the figure elsewhere.
                let turned = (tick / bar) % 2 == 1 ? stream.index(max(1, events.count)) : -1
                for (n, event) in events.enumerated() where tick + event.tick >= span.start && tick + event.tick < span.end {
                    let step = (event.sign.wholeNumberValue ?? order[n % order.count]) + (n == turned ? 1 : 0)
                    let v = level + (event.sign == "X" ? 10 : event.sign == "o" ? -14 : 0) + Int(stream.bell() * 5)
                    out.append(Note(start: tick + event.tick, length: event.length, pitch: tones[step % tones.count], velocity: max(10, min(127, v))))
                }
                tick += bar
            }
        }
        return out
    }

    private static let orders = [[0, 1, 2, 3, 4, 3, 2, 1], [0, 2, 1, 3, 2, 4, 1, 3], [0, 1, 2, 3], [3, 1, 2, 0, 4, 2, 3, 1], [0, 3, 2, 1, 4, 3, 2, 0]]

    /// Thirds and fifths in long notes that lean into each other, above or below the tune.
    func counter(_ part: Genre.Part, _ voice: Voice, name: String) -> [Note] {
        var out: [Note] = []
        let rest = min(max(part.center, voice.low + 3), voice.high - 3)
        var last = rest
        var lastSection: Int?
        for span in chords {
            guard let (index, section) = section(at: span.start), plays(part, section) || span.start >= ringStart else { continue }
            // A section stands by itself: another line here leaves the next as it was.
            if index != lastSection {
                (last, lastSection) = (rest, index)
                let own = brief.seed(of: name, in: index)
                if own != brief.seed {
                    var start = RandomStream(own, name, "start")
                    last = min(max(rest + [-7, -4, 4, 7][start.index(4)], voice.low + 3), voice.high - 3)
                }
            }
            var stream = RandomStream(brief.seed(of: name, in: index), section.name + String(index), name, "line" + String(span.start / bar - section.bar))
            let tones = span.start >= ringStart ? [span.chord.pitchClasses[0], span.chord.pitchClasses[min(1, span.chord.pitchClasses.count - 1)]]
                : Array(span.chord.pitchClasses.dropFirst().prefix(2))
            let low = max(voice.low, part.center - 9), high = min(voice.high, part.center + 9)
            let reachable = (low...max(low, high)).filter { tones.contains($0 % 12) }
            guard let pitch = reachable.min(by: { (abs($0 - last), $0) < (abs($1 - last), $1) }) else { continue }
            let level = velocity(part, section)
            if span.length >= bar, span.start < ringStart, stream.chance(0.3 + 0.4 * part.density), brief.meter.beats.count > 1 {
                // A step on the way to the next chord.
                let half = brief.meter.beatStarts[(brief.meter.beats.count + 1) / 2]
                let neighbour = [1, 2, -1, -2].map { pitch + $0 }.first { brief.key.contains($0) && $0 >= low && $0 <= high } ?? pitch
                out.append(Note(start: span.start, length: half, pitch: pitch, velocity: level))
                out.append(Note(start: span.start + half, length: span.length - half, pitch: neighbour, velocity: max(10, level - 8)))
                last = neighbour
            } else {
                out.append(Note(start: span.start, length: span.length, pitch: pitch, velocity: level))
                last = pitch
            }
        }
        return out
    }

    /// Phrases of roots, fifths, octaves and notes that lead to the next chord.
    ///
    /// Signs: r root, f fifth, p fifth below, o octave, b third, s seventh or sixth, a a step to the next root.
    func bass(_ part: Genre.Part, _ voice: Voice, name: String) -> [Note] {
        let standard = brief.meter.beats.count == 3 ? "r-------........" : "r---...rf---...a"
        var out: [Note] = []
        var last: Int?
        for (n, span) in chords.enumerated() {
            guard let (index, section) = section(at: span.start), plays(part, section) || span.start >= ringStart && !brief.isLoop else { continue }
            var stream = RandomStream(brief.seed(of: name, in: index), section.name + String(index), name, "touch" + String(span.start / bar - section.bar))
            let own = brief.seed(of: name, in: index)
            let answer = own == brief.seed ? nil : Int(own % 4)
            let floor = max(voice.low, part.center - 9)
            func near(_ pitchClass: Int, _ target: Int) -> Int {
                var pitch = floor + ((pitchClass - floor) % 12 + 12) % 12
                if abs(pitch + 12 - target) < abs(pitch - target), pitch + 12 <= min(voice.high, part.center + 9) { pitch += 12 }
                return pitch
            }
            let root = near(span.chord.lowest, last.map { ($0 + part.center) / 2 } ?? part.center)
            let level = velocity(part, section) + 6
            if span.start >= ringStart, !brief.isLoop {
                out.append(Note(start: span.start, length: span.length, pitch: root, velocity: level))
                continue
            }
            let nextRoot = near(chords[(n + 1) % chords.count].chord.lowest, root)
            let fifth = span.chord.pitchClasses.count > 2 ? span.chord.pitchClasses[2] : (span.chord.root.pitchClass + 7) % 12
            let third = span.chord.pitchClasses[1]
            let seventh = span.chord.pitchClasses.count > 3 ? span.chord.pitchClasses[3] : fifth
            var tick = span.start / bar * bar
            while tick < span.end {
                var here = pattern(part, name, section, index, bar: tick / bar - section.bar) ?? Array(standard)
                if let answer, tick / bar % 2 == 1 { here = Self.answered(here, answer) }
                let events = Rhythm.events(here, brief.meter)
                // A machine's bass line turns over now and then.
                let turned = brief.genre.kit == "electronic" && (tick / bar) % 2 == 1 && events.count > 4 ? stream.index(events.count) : -1
                for (k, event) in events.enumerated() {
                    let at = tick + event.tick
                    guard at >= span.start, at < span.end else { continue }
                    let isFirst = at == span.start || !events[..<k].contains { tick + $0.tick >= span.start }
                    let pitch: Int = switch isFirst ? "r" : k == turned ? "o" : event.sign {
                    case "f": near(fifth, root + 5)
                    case "p": max(voice.low, near(fifth, root) > root ? near(fifth, root) - 12 : near(fifth, root))
                    case "o": min(root + 12, voice.high)
                    case "b": near(third, root + 4)
                    case "s": near(seventh, root + 8)
                    case "a": [nextRoot - 1, nextRoot + 2, nextRoot - 2, nextRoot + 1].first { brief.key.contains($0) && $0 >= voice.low } ?? max(voice.low, nextRoot - 1)
                    default: root
                    }
                    let v = level + (event.tick == 0 ? 6 : 0) + Int(stream.bell() * 4)
                    out.append(Note(start: at, length: min(event.length, span.end - at), pitch: max(pitch, voice.low), velocity: max(10, min(127, v))))
                }
                tick += bar
            }
            last = root
        }
        return out
    }

    /// A bass that is drawn anew says something else in every second bar, however plain its genre's phrases are.
    private static func answered(_ pattern: [Character], _ answer: Int) -> [Character] {
        var out = pattern
        let (place, sign): (Int, Character) = [(2, "f"), (2, "o"), (3, "f"), (3, "a")][answer]
        let at = pattern.count * place / 4
        guard pattern.indices.contains(at) else { return pattern }
        out[at] = out[at] == sign ? "o" : sign
        return out
    }

    /// Drums that have a pitch: root and fifth in the rhythm of the part.
    func tunedDrum(_ part: Genre.Part, _ voice: Voice, name: String) -> [Note] {
        var out: [Note] = []
        let habit = Array("X.......x.....xx")
        for span in chords {
            guard let (index, section) = section(at: span.start), plays(part, section) || span.start >= ringStart else { continue }
            var stream = RandomStream(brief.seed(of: name, in: index), section.name + String(index), name, "touch" + String(span.start))
            let root = voice.low + ((span.chord.lowest - voice.low) % 12 + 12) % 12
            if span.start >= ringStart, !brief.isLoop {
                out.append(Note(start: span.start, length: min(span.length, bar), pitch: root, velocity: 100))
                continue
            }
            var tick = span.start / bar * bar
            while tick < span.end {
                for event in Rhythm.events(pattern(part, name, section, index, bar: tick / bar - section.bar) ?? habit, brief.meter) {
                    let at = tick + event.tick
                    guard at >= span.start, at < span.end else { continue }
                    let v = velocity(part, section) + (event.sign == "X" ? 16 : event.sign == "o" ? -16 : 0) + Int(stream.bell() * 5)
                    out.append(Note(start: at, length: Meter.quarter / 2, pitch: root, velocity: max(10, min(127, v))))
                }
                tick += bar
            }
        }
        return out
    }

    /// Louder where the section is fuller.
    func velocity(_ part: Genre.Part, _ section: Section) -> Int { Int(58 + 34 * section.energy) }
}
