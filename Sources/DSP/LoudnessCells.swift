import CSignal

/// Cuts a signal into cells of 256 frames and gives each cell's true peak and K-weighted energy.
///
/// Peaks further below the highest found so far than the reduction a limiter is allowed may be given as their sample peak: no gain
/// within that limit lets the limiter reach them. So may those below `floor`.
public struct LoudnessCells: ~Copyable {
    public static let cellFrames = 256

    private let channels: Int
    private let weighting: LoudnessWeighting
    private let cascade = HalfBandCascade()
    private let lines: UnsafeMutablePointer<Float>
    private let pairs: UnsafeMutablePointer<LoudnessWeighting.Pair>
    private let weights: [Double]
    private let reach: Float
    private let floor: Float
    private var filled = 0
    private var blocks = 0
    private var energy = 0.0
    private var cellPeak: Float = 0
    private var highest: Float = 0

    /// - Parameters:
    ///   - maximumReductionDB: the most that the limiter may take away.
    ///   - floorDB: true peaks below this need not be known.
    public init(sampleRate: Double, layout: ChannelLayout, maximumReductionDB: Double, floorDB: Double = -120) {
        channels = layout.channels
        floor = Float(FastMath.amplitude(dB: floorDB))
        // Half a decibel of room for what the grid of the search may add.
        reach = Float(FastMath.amplitude(dB: -maximumReductionDB - 0.5))
        weighting = LoudnessWeighting(sampleRate: sampleRate)
        weights = layout.weights
        let count = channels * HalfBandCascade.lineCount
        lines = .allocate(capacity: count)
        lines.initialize(repeating: 0, count: count)
        pairs = .allocate(capacity: (channels + 1) / 2)
        pairs.initialize(repeating: LoudnessWeighting.Pair(), count: (channels + 1) / 2)
    }

    deinit {
        lines.deallocate()
        pairs.deallocate()
        cascade.deallocate()
    }

    /// Highest true peak so far (8× grid), linear.
    public var truePeak: Double { Double(highest) }

    /// Takes `frames` frames; calls `cell` with (true peak, channel-weighted mean square) for every cell that is complete.
    public mutating func process(_ block: AudioBlock, frames: Int, cell: (Double, Double) -> Void) {
        let n = HalfBandCascade.blockFrames
        var done = 0
        while done < frames {
            let count = min(frames - done, n - filled)
            for c in 0..<channels {
                let x = block[c] + done, line = HalfBandCascade.incoming(lines + c * HalfBandCascade.lineCount) + filled
                _ = lathe_to_float(x, line, count)
            }
            for pair in 0..<(channels + 1) / 2 {
                let a = 2 * pair, b = min(a + 1, channels - 1)
                var sum = SIMD2<Double>.zero
                weighting.addSquares(block[a] + done, block[b] + done, frames: count, pairs + pair, to: &sum)
                energy += sum.x * weights[a]
                if b != a { energy += sum.y * weights[b] }
            }
            filled += count
            done += count
            if filled == n { finishBlock(cell) }
        }
    }

    private mutating func finishBlock(_ cell: (Double, Double) -> Void) {
        filled = 0
        withUnsafeTemporaryAllocation(of: Float.self, capacity: HalfBandCascade.blockFrames) { buffer in
            let peaks = buffer.baseAddress!
            for c in 0..<channels {
                let line = lines + c * HalfBandCascade.lineCount
                let (local, bound) = cascade.extent(line)
                if bound > highest || bound > max(highest * reach, floor) {
                    peaks.update(repeating: 0, count: HalfBandCascade.blockFrames)
                    cascade.oversample(line)
                    cascade.maximum(line, into: peaks)
                    cellPeak = max(cellPeak, lathe_largest_magnitude(peaks, HalfBandCascade.blockFrames))
                } else {
                    cellPeak = max(cellPeak, local)
                }
                HalfBandCascade.shift(line)
            }
        }
        highest = max(highest, cellPeak)
        blocks += 1
        if blocks * HalfBandCascade.blockFrames == Self.cellFrames {
            cell(Double(cellPeak), energy / Double(Self.cellFrames))
            blocks = 0
            cellPeak = 0
            energy = 0
        }
    }
}
