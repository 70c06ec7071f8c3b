import Glibc

/// Compares the length a header announces with the bytes that are there, because libsndfile quietly shortens what is cut off.
///
/// Reads a few bytes per chunk or frame and allocates nothing that the file could size.
enum ClaimedLength {
    enum Verdict: Equatable {
        /// All announced bytes are there, or the check does not apply.
        case complete
        /// A streamed file: the header does not know its length. With the bytes of sound that are there, when they are all that follows.
        case unknown(bytes: Int64?)
        /// The file ends before its announced end; after about so many frames, when that can be told.
        case short(frames: Int64?)
        /// Bytes in the middle are not what was written; after about so many frames.
        case damaged(frames: Int64)
        /// There is more than one recording in the file, one behind the other.
        case several
    }

    static func check(_ source: ByteSource, _ kind: ContainerKind) -> Verdict {
        switch kind {
        case .riff: chunks(source, from: 12, data: "data", big: false)
        case .rifx: chunks(source, from: 12, data: "data", big: true)
        case .rf64: rf64(source)
        case .aiff: chunks(source, from: 12, data: "SSND", big: true)
        case .caf: caf(source)
        case .wave64: wave64(source)
        case .au: au(source)
        case .ogg: OggPages.check(source)
        case .mpeg: MPEGFrame.check(source)
        case .flac: .complete
        }
    }

    /// More chunks than any real file has; ends the walk over a hostile one.
    private static let mostChunks = 10_000

    /// Lengths that writers to a pipe leave behind: 0, and values just under 2³¹ and 2³².
    private static func isPlaceholder(_ size: UInt32) -> Bool {
        size == 0 || (size >= 0x7F00_0000 && size <= 0x8000_0000) || size >= 0xFFFF_F000
    }

    private static func rf64(_ source: ByteSource) -> Verdict {
        // The true length is the second 64-bit field of the `ds64` chunk, which comes first (EBU Tech 3306).
        let ds64 = source.bytes(at: 12, 24)
        guard ds64.count == 24, ds64[0..<4].elementsEqual("ds64".utf8) else { return .complete }
        return chunks(source, from: 12, data: "data", big: false, dataLength: number(ds64[16..<24], big: false))
    }

    private static func chunks(_ source: ByteSource, from start: Int64, data: String, big: Bool, dataLength: UInt64? = nil) -> Verdict {
        var offset = start
        for _ in 0..<mostChunks {
            let header = source.bytes(at: offset, 8)
            guard header.count == 8 else { return .complete }
            let size = UInt32(truncatingIfNeeded: number(header[4..<8], big: big))
            if header[0..<4].elementsEqual(data.utf8) {
                let present = source.length - offset - 8
                if let dataLength, size == .max { return UInt64(present) < dataLength ? .short(frames: nil) : .complete }
                if Int64(size) <= present, size != 0 { return .complete }
                guard isPlaceholder(size) else { return .short(frames: nil) }
                guard size == 0 else { return .unknown(bytes: present) }
                if present <= 1 { return .complete }
                // libsndfile takes the other placeholders for what they are, but 0 for no sound.
                source.overlay = (offset + 4, [0xFF, 0xFF, 0xFF, 0xFF])
                return .unknown(bytes: present)
            }
            offset += 8 + Int64(size) + Int64(size & 1)
        }
        return .complete
    }

    private static func caf(_ source: ByteSource) -> Verdict {
        var offset: Int64 = 8
        for _ in 0..<mostChunks {
            let header = source.bytes(at: offset, 12)
            guard header.count == 12 else { return .complete }
            let size = Int64(bitPattern: number(header[4..<12], big: true))
            if header[0..<4].elementsEqual("data".utf8) {
                if size == -1 { return .unknown(bytes: nil) }
                return size > source.length - offset - 12 ? .short(frames: nil) : .complete
            }
            guard size >= 0, size <= source.length else { return .complete }
            offset += 12 + size
        }
        return .complete
    }

    private static func wave64(_ source: ByteSource) -> Verdict {
        var offset: Int64 = 40
        for _ in 0..<mostChunks {
            let header = source.bytes(at: offset, 24)
            guard header.count == 24 else { return .complete }
            // The size includes the 24 bytes of the chunk's own header; chunks start at multiples of 8.
            let size = Int64(bitPattern: number(header[16..<24], big: false))
            if header[0..<4].elementsEqual("data".utf8) {
                if size <= 24 { return .unknown(bytes: nil) }
                return size > source.length - offset ? .short(frames: nil) : .complete
            }
            guard size >= 24, size <= source.length else { return .complete }
            offset += (size + 7) & ~7
        }
        return .complete
    }

    private static func au(_ source: ByteSource) -> Verdict {
        let start = source.bytes(at: 0, 12)
        guard start.count == 12 else { return .complete }
        let size = UInt32(truncatingIfNeeded: number(start[8..<12], big: true))
        if isPlaceholder(size) { return .unknown(bytes: nil) }
        return Int64(size) > source.length - Int64(number(start[4..<8], big: true)) ? .short(frames: nil) : .complete
    }

    static func number(_ bytes: ArraySlice<UInt8>, big: Bool) -> UInt64 {
        big ? bytes.reduce(0) { $0 << 8 | UInt64($1) } : bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// The containers Lathe hands to libsndfile, told by their first bytes. Its parsers of two dozen rarer formats, where its faults
/// tend to be, never see a file.
enum ContainerKind {
    case riff, rifx, rf64, aiff, caf, wave64, au, flac, ogg, mpeg

    init?(_ source: ByteSource) {
        let start = source.bytes(at: 0, 12)
        guard start.count == 12 else { return nil }
        func has(_ mark: String, at offset: Int = 0) -> Bool { start[offset..<(offset + 4)].elementsEqual(mark.utf8) }
        if has("RIFF") && has("WAVE", at: 8) {
            self = .riff
        } else if has("RIFX") && has("WAVE", at: 8) {
            self = .rifx
        } else if has("RF64") && has("WAVE", at: 8) {
            self = .rf64
        } else if has("FORM") && (has("AIFF", at: 8) || has("AIFC", at: 8)) {
            self = .aiff
        } else if has("caff") {
            self = .caf
        } else if has("riff") {
            self = .wave64
        } else if has(".snd") {
            self = .au
        } else if has("fLaC") {
            self = .flac
        } else if has("OggS") {
            self = .ogg
        } else if MPEGFrame(Array(start[0..<4])) != nil {
            self = .mpeg
        } else if start[0..<3].elementsEqual("ID3".utf8) {
            let after = source.bytes(at: MPEGFrame.startOfSound(source), 4)
            if after.elementsEqual("fLaC".utf8) {
                self = .flac
            } else if MPEGFrame(after) != nil {
                self = .mpeg
            } else {
                return nil
            }
        } else {
            return nil
        }
    }
}
