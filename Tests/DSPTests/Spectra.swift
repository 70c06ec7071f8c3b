import Foundation

/// A plain recursive Fourier transform in double precision, to look at what the code under test made.
struct Spectrum {
    var re: [Double]
    var im: [Double]

    init(_ x: [Double]) {
        (re, im) = Self.transform(x, [Double](repeating: 0, count: x.count))
    }

    func magnitude(_ bin: Int) -> Double { (re[bin] * re[bin] + im[bin] * im[bin]).squareRoot() }

    private static func transform(_ re: [Double], _ im: [Double]) -> ([Double], [Double]) {
        let n = re.count
        if n == 1 { return (re, im) }
        let even = transform(stride(from: 0, to: n, by: 2).map { re[$0] }, stride(from: 0, to: n, by: 2).map { im[$0] })
        let odd = transform(stride(from: 1, to: n, by: 2).map { re[$0] }, stride(from: 1, to: n, by: 2).map { im[$0] })
        var (outRe, outIm) = ([Double](repeating: 0, count: n), [Double](repeating: 0, count: n))
        for k in 0..<n / 2 {
            let c = cos(2 * .pi * Double(k) / Double(n)), s = -sin(2 * .pi * Double(k) / Double(n))
            let tr = odd.0[k] * c - odd.1[k] * s, ti = odd.0[k] * s + odd.1[k] * c
            (outRe[k], outIm[k]) = (even.0[k] + tr, even.1[k] + ti)
            (outRe[k + n / 2], outIm[k + n / 2]) = (even.0[k] - tr, even.1[k] - ti)
        }
        return (outRe, outIm)
    }

    /// Loudest bin farther than `guardBand` Hz from `hz`, in dB against the loudest within.
    static func spurious(_ x: [Double], hz: Double, guardBand: Double, sampleRate: Double) -> Double {
        let n = x.count
        let spectrum = Spectrum((0..<n).map { i in
            let p = 2 * Double.pi * Double(i) / Double(n)
            // The seven-term Blackman-Harris window (Albrecht 2001): side lobes under −180 dB.
            let w = 0.27105140069342 - 0.43329793923448 * cos(p) + 0.21812299954311 * cos(2 * p) - 0.06592544638803 * cos(3 * p)
                + 0.01081174209837 * cos(4 * p) - 0.00077658482522 * cos(5 * p) + 0.00001388721735 * cos(6 * p)
            return x[i] * w
        })
        let carrier = Int((hz / sampleRate * Double(n)).rounded()), guardBins = Int(guardBand / sampleRate * Double(n))
        var loudest = 0.0, peak = 0.0
        for bin in 1..<n / 2 {
            if abs(bin - carrier) <= guardBins { peak = max(peak, spectrum.magnitude(bin)) } else { loudest = max(loudest, spectrum.magnitude(bin)) }
        }
        return decibels(loudest / peak)
    }
}
