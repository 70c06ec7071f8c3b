import Glibc

/// Compares the length a header announces with the bytes that are there, because libsndfile quietly shortens what is cut off.
///
/// Reads a few bytes per chunk or frame and allocates nothing that the file could size.
enum ClaimedLength {
    enum Verdict: Equatable {
        /// All announced bytes are there, or the check does not apply.
        case complete
        /// A streamed file: the header does not know its length.
        case unknown
        /// The file ends before its announced end.
        case short
    }

    static func check(_ source: ByteSource) -> Verdict {
        let start = source.bytes(at: 0, 16)
        guard start.count >= 12 else { return .complete }
        switch Array(start[0..<4]) {
        case Array("RIFF".utf8): return riff(source, big: false)
        case Array("RIFX".utf8): return riff(source, big: true)
        case Array("RF64".utf8): return riff(source, big: false)
        case Array("FORM".utf8): return chunks(source, from: 12, data: "SSND", big: true)
        case Array("caff".utf8): return caf(source)
        case Array("riff".utf8): return wave64(source)
        case Array(".snd".utf8): return au(start, source)
        case Array("OggS".utf8): return ogg(source)
        default: return mpeg(source)
        }
    }

    /// More chunks than any real file has; ends the walk over a hostile one.
    private static let mostChunks = 10_000

    /// Lengths that writers to a pipe leave behind: 0, and values just under 2³¹ and 2³².
    private static func isPlaceholder(_ size: UInt32) -> Bool {
        size == 0 || (size >= 0x7FFF_F000 && size <= 0x8000_0000) || size >= 0xFFFF_F000
    }

    private static func riff(_ source: ByteSource, big: Bool) -> Verdict {
        // In RF64 the true length is the second 64-bit field of the `ds64` chunk, which comes first.
        let ds64 = source.bytes(at: 12, 24)
        if ds64.count == 24, ds64[0..<4].elementsEqual("ds64".utf8) {
            let length = number(ds64[16..<24], big: false)
            return chunks(source, from: 12, data: "data", big: false, dataLength: length)
        }
        return chunks(source, from: 12, data: "data", big: big)
    }

    private static func chunks(_ source: ByteSource, from start: Int64, data: String, big: Bool, dataLength: UInt64? = nil) -> Verdict {
        var offset = start
        for _ in 0..<mostChunks {
            let header = source.bytes(at: offset, 8)
            guard header.count == 8 else { return .complete }
            let size = UInt32(truncatingIfNeeded: number(header[4..<8], big: big))
            if header[0..<4].elementsEqual(data.utf8) {
                let present = source.length - offset - 8
                if let dataLength, size == .max { return UInt64(present) < dataLength ? .short : .complete }
                if Int64(size) <= present, size != 0 { return .complete }
                if isPlaceholder(size) { return size == 0 && present <= 1 ? .complete : .unknown }
                return .short
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
                if size == -1 { return .unknown }
                return size > source.length - offset - 12 ? .short : .complete
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
                if size <= 24 { return .unknown }
                return size > source.length - offset ? .short : .complete
            }
            guard size >= 24, size <= source.length else { return .complete }
            offset += (size + 7) & ~7
        }
        return .complete
    }

    private static func au(_ start: [UInt8], _ source: ByteSource) -> Verdict {
        let offset = Int64(number(start[4..<8], big: true))
        let size = UInt32(truncatingIfNeeded: number(start[8..<12], big: true))
        if isPlaceholder(size) { return .unknown }
        return Int64(size) > source.length - offset ? .short : .complete
    }

    /// RFC 3533: a cut Ogg file ends inside its last page.
    private static func ogg(_ source: ByteSource) -> Verdict {
        // A page is at most 65 307 bytes, so its start lies within the tail.
        let tail = source.bytes(at: max(0, source.length - 65_536), 65_536)
        let mark = Array("OggS".utf8)
        guard let last = tail.indices.reversed().first(where: { tail[$0] == mark[0] && tail[$0...].starts(with: mark) }) else {
            return .short
        }
        let page = tail[last...]
        guard page.count >= 27 else { return .short }
        let segments = Int(page[last + 26])
        guard page.count >= 27 + segments else { return .short }
        let body = page[(last + 27)..<(last + 27 + segments)].reduce(0) { $0 + Int($1) }
        let left = page.count - 27 - segments - body
        if left < 0 { return .short }
        // One to three bytes that begin the next page's mark.
        return (1...3).contains(left) && page.suffix(left).elementsEqual(mark.prefix(left)) ? .short : .complete
    }

    private static func number(_ bytes: ArraySlice<UInt8>, big: Bool) -> UInt64 {
        (big ? Array(bytes) : bytes.reversed()).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
