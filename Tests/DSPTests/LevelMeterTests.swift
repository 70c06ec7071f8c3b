import DSP
import Foundation
import Testing

private func play(_ channels: Int, rate: Int = 48_000, seconds: Double, size: Int = 4800, _ sample: (Int, Double) -> Double,
                  each: (borrowing LevelMeter, Double) -> Void = { _, _ in }) -> (plr: Double?, psr: Double?, lowest: Double?) {
    var meter = LevelMeter(sampleRate: Double(rate), channels: channels)
    let frames = Int(seconds * Double(rate))
    let signal = buffer(channels: channels, frames: frames) { sample($0, Double($1) / Double(rate)) }
    var at = 0
    while at < frames {
        let count = min(size, frames - at)
        meter.process(signal.block.advanced(by: at), frames: count)
        at += count
        each(meter, Double(at) / Double(rate))
    }
    meter.finish()
    withExtendedLifetime(signal) {}
    return (meter.plrDB, meter.psrDB, meter.minimumPSRDB)
}

private func near(_ value: Double?, _ expected: Double, _ tolerance: Double = 0.05) -> Bool {
    value.map { ($0 - expected).magnitude <= tolerance } ?? false
}

@Suite struct LevelMeterTests {
    // BS.1770-5: a sine of 1 kHz in both channels is as loud in LUFS as its peak in dBFS; in one channel 3.01 less.
    @Test(arguments: [(1, 3.01), (2, 0.0)])
    func aSineStandsAtItsCrest(channels: Int, expected: Double) {
        let read = play(channels, seconds: 5) { 0.25 * sin(2 * .pi * 1000 * $1) }
        #expect(near(read.plr, expected) && near(read.psr, expected) && near(read.lowest, expected))
    }

    @Test func theRatioRemembersAPeakForThreeSeconds() {
        // −20 dBFS with one wave of −2 dBFS at 4 s.
        func sound(_ t: Double) -> Double { (t >= 4 && t < 4.001 ? 0.79433 : 0.1) * sin(2 * .pi * 1000 * t) }
        var readings: [(Double, Double)] = []
        _ = play(2, seconds: 9, { sound($1) }) { meter, t in
            if let psr = meter.psrDB { readings.append((t, psr)) }
        }
        #expect(readings.first?.0 == 3)
        for (t, psr) in readings {
            let expected = t > 4.05 && t < 7.05 ? 18.0 : 0
            // The wave itself is 2 % of the energy of 3 s: 0.09 dB.
            #expect((psr - expected).magnitude < 0.15, "\(t) s: \(psr)")
        }
    }

    @Test func theDensestPassageIsSoughtAmongTheLoudOnes() {
        // 6 s at −10 dBFS with a peak at the end of every second (PSR 8), then 6 s of a plain tone at −30 dBFS (PSR 0).
        let read = play(2, seconds: 12) { _, t in
            let tone = sin(2 * .pi * 1000 * t)
            if t >= 6 { return 0.0316 * tone }
            return (t.truncatingRemainder(dividingBy: 1) > 0.999 ? 0.794 : 0.316) * tone
        }
        #expect(near(read.lowest, 8, 0.2), "\(read.lowest ?? 0)")
        // The same tone 3 dB under the rest counts.
        let dense = play(2, seconds: 12) { _, t in
            let tone = sin(2 * .pi * 1000 * t)
            if t >= 6 { return 0.224 * tone }
            return (t.truncatingRemainder(dividingBy: 1) > 0.999 ? 0.794 : 0.316) * tone
        }
        #expect(near(dense.lowest, 0, 0.1), "\(dense.lowest ?? 0)")
    }

    @Test func nothingIsSaidOfSilenceAndFragments() {
        let silent = play(2, seconds: 5) { _, _ in 0 }
        #expect(silent.plr == nil && silent.psr == nil && silent.lowest == nil)
        let short = play(2, seconds: 2.9) { sin(2 * .pi * 1000 * $1) }
        #expect(short.plr != nil && short.psr == nil && short.lowest == nil)
    }

    @Test func readingsAreBitIdentical_atAnyBlockSize() {
        var noise = Noise(seed: 51)
        let sound = (0..<2).map { _ in (0..<44_100 * 5).map { _ in noise.uniform() * 0.5 } }
        func read(_ size: Int) -> [Double?] {
            let read = play(2, rate: 44_100, seconds: 5, size: size) { sound[$0][Int(($1 * 44_100).rounded())] }
            return [read.plr, read.psr, read.lowest]
        }
        let whole = read(44_100 * 5)
        for size in [1, 64, 511, 4096] { #expect(read(size) == whole) }
    }
}
