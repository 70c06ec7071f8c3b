/// A gain in dB over frequency, given at the 121 points of `LongTermSpectrum` from 20 Hz to 20 kHz (40 per decade, a twelfth of an octave;
/// every fourth is a third-octave centre of IEC 61260-1) and constant outside.
public struct GainCurve: Sendable, BitwiseCopyable {
    public static let pointCount = 121

    /// Hz of point `i`.
    public static func centre(_ i: Int) -> Double {
        1000 * FastMath.exp2(Double(i - 68) * 0.08304820237218407)
    }

    public var db = InlineArray<121, Double>(repeating: 0)

    public init() {}

    public var isNeutral: Bool {
        for i in 0..<121 where db[i] != 0 { return false }
        return true
    }

    /// Gain in dB at `hz` > 0.
    ///
    /// Between the points runs a cubic in log f without corners that goes nowhere beyond the points beside it: F. Fritsch, J. Butland,
    /// "A method for constructing local monotone piecewise cubic interpolants", SIAM J. Sci. Stat. Comput. 5 (1984).
    public func decibels(at hz: Double) -> Double {
        let x = Self.position(of: hz), i = min(Int(x), 119)
        return Self.between(knot(i), knot(i + 1), x - Double(i))
    }

    /// Where `hz` lies among the points.
    static func position(of hz: Double) -> Double { min(max(FastMath.log2(hz) * 12.041199826559248 - 52, 0), 120) }

    /// Gain and slope per point at point `i`.
    func knot(_ i: Int) -> SIMD2<Double> {
        if i == 0 || i == 120 { return SIMD2(db[i], 0) }
        let before = db[i] - db[i - 1], after = db[i + 1] - db[i]
        return SIMD2(db[i], before * after > 0 ? 2 * before * after / (before + after) : 0)
    }

    @inline(__always)
    static func between(_ a: SIMD2<Double>, _ b: SIMD2<Double>, _ t: Double) -> Double {
        let rise = b.x - a.x
        return a.x + t * (a.y + t * (3 * rise - 2 * a.y - b.y + t * (a.y + b.y - 2 * rise)))
    }
}

extension GainCurve: Equatable {
    public static func == (a: GainCurve, b: GainCurve) -> Bool {
        for i in 0..<121 where a.db[i] != b.db[i] { return false }
        return true
    }
}
