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
            let position = Int64(bitPattern: ClaimedLength.number(page[6..<14], big: false))
            // −1 marks a page on which no packet ends.
            if position > 0 { granule = position }
            offset += Int64(page.count)
        }
        return .complete
    }

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
