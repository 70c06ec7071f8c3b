/// CD-Text as a disc's lead-in holds it: packs of 18 bytes, ISO 8859-1, one block in English (MMC-3, annex J).
enum CDText {
    private static let title: UInt8 = 0x80, performer: UInt8 = 0x81, sizes: UInt8 = 0x8F
    /// Packs of a block are counted with a byte, and three are for the sizes.
    private static let mostPacks = 253
    /// Characters of a text; the shortest leaves room for all texts of 99 tracks.
    private static let lengths = [160, 80, 40, 20, 12]

    /// - Returns: nil when there is nothing to say. Texts are cut when a block would not hold them.
    static func packs(_ disc: Disc) -> [UInt8]? {
        guard disc.hasText else { return nil }
        return lengths.lazy.compactMap { packs(disc, longest: $0) }.first
    }

    private static func packs(_ disc: Disc, longest: Int) -> [UInt8]? {
        var packs: [[UInt8]] = []
        var counts = [UInt8](repeating: 0, count: 16)
        func add(_ type: UInt8, _ texts: [String]) {
            guard texts.contains(where: { !$0.isEmpty }) else { return }
            let strings = texts.map { latin1($0).prefix(longest) + [0] }
            var track = 0, offset = 0
            while track < strings.count {
                var pack: [UInt8] = [type, UInt8(track), UInt8(truncatingIfNeeded: packs.count), UInt8(min(offset, 15))]
                while pack.count < 16, track < strings.count {
                    pack.append(strings[track][offset])
                    offset += 1
                    if offset == strings[track].count { (track, offset) = (track + 1, 0) }
                }
                pack += [UInt8](repeating: 0, count: 16 - pack.count)
                counts[Int(type & 15)] &+= 1
                packs.append(sealed(pack))
            }
        }
        add(title, [disc.title ?? ""] + disc.tracks.map { $0.title ?? "" })
        add(performer, [disc.artist ?? ""] + disc.tracks.map { $0.artist ?? disc.artist ?? "" })
        guard packs.count <= mostPacks else { return nil }

        counts[15] = 3
        // Character set, first and last track, copyright; packs of each kind; last pack of each block; language of each block.
        var table: [UInt8] = [0, 1, UInt8(disc.tracks.count), 0] + counts
        table += [UInt8(packs.count + 2)] + [UInt8](repeating: 0, count: 7) + [0x09] + [UInt8](repeating: 0, count: 7)
        for part in 0..<3 {
            packs.append(sealed([sizes, UInt8(part), UInt8(packs.count), 0] + table[(12 * part)..<(12 * part + 12)]))
        }
        return packs.flatMap(\.self)
    }

    /// Adds the inverted CRC of x¹⁶ + x¹² + x⁵ + 1.
    private static func sealed(_ pack: [UInt8]) -> [UInt8] {
        var crc: UInt16 = 0
        for byte in pack {
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
        }
        return pack + [UInt8(~crc >> 8), UInt8(truncatingIfNeeded: ~crc)]
    }

    /// What the character set has no place for becomes a question mark.
    private static func latin1(_ text: String) -> [UInt8] {
        text.unicodeScalars.map { scalar in
            (0x20...0x7E).contains(scalar.value) || (0xA0...0xFF).contains(scalar.value) ? UInt8(scalar.value) : UInt8(ascii: "?")
        }
    }
}
