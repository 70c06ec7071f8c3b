import CSignal
import Foundation
import Testing
@testable import DSP

private let rate = 44100.0

/// A correction such as tonal balance asks for: some dB, over octaves.
private func correction(_ seed: UInt64) -> GainCurve {
    var noise = Noise(seed: seed)
    let knots = (0..<12).map { _ in noise.uniform() * 5 }
    var curve = GainCurve()
    for i in 0..<121 {
        let x = Double(i) / 12
        let k = min(Int(x), 10), t = x - Double(k), w = t * t * (3 - 2 * t)
        curve.db[i] = knots[k] + (knots[k + 1] - knots[k]) * w
    }
    return curve
}

private struct Fixture: ~Copyable {
    var arena: StateArena
    let equalizer: LinearPhaseEqualizer

    init(channels: Int, sampleRate: Double = rate) {
        var arena = StateArena(capacity: LinearPhaseEqualizer.stateBytes(sampleRate: sampleRate, channels: channels))
        equalizer = LinearPhaseEqualizer(sampleRate: sampleRate, channels: channels, arena: &arena)
        self.arena = arena
    }

    deinit { equalizer.deallocate() }
}

/// 2·latency frames of response to a unit impulse in frame 0 of every channel.
private func impulseResponse(_ settings: LinearPhaseEqualizer.Settings, channels: Int = 1, sampleRate: Double = rate) -> (AudioBuffer, latency: Int) {
    let fixture = Fixture(channels: channels, sampleRate: sampleRate)
    fixture.equalizer.set(settings, ramp: false)
    let latency = fixture.equalizer.latency
    let block = buffer(channels: channels, frames: 2 * latency + 1) { _, i in i == 0 ? 1 : 0 }
    fixture.equalizer.process(block.block, frames: 2 * latency + 1)
    return (block, latency)
}

/// Gain at `hz` of a response that is symmetric around `middle`.
private func gain(_ h: UnsafePointer<Double>, middle: Int, hz: Double, sampleRate: Double = rate) -> Double {
    var sum = 0.0
    for i in 0...2 * middle { sum += h[i] * cos(2 * .pi * hz * Double(i - middle) / sampleRate) }
    return sum
}

@Suite struct LinearPhaseEqualizerTests {
    /// The band of a lower rate: nothing happens in it up to 0.96 of its end, and nothing is left behind 1.04.
    @Test(arguments: [(192_000.0, 22_050.0), (96_000, 22_050), (48_000, 22_050), (88_200, 24_000), (384_000, 4000)])
    func whatALowerRateDoesNotHoldIsTakenOut(sampleRate: Double, end: Double) {
        var settings = LinearPhaseEqualizer.Settings()
        settings.bandEndHz = end
        #expect(!settings.isNeutral)
        let (h, latency) = impulseResponse(settings, sampleRate: sampleRate)
        for hz in [20, 1000, 0.5 * end, 0.9 * end, 0.95 * end] {
            #expect((20 * log10(gain(h.block[0], middle: latency, hz: hz, sampleRate: sampleRate))).magnitude < 0.01, "\(hz)")
        }
        for hz in [1.05 * end, 1.07 * end, 1.08 * end, min(2 * end, 0.499 * sampleRate)] {
            #expect(gain(h.block[0], middle: latency, hz: hz, sampleRate: sampleRate).magnitude < 1e-4, "\(hz)")
        }
    }

    @Test(arguments: [8000.0, 44100, 48000, 96000])
    func theResponseIsSymmetricAroundTheDeclaredLatency(sampleRate: Double) {
        var settings = LinearPhaseEqualizer.Settings()
        settings.mid = correction(1)
        let (h, latency) = impulseResponse(settings, sampleRate: sampleRate)
        var largest = 0
        for i in 0...2 * latency {
            #expect(abs(h.block[0][i] - h.block[0][2 * latency - i]) < 1e-12)
            if abs(h.block[0][i]) > abs(h.block[0][largest]) { largest = i }
        }
        #expect(largest == latency)
    }

    @Test func aConstantGainHasNoRipple() {
        var settings = LinearPhaseEqualizer.Settings()
        for i in 0..<121 { settings.mid.db[i] = 3 }
        let (h, latency) = impulseResponse(settings)
        for hz in stride(from: 0.0, through: 22050, by: 50) {
            #expect(abs(decibels(gain(h.block[0], middle: latency, hz: hz)) - 3) < 1e-9)
        }
    }

    /// At the centres the curve is the given number, whatever the interpolation between.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func curvesAreMetAtTheirPoints(seed: UInt64) {
        var settings = LinearPhaseEqualizer.Settings()
        settings.mid = correction(seed)
        let (h, latency) = impulseResponse(settings)
        for i in 28..<121 {
            let centre = 1000 * pow(10, Double(i - 68) / 40)
            let error = decibels(gain(h.block[0], middle: latency, hz: centre)) - settings.mid.db[i]
            #expect(abs(error) < (i >= 68 ? 0.01 : 0.1), "\(centre) Hz: \(error) dB")
        }
    }

    /// Between the points the curve stays between them, also beside a step, and the filter on the curve.
    @Test func theCurveBetweenThePointsIsMonotoneAndMet() {
        var stairs = GainCurve()
        for i in 0..<121 { stairs.db[i] = [0, 0.1, 6, 6, 5.9, 0][i % 6] }
        var settings = LinearPhaseEqualizer.Settings()
        settings.mid = correction(5)
        let (h, latency) = impulseResponse(settings)
        for i in 68..<120 {
            for step in [1, 3, 5] {
                let hz = 1000 * pow(10, (Double(i - 68) + Double(step) / 6) / 40)
                for curve in [stairs, settings.mid] {
                    let wanted = curve.decibels(at: hz)
                    #expect(wanted > min(curve.db[i], curve.db[i + 1]) - 1e-9 && wanted < max(curve.db[i], curve.db[i + 1]) + 1e-9)
                }
                #expect(abs(decibels(gain(h.block[0], middle: latency, hz: hz)) - settings.mid.decibels(at: hz)) < 0.01)
            }
        }
    }

    @Test(arguments: [(AnalogueBand.Shape.bell, Shape.bell), (.lowShelf, .lowShelf), (.highShelf, .highShelf), (.tilt, .tilt), (.highPass, .highPass), (.lowPass, .lowPass), (.notch, .notch)])
    func bandsHaveTheirAnalogueCurve(shape: AnalogueBand.Shape, prototypeShape: Shape) {
        for (hz, db) in [(700.0, 6.0), (9000, -4.5)] {
            var settings = LinearPhaseEqualizer.Settings()
            settings.bands[3].band = AnalogueBand(shape: shape, hz: hz, db: db, q: 0.9)
            let (h, latency) = impulseResponse(settings)
            for f in [60.0, 300, 650, 1500, 5000, 12000, 19000] {
                let wanted = prototype(prototypeShape, db: db, q: 0.9, at: f / hz)
                guard wanted > 0.1 else { continue }
                let error = decibels(gain(h.block[0], middle: latency, hz: f) / wanted)
                #expect(abs(error) < 0.02, "\(shape) \(hz) Hz at \(f) Hz: \(error) dB")
            }
        }
    }

    /// Before −25 ms a correction of some dB per octave has decayed under −60 dB of the middle tap, before −41 ms there is nothing.
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func preRingingIsBounded(seed: UInt64) {
        var settings = LinearPhaseEqualizer.Settings()
        settings.mid = correction(seed)
        let (h, latency) = impulseResponse(settings)
        let middle = abs(h.block[0][latency])
        for i in 0..<latency - Int(0.025 * rate) { #expect(abs(h.block[0][i]) < middle * 0.001) }
        for i in 0..<latency - Int(0.0407 * rate) { #expect(abs(h.block[0][i]) < 1e-15) }
    }

    @Test(arguments: [1, 2, 3])
    func settingsWithoutEffectAreABitExactDelay(channels: Int) {
        let fixture = Fixture(channels: channels)
        fixture.equalizer.set(.init(), ramp: false)
        let latency = fixture.equalizer.latency, frames = 20000
        var noise = Noise(seed: 6)
        let input = buffer(channels: channels, frames: frames) { _, _ in noise.uniform() }
        let work = AudioBuffer(channels: channels, frames: frames)
        work.block.copy(from: input.block, frames: frames)
        fixture.equalizer.process(work.block, frames: frames)
        for c in 0..<channels { for i in latency..<frames { #expect(work.block[c][i] == input.block[c][i - latency]) } }
    }

    private func rendered(_ input: AudioBuffer, frames: Int, channels: Int, size: (Int) -> Int) -> AudioBuffer {
        let fixture = Fixture(channels: channels)
        let work = AudioBuffer(channels: channels, frames: frames)
        work.block.copy(from: input.block, frames: frames)
        var at = 0
        while at < frames {
            var settings = LinearPhaseEqualizer.Settings()
            if at >= 9728 { (settings.mid, settings.side) = (correction(8), correction(9)) }
            if at >= 19968 { settings.bands[0].band.db = 4 }
            fixture.equalizer.set(settings, ramp: true)
            // Changes fall on the same frames for every size.
            let n = min(size(at), [9728, 19968, frames].first { $0 > at }! - at)
            fixture.equalizer.process(work.block.advanced(by: at), frames: n)
            at += n
        }
        return work
    }

    @Test(arguments: [1, 2, 5])
    func theCutIntoCallsNeverChangesABit(channels: Int) {
        let frames = 40000
        var noise = Noise(seed: 7)
        let input = buffer(channels: channels, frames: frames) { _, _ in noise.uniform() * 0.5 }
        let reference = rendered(input, frames: frames, channels: channels) { _ in frames }
        for size in [7, 64, 511, 4096] {
            let other = rendered(input, frames: frames, channels: channels) { _ in size }
            for c in 0..<channels { #expect((0..<frames).allSatisfy { reference.block[c][$0] == other.block[c][$0] }, "size \(size)") }
        }
    }

    @Test func theSideCurveLeavesMonoAloneAndTheMidCurveTheSide() {
        var settings = LinearPhaseEqualizer.Settings()
        settings.side = correction(3)
        let frames = 30000
        var noise = Noise(seed: 8)
        let x = (0..<frames).map { _ in noise.uniform() * 0.5 }
        for (side, sign) in [(true, 1.0), (false, -1.0)] {
            let fixture = Fixture(channels: 2)
            if !side { (settings.mid, settings.side) = (settings.side, GainCurve()) }
            fixture.equalizer.set(settings, ramp: false)
            let work = buffer(channels: 2, frames: frames) { c, i in c == 0 ? x[i] : sign * x[i] }
            fixture.equalizer.process(work.block, frames: frames)
            let latency = fixture.equalizer.latency
            for i in latency..<frames {
                #expect(abs(work.block[0][i] - x[i - latency]) < 1e-14 && abs(work.block[1][i] - sign * x[i - latency]) < 1e-14)
            }
        }
    }

    /// A curve that changes as often as it can, by ±6 dB, leaves nothing beside a tone.
    @Test func aChangeOfCurveLeavesNoZipperNoise() {
        let fixture = Fixture(channels: 1)
        let frames = 1 << 17, skip = 16384, hop = fixture.equalizer.hop
        let tone = buffer(channels: 1, frames: frames + skip) { _, i in sin(2 * .pi * 1000 * Double(i) / rate) * 0.5 }
        for at in stride(from: 0, to: frames + skip, by: hop) {
            var settings = LinearPhaseEqualizer.Settings()
            for i in 0..<121 { settings.mid.db[i] = at / hop % 2 == 0 ? 6 : -6 }
            fixture.equalizer.set(settings, ramp: true)
            fixture.equalizer.process(tone.block.advanced(by: at), frames: min(hop, frames + skip - at))
        }
        let found = Spectrum.spurious((0..<frames).map { tone.block[0][skip + $0] }, hz: 1000, guardBand: 400, sampleRate: rate)
        #expect(found < -100, "\(found) dBc")
    }

    @Test func aSnapshotOfTheArenaContinuesBitForBit() {
        let fixture = Fixture(channels: 2), other = Fixture(channels: 2)
        var noise = Noise(seed: 10)
        let input = buffer(channels: 2, frames: 30000) { _, _ in noise.uniform() * 0.5 }
        var settings = LinearPhaseEqualizer.Settings()
        settings.mid = correction(2)
        fixture.equalizer.set(settings, ramp: true)
        fixture.equalizer.process(input.block, frames: 10000)
        other.arena.base.copyMemory(from: fixture.arena.base, byteCount: fixture.arena.used)
        let again = AudioBuffer(channels: 2, frames: 20000)
        again.block.copy(from: input.block.advanced(by: 10000), frames: 20000)
        fixture.equalizer.process(input.block.advanced(by: 10000), frames: 20000)
        other.equalizer.process(again.block, frames: 20000)
        for c in 0..<2 { for i in 0..<20000 { #expect(again.block[c][i] == input.block[c][10000 + i]) } }
    }

    @Test(arguments: [64, 128, 1024, 8192])
    func theTransformIsTheSumOfItsDefinition_onEveryProcessor(size: Int) {
        let transform = PlanarTransform<Double>(size: size)
        let memory = PlanarTransform<Double>.memory(4 * size)
        defer {
            transform.deallocate()
            memory.deallocate()
        }
        var noise = Noise(seed: 12)
        let x = (0..<size).map { _ in (noise.uniform(), noise.uniform()) }
        let (re, im, narrowRe, narrowIm) = (memory, memory + size, memory + 2 * size, memory + 3 * size)
        for i in 0..<size { (re[i], im[i], narrowRe[i], narrowIm[i]) = (x[i].0, x[i].1, x[i].0, x[i].1) }
        transform.forward(re, im)
        lathe_signal_narrow(1)
        transform.forward(narrowRe, narrowIm)
        lathe_signal_narrow(0)
        var position = 0
        for k in 0..<size {
            defer { position = transform.position(after: position) }
            if k % max(1, size / 64) != 1 % (size / 64) { continue }
            var sum = (0.0, 0.0)
            for n in 0..<size {
                let angle = -2 * Double.pi * Double(k * n % size) / Double(size)
                sum.0 += x[n].0 * cos(angle) - x[n].1 * sin(angle)
                sum.1 += x[n].0 * sin(angle) + x[n].1 * cos(angle)
            }
            #expect(abs(re[position] - sum.0) < 1e-10 && abs(im[position] - sum.1) < 1e-10)
        }
        for i in 0..<size { #expect(re[i] == narrowRe[i] && im[i] == narrowIm[i]) }
        transform.backward(re, im)
        for i in 0..<size { #expect(abs(re[i] / Double(size) - x[i].0) < 1e-14 && abs(im[i] / Double(size) - x[i].1) < 1e-14) }
    }
}
