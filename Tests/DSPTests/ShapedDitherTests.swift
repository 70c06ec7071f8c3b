@testable import DSP
import Foundation
import Testing

/// What quantising `x` (one channel) adds to it, in LSB.
private func errors(_ x: [Double], rate: Double = 44_100, bits: Int, shape: NoiseShape?) -> [Double] {
    let signal = buffer(channels: 1, frames: x.count) { x[$1] }
    if let shape {
        var dither = ShapedDither(sampleRate: rate, channels: 1, bits: bits, shape: shape, seed: 3)
        dither.quantise(signal.block, frames: x.count, firstFrame: 0)
    } else {
        Dither.quantise(signal.block, frames: x.count, firstFrame: 0, bits: bits, tpdf: true, seed: 3)
    }
    let lsb = pow(2, 1 - Double(bits))
    let made = x.indices.map { (signal.block[0][$0] - x[$0]) / lsb }
    withExtendedLifetime(signal) {}
    return made
}

private func tone(_ amplitude: Double, _ frames: Int) -> [Double] {
    let second = (0..<44_100).map { sin(2 * .pi * 997 * Double($0) / 44_100) }
    return (0..<frames).map { amplitude * second[$0 % 44_100] }
}

private func variance(_ x: [Double]) -> (mean: Double, variance: Double) {
    let mean = x.reduce(0, +) / Double(x.count)
    return (mean, x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count))
}

/// Levels that stress a quantiser: silence, constants between two steps, tones far under the last bit and at full scale.
private let stimuli: [(String, @Sendable (Int) -> Double)] = [
    ("silence", { _ in 0 }), ("a tenth of a step", { _ in 0.1 / 32_768 }), ("a quarter", { _ in 0.25 / 32_768 }),
    ("half", { _ in 0.5 / 32_768 }), ("-60 dBFS", { 1e-3 * sin(Double($0) * 0.142) }), ("-100 dBFS", { 1e-5 * sin(Double($0) * 0.142) }),
    ("-140 dBFS", { 1e-7 * sin(Double($0) * 0.142) }), ("-0.1 dBFS", { 0.989 * sin(Double($0) * 0.142) }),
]

@Suite struct ShapedDitherTests {
    @Test(arguments: NoiseShape.allCases, [44_100.0, 48_000])
    func noiseFollowsTheShapeWithinHalfADecibel(shape: NoiseShape, rate: Double) {
        let error = errors(tone(0.5, 1 << 19), rate: rate, bits: 16, shape: shape)
        let coefficients = shape.coefficients(sampleRate: rate)
        let size = 512
        var fft = RealFFT(size: size)
        let window = (0..<size).map { Float(0.5 - 0.5 * cos(2 * .pi * Double($0) / Double(size))) }
        var sum = [Double](repeating: 0, count: size / 2 + 1)
        var power = [Float](repeating: 0, count: size / 2 + 1)
        var windows = 0.0
        for start in stride(from: 0, through: error.count - size, by: size / 2) {
            fft.powerSpectrum((0..<size).map { Float(error[start + $0]) * window[$0] }, into: &power)
            for k in sum.indices { sum[k] += Double(power[k]) }
            windows += 1
        }
        // White error of 1/12 + 1/6 LSB² (rounding and triangular dither: Lipshitz et al. 1992), a Hann window's 3/8, times |1 − Σ c z^−k|².
        for k in 2..<size / 2 - 1 {
            let measured = sum[k] / windows / (0.25 * 0.375 * Double(size))
            var (re, im) = (1.0, 0.0)
            for (n, c) in coefficients.enumerated() {
                re -= c * cos(2 * .pi * Double(k * (n + 1)) / Double(size))
                im += c * sin(2 * .pi * Double(k * (n + 1)) / Double(size))
            }
            let off = 10 * log10(measured) - 10 * log10(re * re + im * im)
            #expect(off.magnitude < 0.5, "\(Double(k) * rate / Double(size)) Hz: \(off) dB")
        }
    }

    @Test(arguments: [nil, .lipshitz, .improvedE] as [NoiseShape?])
    func noiseIsTheSameWhateverTheSignal(shape: NoiseShape?) {
        let gain = shape.map { $0.printed.reduce(1) { $0 + $1 * $1 } } ?? 1
        for (name, signal) in stimuli {
            let read = variance(errors((0..<600_000).map(signal), bits: 16, shape: shape))
            #expect((10 * log10(read.variance / (0.25 * gain))).magnitude < 0.05, "\(name)")
            #expect(read.mean.magnitude < 0.003, "\(name)")
        }
    }

    @Test(arguments: [(20, .lipshitz, -120), (16, .lipshitz, -90), (24, nil, -120), (16, nil, -60)] as [(Int, NoiseShape?, Int)])
    func levelsAreKeptWithinAHundredthOfADecibel(bits: Int, shape: NoiseShape?, lowest: Int) {
        let frames = 20 * 44_100
        for level in stride(from: lowest, through: 0, by: 30) {
            let amplitude = level == 0 ? 1 - pow(2, 2 - Double(bits)) : pow(10, Double(level) / 20)
            let x = tone(amplitude, frames)
            let error = errors(x, bits: bits, shape: shape)
            let lsb = pow(2, 1 - Double(bits))
            let output = x.indices.map { x[$0] + error[$0] * lsb }
            // Whole periods, so one value of a DFT is the tone.
            let second = tone(1, 44_100)
            let correlated = output.indices.reduce(0.0) { $0 + output[$1] * second[$1 % 44_100] } * 2 / Double(frames)
            #expect(decibels(correlated / amplitude).magnitude < 0.01, "\(level) dBFS")
        }
    }

    @Test(arguments: NoiseShape.allCases)
    func fullScaleAndClippingLeaveTheLoopInPeace(shape: NoiseShape) {
        let sound = (0..<20_000).map { i -> Double in
            let level = i / 2000 % 2 == 0 ? 1.3 : 0.2
            return sin(Double(i) * 0.05) > 0 ? level : -level
        }
        let error = errors(sound, bits: 16, shape: shape)
        let bound = 1.5 * shape.printed.reduce(1) { $0 + $1.magnitude }
        for i in sound.indices where sound[i].magnitude < 0.9 { #expect(error[i].magnitude <= bound) }
        // And the clipped ones are at full scale.
        for i in sound.indices where sound[i] > 1 { #expect((sound[i] * 32_768 + error[i] - 32_767).magnitude < 1e-9) }
    }

    @Test func valuesAreWholeSteps() {
        let x = tone(0.3, 5000)
        for (bits, shape) in [(16, NoiseShape.fWeighted), (20, .lipshitz), (8, .modifiedE)] {
            let error = errors(x, bits: bits, shape: shape)
            let scale = pow(2, Double(bits - 1))
            for i in x.indices {
                let value = x[i] * scale + error[i]
                #expect((value - value.rounded()).magnitude < 1e-9)
            }
        }
    }

    @Test func bitsDoNotDependOnTheCutIntoCalls() {
        let frames = 20_000
        var noise = Noise(seed: 41)
        let x = (0..<3).map { _ in (0..<frames).map { _ in 0.4 * noise.uniform() } }
        func run(_ dither: inout ShapedDither, _ sizes: [Int]) -> [[Double]] {
            let signal = buffer(channels: 3, frames: frames) { x[$0][$1] }
            var at = 0, call = 0
            while at < frames {
                let count = min(sizes[call % sizes.count], frames - at)
                dither.quantise(signal.block.advanced(by: at), frames: count, firstFrame: Int64(at))
                at += count
                call += 1
            }
            let made = (0..<3).map { c in (0..<frames).map { signal.block[c][$0] } }
            withExtendedLifetime(signal) {}
            return made
        }
        var dither = ShapedDither(sampleRate: 48_000, channels: 3, bits: 16, shape: .improvedE, seed: 9)
        let whole = run(&dither, [frames])
        // The same one begins anew at frame 0.
        for sizes in [[1, 7, 4096], [64], [511], [frames]] { #expect(run(&dither, sizes) == whole) }
        // Channels get noise of their own.
        #expect(zip(whole[0], x[0]).map { $0 - $1 } != zip(whole[1], x[1]).map { $0 - $1 })
    }

    @Test(arguments: NoiseShape.allCases)
    func theFiltersOfOtherRatesAreTheBestOfTheirLength(shape: NoiseShape) {
        // At (all but) 44.1 kHz the best filter is the printed one itself.
        for (a, b) in zip(shape.coefficients(sampleRate: 44_100.001), shape.printed) { #expect((a - b).magnitude < 1e-3) }
        for rate in [48_000.0, 88_200, 96_000] {
            let made = shape.coefficients(sampleRate: rate)
            // What the ear gets: the noise, weighted by the printed curve over frequency.
            func heard(_ coefficients: [Double]) -> Double {
                (0..<2000).reduce(0) { sum, i in
                    let turns = (Double(i) + 0.5) / 2000
                    let weight = 1 / NoiseShape.power(shape.printed, turns: min(1, turns * rate / 44_100))
                    return sum + weight * NoiseShape.power(coefficients, turns: turns) / 2000
                }
            }
            let best = heard(made)
            #expect(best < heard(shape.printed) && best < heard([]) / 3)
            for k in made.indices {
                for step in [-0.01, 0.01] {
                    var other = made
                    other[k] += step
                    #expect(heard(other) > best)
                }
            }
            // Minimum phase: the mean of the logarithm is 0 (M. Gerzon, P. Craven, AES preprint 2822, 1989).
            let mean = (0..<2000).reduce(0.0) { $0 + log(NoiseShape.power(made, turns: (Double($1) + 0.5) / 2000)) } / 2000
            #expect(mean.magnitude < 1e-3)
        }
    }
}
