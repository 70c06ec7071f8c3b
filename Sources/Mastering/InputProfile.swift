import AudioFiles
import DSP

/// What the automatic settings need to know of a file, from one pass over it: its analysis, its picture, and how its level is spread.
public struct InputProfile: Sendable {
    public var analysis: Analysis
    public var overview: WaveformOverview
    public var levels: DetectorHistogram

    public init(analysis: Analysis, overview: WaveformOverview, levels: DetectorHistogram) {
        self.analysis = analysis
        self.overview = overview
        self.levels = levels
    }

    /// Reads `path` once, on two threads, in memory that does not grow with its length.
    ///
    /// - Throws: `AudioFileError`, `CancellationError`.
    public static func measure(_ path: String, progress: (Double) -> Void = { _ in }, isCancelled: () -> Bool = { false }) throws -> InputProfile {
        let info = try AudioReader(path: path).info
        let gauge = Gauge(info)
        var probe = DetectorProbe(sampleRate: Double(info.sampleRate), channels: info.channels)
        try Pass.run(
            path, progress: progress, isCancelled: isCancelled,
            process: { block, frames in probe.process(block, frames: frames) },
            consume: { block, frames, _ in gauge.process(block, frames) })
        var (analysis, overview) = gauge.finish()
        analysis.file = path
        analysis.format = info.format
        analysis.encoding = info.encoding
        return InputProfile(analysis: analysis, overview: overview, levels: probe.histogram)
    }

    private final class Gauge: @unchecked Sendable {
        // Unchecked: used by the consuming thread of a pass, then, after it has ended, by its caller.
        private var analyzer: Analyzer?
        private var overview: WaveformOverview.Builder?

        init(_ info: AudioFileInfo) {
            analyzer = Analyzer(sampleRate: Double(info.sampleRate), channels: info.channels, integerBits: info.integerBits)
            overview = WaveformOverview.Builder(channels: info.channels)
        }

        func process(_ block: AudioBlock, _ frames: Int) {
            analyzer?.process(block, frames: frames)
            overview?.process(block, frames: frames)
        }

        func finish() -> (Analysis, WaveformOverview) {
            (analyzer.take()?.finish() ?? Analysis(), overview.take()?.finish() ?? WaveformOverview())
        }
    }
}
