import DSP
import Foundation
import Testing

private func compress(_ block: AudioBlock, frames: Int, rate: Double, _ settings: Compressor.Settings) -> Double {
    var arena = StateArena(capacity: 65536)
    let compressor = Compressor(sampleRate: rate, channels: block.channels, arena: &arena)
    compressor.set(settings, at: 1, ramp: false)
    var deepest = 0.0
    for start in stride(from: 0, to: frames, by: 64) {
        deepest = max(deepest, compressor.process(block.advanced(by: start), frames: min(64, frames - start), t0: 1, t1: 1))
    }
    return deepest
}

@Suite struct CompressorTests {
    /// Giannoulis, Massberg, Reiss (2012), equation 4, written out independently of the code under test.
    @Test(arguments: [(-20.0, 2.0, 0.0), (-24.0, 4.0, 12.0), (-18.0, 1.5, 9.0)])
    func staticCurveIsWithinFiveHundredthsOfADecibel(threshold: Double, ratio: Double, knee: Double) {
        var s = Compressor.Settings()
        (s.thresholdDB, s.ratio, s.kneeDB, s.attackMs, s.releaseMs, s.mix) = (threshold, ratio, knee, 1, 50, 1)
        for level in stride(from: -40.0, through: 0, by: 2.5) {
            let amplitude = pow(10, level / 20)
            let work = buffer(channels: 1, frames: 4800) { _, i in i % 2 == 0 ? amplitude : -amplitude }
            _ = compress(work.block, frames: 4800, rate: 48000, s)
            let out: Double
            if 2 * (level - threshold) < -knee {
                out = level
            } else if knee > 0 && 2 * abs(level - threshold) <= knee {
                out = level + (1 / ratio - 1) * pow(level - threshold + knee / 2, 2) / (2 * knee)
            } else {
                out = threshold + (level - threshold) / ratio
            }
            #expect(abs(decibels(abs(work.block[0][4799])) - out) < 0.05, "in \(level) dB")
        }
    }

    @Test func attackReachesSixtyThreePercentInItsTime() {
        let rate = 48000.0, attack = 30.0
        var s = Compressor.Settings()
        (s.thresholdDB, s.ratio, s.attackMs, s.releaseMs, s.mix) = (-20, 2, attack, 250, 1)
        let work = buffer(channels: 1, frames: 48000) { _, _ in 1 }
        _ = compress(work.block, frames: 48000, rate: rate, s)
        let wanted = -10 * (1 - exp(-1.0))
        let reached = (0..<48000).first { decibels(work.block[0][$0]) <= wanted }!
        #expect(abs(Double(reached) / rate * 1000 / attack - 1) < 0.05)
    }

    @Test func releaseFallsToThirtySevenPercentInItsTime() {
        let rate = 48000.0, release = 250.0, quiet = 1e-4
        var s = Compressor.Settings()
        (s.thresholdDB, s.ratio, s.attackMs, s.releaseMs, s.mix) = (-20, 2, 0.1, release, 1)
        let work = buffer(channels: 1, frames: 96000) { _, i in i < 48000 ? 1 : quiet }
        _ = compress(work.block, frames: 96000, rate: rate, s)
        let wanted = -10 * exp(-1.0)
        let reached = (48000..<96000).first { decibels(work.block[0][$0] / quiet) >= wanted }! - 48000
        #expect(abs(Double(reached) / rate * 1000 / release - 1) < 0.05)
    }

    @Test func ratioOneAndMixZeroAreBitExact() {
        var noise = Noise(seed: 11)
        let input = buffer(channels: 2, frames: 4096) { _, _ in noise.uniform() }
        for (ratio, mix) in [(1.0, 1.0), (4.0, 0.0)] {
            var s = Compressor.Settings()
            (s.thresholdDB, s.ratio, s.mix) = (-40, ratio, mix)
            let work = AudioBuffer(channels: 2, frames: 4096)
            work.block.copy(from: input.block, frames: 4096)
            _ = compress(work.block, frames: 4096, rate: 44100, s)
            for c in 0..<2 { for i in 0..<4096 { #expect(work.block[c][i] == input.block[c][i]) } }
        }
    }

    @Test func bothChannelsGetTheSameGain() {
        let work = buffer(channels: 2, frames: 9600) { c, _ in c == 0 ? 0.9 : 0.01 }
        var s = Compressor.Settings()
        (s.thresholdDB, s.ratio, s.mix) = (-20, 4, 1)
        _ = compress(work.block, frames: 9600, rate: 48000, s)
        for i in 0..<9600 { #expect(abs(work.block[0][i] / 0.9 - work.block[1][i] / 0.01) < 1e-12) }
    }
}

@Suite struct DetectorHistogramTests {
    @Test func theThresholdFoundGivesTheReductionAskedFor() {
        // A steady level of −12 dBFS: the mean is the static curve itself.
        var h = DetectorHistogram()
        for _ in 0..<1000 { h.note(pow(10, -12.0 / 20)) }
        var s = Compressor.Settings()
        s.ratio = 2
        let threshold = h.threshold(reducing: 3, s, offsetDB: 0)!
        // Above a hard knee, ratio 2 takes half of what lies above the threshold: 3 dB at 6 dB over.
        #expect(abs(threshold - (-18)) < 0.13, "within a bin's half width")
    }

    @Test func quietPartsDoNotCount() {
        var loud = DetectorHistogram(), mixed = DetectorHistogram()
        for _ in 0..<500 { loud.note(0.25); mixed.note(0.25) }
        for _ in 0..<5000 { mixed.note(0.001) }
        var s = Compressor.Settings()
        (s.ratio, s.kneeDB) = (1.5, 9)
        #expect(loud.threshold(reducing: 1, s, offsetDB: 0) == mixed.threshold(reducing: 1, s, offsetDB: 0))
    }

    @Test func silenceHasNoThreshold() {
        #expect(DetectorHistogram().threshold(reducing: 1, Compressor.Settings(), offsetDB: 0) == nil)
    }
}

@Suite struct StereoFieldTests {
    private func run(_ block: AudioBlock, frames: Int, width: Double, monoBelowHz: Double) {
        var arena = StateArena(capacity: 65536)
        let field = StereoField(sampleRate: 48000, arena: &arena)
        field.set(width: width, monoBelowHz: monoBelowHz, at: 1, ramp: false)
        for start in stride(from: 0, to: frames, by: 64) { field.process(block.advanced(by: start), frames: min(64, frames - start), t0: 1, t1: 1) }
    }

    @Test func fullWidthIsBitExact() {
        var noise = Noise(seed: 2)
        let input = buffer(channels: 2, frames: 1000) { _, _ in noise.uniform() }
        let work = AudioBuffer(channels: 2, frames: 1000)
        work.block.copy(from: input.block, frames: 1000)
        run(work.block, frames: 1000, width: 1, monoBelowHz: 0)
        for c in 0..<2 { for i in 0..<1000 { #expect(work.block[c][i] == input.block[c][i]) } }
    }

    @Test(arguments: [(0.0, 0.0), (1.5, 0.0), (0.7, 120.0)])
    func theMonoSumNeverChanges(width: Double, mono: Double) {
        var noise = Noise(seed: 9)
        let work = buffer(channels: 2, frames: 4000) { _, _ in noise.uniform() * 0.5 }
        let sum = (0..<4000).map { work.block[0][$0] + work.block[1][$0] }
        run(work.block, frames: 4000, width: width, monoBelowHz: mono)
        for i in 0..<4000 { #expect(abs(work.block[0][i] + work.block[1][i] - sum[i]) < 1e-12) }
    }

    /// Linkwitz-Riley, fourth order: −6.02 dB at the corner, 24 dB per octave below.
    @Test(arguments: [(120.0, -6.02), (60.0, -24.6), (1200.0, 0.0)])
    func sideBelowTheCornerFallsAsLinkwitzRiley(hz: Double, expected: Double) {
        let frames = 96000
        let work = buffer(channels: 2, frames: frames) { c, i in (c == 0 ? 0.5 : -0.5) * sin(2 * .pi * hz * Double(i) / 48000) }
        run(work.block, frames: frames, width: 1, monoBelowHz: 120)
        let gain = decibels(toneAmplitude(work.block[0] + 48000, 48000, hz: hz, sampleRate: 48000) / 0.5)
        #expect(abs(gain - expected) < 0.1)
    }
}
