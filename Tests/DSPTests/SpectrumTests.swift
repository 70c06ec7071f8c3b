import DSP
import Foundation
import Testing

@Suite struct SpectrumTests {
    @Test(arguments: [16, 48, 1024])
    func powerSpectrumIsTheSquaredDFT(size: Int) {
        var noise = Noise(seed: 3)
        let input = (0..<size).map { _ in Float(noise.uniform()) }
        var fft = RealFFT(size: size)
        var power = [Float](repeating: 0, count: fft.binCount)
        fft.powerSpectrum(input, into: &power)
        for k in stride(from: 0, through: size / 2, by: max(1, size / 16)) {
            var (re, im) = (0.0, 0.0)
            for n in 0..<size {
                re += Double(input[n]) * cos(2 * .pi * Double(k * n) / Double(size))
                im -= Double(input[n]) * sin(2 * .pi * Double(k * n) / Double(size))
            }
            let expected = re * re + im * im
            #expect((Double(power[k]) - expected).magnitude <= 1e-4 * (expected + Double(size)))
        }
    }

    @Test func transformsRunOnManyThreadsAtOnce() async {
        await withTaskGroup(of: Float.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    var fft = RealFFT(size: 256)
                    var power = [Float](repeating: 0, count: 129)
                    fft.powerSpectrum((0..<256).map { cos(2 * .pi * 8 * Float($0) / 256) }, into: &power)
                    return power[8]
                }
            }
            for await peak in group { #expect((peak - 128 * 128).magnitude < 1) }
        }
    }

    private func decibels(_ power: Double) -> Double { 10 * log10(power / 0.5) }

    private func measure(rate: Double, channels: Int, seconds: Double, _ sample: (Int, Int) -> Double) -> [Double] {
        let frames = Int(rate * seconds)
        let signal = buffer(channels: channels, frames: frames, sample)
        var spectrum = ThirdOctaveSpectrum(sampleRate: rate, channels: channels)
        spectrum.process(signal.block, frames: frames)
        spectrum.finish()
        withExtendedLifetime(signal) {}
        return ThirdOctaveSpectrum.centres.indices.map { spectrum.bandPower($0) }
    }

    @Test(arguments: [(44_100.0, 1), (48_000, 2), (96_000, 3)])
    func fullScaleSineIsZeroDecibelsInItsBandAndAbsentElsewhere(rate: Double, channels: Int) {
        let bands = measure(rate: rate, channels: channels, seconds: 10) { _, i in sin(2 * .pi * 1000 * Double(i) / rate) }
        #expect(decibels(bands[17]).magnitude < 0.02)
        for other in 0..<31 where other != 17 { #expect(decibels(bands[other]) < -50, "\(ThirdOctaveSpectrum.centres[other]) Hz") }
    }

    @Test func twentyHertzIsToldFromTwentyFive() {
        let bands = measure(rate: 48_000, channels: 1, seconds: 20) { _, i in sin(2 * .pi * 20 * Double(i) / 48_000) }
        #expect(decibels(bands[0]) > -0.3)
        #expect(decibels(bands[1]) < -15)
    }

    @Test func whiteNoiseRisesThreeDecibelsAnOctave() {
        // Uniform noise of ±1 has power 1/3, spread evenly to half the rate; a band gets its width's share (IEC 61260-1: ·10^±0.05).
        var noise = Noise(seed: 11)
        let bands = measure(rate: 48_000, channels: 1, seconds: 30) { _, _ in noise.uniform() }
        for index in stride(from: 8, through: 29, by: 3) {
            let centre = 1000 * pow(10, Double(index - 17) / 10)
            let width = centre * (pow(10, 0.05) - pow(10, -0.05))
            #expect((10 * log10(bands[index]) - 10 * log10(width / 24_000 / 3)).magnitude < 0.5, "\(centre) Hz")
        }
    }

    @Test func bandsTogetherHoldTheSignalsPower_evenOfAShortOne() {
        let bands = measure(rate: 44_100, channels: 2, seconds: 0.25) { c, i in 0.5 * sin(0.3 * Double(i) + Double(c)) }
        #expect((bands.reduce(0, +) - 0.125).magnitude < 0.125 * 0.07)
    }

    @Test func bandsAboveHalfTheRateAreEmpty() {
        var noise = Noise(seed: 2)
        let bands = measure(rate: 8000, channels: 1, seconds: 3) { _, _ in noise.uniform() }
        #expect(bands[22] > 0 && bands[25...].allSatisfy { $0 == 0 })
    }

    @Test func sideShareTellsMonoFromOpposite() {
        func share(_ right: Double) -> Double? {
            let signal = buffer(channels: 2, frames: 96_000) { c, i in (c == 0 ? 1 : right) * sin(2 * .pi * 100 * Double(i) / 48_000) }
            var spectrum = ThirdOctaveSpectrum(sampleRate: 48_000, channels: 2)
            spectrum.process(signal.block, frames: 96_000)
            spectrum.finish()
            withExtendedLifetime(signal) {}
            return spectrum.sideShare(7)
        }
        #expect(share(1) == 0)
        #expect(share(-1) == 1)
        #expect((share(0)! - 0.5).magnitude < 1e-6)
    }

    @Test(arguments: [1, 333, 4096])
    func spectrumIsBitIdentical_atAnyBlockSize(size: Int) {
        var noise = Noise(seed: 21)
        let frames = 50_000
        let signal = buffer(channels: 2, frames: frames) { _, _ in noise.uniform() }
        func read(_ size: Int) -> [Double] {
            var spectrum = ThirdOctaveSpectrum(sampleRate: 44_100, channels: 2)
            for at in stride(from: 0, to: frames, by: size) {
                spectrum.process(signal.block.advanced(by: at), frames: min(size, frames - at))
            }
            spectrum.finish()
            return (0..<31).map { spectrum.bandPower($0) }
        }
        #expect(read(size) == read(frames))
        withExtendedLifetime(signal) {}
    }
}

@Suite struct CorrelationTests {
    private func overall(_ right: (Int) -> Double) -> Double? {
        let signal = buffer(channels: 2, frames: 48_000) { c, i in c == 0 ? sin(Double(i) * 0.05) : right(i) }
        var meter = CorrelationMeter(sampleRate: 48_000)
        meter.process(signal.block, frames: 48_000)
        withExtendedLifetime(signal) {}
        return meter.overall
    }

    @Test func sameIsOne_oppositeIsMinusOne_quadratureIsZero() {
        #expect((overall { 0.3 * sin(Double($0) * 0.05) }! - 1).magnitude < 1e-12)
        #expect((overall { -sin(Double($0) * 0.05) }! + 1).magnitude < 1e-12)
        #expect(overall { cos(Double($0) * 0.05) }!.magnitude < 1e-3)
    }

    @Test func silenceHasNoCorrelation() { #expect(overall { _ in 0 } == nil) }

    @Test func currentForgetsWhatOverallKeeps() {
        var meter = CorrelationMeter(sampleRate: 1000, seconds: 0.1)
        let same = buffer(channels: 2, frames: 1000) { _, i in sin(Double(i)) }
        let opposite = buffer(channels: 2, frames: 1000) { c, i in (c == 0 ? 1 : -1) * sin(Double(i)) }
        meter.process(same.block, frames: 1000)
        #expect(meter.current! > 0.99)
        for at in stride(from: 0, to: 1000, by: 50) { meter.process(opposite.block.advanced(by: at), frames: 50) }
        #expect(meter.current! < -0.99 && meter.overall!.magnitude < 0.01)
        withExtendedLifetime((same, opposite)) {}
    }
}
