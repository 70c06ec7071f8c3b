import CSignal

/// Second-order filter as a trapezoidal state-variable filter: A. Simper, "Solving the continuous SVF equations using
/// trapezoidal integration and equivalent currents" (Cytomic, 2013). The passes here follow the bilinear transform; equaliser bands
/// are designed by `MatchedFilter`.
///
///     g   tan(π·f/fs), the warped corner          k   damping, 1/Q (bell: 1/(Q·A))
///     m0  weight of the input                     m1  weight of the band-pass output      m2  weight of the low-pass output
///
/// The form stays stable while its coefficients glide, which is what lets a knob turn during playback.
public struct SVFCoefficients: Sendable, Equatable, BitwiseCopyable {
    public var g: Double
    public var k: Double
    public var m0: Double
    public var m1: Double
    public var m2: Double

    public init(g: Double, k: Double, m0: Double, m1: Double, m2: Double) {
        self.g = g; self.k = k; self.m0 = m0; self.m1 = m1; self.m2 = m2
    }

    /// Passes the input unchanged.
    public static let identity = SVFCoefficients(g: 0.1, k: 1.4, m0: 1, m1: 0, m2: 0)

    public var isIdentity: Bool { m0 == 1 && m1 == 0 && m2 == 0 }

    /// The same poles with an output equal to the input: the resting point a band glides from and to.
    public var atRest: SVFCoefficients { SVFCoefficients(g: g, k: k, m0: 1, m1: 0, m2: 0) }

    private static func warp(_ hz: Double, _ sampleRate: Double) -> Double {
        FastMath.tanPi(min(max(hz, 1), 0.49 * sampleRate) / sampleRate)
    }

    public static func highPass(hz: Double, q: Double, sampleRate: Double) -> SVFCoefficients {
        SVFCoefficients(g: warp(hz, sampleRate), k: 1 / q, m0: 1, m1: -1 / q, m2: -1)
    }

    public static func lowPass(hz: Double, q: Double, sampleRate: Double) -> SVFCoefficients {
        SVFCoefficients(g: warp(hz, sampleRate), k: 1 / q, m0: 0, m1: 0, m2: 1)
    }

    /// The point `t` (0…1) of the way to `other`.
    @inlinable
    public func interpolated(to other: SVFCoefficients, _ t: Double) -> SVFCoefficients {
        SVFCoefficients(
            g: g + (other.g - g) * t, k: k + (other.k - k) * t,
            m0: m0 + (other.m0 - m0) * t, m1: m1 + (other.m1 - m1) * t, m2: m2 + (other.m2 - m2) * t)
    }

    /// The same filter in the form that the kernels run.
    var section: lathe_section {
        let norm = 1 / (1 + k * g + g * g), band = m1 * g * norm, low = m2 * g * g * norm
        let a1 = 2 * (g * g - 1) * norm, a2 = (1 - k * g + g * g) * norm
        return lathe_section_of(m0 + band + low, m0 * a1 + 2 * low, m0 * a2 - band + low, a1, a2)
    }

    /// |H| at `hz`, from the bilinear transform's frequency map.
    public func magnitude(hz: Double, sampleRate: Double) -> Double {
        // s = j·w/g with w = tan(π f/fs): H(s) = m0 + (m1·s + m2)/(s² + k·s + 1)
        let w = FastMath.tanPi(hz / sampleRate) / g
        let dr = 1 - w * w, di = k * w
        let d = dr * dr + di * di
        let re = m0 + (m2 * dr + m1 * w * di) / d
        let im = (m1 * w * dr - m2 * di) / d
        return (re * re + im * im).squareRoot()
    }
}

/// Two channels' worth of filter memory.
public struct SVFState: Sendable, BitwiseCopyable {
    public var ic1 = SIMD2<Double>(repeating: 0)
    public var ic2 = SIMD2<Double>(repeating: 0)

    @inlinable
    public init() {}

    /// Filters one frame of two channels.
    @inlinable @inline(__always)
    public mutating func tick(
        _ v0: SIMD2<Double>, a1: Double, a2: Double, a3: Double, m0: SIMD2<Double>, m1: SIMD2<Double>, m2: SIMD2<Double>
    ) -> SIMD2<Double> {
        let v3 = v0 - ic2
        let v1 = a1 * ic1 + a2 * v3
        let v2 = ic2 + a2 * ic1 + a3 * v3
        ic1 = v1 + v1 - ic1
        ic2 = v2 + v2 - ic2
        return m0 * v0 + m1 * v1 + m2 * v2
    }

    /// Sets memory that has decayed below hearing and near the denormal range to zero, so that silence costs what music costs.
    @inlinable
    public mutating func flushTiny() {
        let tiny = SIMD2<Double>(repeating: 1e-40)
        ic1.replace(with: 0, where: ic1 .< tiny .& ic1 .> -tiny)
        ic2.replace(with: 0, where: ic2 .< tiny .& ic2 .> -tiny)
    }
}
