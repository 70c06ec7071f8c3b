/// Logarithm and exponential for the signal path: fixed polynomials, so that results do not depend on the C library.
public enum FastMath {
    /// 20·log10(2): decibels per unit of log2 amplitude.
    public static let dBPerOctave = 6.020599913279624

    /// log2(x) for finite x > 0 (normal numbers), absolute error below 1e-12.
    ///
    /// The mantissa is brought to [√½, √2) and log2 m = 2/ln 2 · atanh((m−1)/(m+1)) is summed to the 17th power.
    @inlinable
    public static func log2(_ x: Double) -> Double {
        var bits = x.bitPattern
        var exponent = Int((bits >> 52) & 0x7FF) - 1023
        bits = (bits & 0x000F_FFFF_FFFF_FFFF) | 0x3FF0_0000_0000_0000
        var m = Double(bitPattern: bits)
        if m > 1.4142135623730951 { m *= 0.5; exponent += 1 }
        let s = (m - 1) / (m + 1)
        let z = s * s
        var p = 1.0 / 17
        p = p * z + 1.0 / 15
        p = p * z + 1.0 / 13
        p = p * z + 1.0 / 11
        p = p * z + 1.0 / 9
        p = p * z + 1.0 / 7
        p = p * z + 1.0 / 5
        p = p * z + 1.0 / 3
        p = p * z + 1
        return Double(exponent) + s * p * 2.8853900817779268
    }

    /// Nearest whole number, ties to even, for |x| < 2^51: the sum has no bits left for a fraction. Needs no instruction newer than SSE2.
    @inlinable @inline(__always)
    public static func roundToEven(_ x: Double) -> Double { (x + 0x1.8p52) - 0x1.8p52 }

    /// 2^x for |x| < 1000, relative error below 1e-13: Taylor series of e^(f ln 2) on |f| ≤ ½.
    @inlinable
    public static func exp2(_ x: Double) -> Double {
        let whole = roundToEven(x)
        let f = (x - whole) * 0.6931471805599453
        var p = 1.0 / 479001600
        p = p * f + 1.0 / 39916800
        p = p * f + 1.0 / 3628800
        p = p * f + 1.0 / 362880
        p = p * f + 1.0 / 40320
        p = p * f + 1.0 / 5040
        p = p * f + 1.0 / 720
        p = p * f + 1.0 / 120
        p = p * f + 1.0 / 24
        p = p * f + 1.0 / 6
        p = p * f + 0.5
        p = p * f + 1
        p = p * f + 1
        return p * Double(bitPattern: UInt64(bitPattern: Int64(1023 + Int(whole))) << 52)
    }

    /// Amplitude ratio of `dB`; exactly 1 at 0.
    @inlinable
    public static func amplitude(dB: Double) -> Double { dB == 0 ? 1 : exp2(dB / dBPerOctave) }

    /// Decibels of an amplitude > 0.
    @inlinable
    public static func decibels(_ amplitude: Double) -> Double { log2(amplitude) * dBPerOctave }

    /// e^x for |x| < 690, relative error below 1e-13 · (1 + |x|).
    @inlinable
    public static func exp(_ x: Double) -> Double { exp2(x * 1.4426950408889634) }

    /// tan(π·x) for |x| < ½.
    public static func tanPi(_ x: Double) -> Double { sinPi(x) / cosPi(x) }
}
