import DSP
import Testing

@Suite struct DropoutDetectorTests {
    private let rate = 48_000.0

    private func noise(_ count: Int, level: Double = 0.1) -> [Double] {
        var state: UInt64 = 0x2545_F491_4F6C_DD1D
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return level * Double(Int64(bitPattern: state)) / 9.3e18
        }
    }

    private func found(_ sound: [Double], calls: [Int] = [8192]) -> [DropoutDetector.Dropout] {
        var detector = DropoutDetector(sampleRate: rate)
        sound.withUnsafeBufferPointer { x in
            var at = 0, call = 0
            while at < x.count {
                let take = min(calls[call % calls.count], x.count - at)
                detector.process(x.baseAddress! + at, frames: take)
                at += take
                call += 1
            }
        }
        return DropoutDetector.isolated([detector], sampleRate: rate)
    }

    /// Dense noise, where a click detector hears nothing; at every length, at every place in a call, with dither in the hole or without.
    @Test(arguments: [34, 48, 64, 129, 480, 4800, 11_900], [0.0, 2.0 / 32_768])
    func aHoleInDenseSoundIsFoundWhereItIs(length: Int, dither: Double) {
        for start in [20_000, 24_575, 24_576, 24_577, 24_576 - length, 24_576 - length + 1] {
            var sound = noise(96_000)
            for i in start..<(start + length) { sound[i] = dither * (i % 3 == 0 ? 1 : -0.5) }
            let holes = found(sound)
            #expect(holes.count == 1, "at \(start)")
            // The samples beside it may be as small by chance.
            #expect(holes.allSatisfy { abs($0.frame - Int64(start)) <= 1 && abs($0.frames - length) <= 2 })
        }
    }

    @Test(arguments: [[1], [7], [64], [511], [96_000], [1, 3000, 17]])
    func theCutIntoCallsDoesNotMatter(calls: [Int]) {
        var sound = noise(96_000)
        for start in [10_000, 40_000, 70_001] { for i in start..<(start + 700) { sound[i] = 0 } }
        #expect(found(sound, calls: calls) == found(sound) && found(sound).count == 3)
    }

    /// Lost buffers come in bursts; they keep no time.
    @Test func aBurstOfThemIsNamed() {
        var sound = noise(480_000)
        let starts = [100_000, 107_300, 131_900, 139_111, 158_000, 190_017, 201_333, 214_000]
        for start in starts { for i in start..<(start + 512) { sound[i] = 0 } }
        #expect(found(sound).count == starts.count)
    }

    /// A fade to nothing, a pause of a second, an end, silence with a start: none is a dropout. Nor is a beat of silences.
    @Test func whatIsMeantIsLeftAlone() {
        var faded = noise(96_000)
        for i in 0..<96_000 { faded[i] *= i < 40_000 ? max(0, 1 - Double(i) / 38_000) : min(1, Double(i - 42_000).magnitude / 4000) * (i < 42_000 ? 0 : 1) }
        #expect(found(faded).isEmpty)
        var paused = noise(144_000)
        for i in 48_000..<96_000 { paused[i] = 0 }
        #expect(found(paused).isEmpty)
        var ended = noise(96_000)
        for i in 90_000..<96_000 { ended[i] = 0 }
        for i in 0..<5000 { ended[i] = 0 }
        #expect(found(ended).isEmpty)
        var beat = noise(480_000)
        for hit in stride(from: 12_000, to: 470_000, by: 12_000) { for i in hit..<(hit + 1000) { beat[i] = 0 } }
        #expect(found(beat).isEmpty)
    }
}
