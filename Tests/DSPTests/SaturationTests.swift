import CSignal
import Foundation
import Testing
@testable import DSP

private func saturate(_ input: AudioBuffer, frames: Int, rate: Double = 44100, _ settings: Saturation.Settings) -> AudioBuffer {
    var arena = StateArena(capacity: Saturation.stateBytes(channels: input.block.channels))
    let saturation = Saturation(sampleRate: rate, channels: input.block.channels, arena: &arena)
    defer { saturation.deallocate() }
    saturation.set(settings, at: 1, ramp: false)
    let total = (frames + Saturation.latency + 63) / 64 * 64
    let out = AudioBuffer(channels: input.block.channels, frames: total)
    out.block.copy(from: input.block, frames: frames)
    for at in stride(from: 0, to: total, by: 64) { saturation.process(out.block.advanced(by: at), t0: 1, t1: 1) }
    return out
}

private func settings(_ curve: Saturation.Curve, _ driveDB: Double, mix: Double = 1) -> Saturation.Settings {
    var s = Saturation.Settings()
    (s.curve, s.driveDB, s.mix) = (curve, driveDB, mix)
    return s
}

/// Loudest line that is no harmonic of a sine at −1 dBFS, dB against the sine: what folds. `body` gets the sine, its first `skip` frames to settle.
func worstAliasDB(cyclesOf16384 cycles: Int, skip: Int, _ body: (AudioBuffer, _ frames: Int) -> AudioBuffer) -> Double {
    let n = 16384, frames = n + skip
    let sine = buffer(channels: 1, frames: frames) { _, i in 0.891251 * sin(2 * .pi * Double(cycles * i % n) / Double(n) + 0.1) }
    let out = body(sine, frames)
    let spectrum = Spectrum((0..<n).map { out.block[0][$0 + skip] })
    var worst = 0.0
    for bin in 1...n / 2 where bin % cycles != 0 { worst = max(worst, spectrum.magnitude(bin)) }
    return decibels(worst / spectrum.magnitude(cycles))
}

/// 20 Hz to 0.45 × the sample rate in steps of a ratio, as odd numbers of cycles of 16384 frames: no harmonic folds onto another.
let sweptCycles = stride(from: 0.0, through: 1, by: 0.08).map { Int(7.5 * pow(0.45 * 16384 / 7.5, $0)) | 1 }

@Suite struct SaturationTests {
    @Test(arguments: Saturation.Curve.allCases)
    func noDriveAndNoMixAreABitExactDelay(curve: Saturation.Curve) {
        var noise = Noise(seed: 3)
        let input = buffer(channels: 2, frames: 3000) { _, _ in noise.uniform() }
        for s in [settings(curve, 0), settings(curve, 24, mix: 0)] {
            let out = saturate(input, frames: 3000, s)
            for c in 0..<2 { for i in 0..<3000 { #expect(out.block[c][i + Saturation.latency] == input.block[c][i]) } }
        }
    }

    /// At the drive of the tape preset. Plain 8× oversampling is published at −68 dBc, antiderivatives at the sample rate at −64.
    @Test(arguments: Saturation.Curve.allCases)
    func usualDriveDoesNotFold(curve: Saturation.Curve) {
        for cycles in sweptCycles {
            let worst = worstAliasDB(cyclesOf16384: cycles, skip: 44100) { saturate($0, frames: $1, settings(curve, 4)) }
            #expect(worst < -115, "\(cycles)")
        }
    }

    @Test(arguments: Saturation.Curve.allCases, [9.4, 24])
    func hardDriveFoldsLessThanMinusEighty(curve: Saturation.Curve, drive: Double) {
        for cycles in sweptCycles {
            let worst = worstAliasDB(cyclesOf16384: cycles, skip: 44100) { saturate($0, frames: $1, settings(curve, drive)) }
            #expect(worst < (drive < 10 ? -100 : -80), "\(cycles)")
        }
    }

    /// A slow sine goes through the curve as it is written.
    @Test(arguments: [2.0, 9, 18])
    func theSoftCurveIsTheOneWritten(drive: Double) {
        let gamma = (pow(10, drive / 10) - 1).squareRoot()
        let input = buffer(channels: 1, frames: 30000) { _, i in 0.9 * sin(2 * .pi * 40 * Double(i) / 44100) }
        let out = saturate(input, frames: 30000, settings(.soft, drive))
        func shaped(_ u: Double) -> Double { u / (1 + gamma * gamma * u * u).squareRoot() }
        let scale = out.block[0][20000 + Saturation.latency] / shaped(input.block[0][20000])
        #expect(scale >= 1)
        for i in 15000..<25000 { #expect(abs(out.block[0][i + Saturation.latency] - scale * shaped(input.block[0][i])) < 1e-5) }
    }

    /// Below 20 kHz treble that is not driven passes untouched, whatever the filters inside do.
    @Test(arguments: Saturation.Curve.allCases)
    func quietTrebleKeepsItsLevel(curve: Saturation.Curve) {
        for hz in [100, 10000, 20000, 21500] {
            let input = buffer(channels: 1, frames: 60000) { _, i in 1e-5 * sin(2 * .pi * Double(hz) * Double(i) / 44100) }
            let out = saturate(input, frames: 60000, settings(curve, 6))
            let gain = toneAmplitude(out, from: 15000, 44100, hz: Double(hz), rate: 44100) / 1e-5
            let low = buffer(channels: 1, frames: 60000) { _, i in 1e-5 * sin(2 * .pi * 1000 * Double(i) / 44100) }
            let reference = toneAmplitude(saturate(low, frames: 60000, settings(curve, 6)), from: 15000, 44100, hz: 1000, rate: 44100) / 1e-5
            #expect(abs(decibels(gain / reference)) < 0.001)
        }
    }

    @Test func symmetricCurvesMakeOddHarmonicsAndTheTubeEvenOnesWithoutASteadyPart() {
        let input = buffer(channels: 1, frames: 132_300) { _, i in 0.5 * sin(2 * .pi * 1000 * Double(i) / 44100) }
        func line(_ curve: Saturation.Curve, _ hz: Double) -> Double {
            let out = saturate(input, frames: 132_300, settings(curve, 6))
            func amplitude(_ hz: Double) -> Double { toneAmplitude(out, from: 88200, 44100, hz: hz, rate: 44100) }
            return decibels(amplitude(hz) / amplitude(1000))
        }
        for curve in [Saturation.Curve.soft, .tape] {
            #expect(line(curve, 2000) < -180)
            #expect(line(curve, 3000) > -50)
        }
        #expect(line(.tube, 2000) > -35 && line(.tube, 3000) > -50)
        #expect(line(.tube, 0) < -120)
    }

    @Test func tapeBendsTheTrebleMoreThanTheBass() {
        func press(_ hz: Double) -> Double {
            let input = buffer(channels: 1, frames: 60000) { _, i in 0.5 * sin(2 * .pi * hz * Double(i) / 44100) }
            return decibels(toneAmplitude(saturate(input, frames: 60000, settings(.tape, 12)), from: 15000, 44100, hz: hz, rate: 44100) / 0.5)
        }
        #expect(press(200) - press(12000) > 1.5)
    }

    /// Drive changes the sound, not how loud it is.
    @Test(arguments: [(Saturation.Curve.soft, 0.1), (.tube, 0.1), (.tape, 0.5)])
    func driveKeepsTheLevel(curve: Saturation.Curve, tolerance: Double) {
        for drive in [4.0, 12, 24] {
            var noise = Noise(seed: 8)
            var lower = 0.0
            // Nearly Gaussian, −18 dBFS, with most of its energy in the bass as music has it.
            let input = buffer(channels: 1, frames: 44100) { _, _ in
                let white = (0..<12).reduce(0) { sum, _ in sum + noise.uniform() } * 0.5
                lower += 0.3 * (white - lower)
                return 0.1259 * 2.38 * lower
            }
            let out = saturate(input, frames: 44100, settings(curve, drive))
            func power(_ b: AudioBuffer, _ from: Int) -> Double { (0..<40000).reduce(0) { $0 + b.block[0][$1 + from] * b.block[0][$1 + from] } }
            let change = 10 * log10(power(out, Saturation.latency + 4000) / power(input, 4000))
            #expect(abs(change) < tolerance + (drive == 24 ? 0.2 : 0), "\(drive) dB: \(change)")
        }
    }

    @Test func anImpulseArrivesWhereItIsSaid() {
        for curve in Saturation.Curve.allCases {
            for drive in [0, 3, 24.0] {
                let input = buffer(channels: 1, frames: 1000) { _, i in i == 333 ? 0.02 : 0 }
                let out = saturate(input, frames: 1000, settings(curve, drive))
                let peak = (0..<1000).max { abs(out.block[0][$0]) < abs(out.block[0][$1]) }!
                #expect(peak == 333 + Saturation.latency)
                // Linear phase: what the curve adds lies evenly around it. The tube's low cut and the tape's equalisation do not.
                if curve == .soft { for k in 1..<90 { #expect(abs(out.block[0][peak + k] - out.block[0][peak - k]) < 1e-13) } }
            }
        }
    }

    /// Nothing jumps when the settings do, and what was switched off is gone to the last bit.
    @Test func changesGlideAndEndExactly() {
        var arena = StateArena(capacity: Saturation.stateBytes(channels: 1))
        let saturation = Saturation(sampleRate: 44100, channels: 1, arena: &arena)
        defer { saturation.deallocate() }
        let frames = 44096
        let input = buffer(channels: 1, frames: frames) { _, i in 0.5 * sin(2 * .pi * 500 * Double(i) / 44100) }
        let work = AudioBuffer(channels: 1, frames: frames)
        work.block.copy(from: input.block, frames: frames)
        let rampBlocks = 14
        var ramped = rampBlocks
        for (index, at) in stride(from: 0, to: frames, by: 64).enumerated() {
            let change: Saturation.Settings? = switch index {
            case 60: settings(.tape, 5)
            case 150: settings(.tube, 20)
            case 240: settings(.soft, 12, mix: 0.4)
            case 330: settings(.soft, 0)
            default: nil
            }
            if let change {
                saturation.set(change, at: Double(ramped) / Double(rampBlocks), ramp: true)
                ramped = 0
            }
            let next = min(rampBlocks, ramped + 1)
            saturation.process(work.block.advanced(by: at), t0: Double(ramped) / Double(rampBlocks), t1: Double(next) / Double(rampBlocks))
            ramped = next
        }
        // Curvature of the driven sine is highest at the hardest setting; a step anywhere would stand out.
        func sharpest(_ range: Range<Int>) -> Double {
            range.map { abs(work.block[0][$0 - 1] - 2 * work.block[0][$0] + work.block[0][$0 + 1]) }.max()!
        }
        let steady = max(sharpest(200 * 64..<235 * 64), sharpest(300 * 64..<325 * 64))
        #expect(sharpest(1000..<frames - 1) <= steady * 1.05)
        for i in 450 * 64..<frames { #expect(work.block[0][i] == input.block[0][i - Saturation.latency]) }
    }

    @Test(arguments: Saturation.Curve.allCases)
    func silenceAfterNoiseIsSilence(curve: Saturation.Curve) {
        var noise = Noise(seed: 12)
        let input = buffer(channels: 1, frames: 88200) { _, i in i < 8000 ? noise.uniform() : 0 }
        let out = saturate(input, frames: 88200, settings(curve, 12))
        for i in 80000..<88200 { #expect(out.block[0][i] == 0) }
    }

    @Test func everyVectorWidthAndEveryCopyOfTheStateGiveTheSameBits() {
        var noise = Noise(seed: 14)
        let input = buffer(channels: 2, frames: 12800) { _, i in noise.uniform() * (i / 3000 % 2 == 0 ? 1 : 0) }
        func bits(_ s: Saturation.Settings) -> [UInt64] {
            let out = saturate(input, frames: 12800, s)
            return (0..<12800).map { out.block[1][$0].bitPattern }
        }
        for s in [settings(.tube, 5), settings(.tape, 20, mix: 0.5)] {
            let wide = bits(s)
            lathe_signal_narrow(1)
            defer { lathe_signal_narrow(0) }
            #expect(bits(s) == wide)
        }
    }

    /// A second processor that takes over the first one's state mid-way goes on as the first does.
    @Test func aCopyOfTheStateIsAllThatIsKept() {
        var noise = Noise(seed: 15)
        let first = buffer(channels: 2, frames: 6400) { _, _ in noise.uniform() }
        let second = AudioBuffer(channels: 2, frames: 6400)
        second.block.copy(from: first.block, frames: 6400)
        let bytes = Saturation.stateBytes(channels: 2)
        var arena = StateArena(capacity: bytes), other = StateArena(capacity: bytes)
        let one = Saturation(sampleRate: 44100, channels: 2, arena: &arena)
        let two = Saturation(sampleRate: 44100, channels: 2, arena: &other)
        defer {
            one.deallocate()
            two.deallocate()
        }
        two.set(settings(.soft, 24), at: 1, ramp: false)
        two.process(second.block.advanced(by: 3200), t0: 1, t1: 1)
        second.block.copy(from: first.block, frames: 6400)
        one.set(settings(.tube, 9), at: 1, ramp: false)
        for at in stride(from: 0, to: 3200, by: 64) { one.process(first.block.advanced(by: at), t0: 1, t1: 1) }
        one.set(settings(.tape, 3), at: 1, ramp: true)
        other.base.copyMemory(from: arena.base, byteCount: arena.used)
        for at in stride(from: 3200, to: 6400, by: 64) {
            one.process(first.block.advanced(by: at), t0: 1, t1: 1)
            two.process(second.block.advanced(by: at), t0: 1, t1: 1)
        }
        for c in 0..<2 { for i in 3200..<6400 { #expect(first.block[c][i] == second.block[c][i]) } }
    }
}
