import DSP

/// Where one drum stroke is drawn: sines that fall, noise through filters, partials that ring.
struct DrumCanvas {
    let rate: Double
    private var noise: Noise
    private var left: [Double] = []
    private var right: [Double] = []

    init(rate: Double, seed: UInt64) {
        self.rate = rate
        noise = Noise(seed)
        for _ in 0..<8 { _ = noise.next() }
    }

    /// The finished stroke, its end faded, with a few early reflections of a small room.
    func stroke(room: Double) -> DrumStroke {
        var (l, r) = (left, right)
        if room > 0 {
            let taps: [(Double, Double, Double)] = [(0.0031, 0.4, 0.25), (0.0073, 0.28, 0.36), (0.0117, 0.22, 0.2), (0.0173, 0.15, 0.19), (0.0239, 0.12, 0.1)]
            let tail = Int(0.03 * rate)
            l += [Double](repeating: 0, count: tail)
            r += [Double](repeating: 0, count: tail)
            // Reflections lack the depth: the low end stays mono.
            var state = (0.0, 0.0)
            for i in left.indices {
                state.0 += 0.06 * (left[i] - state.0)
                state.1 += 0.06 * (right[i] - state.1)
                let (hl, hr) = (left[i] - state.0, right[i] - state.1)
                for (seconds, a, b) in taps {
                    let k = i + Int(seconds * rate)
                    if k < l.count {
                        l[k] += hl * a * room
                        r[k] += hr * b * room
                    }
                }
            }
        }
        let fade = min(l.count, Int(0.004 * rate))
        for i in 0..<fade {
            let g = Double(i) / Double(fade)
            l[l.count - 1 - i] *= g
            r[r.count - 1 - i] *= g
        }
        return DrumStroke(left: l, right: r)
    }

    private mutating func grow(_ seconds: Double) -> Int {
        let n = Int(seconds * rate)
        if left.count < n {
            left += [Double](repeating: 0, count: n - left.count)
            right += [Double](repeating: 0, count: n - right.count)
        }
        return n
    }

    /// Decay to −60 dB in `seconds`, per frame.
    private func fall(_ seconds: Double) -> Double { FastMath.exp2(-9.965784284662087 / (max(0.001, seconds) * rate)) }

    /// Soft limit x·(27 + x²)/(27 + 9x²), the Padé form of tanh, held at ±1 beyond ±3.
    private static func soft(_ x: Double) -> Double {
        let y = max(-3, min(3, x))
        return y * (27 + y * y) / (27 + 9 * y * y)
    }

    mutating func kick(_ s: KitSound, _ strength: Double) {
        let n = grow(s.kickSeconds * 1.6)
        var phase = 0.0, sweep = 1.0, body = 1.0, click = 1.5 * s.kickClick * strength
        let sweepFall = fall(s.kickSweep * 6), bodyFall = fall(s.kickSeconds * 1.5), clickFall = fall(0.02)
        let drive = 1 + s.kickDrive
        var low = 0.0
        for i in 0..<n {
            let hz = s.kickTo + (s.kickFrom - s.kickTo) * sweep * (0.6 + 0.4 * strength)
            phase += hz / rate
            phase -= phase.rounded(.down)
            low += 0.5 * (noise.next() - low)
            let tone = Self.soft(FastMath.sinPi(2 * phase) * drive) / Self.soft(drive)
            let rise = min(1, Double(i) / 40)
            let x = (tone * body * 0.95 + low * click) * rise
            left[i] += x
            right[i] += x
            sweep *= sweepFall
            body *= bodyFall
            click *= clickFall
        }
    }

    mutating func snare(_ s: KitSound, _ strength: Double) {
        let n = grow(max(s.snareSeconds, s.snareToneSeconds) * 1.5)
        var p1 = 0.0, p2 = 0.0, bend = 1.0
        var tone = 0.55, rattle = s.snareNoise * (0.6 + 0.4 * strength), snap = 0.9 * strength
        let toneFall = fall(s.snareToneSeconds), rattleFall = fall(s.snareSeconds * (0.7 + 0.5 * strength)), snapFall = fall(0.025)
        var band = Band(hz: s.snareHz, q: 0.6, rate: rate), wide = Band(hz: s.snareHz * 1.9, q: 0.5, rate: rate)
        for i in 0..<n {
            bend *= 0.9985
            p1 += s.snareTone * (1 + 0.35 * bend) / rate
            p2 += s.snareTone * 1.62 * (1 + 0.2 * bend) / rate
            let hit = (FastMath.sinPi(2 * (p1 - p1.rounded(.down))) * 0.7 + FastMath.sinPi(2 * (p2 - p2.rounded(.down))) * 0.4) * tone
            let (a, b) = (noise.next(), noise.next())
            let mid = band.pass(a) * 0.9 + wide.pass(a) * 0.6
            let x = hit + mid * rattle + a * snap * 0.3
            let side = band.pass2(b) * rattle * 0.18
            let rise = min(1, Double(i) / 20)
            left[i] += (x + side) * rise
            right[i] += (x - side) * rise
            tone *= toneFall
            rattle *= rattleFall
            snap *= snapFall
        }
    }

    mutating func brush(_ s: KitSound, _ strength: Double) {
        let n = grow(0.28)
        var band = Band(hz: 3600, q: 0.4, rate: rate)
        for i in 0..<n {
            let t = Double(i) / Double(n)
            let shape = t < 0.12 ? t / 0.12 : (1 - t) * (1 - t)
            let x = band.pass(noise.next()) * shape * 0.6 * (0.5 + 0.5 * strength)
            let y = band.pass2(noise.next()) * shape * 0.3
            left[i] += x + y
            right[i] += x - y
        }
    }

    mutating func clap(_ strength: Double) {
        let n = grow(0.3)
        var band = Band(hz: 1250, q: 1.1, rate: rate), high = Band(hz: 3400, q: 0.6, rate: rate)
        let bursts = [0.0, 0.0095, 0.0185, 0.0275]
        for i in 0..<n {
            let t = Double(i) / rate
            var shape = 0.0
            for (k, at) in bursts.enumerated() where t >= at {
                let since = t - at
                shape = max(shape, FastMath.exp(-since * (k == bursts.count - 1 ? 26 : 180)))
            }
            let (a, b) = (noise.next(), noise.next())
            let x = (band.pass(a) * 1.5 + high.pass(a) * 0.6) * shape * (0.6 + 0.4 * strength)
            let y = band.pass2(b) * shape * 0.5
            let rise = min(1, Double(i) / 24)
            left[i] += (x + y) * rise
            right[i] += (x - y) * rise
        }
    }

    mutating func rim(_ strength: Double) { modes([430, 830, 1730, 2650], [0.7, 0.8, 1, 0.5], 0.055, click: 0.6, strength) }

    /// Hi-hats: noise above `hz` and a cloud of close partials.
    mutating func metal(seconds: Double, hz: Double, ring: Double, _ strength: Double) {
        let n = grow(seconds * 1.4)
        var high = Band(hz: hz, q: 0.8, rate: rate)
        var level = 1.0
        let levelFall = fall(seconds)
        for i in 0..<n {
            let (a, b) = (noise.next(), noise.next())
            let rise = min(1, Double(i) / 16)
            let x = high.above(a) * level * (0.5 + 0.5 * strength) * (1 - 0.4 * ring) * rise
            let y = high.above2(b) * level * 0.25 * rise
            left[i] += x + y
            right[i] += x - y
            level *= levelFall
        }
        if ring > 0 { cloud(count: 14, from: hz * 0.55, to: min(hz * 2, rate * 0.44), seconds: seconds * 1.1, level: ring * 0.4) }
    }

    mutating func cymbal(seconds: Double, hz: Double, _ strength: Double) {
        let n = grow(seconds)
        var high = Band(hz: hz, q: 0.5, rate: rate)
        var level = 1.0
        let levelFall = fall(seconds * 0.9)
        for i in 0..<n {
            let (a, b) = (noise.next(), noise.next())
            let rise = min(1, Double(i) / 90)
            left[i] += (high.above(a) * 0.8 + high.above2(b) * 0.3) * level * rise
            right[i] += (high.above(a, advance: false) * 0.8 - high.above2(b, advance: false) * 0.3) * level * rise
            level *= levelFall
        }
        cloud(count: 36, from: 380, to: 11_000, seconds: seconds * 0.8, level: 0.5)
    }

    mutating func ride(seconds: Double, _ strength: Double) {
        _ = grow(seconds)
        cloud(count: 22, from: 700, to: 9500, seconds: seconds, level: 0.5)
        modes([3150, 5400, 7600], [0.5, 0.4, 0.3], 0.3, click: 0.4, strength)
        metal(seconds: 0.16, hz: 6500, ring: 0, strength * 0.6)
    }

    mutating func tom(_ hz: Double, _ strength: Double) {
        let n = grow(0.5)
        var phase = 0.0, bend = 1.0, body = 1.0, click = 0.4 * strength
        let bodyFall = fall(0.45), clickFall = fall(0.02)
        var low = 0.0
        for i in 0..<n {
            phase += hz * (1 + 0.45 * bend) / rate
            bend *= 0.9991
            low += 0.3 * (noise.next() - low)
            let x = (FastMath.sinPi(2 * (phase - phase.rounded(.down))) * body * 0.9 + low * click) * min(1, Double(i) / 30)
            left[i] += x
            right[i] += x
            body *= bodyFall
            click *= clickFall
        }
    }

    mutating func jingle(_ strength: Double) {
        metal(seconds: 0.16, hz: 7800, ring: 0.2, strength)
        cloud(count: 9, from: 5200, to: 12_000, seconds: 0.22, level: 0.5)
    }

    mutating func shake(_ strength: Double) {
        let n = grow(0.09)
        var band = Band(hz: 6200, q: 0.7, rate: rate)
        for i in 0..<n {
            let t = Double(i) / Double(n)
            let shape = t < 0.35 ? t / 0.35 : (1 - t) / 0.65
            let x = band.pass(noise.next()) * shape * shape * (0.5 + 0.5 * strength) * 1.6
            left[i] += x
            right[i] += x
        }
    }

    mutating func modes(_ hz: [Double], _ levels: [Double], _ seconds: Double, click: Double, _ strength: Double) {
        let n = grow(seconds * 1.3 + 0.02)
        for (k, f) in hz.enumerated() where f < 0.45 * rate {
            ring(f, levels[k] * 0.6 * (k == 0 ? 1 : 0.4 + 0.6 * strength), seconds / (1 + 0.35 * Double(k)), n, side: 0)
        }
        var level = click * strength, low = 0.0
        let levelFall = fall(0.008)
        for i in 0..<min(n, Int(0.02 * rate)) {
            low += 0.5 * (noise.next() - low)
            left[i] += low * level * min(1, Double(i) / 10)
            right[i] += low * level * min(1, Double(i) / 10)
            level *= levelFall
        }
    }

    /// Many partials at scattered frequencies: metal.
    private mutating func cloud(count: Int, from: Double, to: Double, seconds: Double, level: Double) {
        let n = grow(seconds)
        let octaves = FastMath.log2(to / from)
        for k in 0..<count {
            let place = (Double(k) + 0.5 + 0.45 * noise.next()) / Double(count)
            let hz = from * FastMath.exp2(octaves * place)
            guard hz < 0.45 * rate else { continue }
            ring(hz, level / Double(count).squareRoot() * (0.6 + 0.4 * noise.next()), seconds * (1 - 0.5 * place), n, side: noise.next() * 0.6)
        }
    }

    private mutating func ring(_ hz: Double, _ level: Double, _ seconds: Double, _ n: Int, side: Double) {
        let r = fall(seconds)
        let (c, s) = (FastMath.cosPi(2 * hz / rate), FastMath.sinPi(2 * hz / rate))
        var (y1, y2) = (0.0, -level * s / r)
        let (a, b) = (2 * r * c, r * r)
        let (l, g) = (1 - max(0, side), 1 + min(0, side))
        // A stick takes a quarter of a millisecond to bring metal into motion.
        for i in 0..<n {
            let rise = min(1, Double(i) / 12)
            let y = a * y1 - b * y2
            y2 = y1
            y1 = y
            left[i] += y * l * rise
            right[i] += y * g * rise
        }
    }
}

/// Two band-pass filters in one place, for the middle and the side of a noise.
struct Band {
    private let a1, a2, a3, k: Double
    private var s = (0.0, 0.0)
    private var t = (0.0, 0.0)
    private var last = (0.0, 0.0)

    init(hz: Double, q: Double, rate: Double) {
        let g = FastMath.tanPi(min(0.45, hz / rate))
        k = 1 / q
        a1 = 1 / (1 + g * (g + k))
        a2 = g * a1
        a3 = g * a2
    }

    mutating func pass(_ x: Double) -> Double {
        let v3 = x - s.1, v1 = a1 * s.0 + a2 * v3, v2 = s.1 + a2 * s.0 + a3 * v3
        s = (2 * v1 - s.0, 2 * v2 - s.1)
        return v1 * k
    }

    mutating func pass2(_ x: Double) -> Double {
        let v3 = x - t.1, v1 = a1 * t.0 + a2 * v3, v2 = t.1 + a2 * t.0 + a3 * v3
        t = (2 * v1 - t.0, 2 * v2 - t.1)
        return v1 * k
    }

    /// What lies above the corner; not advanced: the last one again.
    mutating func above(_ x: Double, advance: Bool = true) -> Double {
        guard advance else { return last.0 }
        let v3 = x - s.1, v1 = a1 * s.0 + a2 * v3, v2 = s.1 + a2 * s.0 + a3 * v3
        s = (2 * v1 - s.0, 2 * v2 - s.1)
        last.0 = x - k * v1 - v2
        return last.0
    }

    mutating func above2(_ x: Double, advance: Bool = true) -> Double {
        guard advance else { return last.1 }
        let v3 = x - t.1, v1 = a1 * t.0 + a2 * v3, v2 = t.1 + a2 * t.0 + a3 * v3
        t = (2 * v1 - t.0, 2 * v2 - t.1)
        last.1 = x - k * v1 - v2
        return last.1
    }
}
