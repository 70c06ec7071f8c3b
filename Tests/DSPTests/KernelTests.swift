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

    /// Numbers of three bytes go into rows and come back, whatever the count, without a byte written beyond them.
    @Test(arguments: [0, 1, 3, 4, 5, 8, 9, 1000, 1001, 1002, 1003])
    func packedNumbersComeAndGoUnchanged(frames: Int) {
        let edges: [UInt8] = [0, 0, 0x80, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 1, 0, 0]
        let bytes = (0..<6 * frames).map { $0 < edges.count ? edges[$0] : UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 3) }
        let (wide, narrow) = bothWays { () -> [[Double]] in
            // One byte in, as it may lie in a file.
            let shifted = [0] + bytes
            var rows = [[Double]](repeating: [Double](repeating: -9, count: frames + 1), count: 2)
            rows.withUnsafeMutableBufferPointer { rows in
                shifted.withUnsafeBufferPointer { lathe_spread_packed24($0.baseAddress! + 1, frames, &rows[0], &rows[1]) }
            }
            return rows
        }
        #expect(wide == narrow && wide[0][frames] == -9 && wide[1][frames] == -9)
        for i in 0..<frames {
            for c in 0..<2 {
                let at = 6 * i + 3 * c
                let number = Int32(bitPattern: UInt32(bytes[at]) << 8 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 24)
                #expect(wide[c][i] == Double(number) / 0x1p31)
            }
        }
        let (packed, packedNarrow) = bothWays { () -> [UInt8] in
            var out = [UInt8](repeating: 0xA5, count: 6 * frames + 1)
            lathe_gather_packed24(wide[0], wide[1], frames, &out)
            return out
        }
        #expect(packed == bytes + [0xA5] && packedNarrow == packed)
    }

    /// Beyond full scale numbers stop at its ends; between two they go to the nearer, halves to the even one.
    @Test func packingRoundsAndStopsAtFullScale() {
        let step = 0x1p-23
        let values = [1.0, -1.5, 1 - step, 0.5 * step, 1.5 * step, -0.5 * step, 2.4 * step, -2.6 * step]
        let expected: [Int32] = [8_388_607, -8_388_608, 8_388_607, 0, 2, 0, 2, -3]
        var out = [UInt8](repeating: 0, count: 6 * values.count)
        lathe_gather_packed24(values, values, values.count, &out)
        for i in out.indices.filter({ $0 % 3 == 0 }) {
            let number = Int32(bitPattern: UInt32(out[i]) << 8 | UInt32(out[i + 1]) << 16 | UInt32(out[i + 2]) << 24) >> 8
            #expect(number == expected[i / 6])
        }
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

    /// What a processor makes of stereo noise, as bits, with no vectors to speak of, with AVX2, and with AVX-512.
    private static let processors: [(name: String, result: @Sendable (AudioBlock, Int) -> [Double?])] = [
        ("loudness", { block, frames in
            var meter = LoudnessMeter(sampleRate: 44_100, channels: 2)
            meter.process(block, frames: frames)
            return [meter.integratedLUFS, meter.maxMomentaryLUFS, meter.maxShortTermLUFS]
        }),
        ("loudness cells", { block, frames in
            var cells = LoudnessCells(sampleRate: 44_100, layout: .usual(2), maximumReductionDB: 6)
            var out: [Double?] = []
            cells.process(block, frames: frames) { out += [$0, $1] }
            return out
        }),
        ("true-peak proof", { block, frames in
            var proof = TruePeakProof(channels: 2)
            proof.process(block, frames: frames)
            proof.finish()
            return [proof.peak, proof.ituPeak, proof.samplePeak]
        }),
        ("third octaves", { block, frames in
            var spectrum = ThirdOctaveSpectrum(sampleRate: 44_100, channels: 2)
            spectrum.process(block, frames: frames)
            spectrum.finish()
            return (0..<31).flatMap { [spectrum.bandPower($0), spectrum.correlation($0)] } + spectrum.longTerm.mid.map { $0 }
        }),
        ("speech", { block, frames in
            var meter = SpeechMeter(sampleRate: 44_100, channels: 2)
            meter.process(block, frames: frames)
            return [meter.reading.syllabicModulation, meter.reading.sibilantShare, meter.reading.sibilanceDB]
        }),
        ("onsets", { block, frames in
            var meter = TempoMeter(sampleRate: 44_100, channels: 2)
            meter.process(block, frames: frames)
            return [meter.trebleBurst?.meanSquare, meter.trebleBurst?.seconds]
        }),
        ("detector", { block, frames in
            var probe = DetectorProbe(sampleRate: 44_100, channels: 2)
            probe.process(block, frames: frames)
            var twoToOne = Compressor.Settings()
            twoToOne.ratio = 2
            return [probe.histogram.threshold(reducing: 1, twoToOne, offsetDB: 0)]
        }),
        ("dither", { block, frames in
            Dither.quantise(block, frames: frames - 3, firstFrame: 12_345, bits: 16, tpdf: true, seed: 9)
            return (0..<2_003).flatMap { [block[0][$0], block[1][$0]] }
        }),
        ("linear-phase equaliser", { block, frames in
            var arena = StateArena(capacity: 1 << 22)
            let equalizer = LinearPhaseEqualizer(sampleRate: 44_100, channels: 2, arena: &arena)
            defer { equalizer.deallocate() }
            var settings = LinearPhaseEqualizer.Settings()
            settings.bands[0].band = AnalogueBand(shape: .bell, hz: 1_000, db: 4, q: 1)
            equalizer.set(settings, ramp: false)
            equalizer.process(block, frames: frames)
            return (0..<frames).map { block[0][$0] }
        }),
    ]

    @Test(arguments: KernelTests.processors.indices)
    func everyProcessorIsTheSameForEveryVectorWidth(index: Int) {
        let frames = 5 * 44_100
        let left = noise(frames, seed: 11), right = noise(frames, seed: 12)
        let results = ([0, 1, 2] as [Int32]).map { width -> [UInt64?] in
            lathe_signal_narrow(width)
            defer { lathe_signal_narrow(0) }
            let buffer = AudioBuffer(channels: 2, frames: frames)
            for i in 0..<frames {
                // Loud and soft by turns, so that gates, thresholds and bounds are met from both sides.
                let gain = i / 9_000 % 2 == 0 ? 0.8 : 0.05
                (buffer.block[0][i], buffer.block[1][i]) = (left[i] * gain, (0.7 * left[i] + 0.3 * right[i]) * gain)
            }
            return Self.processors[index].result(buffer.block, frames).map { $0?.bitPattern }
        }
        #expect(results[0] == results[1], "\(Self.processors[index].name) without AVX2")
        #expect(results[0] == results[2], "\(Self.processors[index].name) without AVX-512")
        #expect(results[0].contains { $0 != nil && $0 != 0 })
    }
}
