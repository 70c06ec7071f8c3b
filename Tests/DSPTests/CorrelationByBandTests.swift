import DSP
import Foundation
import Testing

private func measure(_ rate: Double = 48_000, seconds: Double = 4, size: Int = 4096, _ sample: (Int, Int) -> Double) -> CorrelationByBand {
    var meter = CorrelationByBand(sampleRate: rate)
    let frames = Int(rate * seconds)
    let signal = buffer(channels: 2, frames: frames, sample)
    var at = 0
    while at < frames {
        let count = min(size, frames - at)
        meter.process(signal.block.advanced(by: at), frames: count)
        at += count
    }
    withExtendedLifetime(signal) {}
    return meter
}

private func tone(_ hz: Double, _ i: Int, _ rate: Double = 48_000) -> Double { sin(2 * .pi * hz * Double(i) / rate) }

private func near(_ value: Double?, _ expected: Double, _ tolerance: Double) -> Bool {
    value.map { ($0 - expected).magnitude <= tolerance } ?? false
}

@Suite struct CorrelationByBandTests {
    @Test(arguments: [44_100.0, 48_000, 96_000, 192_000])
    func eachBandSaysWhatItsChannelsDo(rate: Double) {
        // 63 Hz opposite, 1 kHz the same, 8 kHz a quarter turn apart.
        let meter = measure(rate) { c, i in
            let phase = c == 0 ? 0.0 : 0.25
            let high = 0.2 * sin(2 * .pi * (8000 * Double(i) / rate + phase))
            return 0.3 * tone(63, i, rate) * (c == 0 ? 1 : -1) + 0.2 * tone(1000, i, rate) + high
        }
        #expect(near(meter.overall(1), -1, 0.01) && near(meter.overall(5), 1, 0.01) && near(meter.overall(8), 0, 0.01))
        #expect(near(meter.sideShare(1), 1, 0.01) && near(meter.sideShare(5), 0, 0.01) && near(meter.sideShare(8), 0.5, 0.01))
        #expect(near(meter.current(1), -1, 0.01) && near(meter.current(5), 1, 0.01))
    }

    @Test(arguments: [-0.8, -0.3, 0, 0.4, 0.9])
    func noiseOfAGivenCorrelationReadsItInEveryBand(wanted: Double) {
        // R = ρ·a + √(1 − ρ²)·b of independent a and b correlates with a by ρ.
        var (a, b) = (Noise(seed: 61), Noise(seed: 62))
        var pair = (0.0, 0.0)
        let left = buffer(channels: 2, frames: 48_000 * 10) { _, _ in 0 }
        for i in 0..<48_000 * 10 {
            pair = (a.uniform(), b.uniform())
            left.block[0][i] = 0.5 * pair.0
            left.block[1][i] = 0.2 * (wanted * pair.0 + (1 - wanted * wanted).squareRoot() * pair.1)
        }
        var spectrum = ThirdOctaveSpectrum(sampleRate: 48_000, channels: 2)
        spectrum.process(left.block, frames: 48_000 * 10)
        spectrum.finish()
        let meter = measure(seconds: 10) { left.block[$0][$1] }
        // An octave at 250 Hz holds 177 Hz × 10 s independent values: a standard error of 0.024.
        for band in 3..<10 { #expect(near(meter.overall(band), wanted, 0.09), "\(CorrelationByBand.centres[band]) Hz") }
        for index in 14..<30 { #expect(near(spectrum.correlation(index), wanted, 0.12), "\(ThirdOctaveSpectrum.centres[index]) Hz") }
        withExtendedLifetime(left) {}
    }

    @Test func currentForgetsAndOverallDoesNot() {
        let meter = measure(seconds: 12) { c, i in 0.3 * tone(500, i) * (c == 1 && i < 48_000 * 6 ? -1 : 1) }
        #expect(near(meter.current(4), 1, 0.01) && near(meter.overall(4), 0, 0.05))
    }

    @Test func bandsWithoutSoundSayNothing() {
        let meter = measure { c, i in c == 0 ? 0.3 * tone(1000, i) : 0 }
        #expect(meter.overall(5) == nil && meter.current(5) == nil)
        let silent = measure { _, _ in 0 }
        #expect((0..<10).allSatisfy { silent.overall($0) == nil && silent.sideShare($0) == nil })
    }

    @Test func readingsAreBitIdentical_atAnyBlockSize() {
        var noise = Noise(seed: 63)
        let sound = (0..<2).map { _ in (0..<48_000).map { _ in noise.uniform() } }
        func read(_ size: Int) -> [Double?] {
            let meter = measure(seconds: 1, size: size) { sound[$0][$1] }
            return (0..<10).map { meter.overall($0) } + (0..<10).map { meter.current($0) }
        }
        let whole = read(48_000)
        for size in [1, 64, 511, 4096] { #expect(read(size) == whole) }
    }
}
