import DSP

/// Finds where a waveform has been cut flat at its highest level: runs of three or more samples within 1.5 steps of 16 bits of the peak
/// and entered or left at a slope that no smooth peak of that flatness has.
///
/// A full-scale sine is no clipping at any frequency: near its top it is a parabola, and a parabola that stays within the tolerance for
/// three samples moves less than `edge` in the next. Skips blocks that stay below the peak so far.
struct FlatTopDetector {
    private static let tolerance = 1.5 / 32768
    private static let edge = 8.0 / 32768
    private static let shortestRun = 3

    /// The level at which runs are counted, |sample|.
    private(set) var level = 0.0
    private(set) var runs = 0
    private(set) var samples = 0
    /// Start of the first run.
    private(set) var firstFrame: Int64?

    private var last = 0.0
    private var run = 0
    private var runStart: Int64 = 0
    /// Step into the open run.
    private var entry = 0.0

    /// - Parameters:
    ///   - peak: the largest |sample| of the row.
    ///   - start: the row's first frame in the file.
    mutating func process(_ row: UnsafePointer<Double>, frames: Int, peak: Double, start: Int64) {
        if peak > level + Self.tolerance { restart(peak) }
        if peak >= level - Self.tolerance { scan(row, frames, start) } else { endRun(next: row[0]) }
        last = row[frames - 1]
    }

    private mutating func restart(_ peak: Double) {
        level = peak
        runs = 0
        samples = 0
        firstFrame = nil
        run = 0
    }

    private mutating func scan(_ row: UnsafePointer<Double>, _ frames: Int, _ start: Int64) {
        let threshold = level - Self.tolerance
        var before = last
        for i in 0..<frames {
            let x = row[i]
            if x.magnitude >= threshold {
                if run > 0, (x > 0) == (before > 0) {
                    run += 1
                } else {
                    endRun(next: x)
                    run = 1
                    runStart = start + Int64(i)
                    entry = (x - before).magnitude
                }
            } else if run > 0 {
                last = before
                endRun(next: x)
            }
            before = x
        }
    }

    private mutating func endRun(next: Double) {
        if run >= Self.shortestRun, max(entry, (next - last).magnitude) > Self.edge {
            runs += 1
            samples += run
            if firstFrame == nil { firstFrame = runStart }
        }
        run = 0
    }

    /// Counts a run that lasts to the end of the file.
    mutating func finish() { endRun(next: 0) }
}
