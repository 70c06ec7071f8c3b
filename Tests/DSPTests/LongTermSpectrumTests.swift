import DSP
import Foundation
import Testing

@Suite struct LongTermSpectrumTests {
    private func measure(
        rate: Double = 48_000, channels: Int = 2, seconds: Double, gain: Double = 1, size: Int = 5000, _ sample: (Int, Int) -> Double
    ) -> LongTermSpectrum {
        let frames = Int(rate * seconds)
        let signal = buffer(channels: channels, frames: frames) { c, i in gain * sample(c, i) }
        var spectrum = ThirdOctaveSpectrum(sampleRate: rate, channels: channels)
        for start in stride(from: 0, to: frames, by: size) {
            spectrum.process(signal.block.advanced(by: start), frames: min(size, frames - start))
        }
        spectrum.finish()
        withExtendedLifetime(signal) {}
        return spectrum.longTerm
    }

    private func sine(_ hz: Double, _ i: Int, rate: Double = 48_000) -> Double { sin(2 * .pi * hz * Double(i) / rate) }
    private func band(near hz: Double) -> Int {
        LongTermSpectrum.centres.indices.min { (LongTermSpectrum.centres[$0] - hz).magnitude < (LongTermSpectrum.centres[$1] - hz).magnitude }!
    }
    private func decibels(_ power: Double) -> Double { 10 * log10(power / 0.5) }

    @Test func bandsRunFromTwentyHertzInTwelfthsOfAnOctave() {
        // IEC 61260-1, base 10: every fourth centre is an exact third-octave one.
        #expect(LongTermSpectrum.centres.count == 121 && LongTermSpectrum.centres[68] == 1000)
        #expect((LongTermSpectrum.centres[0] - 1000 * pow(10, -1.7)).magnitude < 1e-9)
        #expect((LongTermSpectrum.centres[120] - 1000 * pow(10, 1.3)).magnitude < 1e-6)
    }

    @Test(arguments: [44_100.0, 48_000, 96_000])
    func aSineInTheMiddleIsMid_andAnOppositeOneIsSide(rate: Double) {
        let middle = measure(rate: rate, seconds: 4) { _, i in sine(1000, i, rate: rate) }
        let apart = measure(rate: rate, seconds: 4) { c, i in (c == 0 ? 1 : -1) * sine(1000, i, rate: rate) }
        #expect(decibels(middle.mid[68]).magnitude < 0.02 && middle.side.allSatisfy { $0 < 1e-12 })
        #expect(decibels(apart.side[68]).magnitude < 0.02 && apart.mid.allSatisfy { $0 < 1e-12 })
        #expect(decibels(middle.mid[64]) < -60 && decibels(middle.mid[72]) < -60)
    }

    @Test func passagesMoreThanTenLUUnderTheRestDoNotCount() {
        // −20 dBFS at 1 kHz is −20 LUFS in both channels; K-weighting at 400 Hz is within 1 dB of that at 1 kHz (BS.1770-5 Annex 1).
        func programme(quietDB: Double) -> LongTermSpectrum {
            measure(seconds: 20) { _, i in
                i < 10 * 48_000 ? 0.1 * sine(1000, i) : pow(10, quietDB / 20) * sine(400, i)
            }
        }
        let counted = programme(quietDB: -27), left = programme(quietDB: -34)
        #expect((decibels(counted.mid[band(near: 400)]) - (-27 - 3)).magnitude < 0.4)
        // A window on the border holds a little of what comes after it.
        #expect(decibels(left.mid[band(near: 400)]) < -44)
        #expect((decibels(left.mid[68]) + 20).magnitude < 0.3)
        #expect((counted.gatedSeconds - 20).magnitude < 0.8 && (left.gatedSeconds - 10).magnitude < 0.8)
    }

    @Test func loudnessAgreesWithTheMeterOnNoise() throws {
        var noise = Noise(seed: 5)
        var low = [0.0, 0.0]
        let frames = 10 * 48_000
        let signal = buffer(channels: 2, frames: frames) { c, _ in
            low[c] += 0.05 * (noise.uniform() - low[c])
            return low[c]
        }
        var spectrum = ThirdOctaveSpectrum(sampleRate: 48_000, channels: 2)
        var meter = LoudnessMeter(sampleRate: 48_000, channels: 2)
        spectrum.process(signal.block, frames: frames)
        meter.process(signal.block, frames: frames)
        spectrum.finish()
        let measured = meter.integratedLUFS
        let ours = try #require(spectrum.longTerm.gatedLUFS), theirs = try #require(measured)
        #expect((ours - theirs).magnitude < 0.3)
        withExtendedLifetime(signal) {}
    }

    @Test func gainMovesEveryBandAlike() {
        func noisy(_ gain: Double) -> LongTermSpectrum {
            var noise = Noise(seed: 21)
            // Loudness swings over 20 dB, so that the gate cuts through it.
            return measure(seconds: 30, gain: gain) { _, i in noise.uniform() * pow(10, sin(Double(i) / 40_000) - 1) }
        }
        let (whole, quiet) = (noisy(0.9), noisy(0.9 * pow(10, -7.3 / 20)))
        for b in stride(from: 20, to: 120, by: 10) {
            let moved = decibels(whole.mid[b]) - decibels(quiet.mid[b])
            #expect((moved - 7.3).magnitude < 0.1)
            #expect((moved - (decibels(whole.mid[68]) - decibels(quiet.mid[68]))).magnitude < 0.01, "\(LongTermSpectrum.centres[b])")
        }
    }

    @Test func howTheFramesAreCutChangesNothing() {
        func noisy(_ size: Int) -> LongTermSpectrum {
            var noise = Noise(seed: 8)
            return measure(seconds: 3, size: size) { _, _ in noise.uniform() }
        }
        let whole = noisy(1 << 20)
        #expect(noisy(977) == whole && noisy(64) == whole)
    }

    @Test func silenceHasNoSpectrum_andAShortSoundHasOne() {
        #expect(measure(seconds: 2) { _, _ in 0 } == .silence)
        let short = measure(channels: 1, seconds: 0.2) { _, i in sine(1000, i) }
        #expect(decibels(short.mid[66...70].reduce(0, +)).magnitude < 0.3)
        #expect(short.gatedLUFS != nil)
    }

    @Test func severalChannelsAreAveraged_andBandsAboveHalfTheRateAreEmpty() {
        let one = measure(rate: 8000, channels: 1, seconds: 3) { _, i in sine(1000, i, rate: 8000) }
        let three = measure(rate: 8000, channels: 3, seconds: 3) { c, i in c == 0 ? sine(1000, i, rate: 8000) : 0 }
        #expect((decibels(one.mid[68]) - decibels(three.mid[68]) - 10 * log10(3)).magnitude < 0.01)
        #expect(zip(LongTermSpectrum.centres, one.mid).allSatisfy { $0 < 3900 || $1 == 0 })
    }
}
