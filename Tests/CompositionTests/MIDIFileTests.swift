@testable import Composition
import Testing

/// Against the Standard MIDI File specification (RP-001): header, chunk lengths, meta events.
struct MIDIFileTests {
    func chunks(_ bytes: [UInt8]) -> [(id: String, body: ArraySlice<UInt8>)] {
        var out: [(String, ArraySlice<UInt8>)] = []
        var at = 0
        while at + 8 <= bytes.count {
            let length = bytes[at + 4..<at + 8].reduce(0) { $0 << 8 | Int($1) }
            out.append((String(decoding: bytes[at..<at + 4], as: UTF8.self), bytes[at + 8..<min(bytes.count, at + 8 + length)]))
            at += 8 + length
        }
        #expect(at == bytes.count)
        return out
    }

    @Test func theFileIsTypeOneWithTempoMetreAndKey() {
        let score = Shipped.score("rock in F# minor, 120 bpm, 3/4, 8 bars")
        let all = chunks(MIDIFile.bytes(score))
        #expect(all.count == score.tracks.count + 2 && all[0].id == "MThd" && Array(all[0].body) == [0, 1, 0, UInt8(score.tracks.count + 1), 3, 192])
        let conductor = Array(all[1].body)
        // 120 a minute = 500 000 µs = 07 A1 20; F♯ minor has three sharps.
        #expect(conductor.firstRange(of: [0xFF, 0x51, 3, 0x07, 0xA1, 0x20]) != nil)
        #expect(conductor.firstRange(of: [0xFF, 0x58, 4, 3, 2, 24, 8]) != nil)
        #expect(conductor.firstRange(of: [0xFF, 0x59, 2, 3, 1]) != nil)
        for chunk in all.dropFirst() { #expect(Array(chunk.body.suffix(3)) == [0xFF, 0x2F, 0]) }
    }

    @Test(arguments: [("C major", 0), ("A minor", 0), ("Eb major", -3), ("G# minor", 5), ("Ab minor", -7), ("B major", 5), ("D dorian", -1)])
    func signaturesAreThoseOfTheCircleOfFifths(_ key: String, _ fifths: Int) {
        #expect(PromptReader.read("key of " + key, genres: []).key?.signature == fifths)
    }

    @Test func drumsHaveChannelTen_othersDoNot() {
        let score = Shipped.score("house, 8 bars")
        for i in score.tracks.indices { #expect((MIDIFile.channel(of: i, in: score.tracks) == 9) == score.tracks[i].isDrums) }
    }
}
