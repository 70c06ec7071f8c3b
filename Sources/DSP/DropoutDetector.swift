/// Finds dropouts in one channel: the sound stops dead, in the middle of a wave, and goes on as suddenly a moment later, as lost buffers leave it.
///
/// A run of samples at zero (within two steps of 16 bits, so that dither does not hide it) from 0.7 ms to 0.25 s, with sound of more than
/// −46 dBFS right before and right after it, and an edge at one end at least that no fade would leave. Looks at every 16th sample until it meets
/// one at zero: some 0.1 ns per sample. Results do not depend on the cut into calls.
public struct DropoutDetector: Sendable {
    public struct Dropout: Sendable, Equatable {
        public var frame: Int64
        public var frames: Int
    }

    private static let stride = 16
    private static let zero = 2.0 / 32_768
    private static let shortestSeconds = 0.0007
    private static let longestSeconds = 0.25
    /// Mean magnitude on both sides, and over how many samples.
    private static let loud = 0.005
    private static let window = 64
    /// Of the mean magnitude: what the two samples beside the run have together.
    private static let edge = 0.4
    private static let mostKept = 4096

    private struct Run: Sendable {
        var start: Int64
        var length: Int
        var loudness: Double
        var edge: Double
        /// Of what follows: samples seen, and their sum.
        var after = 0
        var sum = 0.0
    }

    private let shortest: Int
    private let longest: Int
    private var position: Int64 = 0
    /// The last samples of the previous call, oldest first.
    private var history = [Double](repeating: 0, count: window)
    /// A run that reached the end of the last call.
    private var open: Run?
    /// A run that ended, while what follows is measured.
    private var pending: Run?
    public private(set) var dropouts: [Dropout] = []

    public init(sampleRate: Double) {
        shortest = max(Self.stride + 1, Int(Self.shortestSeconds * sampleRate))
        longest = Int(Self.longestSeconds * sampleRate)
    }

    /// Takes the next `count` samples of the channel.
    public mutating func process(_ row: UnsafePointer<Double>, frames count: Int) {
        guard count > 0 else { return }
        var i = 0
        if let run = open {
            while i < count, row[i].magnitude <= Self.zero { i += 1 }
            open?.length = run.length + i
            if i < count { close(row, i, count) }
        } else {
            follow(row, 0, count)
        }
        // Whoever is at zero at the very end may have begun less than a stride before it.
        while i < count {
            var at = i
            while at < count, row[at].magnitude > Self.zero { at += Self.stride }
            if at >= count { at = count - 1 }
            guard row[at].magnitude <= Self.zero else { break }
            var start = at
            while start > i, row[start - 1].magnitude <= Self.zero { start -= 1 }
            var end = at + 1
            while end < count, row[end].magnitude <= Self.zero { end += 1 }
            if end == count || end - start >= shortest {
                open = begin(row, start, end)
                if end < count { close(row, end, count) }
            }
            i = end
        }
        remember(row, count)
        position += Int64(count)
    }

    private func begin(_ row: UnsafePointer<Double>, _ start: Int, _ end: Int) -> Run {
        var sum = 0.0
        for back in 1...Self.window { sum += value(row, start - back).magnitude }
        return Run(start: position + Int64(start), length: end - start, loudness: sum / Double(Self.window), edge: value(row, start - 1).magnitude)
    }

    /// A sample of this call, or of the one before.
    private func value(_ row: UnsafePointer<Double>, _ index: Int) -> Double { index >= 0 ? row[index] : history[Self.window + index] }

    /// The open run ends before `end`.
    private mutating func close(_ row: UnsafePointer<Double>, _ end: Int, _ count: Int) {
        guard var run = open else { return }
        open = nil
        guard run.length >= shortest, run.length <= longest, run.loudness > Self.loud else { return }
        run.edge += row[end].magnitude
        pending = run
        follow(row, end, count)
    }

    /// Measures what follows the pending run, from `first` on, and judges it when enough has been seen.
    private mutating func follow(_ row: UnsafePointer<Double>, _ first: Int, _ count: Int) {
        guard var run = pending else { return }
        var at = first
        while at < count, run.after < Self.window {
            run.sum += row[at].magnitude
            run.after += 1
            at += 1
        }
        pending = run
        guard run.after == Self.window else { return }
        pending = nil
        let after = run.sum / Double(Self.window)
        if after > Self.loud, run.edge > Self.edge * min(after, run.loudness), dropouts.count < Self.mostKept {
            dropouts.append(Dropout(frame: run.start, frames: run.length))
        }
    }

    private mutating func remember(_ row: UnsafePointer<Double>, _ count: Int) {
        if count >= Self.window {
            for i in 0..<Self.window { history[i] = row[count - Self.window + i] }
        } else {
            for i in 0..<(Self.window - count) { history[i] = history[i + count] }
            for i in 0..<count { history[Self.window - count + i] = row[i] }
        }
    }

    /// Dropouts of all channels, those in several at once as one; where silences come again and again they are somebody's rhythm and no fault.
    public static func isolated(_ channels: [DropoutDetector], sampleRate: Double) -> [Dropout] {
        var all: [Dropout] = []
        for one in channels.flatMap(\.dropouts).sorted(by: { $0.frame < $1.frame }) {
            if let last = all.last, one.frame < last.frame + Int64(last.frames) { continue }
            all.append(one)
        }
        let near = Int64(rhythmSeconds * sampleRate)
        return all.indices.compactMap { index in
            let around = all[max(0, index - beats)...min(all.count - 1, index + beats)].filter { abs($0.frame - all[index].frame) <= near }
            return around.count > beats && isRhythm(around) ? nil : all[index]
        }
    }

    /// More than so many within so long a time, on one grid, are a rhythm.
    private static let beats = 4
    private static let rhythmSeconds = 3.0

    private static func isRhythm(_ around: [Dropout]) -> Bool {
        let steps = zip(around.dropFirst(), around).map { Double($0.frame - $1.frame) }
        guard let unit = steps.min(), unit > 0 else { return false }
        return steps.allSatisfy { ($0 / unit - ($0 / unit).rounded()).magnitude < 0.1 }
    }
}
