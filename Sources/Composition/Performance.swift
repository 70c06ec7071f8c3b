/// Plays what is written the way people do: swing by tempo, a bass that leans, hands that are not machines.
struct Performance {
    let brief: Brief

    /// Long to short note of a swung pair at a tempo, as drummers play it (A. Friberg & A. Sundström, "Swing ratios and ensemble timing in
    /// jazz performance", Music Perception 19, 2002: the ratio falls towards 1 as the tempo rises).
    static func swingRatio(_ bpm: Double) -> Double {
        interpolate([(50, 2.3), (120, 2.0), (190, 1.8), (240, 1.6)], bpm)
    }

    /// How far the bass stands before (−) or behind (+) the beat at a tempo, in ms.
    static func bassLean(_ bpm: Double) -> Double {
        interpolate([(50, 2), (120, 0), (190, -5), (240, -9)], bpm)
    }

    private static func interpolate(_ points: [(Double, Double)], _ x: Double) -> Double {
        guard let first = points.first, let last = points.last else { return 0 }
        if x <= first.0 { return first.1 }
        for (a, b) in zip(points, points.dropFirst()) where x <= b.0 { return a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0) }
        return last.1
    }

    /// Notes where they are played. Starts stay within the piece and never cross the bar line before the first beat.
    func perform(_ notes: [Note], role: Role, name: String, ringStart: Int) -> [Note] {
        let ticksPerMillisecond = 0.001 / brief.secondsPerTick
        let isElectronic = brief.genre.kit == "electronic"
        let isGridded = isElectronic && role == .drums
        let spread = brief.genre.looseness * (isElectronic ? 3 : 7) * ticksPerMillisecond
        let lean = role == .bass && !isElectronic ? Self.bassLean(brief.bpm) * ticksPerMillisecond : 0
        let end = brief.bars * brief.meter.ticksPerBar
        var offsets: [Int: Double] = [:]
        let bar = brief.meter.ticksPerBar
        // A stream for each bar: other notes in one bar leave the hand in the next as it was.
        var streams: [Int: RandomStream] = [:]
        return notes.map { note in
            let place = note.start / bar
            var stream = streams[place] ?? RandomStream(brief.seed, "performance", name, "timing" + String(place))
            defer { streams[place] = stream }
            var note = note
            let straightEnd = note.end
            var start = Double(swung(note.start))
            if !isGridded, note.start != ringStart {
                // A chord is struck by one hand.
                let offset = offsets[note.start] ?? stream.bell() * spread * 0.5
                offsets[note.start] = offset
                start += offset + lean + (role == .chords || role == .arp ? abs(stream.bell()) * spread * 0.2 : 0)
            }
            note.start = max(0, min(Int(start.rounded()), end - 30))
            let stop = straightEnd >= end ? end : swung(straightEnd)
            note.length = max(30, min(stop, end) - note.start)
            return note
        }.sorted { ($0.start, $0.pitch, $0.length) < ($1.start, $1.pitch, $1.length) }
    }

    /// Where a tick falls when pairs are uneven. Metres whose beats are threes already are left alone.
    func swung(_ tick: Int) -> Int {
        let amount = brief.swing ?? brief.genre.swing
        guard amount > 0, !brief.meter.isCompound else { return tick }
        let pair = Meter.quarter * 2 / (brief.swing != nil && brief.genre.swing == 0 ? 2 : brief.genre.swingSteps)
        let ratio = 1 + (Self.swingRatio(brief.bpm) - 1) * amount
        let long = Double(pair) * ratio / (ratio + 1)
        let base = tick / pair * pair
        let within = Double(tick - base)
        let half = Double(pair) / 2
        let moved = within <= half ? within * long / half : long + (within - half) * (Double(pair) - long) / half
        return base + Int(moved.rounded())
    }
}
