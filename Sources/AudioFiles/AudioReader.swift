import CSndFile
import DSP
import Glibc

/// Reads an audio file as planar 64-bit samples, full scale ±1, in order, from any position.
///
/// Integer and 32-bit float samples arrive exactly. Memory is a fixed buffer, whatever the header says. One thread at a time.
public final class AudioReader {
    public let info: AudioFileInfo
    /// The next frame that `read` returns.
    public private(set) var position: Int64 = 0

    private let source: ByteSource
    private let handle: OpaquePointer
    private let encoding: Encoding
    private let scratch: UnsafeMutableRawPointer
    /// Whether sound has to reach `claimedFrames`; a lossy codec's count is an estimate that the header check replaces.
    private let mustReachClaim: Bool
    /// For Vorbis, whose seeks have to be checked.
    private var anchors: SeekAnchors?
    /// Samples of all channels that one call to libsndfile fetches.
    private static let scratchSamples = 16_384

    private enum Encoding { case integer, float, double }

    /// Opens `path`, a regular file (or a link to one), without blocking.
    /// - Throws: `notFound`, `unreadable`, `notAFile`, `empty`, `notAudio`, `unsupported` (1…32 channels, 8…768 kHz), `truncated`.
    public init(path: String) throws(AudioFileError) {
        let source = try ByteSource(path: path)
        guard source.length > 0 else { throw .empty(path: path) }
        guard let kind = ContainerKind(source) else { throw Self.refusal(path, source) ?? .notAudio(path: path) }
        let claim = ClaimedLength.check(source, kind)
        _ = source.seek(0, whence: SEEK_SET)

        var callbacks = ByteSource.callbacks()
        var header = SF_INFO()
        let opened = sf_open_virtual(&callbacks, Int32(SFM_READ), &header, Unmanaged.passUnretained(source).toOpaque())
        if let error = Self.refusal(path, source) {
            if let opened { sf_close(opened) }
            throw error
        }
        guard let opened else {
            if case .short = claim { throw .truncated(path: path, seconds: nil) }
            throw .notAudio(path: path)
        }

        do throws(AudioFileError) {
            guard (1...32).contains(header.channels) else {
                throw .unsupported(path: path, detail: "has \(header.channels) channels, and Lathe takes 1 to 32")
            }
            guard (8000...768_000).contains(header.samplerate) else {
                throw .unsupported(path: path, detail: "has a sample rate of \(header.samplerate) Hz, and Lathe takes 8000 to 768000")
            }
            let rate = Double(header.samplerate)
            switch claim {
            case .short(let frames):
                throw .truncated(path: path, seconds: Double(frames ?? max(0, header.frames)) / rate)
            case .damaged(let frames):
                throw .damaged(path: path, seconds: Double(frames) / rate)
            case .complete, .unknown: break
            }
            if header.frames == 0 { throw .empty(path: path) }
        } catch {
            sf_close(opened)
            throw error
        }

        // libsndfile's word for "the header does not say" is the largest count.
        let saysNothing = header.frames < 0 || header.frames >= Int64.max / 2
        let encodingName = FormatName.encoding(header.format)
        info = AudioFileInfo(
            path: path, format: FormatName.container(header.format), encoding: encodingName,
            sampleRate: Int(header.samplerate), channels: Int(header.channels),
            claimedFrames: saysNothing ? nil : header.frames, tags: Tags.read(opened))
        encoding =
            switch encodingName {
            case "float_64": .double
            case "float_32", "vorbis", "opus", "mp1", "mp2", "mp3": .float
            default: .integer
            }
        mustReachClaim = info.format != "MP3"
        anchors = encodingName == "vorbis" ? SeekAnchors(sampleRate: Int(header.samplerate)) : nil
        self.source = source
        handle = opened
        scratch = .allocate(byteCount: Self.scratchSamples * MemoryLayout<Double>.size, alignment: 64)
    }

    /// The `bext` chunk of a WAV; nil when it has none. Untrusted text.
    public var broadcast: BroadcastExtension? { RIFFChunks.read("bext", from: handle).flatMap { BroadcastExtension(chunk: $0) } }
    /// The `cart` chunk of a WAV; nil when it has none. Untrusted text.
    public var cart: CartChunk? { RIFFChunks.read("cart", from: handle).flatMap { CartChunk(chunk: $0) } }

    private static func refusal(_ path: String, _ source: ByteSource) -> AudioFileError? {
        source.failure.map { .readFailed(path: path, reason: $0.reason) }
    }

    deinit {
        sf_close(handle)
        scratch.deallocate()
    }

    /// Fills up to `frames` frames of `block`, which has at least `info.channels` channels; fewer only at the end of the file, 0 after it.
    /// - Throws: `truncated`, `damaged`, `notFinite`, each naming the time; `readFailed`.
    public func read(into block: AudioBlock, frames: Int) throws(AudioFileError) -> Int {
        let channels = info.channels
        let most = Self.scratchSamples / channels
        var done = 0
        while done < frames {
            let want = min(most, frames - done)
            let got = fetch(want)
            guard got > 0 else {
                try checkEnd()
                break
            }
            try spread(got, into: block.advanced(by: done))
            noteAnchor(got)
            done += got
            position += Int64(got)
        }
        return done
    }

    /// Moves to `frame`, clamped to the file. Exact to the frame for every format.
    public func seek(to frame: Int64) throws(AudioFileError) {
        let target = max(0, min(frame, info.claimedFrames ?? .max))
        guard target != position else { return }
        if let anchors {
            try approach(target, anchors)
        } else {
            guard try jump(to: target) else { throw .damaged(path: info.path, seconds: seconds(target)) }
        }
        try skip(to: target, isExact: true)
    }

    /// Gets to a frame at or before `target`: where it stands, a checked anchor, or the start.
    private func approach(_ target: Int64, _ anchors: SeekAnchors) throws(AudioFileError) {
        var isExact = position <= target
        for anchor in anchors.within((isExact ? position : 0)..<(target + 1)) {
            isExact = false
            guard try jump(to: anchor.frame - SeekAnchors.lead) else { continue }
            try skip(to: anchor.frame, isExact: false)
            guard fetch(SeekAnchors.length) == SeekAnchors.length else { continue }
            position = anchor.end
            let samples = scratch.assumingMemoryBound(to: Float.self)
            if anchor.samples.indices.allSatisfy({ (samples[$0 * info.channels] - anchor.samples[$0]).magnitude < 1e-5 }) { return }
        }
        if !isExact, try !jump(to: 0) { throw .damaged(path: info.path, seconds: 0) }
    }

    /// Moves the decoder; false when it did not follow.
    private func jump(to frame: Int64) throws(AudioFileError) -> Bool {
        let reached = sf_seek(handle, frame, SEEK_SET)
        if let error = Self.refusal(info.path, source) { throw error }
        position = max(0, reached)
        return reached == frame
    }

    /// Decodes up to `target`. `isExact`: whether `position` is known to be what the decoder gives next.
    private func skip(to target: Int64, isExact: Bool) throws(AudioFileError) {
        while position < target {
            let got = fetch(Int(min(Int64(Self.scratchSamples / info.channels), target - position)))
            guard got > 0 else { return try checkEnd() }
            if isExact { noteAnchor(got) }
            position += Int64(got)
        }
    }

    private func noteAnchor(_ frames: Int) {
        anchors?.note(scratch.assumingMemoryBound(to: Float.self), channels: info.channels, frames: frames, position: position)
    }

    private func seconds(_ frame: Int64) -> Double { Double(frame) / Double(info.sampleRate) }

    private func fetch(_ frames: Int) -> Int {
        let got =
            switch encoding {
            case .integer: sf_readf_int(handle, scratch.assumingMemoryBound(to: Int32.self), sf_count_t(frames))
            case .float: sf_readf_float(handle, scratch.assumingMemoryBound(to: Float.self), sf_count_t(frames))
            case .double: sf_readf_double(handle, scratch.assumingMemoryBound(to: Double.self), sf_count_t(frames))
            }
        return max(0, min(frames, Int(got)))
    }

    /// Tells the end of the sound from a failure to go on.
    private func checkEnd() throws(AudioFileError) {
        if let error = Self.refusal(info.path, source) { throw error }
        let reachesClaim = info.claimedFrames.map { position >= $0 } ?? true
        if mustReachClaim && !reachesClaim {
            // A damaged frame stops a decoder with bytes left to read; a cut file has none.
            if source.offset >= source.length { throw .truncated(path: info.path, seconds: seconds(position)) }
            throw .damaged(path: info.path, seconds: seconds(position))
        }
        if sf_error(handle) != 0 { throw .damaged(path: info.path, seconds: seconds(position)) }
    }

    private func spread(_ frames: Int, into block: AudioBlock) throws(AudioFileError) {
        let channels = info.channels
        switch encoding {
        case .integer:
            Interleaved.spread(scratch.assumingMemoryBound(to: Int32.self), channels: channels, frames: frames, into: block)
        case .float:
            Interleaved.spread(scratch.assumingMemoryBound(to: Float.self), channels: channels, frames: frames, into: block)
            try refuseNonFinite(block, frames)
        case .double:
            Interleaved.spread(scratch.assumingMemoryBound(to: Double.self), channels: channels, frames: frames, into: block)
            try refuseNonFinite(block, frames)
        }
    }

    private func refuseNonFinite(_ block: AudioBlock, _ frames: Int) throws(AudioFileError) {
        for c in 0..<info.channels where !Interleaved.isUsable(block[c], frames) {
            let row = block[c]
            let at = (0..<frames).first { !(row[$0].magnitude <= Interleaved.greatestSample) } ?? 0
            throw .notFinite(path: info.path, seconds: seconds(position + Int64(at)))
        }
    }
}
