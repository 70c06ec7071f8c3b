import CSignal

/// Finds clicks: a sample or a few that stand far out of the roughness around them, as dropouts, bad edits and dirty plugs leave them.
///
/// The third difference takes the slow parts of music away and leaves a click as high as it was. In cells of 64 frames its peak is compared
/// with the mean of all cells within 8 to either side, the peak's own surroundings left out: what rings on, as every drum does, raises that
/// mean. What happens again and again is somebody's sound and no fault, so only places with nothing similar near them count (`isolated`).
///
/// Some 2 ns per sample; a fixed 100 KiB at most; results do not depend on the cut into calls.
public struct ClickDetector: Sendable {
    private static let cell = 64
    private static let reach = 8
    /// Peak over mean of the surroundings. Noise reaches 6, voices and plucked strings 15.
    private static let strong = 25.0
    private static let weak = 16.0
    /// Smallest third difference that counts: a step of −52 dBFS.
    private static let floor = 0.0025
    /// Nothing similar within this.
    private static let quietSeconds = 0.7
    private static let mostCandidates = 4096

    private struct Cell: Sendable {
        var peak = 0.0
        var mean = 0.0
        var at: Int64 = 0
    }

    struct Candidate: Sendable {
        var frame: Int64
        var isStrong: Bool
    }

    private var line: [Double]
    private var filled = 3
    private var frames: Int64 = 0
    private var cells = [Cell](repeating: Cell(), count: 2 * reach + 1)
    private var closed = 0
    private(set) var candidates: [Candidate] = []

    public init() {
        line = [Double](repeating: 0, count: Self.cell + 3)
    }

    /// Takes the next `count` samples of one channel.
    public mutating func process(_ row: UnsafePointer<Double>, frames count: Int) {
        var done = 0
        while done < count {
            let take = min(count - done, Self.cell + 3 - filled)
            line.withUnsafeMutableBufferPointer { line in
                for i in 0..<take { line[filled + i] = row[done + i] }
            }
            filled += take
            done += take
            if filled == Self.cell + 3 { closeCell() }
        }
    }

    private mutating func closeCell() {
        let measured = line.withUnsafeMutableBufferPointer { x in
            func bend(_ i: Int) -> Double { ((x[i + 3] - x[i]) - 3 * (x[i + 2] - x[i + 1])).magnitude }
            var peak = 0.0, sum = 0.0
            lathe_third_difference(x.baseAddress!, Self.cell, &peak, &sum)
            var cell = Cell(peak: peak, mean: sum / Double(Self.cell), at: frames)
            // Cells of nothing but small change, most of them, need no closer look.
            if peak > Self.floor, peak > 6 * cell.mean {
                let at = (0..<Self.cell).first { bend($0) == peak } ?? 0
                let near = max(0, at - 6)...min(Self.cell - 1, at + 6)
                for i in near { sum -= bend(i) }
                cell.mean = max(0, sum) / Double(Self.cell - near.count)
                cell.at = frames + Int64(at)
            }
            for i in 0..<3 { x[i] = x[Self.cell + i] }
            return cell
        }
        cells[closed % cells.count] = measured
        closed += 1
        frames += Int64(Self.cell)
        filled = 3
        if closed > Self.reach { judge(closed - 1 - Self.reach) }
    }

    private mutating func judge(_ index: Int) {
        let cell = cells[index % cells.count]
        guard cell.peak > Self.floor, index > 1, candidates.count < Self.mostCandidates else { return }
        var around = 0.0
        for other in max(0, index - Self.reach)..<min(closed, index + Self.reach + 1) where closed - other <= cells.count {
            let neighbour = cells[other % cells.count]
            // A click on the edge of two cells is in both.
            let isSame = abs(other - index) == 1 && abs(neighbour.at - cell.at) <= 6
            if !isSame { around = max(around, neighbour.mean) }
            if cell.peak <= Self.weak * around { return }
        }
        if let last = candidates.last, cell.at - last.frame <= 6 { return }
        candidates.append(Candidate(frame: cell.at, isStrong: cell.peak > Self.strong * around))
    }

    /// Looks at what came last. Nothing may be processed any more.
    public mutating func finish() {
        for index in max(0, closed - Self.reach)..<max(closed, 0) { judge(index) }
    }

    /// First frames of the clicks in all channels: strong ones with nothing alike within 0.7 s.
    public static func isolated(_ channels: [ClickDetector], sampleRate: Double) -> [Int64] {
        // A click in several channels at once is one.
        var all: [Candidate] = []
        for candidate in channels.flatMap(\.candidates).sorted(by: { $0.frame < $1.frame }) {
            if let last = all.last, Double(candidate.frame - last.frame) < 0.002 * sampleRate {
                all[all.count - 1].isStrong = last.isStrong || candidate.isStrong
            } else {
                all.append(candidate)
            }
        }
        let quiet = Int64(quietSeconds * sampleRate)
        return all.indices.compactMap { index in
            guard all[index].isStrong, index == 0 || all[index].frame - all[index - 1].frame > quiet,
                index == all.count - 1 || all[index + 1].frame - all[index].frame > quiet
            else { return nil }
            return all[index].frame
        }
    }
}
