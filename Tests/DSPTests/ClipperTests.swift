import CSignal
import Foundation
import Testing
@testable import DSP

private func clip(_ input: AudioBuffer, frames: Int, rate: Double = 44100, _ settings: Clipper.Settings) -> AudioBuffer {
    var arena = StateArena(capacity: Clipper.stateBytes(channels: input.block.channels))
    let clipper = Clipper(sampleRate: rate, channels: input.block.channels, arena: &arena)
    defer { clipper.deallocate() }
    clipper.set(settings, at: 1, ramp: false)
    let total = (frames + Clipper.latency + 63) / 64 * 64
    let out = AudioBuffer(channels: input.block.channels, frames: total)
    out.block.copy(from: input.block, frames: frames)
    for at in stride(from: 0, to: total, by: 64) { clipper.process(out.block.advanced(by: at), t0: 1, t1: 1) }
    return out
}

private func settings(_ amountDB: Double, knee: Double = 0.5, peakDB: Double = -1) -> Clipper.Settings {
    var s = Clipper.Settings()
    (s.amountDB, s.knee, s.peakDB) = (amountDB, knee, peakDB)
    return s
}

@Suite struct ClipperTests {
    @Test func noAmountIsABitExactDelay() {
        var noise = Noise(seed: 3)
        let input = buffer(channels: 2, frames: 3000) { _, _ in noise.uniform() * 3 }
        let out = clip(input, frames: 3000, settings(0))
        for c in 0..<2 { for i in 0..<3000 { #expect(out.block[c][i + Clipper.latency] == input.block[c][i]) } }
    }

    /// Music-like sound that stays under the knee is the same to the last bit, and so is what lies far from a peak that does not.
    @Test func whatIsUnderTheKneePassesBitForBit() {
        var noise = Noise(seed: 4)
        var low = 0.0
        let frames = 20000
        let input = buffer(channels: 1, frames: frames) { _, i in
            low += 0.2 * (noise.uniform() - low)
            return i == 10000 ? 0.95 : low
        }
        let out = clip(input, frames: frames, settings(1))
        let touched = (0..<frames).filter { out.block[0][$0 + Clipper.latency] != input.block[0][$0] }
        #expect(!touched.isEmpty && touched.allSatisfy { abs($0 - 10000) < 260 })
    }

    @Test(arguments: [1.0, 2, 4], [0.5, 1])
    func theUsualKneeDoesNotFold(amount: Double, knee: Double) {
        for cycles in sweptCycles {
            let worst = worstAliasDB(cyclesOf16384: cycles, skip: 1024) { clip($0, frames: $1, settings(amount, knee: knee)) }
            #expect(worst < -110, "\(cycles)")
        }
    }

    @Test(arguments: [0.5, 2, 4])
    func aCornerFoldsLessThanMinusEighty(amount: Double) {
        for cycles in sweptCycles {
            let worst = worstAliasDB(cyclesOf16384: cycles, skip: 1024) { clip($0, frames: $1, settings(amount, knee: 0)) }
            #expect(worst < -88, "\(cycles)")
        }
    }

    /// A slow sine goes through the curve as it is written out here: straight, quartic bend, level.
    @Test(arguments: [(3.0, 0.5), (4, 1), (2, 0.1)])
    func theCurveIsTheOneWritten(amount: Double, knee: Double) {
        let peak = pow(10, -1.0 / 20), level = pow(10, (-1 - amount) / 20), width = 2 * (peak - level) * knee, start = level - width / 2
        func shaped(_ u: Double) -> Double {
            let t = (abs(u) - start) / width
            if t <= 0 { return u }
            let taken = t < 1 ? width * (t * t * t - t * t * t * t / 2) : abs(u) - level
            return u - (u < 0 ? -taken : taken)
        }
        let input = buffer(channels: 1, frames: 20000) { _, i in peak * sin(2 * .pi * 30 * Double(i) / 44100) }
        let out = clip(input, frames: 20000, settings(amount, knee: knee))
        for i in 5000..<15000 { #expect(abs(out.block[0][i + Clipper.latency] - shaped(input.block[0][i])) < 3e-4) }
        #expect(abs(decibels(abs(out.block[0][5512 + Clipper.latency]) / peak) + amount) < 0.02)
    }

    /// The bound that lets passages be skipped is one: no place between samples passes it.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func noPlaceIsHigherThanTheBoundAndMusicIsNearIt(seed: UInt64) {
        var noise = Noise(seed: seed)
        let oversampler = Oversampler()
        defer { oversampler.deallocate() }
        var state = [Double](repeating: 0, count: Oversampler.stateCount), block = [Double](repeating: 0, count: 64)
        var low = 0.0
        for round in 0..<60 {
            for i in 0..<64 {
                let white = noise.uniform()
                low += 0.1 * (white - low)
                block[i] = round < 20 ? white : round < 40 ? low : round % 5 == 0 && i < 12 ? (i % 2 == 0 ? 1 : -1) : 0
            }
            state.withUnsafeMutableBufferPointer { line in
                let bound = oversampler.accept(block, line.baseAddress!)
                oversampler.raise(line.baseAddress!, places: 16)
                var highest = 0.0
                for place in 0..<16 { for i in -2..<64 { highest = max(highest, abs(oversampler.raised[place * Oversampler.stride + i])) } }
                #expect(highest <= bound)
                if round > 23 && round < 40 { #expect(bound < highest * 2.5) }
            }
        }
    }

    /// What is raised is the signal: a sine, read between its samples.
    @Test(arguments: [0.01, 0.2, 0.4, 0.45])
    func placesBetweenSamplesLieOnTheSine(frequency: Double) {
        let oversampler = Oversampler()
        defer { oversampler.deallocate() }
        var state = [Double](repeating: 0, count: Oversampler.stateCount), block = [Double](repeating: 0, count: 64)
        for round in 0..<4 {
            for i in 0..<64 { block[i] = sin(2 * .pi * frequency * Double(64 * round + i)) }
            state.withUnsafeMutableBufferPointer { line in
                _ = oversampler.accept(block, line.baseAddress!)
                oversampler.raise(line.baseAddress!, places: 16)
            }
        }
        for place in 0..<16 {
            for i in 0..<64 {
                let time = Double(192 - Oversampler.raiseDelay + i) + Double(place) / 16
                #expect(abs(oversampler.raised[place * Oversampler.stride + i] - sin(2 * .pi * frequency * time)) < 3e-5)
            }
        }
    }

    @Test func anImpulseArrivesWhereItIsSaidAndIsClippedEvenly() {
        for height in [0.1, 0.8] {
            let input = buffer(channels: 1, frames: 1000) { _, i in i == 400 ? height : 0 }
            let out = clip(input, frames: 1000, settings(4))
            let peak = (0..<1000).max { abs(out.block[0][$0]) < abs(out.block[0][$1]) }!
            #expect(peak == 400 + Clipper.latency)
            for k in 1..<90 { #expect(abs(out.block[0][peak + k] - out.block[0][peak - k]) < 1e-12) }
            #expect(height < 0.5 ? out.block[0][peak] == height : out.block[0][peak] < height)
        }
    }

    /// SMPTE RP 120: 60 Hz and 7 kHz, 4:1. Under the knee there is nothing between them, and nothing of them elsewhere.
    @Test func underTheKneeThereIsNoIntermodulation() {
        let input = buffer(channels: 1, frames: 60000) { _, i in
            let t = Double(i) / 44100
            return 0.4 * (0.8 * sin(2 * .pi * 60 * t) + 0.2 * sin(2 * .pi * 7000 * t))
        }
        let out = clip(input, frames: 60000, settings(1))
        #expect(restDB(out, from: 10000, except: [60, 7000], reference: 60, rate: 44100) < -230)
    }

    /// Nothing jumps when the settings do, and what was switched off is gone to the last bit.
    @Test func changesGlideAndEndExactly() {
        var arena = StateArena(capacity: Clipper.stateBytes(channels: 1))
        let clipper = Clipper(sampleRate: 44100, channels: 1, arena: &arena)
        defer { clipper.deallocate() }
        let frames = 64 * 400
        let input = buffer(channels: 1, frames: frames) { _, i in 0.89 * sin(2 * .pi * 200 * Double(i) / 44100) }
        let work = AudioBuffer(channels: 1, frames: frames)
        work.block.copy(from: input.block, frames: frames)
        var at = 14
        for index in 0..<400 {
            let change: Clipper.Settings? = switch index {
            case 60: settings(4, knee: 1)
            case 150: settings(2, knee: 0.5)
            case 240: settings(0)
            default: nil
            }
            if let change {
                clipper.set(change, at: Double(at) / 14, ramp: true)
                at = 0
            }
            let next = min(14, at + 1)
            clipper.process(work.block.advanced(by: 64 * index), t0: Double(at) / 14, t1: Double(next) / 14)
            at = next
        }
        func sharpest(_ range: Range<Int>) -> Double {
            range.map { abs(work.block[0][$0 - 1] - 2 * work.block[0][$0] + work.block[0][$0 + 1]) }.max()!
        }
        let steady = max(sharpest(110 * 64..<150 * 64), sharpest(200 * 64..<240 * 64))
        #expect(sharpest(1000..<frames - 1) <= steady * 1.05)
        for i in 330 * 64..<frames { #expect(work.block[0][i] == input.block[0][i - Clipper.latency]) }
    }

    @Test func everyVectorWidthGivesTheSameBits() {
        var noise = Noise(seed: 14)
        let input = buffer(channels: 2, frames: 6400) { _, i in noise.uniform() * (i / 900 % 2 == 0 ? 1 : 0.1) }
        func bits() -> [UInt64] {
            let out = clip(input, frames: 6400, settings(3))
            return (0..<6400).map { out.block[1][$0].bitPattern }
        }
        let wide = bits()
        lathe_signal_narrow(1)
        defer { lathe_signal_narrow(0) }
        #expect(bits() == wide)
    }

    @Test func silenceAfterNoiseIsSilence() {
        var noise = Noise(seed: 12)
        let input = buffer(channels: 1, frames: 12000) { _, i in i < 8000 ? noise.uniform() : 0 }
        let out = clip(input, frames: 12000, settings(3))
        for i in 8300..<12000 { #expect(out.block[0][i] == 0) }
    }
}
