import AudioFiles

/// Measures files.
public enum Analyze {
    /// Reads `path` once, from start to end, on three threads, in memory that does not grow with its length.
    ///
    /// - Parameters:
    ///   - progress: the part that is done, 0…1; nil, once, when the length is unknown.
    ///   - isCancelled: asked before every block.
    /// - Returns: the analysis, with the file's fields, and the picture of its waveform.
    /// - Throws: `AudioFileError`; `CancellationError`.
    public static func file(
        _ path: String, progress: (Double?) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws -> (Analysis, WaveformOverview) {
        let file = PlacedFile(path: path), reader = try TrackReader(file), info = reader.info
        if info.claimedFrames == nil { progress(nil) }
        let analyzer = SplitAnalyzer(info)
        try Pass.run(
            [file], opened: reader, progress: { progress($0) }, isCancelled: isCancelled,
            process: { block, frames, _ in analyzer.processOverview(block, frames) },
            processFurther: { block, frames, _ in analyzer.processLevels(block, frames) },
            consume: { block, frames, _ in analyzer.processSpectra(block, frames) })
        return analyzer.finish()
    }
}
