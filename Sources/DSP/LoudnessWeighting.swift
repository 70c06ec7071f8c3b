import Glibc

/// The K-weighting of ITU-R BS.1770-5 Annex 1: a shelf for the head, then a high-pass, as two biquads in series.
struct LoudnessWeighting {
    /// Shelf: numerator b0 b1 b2, denominator 1 a1 a2.
    let b0, b1, b2, a1, a2: Double
    /// High-pass: numerator 1 −2 1, denominator 1 c1 c2.
    let c1, c2: Double

    /// The analogue prototypes behind the standard's 48 kHz coefficients, transformed to `sampleRate`. At 48 kHz the tables of
    /// BS.1770-5 come out to nine digits.
    init(sampleRate: Double) {
        let shelfHz = 1681.974450955533
        let shelfQ = 0.7071752369554196
        let high = pow(10, 3.999843853973347 / 20)
        let band = pow(high, 0.4996667741545416)
        let k = tan(.pi * shelfHz / sampleRate)
        let norm = 1 + k / shelfQ + k * k
        b0 = (high + band * k / shelfQ + k * k) / norm
        b1 = 2 * (k * k - high) / norm
        b2 = (high - band * k / shelfQ + k * k) / norm
        a1 = 2 * (k * k - 1) / norm
        a2 = (1 - k / shelfQ + k * k) / norm

        let highPassHz = 38.13547087602444
        let highPassQ = 0.5003270373238773
        let h = tan(.pi * highPassHz / sampleRate)
        let highPassNorm = 1 + h / highPassQ + h * h
        c1 = 2 * (h * h - 1) / highPassNorm
        c2 = (1 - h / highPassQ + h * h) / highPassNorm
    }

    /// Filter memory of two channels, one per lane. Transposed direct form II: s of the shelf, t of the high-pass.
    struct Pair {
        var s1 = SIMD2<Double>.zero
        var s2 = SIMD2<Double>.zero
        var t1 = SIMD2<Double>.zero
        var t2 = SIMD2<Double>.zero
    }

    /// `start` plus the squares of both weighted channels over `frames` frames, added one by one, so that the result is the same
    /// to the last bit however the frames are cut. Some 4 ns per frame of two channels.
    @inline(__always)
    func sumOfSquares(
        _ left: UnsafePointer<Double>, _ right: UnsafePointer<Double>, frames: Int, _ pair: inout Pair,
        from start: SIMD2<Double> = .zero
    ) -> SIMD2<Double> {
        var (s1, s2, t1, t2) = (pair.s1, pair.s2, pair.t1, pair.t2)
        var sum = start
        // Keeps the filter memory out of the slow subnormal range in silence; −600 dB, and the high-pass removes it.
        let bias = SIMD2<Double>(repeating: 1e-30)
        for i in 0..<frames {
            let x = SIMD2(left[i], right[i]) + bias
            let u = b0 * x + s1
            s1 = (b1 * x + s2) - a1 * u
            s2 = b2 * x - a2 * u
            let y = u + t1
            t1 = (t2 - (u + u)) - c1 * y
            t2 = u - c2 * y
            sum += y * y
        }
        pair = Pair(s1: s1, s2: s2, t1: t1, t2: t2)
        return sum
    }

    /// Weight of each channel in the sum, BS.1770-5 Table 4: 1.41 for loudspeakers at 60°…120°, none for the low-frequency channel.
    /// Channels in WAVE order: 4 = L R Ls Rs, 5 = L R C Ls Rs, 6 = L R C LFE Ls Rs, 7 = L R C LFE Cs Ls Rs, 8 = L R C LFE Lb Rb Ls Rs.
    /// Other counts name no positions and weigh every channel the same.
    static func channelWeights(_ channels: Int) -> [Double] {
        switch channels {
        case 4: [1, 1, 1.41, 1.41]
        case 5: [1, 1, 1, 1.41, 1.41]
        case 6: [1, 1, 1, 0, 1.41, 1.41]
        case 7: [1, 1, 1, 0, 1, 1.41, 1.41]
        case 8: [1, 1, 1, 0, 1, 1, 1.41, 1.41]
        default: [Double](repeating: 1, count: channels)
        }
    }

    /// BS.1770-5 equation 2: loudness of a weighted mean square, LKFS; nil for silence (below −150).
    static func loudness(_ meanSquare: Double) -> Double? {
        meanSquare > 1e-15 ? -0.691 + 10 * log10(meanSquare) : nil
    }
}
