import DSP

/// What a part goes through before the mix: drive, chorus, tremolo, low and high cut, a mono low end.
struct PartFX {
    private let patch: Patch
    private let rate: Double
    private let framesPerBeat: Double
    private var low = (SVFState(), SVFState())
    private var lowCut: (a1: Double, a2: Double, a3: Double, k: Double)
    private var high = SVFState()
    private var highCut: (a1: Double, a2: Double, a3: Double, k: Double)
    private var side = SVFState()
    private var sideCut: (a1: Double, a2: Double, a3: Double, k: Double)
    private var last = SIMD2<Double>(repeating: 0)
    private let drive: Double
    private let makeup: Double
    private var line: [SIMD2<Double>]
    private var write = 0
    private let chorusTurns: Double

    init(_ patch: Patch, rate: Double, framesPerBeat: Double, framesPerBar: Double) {
        self.patch = patch
        self.rate = rate
        self.framesPerBeat = framesPerBeat
        lowCut = Self.design(patch.lowCut, 0.707, rate)
        highCut = Self.design(patch.highCut, 0.707, rate)
        sideCut = Self.design(140, 0.707, rate)
        drive = FastMath.amplitude(dB: patch.driveDB)
        // A patch arrives at an effective value of 0.1; the curve holds what exceeds full scale, and the part keeps its level.
        let pushed = 0.1 * FastMath.amplitude(dB: patch.driveDB)
        makeup = patch.driveDB > 0 ? 0.1 * (1 + pushed * pushed / 0.6).squareRoot() / pushed : 1
        line = patch.chorus > 0 ? Array(repeating: .zero, count: 2048) : []
        // Whole turns in eight bars, near 0.6 Hz: a loop of eight bars closes.
        let span = 8 * framesPerBar
        chorusTurns = max(1, (0.6 * span / rate).rounded()) / span
    }

    private static func design(_ hz: Double, _ q: Double, _ rate: Double) -> (a1: Double, a2: Double, a3: Double, k: Double) {
        let g = FastMath.tanPi(min(0.47, hz / rate))
        let k = 1 / q
        let a1 = 1 / (1 + g * (g + k))
        return (a1, g * a1, g * g * a1, k)
    }

    /// In place. `at`: frames since the start, for movement that keeps time.
    mutating func process(_ left: UnsafeMutablePointer<Double>, _ right: UnsafeMutablePointer<Double>, _ frames: Int, at: Int) {
        let drives = patch.driveDB > 0
        let tremolo = patch.tremolo
        let cutsHigh = patch.highCut < 17_000
        var sway = (0.0, 0.0)
        for i in 0..<frames {
            var x = SIMD2(left[i], right[i])
            if drives {
                // The mean of the curve between two samples instead of its value at one: half the aliasing for a division
                // (Parker, Zavalishin & Le Bivic, "Reducing the aliasing of nonlinear waveshaping", DAFx 2016).
                let y = x * drive
                x = SIMD2(Self.shaped(y.x, last.x), Self.shaped(y.y, last.y)) * makeup
                last = y
            }
            let tone = Self.pass(&low.0, x, lowCut)
            x = x - lowCut.k * tone.band - tone.low
            if cutsHigh { x = Self.pass(&high, x, highCut).low }
            if !line.isEmpty {
                line[write] = x
                if i % 16 == 0 {
                    let turn = Double(at + i) * chorusTurns
                    sway = (FastMath.sinPi(2 * turn), FastMath.cosPi(2 * turn))
                }
                let depth = 0.0016 * rate
                let a = tap(0.011 * rate + depth * sway.0).x, b = tap(0.013 * rate + depth * sway.1).y
                x = x * (1 - 0.25 * patch.chorus) + SIMD2(a, b) * (patch.chorus * 0.85)
                write = (write + 1) & 2047
            }
            if tremolo > 0 {
                let turn = Double(at + i) / framesPerBeat * patch.tremoloPerBeat
                let swing = i % 8 == 0 || i == 0 ? FastMath.sinPi(2 * turn) : swingHeld
                swingHeld = swing
                x *= SIMD2(1 - tremolo * 0.5 * (1 + swing), 1 - tremolo * 0.5 * (1 - swing))
            }
            if patch.isMono {
                x = SIMD2(repeating: (x.x + x.y) * 0.5)
            } else {
                let s = (x.x - x.y) * 0.5
                let cut = Self.pass(&side, SIMD2(repeating: s), sideCut)
                let wide = s - sideCut.k * cut.band.x - cut.low.x
                let m = (x.x + x.y) * 0.5
                x = SIMD2(m + wide, m - wide)
            }
            left[i] = x.x
            right[i] = x.y
        }
        low.0.flushTiny()
        high.flushTiny()
        side.flushTiny()
    }

    private var swingHeld = 0.0

    @inline(__always)
    private static func pass(
        _ s: inout SVFState, _ x: SIMD2<Double>, _ c: (a1: Double, a2: Double, a3: Double, k: Double)
    ) -> (band: SIMD2<Double>, low: SIMD2<Double>) {
        let v3 = x - s.ic2
        let v1 = c.a1 * s.ic1 + c.a2 * v3
        let v2 = s.ic2 + c.a2 * s.ic1 + c.a3 * v3
        s.ic1 = v1 + v1 - s.ic1
        s.ic2 = v2 + v2 - s.ic2
        return (v1, v2)
    }

    @inline(__always)
    private func tap(_ delay: Double) -> SIMD2<Double> {
        let whole = Int(delay)
        let t = delay - Double(whole)
        let a = line[(write - whole) & 2047], b = line[(write - whole - 1) & 2047]
        return a + t * (b - a)
    }

    /// Mean of the soft curve x − 4x³/27 (|x| ≤ 1.5, ±1 beyond) from `b` to `a`.
    private static func shaped(_ a: Double, _ b: Double) -> Double {
        let d = a - b
        if abs(d) < 1e-6 { return curve((a + b) * 0.5) }
        return (integral(a) - integral(b)) / d
    }

    private static func curve(_ x: Double) -> Double { abs(x) < 1.5 ? x - x * x * x * (4.0 / 27) : x > 0 ? 1 : -1 }

    private static func integral(_ x: Double) -> Double {
        let m = abs(x)
        return m < 1.5 ? x * x * (0.5 - x * x / 27) : m - 0.5625
    }
}
