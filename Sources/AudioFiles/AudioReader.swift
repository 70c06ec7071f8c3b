import DSP
import Glibc

/// Reads an audio file as planar 64-bit samples, full scale ±1, in order, from any position.
///
/// Integer and 32-bit float samples arrive exactly. Memory is a fixed buffer, whatever the header says. One thread at a time.
/// The decoder works where `DecodingPlace.standard` says; what comes from behind the wall is believed in nothing.
public final class AudioReader {
    public let info: AudioFileInfo
    /// The next frame that `read` returns.
    public private(set) var position: Int64 = 0

    private let source: any SampleSource
    private let form: SampleForm
    /// Pairs of channels that have to change places, one after the other, to bring those of the stream into WAVE's order.
    private let swaps: [(Int, Int)]

    /// Opens `path`, a regular file (or a link to one), without blocking.
    /// - Throws: `notFound`, `unreadable`, `notAFile`, `empty`, `notAudio`, `unsupported` (1…32 channels, 8…768 kHz), `truncated`, `damaged`,
    ///   `decoderBrokeDown`, `noDecoder`.
    public convenience init(path: String) throws(AudioFileError) { try self.init(path: path, in: .standard) }

    public init(path: String, in place: DecodingPlace) throws(AudioFileError) {
        let descriptor = try ByteSource.open(path)
        do throws(DecodeFailure) {
            switch place {
            case .thisProcess: source = try FileDecoder(ByteSource(descriptor: descriptor))
            case .apart(let wall): source = try ConfinedDecoder(descriptor, behind: wall)
            case .nowhere(let code):
                close(descriptor)
                throw .unavailable(code: code)
            }
        } catch {
            throw error.error(path)
        }
        info = source.header.info(path)
        form = source.header.form
        swaps = source.header.order.map(Self.swaps) ?? []
    }

    /// The `bext` chunk of a WAV; nil when it has none. Untrusted text.
    public var broadcast: BroadcastExtension? {
        get throws(AudioFileError) { try chunk(.bext).flatMap { BroadcastExtension(chunk: $0) } }
    }
    /// The `cart` chunk of a WAV; nil when it has none. Untrusted text.
    public var cart: CartChunk? {
        get throws(AudioFileError) { try chunk(.cart).flatMap { CartChunk(chunk: $0) } }
    }

    private func chunk(_ id: RIFFChunks.Readable) throws(AudioFileError) -> [UInt8]? {
        do { return try source.chunk(id) } catch { throw error.error(info.path) }
    }

    /// Fills up to `frames` frames of `block`, which has at least `info.channels` channels; fewer only at the end of the file, 0 after it.
    /// - Throws: `truncated`, `damaged`, `notFinite`, each naming the time; `readFailed`, `decoderBrokeDown`.
    public func read(into block: AudioBlock, frames: Int) throws(AudioFileError) -> Int {
        var done = 0
        while done < frames {
            let (samples, got) = try next(frames - done)
            if got == 0 { break }
            try spread(samples, got, into: block.advanced(by: done))
            done += got
            position += Int64(got)
        }
        return done
    }

    /// Moves to `frame`, clamped to the file. Exact to the frame for every format.
    public func seek(to frame: Int64) throws(AudioFileError) {
        let target = max(0, min(frame, info.claimedFrames ?? .max))
        guard target != position else { return }
        do { position = try source.seek(to: target) } catch { throw error.error(info.path) }
    }

    private func next(_ most: Int) throws(AudioFileError) -> (UnsafeRawPointer, Int) {
        do { return try source.next(most) } catch { throw error.error(info.path) }
    }

    private func spread(_ samples: UnsafeRawPointer, _ frames: Int, into block: AudioBlock) throws(AudioFileError) {
        let channels = info.channels
        switch form {
        case .packed16: Interleaved.spread16(samples, channels: channels, frames: frames, into: block)
        case .packed24: Interleaved.spread24(samples, channels: channels, frames: frames, into: block)
        case .integer:
            Interleaved.spread(samples.assumingMemoryBound(to: Int32.self), channels: channels, frames: frames, into: block)
        case .float:
            let floats = samples.assumingMemoryBound(to: Float.self)
            Interleaved.spread(floats, channels: channels, frames: frames, into: block)
            try refuseNonFinite(block, frames)
        case .double:
            Interleaved.spread(samples.assumingMemoryBound(to: Double.self), channels: channels, frames: frames, into: block)
            try refuseNonFinite(block, frames)
        }
        for (a, b) in swaps {
            let (x, y) = (block[a], block[b])
            for i in 0..<frames { (x[i], y[i]) = (y[i], x[i]) }
        }
    }

    /// - Parameter order: for each channel, the place it is to have.
    private static func swaps(_ order: [Int]) -> [(Int, Int)] {
        var order = order, swaps: [(Int, Int)] = []
        for i in order.indices {
            while order[i] != i {
                let other = order[i]
                swaps.append((i, other))
                order.swapAt(i, other)
            }
        }
        return swaps
    }

    private func refuseNonFinite(_ block: AudioBlock, _ frames: Int) throws(AudioFileError) {
        for c in 0..<info.channels where !Interleaved.isUsable(block[c], frames) {
            let row = block[c]
            let at = (0..<frames).first { !(row[$0].magnitude <= Interleaved.greatestSample) } ?? 0
            throw .notFinite(path: info.path, seconds: Double(position + Int64(at)) / Double(info.sampleRate))
        }
    }
}
