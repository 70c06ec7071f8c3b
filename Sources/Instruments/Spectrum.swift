import DSP

/// Strengths of the harmonics of a tone: a slope, a balance of odd and even, and formants that stay where they are whatever the pitch.
struct Spectrum: Sendable {
    struct Formant: Sendable {
        var hz: Double
        /// dB at its centre.
        var gain: Double
        /// Octaves to either side at which half the gain (in dB) is left.
        var width: Double
    }

    /// dB per octave, downwards.
    var slope = 6.0
    /// Even harmonics, 0 (a square, a clarinet) … 1.
    var even = 1.0
    /// Strengths of the first harmonics where a rule does not tell them (drawbars, reeds).
    var drawn: [Double] = []
    var formants: [Formant] = []
    /// Above this frequency harmonics fall by a further 18 dB per octave.
    var top = 16_000.0
    /// Duty of a pulse; 0 for none.
    var duty = 0.0
    /// Harmonics start at scattered phases: rounder peaks.
    var scattered = false

    func amplitude(_ harmonic: Int, fundamental: Double) -> Double {
        let hz = Double(harmonic) * fundamental
        var dB = -slope * FastMath.log2(Double(harmonic))
        for formant in formants {
            let distance = FastMath.log2(hz / formant.hz) / formant.width
            dB += formant.gain * FastMath.exp2(-distance * distance)
        }
        if hz > top { dB -= 18 * FastMath.log2(hz / top) }
        var a = FastMath.amplitude(dB: max(-160, dB))
        if harmonic % 2 == 0 { a *= even }
        if !drawn.isEmpty { a *= harmonic <= drawn.count ? drawn[harmonic - 1] : 0 }
        if duty > 0 { a *= FastMath.sinPi(Double(harmonic) * duty - 2 * (Double(harmonic) * duty / 2).rounded(.down)) * 1.2 }
        return a
    }
}

/// One cycle of a tone, with no harmonic above half the sample rate: a table per pitch, so that nothing aliases.
final class Wavetable: Sendable {
    static let size = 2048
    /// `size` samples and the first once more.
    let samples: [Double]

    /// - Parameter highest: pitch bends up to here must stay below half the sample rate, Hz per Hz of the fundamental.
    init(_ spectrum: Spectrum, fundamental: Double, rate: Double, highest: Double = 1.03) {
        var table = [Double](repeating: 0, count: Self.size + 1)
        let count = max(1, min(Self.size / 2 - 1, Int(rate * 0.48 / (fundamental * highest))))
        var power = 0.0
        for h in 1...count {
            let a = spectrum.amplitude(h, fundamental: fundamental)
            if abs(a) < 1e-5 { continue }
            power += a * a / 2
            // e^(2πi·h·n/size) by rotation; a phase that is scattered but always the same.
            let turn = Double(h) / Double(Self.size) * 2
            let start = spectrum.scattered ? Double((h * h * 7) % 64) / 32 : 0
            var (c, s) = (FastMath.cosPi(start), FastMath.sinPi(start))
            let (dc, ds) = (FastMath.cosPi(turn), FastMath.sinPi(turn))
            for n in 0..<Self.size {
                table[n] += a * s
                (c, s) = (c * dc - s * ds, s * dc + c * ds)
            }
        }
        let scale = power > 0 ? 0.25 / power.squareRoot() : 0
        for n in 0..<Self.size { table[n] *= scale }
        table[Self.size] = table[0]
        samples = table
    }
}

extension FastMath {
    /// Frequency of a MIDI pitch, A4 = 440 Hz.
    static func hz(_ pitch: Double) -> Double { 440 * exp2((pitch - 69) / 12) }
}
