import CSignal
import Glibc

/// Beats a minute, when there is a steady beat to count.
///
/// The energy of four bands is taken every 10 ms; its logarithm's rises are the onsets, whose autocorrelation is read at one, two, three,
/// four and eight beats (after E. Scheirer, "Tempo and beat analysis of acoustic musical signals", JASA 103(1), 1998, with the
/// autocorrelation in place of resonators). A tempo counts when both halves of the sound agree on it.
///
/// Some 4 ns per frame; the tempo is that of the first 10 minutes, 16 bytes for each 10 ms.
public struct TempoMeter {
    private static let steps = 100.0
    private static let mostSteps = 60_000
    private static let leastSteps = 1000
    private static let longestLag = 810
    private static let beats: [(count: Double, weight: Double)] = [(1, 1), (2, 0.9), (3, 0.7), (4, 0.8), (8, 0.5)]
    private static let leastSalience = 0.12
    private static let leastOnsets = 0.02

    private let channels: Int
    private let framesPerStep: Double
    private let bands: lathe_bands
    private var memory = lathe_bands_memory()
    /// Squares of the open step.
    private var energy = SIMD4<Double>.zero
    private var frame = 0.0
    private var energies: [SIMD4<Float>] = []
    private var step: Int64 = 0
    /// Treble of the last 50 ms.
    private var treble = InlineArray<5, Double>(repeating: 0)
    private var loudestTreble = 0.0
    private var loudestTrebleStep: Int64 = 0

    public init(sampleRate: Double, channels: Int) {
        self.channels = channels
        framesPerStep = sampleRate / Self.steps
        // Corners of 150, 600 and 5000 Hz; the fourth lane lets everything through.
        let corners = SIMD4(150, 600, 5000, 0.0)
        var smoothing = SIMD4<Double>(repeating: 1)
        for i in 0..<3 { smoothing[i] = 1 - exp(-2 * .pi * min(corners[i], 0.4 * sampleRate) / sampleRate) }
        bands = lathe_bands(smoothing: (smoothing.x, smoothing.y, smoothing.z, smoothing.w))
    }

    /// Takes the next `count` frames.
    public mutating func process(_ block: AudioBlock, frames count: Int) {
        let (left, right) = (block[0], block[channels > 1 ? 1 : 0])
        var done = 0
        while done < count {
            let take = min(count - done, Int((framesPerStep - frame).rounded(.up)))
            withUnsafeMutablePointer(to: &energy) { energy in
                energy.withMemoryRebound(to: Double.self, capacity: 4) { energies in
                    withUnsafePointer(to: bands) { lathe_band_energies(left + done, right + done, take, $0, &memory, energies) }
                }
            }
            done += take
            frame += Double(take)
            if frame >= framesPerStep {
                close(energy / framesPerStep)
                energy = .zero
                frame -= framesPerStep
            }
        }
    }

    private mutating func close(_ energy: SIMD4<Double>) {
        if energies.count < Self.mostSteps { energies.append(SIMD4<Float>(energy)) }
        treble[Int(step % 5)] = energy.w
        var mean = 0.0
        for i in 0..<5 { mean += treble[i] / 5 }
        if mean > loudestTreble { (loudestTreble, loudestTrebleStep) = (mean, max(0, step - 4)) }
        step += 1
    }

    /// The 50 ms with the most sound above 5 kHz: its mean square, and where it begins, seconds; nil for silence.
    public var trebleBurst: (meanSquare: Double, seconds: Double)? {
        loudestTreble > 1e-12 ? (loudestTreble, Double(loudestTrebleStep) / Self.steps) : nil
    }

    /// nil when there is none, or it is in doubt. Some 20 ms for a song.
    public var bpm: Double? {
        guard energies.count >= Self.leastSteps else { return nil }
        let onsets = onsets()
        let half = onsets.count / 2
        let halves = [Self.correlation(onsets[..<half]), Self.correlation(onsets[half...])]
        // Rises that nobody hears as beats: the ripple of a tone against the steps.
        let power = onsets.reduce(0) { $0 + Double($1 * $1) } / Double(onsets.count)
        guard power > Self.leastOnsets else { return nil }
        let whole = zip(halves[0], halves[1]).map { ($0 + $1) / 2 }
        let best = Self.best(whole)
        guard best.salience >= Self.leastSalience else { return nil }
        for part in halves {
            // The same beat may be counted in halves or doubles.
            let ratio = Self.best(part).bpm / best.bpm
            guard [0.5, 1, 2].contains(where: { abs(ratio / $0 - 1) < 0.03 }) else { return nil }
        }
        var bpm = best.bpm
        // Below 80 the eye of the beat is often on every second one.
        if bpm < 80, Self.salience(whole, 2 * bpm) > 0.6 * best.salience { bpm *= 2 }
        return Self.refined(whole, bpm)
    }

    private func onsets() -> [Float] {
        let mean = energies.reduce(SIMD4<Float>.zero, +) / Float(energies.count)
        var last = SIMD4<Float>.zero
        var rises: [Float] = energies.enumerated().map { index, energy in
            var level = SIMD4<Float>.zero
            for band in 0..<4 { level[band] = log1pf(100 * energy[band] / (mean[band] + 1e-12)) }
            defer { last = level }
            return index == 0 ? 0 : pointwiseMax(level - last, .zero).sum()
        }
        // Less the mean of a second around.
        var total: Float = 0
        let around = 50
        let copy = rises
        for i in 0..<min(around, copy.count) { total += copy[i] }
        for i in copy.indices {
            if i + around < copy.count { total += copy[i + around] }
            if i - around - 1 >= 0 { total -= copy[i - around - 1] }
            rises[i] -= total / Float(min(copy.count, i + around + 1) - max(0, i - around))
        }
        return rises
    }

    private static func correlation(_ onsets: ArraySlice<Float>) -> [Double] {
        onsets.withUnsafeBufferPointer { x in
            func product(_ lag: Int) -> Double {
                guard x.count > lag + 1 else { return 0 }
                var lanes = SIMD8<Float>.zero
                var i = 0
                while i + 8 <= x.count - lag {
                    var a = SIMD8<Float>.zero, b = SIMD8<Float>.zero
                    for k in 0..<8 {
                        a[k] = x[i + k]
                        b[k] = x[i + lag + k]
                    }
                    lanes += a * b
                    i += 8
                }
                var sum = lanes.sum()
                while i < x.count - lag {
                    sum += x[i] * x[i + lag]
                    i += 1
                }
                return Double(sum) / Double(x.count - lag)
            }
            let power = product(0)
            return (0..<longestLag).map { power > 0 ? product($0) / power : 0 }
        }
    }

    /// Highest value within a lag and a half, falling off linearly.
    private static func value(_ r: [Double], _ lag: Double) -> Double {
        let at = Int(lag)
        var best = -1.0
        for i in max(0, at - 1)...max(0, at + 2) where i < r.count {
            let distance = abs(Double(i) - lag)
            if distance < 1.5 { best = max(best, r[i] * (1 - distance / 1.5)) }
        }
        return best
    }

    private static func salience(_ r: [Double], _ bpm: Double) -> Double {
        let beat = 60 * steps / bpm
        return beats.reduce(0) { $0 + $1.weight * value(r, $1.count * beat) } / beats.reduce(0) { $0 + $1.weight }
    }

    private static func best(_ r: [Double]) -> (bpm: Double, salience: Double) {
        var best = (bpm: 0.0, salience: -1.0), most = -Double.infinity
        for step in 0...280 {
            let bpm = 60 + 0.5 * Double(step)
            let salience = salience(r, bpm)
            // People tap near 120.
            let octaves = log2(bpm / 120)
            let score = salience * exp(-0.5 * octaves * octaves / 0.81)
            if score > most { (best, most) = ((bpm, salience), score) }
        }
        return best
    }

    /// To a tenth, from the lags of four and eight beats.
    private static func refined(_ r: [Double], _ bpm: Double) -> Double {
        var best = bpm, most = -Double.infinity
        for step in -20...20 {
            let candidate = bpm + 0.05 * Double(step)
            let beat = 60 * steps / candidate
            let score = value(r, 4 * beat) + value(r, 8 * beat)
            if score > most { (best, most) = (candidate, score) }
        }
        return (best * 10).rounded() / 10
    }
}
