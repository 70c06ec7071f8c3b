import DSP
import Foundation
import Testing

/// Runs `input` (rows) through a converter in calls of `size` frames.
private func convert(_ input: [[Double]], from: Int, to: Int, size: Int = 4096) -> [[Double]] {
    var converter = SampleRateConverter(from: from, to: to, channels: input.count)
    var output = [[Double]](repeating: [], count: input.count)
    func keep(_ block: AudioBlock, _ frames: Int) {
        for c in output.indices { output[c].append(contentsOf: UnsafeBufferPointer(start: block[c], count: frames)) }
    }
    let frames = input[0].count
    let signal = buffer(channels: input.count, frames: frames) { input[$0][$1] }
    var at = 0
    while at < frames {
        let count = min(size, frames - at)
        converter.process(signal.block.advanced(by: at), frames: count, emit: keep)
        at += count
    }
    converter.finish(emit: keep)
    withExtendedLifetime(signal) {}
    return output
}

private func tone(_ hz: Double, _ rate: Int, _ frames: Int) -> [Double] {
    (0..<frames).map { sin(2 * .pi * hz * Double($0) / Double(rate)) }
}

/// Least squares of the middle half of `x` against a sine and a cosine of `hz`: gain and phase against sin, and what else is there, dB.
private func fit(_ x: [Double], _ hz: Double, _ rate: Int) -> (gainDB: Double, phase: Double, restDB: Double) {
    let range = x.count / 4..<3 * x.count / 4
    var (ss, sc, cc, xs, xc) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for i in range {
        let angle = 2 * .pi * hz * Double(i) / Double(rate)
        let (s, c) = (sin(angle), cos(angle))
        (ss, sc, cc, xs, xc) = (ss + s * s, sc + s * c, cc + c * c, xs + x[i] * s, xc + x[i] * c)
    }
    let (a, b) = ((xs * cc - xc * sc) / (ss * cc - sc * sc), (xc * ss - xs * sc) / (ss * cc - sc * sc))
    var rest = 0.0
    for i in range {
        let angle = 2 * .pi * hz * Double(i) / Double(rate)
        rest += pow(x[i] - a * sin(angle) - b * cos(angle), 2)
    }
    return (decibels((a * a + b * b).squareRoot()), atan2(b, a), decibels((2 * rest / Double(range.count)).squareRoot() + 1e-300))
}

private let usualRates = [8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176_400, 192_000, 352_800, 384_000]

@Suite struct SampleRateConverterTests {
    @Test func everyPairOfUsualRatesKeepsATone_withoutDelayOrDistortionAbove140dB() {
        for from in usualRates {
            let input = tone(997, from, from / 8)
            for to in usualRates where to != from {
                let read = fit(convert([input], from: from, to: to)[0], 997, to)
                #expect(read.gainDB.magnitude < 1e-4 && read.phase.magnitude < 1e-6 && read.restDB < -140, "\(from) to \(to): \(read)")
            }
        }
    }

    @Test(arguments: [(44_100, 48_000), (48_000, 44_100), (96_000, 44_100), (44_100, 192_000), (44_100, 88_200), (192_000, 44_100)])
    func passBandIsFlatTo20kHz(from: Int, to: Int) {
        for hz in stride(from: 1000.0, through: 20_000, by: 950) {
            let read = fit(convert([tone(hz, from, from / 10)], from: from, to: to)[0], hz, to)
            // Asked for: ±0.01 dB.
            #expect(read.gainDB.magnitude < 1e-4 && read.restDB < -140, "\(hz) Hz: \(read)")
        }
    }

    @Test func sweepFrom96To44_1LeavesNothingButItself() {
        // 0 dBFS, 20 Hz to 47.9 kHz, linear over 1 s: up to the transition compared with the sweep drawn at 44.1 kHz, behind it with silence.
        // The 500 Hz between are what the sweep covers while the taps, 5 ms, look at it.
        let seconds = 1.0, low = 20.0, high = 47_900.0
        func sweep(_ t: Double) -> Double {
            let edge = min(1, min(t, seconds - t) / 0.02)
            return sin(2 * .pi * (low * t + (high - low) * t * t / (2 * seconds))) * pow(sin(.pi / 2 * max(0, edge)), 2)
        }
        let output = convert([(0..<96_000).map { sweep(Double($0) / 96_000) }], from: 96_000, to: 44_100)[0]
        var (below, above) = (0.0, 0.0)
        for i in 1000..<output.count - 1000 {
            let t = Double(i) / 44_100
            let hz = low + (high - low) * t / seconds
            if hz < 19_500 { below = max(below, (output[i] - sweep(t)).magnitude) }
            if hz > 22_500 { above = max(above, output[i].magnitude) }
        }
        #expect(decibels(below) < -140 && decibels(above) < -140, "\(decibels(below)), \(decibels(above))")
    }

    @Test(arguments: [22_050.0, 22_100, 23_000, 24_100, 26_000, 32_000, 40_000, 47_900])
    func tonesThatTheLowerRateCannotHoldVanish(hz: Double) {
        let output = convert([tone(hz, 96_000, 24_000)], from: 96_000, to: 44_100)[0]
        let worst = output[2000..<output.count - 2000].reduce(0) { max($0, $1.magnitude) }
        #expect(decibels(worst + 1e-300) < -140)
    }

    @Test(arguments: [48_000, 88_200, 96_000, 176_400, 192_000])
    func thereAndBackNullsBelow130dB(by: Int) {
        var noise = Noise(seed: 21)
        // Tones to 20 kHz at random places and phases.
        let partials = (0..<40).map { k in (250 + 19_750 * Double(k) / 39, noise.uniform() * .pi) }
        let input = (0..<22_050).map { i in
            partials.reduce(0) { $0 + sin(2 * .pi * $1.0 * Double(i) / 44_100 + $1.1) / 40 }
        }
        let back = convert(convert([input], from: 44_100, to: by), from: by, to: 44_100)[0]
        #expect(back.count == input.count)
        let worst = (2000..<20_000).reduce(0.0) { max($0, (back[$1] - input[$1]).magnitude) }
        #expect(decibels(worst) < -130, "\(decibels(worst))")
    }

    @Test(arguments: [(44_100, 44_099), (44_056, 48_000), (11_127, 44_100), (384_000, 8000), (8000, 384_000), (48_000, 47_952)])
    func oddRatiosAreAsClean(from: Int, to: Int) {
        let read = fit(convert([tone(1234.5, from, from / 4)], from: from, to: to)[0], 1234.5, to)
        #expect(read.gainDB.magnitude < 1e-4 && read.phase.magnitude < 1e-6 && read.restDB < -140, "\(read)")
    }

    @Test(arguments: [(44_100, 48_000), (96_000, 44_100), (48_000, 96_000), (192_000, 48_000)])
    func impulseComesOutWhereItWentIn(from: Int, to: Int) {
        // A whole number of both rates' frames after the start; the peak is symmetric around it.
        let at = from / 50
        var input = [Double](repeating: 0, count: from / 10)
        input[at] = 1
        let output = convert([input], from: from, to: to)[0]
        let peak = to / 50
        #expect(output.indices.max { output[$0] < output[$1] } == peak)
        for k in 1..<300 { #expect((output[peak - k] - output[peak + k]).magnitude < 1e-12) }
    }

    @Test func lengthIsTheDurationRounded() {
        for (from, to) in [(44_100, 48_000), (48_000, 44_100), (96_000, 44_100), (44_100, 88_200), (192_000, 48_000), (44_100, 44_100)] {
            for frames in [0, 1, 2, 3, 63, 1000, 2047, 2048, 44_101] {
                let made = convert([[Double](repeating: 0.5, count: frames)], from: from, to: to)[0]
                #expect(made.count == Int((Double(frames) * Double(to) / Double(from)).rounded()), "\(frames) from \(from) to \(to)")
                #expect(SampleRateConverter.outputFrames(Int64(frames), from: from, to: to) == Int64(made.count))
            }
        }
        // A day at 384 kHz, beyond what a product of 64 bits with twice the rate would hold by far.
        let day: Int64 = 384_000 * 86_400
        #expect(SampleRateConverter.outputFrames(day, from: 384_000, to: 44_100) == 44_100 * 86_400)
        #expect(SampleRateConverter.outputFrames(.max / 1_000_000, from: 384_000, to: 192_000) == .max / 2_000_000)
    }

    @Test(arguments: [(44_100, 48_000), (96_000, 44_100), (44_100, 88_200)])
    func outputIsBitIdentical_atAnyBlockSize(from: Int, to: Int) {
        var noise = Noise(seed: 5)
        let input = (0..<3).map { _ in (0..<9000).map { _ in noise.uniform() } }
        let whole = convert(input, from: from, to: to, size: 9000)
        for size in [1, 7, 64, 511, 4096] { #expect(convert(input, from: from, to: to, size: size) == whole) }
    }

    @Test func channelsDoNotTouchEachOther() {
        var noise = Noise(seed: 6)
        let sound = (0..<9000).map { _ in noise.uniform() }, other = (0..<9000).map { _ in noise.uniform() }
        let alone = convert([sound], from: 44_100, to: 48_000)[0]
        let together = convert([sound, sound, other, sound], from: 44_100, to: 48_000)
        #expect(together[0] == alone && together[1] == alone && together[3] == alone && together[2] != alone)
    }

    @Test func equalRatesPassEveryBit() {
        let input = [tone(997, 48_000, 5000)]
        #expect(convert(input, from: 48_000, to: 48_000, size: 511) == input)
    }

    @Test func aConverterThatHasFinishedIsAsNew() {
        var noise = Noise(seed: 7)
        let signal = buffer(channels: 1, frames: 5000) { _, _ in noise.uniform() }
        var converter = SampleRateConverter(from: 48_000, to: 44_100, channels: 1)
        var runs: [[Double]] = [[], []]
        for run in 0..<2 {
            converter.process(signal.block, frames: 5000) { runs[run].append(contentsOf: UnsafeBufferPointer(start: $0[0], count: $1)) }
            converter.finish { runs[run].append(contentsOf: UnsafeBufferPointer(start: $0[0], count: $1)) }
        }
        #expect(runs[0] == runs[1])
        withExtendedLifetime(signal) {}
    }

    @Test func soundAtTheVeryEdgesIsKept() {
        // Ones from the first frame to the last: symmetric taps of sum 1 give (1 + middle tap) / 2 at the first frame. The middle tap of a
        // low-pass is twice its cut-off in cycles per frame, here half way between 20 and 22.05 kHz.
        let output = convert([[Double](repeating: 1, count: 4410)], from: 44_100, to: 48_000)[0]
        #expect((output[0] - (1 + 21.025 / 22.05) / 2).magnitude < 1e-5 && (output[2400] - 1).magnitude < 1e-4)
    }

    @Test func outputIsTheSameBitsOnEveryMachine() {
        // FNV-1a over the bits of a second of noise; it changes when the arithmetic does.
        var noise = Noise(seed: 8)
        let input = [(0..<44_100).map { _ in noise.uniform() }]
        func hash(_ to: Int) -> UInt64 {
            convert(input, from: 44_100, to: to)[0].reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ $1.bitPattern) &* 0x100_0000_01B3 }
        }
        #expect(hash(48_000) == 9_934_711_447_574_794_216)
        #expect(hash(96_000) == 6_461_110_431_739_869_150)
    }
}
