import DSP
import Foundation
import Testing

private let rate = 48_000

/// A block that is to be linear, with settings that give it work.
enum LinearBlock: String, CaseIterable, Sendable {
    case bell, shelf, linearPhase, crossover, stereo, widthByBand

    /// Two channels, in place.
    func run(_ b: AudioBuffer, frames: Int) {
        var arena = StateArena(capacity: (1 << 18) + LinearPhaseEqualizer.stateBytes(sampleRate: Double(rate), channels: 2))
        func blocks(_ body: (AudioBlock, Int) -> Void) {
            for start in stride(from: 0, to: frames, by: 64) { body(b.block.advanced(by: start), min(64, frames - start)) }
        }
        switch self {
        case .bell, .shelf:
            let band = EqualizerBand(sampleRate: Double(rate), channels: 2, arena: &arena)
            let filter: MatchedFilter = self == .bell
                ? .bell(hz: 3000, db: 6, q: 1, sampleRate: Double(rate)) : .lowShelf(hz: 200, db: -6, q: 0.7, sampleRate: Double(rate))
            band.set(filter, target: .stereo, at: 1, ramp: false)
            blocks { band.process($0, frames: $1, t0: 1, t1: 1) }
        case .linearPhase:
            let equalizer = LinearPhaseEqualizer(sampleRate: Double(rate), channels: 2, arena: &arena)
            defer { equalizer.deallocate() }
            var settings = LinearPhaseEqualizer.Settings()
            for i in 0..<121 { (settings.mid.db[i], settings.side.db[i]) = (3 * sin(Double(i) / 9), 2 * cos(Double(i) / 7)) }
            equalizer.set(settings, ramp: false)
            equalizer.process(b.block, frames: frames)
        case .crossover:
            let crossover = Crossover(sampleRate: Double(rate), channels: 2, arena: &arena)
            crossover.set(hz: SIMD3(120, 700, 4500), bands: 4, at: 1, ramp: false)
            let lanes = UnsafeMutablePointer<SIMD2<Double>>.allocate(capacity: 256)
            defer { lanes.deallocate() }
            blocks { block, n in
                crossover.process(block, frames: n, t0: 1, t1: 1, into: lanes)
                for i in 0..<n {
                    let sum = lanes[i] + lanes[64 + i] + lanes[128 + i] + lanes[192 + i]
                    (block[0][i], block[1][i]) = (sum.x, sum.y)
                }
            }
        case .stereo:
            let field = StereoField(sampleRate: Double(rate), arena: &arena)
            field.set(width: 1.3, monoBelowHz: 120, at: 1, ramp: false)
            blocks { field.process($0, frames: $1, t0: 1, t1: 1) }
        case .widthByBand:
            let width = WidthByBand(sampleRate: Double(rate), arena: &arena)
            width.set(SIMD3(0.5, 1.1, 1.4), at: 1, ramp: false)
            blocks { width.process($0, frames: $1, t0: 1, t1: 1) }
        }
    }
}

/// Lines of whole Hz, of which every second is the same.
private func lines(_ parts: [(hz: Int, amplitude: Double)], seconds: Int, right: Double = 0.4) -> AudioBuffer {
    let second = (0..<rate).map { i in parts.reduce(0) { $0 + $1.amplitude * sin(2 * .pi * Double($1.hz * i % rate) / Double(rate)) } }
    return buffer(channels: 2, frames: seconds * rate) { c, i in second[i % rate] * (c == 0 ? 1 : right) }
}

private let minusOne = pow(10, -1.0 / 20)

/// Rows of the procedure table that are about signals: distortion, intermodulation, linearity.
@Suite struct ProcedureTests {
    /// AES17: 997 Hz at −1 dBFS; double precision leaves −140 dB far behind.
    @Test(arguments: LinearBlock.allCases)
    func distortionAndNoiseOfALinearBlockAreBelowMinus140dB(block: LinearBlock) {
        let b = lines([(997, minusOne)], seconds: 3)
        block.run(b, frames: 3 * rate)
        #expect(restDB(b, from: 2 * rate, except: [997], reference: 997, rate: rate) <= -140)
    }

    /// SMPTE: 60 Hz and 7 kHz, 4:1; CCIF: 19 and 20 kHz, alike. Peaks at −1 dBFS.
    @Test(arguments: LinearBlock.allCases)
    func intermodulationOfALinearBlockIsBelowMinus140dB(block: LinearBlock) {
        let smpte = lines([(60, 0.8 * minusOne), (7000, 0.2 * minusOne)], seconds: 3)
        block.run(smpte, frames: 3 * rate)
        #expect(restDB(smpte, from: 2 * rate, except: [60, 7000], reference: 7000, rate: rate) <= -140)
        let ccif = lines([(19_000, 0.5 * minusOne), (20_000, 0.5 * minusOne)], seconds: 3)
        block.run(ccif, frames: 3 * rate)
        #expect(restDB(ccif, from: 2 * rate, except: [19_000, 20_000], reference: 20_000, rate: rate) <= -140)
    }

    /// 2 dB of reduction at the settings of the presets. SMPTE counts the lines beside 7 kHz, CCIF the difference tone and its neighbours.
    @Test func intermodulationOfTheCompressorIsBelowMinus70dB() {
        for parts in [[(60, 0.8 * minusOne), (7000, 0.2 * minusOne)], [(19_000, 0.5 * minusOne), (20_000, 0.5 * minusOne)]] {
            let b = lines(parts, seconds: 6)
            var arena = StateArena(capacity: 65536)
            let compressor = Compressor(sampleRate: Double(rate), channels: 2, arena: &arena)
            var s = Compressor.Settings()
            (s.ratio, s.kneeDB, s.attackMs, s.releaseMs, s.sidechainHighPassHz, s.mix) = (1.5, 9, 30, 250, 90, 1)
            // The threshold that takes 2 dB off this signal, by halving.
            var low = -60.0, high = 0.0
            for _ in 0..<20 {
                s.thresholdDB = (low + high) / 2
                let trial = lines(parts, seconds: 2)
                compressor.clear()
                compressor.set(s, at: 1, ramp: false)
                var deepest = 0.0
                for start in stride(from: 0, to: 2 * rate, by: 64) {
                    deepest = compressor.process(trial.block.advanced(by: start), frames: 64, t0: 1, t1: 1)
                }
                if deepest > 2 { low = s.thresholdDB } else { high = s.thresholdDB }
            }
            compressor.clear()
            compressor.set(s, at: 1, ramp: false)
            for start in stride(from: 0, to: 6 * rate, by: 64) { _ = compressor.process(b.block.advanced(by: start), frames: 64, t0: 1, t1: 1) }
            let gain = decibels(toneAmplitude(b, from: 5 * rate, rate, hz: Double(parts[1].0), rate: Double(rate)) / parts[1].1)
            #expect(abs(gain + 2) < 0.1)
            let products = parts[0].0 == 60 ? (1...8).flatMap { [7000 - 60 * $0, 7000 + 60 * $0] } : [1000, 2000, 17_000, 18_000, 21_000, 22_000]
            let power = products.reduce(0) { sum, hz in
                let amplitude = toneAmplitude(b, from: 5 * rate, rate, hz: Double(hz), rate: Double(rate))
                return sum + amplitude * amplitude
            }
            let carrier = toneAmplitude(b, from: 5 * rate, rate, hz: Double(parts[1].0), rate: Double(rate))
            #expect(decibels(power.squareRoot() / carrier) <= -70, "\(parts[0].0) and \(parts[1].0) Hz: \(decibels(power.squareRoot() / carrier)) dB")
        }
    }

    /// Rounding and triangular dither leave LSB²/4; of 24 bits that is −141.5 dB re a full-scale sine (Lipshitz, Wannamaker, Vanderkooy 1992).
    @Test func twentyFourBitsWithTriangularDitherLeaveWhatTheorySays() {
        let b = lines([(997, minusOne)], seconds: 2)
        Dither.quantise(b.block, frames: 2 * rate, firstFrame: 0, bits: 24, tpdf: true, seed: 5)
        let theory = 10 * log10(pow(2, -46) / 4 / 0.5) + 1
        #expect(abs(restDB(b, from: rate, except: [997], reference: 997, rate: rate) - theory) <= 0.1)
        #expect(abs(theory + 140.5) < 0.05)
    }

    /// 997 Hz from −120 dBFS up, through 24 bits with dither, read over 16 s where noise would show.
    @Test(arguments: [-120.0, -100, -80, -60, -40, -20, -1])
    func levelsThroughDitherAreLinearWithinAHundredth(level: Double) {
        let amplitude = pow(10, level / 20), seconds = level < -90 ? 16 : 2
        let b = lines([(997, amplitude)], seconds: seconds)
        Dither.quantise(b.block, frames: seconds * rate, firstFrame: 0, bits: 24, tpdf: true, seed: 6)
        #expect(abs(decibels(toneAmplitude(b, from: 0, seconds * rate, hz: 997, rate: Double(rate)) / amplitude)) <= 0.01)
    }
}
