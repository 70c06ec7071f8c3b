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

    /// Lets a finished Opus stream end that many samples at 48 kHz before its last one, less than its last packet holds (RFC 7845 §4.4, end
    /// trimming). The checksum is left to `setSerial`.
    static func trimEnd(of descriptor: Int32, by samples: Int64) throws(SystemCall.Failure) {
        var (offset, last): (Int64, Int64?) = (0, nil)
        var page = [UInt8](repeating: 0, count: 27 + 255)
        while true {
            let count = try SystemCall.readFully(descriptor, &page, page.count, at: offset)
            guard count >= 27, page[..<4].elementsEqual("OggS".utf8), count >= 27 + Int(page[26]) else { break }
            last = offset
            offset += page[27..<(27 + Int(page[26]))].reduce(27 + Int64(page[26])) { $0 + Int64($1) }
        }
        guard let last else { return }
        var position = [UInt8](repeating: 0, count: 8)
        _ = try SystemCall.readFully(descriptor, &position, 8, at: last + 6)
        let end = Int64(bitPattern: ClaimedLength.number(position[...], big: false)) - samples
        for i in 0..<8 { position[i] = UInt8(truncatingIfNeeded: end >> Int64(8 * i)) }
        try SystemCall.writeFully(descriptor, position, 8, at: last + 6)
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
