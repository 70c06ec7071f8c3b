@testable import Composition
@testable import Instruments
import DSP
import Foundation
import Testing

struct VoiceTests {
    static let rate = 44_100.0

    /// A note of a voice, its left channel.
    static func note(_ name: String, pitch: Int, seconds: Double = 1, velocity: Double = 0.8) -> [Double] {
        let store = TableStore(rate: rate)
        let order = NoteOrder(pitch: pitch, velocity: velocity, held: Int(seconds * rate), rate: rate, framesPerBar: 2 * rate, seed: 3)
        var voice = store.voice(PatchLibrary.patch(name), order)
        var out: [Double] = []
        let n = MixRenderer.blockFrames
        let scratch = UnsafeMutablePointer<SIMD2<Double>>.allocate(capacity: n)
        scratch.initialize(repeating: .zero, count: n)
        let buffer = AudioBuffer(channels: 2, frames: n)
        defer { scratch.deallocate() }
        for _ in 0..<Int(seconds * rate) / n {
            buffer.block.clear(frames: n)
            _ = voice.render(buffer.block[0], buffer.block[1], n, scratch: scratch)
            out += UnsafeBufferPointer(start: buffer.block[0], count: n)
        }
        return out
    }

    /// Power at a frequency (Goertzel), under a Hann window.
    static func power(_ x: [Double], hz: Double) -> Double {
        var (re, im) = (0.0, 0.0)
        for (n, v) in x.enumerated() {
            let w = 0.5 - 0.5 * cos(2 * Double.pi * Double(n) / Double(x.count))
            re += w * v * cos(2 * Double.pi * hz / rate * Double(n))
            im += w * v * sin(2 * Double.pi * hz / rate * Double(n))
        }
        return re * re + im * im
    }

    /// Equal temperament, A4 = 440 Hz (ISO 16).
    @Test(arguments: ["piano", "nylon guitar", "flute", "rhodes", "square lead", "violin", "organ"])
    func aNoteHasItsPitch(_ name: String) {
        let x = Array(Self.note(name, pitch: 69).dropFirst(8000).prefix(16_384))
        let here = Self.power(x, hz: 440)
        #expect(here > 4 * Self.power(x, hz: 440 * pow(2, 0.5 / 12)), "\(name)")
        #expect(here > 4 * Self.power(x, hz: 440 * pow(2, -0.5 / 12)), "\(name)")
    }

    /// A tone of frequency f has nothing between its harmonics; what folds back from above half the rate would stand there.
    @Test func highNotesDoNotAlias() {
        for pitch in [96, 103] {
            let x = Array(Self.note("square lead", pitch: pitch).dropFirst(2000).prefix(16_384))
            let f = 440 * pow(2, Double(pitch - 69) / 12)
            let between = (1...4).map { Self.power(x, hz: f * (Double($0) + 0.37)) }.max() ?? 0
            #expect(10 * log10(between / Self.power(x, hz: f)) < -55)
        }
    }

    @Test func wavetablesEndBelowHalfTheRate() {
        let table = Wavetable(Spectrum(slope: 6), fundamental: 5000, rate: 44_100)
        // Four harmonics fit: at 22 050 Hz a fifth would not.
        let fifth = (0..<Wavetable.size).reduce(0.0) { $0 + table.samples[$1] * sin(2 * Double.pi * 5 * Double($1) / Double(Wavetable.size)) }
        let fourth = (0..<Wavetable.size).reduce(0.0) { $0 + table.samples[$1] * sin(2 * Double.pi * 4 * Double($1) / Double(Wavetable.size)) }
        #expect(abs(fifth) < 1e-9 * abs(fourth))
    }

    @Test func louderNotesAreLouder_andEndWhenLetGo() {
        for name in ["piano", "strings", "rhodes"] {
            #expect(Shipped.decibels(Self.note(name, pitch: 60, velocity: 0.9)) > Shipped.decibels(Self.note(name, pitch: 60, velocity: 0.4)) + 3)
        }
        let tail = Self.note("organ", pitch: 60, seconds: 0.2)
        #expect(tail.count > 0)
    }

    @Test(arguments: [36, 38, 42, 46, 49, 39, 45, 51, 56, 63, 70, 81])
    func aDrumStrokeBeginsAndEndsSilent(_ key: Int) {
        for kit in KitSound.all.keys.sorted() {
            var drums = DrumKit(kit, rate: Self.rate)
            let (stroke, gain, _) = drums.stroke(key: key, velocity: 110, take: 0)
            let peak = stroke.left.reduce(0) { max($0, $1.magnitude) }
            #expect(gain > 0 && peak > 0.05 && peak < 4, "\(kit) \(key) \(peak)")
            #expect(abs(stroke.left[0]) < 0.15 * peak && abs(stroke.left[stroke.left.count - 1]) < 0.01 * peak, "\(kit) \(key)")
        }
    }

    @Test func theRoomDiesAwayInItsTime() {
        let room = Reverb(seconds: 1, tone: 1, rate: Self.rate)
        let n = 44_100 * 2
        var (l, r) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
        var input = [Double](repeating: 0, count: n)
        input[0] = 1
        room.process(input, input, &l, &r, n)
        let early = Shipped.decibels(Array(l[8820..<13_230])), late = Shipped.decibels(Array(l[30_870..<35_280]))
        // Half a second apart: 30 dB of a 60 dB decay in one second.
        #expect(abs((early - late) - 30) < 6)
    }
}
