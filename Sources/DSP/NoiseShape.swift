/// Spectra for the noise of word-length reduction that follow the ear: less where it hears best, more where it hardly does.
///
/// The filters are those printed for 44.1 kHz; at other rates the finite filter of the same order that keeps the noise, as weighted by
/// the printed curve over frequency, least (linear prediction: J. Makhoul, Proc. IEEE 63(4), 1975), so the ear gets the same at every rate.
public enum NoiseShape: String, Sendable, CaseIterable {
    /// Modified-E, 9 taps: 8 dB less at 1 kHz, 21 dB at 3.5 kHz, 8 dB more noise in all. R. Wannamaker, JAES 40(7/8), 1992.
    case modifiedE = "modified-e"
    /// Improved-E, 5 taps: 16 dB less at 1 kHz, 27 dB at 4 kHz, 12 dB more in all. S. Lipshitz, J. Vanderkooy, R. Wannamaker, "Minimally
    /// audible noise shaping", JAES 39(11), 1991.
    case lipshitz
    /// F-weighted, 9 taps: 13 dB less at 1 kHz, 24 dB at 3.5 kHz, 18 dB more in all. Wannamaker 1992.
    case fWeighted = "f-weighted"
    /// Improved-E, 9 taps: 17 dB less at 1 kHz, 29 dB at 3.5 kHz, 23 dB more in all. Wannamaker 1992.
    case improvedE = "improved-e"

    /// c₁ c₂ … of the noise's transfer function 1 − Σ c_k z^−k at 44.1 kHz, as printed.
    var printed: [Double] {
        switch self {
        case .modifiedE: [1.662, -1.263, 0.4827, -0.2913, 0.1268, -0.1124, 0.03252, -0.01265, -0.03524]
        case .lipshitz: [2.033, -2.165, 1.959, -1.590, 0.6149]
        case .fWeighted: [2.412, -3.370, 3.937, -4.174, 3.353, -2.205, 1.281, -0.569, 0.0847]
        case .improvedE: [2.847, -4.685, 6.214, -7.184, 6.639, -5.032, 3.263, -1.632, 0.4191]
        }
    }

    private static let printedRate = 44_100.0

    /// c₁ c₂ … at `sampleRate` Hz.
    func coefficients(sampleRate: Double) -> [Double] {
        sampleRate == Self.printedRate ? printed : Self.prediction(of: printed, sampleRate: sampleRate)
    }

    /// |1 − Σ c_k e^(−iωk)|² at `turns` half cycles per frame.
    static func power(_ coefficients: [Double], turns: Double) -> Double {
        var (re, im) = (1.0, 0.0)
        for (k, c) in coefficients.enumerated() {
            re -= c * FastMath.cosPi(turns * Double(k + 1))
            im += c * FastMath.sinPi(turns * Double(k + 1))
        }
        return re * re + im * im
    }

    /// Levinson's recursion over the autocorrelation of the ear's weight, which is the printed filter turned over; above 22.05 kHz the
    /// weight stays at what it is there.
    private static func prediction(of printed: [Double], sampleRate: Double) -> [Double] {
        let points = 8192, order = printed.count
        var correlation = [Double](repeating: 0, count: order + 1)
        for i in 0..<points {
            let turns = (Double(i) + 0.5) / Double(points)
            let weight = 1 / power(printed, turns: min(1, turns * sampleRate / printedRate))
            for k in 0...order { correlation[k] += weight * FastMath.cosPi(turns * Double(k)) }
        }
        var c = [Double](repeating: 0, count: order)
        var error = correlation[0]
        for n in 0..<order {
            var reflection = correlation[n + 1]
            for k in 0..<n { reflection -= c[k] * correlation[n - k] }
            reflection /= error
            let before = c
            c[n] = reflection
            for k in 0..<n { c[k] = before[k] - reflection * before[n - 1 - k] }
            error *= 1 - reflection * reflection
        }
        return c
    }
}
