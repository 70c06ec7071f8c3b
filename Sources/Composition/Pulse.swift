/// Where the beat is slow or fast, what stands between the beats steps back, so that the beat and not its half or double is felt as the pulse.
///
/// People tap between some 80 and 140 times a minute when they may choose (D. Moelants, "Preferred tempo reconsidered", ICMPC 2002): a slow piece with even
/// eighths is heard twice as fast as it is written.
struct Pulse {
    let brief: Brief
    /// 0: nothing is done.
    private let amount: Double

    init(brief: Brief) {
        self.brief = brief
        let slow = max(0, min(1.6, (100 - brief.bpm) / 18))
        // A genre that lives at such tempi has figures of its own for them.
        let isAtHome = brief.genre.tempo > 150
        let fast = max(0, min(isAtHome ? 0.6 : 1.2, (brief.bpm - 140) / 25))
        // Hands on real instruments lean on the beat at any tempo; syncopation is heard against it. In threes they do so most, or three halves of a beat
        // are heard as the pulse.
        let usual = brief.meter.isCompound ? 0 : brief.meter.isTriple ? 1 : brief.genre.kit == "electronic" ? 0 : 0.3
        amount = max(slow, max(fast, usual))
        isEven = brief.bpm > 150 && !isAtHome && !brief.meter.isCompound
        strikesBeats = !brief.meter.isCompound && (brief.bpm < 84 || brief.bpm > 150 && !isAtHome || brief.meter.isTriple)
    }

    /// Whoever keeps the harmony strikes on every beat rather than holding.
    private let strikesBeats: Bool

    /// Fast, every beat weighs the same: an accent on every second one halves the pulse.
    private let isEven: Bool

    /// The loudest beat of each bar for each drum, or for the part: what the other beats come up to.
    private func loudest(_ notes: [Note], _ role: Role) -> [Int: Int] {
        guard isEven, [.drums, .bass, .chords].contains(role) else { return [:] }
        let bar = brief.meter.ticksPerBar
        let beats = Set(brief.meter.beatStarts)
        var out: [Int: Int] = [:]
        for note in notes where beats.contains(note.start % bar) { out[place(of: note, role), default: 0] = max(out[place(of: note, role)] ?? 0, note.velocity) }
        return out
    }

    private func place(of note: Note, _ role: Role) -> Int { note.start / brief.meter.ticksPerBar * 128 + (role == .drums ? note.pitch : 0) }

    /// Held notes struck anew on each beat that nobody else in the part strikes.
    private func struck(_ notes: [Note], role: Role, name: String, before ringStart: Int) -> [Note] {
        guard strikesBeats, [.chords, .bass].contains(role) else { return notes }
        let bar = brief.meter.ticksPerBar
        let beats = brief.meter.beatStarts
        let starts = Set(notes.map(\.start))
        var out: [Note] = []
        for note in notes {
            guard note.start < ringStart else { out.append(note); continue }
            var note = note
            for place in note.start / bar...max(note.start, note.end - 1) / bar {
                for beat in beats.map({ place * bar + $0 }) where beat >= note.start + Meter.quarter / 3 && beat <= note.end - Meter.quarter / 3 && !starts.contains(beat) && beat < ringStart {
                    var first = note
                    first.length = beat - note.start
                    out.append(first)
                    note = Note(start: beat, length: note.end - beat, pitch: note.pitch, velocity: max(10, note.velocity - 4))
                }
            }
            out.append(note)
        }
        guard brief.bpm > 150 else { return out }
        return isEven ? detached(filled(out, before: ringStart), before: ringStart) : filled(out, before: ringStart)
    }

    /// A stroke that grows out of the one before it is heard less than one after a gap.
    private func detached(_ notes: [Note], before ringStart: Int) -> [Note] {
        let bar = brief.meter.ticksPerBar
        let gaps = Dictionary(zip(brief.meter.beatStarts, brief.meter.beats.map { $0 / 4 })) { first, _ in first }
        let starts = Array(Set(notes.map(\.start))).sorted()
        var following: [Int: Int] = [:]
        for (a, b) in zip(starts, starts.dropFirst()) { following[a] = b }
        return notes.map { note in
            guard note.start < ringStart, let next = following[note.start], let gap = gaps[next % bar], next - note.end < gap else { return note }
            var note = note
            note.length = max(60, next - note.start - gap)
            return note
        }
    }

    /// Fast, a beat that is left out makes two beats one: where the part is silent on a beat, what it struck last is struck again.
    private func filled(_ notes: [Note], before ringStart: Int) -> [Note] {
        let groups = Dictionary(grouping: notes.filter { $0.start < ringStart }, by: \.start)
        let starts = groups.keys.sorted()
        guard let first = starts.first, let last = starts.last else { return notes }
        let bar = brief.meter.ticksPerBar
        var out = notes
        var at = 0
        for place in first / bar...last / bar {
            for (beat, length) in zip(brief.meter.beatStarts, brief.meter.beats) {
                let tick = place * bar + beat
                guard tick > first, tick < ringStart else { continue }
                while at + 1 < starts.count, starts[at + 1] <= tick { at += 1 }
                // A part that pauses for a bar means it.
                guard starts[at] < tick, starts[at] / bar == place, let struck = groups[starts[at]], struck.allSatisfy({ $0.end <= tick }) else { continue }
                let next = at + 1 < starts.count ? starts[at + 1] : ringStart
                for note in struck { out.append(Note(start: tick, length: min(length * 3 / 4, next - tick), pitch: note.pitch, velocity: max(10, note.velocity - 4))) }
            }
        }
        return out.sorted { ($0.start, $0.pitch) < ($1.start, $1.pitch) }
    }

    func felt(_ notes: [Note], role: Role, name: String, ringStart: Int) -> [Note] {
        guard amount > 0, role != .pad else { return notes }
        let notes = struck(notes, role: role, name: name, before: ringStart)
        let bar = brief.meter.ticksPerBar
        let beats = Set(brief.meter.beatStarts)
        let loudest = loudest(notes, role)
        var streams: [Int: RandomStream] = [:]
        /// One decision for all notes that are struck together.
        var decided: [Int: Bool] = [:]
        var out: [Note] = []
        for note in notes.sorted(by: { ($0.start, $0.pitch) < ($1.start, $1.pitch) }) {
            if beats.contains(note.start % bar) {
                var strong = note
                if let most = loudest[place(of: note, role)] { strong.velocity = max(note.velocity, most - 2) }
                // What ticks along tells the beat.
                if role == .drums {
                    if note.pitch != 36, note.pitch != 38 { strong.velocity = min(118, strong.velocity + Int(14 * min(1, amount))) } else if brief.bpm > 150 { strong.velocity = max(100, strong.velocity) }
                }
                out.append(strong)
                continue
            }
            let place = note.start / bar
            var stream = streams[place] ?? RandomStream(brief.seed, name, "pulse" + String(place))
            let stays = decided[note.start] ?? !stream.chance(min(0.92, loss(role) * amount))
            streams[place] = stream
            decided[note.start] = stays
            guard stays else {
                // Whoever sounds before goes on sounding.
                if role != .drums, let last = out.indices.last, out[last].end >= note.start - 60, out[last].end < note.end { out[last].length = note.end - out[last].start }
                continue
            }
            var softer = note
            softer.velocity = max(10, Int(Double(note.velocity) * (1 - min(0.7, softening(role, note.pitch) * amount))))
            out.append(softer)
        }
        return out
    }

    /// How many of the notes between the beats are left out.
    private func loss(_ role: Role) -> Double {
        switch role {
        case .chords, .arp: 0.65
        case .drums, .percussion: brief.bpm < 84 ? 0.6 : 0.45
        case .bass: 0.45
        case .lead, .counter, .pad: brief.bpm < 84 ? 0.4 : 0.25
        }
    }

    private func softening(_ role: Role, _ pitch: Int) -> Double {
        switch role {
        // The kick and the snare are the groove; what ticks along is not.
        case .drums: pitch == 36 || pitch == 38 ? 0.15 : 0.5
        case .percussion, .chords, .arp: 0.4
        case .bass: 0.25
        case .lead, .counter, .pad: 0.2
        }
    }
}
