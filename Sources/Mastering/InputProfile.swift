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

    /// Reads `path` once, on three threads, in memory that does not grow with its length.
    ///
    /// - Parameters:
    ///   - placement: what is cut off and faded; the silence behind the track is left out.
    ///   - picture: the share that has been read, and what the file looks like so far for whoever asks then.
    /// - Throws: `AudioFileError`, `CancellationError`.
    public static func measure(
        _ path: String, placement: TrackPlacement = TrackPlacement(), progress: (Double) -> Void = { _ in },
        picture: (Double, () -> WaveformOverview) -> Void = { _, _ in }, isCancelled: () -> Bool = { false }
    ) throws -> InputProfile {
        let file = PlacedFile(path: path, placement: placement.withoutGap), reader = try TrackReader(file), info = reader.info
        let analyzer = SplitAnalyzer(info)
        var probe = DetectorProbe(sampleRate: Double(info.sampleRate), channels: info.channels)
        try Pass.run(
            [file], opened: reader,
            progress: { fraction in
                progress(fraction)
                // Called by whoever calls `process`, after it.
                picture(fraction) { analyzer.overviewSoFar }
            },
            isCancelled: isCancelled,
            process: { block, frames, _ in
                probe.process(block, frames: frames)
                analyzer.processOverview(block, frames)
            },
            processFurther: { block, frames, _ in analyzer.processLevels(block, frames) },
            consume: { block, frames, _ in analyzer.processSpectra(block, frames) })
        let (analysis, overview) = analyzer.finish()
        return InputProfile(analysis: analysis, overview: overview, levels: probe.histogram)
    }
}
