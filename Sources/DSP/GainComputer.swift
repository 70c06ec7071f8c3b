import CSignal

/// From the level of a band to its gain: soft-knee static curve with a largest change, release, attack. As in `Compressor` (Giannoulis,
/// Massberg, Reiss 2012), in log2 of amplitude; every fourth frame, of the loudest of the four, and straight lines between.
///
/// The threshold is fixed, or follows the band's own running level: the mean over the last 3 s (all of it, before that) of its peaks above
/// −70 dBFS, so that a band acts on what stands out of it and loud and quiet programme are treated alike.
struct GainComputer: BitwiseCopyable {
    struct Settings: Equatable, BitwiseCopyable {
        /// dBFS, or with `automatic` dB over the running level.
        var thresholdDB = 0.0
        var automatic = false
        /// Ratio ≥ 1; knee and largest change ≥ 0 in dB; times to 63 % of a step in ms.
        var ratio = 2.0, kneeDB = 6.0, rangeDB = 3.0, attackMs = 10.0, releaseMs = 100.0
        /// Turns up what is loud, instead of down.
        var upward = false
    }

    /// Frames that share a step of the envelope.
    private static let group = 4

    private var settings = Settings()
    private var slope = 0.0, halfKnee = 0.0, attack = 0.0, release = 0.0
    private var range = 0.0, rangeGoal = 0.0, rangeStep = 0.0
    private var averageBlocks = 1.0, heldDecay = 0.0
    /// Energy of recent peaks; the running level, and the blocks it is the mean of.
    private var held = 0.0, average = 0.0, blocks = 0.0
    private var y1 = 0.0, y = 0.0, gain = 1.0

    init() {}

    /// The range moves to its new value within some 20 ms, or at once with `ramp` false.
    mutating func set(_ s: Settings, sampleRate: Double, ramp: Bool) {
        settings = s
        slope = 1 - 1 / s.ratio
        halfKnee = s.kneeDB / FastMath.dBPerOctave / 2
        rangeGoal = s.rangeDB / FastMath.dBPerOctave
        rangeStep = 1 - FastMath.exp(-64 / (0.005 * sampleRate))
        if !ramp { range = rangeGoal }
        attack = FastMath.exp(-1000 * Double(Self.group) / (s.attackMs * sampleRate))
        release = FastMath.exp(-1000 * Double(Self.group) / (s.releaseMs * sampleRate))
        averageBlocks = 3 * sampleRate / 64
        heldDecay = FastMath.exp(-2 * 64 / (0.1 * sampleRate))
    }

    mutating func clear() { (held, average, blocks, y1, y, gain) = (0, 0, 0, 0, 0, 1) }

    /// Turns `frames` (≤ 64) energies, amplitude squared, into gains.
    ///
    /// - Returns: the largest change in log2 of amplitude, ≥ 0. When it is 0 every gain is 1 and none is written.
    mutating func process(_ line: UnsafeMutablePointer<Double>, frames: Int) -> Double {
        var levels = InlineArray<16, Double>(repeating: 0)
        let groups = (frames + Self.group - 1) / Self.group
        var highest = 0.0
        for k in 0..<groups {
            var level = 0.0
            for i in Self.group * k..<min(Self.group * (k + 1), frames) { level = max(level, line[i]) }
            levels[k] = level
            highest = max(highest, level)
        }
        let threshold = threshold(highest), quiet = FastMath.exp2(2 * (threshold - halfKnee))
        let rangeBefore = range
        range += (rangeGoal - range) * rangeStep
        if highest <= quiet && y1 == 0 && y == 0 && gain == 1 { return 0 }
        var deepest = 0.0
        withUnsafeMutablePointer(to: &levels) { pointer in
            let levels = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Double.self)
            // log2 of an energy is twice that of the amplitude.
            lathe_static_curve(levels, 16, quiet, 2 * threshold, slope / 2, 2 * halfKnee, halfKnee > 0 ? 0.125 / halfKnee : 0)
            for k in 0..<groups {
                let c = min(levels[k], rangeBefore + (range - rangeBefore) * Double(k + 1) / Double(groups))
                y1 = max(c, release * y1 + (1 - release) * c)
                y = attack * y + (1 - attack) * y1
                deepest = max(deepest, y)
                levels[k] = y
            }
            lathe_mixed_gain(levels, 16, 1, 0)
        }
        if y1 < 1e-9 { y1 = 0 }
        if y < 1e-9 { y = 0 }
        if y == 0 { levels[groups - 1] = 1 }
        for k in 0..<groups {
            let goal = settings.upward ? 1 / levels[k] : levels[k]
            let first = Self.group * k, count = min(Self.group, frames - first)
            let step = (goal - gain) / Double(count)
            for i in 0..<count { line[first + i] = gain + step * Double(i + 1) }
            gain = goal
        }
        return deepest
    }

    private mutating func threshold(_ highest: Double) -> Double {
        let wanted = settings.thresholdDB / FastMath.dBPerOctave
        guard settings.automatic else { return wanted }
        held = max(highest, held * heldDecay)
        if held > 1e-7 {
            blocks = min(blocks + 1, averageBlocks)
            average += (FastMath.log2(held) / 2 - average) / blocks
        }
        return blocks == 0 ? 0 : average + wanted
    }
}
