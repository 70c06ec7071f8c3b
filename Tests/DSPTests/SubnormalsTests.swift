import DSP
import Foundation
import Testing

/// Halves of two numbers, in memory that calls into C may change, so that nothing is multiplied before its time.
private final class Halves {
    let numbers = UnsafeMutablePointer<Double>.allocate(capacity: 4)
    let singles = UnsafeMutablePointer<Float>.allocate(capacity: 2)

    deinit {
        numbers.deallocate()
        singles.deallocate()
    }

    @inline(never) func take() {
        numbers[2] = numbers[0] * 0.5
        numbers[3] = numbers[1] * 0.5
        singles[1] = singles[0] * 0.5
    }
}

@Suite struct SubnormalsTests {
    @Test func theyCountAsNothingOnTheThreadUntilRestored() {
        let halves = Halves()
        halves.numbers[0] = .leastNormalMagnitude
        halves.numbers[1] = 2 * .leastNormalMagnitude
        halves.singles[0] = .leastNormalMagnitude
        halves.take()
        #expect(halves.numbers[2] != 0 && halves.singles[1] != 0)
        let mode = Subnormals.off()
        halves.take()
        Subnormals.restore(mode)
        #expect(halves.numbers[2] == 0 && halves.singles[1] == 0 && halves.numbers[3] == .leastNormalMagnitude)
        halves.take()
        #expect(halves.numbers[2] != 0 && halves.singles[1] != 0)
    }

    @Test func metersOfSoundReadTheSameBitsEitherWay() {
        var noise = Noise(seed: 71)
        // Loud, then 200 dB down in steps, then silence: as a fade does.
        let signal = buffer(channels: 2, frames: 48_000 * 4) { _, i in i < 144_000 ? noise.uniform() * pow(10, -Double(i / 14_400)) : 0 }
        func read() -> [Double?] {
            var levels = LevelMeter(sampleRate: 48_000, channels: 2)
            levels.process(signal.block, frames: 48_000 * 4)
            levels.finish()
            var spectrum = ThirdOctaveSpectrum(sampleRate: 48_000, channels: 2)
            spectrum.process(signal.block, frames: 48_000 * 4)
            spectrum.finish()
            return [levels.plrDB, levels.psrDB, levels.truePeak, levels.ituPeak, levels.loudness.integratedLUFS]
                + (0..<31).map { spectrum.bandPower($0) }
        }
        let plain = read()
        let mode = Subnormals.off()
        let flushed = read()
        Subnormals.restore(mode)
        #expect(plain == flushed)
        withExtendedLifetime(signal) {}
    }
}
