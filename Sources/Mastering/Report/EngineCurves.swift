import DSP
import Glibc

/// What the signal path does to test tones, measured by running it: the engine's own account of itself, anew for each report. About a second.
public enum EngineCurves {
    public struct Curve: Sendable, Equatable {
        public var name: String
        /// Hz, and dB.
        public var points: [SIMD2<Double>]
    }

    /// All at this rate, Hz.
    public static let sampleRate = 44_100.0

    /// The equaliser's bells of ±12 and ±3 dB against the analogue curves they stand for: error in dB, 20 Hz to 20 kHz.
    public static func equalizerError() -> [Curve] {
        [12.0, 3].map { db in
            Curve(name: "\(Int(db)) dB", points: frequencies(from: 20, to: 20_000, count: 240).map { hz in
                var worst = 0.0
                for centre in [100.0, 1000, 5000, 10_000, 15_000] {
                    for sign in [1.0, -1] {
                        let band = AnalogueBand(shape: .bell, hz: centre, db: sign * db, q: 1)
                        let got = 20 * log10(band.matched(sampleRate: sampleRate).magnitude(hz: hz, sampleRate: sampleRate))
                        let error = got - band.decibels(at: hz)
                        if error.magnitude > worst.magnitude { worst = error }
                    }
                }
                return SIMD2(hz, worst)
            })
        }
    }

    /// Sines driven 6 dB into the limiter's ceiling: true peak on the 16× grid over the ceiling, dB; negative below it.
    public static func limiterOvershoot() -> [Curve] {
        let ceiling = -1.0, frames = 26_460
        let points = frequencies(from: 20, to: 20_000, count: 32).map { hz in
            var parameters = ChainParameters()
            parameters.limiterOn = true
            parameters.ceilingDBTP = ceiling
            var chain = MasteringChain(sampleRate: sampleRate, channels: 1)
            chain.set(parameters, ramp: false)
            let peak = FastMath.amplitude(dB: ceiling + 6)
            // Faded at its ends: a tone cut off has peaks of its own, which are no limiter's.
            let fade = 2205.0
            let sound = sine(hz, frames + chain.latency) { i in
                let edge = max(0, min(1, Double(min(i, frames - i)) / fade))
                return peak * (0.5 - 0.5 * cos(.pi * edge))
            }
            defer { withExtendedLifetime(sound) {} }
            chain.process(sound.block, frames: frames + chain.latency)
            var proof = TruePeakProof(channels: 1)
            proof.process(sound.block, frames: frames + chain.latency)
            proof.finish()
            return SIMD2(hz, 20 * log10(max(proof.peak, 1e-9)) - ceiling)
        }
        return [Curve(name: "16× true peak", points: points)]
    }

    /// Full-scale (−1 dBFS) sines through the saturation: everything that is neither the tone nor one of its harmonics, dB under the tone.
    public static func aliasing() -> [Curve] {
        [(3.0, "drive 3 dB"), (24.0, "drive 24 dB")].map { drive, name in
            let size = 16_384, lead = 8192
            let points = frequencies(from: 100, to: 19_000, count: 18).map { wanted in
                // A whole, odd number of periods: aliases then fall between the harmonics.
                let cycles = Int((wanted * Double(size) / sampleRate).rounded()) | 1
                let hz = Double(cycles) * sampleRate / Double(size)
                let frames = lead + size
                let sound = sine(hz, frames) { _ in 0.891 }
                defer { withExtendedLifetime(sound) {} }
                var arena = StateArena(capacity: Saturation.stateBytes(channels: 1))
                let saturation = Saturation(sampleRate: sampleRate, channels: 1, arena: &arena)
                defer { saturation.deallocate() }
                var settings = Saturation.Settings()
                settings.driveDB = drive
                saturation.set(settings, at: 0, ramp: false)
                for start in stride(from: 0, to: frames, by: Saturation.blockFrames) {
                    saturation.process(sound.block.advanced(by: start), t0: 0, t1: 1)
                }
                return SIMD2(hz, residue(sound.block[0] + lead, size, cycles: cycles, harmonics: size / 2 / cycles))
            }
            return Curve(name: name, points: points)
        }
    }

    /// Sines converted from 44.1 to 48 kHz: everything that is not the tone, dB under it.
    public static func conversion() -> [Curve] {
        let size = 16_384, lead = 4096
        let points = frequencies(from: 50, to: 20_000, count: 24).map { wanted in
            let cycles = Int((wanted * Double(size) / 48_000).rounded()) | 1
            let hz = Double(cycles) * 48_000 / Double(size)
            let frames = Int(Double(lead + size + 4096) * 44_100 / 48_000)
            let sound = sine(hz, frames) { _ in 0.5 }
            defer { withExtendedLifetime(sound) {} }
            var converter = SampleRateConverter(from: 44_100, to: 48_000, channels: 1)
            var out: [Double] = []
            func take(_ block: AudioBlock, _ count: Int) { for i in 0..<count { out.append(block[0][i]) } }
            converter.process(sound.block, frames: frames, emit: take)
            converter.finish(emit: take)
            return SIMD2(hz, out.withUnsafeBufferPointer { out in
                guard let start = out.baseAddress, out.count >= lead + size else { return 0 }
                return residue(start + lead, size, cycles: cycles, harmonics: 1)
            })
        }
        return [Curve(name: "44.1 to 48 kHz", points: points)]
    }

    private static func frequencies(from low: Double, to high: Double, count: Int) -> [Double] {
        (0..<count).map { low * pow(high / low, Double($0) / Double(count - 1)) }
    }

    private static func sine(_ hz: Double, _ frames: Int, _ level: (Int) -> Double) -> AudioBuffer {
        // Whole blocks for those who take nothing else.
        let buffer = AudioBuffer(channels: 1, frames: (frames + 127) / 64 * 64)
        for i in 0..<frames { buffer.block[0][i] = level(i) * sin(2 * .pi * hz / sampleRate * Double(i)) }
        return buffer
    }

    /// Power that is left when mean, tone and harmonics are taken out of `size` samples holding `cycles` whole periods, dB under the tone.
    private static func residue(_ x: UnsafePointer<Double>, _ size: Int, cycles: Int, harmonics: Int) -> Double {
        var rest = Array(UnsafeBufferPointer(start: x, count: size))
        let mean = rest.reduce(0, +) / Double(size)
        for i in 0..<size { rest[i] -= mean }
        var tone = 0.0
        for harmonic in 1...max(1, harmonics) {
            let step = harmonic * cycles % size
            guard step * 2 != size else { continue }
            let table = { (i: Int) in 2 * .pi * Double(i * step % size) / Double(size) }
            var a = 0.0, b = 0.0
            for i in 0..<size {
                a += rest[i] * cos(table(i))
                b += rest[i] * sin(table(i))
            }
            a *= 2 / Double(size)
            b *= 2 / Double(size)
            if harmonic == 1 { tone = (a * a + b * b) / 2 }
            for i in 0..<size { rest[i] -= a * cos(table(i)) + b * sin(table(i)) }
        }
        let power = rest.reduce(0) { $0 + $1 * $1 } / Double(size)
        return 10 * log10(max(power, 1e-30) / max(tone, 1e-30))
    }
}
