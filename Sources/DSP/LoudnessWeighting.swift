import CSignal

/// The K-weighting of ITU-R BS.1770-5 Annex 1: a shelf for the head, then a high-pass, as two biquads in series.
///
/// The standard prints coefficients for 48 kHz and asks for the same frequency response at other rates. Transforming the analogue
/// prototypes anew bends the shelf at low rates (0.2 dB at 8 kHz) and, with the printed numerator, lets the high-pass gain 0.02 dB between
/// 48 and 96 kHz; here the response at 48 kHz is what other rates are fitted to: within 0.025 dB at 8 kHz, 0.002 from 16 kHz on.
struct LoudnessWeighting {
    let filters: lathe_weighting

    init(sampleRate: Double) {
        let standard = Shelf.standard
        // The poles stand for the same decay and frequency at every rate.
        let radius = FastMath.exp2(-Shelf.decay / sampleRate / 0.6931471805599453)
        let (p1, p2) = (-2 * radius * FastMath.cosPi(2 * Shelf.frequency / sampleRate), radius * radius)
        // |numerator|² = n0 + n1·x + n2·x² with x = sin²(ω/2), set to give the response of 48 kHz at 0 Hz and at two more places.
        let near = Shelf.hz, far = min(0.45 * sampleRate, 20_000)
        func wanted(_ hz: Double) -> Double { standard.power(hz / 48_000) * Shelf.square(1, p1, p2, hz / sampleRate) }
        func place(_ hz: Double) -> Double { FastMath.sinPi(hz / sampleRate) * FastMath.sinPi(hz / sampleRate) }
        let n0 = wanted(0)
        let (x, y) = (place(near), place(far))
        let (u, v) = ((wanted(near) - n0) / x, (wanted(far) - n0) / y)
        let n2 = (v - u) / (y - x)
        let n1 = u - n2 * x
        // Its minimum-phase root.
        let (low, high) = (n0.squareRoot(), (n0 + n1 + n2).squareRoot())
        let w = (low + high) / 2
        let first = (w + (w * w - n2 / 4).squareRoot()) / 2

        let h = FastMath.sinPi(Self.highPassHz / sampleRate) / FastMath.cosPi(Self.highPassHz / sampleRate)
        let highPassNorm = 1 + h / Self.highPassQ + h * h
        let (q1, q2) = (2 * (h * h - 1) / highPassNorm, (1 - h / Self.highPassQ + h * h) / highPassNorm)
        // The printed high-pass passes 1.005 of what lies above it; carried by the shelf at other rates.
        let gain = Self.highPassGain * (1 - q1 + q2) / 4
        filters = lathe_weighting(
            shelf: lathe_section_of(first * gain, (low - high) / 2 * gain, n2 / (16 * first) * gain, p1, p2),
            high_pass: lathe_section_of(1, -2, 1, q1, q2))
    }

    private static let highPassHz = 38.13547087602444
    private static let highPassQ = 0.5003270373238773
    /// 4 / (1 + 1.99004745483398 + 0.99007225036621), of the coefficients in Table 2.
    private static let highPassGain = 1.0049948987146884

    /// The shelf at 48 kHz: the prototype of f0 = 1682 Hz, 4 dB, Q ≈ 1/√2 under the bilinear transform gives Table 1 to nine digits.
    private struct Shelf {
        static let hz = 1681.974450955533
        /// Poles of Table 1 as an oscillation: e^(−decay·t) at `frequency`.
        static let decay = 7471.6364457520385
        static let frequency = 1199.1046892268166
        static let standard = Shelf()

        let b0, b1, b2, a1, a2: Double

        init() {
            let q = 0.7071752369554196
            let high = FastMath.amplitude(dB: 3.999843853973347)
            let band = FastMath.exp2(FastMath.log2(high) * 0.4996667741545416)
            let k = FastMath.sinPi(Self.hz / 48_000) / FastMath.cosPi(Self.hz / 48_000)
            let norm = 1 + k / q + k * k
            b0 = (high + band * k / q + k * k) / norm
            b1 = 2 * (k * k - high) / norm
            b2 = (high - band * k / q + k * k) / norm
            a1 = 2 * (k * k - 1) / norm
            a2 = (1 - k / q + k * k) / norm
        }

        /// |H|² at `cycles` per frame.
        func power(_ cycles: Double) -> Double { Self.square(b0, b1, b2, cycles) / Self.square(1, a1, a2, cycles) }

        /// |p + q·z⁻¹ + r·z⁻²|² at `cycles` per frame.
        static func square(_ p: Double, _ q: Double, _ r: Double, _ cycles: Double) -> Double {
            let re = p + q * FastMath.cosPi(2 * cycles) + r * FastMath.cosPi(4 * cycles)
            let im = q * FastMath.sinPi(2 * cycles) + r * FastMath.sinPi(4 * cycles)
            return re * re + im * im
        }
    }

    /// Filter memory of two channels.
    typealias Pair = lathe_weighting_memory

    /// Adds the squares of both weighted channels over `frames` frames to `sums`, one by one, so that the result is the same to the last bit
    /// however the frames are cut. Some 2 ns per frame of two channels.
    @inline(__always)
    func addSquares(
        _ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, frames: Int, _ pair: UnsafeMutablePointer<Pair>,
        to sums: UnsafeMutablePointer<SIMD2<Double>>
    ) {
        withUnsafePointer(to: filters) {
            lathe_weighted_squares(left, right, frames, $0, pair, UnsafeMutableRawPointer(sums).assumingMemoryBound(to: Double.self))
        }
    }

    /// BS.1770-5 equation 2: loudness of a weighted mean square, LKFS; nil for silence (below −150).
    static func loudness(_ meanSquare: Double) -> Double? {
        meanSquare > 1e-15 ? -0.691 + FastMath.decibels(meanSquare) / 2 : nil
    }
}
