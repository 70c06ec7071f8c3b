import AudioFiles
import DSP

/// A file in its place: without what is cut off, faded, and with the silence behind it.
struct PlacedFile: Sendable {
    var path: String
    var placement = TrackPlacement()
    /// Taken off each channel before anything else; empty takes nothing off.
    var offsets: [Double] = []
}

/// Reads a track as it stands in its programme, in order. One thread at a time.
final class TrackReader {
    let info: AudioFileInfo
    private let reader: AudioReader
    private let fade: TrackPlacement.FadeShape
    private let fadeIn: Int64, fadeOut: Int64
    private let offsets: [Double]
    /// Frames of sound; nil when the file's end is the sound's.
    private let length: Int64?
    /// Frames of sound handed out.
    private var position: Int64 = 0
    private var silenceLeft: Int64

    /// - Throws: `AudioFileError`; `.tooShort` when nothing is left of the sound, or less than its fades take.
    init(_ file: PlacedFile) throws {
        reader = try AudioReader(path: file.path)
        info = reader.info
        offsets = file.offsets
        let placement = file.placement, rate = info.sampleRate
        let head = TrackPlacement.frames(placement.headMs, at: rate)
        fade = placement.fade
        fadeIn = TrackPlacement.frames(placement.fadeInMs, at: rate)
        fadeOut = TrackPlacement.frames(placement.fadeOutMs, at: rate)
        silenceLeft = placement.gapFrames(at: rate)
        if placement.needsEnd || head > 0 {
            let whole = try Self.frames(in: file.path, info)
            let rest = whole - head - TrackPlacement.frames(placement.tailMs, at: rate)
            guard rest > 0, fadeIn + fadeOut <= rest else {
                throw AudioFileError.tooShort(path: file.path)
            }
            length = rest
        } else {
            length = nil
        }
        if head > 0 { try reader.seek(to: head) }
    }

    /// Share of the track that was read; nil when its length is unknown.
    var fraction: Double? {
        guard let whole = length ?? info.claimedFrames, whole > 0 else { return nil }
        return min(1, Double(position) / Double(whole))
    }

    /// Up to `frames` frames; fewer only where sound and silence meet and at the end, 0 after it.
    func read(into block: AudioBlock, frames: Int) throws -> Int {
        let want = length.map { Int(min(Int64(frames), $0 - position)) } ?? frames
        if want > 0 {
            let got = try reader.read(into: block, frames: want)
            if got > 0 {
                for (c, offset) in offsets.prefix(info.channels).enumerated() where offset != 0 {
                    let x = block[c]
                    for i in 0..<got { x[i] -= offset }
                }
                applyFades(block, got)
                position += Int64(got)
                return got
            }
        }
        let silent = Int(min(Int64(frames), silenceLeft))
        if silent > 0 {
            block.clear(frames: silent)
            silenceLeft -= Int64(silent)
        }
        return silent
    }

    private func applyFades(_ block: AudioBlock, _ frames: Int) {
        let fadeOutFrom = length.map { $0 - fadeOut } ?? .max
        guard position < fadeIn || position + Int64(frames) > fadeOutFrom else { return }
        for i in 0..<frames {
            let at = position + Int64(i)
            var gain = 1.0
            // Half a frame in, so that both ends of a fade are alike.
            if at < fadeIn { gain = fade.gain(at: (Double(at) + 0.5) / Double(fadeIn)) }
            if fadeOut > 0, at >= fadeOutFrom { gain *= fade.gain(at: 1 - (Double(at - fadeOutFrom) + 0.5) / Double(fadeOut)) }
            if gain != 1 { for c in 0..<info.channels { block[c][i] *= gain } }
        }
    }

    /// Frames that decoding gives. A header that may be an estimate is not asked.
    private static func frames(in path: String, _ info: AudioFileInfo) throws -> Int64 {
        if let claimed = info.claimedFrames, info.format != "MP3" { return claimed }
        let reader = try AudioReader(path: path)
        let buffer = AudioBuffer(channels: info.channels, frames: Pass.blockFrames)
        defer { withExtendedLifetime(buffer) {} }
        while try reader.read(into: buffer.block, frames: Pass.blockFrames) > 0 {}
        return reader.position
    }
}
