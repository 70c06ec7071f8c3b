import DSP
import Foundation
import Testing

/// All bands of a one-channel signal, each as an array.
private func split(_ x: [Double], rate: Double, hz: SIMD3<Double>, bands: Int) -> [[Double]] {
    var arena = StateArena(capacity: 65536)
    let crossover = Crossover(sampleRate: rate, channels: 1, arena: &arena)
    crossover.set(hz: hz, bands: bands, at: 1, ramp: false)
    let block = buffer(channels: 1, frames: x.count) { _, i in x[i] }
    let lanes = UnsafeMutablePointer<SIMD2<Double>>.allocate(capacity: 256)
    defer { lanes.deallocate() }
    var out = [[Double]](repeating: [], count: bands)
    for start in stride(from: 0, to: x.count, by: 64) {
        let n = min(64, x.count - start)
        crossover.process(block.block.advanced(by: start), frames: n, t0: 1, t1: 1, into: lanes)
        for b in 0..<bands { for i in 0..<n { out[b].append(lanes[b * 64 + i].x) } }
    }
    return out
}

/// The second-order allpass of the Audio EQ Cookbook at Q = √½, in direct form.
private func allpass(_ x: [Double], hz: Double, rate: Double) -> [Double] {
    let w = 2 * Double.pi * hz / rate, alpha = sin(w) / 2.squareRoot()
    let b = [1 - alpha, -2 * cos(w), 1 + alpha].map { $0 / (1 + alpha) }
    var (x1, x2, y1, y2) = (0.0, 0.0, 0.0, 0.0)
    return x.map { v in
        let y = b[0] * v + b[1] * x1 + b[2] * x2 - b[1] * y1 - b[0] * y2
        (x2, x1, y2, y1) = (x1, v, y1, y)
        return y
    }
}

private let corners = SIMD3(120.0, 700, 4500)

@Suite struct CrossoverTests {
    @Test(arguments: [3, 4], [44100.0, 96000])
    func theBandsAddUpToAnAllpass(bands: Int, rate: Double) {
        var noise = Noise(seed: 31)
        let x = (0..<44100).map { _ in noise.uniform() }
        let parts = split(x, rate: rate, hz: corners, bands: bands)
        var reference = x
        for i in 0..<bands - 1 { reference = allpass(reference, hz: corners[i], rate: rate) }
        var worst = 0.0
        for i in x.indices { worst = max(worst, abs(parts.reduce(0) { $0 + $1[i] } - reference[i])) }
        #expect(decibels(worst) < -140, "\(decibels(worst)) dB")
    }

    @Test(arguments: [3, 4])
    func theSumIsFlat(bands: Int) {
        let count = 1 << 15
        let parts = split((0..<count).map { $0 == 0 ? 1 : 0 }, rate: 44100, hz: corners, bands: bands)
        let spectrum = Spectrum((0..<count).map { i in parts.reduce(0) { $0 + $1[i] } })
        for k in 1..<count where (10.0...0.49 * 44100).contains(Double(k) * 44100 / Double(count)) {
            #expect(abs(decibels(spectrum.magnitude(k))) < 0.001)
        }
    }

    /// A Linkwitz-Riley low-pass of fourth order is 1/(1 + w⁴), the high-pass w⁴/(1 + w⁴).
    @Test func theSlopesAreLinkwitzRileys() {
        let rate = 192000.0, count = 1 << 16
        let parts = split((0..<count).map { $0 == 0 ? 1 : 0 }, rate: rate, hz: corners, bands: 4).map { Spectrum($0) }
        for hz in [30.0, 120, 240, 700, 1400, 4500, 9000, 13500] {
            let k = Int((hz * Double(count) / rate).rounded()), f = Double(k) * rate / Double(count)
            func low(_ i: Int) -> Double { 1 / (1 + pow(f / corners[i], 4)) }
            let wanted = [low(0), (1 - low(0)) * low(1), (1 - low(0)) * (1 - low(1)) * low(2), (1 - low(0)) * (1 - low(1)) * (1 - low(2))]
            for b in 0..<4 where wanted[b] > 1e-4 {
                // Frequencies are those of the bilinear transform: 0.2 % off at 4.5 kHz, 1.7 % at 13.5 kHz, four times that in gain.
                #expect(abs(decibels(parts[b].magnitude(k) / wanted[b])) < (f < 2000 ? 0.08 : 0.7), "band \(b) at \(f) Hz")
            }
        }
    }

    @Test func movingCornersKeepTheSum() {
        let rate = 44100.0, frames = 64 * 400
        var arena = StateArena(capacity: 65536)
        let crossover = Crossover(sampleRate: rate, channels: 1, arena: &arena)
        crossover.set(hz: corners, bands: 4, at: 1, ramp: false)
        let tone = buffer(channels: 1, frames: frames) { _, i in sin(2 * .pi * 1000 * Double(i) / rate) }
        let lanes = UnsafeMutablePointer<SIMD2<Double>>.allocate(capacity: 256)
        defer { lanes.deallocate() }
        var sum: [Double] = []
        for block in 0..<400 {
            if block == 200 { crossover.set(hz: SIMD3(200, 1200, 8000), bands: 4, at: 1, ramp: true) }
            let t = block < 200 ? 1 : min(1, Double(block - 199) / 14)
            crossover.process(tone.block.advanced(by: 64 * block), frames: 64, t0: block < 200 ? 1 : max(0, t - 1.0 / 14), t1: t, into: lanes)
            for i in 0..<64 { sum.append((0..<4).reduce(0) { $0 + lanes[$1 * 64 + i].x }) }
        }
        for start in stride(from: 6400, to: frames - 441, by: 147) {
            let peak = sum[start..<start + 441].reduce(0) { max($0, abs($1)) }
            #expect(abs(decibels(peak)) < 0.2)
        }
    }
}
