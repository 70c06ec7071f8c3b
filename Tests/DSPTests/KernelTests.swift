import CSignal
import Testing
@testable import DSP

/// The kernels promise the same bits on every processor: what a machine with AVX2 renders, one without renders too.
@Suite struct KernelTests {
    /// Calls `body` with the wide and the narrow versions and gives back both results.
    private func bothWays<T>(_ body: () -> T) -> (T, T) {
        lathe_signal_narrow(0)
        let wide = body()
        lathe_signal_narrow(1)
        defer { lathe_signal_narrow(0) }
        return (wide, body())
    }

    private func noise(_ count: Int, seed: UInt64) -> [Double] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(Int64(bitPattern: state)) * 0x1p-63
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func truePeakIsTheSameForEveryVectorWidth(seed: UInt64) {
        let signal = noise(4_096, seed: seed)
        let (wide, narrow) = bothWays { () -> UInt64 in
            var meter = TruePeakMeter(channels: 1)
            let buffer = AudioBuffer(channels: 1, frames: signal.count)
            for i in signal.indices { buffer.block[0][i] = signal[i] }
            meter.process(buffer.block, frames: signal.count)
            meter.finish()
            return meter.peak.bitPattern
        }
        #expect(wide == narrow)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func compressionIsTheSameForEveryVectorWidth(seed: UInt64) {
        let signal = noise(6_400, seed: seed)
        let (wide, narrow) = bothWays { () -> [UInt64] in
            var arena = StateArena(capacity: 4_096)
            let compressor = Compressor(sampleRate: 48_000, channels: 2, arena: &arena)
            var settings = Compressor.Settings()
            settings.thresholdDB = -30
            settings.ratio = 3
            settings.kneeDB = 6
            settings.sidechainHighPassHz = 90
            settings.mix = 0.8
            compressor.set(settings, at: 1, ramp: false)
            let buffer = AudioBuffer(channels: 2, frames: signal.count)
            for i in signal.indices { buffer.block[0][i] = signal[i]; buffer.block[1][i] = signal[signal.count - 1 - i] }
            for start in stride(from: 0, to: signal.count, by: 64) {
                _ = compressor.process(buffer.block.advanced(by: start), frames: 64, t0: 1, t1: 1)
            }
            return (0..<signal.count).map { buffer.block[0][$0].bitPattern }
        }
        #expect(wide == narrow)
    }

    /// The kernels carry their own logarithm and exponential; `FastMath` is the independent calculation.
    @Test func theStaticCurveIsThatOfTheSettings() {
        var settings = Compressor.Settings()
        settings.thresholdDB = -24
        settings.ratio = 4
        settings.kneeDB = 9
        let levels = (0..<400).map { -80 + 0.2 * Double($0) }
        var values = levels.map { FastMath.amplitude(dB: $0) }
        let octave = FastMath.dBPerOctave
        lathe_static_curve(
            &values, values.count, FastMath.amplitude(dB: -24 - 4.5), -24 / octave, 0.75, 4.5 / octave, 0.5 / (9 / octave))
        for (level, reduction) in zip(levels, values) {
            #expect(abs(reduction * octave - settings.staticReductionDB(levelDB: level)) < 1e-9, "at \(level) dB")
        }
        var gains = values
        lathe_mixed_gain(&gains, gains.count, 1, 0)
        for (reduction, gain) in zip(values, gains) { #expect(abs(gain - FastMath.exp2(-reduction)) < 1e-12) }
    }
}
