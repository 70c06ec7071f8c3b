/// How loud a programme is, and how high the compressor's detector stands in it, in steps of 10 ms: enough to foretell what equaliser and
/// compressor make of its loudness. 8 bytes a step, kept of the first hour only.
public struct LevelCourse: Sendable {
    public static let mostSteps = 360_000
    private static let stepMs = 10.0

    /// K-weighted mean squares.
    private let energies: [Float]
    /// Highest levels of the detector, linear.
    private let levels: [Float]

    /// nil for a programme too short to have a loudness, and for one of more than `mostSteps`.
    public init?(energies: [Float], levels: [Float]) {
        guard energies.count >= 40, energies.count <= Self.mostSteps, levels.count <= Self.mostSteps else { return nil }
        self.energies = energies
        self.levels = levels
    }

    /// Integrated loudness (BS.1770-5) after a change of power and the compressor, LUFS; nil when all is gated.
    ///
    /// - Parameters:
    ///   - weighted: change of the K-weighted power by what stands before the compressor.
    ///   - plain: the same as its detector sees it.
    public func integratedLUFS(weighted: Double, plain: Double, compressor: Compressor.Settings) -> Double? {
        let octave = FastMath.dBPerOctave, floor = 1e-7
        let attack = FastMath.exp(-Self.stepMs / compressor.attackMs), release = FastMath.exp(-Self.stepMs / compressor.releaseMs)
        let shift = FastMath.decibels(plain) / 2
        var (held, smooth, at, filled) = (0.0, 0.0, 0, 0)
        var steps = [Double](repeating: 0, count: 40), histogram = LoudnessHistogram()
        for energy in energies {
            var gain = 1.0
            if compressor.mix > 0, at < levels.count {
                let level = max(Double(levels[at]), floor)
                let wanted = compressor.staticReductionDB(levelDB: FastMath.decibels(level) + shift) / octave
                held = max(wanted, release * held + (1 - release) * wanted)
                smooth = attack * smooth + (1 - attack) * held
                gain = 1 - compressor.mix + compressor.mix * FastMath.exp2(-smooth)
            }
            at += 1
            steps[filled % 40] = Double(energy) * weighted * gain * gain
            filled += 1
            if filled >= 40, filled % 10 == 0 { histogram.note(meanSquare: steps.reduce(0, +) / 40) }
        }
        return histogram.integrated
    }
}
