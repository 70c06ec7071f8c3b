/// A gain in dB over frequency, given at the 31 third-octave centres from 20 Hz to 20 kHz (IEC 61260-1, base 10) and constant outside.
public struct ThirdOctaveCurve: Sendable, BitwiseCopyable {
    public static let pointCount = 31

    /// Hz of point `i`.
    public static func centre(_ i: Int) -> Double {
        1000 * FastMath.exp2(Double(i - 17) * 0.33219280948873626)
    }

    public var db = InlineArray<31, Double>(repeating: 0)

    public init() {}

    public var isNeutral: Bool {
        for i in 0..<31 where db[i] != 0 { return false }
        return true
    }

    /// Gain in dB at `hz` > 0.
    public func decibels(at hz: Double) -> Double { Interpolation(self).decibels(at: Self.position(of: hz)) }

    /// Where `hz` lies among the points.
    static func position(of hz: Double) -> Double { min(max(FastMath.log2(hz) * 3.0102999566398120 - 13, 0), 30) }

    /// The curve between the points: a cubic in log f without corners that goes nowhere beyond the points beside it. F. Fritsch, J. Butland,
    /// "A method for constructing local monotone piecewise cubic interpolants", SIAM J. Sci. Stat. Comput. 5 (1984).
    struct Interpolation {
        private let db: InlineArray<31, Double>
        private var slopes = InlineArray<31, Double>(repeating: 0)

        init(_ curve: ThirdOctaveCurve) {
            db = curve.db
            for i in 1..<30 {
                let before = db[i] - db[i - 1], after = db[i + 1] - db[i]
                if before * after > 0 { slopes[i] = 2 * before * after / (before + after) }
            }
        }

        func decibels(at x: Double) -> Double {
            let i = min(Int(x), 29)
            let t = x - Double(i), low = db[i], rise = db[i + 1] - low
            let start = slopes[i], end = slopes[i + 1]
            return low + t * (start + t * (3 * rise - 2 * start - end + t * (start + end - 2 * rise)))
        }
    }
}

extension ThirdOctaveCurve: Equatable {
    public static func == (a: ThirdOctaveCurve, b: ThirdOctaveCurve) -> Bool {
        for i in 0..<31 where a.db[i] != b.db[i] { return false }
        return true
    }
}
