import DSP
import Glibc

/// The key of a whole piece from its long-term spectrum, after C. Krumhansl, "Cognitive Foundations of Musical Pitch" (1990): how strongly
/// each of the twelve notes sounds, compared with how well each fits a key. Says nothing when two keys fit about as well.
enum KeyEstimate {
    /// Krumhansl and Kessler's ratings of the notes above the tonic (1982).
    private static let major = [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88]
    private static let minor = [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17]
    private static let majorNames = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]
    private static let minorNames = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"]
    /// MIDI numbers of A2, 110 Hz, where a semitone spans five bins, to G#6.
    private static let notes = 45..<93
    private static let leastContrast = 1.3
    private static let leastFit = 0.72
    private static let leastLead = 0.06

    /// `F# minor`; nil when in doubt.
    static func find(_ spectrum: borrowing ThirdOctaveSpectrum) -> String? {
        // Pieces are not all tuned to 440 Hz: the tuning at which notes stand out most is theirs.
        var chroma = [Double](), sharpest = 0.0
        for cents in stride(from: -50.0, to: 50, by: 10) {
            let (candidate, contrast) = notesAndContrast(spectrum, cents: cents)
            if contrast > sharpest { (chroma, sharpest) = (candidate, contrast) }
        }
        // Noise and drums are no louder on the notes than between them.
        guard sharpest > leastContrast, chroma.count == 12 else { return nil }
        // Nor has a piece on all twelve notes alike a key.
        let mean = chroma.reduce(0, +) / 12, spread = chroma.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 12
        guard spread > 0.02 * mean * mean else { return nil }
        var fits: [(fit: Double, name: String)] = []
        for tonic in 0..<12 {
            let turned = (0..<12).map { chroma[($0 + tonic) % 12] }
            fits.append((correlation(turned, major), majorNames[tonic] + " major"))
            fits.append((correlation(turned, minor), minorNames[tonic] + " minor"))
        }
        fits.sort { $0.fit > $1.fit }
        return fits[0].fit >= leastFit && fits[0].fit - fits[1].fit >= leastLead ? fits[0].name : nil
    }

    /// Strength of the twelve notes, octaves counted alike; and the mean level on the notes over that between them.
    private static func notesAndContrast(_ spectrum: borrowing ThirdOctaveSpectrum, cents: Double) -> ([Double], Double) {
        func amplitude(_ spectrum: borrowing ThirdOctaveSpectrum, _ note: Double) -> Double {
            let hz = 440 * pow(2, (note - 69) / 12 + cents / 1200)
            let low = Int((hz * pow(2, -0.25 / 12) / spectrum.binHz).rounded(.up)), high = max(low, Int(hz * pow(2, 0.25 / 12) / spectrum.binHz))
            guard high < spectrum.binCount else { return 0 }
            return ((low...high).reduce(0) { $0 + spectrum.binPower($1) } / Double(high - low + 1)).squareRoot()
        }
        let on = notes.map { amplitude(spectrum, Double($0)) }, between = notes.map { amplitude(spectrum, Double($0) + 0.5) }.reduce(0, +)
        let loudest = on.max() ?? 0
        guard loudest > 1e-9, between > 0 else { return ([], 0) }
        var chroma = [Double](repeating: 0, count: 12)
        for (index, level) in on.enumerated() {
            // Against the octaves around, so that the bass counts no more than the tune; what is faint beside the loudest stays so.
            let around = on[max(0, index - 12)...min(on.count - 1, index + 12)]
            chroma[(notes.lowerBound + index) % 12] += level / (around.reduce(0, +) / Double(around.count) + 0.1 * loudest)
        }
        return (chroma, on.reduce(0, +) / between)
    }

    private static func correlation(_ a: [Double], _ b: [Double]) -> Double {
        let (meanA, meanB) = (a.reduce(0, +) / 12, b.reduce(0, +) / 12)
        var (ab, aa, bb) = (0.0, 0.0, 0.0)
        for i in 0..<12 {
            ab += (a[i] - meanA) * (b[i] - meanB)
            aa += (a[i] - meanA) * (a[i] - meanA)
            bb += (b[i] - meanB) * (b[i] - meanB)
        }
        return aa > 0 ? ab / (aa * bb).squareRoot() : 0
    }
}
