import DSP
import Foundation
import Testing

private let rate = 44100.0

private func band(_ hz: Double, q: Double = 1.5, threshold: Double? = -30, range: Double, attack: Double = 5, release: Double = 80) -> DynamicEqualizer.Band {
    var made = DynamicEqualizer.Band()
    (made.on, made.hz, made.q, made.rangeDB, made.attackMs, made.releaseMs) = (true, hz, q, range, attack, release)
    made.automatic = threshold == nil
    made.thresholdDB = threshold ?? 0
    return made
}

@discardableResult
private func run(_ block: AudioBlock, frames: Int, _ bands: [DynamicEqualizer.Band]) -> [SIMD4<Double>] {
    var arena = StateArena(capacity: DynamicEqualizer.stateBytes(channels: block.channels))
    let equalizer = DynamicEqualizer(sampleRate: rate, channels: block.channels, arena: &arena)
    var all = InlineArray<4, DynamicEqualizer.Band>(repeating: .init())
    for (i, band) in bands.enumerated() { all[i] = band }
    equalizer.set(all, at: 1, ramp: false)
    return stride(from: 0, to: frames, by: 64).map { equalizer.process(block.advanced(by: $0), frames: min(64, frames - $0), t0: 1, t1: 1) }
}

@Suite struct DynamicEqualizerTests {
    /// Ratio 3 and a knee of 6 dB over a threshold of −30 dBFS: equation 4 of Giannoulis, Massberg, Reiss (2012), up to the range.
    @Test(arguments: [1000.0, 6500, 12000])
    func aToneInTheBandFollowsTheStaticCurve(hz: Double) {
        for level in [-40.0, -32, -30, -26, -22, -10] {
            for range in [-6.0, 6] {
                let frames = 44100, amplitude = pow(10, level / 20)
                let work = buffer(channels: 1, frames: frames) { _, i in amplitude * sin(2 * .pi * hz * Double(i) / rate) }
                run(work.block, frames: frames, [band(hz, range: range)])
                let over = level + 30
                let asked = over < -3 ? 0 : over < 3 ? 2.0 / 3 * (over + 3) * (over + 3) / 12 : 2.0 / 3 * over
                let wanted = level + (range < 0 ? -1 : 1) * min(asked, 6)
                let found = decibels(toneAmplitude(work.block[0] + 22050, 22050, hz: hz, sampleRate: rate))
                #expect(abs(found - wanted) < 0.1, "\(hz) Hz, \(level) dBFS, range \(range): \(found), wanted \(wanted)")
            }
        }
    }

    /// At full range the band is the bell of an equaliser.
    @Test func atFullRangeTheCurveIsTheAnalogueBells() {
        for (hz, range) in [(2000.0, -6.0), (9000, -6), (9000, 4)] {
            for f in [500.0, 1500, 5000, 12000, 18000] {
                // A loud tone holds the band at its range, a quiet one is measured.
                let frames = 88200
                let work = buffer(channels: 1, frames: frames) { _, i in
                    0.5 * sin(2 * .pi * hz * Double(i) / rate) + 1e-4 * sin(2 * .pi * f * Double(i) / rate)
                }
                run(work.block, frames: frames, [band(hz, q: 1, threshold: -60, range: range)])
                let found = toneAmplitude(work.block[0] + 44100, 44100, hz: f, sampleRate: rate) / 1e-4
                #expect(abs(decibels(found / prototype(.bell, db: range, q: 1, at: f / hz))) < 0.1, "\(hz) Hz \(range) dB at \(f) Hz: \(decibels(found))")
            }
        }
    }

    @Test func aQuietBandLeavesTheSignalBitExact() {
        var noise = Noise(seed: 51)
        let input = buffer(channels: 2, frames: 44100) { _, _ in noise.uniform() * 0.01 }
        let work = AudioBuffer(channels: 2, frames: 44100)
        work.block.copy(from: input.block, frames: 44100)
        run(work.block, frames: 44100, [band(3000, threshold: -20, range: -6), band(200, threshold: -20, range: 6)])
        for c in 0..<2 { for i in 0..<44100 { #expect(work.block[c][i] == input.block[c][i]) } }
    }

    /// A gain that swings by 6 dB ten times a second, driven by the tone's own level: nothing beside the tone and the swing's sidebands.
    @Test(arguments: [-6.0, 6])
    func aSwingingGainLeavesNoZipperNoise(range: Double) {
        let frames = 1 << 17, skip = 1 << 15
        let tone = buffer(channels: 1, frames: frames + skip) { _, i in
            let t = Double(i) / rate
            return pow(10, (-20 + 6 * sin(2 * .pi * 10 * t)) / 20) * sin(2 * .pi * 1000 * t)
        }
        let changes = run(tone.block, frames: frames + skip, [band(1000, q: 1, threshold: -23, range: range, attack: 10, release: 80)])
        #expect(changes.map { abs($0[0]) }.max()! > 5)
        let found = Spectrum.spurious((0..<frames).map { tone.block[0][skip + $0] }, hz: 1000, guardBand: 500, sampleRate: rate)
        #expect(found < -100, "\(found) dBc")
    }

    /// Settings turned before every block, as by a hand, over a tone that the band works on.
    @Test func movingSettingsLeaveNoZipperNoise() {
        let frames = 1 << 17, skip = 1 << 15
        let tone = buffer(channels: 1, frames: frames + skip) { _, i in 0.3 * sin(2 * .pi * 1000 * Double(i) / rate) }
        var arena = StateArena(capacity: DynamicEqualizer.stateBytes(channels: 1))
        let equalizer = DynamicEqualizer(sampleRate: rate, channels: 1, arena: &arena)
        for start in stride(from: 0, to: frames + skip, by: 64) {
            var all = InlineArray<4, DynamicEqualizer.Band>(repeating: .init())
            let swing = sin(2 * .pi * 3 * Double(start) / rate)
            all[0] = band(1000 * pow(2, 0.3 * swing), q: 1, threshold: -40, range: -6 + 3 * swing)
            equalizer.set(all, at: start == 0 ? 1 : 1.0 / 14, ramp: start > 0)
            _ = equalizer.process(tone.block.advanced(by: start), frames: 64, t0: 0, t1: 1.0 / 14)
        }
        let found = Spectrum.spurious((0..<frames).map { tone.block[0][skip + $0] }, hz: 1000, guardBand: 500, sampleRate: rate)
        #expect(found < -100, "\(found) dBc")
    }

    /// "S" sounds: bursts at 7 kHz over a steady lower voice. The automatic threshold turns the bursts down, at any level of the programme.
    @Test(arguments: [1.0, 0.1])
    func theDeEsserFindsSibilanceAtAnyLevel(level: Double) {
        let frames = 44100 * 6
        func burst(_ t: Double) -> Double { t.truncatingRemainder(dividingBy: 0.5) < 0.1 ? 0.3 : 0.005 }
        let work = buffer(channels: 2, frames: frames) { _, i in
            let t = Double(i) / rate
            return level * (0.5 * sin(2 * .pi * 220 * t) + burst(t) * sin(2 * .pi * 7000 * t))
        }
        var made = band(6500, threshold: nil, range: -4, attack: 1, release: 60)
        made.q = 1.5
        run(work.block, frames: frames, [made])
        let loud = work.block[0] + 44100 * 5 + 2205, quiet = work.block[0] + 44100 * 5 + 44100 * 4 / 10
        #expect(decibels(toneAmplitude(loud, 2205, hz: 7000, sampleRate: rate) / (0.3 * level)) < -3.2)
        #expect(abs(decibels(toneAmplitude(quiet, 3150, hz: 7000, sampleRate: rate) / (0.005 * level))) < 0.5)
        #expect(abs(decibels(toneAmplitude(work.block[0] + 44100 * 5, 44100, hz: 220, sampleRate: rate) / (0.5 * level))) < 0.02)
    }

    @Test func switchingABandMakesNoClick() {
        let frames = 64 * 600
        let tone = buffer(channels: 2, frames: frames) { _, i in 0.5 * sin(2 * .pi * 300 * Double(i) / rate) }
        var arena = StateArena(capacity: DynamicEqualizer.stateBytes(channels: 2))
        let equalizer = DynamicEqualizer(sampleRate: rate, channels: 2, arena: &arena)
        var all = InlineArray<4, DynamicEqualizer.Band>(repeating: .init())
        var position = 1.0
        for block in 0..<600 {
            if block % 150 == 0 {
                all[0] = band(300, threshold: -30, range: block == 300 ? 5 : -5)
                if block == 450 { all[0].on = false }
                equalizer.set(all, at: position, ramp: block > 0)
                position = 0
            }
            let next = min(1, position + 1.0 / 14)
            _ = equalizer.process(tone.block.advanced(by: 64 * block), frames: 64, t0: position, t1: next)
            position = next
        }
        let own = 0.5 * 1.78 * pow(2 * .pi * 300 / rate, 2)
        for i in 64..<frames - 1 {
            #expect(abs(tone.block[0][i + 1] - 2 * tone.block[0][i] + tone.block[0][i - 1]) < 2 * own)
        }
        for i in 64 * 460..<frames { #expect(tone.block[0][i] == 0.5 * sin(2 * .pi * 300 * Double(i) / rate)) }
    }
}
