import DSP
import Foundation
import Testing

private func made(_ shape: Shape, hz: Double, db: Double, q: Double, rate: Double) -> MatchedFilter {
    switch shape {
    case .bell: .bell(hz: hz, db: db, q: q, sampleRate: rate)
    case .lowShelf: .lowShelf(hz: hz, db: db, q: q, sampleRate: rate)
    case .highShelf: .highShelf(hz: hz, db: db, q: q, sampleRate: rate)
    case .tilt: .tilt(hz: hz, db: db, q: q, sampleRate: rate)
    case .highPass: .highPass(hz: hz, q: q, sampleRate: rate)
    case .lowPass: .lowPass(hz: hz, q: q, sampleRate: rate)
    case .notch: .notch(hz: hz, q: q, sampleRate: rate)
    case .bandPass: .bandPass(hz: hz, q: q, sampleRate: rate)
    }
}

/// Greatest |error| in dB over 20 Hz … 20 kHz (0.4535 of the rate where that is lower) wherever the prototype is above −40 dB.
private func worstError(_ shape: Shape, hz: Double, db: Double, q: Double, rate: Double) -> Double {
    let filter = made(shape, hz: hz, db: db, q: q, rate: rate)
    let top = min(20000, 0.4535 * rate)
    var grid = (0...120).map { 20 * pow(top / 20, Double($0) / 120) } + (1...80).map { top * Double($0) / 80 }
    grid += (-20...20).map { hz * (1 + Double($0) / (10 * q)) }.filter { $0 >= 20 && $0 <= top }
    return grid.reduce(0) { worst, f in
        let wanted = prototype(shape, db: db, q: q, at: f / hz)
        return wanted < 0.01 ? worst : max(worst, abs(decibels(filter.magnitude(hz: f, sampleRate: rate) / wanted)))
    }
}

private func run(_ block: AudioBlock, frames: Int, _ filter: MatchedFilter, _ target: EqualizerBand.Target = .stereo) {
    var arena = StateArena(capacity: 65536)
    let band = EqualizerBand(sampleRate: 48000, channels: block.channels, arena: &arena)
    band.set(filter, target: target, at: 1, ramp: false)
    for start in stride(from: 0, to: frames, by: 64) {
        band.process(block.advanced(by: start), frames: min(64, frames - start), t0: 1, t1: 1)
    }
}

private let frequencies = (0...15).map { 20 * pow(1000, Double($0) / 15) } + stride(from: 11000, through: 20000, by: 750)
private let qs = [0.3, 0.5, 0.71, 1, 1.6, 2.5, 4, 6.3, 10]

@Suite struct EqualizerTests {
    /// The bounds of the mastering plan: 0.1 dB for settings to ±3 dB, 0.3 dB to ±12 dB.
    @Test(arguments: [Shape.bell, .lowShelf, .highShelf, .tilt], [44100.0, 96000])
    func bandsFollowTheAnalogueCurve(shape: Shape, rate: Double) {
        for (db, bound) in [(-12.0, 0.3), (-3, 0.1), (1, 0.1), (3, 0.1), (6, 0.3), (12, 0.3)] {
            for hz in frequencies {
                for q in qs {
                    let error = worstError(shape, hz: hz, db: db, q: q, rate: rate)
                    #expect(error < bound, "\(shape) \(db) dB at \(hz) Hz, Q \(q): \(error) dB")
                }
            }
        }
    }

    @Test(arguments: [Shape.highPass, .lowPass, .bandPass], [44100.0, 96000])
    func passesFollowTheAnalogueCurve(shape: Shape, rate: Double) {
        for hz in frequencies {
            for q in qs {
                let error = worstError(shape, hz: hz, db: 0, q: q, rate: rate)
                #expect(error < 0.3, "\(shape) at \(hz) Hz, Q \(q): \(error) dB")
            }
        }
    }

    @Test func theNotchIsSilentAtItsFrequencyAndFollowsTheAnalogueCurveBeside() {
        for hz in frequencies {
            for q in qs {
                let filter = made(.notch, hz: hz, db: 0, q: q, rate: 44100)
                #expect(filter.magnitude(hz: hz, sampleRate: 44100) < 1e-6)
                for f in [50.0, 400, 1000, 5000, 12000, 19000] {
                    let wanted = prototype(.notch, db: 0, q: q, at: f / hz)
                    guard wanted > 0.3 else { continue }
                    #expect(abs(decibels(filter.magnitude(hz: f, sampleRate: 44100) / wanted)) < 0.1, "\(hz) Hz Q \(q) at \(f) Hz")
                }
            }
        }
    }

    /// What the filters do to a tone, against the analogue curve itself: neither `magnitude` nor the design is asked.
    @Test(arguments: Shape.allCases)
    func measuredTonesAreTheAnalogueCurves(shape: Shape) {
        let rate = 44100.0, frames = 22050
        for (hz, db, q) in [(120.0, -4.5, 0.71), (8000.0, 3.0, 0.9)] {
            for f in [40.0, 120, 1000, 6000, 16000] {
                let tone = buffer(channels: 2, frames: 2 * frames) { _, i in sin(2 * .pi * f * Double(i) / rate) * 0.1 }
                run(tone.block, frames: 2 * frames, made(shape, hz: hz, db: db, q: q, rate: rate))
                let gain = toneAmplitude(tone.block[1] + frames, frames, hz: f, sampleRate: rate) / 0.1
                let wanted = prototype(shape, db: db, q: q, at: f / hz)
                guard wanted > 0.01 else { continue }
                #expect(abs(decibels(gain / wanted)) < 0.06, "\(shape) \(hz) Hz at \(f) Hz: \(decibels(gain / wanted)) dB")
            }
        }
    }

    @Test(arguments: [Shape.bell, .lowShelf, .highShelf, .tilt])
    func boostAndTheSameCutNull(shape: Shape) {
        var noise = Noise(seed: 7)
        let input = buffer(channels: 2, frames: 4096) { _, _ in noise.uniform() * 0.5 }
        for (hz, db, q) in [(40.0, 9.0, 0.8), (2500, 12, 5), (17000, 9, 0.4)] {
            let work = AudioBuffer(channels: 2, frames: 4096)
            work.block.copy(from: input.block, frames: 4096)
            run(work.block, frames: 4096, made(shape, hz: hz, db: db, q: q, rate: 44100))
            run(work.block, frames: 4096, made(shape, hz: hz, db: -db, q: q, rate: 44100))
            var worst = 0.0
            for i in 0..<4096 { worst = max(worst, abs(work.block[0][i] - input.block[0][i])) }
            #expect(decibels(worst) < -200, "\(shape) \(hz) Hz residual \(decibels(worst)) dBFS")
        }
    }

    @Test func aMidBandLeavesTheSideAlone() {
        var noise = Noise(seed: 3)
        let work = buffer(channels: 2, frames: 2048) { _, _ in noise.uniform() * 0.5 }
        let side = (0..<2048).map { work.block[0][$0] - work.block[1][$0] }
        run(work.block, frames: 2048, .bell(hz: 1000, db: 6, q: 1, sampleRate: 44100), .mid)
        for i in 0..<2048 { #expect(abs((work.block[0][i] - work.block[1][i]) - side[i]) < 1e-14) }
    }

    @Test(arguments: [Shape.bell, .lowShelf, .highShelf, .tilt])
    func zeroGainIsBitExact(shape: Shape) {
        var noise = Noise(seed: 5)
        let input = buffer(channels: 2, frames: 1024) { _, _ in noise.uniform() }
        let work = AudioBuffer(channels: 2, frames: 1024)
        work.block.copy(from: input.block, frames: 1024)
        run(work.block, frames: 1024, made(shape, hz: 9000, db: 0, q: 1, rate: 44100))
        for i in 0..<1024 { #expect(work.block[0][i] == input.block[0][i]) }
    }

    @Test func oddChannelCountsAreFiltered() {
        let frames = 48000
        let tone = buffer(channels: 3, frames: frames) { _, i in sin(2 * .pi * 1000 * Double(i) / 48000) * 0.1 }
        run(tone.block, frames: frames, .bell(hz: 1000, db: 6, q: 1, sampleRate: 48000))
        for c in 0..<3 {
            let gain = toneAmplitude(tone.block[c] + 24000, 24000, hz: 1000, sampleRate: 48000) / 0.1
            #expect(abs(decibels(gain) - 6) < 1e-4)
        }
    }
}

@Suite struct EqualizerGlideTests {
    /// Turns a band's settings before every block, as a hand on a knob does, with ramps of 20 ms that never get to their end.
    private func turned(_ x: AudioBlock, frames: Int, rate: Double, _ filter: (Double) -> MatchedFilter) {
        var arena = StateArena(capacity: 65536)
        let band = EqualizerBand(sampleRate: rate, channels: x.channels, arena: &arena)
        let blocks = (0.02 * rate / 64).rounded(.up)
        for start in stride(from: 0, to: frames, by: 64) {
            band.set(filter(Double(start) / rate), target: .stereo, at: start == 0 ? 1 : 1 / blocks, ramp: start > 0)
            band.process(x.advanced(by: start), frames: 64, t0: 0, t1: 1 / blocks)
        }
    }

    /// The zipper test of the mastering plan: a gain swinging by ±6 dB ten times a second leaves nothing beside the tone. Sidebands of the
    /// swing itself fall under −160 dB within 200 Hz (Bessel functions of 0.69).
    @Test(arguments: [44100.0, 96000])
    func aSwingingGainLeavesNoZipperNoise(rate: Double) {
        let frames = 1 << 17, skip = 1 << 15
        let tone = buffer(channels: 1, frames: frames + skip) { _, i in sin(2 * .pi * 1000 * Double(i) / rate) * 0.5 }
        turned(tone.block, frames: frames + skip, rate: rate) { t in
            .bell(hz: 1000, db: 6 * sin(2 * .pi * 10 * t), q: 1, sampleRate: rate)
        }
        let found = Spectrum.spurious((0..<frames).map { tone.block[0][skip + $0] }, hz: 1000, guardBand: 300, sampleRate: rate)
        #expect(found < -100, "\(found) dBc")
    }

    @Test func filtersStayStableWhileTheyGlideOverTheirWholeRange() {
        var noise = Noise(seed: 21)
        let frames = 64 * 3000
        let work = buffer(channels: 2, frames: frames) { _, _ in noise.uniform() * 0.5 }
        var turn = Noise(seed: 4)
        turned(work.block, frames: frames, rate: 44100) { _ in
            let hz = 20 * pow(1000, (turn.uniform() + 1) / 2), q = 0.3 * pow(33, (turn.uniform() + 1) / 2), db = 12 * turn.uniform()
            let shape = Shape.allCases[turn.integer(0...5)]
            return made(shape, hz: hz, db: db, q: q, rate: 44100)
        }
        var loudest = 0.0
        for i in 0..<frames { loudest = max(loudest, abs(work.block[0][i])) }
        #expect(loudest < 16, "reached \(loudest)")
    }

    @Test func aGlideEndsInTheSettingsItWasGivenAndThenCostsNothing() {
        let rate = 48000.0, frames = 64 * 600
        var noise = Noise(seed: 2)
        let input = buffer(channels: 2, frames: frames) { _, _ in noise.uniform() * 0.5 }
        let work = AudioBuffer(channels: 2, frames: frames)
        work.block.copy(from: input.block, frames: frames)
        var arena = StateArena(capacity: 65536)
        let band = EqualizerBand(sampleRate: rate, channels: 2, arena: &arena)
        var position = 0.0
        for block in 0..<600 {
            if block == 100 { (position, _) = (0, band.set(.bell(hz: 300, db: 5, q: 1, sampleRate: rate), target: .stereo, at: 1, ramp: true)) }
            if block == 300 { (position, _) = (0, band.set(.identity, target: .stereo, at: 1, ramp: true)) }
            let next = block < 100 ? 1 : min(1, position + 1.0 / 15)
            band.process(work.block.advanced(by: 64 * block), frames: 64, t0: position, t1: next)
            position = next
        }
        for i in 0..<6400 { #expect(work.block[0][i] == input.block[0][i]) }
        for i in 64 * 500..<frames { #expect(work.block[0][i] == input.block[0][i]) }
        let reference = AudioBuffer(channels: 2, frames: frames)
        reference.block.copy(from: input.block, frames: frames)
        run(reference.block, frames: frames, .bell(hz: 300, db: 5, q: 1, sampleRate: rate))
        for i in 64 * 290..<64 * 300 { #expect(abs(work.block[0][i] - reference.block[0][i]) < 1e-8) }
    }
}
