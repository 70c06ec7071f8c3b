extension FastMath {
    /// sin(π·x) for |x| < 2^50, absolute error below 3e-16; exact at whole and half numbers.
    ///
    /// The symmetries of the circle bring the angle to at most π/4, where Taylor's series is summed to the 17th power.
    public static func sinPi(_ x: Double) -> Double {
        let whole = roundToEven(x)
        let r = x - whole
        let upright = r.magnitude <= 0.25 ? sine(r * .pi) : (r < 0 ? -1 : 1) * cosine((0.5 - r.magnitude) * .pi)
        return Int64(whole) & 1 == 0 ? upright : -upright
    }

    /// cos(π·x), as `sinPi`.
    public static func cosPi(_ x: Double) -> Double {
        let whole = roundToEven(x)
        let r = (x - whole).magnitude
        let upright = r <= 0.25 ? cosine(r * .pi) : sine((0.5 - r) * .pi)
        return Int64(whole) & 1 == 0 ? upright : -upright
    }

    private static func sine(_ t: Double) -> Double {
        let z = t * t
        var p = 1.0 / 355_687_428_096_000
        p = p * z - 1.0 / 1_307_674_368_000
        p = p * z + 1.0 / 6_227_020_800
        p = p * z - 1.0 / 39_916_800
        p = p * z + 1.0 / 362_880
        p = p * z - 1.0 / 5040
        p = p * z + 1.0 / 120
        p = p * z - 1.0 / 6
        return t + t * z * p
    }

    private static func cosine(_ t: Double) -> Double {
        let z = t * t
        var p = 1.0 / 20_922_789_888_000
        p = p * z - 1.0 / 87_178_291_200
        p = p * z + 1.0 / 479_001_600
        p = p * z - 1.0 / 3_628_800
        p = p * z + 1.0 / 40_320
        p = p * z - 1.0 / 720
        p = p * z + 1.0 / 24
        p = p * z - 0.5
        return 1 + z * p
    }
}

/// Low-pass taps: a sinc under a Kaiser window, from additions, multiplications, divisions and roots alone, so that they are the same
/// everywhere. J. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function", IEEE ISCAS 1974.
enum WindowedSinc {
    /// Modified Bessel function I₀ by its power series.
    static func bessel(_ x: Double) -> Double {
        var (sum, term, n) = (1.0, 1.0, 1.0)
        while term > sum * 1e-17 {
            term *= (x / (2 * n)) * (x / (2 * n))
            sum += term
            n += 1
        }
        return sum
    }

    /// Kaiser's β for `attenuation` dB > 50 outside the pass band.
    static func beta(attenuation: Double) -> Double { 0.1102 * (attenuation - 8.7) }

    /// Taps on each side of the middle for `attenuation` dB behind a transition `width` cycles per sample wide.
    static func reach(attenuation: Double, width: Double) -> Double { (attenuation - 7.95) / (2 * 14.36 * width) }

    /// The tap at `t` samples from the middle; 0 from `reach` on.
    ///
    /// - Parameters:
    ///   - cutoff: middle of the transition, cycles per sample.
    ///   - scale: 1 / I₀(β).
    static func tap(_ t: Double, cutoff: Double, reach: Double, beta: Double, scale: Double) -> Double {
        let r = t / reach
        guard r.magnitude < 1 else { return 0 }
        let sinc = t == 0 ? 2 * cutoff : FastMath.sinPi(2 * cutoff * t) / (.pi * t)
        return sinc * bessel(beta * (1 - r * r).squareRoot()) * scale
    }
}
