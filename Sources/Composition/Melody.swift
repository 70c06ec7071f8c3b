/// Tunes from motifs: a motif is stated, repeated on the next chord, varied and answered over four bars, and the period closes on the tonic.
struct Melody {
    let brief: Brief
    let sections: [Section]
    let chords: [ChordSpan]
    let ringStart: Int
    /// Nobody else plays: a pause would be silence.
    var isAlone = false

    private struct Motif {
        /// Places in the bar and lengths, in ticks.
        var rhythm: [(tick: Int, length: Int)]
        /// Scale steps from the anchor for each note.
        var contour: [Int]
    }

    private var bar: Int { brief.meter.ticksPerBar }

    func notes(_ part: Genre.Part, _ voice: Voice, name: String) -> [Note] {
        var out: [Note] = []
        let center = min(max(part.center, voice.low + 5), voice.high - 7)
        for (index, section) in sections.enumerated() {
            guard section.energy >= part.enter - 1e-9, section.energy <= part.leave + 1e-9 else { continue }
            // Sections of one name share a tune.
            var stream = RandomStream(brief.seed(of: name, in: index), section.name, name, "motif")
            let a = motif(part.density, &stream)
            let b = motif(min(1, part.density + 0.15), &stream)
            let close = Motif(rhythm: [(0, bar)], contour: [0])
            var touch = RandomStream(brief.seed(of: name, in: index), section.name + String(index), name, "touch")
            var anchor = tone(near: center, in: chord(at: section.bar * bar), from: voice)
            for i in 0..<section.bars {
                let start = (section.bar + i) * bar
                if start >= ringStart, !brief.isLoop { break }
                let place = i % 8
                var figure = [a, a, b, a, a, a, b, close][place]
                var shift = [0, 0, 1, 0, 0, 1, -1, 0][place]
                if place == 3 { figure = shortened(figure) }
                if place == 5 { figure = varied(figure, &stream) }
                // In quiet sections the tune leaves every other phrase to the others.
                if section.energy < 0.35, section.bars >= 8, !isAlone, (i / 4) % 2 == 1 { continue }
                if place == 7, section.bars - i > 1 || !brief.isLoop { shift = 0 }
                let here = chord(at: start)
                anchor = tone(near: (anchor * 2 + center) / 3, in: here, from: voice)
                out += play(figure, start: start, anchor: anchor, shift: shift, voice: voice, closes: place == 7 || place == 3, level: Int(70 + 30 * section.energy), &touch)
            }
        }
        if !brief.isLoop, brief.bars > 1, (sections.last?.energy ?? 0) >= part.enter - 0.25, let last = out.last {
            let close = chord(at: ringStart)
            let tonic = close.triad.contains(brief.key.tonic.pitchClass) ? brief.key.tonic.pitchClass : close.root.pitchClass
            let pitch = [0, 1, -1, 2, -2, 3, -3, 4, -4, 5, -5, 6].map { last.pitch + $0 }.first { ($0 % 12 + 12) % 12 == tonic } ?? last.pitch
            out.append(Note(start: ringStart, length: brief.bars * bar - ringStart, pitch: min(max(pitch, voice.low), voice.high), velocity: 84))
        }
        return out
    }

    private func chord(at tick: Int) -> Chord { (chords.last { $0.start <= tick } ?? chords[0]).chord }

    private func tone(near pitch: Int, in chord: Chord, from voice: Voice) -> Int {
        let tones = (voice.low...voice.high).filter { chord.triad.contains($0 % 12) }
        return tones.min { (abs($0 - pitch), $0) < (abs($1 - pitch), $1) } ?? pitch
    }

    /// A bar's worth of rhythm and a line over it.
    private func motif(_ density: Double, _ stream: inout RandomStream) -> Motif {
        let beats = Array(zip(brief.meter.beatStarts, brief.meter.beats))
        var places: [Int] = []
        // At slow tempi a beat is divided, at fast ones beats are joined.
        let pace = max(-0.25, min(0.25, (110 - brief.bpm) / 200))
        for (n, (start, length)) in beats.enumerated() {
            let strong = n == 0 || n * 2 == beats.count
            let unit = length % 3 == 0 && length > Meter.quarter ? length / 3 : length / 2
            if stream.chance(strong ? 0.92 : 0.45 + 0.4 * density + pace) { places.append(start) }
            var at = unit
            while at < length {
                if stream.chance(0.12 + 0.5 * density + pace) { places.append(start + at) }
                at += unit
            }
            if density > 0.7, stream.chance(0.3) { places.append(start + length * 3 / 4) }
        }
        if places.isEmpty { places = [0] }
        if places.count == 1, beats.count > 1 { places.append(beats[beats.count / 2].0) }
        places = Array(Set(places)).sorted()
        // A breath at the end of the bar.
        let end = stream.chance(0.5) || bar <= Meter.quarter ? bar : bar - Meter.quarter / 2
        places.removeAll { $0 >= end }
        var rhythm: [(tick: Int, length: Int)] = []
        for (i, tick) in places.enumerated() { rhythm.append((tick, min((i + 1 < places.count ? places[i + 1] : end) - tick, 3 * Meter.quarter))) }
        // Lines mostly step, leap now and then, and come back after a leap.
        var contour = [0]
        var debt = 0
        for _ in rhythm.dropFirst() {
            let step = debt != 0 ? (debt > 0 ? -1 : 1) : [-1, 1, -1, 1, 2, -2, 0, 3, -3][stream.index(9)]
            debt = abs(step) >= 2 ? step : 0
            contour.append(max(-4, min(5, (contour.last ?? 0) + step)))
        }
        return Motif(rhythm: rhythm, contour: contour)
    }

    /// The start of a motif, its last note held.
    private func shortened(_ motif: Motif) -> Motif {
        let keep = max(1, (motif.rhythm.count + 1) / 2)
        var rhythm = Array(motif.rhythm.prefix(keep))
        rhythm[keep - 1].length = max(rhythm[keep - 1].length, (bar - rhythm[keep - 1].tick) * 3 / 4)
        return Motif(rhythm: rhythm, contour: Array(motif.contour.prefix(keep)))
    }

    /// The same rhythm with its last notes turned elsewhere.
    private func varied(_ motif: Motif, _ stream: inout RandomStream) -> Motif {
        var out = motif
        for i in out.contour.indices where i * 2 >= out.contour.count { out.contour[i] = max(-4, min(5, out.contour[i] + (stream.chance(0.5) ? 1 : -1))) }
        return out
    }

    private func play(_ motif: Motif, start: Int, anchor: Int, shift: Int, voice: Voice, closes: Bool, level: Int, _ touch: inout RandomStream) -> [Note] {
        var out: [Note] = []
        let strong = Set(brief.meter.beatStarts.enumerated().filter { $0.offset % 2 == 0 }.map(\.element))
        for (i, place) in motif.rhythm.enumerated() {
            let chord = chord(at: start + place.tick)
            var pitch = step(from: anchor, by: motif.contour[i] + shift)
            let isLast = i == motif.rhythm.count - 1
            let long = place.length >= Meter.quarter
            if strong.contains(place.tick) || long || (closes && isLast) {
                let wanted = closes && isLast && chord.triad.contains(brief.key.tonic.pitchClass) ? [brief.key.tonic.pitchClass] : chord.triad
                pitch = [0, -1, 1, -2, 2, -3, 3, -4, 4, 5, -5, 6].map { pitch + $0 }.first { wanted.contains(($0 % 12 + 12) % 12) } ?? pitch
            }
            while pitch > voice.high { pitch -= 12 }
            while pitch < voice.low { pitch += 12 }
            let accent = place.tick == 0 ? 8 : strong.contains(place.tick) ? 4 : 0
            let v = level + accent + Int(touch.bell() * 5)
            out.append(Note(start: start + place.tick, length: max(60, place.length * 15 / 16), pitch: pitch, velocity: max(10, min(127, v))))
        }
        return out
    }

    /// Scale steps up or down from a pitch.
    private func step(from pitch: Int, by steps: Int) -> Int {
        var pitch = pitch
        var left = steps
        while left != 0 {
            pitch += left > 0 ? 1 : -1
            if brief.key.contains(pitch) { left += left > 0 ? -1 : 1 }
        }
        return pitch
    }
}
