import DSP
import Glibc

/// Smoothing along log f with a Gaussian whose equivalent width is given in octaves, over bands that are not masked.
struct OctaveSmoothing {
    /// One side of the kernel, from its middle.
    private let kernel: [Double]

    /// - Parameter octaves: equivalent rectangular width, ≥ 0; 0 leaves everything as it is.
    init(octaves: Double) {
        // The area of a Gaussian is its height times σ·√(2π).
        let sigma = octaves / (2 * Double.pi).squareRoot() / LongTermSpectrum.bandOctaves
        guard sigma > 0.1 else {
            kernel = [1]
            return
        }
        kernel = (0...Int((3 * sigma).rounded(.up))).map { exp(-0.5 * Double($0 * $0) / (sigma * sigma)) }
    }

    func mean(_ values: [Double]) -> [Double] { mean(values, where: [Bool](repeating: true, count: values.count)) }

    /// Each value becomes the weighted mean of its unmasked neighbours; a masked one keeps its place in the result as 0.
    func mean(_ values: [Double], where isUsed: [Bool]) -> [Double] {
        values.indices.map { at in
            guard isUsed[at] else { return 0 }
            var sum = 0.0, weight = 0.0
            for offset in (1 - kernel.count)..<kernel.count {
                let other = at + offset
                guard other >= 0, other < values.count, isUsed[other] else { continue }
                sum += kernel[abs(offset)] * values[other]
                weight += kernel[abs(offset)]
            }
            return sum / weight
        }
    }
}

/// The value with half of the weight on each side, between neighbours in proportion; nil without weight.
func weightedMedian(_ values: [(value: Double, weight: Double)]) -> Double? {
    let sorted = values.filter { $0.weight > 0 }.sorted { $0.value < $1.value }
    let half = sorted.reduce(0) { $0 + $1.weight } / 2
    guard half > 0 else { return nil }
    var passed = 0.0, before: (at: Double, value: Double)?
    for (value, weight) in sorted {
        // A value stands for the middle of its weight.
        let at = passed + weight / 2
        if at >= half {
            guard let before else { return value }
            return before.value + (value - before.value) * (half - before.at) / (at - before.at)
        }
        before = (at, value)
        passed += weight
    }
    return before?.value
}
