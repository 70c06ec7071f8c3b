import DSP
import Glibc

/// Looks for the wall that lossy coders and sample-rate converters leave: a continuous spectrum that falls by 30 dB within 1 kHz
/// and stays down.
enum SpectralEdge {
    private static let stepHz = 250.0
    /// Depth of the wall, dB. Music and analogue filters fall 6 to 24 dB in a whole octave.
    private static let wall = 30.0

    /// The frequency of the wall, Hz, within 250, when one stands between 10 kHz and 94 % of half the sample rate; nil otherwise.
    static func find(_ spectrum: borrowing ThirdOctaveSpectrum, sampleRate: Double) -> Double? {
        let levels = density(spectrum, sampleRate)
        let first = Int(10_000 / stepHz)
        let last = Int(0.47 * sampleRate / stepHz)
        guard levels.count > last + 4, last > first else { return nil }
        for step in first..<last {
            let below = levels[(step - 3)...step].reduce(0, +) / 4
            let above = levels[(step + 4)...].max() ?? -.infinity
            // Sound must fill the octave under the wall; a lone tone with nothing around it is no wall.
            let floor = levels[(step / 2)...step].min() ?? -.infinity
            if below - above >= wall, floor - above >= wall - 6, below > -130 {
                let top = levels.indices.last { $0 >= step && levels[$0] > below - wall / 2 } ?? step
                return Double(top + 1) * stepHz
            }
        }
        return nil
    }

    /// Mean power per step of 250 Hz, dB; −200 for nothing.
    private static func density(_ spectrum: borrowing ThirdOctaveSpectrum, _ sampleRate: Double) -> [Double] {
        let count = Int(sampleRate / 2 / stepHz)
        var sums = [Double](repeating: 0, count: count)
        for bin in 0..<spectrum.binCount {
            let step = Int(Double(bin) * spectrum.binHz / stepHz)
            if step < count { sums[step] += spectrum.binPower(bin) }
        }
        return sums.map { $0 > 1e-20 ? 10 * log10($0) : -200 }
    }
}
