import DSP
import Foundation
import Testing

private let rate = 48000.0

/// Runs in place; the largest reductions of every block, dB.
@discardableResult
private func compress(_ block: AudioBlock, frames: Int, _ settings: MultibandCompressor.Settings) -> [SIMD4<Double>] {
    var arena = StateArena(capacity: MultibandCompressor.stateBytes(channels: block.channels))
    let compressor = MultibandCompressor(sampleRate: rate, channels: block.channels, arena: &arena)
    compressor.set(settings, at: 1, ramp: false)
    return stride(from: 0, to: frames, by: 64).map { compressor.process(block.advanced(by: $0), frames: min(64, frames - $0), t0: 1, t1: 1) }
}

private func settings(threshold: Double = -20, ratio: Double = 2, range: Double = 24) -> MultibandCompressor.Settings {
    var s = MultibandCompressor.Settings()
    (s.on, s.automatic, s.thresholdDB, s.kneeDB) = (true, false, SIMD4(repeating: threshold), 0)
    (s.ratio, s.rangeDB) = (SIMD4(repeating: ratio), SIMD4(repeating: range))
    return s
}

@Suite struct MultibandCompressorTests {
    @Test func offAndRatioOneAndRangeZeroAreBitExact() {
        var noise = Noise(seed: 41)
        let input = buffer(channels: 2, frames: 4096) { _, _ in noise.uniform() }
        var off = settings()
        off.on = false
        for s in [off, settings(ratio: 1), settings(range: 0)] {
            let work = AudioBuffer(channels: 2, frames: 4096)
            work.block.copy(from: input.block, frames: 4096)
            compress(work.block, frames: 4096, s)
            for c in 0..<2 { for i in 0..<4096 { #expect(work.block[c][i] == input.block[c][i]) } }
        }
    }

    /// 1.5 kHz at −8 dBFS, 12 dB over a threshold of −20: ratio 2 leaves 6 dB of that. 30 Hz at −30 dBFS, in the lowest band, stays.
    @Test(arguments: [3, 4])
    func eachBandHasItsOwnStaticCurve(bands: Int) {
        var s = settings()
        s.bands = bands
        s.crossoverHz = bands == 3 ? SIMD3(150, 14000, 0) : SIMD3(100, 160, 14000)
        let frames = 96000
        let work = buffer(channels: 2, frames: frames) { _, i in
            pow(10, -8.0 / 20) * sin(2 * .pi * 1500 * Double(i) / rate) + pow(10, -30.0 / 20) * sin(2 * .pi * 30 * Double(i) / rate)
        }
        compress(work.block, frames: frames, s)
        #expect(abs(decibels(toneAmplitude(work.block[0] + 48000, 48000, hz: 1500, sampleRate: rate)) + 14) < 0.05)
        #expect(abs(decibels(toneAmplitude(work.block[0] + 48000, 48000, hz: 30, sampleRate: rate)) + 30) < 0.05)
    }

    @Test func noBandIsTurnedDownByMoreThanItsRange() {
        var s = settings(threshold: -40, ratio: 4, range: 3)
        s.rangeDB[2] = 1
        var noise = Noise(seed: 42)
        let work = buffer(channels: 2, frames: 48000) { _, _ in noise.uniform() }
        let reductions = compress(work.block, frames: 48000, s)
        let deepest = reductions.reduce(SIMD4<Double>.zero) { a, b in a.replacing(with: b, where: b .> a) }
        for b in 0..<4 { #expect(abs(deepest[b] - s.rangeDB[b]) < 0.01) }
    }

    @Test func attackAndReleaseAreSixtyThreePercentTimes() {
        let frames = 96000
        let work = buffer(channels: 1, frames: frames) { _, i in i < 48000 ? 0.9 * sin(2 * .pi * 2000 * Double(i) / rate) : 0 }
        var s = settings()
        s.attackMs[2] = 40
        s.releaseMs[2] = 120
        let reductions = compress(work.block, frames: frames, s).map { $0[2] }
        let full = reductions[700]
        let attack = Double(reductions.firstIndex { $0 >= full * (1 - exp(-1)) }!) * 64 / rate * 1000
        // The release starts from what it is at the end of the tone; the attack's smoother comes on top of it.
        let release = Double(reductions[750...].firstIndex { $0 <= full * exp(-1) }! - 750) * 64 / rate * 1000
        #expect(abs(attack - 40) < 3)
        #expect(release > 120 && release < 170)
    }

    /// With an automatic threshold loud and quiet programme are treated alike.
    @Test func theAutomaticThresholdFollowsTheProgramme() {
        var s = settings(threshold: 0)
        s.automatic = true
        var deepest: [SIMD4<Double>] = []
        for level in [0.5, 0.05] {
            var noise = Noise(seed: 43)
            let work = buffer(channels: 2, frames: 240_000) { _, i in
                noise.uniform() * level * (i / 12000 % 4 == 0 ? 1 : 0.3)
            }
            let reductions = compress(work.block, frames: 240_000, s)
            deepest.append(reductions[3000...].reduce(SIMD4<Double>.zero) { a, b in a.replacing(with: b, where: b .> a) })
        }
        for b in 0..<4 {
            #expect(deepest[0][b] > 1)
            #expect(abs(deepest[0][b] - deepest[1][b]) < 0.01)
        }
    }

    @Test func channelsAreLinked() {
        let work = buffer(channels: 3, frames: 48000) { c, i in (c == 2 ? 0.9 : 0.01) * sin(2 * .pi * 2000 * Double(i) / rate) }
        compress(work.block, frames: 48000, settings())
        for i in 24000..<48000 { #expect(abs(work.block[2][i] / 90 - work.block[0][i]) < 1e-12) }
    }

    @Test func switchingOnAndOffMakesNoClickAndEndsBitExact() {
        let frames = 64 * 1000
        var arena = StateArena(capacity: MultibandCompressor.stateBytes(channels: 2))
        let compressor = MultibandCompressor(sampleRate: rate, channels: 2, arena: &arena)
        compressor.set(MultibandCompressor.Settings(), at: 1, ramp: false)
        let tone = buffer(channels: 2, frames: frames) { _, i in 0.5 * sin(2 * .pi * 300 * Double(i) / rate) }
        var position = 1.0
        for block in 0..<1000 {
            if block == 100 { (position, _) = (0, compressor.set(settings(), at: position, ramp: true)) }
            if block == 500 {
                var off = settings()
                off.on = false
                (position, _) = (0, compressor.set(off, at: position, ramp: true))
            }
            let next = min(1, position + 1.0 / 15)
            _ = compressor.process(tone.block.advanced(by: 64 * block), frames: 64, t0: position, t1: next)
            position = next
        }
        let own = 0.5 * pow(2 * .pi * 300 / rate, 2)
        for i in 1..<frames - 1 {
            #expect(abs(tone.block[0][i + 1] - 2 * tone.block[0][i] + tone.block[0][i - 1]) < 1.5 * own)
        }
        for i in 64 * 520..<frames { #expect(tone.block[0][i] == 0.5 * sin(2 * .pi * 300 * Double(i) / rate)) }
    }
}
