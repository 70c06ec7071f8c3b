import DSP
import Foundation
import Testing

private let block = Limiter.blockFrames

private func limit(_ input: AudioBuffer, frames: Int, rate: Double = 44100, _ change: (inout Limiter.Settings) -> Void = { _ in }) -> (AudioBuffer, latency: Int) {
    var arena = StateArena(capacity: 4 << 20)
    let limiter = Limiter(sampleRate: rate, channels: input.block.channels, arena: &arena)
    defer { limiter.deallocate() }
    var settings = Limiter.Settings()
    settings.on = true
    change(&settings)
    limiter.set(settings)
    let total = (frames + limiter.latency + block - 1) / block * block
    let out = AudioBuffer(channels: input.block.channels, frames: total)
    out.block.copy(from: input.block, frames: frames)
    for start in stride(from: 0, to: total, by: block) { _ = limiter.process(out.block.advanced(by: start)) }
    return (out, limiter.latency)
}

private func truePeakDB(_ b: AudioBuffer, from first: Int = 0, frames: Int) -> Double {
    defer { withExtendedLifetime(b) {} }
    var meter = TruePeakMeter(channels: b.block.channels)
    meter.process(b.block.advanced(by: first), frames: frames)
    meter.finish()
    return decibels(meter.peak)
}

@Suite struct LimiterTests {
    @Test func underTheThresholdTheSignalPassesBitForBit() {
        var noise = Noise(seed: 21)
        let frames = 20000
        let input = buffer(channels: 2, frames: frames) { _, _ in noise.uniform() * 0.25 }
        let (out, latency) = limit(input, frames: frames)
        for c in 0..<2 { for i in 0..<frames { #expect(out.block[c][i + latency] == input.block[c][i]) } }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func noSampleExceedsTheCeiling(seed: UInt64) {
        var noise = Noise(seed: seed)
        let frames = 40000
        // Bursts of noise up to 18 dB over, with gaps: every branch of the release is visited.
        var level = 0.1
        let input = buffer(channels: 2, frames: frames) { _, i in
            if i % 700 == 0 { level = pow(10, (noise.uniform() * 20 + 2) / 20) }
            return noise.uniform() * level
        }
        for lookahead in [0.5, 3.0, 10.0] {
            let (out, _) = limit(input, frames: frames) { $0.lookaheadMs = lookahead; $0.ceilingDBTP = -1 }
            var highest = 0.0
            for c in 0..<2 { for i in 0..<out.block.capacity { highest = max(highest, abs(out.block[c][i])) } }
            #expect(decibels(highest) <= -1, "seed \(seed), look-ahead \(lookahead) ms")
        }
    }

    @Test func aSingleSampleIsCaughtWhereItStands() {
        let input = buffer(channels: 1, frames: 8000) { _, i in i == 4000 ? 2 : 0 }
        let (out, latency) = limit(input, frames: 8000)
        let peak = (0..<out.block.capacity).max { abs(out.block[0][$0]) < abs(out.block[0][$1]) }!
        #expect(peak == 4000 + latency)
        #expect(decibels(abs(out.block[0][peak])) <= -1 && decibels(abs(out.block[0][peak])) > -1.6)
    }

    /// EBU Tech 3341 case 16's sine (fs/4, 45°) driven 12 dB over: sample peaks read 3 dB low, the true peak must still hold.
    @Test func theTruePeakOfAQuarterRateSineHolds() {
        let frames = 44100
        let input = buffer(channels: 2, frames: frames) { _, i in 4 * sin(.pi / 2 * Double(i) + .pi / 4) }
        let (out, latency) = limit(input, frames: frames)
        #expect(truePeakDB(out, from: latency + 2000, frames: frames - 4000) <= -0.95)
    }

    @Test func theTruePeakOfDrivenMusicLikeNoiseHolds() {
        var noise = Noise(seed: 77)
        var low = 0.0
        let frames = 88200
        let input = buffer(channels: 2, frames: frames) { _, _ in
            low += 0.2 * (noise.uniform() - low)
            return low * 6
        }
        let (out, latency) = limit(input, frames: frames)
        #expect(truePeakDB(out, from: latency, frames: frames) <= -0.95)
    }

    @Test func reductionIsNoDeeperThanNeeded() {
        // Steady 6 dB over the ceiling: the gain settles at the threshold, 0.05 dB under the ceiling.
        let frames = 44100
        let input = buffer(channels: 1, frames: frames) { _, i in 2 * 0.8912509 * sin(2 * .pi * 997 * Double(i) / 44100) }
        let (out, latency) = limit(input, frames: frames)
        let settled = toneAmplitude(out, from: latency + 22050, 22050 - 50, hz: 997, rate: 44100)
        #expect(abs(decibels(settled) - (-1.05)) < 0.005)
    }

    @Test func afterAPeakTheGainComesBackToExactlyOne() {
        let frames = 200_000
        let input = buffer(channels: 1, frames: frames) { _, i in i < 1000 ? 4 : 0.3 }
        let (out, latency) = limit(input, frames: frames)
        #expect(out.block[0][frames - 1 + latency - 100] == 0.3)
    }

    @Test func latencyDoesNotDependOnSettings() {
        for lookahead in [0.5, 1, 5, 10.0] {
            for character in Limiter.Character.allCases {
                let input = buffer(channels: 1, frames: 4000) { _, i in i == 1000 ? 0.5 : 0 }
                let (out, latency) = limit(input, frames: 4000) { $0.lookaheadMs = lookahead; $0.character = character }
                #expect(out.block[0][1000 + latency] == 0.5)
            }
        }
    }

    /// A sine that is limited steadily gets a constant gain, so it has no harmonics. The best of ten limiters measured reach −151 dB at
    /// 50 Hz, −154 at 1 kHz and −166 at 5 kHz on this test; most bend the lowest by more than 1 %.
    @Test(arguments: [20, 50, 60, 113, 997, 1000, 5000], [6.0, 12])
    func steadySinesStaySines(hz: Int, over: Double) {
        let rate = 44100, frames = 2 * rate
        let level = pow(10, (over - 1) / 20)
        let input = buffer(channels: 1, frames: frames) { _, i in level * sin(2 * .pi * Double(hz) * Double(i) / Double(rate)) }
        let (out, latency) = limit(input, frames: frames)
        #expect(harmonicDistortionDB(out, from: latency + rate - 100, hz: hz, rate: rate) < -170)
    }

    /// The same tone must not be bent while the hold is still finding out that it is one.
    @Test func bassIsProtectedFromItsFirstPeriods() {
        let rate = 44100
        let input = buffer(channels: 1, frames: rate) { _, i in i < 1000 ? 0 : 1.5 * sin(2 * .pi * 50 * Double(i - 1000) / 44100) }
        func ripple(_ protects: Bool) -> Double {
            let (out, latency) = limit(input, frames: rate) { $0.protectsLow = protects }
            // Between the second and fifth period: how far the gain comes up between two peaks.
            let gains = (2764..<5410).filter { abs(input.block[0][$0]) > 0.1 }.map { out.block[0][$0 + latency] / input.block[0][$0] }
            return decibels(gains.max()! / gains.min()!)
        }
        #expect(ripple(true) < 2)
        #expect(ripple(false) > 3)
    }

    /// What a 4:1 mix of 60 Hz and 7 kHz (SMPTE RP 120) shows at 7 kHz ± 60 Hz when it stands 3 dB over.
    @Test func intermodulationOfASteadyMixIsBelowMinusSeventy() {
        let rate = 44100, frames = 3 * rate
        let input = buffer(channels: 1, frames: frames) { _, i in
            let t = Double(i) / Double(rate)
            return 1.26 * (0.8 * sin(2 * .pi * 60 * t) + 0.2 * sin(2 * .pi * 7000 * t))
        }
        let (out, latency) = limit(input, frames: frames)
        func line(_ hz: Int) -> Double { toneAmplitude(out, from: latency + 2 * rate - 100, rate, hz: Double(hz), rate: 44100) }
        let carrier = line(7000), sides = [6880, 6940, 7060, 7120].map(line)
        #expect(decibels(sides.reduce(0, +) / carrier) < -70)
    }

    /// Isolated peaks are released at once, lasting reduction slowly.
    @Test func releaseFollowsTheProgramme() {
        let rate = 44100, end = 30000
        var noise = Noise(seed: 5)
        // A bed under the threshold, on it either one peak or half a second of uneven ones.
        let bed = (0..<2 * rate).map { _ in noise.uniform() * 0.01 }
        func reductionAfter(_ ms: Double, lasting: Bool) -> Double {
            let input = buffer(channels: 1, frames: 2 * rate) { _, i in
                let near = lasting ? i >= 8000 && i <= end && (end - i) % 40 == 0 : i == end
                return near ? 2.5 + bed[i] * 60 : 0.2 + bed[i]
            }
            let (out, latency) = limit(input, frames: 2 * rate)
            let at = end + Int(ms * 0.001 * Double(rate))
            return -decibels(out.block[0][at + latency] / input.block[0][at])
        }
        #expect(reductionAfter(2, lasting: false) > 1)
        #expect(reductionAfter(12, lasting: false) < 0.2)
        #expect(reductionAfter(12, lasting: true) > 2)
        #expect(reductionAfter(400, lasting: true) < 0.2)
    }

    @Test(arguments: [8000.0, 22050, 48000, 96000, 192000, 384_000])
    func everySampleRateHoldsTheCeilingAndKeepsSinesWhole(rate: Double) {
        let hz = 100, frames = Int(rate * 1.5)
        let input = buffer(channels: 1, frames: frames) { _, i in
            let t = Double(i) / rate
            return t < 0.4 ? 2 * sin(2 * .pi * Double(hz) * t) : i % 977 == 0 ? 3 : 0.2 * sin(2 * .pi * 0.24 * Double(i))
        }
        let (out, latency) = limit(input, frames: frames, rate: rate)
        #expect(truePeakDB(out, frames: frames + latency) <= -0.95)
        var worst = 0.0
        let from = Int(0.3 * rate), period = Int(rate) / hz
        // Steady: a sample and the one half a period later are each other's negative.
        for i in from..<from + period { worst = max(worst, abs(out.block[0][i + latency] + out.block[0][i + latency + period / 2])) }
        if rate.truncatingRemainder(dividingBy: 200) == 0 { #expect(worst < 1e-9) }
    }

    /// The cases of the true-peak comparison: a quarter-rate sine between its samples and bursts of 12 kHz, 6 dB over.
    @Test func interSamplePeaksHoldUnderAnIndependentInterpolator() {
        let frames = 30000
        let sine = buffer(channels: 1, frames: frames) { _, i in 0.891251 * 2 * sin(.pi / 2 * Double(i) + .pi / 4) }
        let bursts = buffer(channels: 1, frames: frames) { _, i in
            guard i > 2000 else { return 0 }
            let k = i % 4410
            guard k < 14 else { return 0 }
            let hann = 0.5 - 0.5 * cos(2 * .pi * Double(k) / 13)
            return 0.891251 * 2 * hann * sin(2 * .pi * 12000 * Double(k) / 44100 + 0.7 * Double((i - k) / 4410 % 7))
        }
        // 0.4 of the rate, its peaks half way between the places of an 8× grid: 0.107 dB higher than any of them.
        let fifth = buffer(channels: 1, frames: frames) { _, i in 2 * sin(0.8 * .pi * Double(i) + 0.05 * .pi) }
        for input in [sine, bursts, fifth] {
            let (out, latency) = limit(input, frames: frames)
            let peak = interpolatedPeakDB(out, frames: frames + latency)
            #expect(peak <= -0.95 && peak > -1.2)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theTruePeakHoldsWhateverTheSettings(seed: UInt64) {
        var noise = Noise(seed: seed)
        let frames = 12000
        var level = 0.1, low = 0.0, lower = 0.0
        let input = buffer(channels: 2, frames: frames) { _, i in
            if i % 300 == 0 { level = pow(10, noise.uniform() * 15 / 20) }
            low += 0.35 * (noise.uniform() * level - low)
            lower += 0.6 * (low - lower)
            return lower
        }
        for _ in 0..<4 {
            let (lookahead, hold) = (0.5 + (noise.uniform() + 1) * 4.7, (noise.uniform() + 1) * 10)
            let release = noise.uniform() > 0 ? 0 : (noise.uniform() + 1) * 100
            let link = noise.uniform() > 0 ? 1 : (noise.uniform() + 1) / 2
            let character = Limiter.Character.allCases[noise.integer(0...2)]
            let low = noise.uniform() > 0
            let (out, latency) = limit(input, frames: frames) {
                ($0.lookaheadMs, $0.holdMs, $0.releaseMs, $0.link, $0.character, $0.protectsLow) = (lookahead, hold, release, link, character, low)
            }
            let peak = interpolatedPeakDB(out, frames: frames + latency)
            #expect(peak <= -0.95, "seed \(seed): \(lookahead) \(hold) \(release) \(link) \(character) \(low)")
        }
    }

    @Test func linkedChannelsShareTheGainAndUnlinkedOnesDoNot() {
        let frames = 12000
        let input = buffer(channels: 2, frames: frames) { c, i in c == 0 ? 2 * sin(0.3 * Double(i)) : 0.25 * cos(0.1 * Double(i)) }
        let (linked, latency) = limit(input, frames: frames)
        let (free, _) = limit(input, frames: frames) { $0.link = 0 }
        let (half, _) = limit(input, frames: frames) { $0.link = 0.5 }
        func reduction(_ b: AudioBuffer, _ c: Int) -> Double { -decibels(b.block[c][10000 + latency] / input.block[c][10000]) }
        #expect(abs(reduction(linked, 0) - reduction(linked, 1)) < 1e-9)
        for i in 0..<frames { #expect(free.block[1][i + latency] == input.block[1][i]) }
        #expect(abs(reduction(half, 1) - reduction(half, 0) / 2) < 0.01)
        #expect(abs(reduction(half, 0) - reduction(linked, 0)) < 1e-6)
    }

    /// 997 Hz at −1 dBFS (AES17) 0.5 dB into the ceiling: all that is not the tone.
    @Test func distortionAndNoiseOfALimitedToneAreBelowMinusOneHundredAndForty() {
        let rate = 44100, frames = 2 * rate
        let input = buffer(channels: 1, frames: frames) { _, i in 0.891251 * sin(2 * .pi * 997 * Double(i) / Double(rate)) }
        let (out, latency) = limit(input, frames: frames) { $0.ceilingDBTP = -1.45 }
        #expect(restDB(out, from: latency + rate - 100, except: [997], reference: 997, rate: rate) < -140)
    }

    @Test func silenceAfterNoiseIsSilenceAndRest() {
        var noise = Noise(seed: 6)
        let frames = 60000
        let input = buffer(channels: 2, frames: frames) { _, i in i < 20000 ? noise.uniform() * 3 : i > 50000 ? 0.3 : 0 }
        let (out, latency) = limit(input, frames: frames)
        for c in 0..<2 {
            for i in 20000..<50000 { #expect(out.block[c][i + latency] == 0) }
            for i in 50001..<frames { #expect(out.block[c][i + latency] == 0.3) }
        }
    }
}

@Suite struct TruePeakTests {
    /// The peak of a sine is its amplitude, whatever its frequency and phase.
    @Test func sinesReadWithinFiveHundredthsOfADecibel() {
        var worst = (error: 0.0, at: "")
        for ratio in [0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 1.0 / 3, 0.35, 0.4, 0.42, 0.44, 0.45] {
            for step in 0..<12 {
                let phase = Double(step) / 12 * .pi
                let tone = buffer(channels: 1, frames: 6000) { _, i in
                    // Half a second of fade on both sides would be silence's edge; the window keeps the ends from ringing.
                    let fade = min(1, min(Double(i), Double(5999 - i)) / 1500)
                    return 0.5 * sin(2 * .pi * ratio * Double(i) + phase) * (0.5 - 0.5 * cos(.pi * fade))
                }
                var meter = TruePeakMeter(channels: 1)
                meter.process(tone.block, frames: 6000)
                meter.finish()
                let error = decibels(meter.peak / 0.5)
                if abs(error) > abs(worst.error) { worst = (error, "\(ratio) fs, phase \(phase)") }
            }
        }
        #expect(abs(worst.error) <= 0.05, "\(worst.error) dB at \(worst.at)")
    }

    /// EBU Tech 3341 cases 15–19: (samples per period, phase in degrees, amplitude of full scale, expected dBTP, +0.2/−0.4).
    @Test(arguments: [(4.0, 0.0, 0.5, -6.0), (4, 45, 0.5, -6), (6, 60, 0.5, -6), (8, 67.5, 0.5, -6), (4, 45, 1.41, 3)])
    func ebuTech3341SinesAreWithinTolerance(period: Double, degrees: Double, amplitude: Double, expected: Double) {
        let frames = 48000
        let tone = buffer(channels: 2, frames: frames) { _, i in
            let fade = min(1, Double(min(i, frames - 1 - i)) / 4800)
            return amplitude * fade * sin(2 * .pi * Double(i) / period + degrees / 180 * .pi)
        }
        var meter = TruePeakMeter(channels: 2)
        meter.process(tone.block, frames: frames)
        meter.finish()
        #expect(decibels(meter.peak) > expected - 0.4 && decibels(meter.peak) < expected + 0.2)
    }

    @Test func cuttingTheSignalDifferentlyChangesNothing() {
        var noise = Noise(seed: 31)
        let frames = 30011
        let input = buffer(channels: 2, frames: frames) { _, i in noise.uniform() * (i == 20000 ? 0.9 : 0.3) }
        var peaks: Set<Double> = []
        for size in [1, 7, 64, 511, 4096, frames] {
            var meter = TruePeakMeter(channels: 2)
            for start in stride(from: 0, to: frames, by: size) { meter.process(input.block.advanced(by: start), frames: min(size, frames - start)) }
            meter.finish()
            peaks.insert(meter.peak)
        }
        #expect(peaks.count == 1)
    }

    @Test func skippingQuietPassagesMissesNothing() {
        // A loud start raises the bar; a later, slightly louder inter-sample peak must still be found.
        let frames = 20000
        let input = buffer(channels: 1, frames: frames) { _, i in
            let envelope = i < 5000 ? 0.70 : i > 15000 && i < 15400 ? 0.75 : 0.05
            return envelope * sin(.pi / 2 * Double(i) + .pi / 4)
        }
        var whole = TruePeakMeter(channels: 1), late = TruePeakMeter(channels: 1)
        whole.process(input.block, frames: frames)
        whole.finish()
        late.process(input.block.advanced(by: 14000), frames: 3000)
        late.finish()
        #expect(whole.peak == late.peak)
    }
}

@Suite struct DitherTests {
    /// Lipshitz, Wannamaker, Vanderkooy (1992): with 2 LSB triangular dither the total error has mean 0 and variance Δ²/4, whatever the input.
    @Test(arguments: [0.0, 0.25, 0.5, 0.123, -0.77])
    func errorHasNoMeanAndConstantVariance(level: Double) {
        let bits = 16, lsb = 1.0 / 32768, frames = 200_000
        let work = buffer(channels: 1, frames: frames) { _, _ in level * lsb + 0.1 }
        let input = work.block[0][0]
        Dither.quantise(work.block, frames: frames, firstFrame: 0, bits: bits, tpdf: true, seed: 1)
        var mean = 0.0, square = 0.0
        for i in 0..<frames {
            let e = (work.block[0][i] - input) / lsb
            mean += e
            square += e * e
        }
        mean /= Double(frames)
        let variance = square / Double(frames) - mean * mean
        #expect(abs(mean) < 0.006)
        #expect(abs(10 * log10(variance / 0.25)) < 0.05)
    }

    @Test func valuesLieOnTheGridAndInsideFullScale() {
        var noise = Noise(seed: 4)
        let work = buffer(channels: 2, frames: 5000) { _, _ in noise.uniform() * 1.5 }
        Dither.quantise(work.block, frames: 5000, firstFrame: 0, bits: 24, tpdf: true, seed: 9)
        for c in 0..<2 {
            for i in 0..<5000 {
                let units = work.block[c][i] * 8_388_608
                #expect(units == units.rounded() && units >= -8_388_608 && units <= 8_388_607)
            }
        }
    }

    @Test func bitsDependOnTheFrameNotOnTheBlock() {
        var noise = Noise(seed: 8)
        let whole = buffer(channels: 2, frames: 3000) { _, _ in noise.uniform() * 0.3 }
        let parts = AudioBuffer(channels: 2, frames: 3000)
        parts.block.copy(from: whole.block, frames: 3000)
        Dither.quantise(whole.block, frames: 3000, firstFrame: 500, bits: 16, tpdf: true, seed: 3)
        var at = 0
        for size in [1, 7, 64, 511, 1000, 1417] {
            Dither.quantise(parts.block.advanced(by: at), frames: size, firstFrame: Int64(500 + at), bits: 16, tpdf: true, seed: 3)
            at += size
        }
        for c in 0..<2 { for i in 0..<3000 { #expect(parts.block[c][i] == whole.block[c][i]) } }
    }

    @Test func channelsGetDifferentNoise() {
        let work = buffer(channels: 2, frames: 1000) { _, _ in 0 }
        Dither.quantise(work.block, frames: 1000, firstFrame: 0, bits: 16, tpdf: true, seed: 3)
        #expect((0..<1000).contains { work.block[0][$0] != work.block[1][$0] })
    }
}

@Suite struct FastMathTests {
    @Test func logarithmAndExponentialAgreeWithTheLibrary() {
        var noise = Noise(seed: 13)
        for _ in 0..<20000 {
            let x = Foundation.exp2(noise.uniform() * 40)
            #expect(abs(FastMath.log2(x) - Foundation.log2(x)) < 1e-12)
            let y = noise.uniform() * 100
            #expect(abs(FastMath.exp2(y) / Foundation.exp2(y) - 1) < 1e-13)
        }
        #expect(FastMath.amplitude(dB: 0) == 1)
    }
}
