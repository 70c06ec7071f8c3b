import AudioFiles
import DSP

/// How loudness and peaks go through a file, for a picture: a bounded row of points, whatever the length.
public struct ProgrammeHistory: Sendable, Equatable {
    public struct Point: Sendable, Equatable {
        public var seconds: Double
        /// LUFS, the highest since the last point; nil for silence and for the first moments.
        public var momentary: Double?
        public var shortTerm: Double?
    }

    public var points: [Point]
    /// Pieces of 100 ms by their true peak: a count for each half decibel from `lowestPeakDB` up; the first bin takes everything below.
    public var peakCounts: [Int]

    public static let lowestPeakDB = -24.0
    public static let peakStepDB = 0.5
    private static let peakBins = 56
    private static let mostPoints = 1200

    /// Reads `path` once.
    /// - Throws: `AudioFileError`, `CancellationError`.
    public static func measure(_ path: String, isCancelled: () -> Bool = { false }) throws -> ProgrammeHistory {
        let reader = try AudioReader(path: path)
        let rate = reader.info.sampleRate, channels = reader.info.channels
        let buffer = AudioBuffer(channels: channels, frames: rate / 10)
        defer { withExtendedLifetime(buffer) {} }
        var loudness = LoudnessMeter(sampleRate: Double(rate), layout: reader.info.layout)
        var proof = TruePeakProof(channels: channels)
        var history = ProgrammeHistory(points: [], peakCounts: Array(repeating: 0, count: peakBins))
        var frames: Int64 = 0
        var stride = 1, inPoint = 0
        var open = Point(seconds: 0)
        while true {
            if isCancelled() { throw CancellationError() }
            let count = try reader.read(into: buffer.block, frames: rate / 10)
            if count == 0 { break }
            loudness.process(buffer.block, frames: count)
            proof.process(buffer.block, frames: count)
            frames += Int64(count)
            history.note(peak: proof.takeRecentPeak())
            open.seconds = Double(frames) / Double(rate)
            open.momentary = [open.momentary, loudness.momentaryLUFS].compactMap(\.self).max()
            open.shortTerm = [open.shortTerm, loudness.shortTermLUFS].compactMap(\.self).max()
            inPoint += 1
            guard inPoint == stride else { continue }
            history.points.append(open)
            open = Point(seconds: 0)
            inPoint = 0
            if history.points.count == mostPoints {
                history.halve()
                stride *= 2
            }
        }
        if inPoint > 0 { history.points.append(open) }
        return history
    }

    private mutating func note(peak: Double) {
        let db = peak > 0 ? FastMath.decibels(peak) : -200
        let bin = Int(((db - Self.lowestPeakDB) / Self.peakStepDB).rounded(.down))
        peakCounts[max(0, min(Self.peakBins - 1, bin))] += 1
    }

    /// Two points become one, with the higher readings.
    private mutating func halve() {
        points = Swift.stride(from: 0, to: points.count - 1, by: 2).map { index in
            let (a, b) = (points[index], points[index + 1])
            return Point(
                seconds: b.seconds, momentary: [a.momentary, b.momentary].compactMap(\.self).max(),
                shortTerm: [a.shortTerm, b.shortTerm].compactMap(\.self).max())
        }
    }
}
