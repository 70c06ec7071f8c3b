import DSP
import Foundation
import Testing

/// |H| of the bilinear biquads of R. Bristow-Johnson's Audio EQ Cookbook (W3C note): an independent route to the same filters.
private func cookbook(_ kind: String, hz: Double, db: Double, q: Double, at f: Double, rate: Double) -> Double {
    let a = pow(10, db / 40), w0 = 2 * Double.pi * hz / rate, alpha = sin(w0) / (2 * q), cosw = cos(w0)
    let b: [Double], d: [Double]
    switch kind {
    case "bell":
        b = [1 + alpha * a, -2 * cosw, 1 - alpha * a]
        d = [1 + alpha / a, -2 * cosw, 1 - alpha / a]
    case "lowShelf":
        let r = 2 * a.squareRoot() * alpha
        b = [a * (a + 1 - (a - 1) * cosw + r), 2 * a * (a - 1 - (a + 1) * cosw), a * (a + 1 - (a - 1) * cosw - r)]
        d = [a + 1 + (a - 1) * cosw + r, -2 * (a - 1 + (a + 1) * cosw), a + 1 + (a - 1) * cosw - r]
    case "highShelf":
        let r = 2 * a.squareRoot() * alpha
        b = [a * (a + 1 + (a - 1) * cosw + r), -2 * a * (a - 1 + (a + 1) * cosw), a * (a + 1 + (a - 1) * cosw - r)]
        d = [a + 1 - (a - 1) * cosw + r, 2 * (a - 1 - (a + 1) * cosw), a + 1 - (a - 1) * cosw - r]
    case "highPass":
        b = [(1 + cosw) / 2, -(1 + cosw), (1 + cosw) / 2]
        d = [1 + alpha, -2 * cosw, 1 - alpha]
    case "lowPass":
        b = [(1 - cosw) / 2, 1 - cosw, (1 - cosw) / 2]
        d = [1 + alpha, -2 * cosw, 1 - alpha]
    default:
        b = [1, -2 * cosw, 1]
        d = [1 + alpha, -2 * cosw, 1 - alpha]
    }
    let w = 2 * Double.pi * f / rate
    func power(_ c: [Double]) -> Double {
        let re = c[0] + c[1] * cos(w) + c[2] * cos(2 * w), im = c[1] * sin(w) + c[2] * sin(2 * w)
        return re * re + im * im
    }
    return (power(b) / power(d)).squareRoot()
}

private func made(_ kind: String, hz: Double, db: Double, q: Double, rate: Double) -> SVFCoefficients {
    switch kind {
    case "bell": .bell(hz: hz, db: db, q: q, sampleRate: rate)
    case "lowShelf": .lowShelf(hz: hz, db: db, q: q, sampleRate: rate)
    case "highShelf": .highShelf(hz: hz, db: db, q: q, sampleRate: rate)
    case "highPass": .highPass(hz: hz, q: q, sampleRate: rate)
    case "lowPass": .lowPass(hz: hz, q: q, sampleRate: rate)
    default: .notch(hz: hz, q: q, sampleRate: rate)
    }
}

private func run(_ block: AudioBlock, frames: Int, channels: Int, _ coefficients: SVFCoefficients, _ target: EqualizerBand.Target = .stereo) {
    var arena = StateArena(capacity: 65536)
    let band = EqualizerBand(channels: channels, arena: &arena)
    band.set(coefficients, target: target, at: 1, ramp: false)
    for start in stride(from: 0, to: frames, by: 64) {
        band.process(block.advanced(by: start), frames: min(64, frames - start), t0: 1, t1: 1)
    }
}

@Suite struct EqualizerTests {
    @Test(arguments: ["bell", "lowShelf", "highShelf", "highPass", "lowPass", "notch"])
    func measuredResponseIsTheCookbooks(kind: String) {
        let rate = 48000.0, frames = 48000
        for (hz, db, q) in [(1000.0, 6.0, 1.0), (120.0, -4.5, 0.71), (6000.0, 11.0, 0.9)] {
            for f in [50.0, 120, 700, 1000, 3000, 6000, 15000] {
                let tone = buffer(channels: 2, frames: 2 * frames) { _, i in sin(2 * .pi * f * Double(i) / rate) * 0.1 }
                run(tone.block, frames: 2 * frames, channels: 2, made(kind, hz: hz, db: db, q: q, rate: rate))
                let gain = toneAmplitude(tone.block[1] + frames, frames, hz: f, sampleRate: rate) / 0.1
                let expected = cookbook(kind, hz: hz, db: db, q: q, at: f, rate: rate)
                #expect(abs(gain - expected) < 1e-6 * max(1, expected), "\(kind) \(hz) Hz \(db) dB at \(f) Hz")
            }
        }
    }

    @Test func magnitudeAgreesWithCookbook() {
        for kind in ["bell", "lowShelf", "highShelf", "highPass", "lowPass", "notch"] {
            for f in [20.0, 333, 4567, 19000] {
                let ours = made(kind, hz: 900, db: -7, q: 1.3, rate: 44100).magnitude(hz: f, sampleRate: 44100)
                #expect(abs(ours - cookbook(kind, hz: 900, db: -7, q: 1.3, at: f, rate: 44100)) < 1e-9)
            }
        }
    }

    @Test func boostAndTheSameCutNull() {
        var noise = Noise(seed: 7)
        let input = buffer(channels: 2, frames: 4096) { _, _ in noise.uniform() * 0.5 }
        for kind in ["bell", "lowShelf", "highShelf"] {
            let work = AudioBuffer(channels: 2, frames: 4096)
            work.block.copy(from: input.block, frames: 4096)
            run(work.block, frames: 4096, channels: 2, made(kind, hz: 2500, db: 9, q: 0.8, rate: 44100))
            run(work.block, frames: 4096, channels: 2, made(kind, hz: 2500, db: -9, q: 0.8, rate: 44100))
            var worst = 0.0
            for i in 0..<4096 { worst = max(worst, abs(work.block[0][i] - input.block[0][i])) }
            #expect(decibels(worst) < -240, "\(kind) residual \(decibels(worst)) dBFS")
        }
    }

    @Test func aMidBandLeavesTheSideAlone() {
        var noise = Noise(seed: 3)
        let work = buffer(channels: 2, frames: 2048) { _, _ in noise.uniform() * 0.5 }
        let side = (0..<2048).map { work.block[0][$0] - work.block[1][$0] }
        run(work.block, frames: 2048, channels: 2, .bell(hz: 1000, db: 6, q: 1, sampleRate: 44100), .mid)
        for i in 0..<2048 { #expect(abs((work.block[0][i] - work.block[1][i]) - side[i]) < 1e-14) }
    }

    @Test func aBellAtZeroGainIsBitExact() {
        var noise = Noise(seed: 5)
        let input = buffer(channels: 2, frames: 1024) { _, _ in noise.uniform() }
        let work = AudioBuffer(channels: 2, frames: 1024)
        work.block.copy(from: input.block, frames: 1024)
        run(work.block, frames: 1024, channels: 2, .bell(hz: 1000, db: 0, q: 1, sampleRate: 44100))
        for i in 0..<1024 { #expect(work.block[0][i] == input.block[0][i]) }
    }

    @Test func oddChannelCountsAreFiltered() {
        let frames = 48000
        let tone = buffer(channels: 3, frames: frames) { _, i in sin(2 * .pi * 1000 * Double(i) / 48000) * 0.1 }
        run(tone.block, frames: frames, channels: 3, .bell(hz: 1000, db: 6, q: 1, sampleRate: 48000))
        for c in 0..<3 {
            let gain = toneAmplitude(tone.block[c] + 24000, 24000, hz: 1000, sampleRate: 48000) / 0.1
            #expect(abs(decibels(gain) - 6) < 1e-4)
        }
    }
}
