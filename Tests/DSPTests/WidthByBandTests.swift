import DSP
import Foundation
import Testing

@Suite struct WidthByBandTests {
    private func run(_ b: AudioBuffer, frames: Int, _ widths: SIMD3<Double>) {
        var arena = StateArena(capacity: 65536)
        let width = WidthByBand(sampleRate: 48000, arena: &arena)
        width.set(widths, at: 1, ramp: false)
        for start in stride(from: 0, to: frames, by: 64) { width.process(b.block.advanced(by: start), frames: min(64, frames - start), t0: 1, t1: 1) }
    }

    @Test func allAtOneIsBitExact_andEqualChannelsStayEqual() {
        var noise = Noise(seed: 2)
        let input = buffer(channels: 2, frames: 1000) { _, _ in noise.uniform() }
        let work = AudioBuffer(channels: 2, frames: 1000)
        work.block.copy(from: input.block, frames: 1000)
        run(work, frames: 1000, SIMD3(1, 1, 1))
        for c in 0..<2 { for i in 0..<1000 { #expect(work.block[c][i] == input.block[c][i]) } }
        for i in 0..<1000 { work.block[1][i] = work.block[0][i] }
        run(work, frames: 1000, SIMD3(0.2, 1.5, 0.7))
        for i in 0..<1000 { #expect(work.block[0][i] == work.block[1][i]) }
    }

    /// The level of the mono sum at every frequency, from the sum's impulse response.
    @Test(arguments: [SIMD3(0.0, 1, 1.5), SIMD3(0.5, 1, 1), SIMD3(1.0, 0, 1.3)])
    func theMonoSumKeepsItsLevelEverywhere(widths: SIMD3<Double>) {
        let frames = 1 << 15
        let work = buffer(channels: 2, frames: frames) { c, i in i == 100 ? (c == 0 ? 0.8 : -0.1) : 0 }
        run(work, frames: frames, widths)
        let spectrum = Spectrum((0..<frames).map { work.block[0][$0] + work.block[1][$0] })
        for bin in stride(from: 8, to: frames / 2, by: 7) { #expect(abs(decibels(spectrum.magnitude(bin) / 0.7)) < 0.001, "bin \(bin)") }
    }

    /// Far from the corners a band's side has the level that was asked for. Fourth-order slopes leave (40/150)⁴ of the neighbour at 40 Hz.
    @Test(arguments: [(30.0, 0.5), (800.0, 1.2), (16_000.0, 0.8)])
    func eachBandHasItsWidth(hz: Double, expected: Double) {
        let frames = 96_000
        let work = buffer(channels: 2, frames: frames) { c, i in (c == 0 ? 0.5 : -0.5) * sin(2 * .pi * hz * Double(i) / 48000) }
        run(work, frames: frames, SIMD3(0.5, 1.2, 0.8))
        let side = buffer(channels: 1, frames: frames) { _, i in (work.block[0][i] - work.block[1][i]) / 2 }
        #expect(abs(decibels(toneAmplitude(side, from: 48_000, 48_000, hz: hz, rate: 48000) / 0.5 / expected)) < 0.1)
    }

    /// A turn of the knob glides: no step beyond what the tone itself does.
    @Test func aChangeGlides() {
        var arena = StateArena(capacity: 65536)
        let width = WidthByBand(sampleRate: 48000, arena: &arena)
        let frames = 64 * 60
        let work = buffer(channels: 2, frames: frames) { c, i in (c == 0 ? 0.5 : -0.5) * sin(2 * .pi * 500 * Double(i) / 48000) }
        for block in 0..<60 {
            if block == 20 { width.set(SIMD3(1, 0.2, 1), at: 1, ramp: true) }
            let t = min(max(Double(block - 20) / 15, 0), 1), next = min(max(Double(block - 19) / 15, 0), 1)
            width.process(work.block.advanced(by: 64 * block), frames: 64, t0: block < 20 ? 1 : t, t1: block < 20 ? 1 : next)
        }
        let steepest = (1..<frames).map { abs(work.block[0][$0] - work.block[0][$0 - 1]) }.max()!
        #expect(steepest < 0.5 * 2 * .pi * 500 / 48000 * 1.1)
        #expect(abs(work.block[0][frames - 1 - 24] / (0.5 * sin(2 * .pi * 500 * Double(frames - 25) / 48000))) < 0.35)
    }
}
