import AudioFiles
import DSP

/// Measures files.
public enum Analyze {
    /// Reads `path` once, from start to end, in memory that does not grow with its length.
    ///
    /// - Parameters:
    ///   - progress: called a few times a second of work with the part that is done, 0…1; nil while the length is unknown.
    ///   - isCancelled: asked before every block.
    /// - Returns: the analysis, with the file's fields, and the picture of its waveform.
    /// - Throws: `AudioFileError`; `CancellationError`.
    public static func file(
        _ path: String, progress: (Double?) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws -> (Analysis, WaveformOverview) {
        let reader = try AudioReader(path: path)
        let info = reader.info
        var analyzer = Analyzer(sampleRate: Double(info.sampleRate), channels: info.channels, integerBits: info.integerBits)
        var overview = WaveformOverview.Builder(channels: info.channels)
        let buffer = AudioBuffer(channels: info.channels, frames: 4096)
        var sinceProgress = 0
        while true {
            if isCancelled() { throw CancellationError() }
            let frames = try reader.read(into: buffer.block, frames: buffer.block.capacity)
            guard frames > 0 else { break }
            analyzer.process(buffer.block, frames: frames)
            overview.process(buffer.block, frames: frames)
            sinceProgress += frames
            if sinceProgress >= 1 << 18 {
                sinceProgress = 0
                progress(info.claimedFrames.map { min(1, Double(reader.position) / Double(max(1, $0))) })
            }
        }
        var analysis = analyzer.finish()
        analysis.file = path
        analysis.format = info.format
        analysis.encoding = info.encoding
        progress(1)
        return (analysis, overview.finish())
    }
}
