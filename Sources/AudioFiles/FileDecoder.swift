import CSndFile
import DSP
import Glibc

/// Decodes an open file with libsndfile, in memory that no header sizes. One thread at a time.
final class FileDecoder: SampleSource {
    let header: SoundHeader
    /// The next frame that libsndfile gives.
    private var position: Int64 = 0

    private let source: ByteSource
    private let handle: OpaquePointer
    private let form: SampleForm
    private let scratch: UnsafeMutableRawPointer
    /// Whether sound has to reach the claimed frames; a lossy codec's count is an estimate that the header check replaces.
    private let mustReachClaim: Bool
    /// For Vorbis, whose seeks have to be checked.
    private var anchors: SeekAnchors?
    /// Samples of all channels that one call to libsndfile fetches.
    static let mostSamples = 65_536

    /// - Parameter bytes: of sound, in a file whose header does not say how long it is.
    private static func ending(_ header: SoundHeader, _ bytes: Int64?) -> AudioFileInfo.Ending {
        let info = header.info("")
        let width = info.integerBits.map { $0 / 8 } ?? (info.encoding == "float_32" ? 4 : info.encoding == "float_64" ? 8 : nil)
        guard let bytes, let width else { return .open }
        return bytes % Int64(width * header.channels) == 0 ? .open : .cut
    }

    /// - Throws: `empty`, `notAudio`, `channels`, `sampleRate`, `truncated`, `damaged`, `several`, `readFailed`.
    init(_ source: ByteSource) throws(DecodeFailure) {
        guard source.length > 0 else { throw .empty }
        guard let kind = ContainerKind(source) else { throw Self.refusal(source) ?? .notAudio }
        let claim = ClaimedLength.check(source, kind)
        let comments = kind == .flac ? FLACComments.read(source) : nil
        _ = source.seek(0, whence: SEEK_SET)

        var callbacks = ByteSource.callbacks()
        var found = SF_INFO()
        let opened = sf_open_virtual(&callbacks, Int32(SFM_READ), &found, Unmanaged.passUnretained(source).toOpaque())
        if let failure = Self.refusal(source) {
            if let opened { sf_close(opened) }
            throw failure
        }
        guard let opened else {
            if case .short = claim { throw .truncated(seconds: nil) }
            throw .notAudio
        }

        // libsndfile's word for "the header does not say" is the largest count.
        let saysNothing = found.frames < 0 || found.frames >= Int64.max / 2
        // RIFX has the highest byte first, which libsndfile does not say in the format word.
        let isSwapped = sf_command(opened, Int32(SFC_RAW_DATA_NEEDS_ENDSWAP), nil, 0) == Int32(SF_TRUE)
        var header = SoundHeader(
            format: isSwapped ? found.format | Int32(SF_ENDIAN_BIG) : found.format, sampleRate: Int(found.samplerate), channels: Int(found.channels), frames: saysNothing ? nil : found.frames,
            tags: Tags.read(opened))
        if let comments {
            if let isrc = comments.isrc { header.tags["isrc"] = isrc.description }
            let layout = comments.mask.map { ChannelLayout(channels: header.channels, mask: $0) }
            if let speakers = layout?.speakers.compactMap({ $0.map { UInt8($0) } }), speakers.count == header.channels { header.speakers = speakers }
        } else if kind == .caf || kind == .aiff {
            let place = source.offset
            header.speakers = AppleLayout.speakers(source, kind, channels: header.channels)
            _ = source.seek(place, whence: SEEK_SET)
        } else if kind != .ogg, kind != .mpeg {
            header.speakers = Loudspeakers.read(opened, channels: header.channels)
        }
        do throws(DecodeFailure) {
            try header.check()
            let rate = Double(header.sampleRate)
            switch claim {
            case .short(let frames): throw .truncated(seconds: Double(frames ?? max(0, found.frames)) / rate)
            case .damaged(let frames): throw .damaged(seconds: Double(frames) / rate)
            case .several: throw .several
            case .unknown(let bytes): header.ending = Self.ending(header, bytes)
            case .complete: break
            }
            if found.frames == 0 { throw .empty }
        } catch {
            sf_close(opened)
            throw error
        }
        // libsndfile goes to the first sample, and nobody but the file below it knows where that is.
        if FormatName.isPlain(header.format), header.ending == .stated, sf_seek(opened, 0, SEEK_SET) == 0 { header.dataOffset = source.offset }
        self.header = header
        form = header.form
        mustReachClaim = FormatName.container(header.format) != "MP3"
        anchors = FormatName.encoding(header.format) == "vorbis" ? SeekAnchors(sampleRate: header.sampleRate) : nil
        self.source = source
        handle = opened
        scratch = .allocate(byteCount: Self.mostSamples * MemoryLayout<Double>.size, alignment: 64)
    }

    private static func refusal(_ source: ByteSource) -> DecodeFailure? { source.failure.map { .readFailed(code: $0.code) } }

    deinit {
        sf_close(handle)
        scratch.deallocate()
    }

    func chunk(_ chunk: RIFFChunks.Readable) -> [UInt8]? { RIFFChunks.read(chunk.rawValue, from: handle) }

    func next(_ most: Int) throws(DecodeFailure) -> (samples: UnsafeRawPointer, frames: Int) {
        (UnsafeRawPointer(scratch), try next(most, into: scratch))
    }

    /// The same, with the frames in `room`, which holds as many.
    func next(_ most: Int, into room: UnsafeMutableRawPointer) throws(DecodeFailure) -> Int {
        let got = fetch(min(most, Self.mostSamples / header.channels), into: room)
        if got > 0 {
            noteAnchor(got, in: room)
            position += Int64(got)
        } else {
            try checkEnd()
        }
        return got
    }

    func seek(to target: Int64) throws(DecodeFailure) -> Int64 {
        guard target != position else { return position }
        if let anchors {
            try approach(target, anchors)
        } else {
            guard try jump(to: target) else { throw .damaged(seconds: seconds(target)) }
        }
        try skip(to: target, isExact: true)
        return position
    }

    /// Gets to a frame at or before `target`: where it stands, a checked anchor, or the start.
    private func approach(_ target: Int64, _ anchors: SeekAnchors) throws(DecodeFailure) {
        var isExact = position <= target
        for anchor in anchors.within((isExact ? position : 0)..<(target + 1)) {
            isExact = false
            guard try jump(to: anchor.frame - SeekAnchors.lead) else { continue }
            try skip(to: anchor.frame, isExact: false)
            guard fetch(SeekAnchors.length, into: scratch) == SeekAnchors.length else { continue }
            position = anchor.end
            let samples = scratch.assumingMemoryBound(to: Float.self)
            if anchor.samples.indices.allSatisfy({ (samples[$0 * header.channels] - anchor.samples[$0]).magnitude < 1e-5 }) { return }
        }
        if !isExact, try !jump(to: 0) { throw .damaged(seconds: 0) }
    }

    /// Moves the decoder; false when it did not follow.
    private func jump(to frame: Int64) throws(DecodeFailure) -> Bool {
        let reached = sf_seek(handle, frame, SEEK_SET)
        if let failure = Self.refusal(source) { throw failure }
        position = max(0, reached)
        return reached == frame
    }

    /// Decodes up to `target`. `isExact`: whether `position` is known to be what the decoder gives next.
    private func skip(to target: Int64, isExact: Bool) throws(DecodeFailure) {
        while position < target {
            let got = fetch(Int(min(Int64(Self.mostSamples / header.channels), target - position)), into: scratch)
            guard got > 0 else { return try checkEnd() }
            if isExact { noteAnchor(got, in: scratch) }
            position += Int64(got)
        }
    }

    private func noteAnchor(_ frames: Int, in room: UnsafeMutableRawPointer) {
        anchors?.note(room.assumingMemoryBound(to: Float.self), channels: header.channels, frames: frames, position: position)
    }

    private func seconds(_ frame: Int64) -> Double { Double(frame) / Double(header.sampleRate) }

    private func fetch(_ frames: Int, into room: UnsafeMutableRawPointer) -> Int {
        let got =
            switch form {
            case .packed16, .packed24:
                sf_read_raw(handle, room, sf_count_t(frames * header.channels * form.byteCount)) / sf_count_t(header.channels * form.byteCount)
            case .integer: sf_readf_int(handle, room.assumingMemoryBound(to: Int32.self), sf_count_t(frames))
            case .float: sf_readf_float(handle, room.assumingMemoryBound(to: Float.self), sf_count_t(frames))
            case .double: sf_readf_double(handle, room.assumingMemoryBound(to: Double.self), sf_count_t(frames))
            }
        return max(0, min(frames, Int(got)))
    }

    /// Tells the end of the sound from a failure to go on.
    private func checkEnd() throws(DecodeFailure) {
        if let failure = Self.refusal(source) { throw failure }
        let reachesClaim = header.frames.map { position >= $0 } ?? true
        if mustReachClaim && !reachesClaim {
            // A damaged frame stops a decoder with bytes left to read; a cut file has none.
            if source.offset >= source.length { throw .truncated(seconds: seconds(position)) }
            throw .damaged(seconds: seconds(position))
        }
        if sf_error(handle) != 0 { throw .damaged(seconds: seconds(position)) }
    }
}
