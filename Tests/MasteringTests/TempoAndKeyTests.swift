import DSP
import Foundation
import Testing
@testable import Mastering

private let rate = 16_000

private func analyse(_ seconds: Double, _ sample: (Double, Int) -> Double) -> Analysis {
    let frames = Int(seconds * Double(rate))
    let sound = AudioBuffer(channels: 1, frames: frames)
    for i in 0..<frames { sound.block[0][i] = sample(Double(i) / Double(rate), i) }
    var analyzer = Analyzer(sampleRate: Double(rate), layout: .usual(1))
    analyzer.process(sound.block, frames: frames)
    withExtendedLifetime(sound) {}
    return analyzer.finish()
}

private func hiss(_ i: Int) -> Double {
    var z = UInt64(truncatingIfNeeded: i) &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double(Int64(bitPattern: z ^ (z >> 31))) / 9.3e18
}

@Suite struct TempoTests {
    /// Kick on one and three, snare on two and four, hats on the eighths.
    @Test(arguments: [84.0, 96, 107.5, 120, 128, 140, 174])
    func aDrumLoopHasItsTempo(bpm: Double) throws {
        let beat = 60 / bpm
        let found = analyse(24) { t, i in
            let count = Int(t / beat), inBeat = t - Double(count) * beat, inEighth = t.truncatingRemainder(dividingBy: beat / 2)
            let drum = count % 2 == 0 ? exp(-inBeat * 20) * sin(2 * .pi * 60 * inBeat) : 0.6 * exp(-inBeat * 25) * hiss(i)
            return 0.4 * drum + 0.1 * exp(-inEighth * 80) * hiss(i + 7) + 0.05 * sin(2 * .pi * 220 * t)
        }
        let tempo = try #require(found.tempoBPM)
        // Half and double are the same music, counted otherwise.
        #expect([0.5, 1, 2].contains { abs(tempo / $0 - bpm) <= 0.5 }, "\(tempo)")
        if (95...150).contains(bpm) { #expect(abs(tempo - bpm) <= 0.5, "\(tempo)") }
    }

    @Test func whatHasNoBeatHasNoTempo() {
        #expect(analyse(20) { _, i in 0.2 * hiss(i) }.tempoBPM == nil)
        #expect(analyse(20) { t, _ in 0.2 * sin(2 * .pi * 440 * t) }.tempoBPM == nil)
        // Hits at odd times.
        let times = (0..<40).map { Double($0) * 0.5 + 0.45 * hiss($0 * 1000 + 3) }
        #expect(analyse(20) { t, i in times.reduce(0) { $0 + (t >= $1 && t < $1 + 0.2 ? exp(-(t - $1) * 30) * 0.2 * hiss(i) : 0) } }.tempoBPM == nil)
        // Too short to say.
        #expect(analyse(4) { t, i in exp(-t.truncatingRemainder(dividingBy: 0.5) * 20) * 0.3 * hiss(i) }.tempoBPM == nil)
    }

    @Test func theTempoDoesNotDependOnTheCut() {
        let frames = 15 * rate
        let sound = AudioBuffer(channels: 1, frames: frames)
        for i in 0..<frames { sound.block[0][i] = 0.3 * exp(-(Double(i) / Double(rate)).truncatingRemainder(dividingBy: 0.5) * 20) * hiss(i) }
        func tempo(_ size: Int) -> Double? {
            var meter = TempoMeter(sampleRate: Double(rate), channels: 1)
            for start in stride(from: 0, to: frames, by: size) { meter.process(sound.block.advanced(by: start), frames: min(size, frames - start)) }
            return meter.bpm
        }
        let whole = tempo(frames)
        #expect(whole != nil)
        for size in [1, 64, 511] { #expect(tempo(size) == whole) }
    }
}

@Suite struct KeyTests {
    private static let names = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
    private static let minorNames = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"]

    /// I IV V I with the scale above it, harmonics falling by 1/n, tuned `cents` off.
    private func piece(_ tonic: Int, isMinor: Bool, cents: Double) -> Analysis {
        let third = isMinor ? 3 : 4
        // The fifth chord of minor is major, as in practice since Bach.
        let chords = [[0, third, 7], [5, 5 + third, 12], [7, 11, 14], [0, third, 7]]
        let scale = isMinor ? [0, 2, 3, 5, 7, 8, 11, 12] : [0, 2, 4, 5, 7, 9, 11, 12]
        func hz(_ note: Int) -> Double { 440 * pow(2, (Double(note) - 69) / 12 + cents / 1200) }
        let bars = chords.map { chord in chord.map { hz(48 + tonic + $0) } }, tune = scale.map { hz(60 + tonic + $0) }
        return analyse(12) { t, _ in
            var x = 0.0
            for f in bars[Int(t / 1.5) % 4] { for n in 1...3 { x += sin(2 * .pi * f * Double(n) * t) / Double(n) } }
            // The tonic is where the tune comes back to.
            let step = Int(t / 0.375) % 16
            x += sin(2 * .pi * (step < 8 ? tune[step] : tune[(step * 7) % 3 * 2]) * t)
            return 0.08 * x
        }
    }

    @Test(arguments: [0.0, 30])
    func piecesAreInTheirKey(cents: Double) {
        var right = 0, wrong: [String] = []
        for tonic in 0..<12 {
            for isMinor in [false, true] {
                let name = (isMinor ? Self.minorNames : Self.names)[tonic] + (isMinor ? " minor" : " major")
                guard let found = piece(tonic, isMinor: isMinor, cents: cents).key else { continue }
                if found == name { right += 1 } else { wrong.append("\(name) as \(found)") }
            }
        }
        #expect(right >= 20 && wrong.isEmpty, "\(right) right, \(wrong)")
    }

    @Test func whatHasNoNotesHasNoKey() {
        #expect(analyse(12) { _, i in 0.2 * hiss(i) }.key == nil)
        // All twelve notes alike.
        let all = (0..<12).map { 220 * pow(2, Double($0) / 12) }
        #expect(analyse(12) { t, _ in all.reduce(0) { $0 + 0.02 * sin(2 * .pi * $1 * t) } }.key == nil)
    }
}
