import DSP
import Foundation
import Testing

@Suite struct SpeechMeterTests {
    private func read(seconds: Double, channels: Int = 1, size: Int = 4096, _ sample: (Int) -> Double) -> SpeechMeter.Reading {
        let frames = Int(seconds * 48_000)
        let signal = buffer(channels: channels, frames: frames) { _, i in sample(i) }
        var meter = SpeechMeter(sampleRate: 48_000, channels: channels)
        for start in stride(from: 0, to: frames, by: size) {
            meter.process(signal.block.advanced(by: start), frames: min(size, frames - start))
        }
        withExtendedLifetime(signal) {}
        return meter.reading
    }

    private func tone(_ hz: Double, _ i: Int) -> Double { sin(2 * .pi * hz * Double(i) / 48_000) }

    @Test func syllablesAtFourHertzAreModulation_aSteadyToneIsNone() {
        // An envelope 1 + m·cos has power m²/2 beside its mean's 1: m = 0.9 gives 0.405.
        let talking = read(seconds: 10) { i in tone(1000, i) * 0.1 * (1 + 0.9 * tone(4, i)) }
        #expect((talking.syllabicModulation - 0.405).magnitude < 0.03)
        #expect(read(seconds: 10) { 0.1 * tone(1000, $0) }.syllabicModulation < 0.02)
        // The same depth at the rate of a slow beat, or of roughness, is not speech.
        #expect(read(seconds: 10) { i in tone(1000, i) * 0.1 * (1 + 0.9 * tone(1, i)) }.syllabicModulation < 0.05)
        #expect(read(seconds: 10) { i in tone(1000, i) * 0.1 * (1 + 0.9 * tone(12, i)) }.syllabicModulation < 0.05)
    }

    @Test func pausesAreTheShareOfCellsFarUnderTheLoudOnes() {
        let gaps = read(seconds: 12) { i in (i / 24_000) % 3 == 0 ? 0.0001 * tone(1000, i) : 0.1 * tone(1000, i) }
        #expect((gaps.pauseShare - 1.0 / 3).magnitude < 0.02)
    }

    /// |H|² in dB of second-order Butterworth corners under the bilinear transform: r⁴/(1 + r⁴) above and 1/(1 + r⁴) below.
    private func bandDB(_ hz: Double, from low: Double, to high: Double) -> Double {
        func ratio(_ corner: Double) -> Double { pow(tan(.pi * hz / 48_000) / tan(.pi * corner / 48_000), 4) }
        return 10 * log10(ratio(low) / (1 + ratio(low)) / (1 + ratio(high)))
    }

    @Test func sibilantsAreComparedWithTheVoice() throws {
        // A tenth of the time 7 kHz at −26.02 dBFS, else 1 kHz at −20.
        let hissing = read(seconds: 10) { i in (i / 4800) % 10 == 0 ? 0.05 * tone(7000, i) : 0.1 * tone(1000, i) }
        let hiss = bandDB(7000, from: 5000, to: 9000), voice = bandDB(1000, from: 300, to: 4000)
        #expect((hissing.sibilantShare - 0.1).magnitude < 0.02)
        #expect((try #require(hissing.sibilanceDB) - (-6.02 + hiss - voice)).magnitude < 0.3)
        let calm = read(seconds: 4) { 0.1 * tone(1000, $0) }
        #expect(calm.sibilanceDB == nil && calm.sibilantShare == 0)
    }

    @Test func howTheFramesAreCutChangesNothing_norADoubledChannel() {
        var noise = Noise(seed: 4)
        let sound = (0..<96_000).map { i in noise.uniform() * (1 + tone(4, i)) * 0.1 }
        let whole = read(seconds: 2, size: 96_000) { sound[$0] }
        #expect(read(seconds: 2, size: 331) { sound[$0] } == whole)
        #expect(read(seconds: 2, channels: 2) { sound[$0] } == whole)
    }

    @Test func silenceReadsAsNothing() {
        #expect(read(seconds: 2) { _ in 0 }.syllabicModulation == 0)
        #expect(SpeechMeter(sampleRate: 8000, channels: 1).reading == SpeechMeter.Reading())
    }
}

@Suite struct PeakDistributionTests {
    private func cells(_ sample: (Int) -> Double) -> (top: Int, below: Int) {
        let frames = 48_000 * 20
        let signal = buffer(channels: 2, frames: frames) { c, i in c == 0 ? sample(i) : 0 }
        var peaks = PeakDistribution(sampleRate: 48_000, channels: 2)
        peaks.process(signal.block, frames: frames)
        withExtendedLifetime(signal) {}
        return peaks.cells(within: 0.5)
    }

    @Test func clippedPeaksPileUp_freeOnesThinOut() {
        // A bell-shaped amplitude: the sum of twelve uniform numbers has the variance of four of ±1. Cut at two sigma.
        var noise = Noise(seed: 77)
        let free = (0..<(48_000 * 20)).map { _ in (0..<12).reduce(0.0) { sum, _ in sum + noise.uniform() } / 24 }
        let open = cells { free[$0] }
        let clipped = cells { min(max(free[$0], -0.17), 0.17) }
        #expect(open.top < open.below)
        #expect(clipped.top > 100 * max(1, clipped.below))
    }

    @Test func spansAreInDecibelsUnderTheHighest() {
        // One cell at 0 dB, two at −0.3, four at −0.8, all else at −10.
        let levels = [5: 0.0, 10: -0.3, 11: -0.3, 20: -0.8, 21: -0.8, 22: -0.8, 23: -0.8]
        let counted = cells { i in i % 960 == 7 ? pow(10, (levels[i / 960] ?? -10) / 20) * 0.9 : 0 }
        #expect(counted == (3, 4))
    }
}
