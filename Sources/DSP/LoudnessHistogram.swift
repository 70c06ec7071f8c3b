import Glibc

/// Loudness of many blocks in bounded memory: bins of 0.01 LU from the absolute gate (−70 LUFS) to +30, each with its count and its exact
/// sum of mean squares. Only the one bin that a relative gate cuts is approximated, so results stay within 0.01 LU of keeping every block.
struct LoudnessHistogram: ~Copyable {
    private static let lowest = -70.0
    private static let binsPerLU = 100.0
    private static let binCount = 10_000

    private struct Bin {
        var count = 0
        var sum = 0.0
    }

    private let bins: UnsafeMutablePointer<Bin>
    private var count = 0
    private var sum = 0.0

    init() {
        bins = .allocate(capacity: Self.binCount)
        bins.initialize(repeating: Bin(), count: Self.binCount)
    }

    deinit { bins.deallocate() }

    mutating func reset() {
        bins.update(repeating: Bin(), count: Self.binCount)
        count = 0
        sum = 0
    }

    /// Counts a block unless the absolute gate closes for it.
    mutating func note(meanSquare: Double) {
        guard let loudness = LoudnessWeighting.loudness(meanSquare), loudness > Self.lowest else { return }
        let bin = min(Self.binCount - 1, Int((loudness - Self.lowest) * Self.binsPerLU))
        bins[bin].count += 1
        bins[bin].sum += meanSquare
        count += 1
        sum += meanSquare
    }

    /// First bin that passes a gate `below` LU under the mean of all blocks.
    private func firstBin(below: Double) -> Int? {
        guard count > 0, let mean = LoudnessWeighting.loudness(sum / Double(count)) else { return nil }
        let position = (mean - below - Self.lowest) * Self.binsPerLU
        guard position >= 0 else { return 0 }
        let bin = min(Self.binCount - 1, Int(position))
        // The bin that the gate cuts counts whole or not at all, by the mean of its blocks.
        let cut = bins[bin]
        guard cut.count > 0, let inside = LoudnessWeighting.loudness(cut.sum / Double(cut.count)) else { return bin }
        return inside > mean - below ? bin : min(Self.binCount - 1, bin + 1)
    }

    /// Mean above a gate 10 LU under the mean of all blocks: BS.1770-5 equations 5 to 7. Some 10 µs.
    var integrated: Double? {
        guard let first = firstBin(below: 10) else { return nil }
        var (gated, blocks) = (0.0, 0)
        for bin in first..<Self.binCount {
            gated += bins[bin].sum
            blocks += bins[bin].count
        }
        return blocks > 0 ? LoudnessWeighting.loudness(gated / Double(blocks)) : nil
    }

    /// Distance of the 10th from the 95th percentile above a gate 20 LU under the mean: EBU Tech 3342 §3. Some 10 µs.
    var range: Double? {
        guard let first = firstBin(below: 20) else { return nil }
        var blocks = 0
        for bin in first..<Self.binCount { blocks += bins[bin].count }
        guard blocks > 0 else { return nil }
        let low = Int(0.10 * Double(blocks - 1) + 0.5)
        let high = Int(0.95 * Double(blocks - 1) + 0.5)
        guard let bottom = loudness(ofRank: low, from: first), let top = loudness(ofRank: high, from: first) else { return nil }
        return top - bottom
    }

    private func loudness(ofRank rank: Int, from first: Int) -> Double? {
        var passed = 0
        for bin in first..<Self.binCount where bins[bin].count > 0 {
            passed += bins[bin].count
            if passed > rank { return LoudnessWeighting.loudness(bins[bin].sum / Double(bins[bin].count)) }
        }
        return nil
    }
}
