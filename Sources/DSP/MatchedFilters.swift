/// An equaliser band that follows its analogue prototype up to the top of the audio band: two state-variable filters in series.
///
/// The bilinear transform replaces the analogue ω² by a multiple of t = tan²(ω/2), which squeezes everything towards half the sample
/// rate. Here ω² is replaced by a rational function of t that keeps close to the truth (`FrequencyMap`). The prototype's |H|², a ratio of
/// quadratics in ω², becomes one of quartics in t; its roots follow from the prototype's by a quadratic equation, and pairs of roots are
/// two second-order sections. There is nothing to iterate, so the design costs about a microsecond and moves smoothly with its settings.
///
/// Greatest error against the prototypes of the Audio EQ Cookbook, 20 Hz to 0.4535 of the sample rate (20 kHz at 44.1 kHz) for bands at
/// any frequency in that range and Q 0.3…10: bells of ±3 dB 0.03 dB, of ±12 dB 0.1 dB; shelves 0.01 and 0.04 dB up to Q 1.4, 0.1 and
/// 0.29 dB up to Q 10; passes 0.27 dB. Boosts are designed, cuts are their exact inverse.
public struct MatchedFilter: Sendable, Equatable, BitwiseCopyable {
    /// Carries the shape.
    public var main: SVFCoefficients
    /// Straightens what the sample rate does to it near the top.
    public var correction: SVFCoefficients

    /// Passes the input unchanged.
    public static let identity = MatchedFilter(main: .identity, correction: .identity)

    public var isIdentity: Bool { main.isIdentity && correction.isIdentity }

    /// The same poles with an output equal to the input: the resting point a band glides from and to.
    public var atRest: MatchedFilter { MatchedFilter(main: main.atRest, correction: correction.atRest) }

    /// The point `t` (0…1) of the way to `other`.
    @inlinable
    public func interpolated(to other: MatchedFilter, _ t: Double) -> MatchedFilter {
        MatchedFilter(main: main.interpolated(to: other.main, t), correction: correction.interpolated(to: other.correction, t))
    }

    @inlinable
    public init(main: SVFCoefficients, correction: SVFCoefficients) {
        self.main = main
        self.correction = correction
    }

    /// |H| at `hz`.
    public func magnitude(hz: Double, sampleRate: Double) -> Double {
        main.magnitude(hz: hz, sampleRate: sampleRate) * correction.magnitude(hz: hz, sampleRate: sampleRate)
    }
}

/// The shapes. Frequencies in Hz (held below 0.46 of the sample rate), gains in dB, `q` > 0 as in the Audio EQ Cookbook (W3C note, 2021).
extension MatchedFilter {
    /// Gain `db` at `hz`, bandwidth by `q` (equal at boost and cut).
    public static func bell(hz: Double, db: Double, q: Double, sampleRate: Double) -> MatchedFilter {
        let a = FastMath.amplitude(dB: abs(db) / 2)
        return FrequencyMap(hz: hz, sampleRate: sampleRate).filter(
            zeros: .init(damping: a / q, square: 1), poles: .init(damping: 1 / (a * q), square: 1), db: db, scale: 1)
    }

    /// Gain `db` at 0 Hz, half of it (in dB) at `hz`.
    public static func lowShelf(hz: Double, db: Double, q: Double, sampleRate: Double) -> MatchedFilter {
        let a = FastMath.amplitude(dB: abs(db) / 2), root = a.squareRoot()
        return FrequencyMap(hz: hz, sampleRate: sampleRate).filter(
            zeros: .init(damping: root / q, square: a), poles: .init(damping: 1 / (root * q), square: 1 / a),
            db: db, scale: FastMath.amplitude(dB: db))
    }

    /// Gain `db` at the top, half of it (in dB) at `hz`.
    public static func highShelf(hz: Double, db: Double, q: Double, sampleRate: Double) -> MatchedFilter {
        let a = FastMath.amplitude(dB: abs(db) / 2), root = a.squareRoot()
        return FrequencyMap(hz: hz, sampleRate: sampleRate).filter(
            zeros: .init(damping: 1 / (root * q), square: 1 / a), poles: .init(damping: root / q, square: a), db: db, scale: 1)
    }

    /// 12 dB per octave below `hz`; gain `q` at `hz`.
    public static func highPass(hz: Double, q: Double, sampleRate: Double) -> MatchedFilter {
        let map = FrequencyMap(hz: hz, sampleRate: sampleRate)
        let poles = map.factors(.init(damping: 1 / q, square: 1))
        // |H|² has y² above: a double root at 0, the map's own zero twice.
        let corner = map.c1 / map.c0
        return MatchedFilter(
            main: poles.main.section(b0: 0, b1: 0, b2: map.c0 / map.corner),
            correction: poles.correction.section(b0: 1, b1: 2 * corner.squareRoot(), b2: corner))
    }

    /// 12 dB per octave above `hz`; gain `q` at `hz`.
    public static func lowPass(hz: Double, q: Double, sampleRate: Double) -> MatchedFilter {
        let map = FrequencyMap(hz: hz, sampleRate: sampleRate)
        let poles = map.factors(.init(damping: 1 / q, square: 1))
        // |H|² has 1 above: the map's own poles, each twice.
        return MatchedFilter(
            main: poles.main.section(b0: 1, b1: 2 * map.e1.squareRoot(), b2: map.e1),
            correction: poles.correction.section(b0: 1, b1: 2 * map.e2.squareRoot(), b2: map.e2))
    }

    /// Silence at `hz`, bandwidth by `q`.
    public static func notch(hz: Double, q: Double, sampleRate: Double) -> MatchedFilter {
        FrequencyMap(hz: hz, sampleRate: sampleRate).filter(
            zeros: .init(damping: 0, square: 1), poles: .init(damping: 1 / q, square: 1), db: 1, scale: 1)
    }

    /// Gain 1 at `hz`, 6 dB per octave away from it on both sides, bandwidth by `q`.
    public static func bandPass(hz: Double, q: Double, sampleRate: Double) -> MatchedFilter {
        let map = FrequencyMap(hz: hz, sampleRate: sampleRate)
        let poles = map.factors(.init(damping: 1 / q, square: 1))
        // |H|² has y above: one root at 0, one zero of the map, each of its poles once.
        let gain = (map.c0 / map.corner).squareRoot() / q, first = map.e1.squareRoot()
        let zero = (map.c1 / map.c0).squareRoot(), second = map.e2.squareRoot()
        return MatchedFilter(
            main: poles.main.section(b0: 0, b1: gain, b2: gain * first),
            correction: poles.correction.section(b0: 1, b1: zero + second, b2: zero * second))
    }
}

/// ω² ≈ t·(c0 + c1·t) / ((1 + e1·t)·(1 + e2·t)), with t = tan²(ω/2) and ω in radians per sample.
///
/// The right-hand side equals the left at four frequencies: the band's own and three that spread the error over the rest of the audio
/// band; in between they differ by some 0.1 %. Both sides are 0 at 0. Interpolation of this kind has its poles and zeros on the negative
/// axis of t, so every factor that comes of it is a stable, minimum-phase filter.
struct FrequencyMap {
    let c0: Double, c1: Double
    /// e1 > e2: the pole nearer to 0 and the one farther away.
    let e1: Double, e2: Double
    /// ω² of the band.
    let corner: Double

    /// Where the map is exact besides the band's own frequency, in parts of the sample rate; found by minimising the greatest error of
    /// bells, shelves and passes of Q 1…10 up to 0.4535. A band near the top pushes them down.
    static let anchors = SIMD3(0.228, 0.378, 0.446)
    static let yielding = SIMD3(0.010, 0.010, 0.012)
    static let crowded = 0.436...0.4535

    init(hz: Double, sampleRate: Double) {
        let w = min(max(hz / sampleRate, 1e-6), 0.46)
        let pushed = min(max((w - Self.crowded.lowerBound) / (Self.crowded.upperBound - Self.crowded.lowerBound), 0), 1)
        var rows = InlineArray<4, SIMD8<Double>>(repeating: .zero)
        for i in 0..<4 {
            var f = w
            if i > 0 {
                f = Self.anchors[i - 1] - pushed * Self.yielding[i - 1]
                // Two equal frequencies would be one equation twice.
                if abs(f - w) < 0.001 { f = w > f ? w - 0.001 : w + 0.001 }
            }
            let tangent = FastMath.tanPi(f), t = tangent * tangent, x = (2 * Double.pi * f) * (2 * Double.pi * f)
            rows[i] = SIMD8(1, t, -x, -x * t, x / t, 0, 0, 0)
        }
        // Gauss with row exchange: (c0, c1, e1 + e2, e1·e2).
        for column in 0..<4 {
            var pivot = column
            for i in column..<4 where abs(rows[i][column]) > abs(rows[pivot][column]) { pivot = i }
            if pivot != column { (rows[pivot], rows[column]) = (rows[column], rows[pivot]) }
            rows[column] /= rows[column][column]
            for i in 0..<4 where i != column { rows[i] -= rows[column] * rows[i][column] }
        }
        c0 = rows[0][4]
        c1 = rows[1][4]
        let sum = rows[2][4], product = rows[3][4]
        let root = (sum * sum - 4 * product).squareRoot()
        e1 = (sum + root) / 2
        e2 = product / e1
        corner = (2 * Double.pi * w) * (2 * Double.pi * w)
    }

    /// s² + damping·s + square, s in units of the band's frequency.
    struct Quadratic {
        let damping: Double
        let square: Double
    }

    /// |1 + k·s/g + s²/g²|² on the frequency axis of the bilinear transform.
    struct Factor {
        var gSquared: Double
        var k: Double

        /// From the sum and the product of its two roots in t.
        init(sum: Double, product: Double) {
            gSquared = product.squareRoot()
            k = max(2 - sum / gSquared, 0).squareRoot()
        }

        /// With (b0 + b1·s + b2·s²) above this one.
        func section(b0: Double, b1: Double, b2: Double) -> SVFCoefficients {
            let g = gSquared.squareRoot(), m0 = b2 * gSquared
            return SVFCoefficients(g: g, k: k, m0: m0, m1: b1 * g - k * m0, m2: b0 - m0)
        }

        func section(under zeros: Factor, scale: Double) -> SVFCoefficients {
            section(b0: scale, b1: scale * zeros.k / zeros.gSquared.squareRoot(), b2: scale / zeros.gSquared)
        }
    }

    /// The quartic in t that the quadratic's |…|² turns into, as two factors.
    func factors(_ q: Quadratic) -> (main: Factor, correction: Factor) {
        // |…|² = y² + (damping² − 2·square)·y + square², y = ω² in units of the band's.
        let half = q.square - q.damping * q.damping / 2
        let discriminant = q.damping * q.damping - 4 * q.square
        if discriminant < 0 {
            let (a, b) = roots(Complex(re: half, im: q.damping / 2 * (-discriminant).squareRoot()))
            return (Factor(sum: 2 * a.re, product: a.norm), Factor(sum: 2 * b.re, product: b.norm))
        }
        let far = half - q.damping / 2 * discriminant.squareRoot()
        let (a, b) = roots(Complex(re: far, im: 0)), (c, d) = roots(Complex(re: q.square * q.square / far, im: 0))
        return (Factor(sum: a.re + c.re, product: a.re * c.re), Factor(sum: b.re + d.re, product: b.re * d.re))
    }

    /// The two t at which the map gives `y`; first the one that tends to 0 with y.
    private func roots(_ y: Complex) -> (Complex, Complex) {
        // (c1 − x·e1·e2)·t² + (c0 − x·(e1 + e2))·t − x = 0
        let x = Complex(re: y.re * corner, im: y.im * corner)
        let a = Complex(re: c1 - x.re * e1 * e2, im: -x.im * e1 * e2)
        let b = Complex(re: c0 - x.re * (e1 + e2), im: -x.im * (e1 + e2))
        let ax = a * x, bb = b * b
        var root = Complex(re: bb.re + 4 * ax.re, im: bb.im + 4 * ax.im).squareRoot()
        // The sign that adds, so that nothing cancels.
        if root.re * b.re + root.im * b.im < 0 { root = Complex(re: -root.re, im: -root.im) }
        let q = Complex(re: -(b.re + root.re) / 2, im: -(b.im + root.im) / 2)
        let one = q / a, other = Complex(re: -x.re, im: -x.im) / q
        return one.re > other.re ? (one, other) : (other, one)
    }

    /// - Parameters:
    ///   - db: 0 is the identity at these poles; below 0 zeros and poles change places.
    ///   - scale: gain at 0 Hz.
    func filter(zeros: Quadratic, poles: Quadratic, db: Double, scale: Double) -> MatchedFilter {
        let above = factors(db < 0 ? poles : zeros), below = factors(db < 0 ? zeros : poles)
        let made = MatchedFilter(
            main: below.main.section(under: above.main, scale: scale),
            correction: below.correction.section(under: above.correction, scale: 1))
        return db == 0 ? made.atRest : made
    }
}

/// Just what root finding needs.
private struct Complex {
    var re: Double
    var im: Double

    var norm: Double { re * re + im * im }

    static func * (a: Complex, b: Complex) -> Complex { Complex(re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re) }

    static func / (a: Complex, b: Complex) -> Complex {
        let n = b.norm
        return Complex(re: (a.re * b.re + a.im * b.im) / n, im: (a.im * b.re - a.re * b.im) / n)
    }

    /// The root in the right half plane.
    func squareRoot() -> Complex {
        let size = norm.squareRoot()
        let larger = ((size + abs(re)) / 2).squareRoot()
        if larger == 0 { return self }
        let smaller = im / (2 * larger)
        return re >= 0 ? Complex(re: larger, im: smaller) : Complex(re: abs(smaller), im: im < 0 ? -larger : larger)
    }
}
