import Glibc

/// The pages of an Ogg file (RFC 3533 §6), walked to their end with their checksums, since decoders skip what is damaged without a word.
enum OggPages {
    static func check(_ source: ByteSource) -> ClaimedLength.Verdict {
        var offset: Int64 = 0
        var granule: Int64 = 0
        while offset < source.length {
            var page = source.bytes(at: offset, 27)
            let isMark = page.prefix(4).elementsEqual("OggS".utf8.prefix(page.count))
            // What follows the last page and is no page, a tag for instance, is not sound.
            guard isMark else { return isPageLater(source, offset) ? .damaged(frames: granule) : .complete }
            guard page.count == 27 else { return .short(frames: granule) }
            let segments = Int(page[26])
            page += source.bytes(at: offset + 27, segments)
            guard page.count == 27 + segments else { return .short(frames: granule) }
            let body = page[27...].reduce(0) { $0 + Int($1) }
            page += source.bytes(at: offset + Int64(page.count), body)
            guard page.count == 27 + segments + body else { return .short(frames: granule) }
            let checksum = UInt32(truncatingIfNeeded: ClaimedLength.number(page[22..<26], big: false))
            for i in 22..<26 { page[i] = 0 }
            guard crc(page) == checksum else { return .damaged(frames: granule) }
            // A beginning behind sound is that of another recording (§4, chained streams), which decoders leave out without a word.
            if page[5] & 2 != 0, granule > 0 { return .several }
            let position = Int64(bitPattern: ClaimedLength.number(page[6..<14], big: false))
            // −1 marks a page on which no packet ends.
            if position > 0 { granule = position }
            offset += Int64(page.count)
        }
        return .complete
    }

    /// Gives every page of a finished file of one stream the same serial number: encoders make up a random one, and equal sound should give
    /// equal bytes. A number has to differ only from those of other streams in the same file (§4).
    static func setSerial(in descriptor: Int32) throws(SystemCall.Failure) {
        let serial = Array("Lath".utf8)
        var offset: Int64 = 0
        var page = [UInt8](repeating: 0, count: largestPage)
        while true {
            let count = try SystemCall.readFully(descriptor, &page, largestPage, at: offset)
            guard count >= 27, page[..<4].elementsEqual("OggS".utf8) else { return }
            let segments = Int(page[26])
            guard count >= 27 + segments else { return }
            let length = page[27..<(27 + segments)].reduce(27 + segments) { $0 + Int($1) }
            guard count >= length else { return }
            for i in 0..<4 {
                page[14 + i] = serial[i]
                page[22 + i] = 0
            }
            let sum = crc(Array(page[..<length]))
            for i in 0..<4 { page[22 + i] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * i)) }
            try SystemCall.writeFully(descriptor, Array(page[14..<26]), 12, at: offset + 14)
            offset += Int64(length)
        }
    }

    private struct Page {
        var offset: Int64
        var bytes: [UInt8]

        var segments: ArraySlice<UInt8> { bytes[27..<(27 + Int(bytes[26]))] }
        var body: ArraySlice<UInt8> { bytes[(27 + Int(bytes[26]))...] }

        /// Of the last sample of the last packet that ends here, at 48 kHz.
        var granule: Int64 {
            get { Int64(bitPattern: ClaimedLength.number(bytes[6..<14], big: false)) }
            set { for i in 0..<8 { bytes[6 + i] = UInt8(truncatingIfNeeded: newValue >> Int64(8 * i)) } }
        }

        mutating func replace(segments: [UInt8], body: [UInt8]) {
            bytes = Array(bytes[..<26]) + [UInt8(segments.count)] + segments + body
        }
    }

    /// Lets a finished Opus stream end that many samples at 48 kHz before its last one (RFC 7845 §4.4, end trimming). The checksums are
    /// left to `setSerial`.
    ///
    /// What is cut off has to lie on the last page: packets move there from the one before it, as many as that takes.
    static func trimEnd(of descriptor: Int32, by samples: Int64) throws(SystemCall.Failure) {
        var offset: Int64 = 0
        var buffer = [UInt8](repeating: 0, count: largestPage)
        var last: Page?, before: Page?
        while true {
            let count = try SystemCall.readFully(descriptor, &buffer, largestPage, at: offset)
            guard count >= 27, buffer[..<4].elementsEqual("OggS".utf8), count >= 27 + Int(buffer[26]) else { break }
            let length = buffer[27..<(27 + Int(buffer[26]))].reduce(27 + Int(buffer[26])) { $0 + Int($1) }
            guard count >= length else { break }
            (before, last) = (last, Page(offset: offset, bytes: Array(buffer[..<length])))
            offset += Int64(length)
        }
        guard var end = last else { return }
        end.granule -= samples
        if var whole = before, whole.granule > 0, end.granule <= whole.granule {
            var (segments, body) = (Array(whole.segments), Array(whole.body))
            while end.granule <= whole.granule, segments.last.map({ $0 < 255 }) == true, let packet = segments.dropLast().lastIndex(where: { $0 < 255 }) {
                let lacing = Array(segments[(packet + 1)...])
                let size = lacing.reduce(0) { $0 + Int($1) }
                guard lacing.count + end.segments.count <= 255, size > 0 else { break }
                let moved = Array(body.suffix(size))
                segments.removeLast(lacing.count)
                body.removeLast(size)
                end.replace(segments: lacing + end.segments, body: moved + end.body)
                whole.granule -= opusSamples(moved)
            }
            whole.replace(segments: segments, body: body)
            end.offset = whole.offset + Int64(whole.bytes.count)
            try SystemCall.writeFully(descriptor, whole.bytes, whole.bytes.count, at: whole.offset)
        }
        try SystemCall.writeFully(descriptor, end.bytes, end.bytes.count, at: end.offset)
    }

    /// How long a packet of Opus sounds, in samples at 48 kHz: its first byte tells (RFC 6716 §3.1), in each of several streams alike.
    private static func opusSamples(_ packet: [UInt8]) -> Int64 {
        let mode = Int(packet[0] >> 3)
        let frame: Int64 = mode < 12 ? [480, 960, 1920, 2880][mode & 3] : mode < 16 ? [480, 960][mode & 1] : [120, 240, 480, 960][mode & 3]
        let count = packet[0] & 3 == 0 ? 1 : packet[0] & 3 < 3 ? 2 : packet.count > 1 ? Int64(packet[1] & 63) : 1
        return frame * count
    }

    /// Header, 255 segment lengths, and as many segments of 255 bytes.
    private static let largestPage = 27 + 255 + 255 * 255

    /// Whether another page starts within 256 KiB, four times the largest page.
    private static func isPageLater(_ source: ByteSource, _ offset: Int64) -> Bool {
        let bytes = source.bytes(at: offset, 256 << 10)
        let mark = Array("OggS".utf8)
        return bytes.indices.contains { bytes[$0] == mark[0] && bytes[$0...].starts(with: mark) }
    }

    /// Polynomial 0x04C11DB7, most significant bit first, start 0, no final inversion.
    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            bytes.withUnsafeBufferPointer { bytes in
                var crc: UInt32 = 0
                for byte in bytes { crc = crc << 8 ^ table[Int(crc >> 24 ^ UInt32(byte))] }
                return crc
            }
        }
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index) << 24) { crc, _ in crc & 0x8000_0000 != 0 ? crc << 1 ^ 0x04C1_1DB7 : crc << 1 }
    }
}
