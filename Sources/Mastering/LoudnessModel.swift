import DSP
import Glibc

/// Foretells the loudness after the limiter for any gain, without running it: the signal before the limiter as cells of 256
/// frames, each with its true peak and its K-weighted energy.
///
/// The limiter is followed cell by cell (its look-ahead is shorter than one), which gives the loudness lost within a few
/// hundredths of an LU at usual depths; the solve corrects what is left from a real pass. 4 bytes a cell.
struct LoudnessModel {
    static let cellFrames = 256
    /// Codes are hundredths of a decibel above this.
    private static let floorDB = -200.0

    private struct Cell { var peak: UInt16, energy: UInt16 }

    private let sampleRate: Double
    private var cells: [Cell] = []

    init(sampleRate: Double) { self.sampleRate = sampleRate }

    /// Adds a cell: linear true peak, and channel-weighted K-weighted mean square.
    mutating func append(peak: Double, meanSquare: Double) {
        cells.append(Cell(peak: Self.code(peak), energy: Self.code(meanSquare.squareRoot())))
    }

    private static func code(_ amplitude: Double) -> UInt16 {
        guard amplitude > 1e-10 else { return 0 }
        return UInt16(min(max((FastMath.decibels(amplitude) - floorDB) * 100, 0), 65535))
    }

    private static func decoded(_ code: UInt16) -> Double { Double(code) * 0.01 + floorDB }

    /// Integrated loudness (BS.1770-5 gates, 400 ms blocks every 100 ms) of the limited signal, LUFS; nil when all is gated.
    func integratedLUFS(gainDB: Double, parameters: ChainParameters) -> Double? {
        let thresholdDB = parameters.ceilingDBTP - Limiter.marginDB
        let cellMs = Double(Self.cellFrames) / sampleRate * 1000
        let automatic = parameters.limiterReleaseMs <= 0
        let fastDecay = exp(-cellMs / (automatic ? 40 : parameters.limiterReleaseMs))
        let charge = exp(-cellMs / 60), slowDecay = exp(-cellMs / 250)
        var fast = 0.0, slow = 0.0
        var steps: [Double] = []
        let stepFrames = sampleRate / 10
        var stepEnd = stepFrames, position = 0.0, sum = 0.0
        for cell in cells {
            let over = cell.peak == 0 || !parameters.limiterOn ? 0 : max(0, Self.decoded(cell.peak) + gainDB - thresholdDB)
            fast = max(over, over + (fast - over) * fastDecay)
            slow = automatic ? over + (slow - over) * (over > slow ? charge : slowDecay) : 0
            if cell.energy > 0 {
                let db = Self.decoded(cell.energy) + gainDB - max(fast, slow)
                sum += FastMath.exp2(db / FastMath.dBPerOctave * 2)
            }
            position += Double(Self.cellFrames)
            if position >= stepEnd {
                steps.append(sum * Double(Self.cellFrames) / stepFrames)
                sum = 0
                stepEnd += stepFrames
            }
        }
        guard steps.count >= 4 else { return nil }
        let blocks = (0...(steps.count - 4)).map { (first: Int) -> Double in steps[first..<(first + 4)].reduce(0, +) / 4 }
        func mean(above gate: Double) -> Double? {
            let loud = blocks.filter { $0 > gate }
            return loud.isEmpty ? nil : loud.reduce(0, +) / Double(loud.count)
        }
        // −70 LKFS as power, with the −0.691 dB of BS.1770-5 equation 2.
        let absolute = FastMath.exp2((-70 + 0.691) / FastMath.dBPerOctave * 2)
        guard let ungated = mean(above: absolute), let gated = mean(above: max(absolute, ungated * 0.1)) else { return nil }
        return FastMath.decibels(gated) / 2 - 0.691
    }

    /// The gain, dB, that the model expects to bring the limited signal to `target`, at most `highest`.
    func gain(toReach target: Double, correction: Double, parameters: ChainParameters, highest: Double) -> Double {
        func loudness(_ gain: Double) -> Double { (integratedLUFS(gainDB: gain, parameters: parameters) ?? -200) + correction }
        if loudness(highest) <= target { return highest }
        var low = min(-80, highest - 1), high = highest
        for _ in 0..<24 {
            let middle = (low + high) / 2
            if loudness(middle) < target { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
