/// Turns patterns into notes with lengths.
enum Rhythm {
    struct Event: Equatable {
        var tick: Int
        var length: Int
        var sign: Character
    }

    /// Hits of a pattern in this metre; `-` after a hit lengthens it.
    static func events(_ pattern: [Character], _ meter: Meter) -> [Event] {
        var out: [Event] = []
        for (tick, sign, length) in meter.place(pattern) {
            if sign == "-" {
                if let last = out.indices.last, out[last].tick + out[last].length >= tick - 1 { out[last].length = tick + length - out[last].tick }
            } else {
                out.append(Event(tick: tick, length: length, sign: sign))
            }
        }
        // Notes of one part give way to the next.
        for i in out.indices.dropLast() { out[i].length = min(out[i].length, out[i + 1].tick - out[i].tick) }
        return out
    }

    /// Hits on every part of a beat: `perBeat` of them (three in compound metres where two were asked for).
    static func even(_ perBeat: Int, _ meter: Meter) -> [Event] {
        var out: [Event] = []
        for (start, length) in zip(meter.beatStarts, meter.beats) {
            let count = length % 3 == 0 && length > Meter.quarter ? (perBeat <= 2 ? 3 : 6) : length > Meter.quarter ? perBeat * length / Meter.quarter : perBeat
            for n in 0..<count { out.append(Event(tick: start + n * length / count, length: length / count, sign: n == 0 ? "X" : "x")) }
        }
        return out
    }
}
