import CSndFile
import DSP
import Glibc

/// Writes planar 64-bit samples to an open, empty file.
///
/// Integer formats take samples that already lie on the grid of their width (dither first) and store them exactly; others are rounded.
/// The same samples and tags give the same bytes. One thread at a time.
public final class AudioWriter {
    public let format: OutputFormat
    public private(set) var framesWritten: Int64 = 0

    private let path: String
    private let sink: ByteSink
    private var handle: OpaquePointer?
    private let scratch: UnsafeMutableRawPointer
    private static let scratchSamples = 16_384
    /// WAV and AIFF count bytes in 32 bits; the rest is room for headers and tags.
    private static let longestSmallFile: Int64 = (1 << 32) - (1 << 20)
    private let mostFrames: Int64
    /// Of the channels in the stream, where it is not WAV's.
    private let order: [Int]?
    private let software: String?

    /// - Parameters:
    ///   - fileDescriptor: open for reading and writing, empty; stays the caller's.
    ///   - path: for messages.
    ///   - tags: keys as in `AudioFileInfo.tags`; a container leaves out what it has no place for. WAV, FLAC and MP3 hold an ISRC.
    ///   - broadcast, cart: for WAV; other containers have no place for them.
    ///   - expectedFrames: when known, lets a WAV of more than 4 GiB become RF64.
    ///   - opusBitRate: bits a second of all channels; nil is 96 000 for each.
    ///   - observer: is shown the bytes as they are written, and where in the file; some places are written again.
    /// - Throws: `unsupportedOutput`, `tooLong`, `diskFull`, `writeFailed`.
    public init(
        fileDescriptor: Int32, path: String, format: OutputFormat, tags: [String: String], expectedFrames: Int64? = nil,
        broadcast: BroadcastExtension? = nil, cart: CartChunk? = nil, opusBitRate: Int? = nil,
        observer: ((UnsafeRawBufferPointer, Int64) -> Void)? = nil
    ) throws(AudioFileError) {
        if let objection = format.objection { throw .unsupportedOutput(path: path, detail: objection) }
        self.format = format
        self.path = path
        software = tags["software"].map(Tags.cut)
        var large = false
        mostFrames =
            switch format.container {
            case .wav, .aiff: Self.longestSmallFile / max(1, format.bytesPerFrame ?? 1)
            default: .max
            }
        if let expectedFrames, expectedFrames > mostFrames {
            guard format.container == .wav else {
                throw .tooLong(path: path, detail: "would exceed the 4 GiB of AIFF; use WAV, CAF or FLAC")
            }
            large = true
        }
        isLarge = large
        order = format.container == .ogg || format.container == .opus ? VorbisChannels.order(format.channels) : nil
        sink = ByteSink(
            descriptor: fileDescriptor, prefix: format.container == .mp3 ? ID3.tag(tags) : [],
            comments: format.container == .flac ? FLACComments.fields(tags: tags, layout: format.layout) : [], observer: observer)
        scratch = .allocate(byteCount: Self.scratchSamples * MemoryLayout<Double>.size, alignment: 64)

        var callbacks = ByteSink.callbacks()
        var header = SF_INFO()
        header.samplerate = Int32(format.sampleRate)
        header.channels = Int32(format.channels)
        header.format = format.formatWord(large: large)
        handle = sf_open_virtual(&callbacks, Int32(SFM_WRITE), &header, Unmanaged.passUnretained(sink).toOpaque())
        guard let handle else {
            if let failure = sink.failure { throw Self.error(path, failure) }
            throw .unsupportedOutput(path: path, detail: "cannot be written as \(format.container.rawValue) with these settings; use WAV")
        }
        configure(handle, opusBitRate: opusBitRate)
        if format.layout.mask != 0, [.wav, .aiff, .caf].contains(format.container), !Loudspeakers.write(format.layout, to: handle) {
            let usual = ChannelLayout.usual(format.channels)
            guard format.layout.isLike(usual) else {
                throw .unsupportedOutput(
                    path: path, detail: "\(format.container.rawValue.uppercased()) has no place for the loudspeakers of \(format.layout.name ?? ""); use WAV or FLAC")
            }
            // Where nothing can be said, readers take what is usual.
            _ = Loudspeakers.write(usual, to: handle)
        }
        if format.container != .mp3 { Tags.write(format.container == .wav ? tags.filter { $0.key != "software" } : tags, to: handle) }
        if format.container == .wav {
            try add("bext", broadcast?.chunk, to: handle)
            try add("cart", cart?.chunk, to: handle)
            try add("axml", tags["isrc"].flatMap { ISRC($0) }?.axml, to: handle)
        }
    }

    private func add(_ id: String, _ chunk: [UInt8]?, to handle: OpaquePointer) throws(AudioFileError) {
        guard let chunk else { return }
        guard RIFFChunks.write(id, chunk, to: handle) else { throw .writeFailed(path: path, reason: "the header could not be made") }
    }

    private let isLarge: Bool

    deinit {
        if let handle { sf_close(handle) }
        scratch.deallocate()
    }

    private func configure(_ handle: OpaquePointer, opusBitRate: Int?) {
        // The PEAK chunk carries the time of writing, which would make equal renders differ.
        sf_command(handle, Int32(SFC_SET_ADD_PEAK_CHUNK), nil, Int32(SF_FALSE))
        switch format.container {
        case .ogg:
            var quality = 0.6
            sf_command(handle, Int32(SFC_SET_VBR_ENCODING_QUALITY), &quality, Int32(MemoryLayout<Double>.size))
        case .opus:
            // libsndfile: bits per second and channel = (1 − level) · 250 000 + 6 000.
            let perChannel = opusBitRate.map { Double($0) / Double(format.channels) } ?? 96_000
            var level = max(0, min(1, 1 - (perChannel - 6000) / 250_000))
            sf_command(handle, Int32(SFC_SET_COMPRESSION_LEVEL), &level, Int32(MemoryLayout<Double>.size))
        case .mp3:
            var mode = Int32(SF_BITRATE_MODE_CONSTANT)
            sf_command(handle, Int32(SFC_SET_BITRATE_MODE), &mode, Int32(MemoryLayout<Int32>.size))
            var level = 0.0
            sf_command(handle, Int32(SFC_SET_COMPRESSION_LEVEL), &level, Int32(MemoryLayout<Double>.size))
        case .wav, .flac, .aiff, .caf: break
        }
    }

    /// Appends `frames` frames of `block`, which has at least `format.channels` channels.
    /// - Throws: `diskFull`, `writeFailed`, `tooLong`; `notFinite` for a sample that is not a number.
    public func write(_ block: AudioBlock, frames: Int) throws(AudioFileError) {
        precondition(handle != nil, "AudioWriter.write after finish")
        guard isLarge || framesWritten + Int64(frames) <= mostFrames else {
            throw .tooLong(path: path, detail: "exceeds the 4 GiB of \(format.container.rawValue.uppercased()); use CAF or FLAC")
        }
        let most = Self.scratchSamples / format.channels
        var done = 0
        while done < frames {
            let count = min(most, frames - done)
            let put = try store(block.advanced(by: done), count)
            if let failure = sink.failure { throw Self.error(path, failure) }
            guard put == count else { throw .writeFailed(path: path, reason: "the encoder stopped") }
            done += count
            framesWritten += Int64(count)
        }
    }

    private func store(_ block: AudioBlock, _ frames: Int) throws(AudioFileError) -> Int {
        let bad: Int?
        let put: sf_count_t
        if format.container == .wav, format.bits == .int24, format.channels == 2 {
            // In the form that the file has: what libsndfile would make of them.
            bad = Interleaved.gather24(block, frames: frames, into: scratch)
            let frameBytes: sf_count_t = 6
            put = bad == nil ? sf_write_raw(handle, scratch, sf_count_t(frames) * frameBytes) / frameBytes : 0
        } else if format.isInteger {
            let samples = scratch.assumingMemoryBound(to: Int32.self)
            bad = Interleaved.gather(block, channels: format.channels, frames: frames, bits: format.bits == .int16 ? 16 : 24, into: samples)
            put = bad == nil ? sf_writef_int(handle, samples, sf_count_t(frames)) : 0
        } else {
            let samples = scratch.assumingMemoryBound(to: Float.self)
            bad = Interleaved.gather(block, channels: format.channels, frames: frames, into: samples)
            if let order { VorbisChannels.toStream(samples, frames: frames, order: order) }
            put = bad == nil ? sf_writef_float(handle, samples, sf_count_t(frames)) : 0
        }
        if let bad { throw .notFinite(path: path, seconds: Double(framesWritten + Int64(bad)) / Double(format.sampleRate)) }
        return Int(put)
    }

    /// Completes the header and brings the file to the disk. Call once, after the last `write`.
    /// - Parameters:
    ///   - loudness: of what was written, put into the `broadcast` given at the start.
    ///   - software: in the place of the tag given at the start, and as long.
    public func finish(loudness: BroadcastExtension.Loudness? = nil, software new: String? = nil) throws(AudioFileError) {
        guard let open = handle else { return }
        let filled = try fillOpusPacket()
        handle = nil
        if format.container == .wav, let software { Tags.write(["software": new ?? software], to: open) }
        let closed = sf_close(open)
        sink.settle()
        if let failure = sink.failure { throw Self.error(path, failure) }
        guard closed == 0 else { throw .writeFailed(path: path, reason: "the file could not be completed") }
        do throws(SystemCall.Failure) {
            if let loudness, format.container == .wav, let bext = try RIFFChunks.offset(of: "bext", in: sink.descriptor) {
                let bytes = loudness.bytes
                try SystemCall.writeFully(sink.descriptor, bytes, bytes.count, at: bext + BroadcastExtension.Loudness.offset)
            }
            if format.container != .wav, let new { try replaceSoftware(new) }
            if filled > 0 { try OggPages.trimEnd(of: sink.descriptor, by: filled) }
            if format.container == .ogg || format.container == .opus { try OggPages.setSerial(in: sink.descriptor) }
            _ = try SystemCall.run { fsync(sink.descriptor) }
        } catch {
            throw Self.error(path, error)
        }
    }

    /// Silence behind the sound that fills its last packet, to be trimmed off again: else what is left over goes into the shortest packet
    /// that holds it, which makes a crack of sound that is cut off while it is loud.
    /// - Returns: how much, in samples at 48 kHz; less than a packet, as RFC 7845 §4.4 has it.
    private func fillOpusPacket() throws(AudioFileError) -> Int64 {
        guard format.container == .opus, framesWritten > 0 else { return 0 }
        let scale = 48_000 / Int64(format.sampleRate)
        let left = (framesWritten * scale + Self.opusLookahead) % Self.opusPacket
        let missing = left == 0 ? 0 : Self.opusPacket - left
        let frames = Int(missing / scale)
        guard frames > 0 else { return 0 }
        let silence = AudioBuffer(channels: format.channels, frames: frames)
        defer { withExtendedLifetime(silence) {} }
        let written = framesWritten
        try write(silence.block, frames: frames)
        framesWritten = written
        return missing
    }

    /// In samples at 48 kHz: what libsndfile makes, and what libopus needs before it sounds.
    private static let opusPacket: Int64 = 960, opusLookahead: Int64 = 312

    /// Puts another `software` tag into the finished file, as long as the one given at the start. For what only the finished file tells.
    public func setSoftware(_ new: String) throws(AudioFileError) {
        do throws(SystemCall.Failure) {
            try replaceSoftware(new)
            if format.container == .ogg || format.container == .opus { try OggPages.setSerial(in: sink.descriptor) }
            _ = try SystemCall.run { fsync(sink.descriptor) }
        } catch {
            throw Self.error(path, error)
        }
    }

    /// Tags stand before the sound in all but WAV.
    private func replaceSoftware(_ new: String) throws(SystemCall.Failure) {
        let old = Array((software ?? "").utf8), bytes = Array(new.utf8)
        guard !old.isEmpty, old.count == bytes.count, bytes != old else { return }
        var head = [UInt8](repeating: 0, count: 256 << 10)
        let count = try SystemCall.readFully(sink.descriptor, &head, head.count, at: 0)
        guard count >= old.count else { return }
        for at in 0...(count - old.count) where head[at] == old[0] && head[at..<(at + old.count)].elementsEqual(old) {
            try SystemCall.writeFully(sink.descriptor, bytes, bytes.count, at: Int64(at))
            return
        }
    }

    /// Bytes that follow the sound of a WAV with such a `software` tag. It stands there because what it says is known last.
    public static func tailBytes(_ tags: [String: String]) -> Int64 {
        guard let text = tags["software"] else { return 0 }
        let given = Tags.cut(text)
        let whole = given.contains("libsndfile") ? given.utf8.count : given.utf8.count + 3 + strlen(sf_version_string())
        return Int64(12 + 8 + (whole + 2) / 2 * 2)
    }

    private static func error(_ path: String, _ failure: SystemCall.Failure) -> AudioFileError {
        switch failure.code {
        // EFBIG is the process's own file-size limit.
        case ENOSPC, EDQUOT, EFBIG: .diskFull(path: path)
        default: .writeFailed(path: path, reason: failure.reason)
        }
    }
}
