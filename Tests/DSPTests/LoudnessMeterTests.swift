import DSP
import Foundation
import Testing

// Cases and expected values: EBU Tech 3341 (2023) Table 1 and EBU Tech 3342 Table 1. Tones of 1 kHz, levels are peak dBFS per channel.
// Cases 7, 8 and 3342-5, 6 are recorded programmes of the EBU and cannot be synthesised. The standards allow ±0.1 LU (range: ±1 LU);
// the meter is held to ±0.05 and ±0.05.

/// dBFS (nil: silence) and seconds.
private typealias Segment = (level: Double?, seconds: Double)

/// Plays tones of continuous phase into a meter, and hands its readings over every 10 ms.
private func play(
    _ segments: [Segment], gains: [Double] = [1, 1], rate: Double = 48_000, hz: Double = 1000,
    _ eachStep: (borrowing LoudnessMeter, _ seconds: Double) -> Void = { _, _ in }
) -> LoudnessMeterReadings {
    var meter = LoudnessMeter(sampleRate: rate, channels: gains.count)
    let step = Int(rate / 100)
    let block = AudioBuffer(channels: gains.count, frames: step)
    // A rotating phasor instead of a sine per sample.
    let (turnRe, turnIm) = (cos(2 * Double.pi * hz / rate), sin(2 * Double.pi * hz / rate))
    var (re, im) = (1.0, 0.0)
    var at = 0
    var end = 0.0
    for segment in segments {
        end += segment.seconds
        let last = Int((end * rate).rounded())
        let amplitude = segment.level.map { pow(10, $0 / 20) } ?? 0
        while at < last {
            let offset = at % step
            let count = min(step - offset, last - at)
            for i in 0..<count {
                for c in gains.indices { block.block[c][i] = amplitude * gains[c] * im }
                (re, im) = (re * turnRe - im * turnIm, re * turnIm + im * turnRe)
            }
            meter.process(block.block, frames: count)
            at += count
            if at % step == 0 { eachStep(meter, Double(at) / rate) }
        }
    }
    return LoudnessMeterReadings(meter)
}

private struct LoudnessMeterReadings {
    var integrated, range, maxMomentary, maxShortTerm, momentary, shortTerm: Double?

    init(_ meter: borrowing LoudnessMeter) {
        integrated = meter.integratedLUFS
        range = meter.loudnessRangeLU
        maxMomentary = meter.maxMomentaryLUFS
        maxShortTerm = meter.maxShortTermLUFS
        momentary = meter.momentaryLUFS
        shortTerm = meter.shortTermLUFS
    }
}

private func isNear(_ value: Double?, _ expected: Double, _ tolerance: Double = 0.05) -> Bool {
    value.map { ($0 - expected).magnitude <= tolerance } ?? false
}

/// Gain of the filters that BS.1770-5 prints for 48 kHz (Tables 1 and 2).
private func kWeighting(_ hz: Double) -> Double {
    func magnitude(_ b: [Double], _ a: [Double]) -> Double {
        func at(_ c: [Double]) -> Double {
            let w = 2 * Double.pi * hz / 48_000
            let re = c[0] + c[1] * cos(w) + c[2] * cos(2 * w), im = c[1] * sin(w) + c[2] * sin(2 * w)
            return (re * re + im * im).squareRoot()
        }
        return at(b) / at(a)
    }
    return magnitude([1.53512485958697, -2.69169618940638, 1.19839281085285], [1, -1.69065929318241, 0.73248077421585])
        * magnitude([1, -2, 1], [1, -1.99004745483398, 0.99007225036621])
}

/// Rates that masters come in.
private let ebuRates = [44_100.0, 48_000, 96_000]

@Suite struct LoudnessMeterTests {
    @Test(arguments: [-23.0, -33.0], ebuRates)
    func tech3341Cases1And2_steadyTone_readsTheSameOnAllThreeScales(level: Double, rate: Double) {
        let read = play([(level, 20)], rate: rate)
        #expect(isNear(read.integrated, level))
        #expect(isNear(read.momentary, level) && isNear(read.maxMomentary, level))
        #expect(isNear(read.shortTerm, level) && isNear(read.maxShortTerm, level))
    }

    @Test(arguments: ebuRates)
    func tech3341Case3_relativeGateClosesForQuietParts(rate: Double) {
        #expect(isNear(play([(-36, 10), (-23, 60), (-36, 10)], rate: rate).integrated, -23))
    }

    @Test(arguments: ebuRates)
    func tech3341Case4_absoluteGateClosesForNearSilence(rate: Double) {
        #expect(isNear(play([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], rate: rate).integrated, -23))
    }

    @Test(arguments: ebuRates)
    func tech3341Case5_programmeOfThreeLevels(rate: Double) {
        #expect(isNear(play([(-26, 20), (-20, 20.1), (-26, 20)], rate: rate).integrated, -23))
    }

    @Test(arguments: [5, 6], ebuRates)
    func tech3341Case6_surroundChannelsWeighMoreAndLFENothing(channels: Int, rate: Double) {
        let levels = channels == 5 ? [-28.0, -28, -24, -30, -30] : [-28.0, -28, -24, -6, -30, -30]
        let read = play([(0, 20)], gains: levels.map { pow(10, $0 / 20) }, rate: rate)
        #expect(isNear(read.integrated, -23))
    }

    @Test(arguments: ebuRates)
    func tech3341Case9_shortTermStaysConstant(rate: Double) {
        var worst = 0.0
        let read = play(Array(repeating: [(-20, 1.34), (-30, 1.66)] as [Segment], count: 5).flatMap { $0 }, rate: rate) { meter, seconds in
            if seconds >= 3 { worst = max(worst, ((meter.shortTermLUFS ?? 0) + 23).magnitude) }
        }
        #expect(worst <= 0.05 && isNear(read.maxShortTerm, -23))
    }

    @Test(arguments: 0..<20, ebuRates)
    func tech3341Case10_shortTermMeetsThreeSecondsWhereverTheyStart(index: Int, rate: Double) {
        #expect(isNear(play([(nil, Double(index) * 0.15), (-23, 3), (nil, 1)], rate: rate).maxShortTerm, -23))
    }

    @Test(arguments: ebuRates)
    func tech3341Case12_momentaryStaysConstant(rate: Double) {
        var worst = 0.0
        _ = play(Array(repeating: [(-20, 0.18), (-30, 0.22)] as [Segment], count: 25).flatMap { $0 }, rate: rate) { meter, seconds in
            if seconds >= 1 { worst = max(worst, ((meter.momentaryLUFS ?? 0) + 23).magnitude) }
        }
        #expect(worst <= 0.05)
    }

    @Test(arguments: 0..<20, ebuRates)
    func tech3341Case13_momentaryMeets400msWhereverTheyStart(index: Int, rate: Double) {
        #expect(isNear(play([(nil, Double(index) * 0.02), (-23, 0.4), (nil, 1)], rate: rate).maxMomentary, -23))
    }

    @Test(arguments: ebuRates)
    func tech3341Cases11And14_liveMaximaFollowEachSegment(rate: Double) {
        var longest = [Double](repeating: -.infinity, count: 20)
        _ = play((0..<20).flatMap { [(nil, Double($0) * 0.15), (-38 + Double($0), 3), (nil, 3 - Double($0) * 0.15)] as [Segment] }, rate: rate) {
            meter, seconds in
            let segment = min(19, Int((seconds - 0.001) / 6))
            longest[segment] = max(longest[segment], meter.shortTermLUFS ?? -.infinity)
        }
        var shortest = [Double](repeating: -.infinity, count: 20)
        _ = play((0..<20).flatMap { [(nil, Double($0) * 0.02), (-38 + Double($0), 0.4), (nil, 0.4 - Double($0) * 0.02)] as [Segment] }, rate: rate) {
            meter, seconds in
            let segment = min(19, Int((seconds - 0.001) / 0.8))
            shortest[segment] = max(shortest[segment], meter.momentaryLUFS ?? -.infinity)
        }
        for i in 0..<20 { #expect(isNear(longest[i], -38 + Double(i)) && isNear(shortest[i], -38 + Double(i)), "segment \(i)") }
    }

    @Test(arguments: [
        ([(-20, 20), (-30, 20)], 10), ([(-20, 20), (-15, 20)], 5), ([(-40, 20), (-20, 20)], 20),
        ([(-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)], 15),
    ] as [([(Double, Double)], Double)], ebuRates)
    func tech3342Cases1To4_range(programme: ([(Double, Double)], Double), rate: Double) {
        #expect(isNear(play(programme.0.map { ($0.0, $0.1) }, rate: rate).range, programme.1))
    }

    @Test(arguments: [8000, 11025, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 176400, 192_000, 352_800, 384_000, 768_000] as [Double])
    func everySampleRateHearsAsTheStandards48kHzFiltersDo(rate: Double) {
        for hz in [40.0, 100, 1000, 2000, 4000, 8000, 15_000] where hz <= 0.4 * rate {
            let expected = -23 + 20 * log10(kWeighting(hz) / kWeighting(1000))
            let read = play([(-23, 1)], rate: rate, hz: hz).integrated
            // Asked for: ±0.1. The bins of the gating histogram are 0.01 wide; a second of 40 Hz has an onset.
            #expect(isNear(read, expected, 0.04), "\(hz) Hz: \(read ?? 0), expected \(expected)")
        }
    }

    // BS.1770-5 Table 4 and Annex 1: 1.41 (+1.5 dB) for loudspeakers beside or behind, the low-frequency channel left out. A 0 dBFS sine
    // of 997 Hz in one channel reads −3.01.
    @Test(arguments: [
        [1], [1, 1], [1, 1, 1], [1, 1, 1.41, 1.41], [1, 1, 1, 1.41, 1.41], [1, 1, 1, 0, 1.41, 1.41], [1, 1, 1, 0, 1, 1.41, 1.41],
        [1, 1, 1, 0, 1, 1, 1.41, 1.41],
    ] as [[Double]])
    func everyChannelOfOneToEightHasItsWeight(weights: [Double]) {
        for (channel, weight) in weights.enumerated() {
            let alone = play([(0, 1)], gains: weights.indices.map { $0 == channel ? 1 : 0 }).integrated
            if weight == 0 { #expect(alone == nil) } else { #expect(isNear(alone, -3.01 + 10 * log10(weight), 0.02)) }
        }
        let together = play([(-20, 1)], gains: weights.map { _ in 1 }).integrated
        #expect(isNear(together, -23.01 + 10 * log10(weights.reduce(0, +)), 0.02))
    }

    @Test func effectiveChannelsCountsThoseThatSound() {
        func count(_ gains: [Double]) -> Double {
            var meter = LoudnessMeter(sampleRate: 48_000, channels: gains.count)
            let signal = buffer(channels: gains.count, frames: 48_000) { c, i in gains[c] * sin(Double(i) * 0.13) }
            meter.process(signal.block, frames: 48_000)
            withExtendedLifetime(signal) {}
            return meter.effectiveChannels
        }
        #expect((count([1]) - 1).magnitude < 1e-9 && (count([1, 1]) - 2).magnitude < 1e-9 && (count([1, 0]) - 1).magnitude < 1e-9)
        #expect((count([0.5, 0.5, 0.5]) - 3).magnitude < 1e-9 && (count([1, 0.5]) - 1.25).magnitude < 1e-9)
        #expect(count([0, 0]) == 1)
    }

    @Test func oneChannelAtFullScaleReadsMinusThree() {
        // BS.1770-5 Annex 1: a 0 dBFS sine in one channel reads −3.01 LKFS.
        #expect(isNear(play([(0, 5)], gains: [1]).integrated, -3.01, 0.02))
        #expect(isNear(play([(0, 5)], gains: [1, 0]).integrated, -3.01, 0.02))
    }

    @Test func noiseAgreesWithTheStandardsOwnCoefficientsAndAListOfAllBlocks() {
        let rate = 48_000, frames = 48_000 * 40
        var noise = Noise(seed: 4)
        // Steps of level, so that both gates work.
        let signal = buffer(channels: 2, frames: frames) { c, i in
            let level = [0.5, 0.02, 0.2, 0.00005, 0.1, 0.3, 0.01, 0.6][(i / (rate * 5)) % 8]
            return noise.uniform() * level * (c == 0 ? 1 : 0.7)
        }
        var meter = LoudnessMeter(sampleRate: 48_000, channels: 2)
        meter.process(signal.block, frames: frames)
        let reference = ReferenceLoudness(signal.block, frames: frames)
        let (integrated, range) = (meter.integratedLUFS, meter.loudnessRangeLU)
        #expect(isNear(integrated, reference.integrated, 0.005))
        #expect(isNear(range, reference.range, 0.02))
        withExtendedLifetime(signal) {}
    }

    @Test(arguments: [1, 7, 64, 511, 4096])
    func readingsAreBitIdentical_atAnyBlockSize(size: Int) {
        let frames = 44_100 * 5
        var noise = Noise(seed: 9)
        let signal = buffer(channels: 3, frames: frames) { _, _ in noise.uniform() }
        func read(_ size: Int) -> [Double?] {
            var meter = LoudnessMeter(sampleRate: 44_100, channels: 3)
            var at = 0
            while at < frames {
                let count = min(size, frames - at)
                meter.process(signal.block.advanced(by: at), frames: count)
                at += count
            }
            return [meter.integratedLUFS, meter.loudnessRangeLU, meter.momentaryLUFS, meter.shortTermLUFS, meter.maxMomentaryLUFS]
        }
        #expect(read(size) == read(frames))
        withExtendedLifetime(signal) {}
    }

    @Test func silenceAndFragmentsHaveNoLoudness() {
        let silent = play([(nil, 10)])
        #expect(silent.integrated == nil && silent.range == nil && silent.maxMomentary == nil && silent.maxShortTerm == nil)
        let fragment = play([(-10, 0.39)])
        #expect(fragment.integrated == nil && fragment.maxMomentary == nil)
        let short = play([(-10, 2.9)])
        #expect(short.integrated != nil && short.maxShortTerm == nil && short.range == nil)
    }

    @Test func resetForgetsEverything() {
        var meter = LoudnessMeter(sampleRate: 48_000, channels: 2)
        let loud = buffer(channels: 2, frames: 48_000 * 4) { _, i in sin(Double(i) * 0.13) }
        meter.process(loud.block, frames: 48_000 * 4)
        meter.reset()
        let quiet = buffer(channels: 2, frames: 48_000 * 4) { _, i in 0.1 * sin(Double(i) * 0.13) }
        meter.process(quiet.block, frames: 48_000 * 4)
        var fresh = LoudnessMeter(sampleRate: 48_000, channels: 2)
        fresh.process(quiet.block, frames: 48_000 * 4)
        let (again, first) = (LoudnessMeterReadings(meter), LoudnessMeterReadings(fresh))
        #expect(again.integrated == first.integrated && again.maxMomentary == first.maxMomentary)
        withExtendedLifetime((loud, quiet)) {}
    }

    @Test func anHourOfOneLevelDoesNotDrift() {
        let rate = 8000
        var meter = LoudnessMeter(sampleRate: Double(rate), channels: 1)
        let second = buffer(channels: 1, frames: rate) { _, i in 0.1 * sin(2 * .pi * 1000 * Double(i) / Double(rate)) }
        for _ in 0..<60 { meter.process(second.block, frames: rate) }
        let first = meter.integratedLUFS
        for _ in 0..<3540 { meter.process(second.block, frames: rate) }
        let last = meter.integratedLUFS
        #expect(isNear(last, first ?? 0, 1e-6))
        withExtendedLifetime(second) {}
    }
}

/// BS.1770-5 Annex 1 at 48 kHz with the coefficients printed there (Tables 1 and 2), all blocks kept and sorted.
private struct ReferenceLoudness {
    var integrated: Double
    var range: Double

    init(_ block: AudioBlock, frames: Int) {
        var squares = [Double](repeating: 0, count: frames)
        for c in 0..<block.channels {
            var (x1, x2, u1, u2, y1, y2) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
            for i in 0..<frames {
                let x = block[c][i]
                let u = 1.53512485958697 * x - 2.69169618940638 * x1 + 1.19839281085285 * x2 + 1.69065929318241 * u1 - 0.73248077421585 * u2
                let y = u - 2 * u1 + u2 + 1.99004745483398 * y1 - 0.99007225036621 * y2
                (x2, x1, u2, u1, y2, y1) = (x1, x, u1, u, y1, y)
                squares[i] += y * y
            }
        }
        func loudness(_ power: Double) -> Double { -0.691 + 10 * log10(power) }
        func windows(_ length: Int) -> [Double] {
            stride(from: 0, through: frames - length, by: 4800).map { start in
                squares[start..<(start + length)].reduce(0, +) / Double(length)
            }.filter { loudness($0) > -70 }
        }
        func gated(_ powers: [Double], _ below: Double) -> [Double] {
            let gate = loudness(powers.reduce(0, +) / Double(powers.count)) - below
            return powers.filter { loudness($0) > gate }
        }
        let blocks = gated(windows(19_200), 10)
        integrated = loudness(blocks.reduce(0, +) / Double(blocks.count))
        let levels = gated(windows(144_000), 20).map(loudness).sorted()
        func percentile(_ p: Double) -> Double { levels[Int((Double(levels.count - 1) * p).rounded())] }
        range = percentile(0.95) - percentile(0.10)
    }
}
