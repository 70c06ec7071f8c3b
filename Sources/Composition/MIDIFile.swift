/// A score as a Standard MIDI File, type 1: a track for tempo, metre, key and section markers, and one for each part (RP-001, MIDI Association).
public enum MIDIFile {
    public static func bytes(_ score: Score) -> [UInt8] {
        var out: [UInt8] = Array("MThd".utf8) + be32(6) + be16(1) + be16(score.tracks.count + 1) + be16(Meter.quarter)
        out += chunk(conductor(score), end: score.ticks)
        for (i, track) in score.tracks.enumerated() { out += chunk(events(track, channel: channel(of: i, in: score.tracks)), end: score.ticks) }
        return out
    }

    /// Drums have channel 10; the others share the rest in order.
    static func channel(of index: Int, in tracks: [Track]) -> Int {
        if tracks[index].isDrums { return 9 }
        let n = tracks[..<index].count { !$0.isDrums } % 15
        return n < 9 ? n : n + 1
    }

    private struct Event {
        var tick: Int
        /// At one tick, ends come before beginnings.
        var order: Int
        var bytes: [UInt8]
    }

    private static func conductor(_ score: Score) -> [Event] {
        let brief = score.brief
        let microseconds = Int((60_000_000 / brief.quartersPerMinute).rounded())
        let log2 = [1: 0, 2: 1, 4: 2, 8: 3, 16: 4][brief.meter.unit] ?? 2
        let clocks = brief.meter.isCompound ? 36 : 24
        var events = [
            Event(tick: 0, order: 0, bytes: text(3, brief.genre.name)),
            Event(tick: 0, order: 0, bytes: [0xFF, 0x51, 3] + be32(microseconds).dropFirst()),
            Event(tick: 0, order: 0, bytes: [0xFF, 0x58, 4, UInt8(brief.meter.count), UInt8(log2), UInt8(clocks), 8]),
            Event(tick: 0, order: 0, bytes: [0xFF, 0x59, 2, UInt8(bitPattern: Int8(brief.key.signature)), brief.key.mode.isMinor ? 1 : 0]),
        ]
        for section in score.sections { events.append(Event(tick: section.bar * brief.meter.ticksPerBar, order: 1, bytes: text(6, section.name))) }
        return events
    }

    private static func events(_ track: Track, channel: Int) -> [Event] {
        var events = [Event(tick: 0, order: 0, bytes: text(3, track.name))]
        if let program = track.voice.program { events.append(Event(tick: 0, order: 0, bytes: [0xC0 | UInt8(channel), UInt8(program)])) }
        // A key that is struck again while it sounds is let go first.
        var sounding: [Int: Int] = [:]
        var notes = track.notes
        for i in notes.indices {
            if let before = sounding[notes[i].pitch], notes[before].end > notes[i].start { notes[before].length = max(1, notes[i].start - notes[before].start) }
            sounding[notes[i].pitch] = i
        }
        for note in notes {
            let pitch = UInt8(max(0, min(127, note.pitch)))
            events.append(Event(tick: note.start, order: 2, bytes: [0x90 | UInt8(channel), pitch, UInt8(max(1, min(127, note.velocity)))]))
            events.append(Event(tick: note.end, order: 1, bytes: [0x80 | UInt8(channel), pitch, 64]))
        }
        return events
    }

    private static func chunk(_ events: [Event], end: Int) -> [UInt8] {
        var body: [UInt8] = []
        var now = 0
        for event in events.enumerated().sorted(by: { ($0.element.tick, $0.element.order, $0.offset) < ($1.element.tick, $1.element.order, $1.offset) }).map(\.element) {
            body += variable(event.tick - now) + event.bytes
            now = event.tick
        }
        body += variable(max(0, end - now)) + [0xFF, 0x2F, 0]
        return Array("MTrk".utf8) + be32(body.count) + body
    }

    private static func text(_ kind: UInt8, _ text: String) -> [UInt8] {
        let bytes = Array(text.utf8.prefix(120))
        return [0xFF, kind, UInt8(bytes.count)] + bytes
    }

    /// Seven bits to a byte, the highest first.
    private static func variable(_ value: Int) -> [UInt8] {
        var out = [UInt8(value & 0x7F)]
        var rest = value >> 7
        while rest > 0 {
            out.insert(UInt8(rest & 0x7F) | 0x80, at: 0)
            rest >>= 7
        }
        return out
    }

    private static func be16(_ x: Int) -> [UInt8] { [UInt8(x >> 8 & 0xFF), UInt8(x & 0xFF)] }
    private static func be32(_ x: Int) -> [UInt8] { [UInt8(x >> 24 & 0xFF), UInt8(x >> 16 & 0xFF), UInt8(x >> 8 & 0xFF), UInt8(x & 0xFF)] }
}
