/// What a glyph becomes on a terminal without UTF-8.
enum ASCIIForm {
    static func of(_ glyph: Glyph) -> UInt8 {
        var base: UInt32 = 0
        glyph.forEachScalar { if base == 0 { base = $0 } }
        switch base {
        case 0x20..<0x7F: return UInt8(base)
        case 0xA0, 0x2000..<0x200B, 0x2800: return 0x20
        case 0x2010..<0x2016, 0x2212: return 0x2D
        case 0x2018, 0x2019, 0x2032: return 0x27
        case 0x201C, 0x201D, 0x2033: return 0x22
        case 0x2022, 0xB7, 0x25CF, 0x25CB: return 0x2A
        case 0x2026: return 0x2E
        case 0x2039, 0xAB, 0x2190, 0x25C0, 0x25C2: return 0x3C
        case 0x203A, 0xBB, 0x2192, 0x25B6, 0x25B8: return 0x3E
        case 0x2191, 0x25B2, 0x25B4: return 0x5E
        case 0x2193, 0x25BC, 0x25BE: return 0x76
        case 0xD7: return 0x78
        // Lines: all that run one way, then all that turn or cross.
        case 0x2500, 0x2501, 0x2504, 0x2505, 0x2508, 0x2509, 0x254C, 0x254D, 0x2574, 0x2576, 0x2578, 0x257A, 0x257C, 0x257E:
            return 0x2D
        case 0x2550: return 0x3D
        case 0x2502, 0x2503, 0x2506, 0x2507, 0x250A, 0x250B, 0x254E, 0x254F, 0x2551, 0x2575, 0x2577, 0x2579, 0x257B, 0x257D, 0x257F:
            return 0x7C
        case 0x2571: return 0x2F
        case 0x2572: return 0x5C
        case 0x250C...0x254B, 0x2552...0x2570, 0x2573: return 0x2B
        // Blocks by how full they are: lower and left eighths, shades, quadrants; then braille likewise.
        case 0x2581, 0x2582, 0x258E, 0x258F, 0x2591, 0x2594: return 0x2E
        case 0x2583...0x2585, 0x258B...0x258D, 0x2592, 0x2580, 0x2584, 0x2590, 0x2596...0x259F: return 0x3A
        case 0x2586...0x258A, 0x2593: return 0x23
        case 0x2801...0x28FF: return (base & 0xFF).nonzeroBitCount < 4 ? 0x2E : 0x3A
        default: return plainLetter(base) ?? 0x3F
        }
    }

    /// The letter under the accent: é → e.
    private static func plainLetter(_ base: UInt32) -> UInt8? {
        guard let scalar = Unicode.Scalar(base), base < 0x250 else { return nil }
        // The name of an accented letter begins with that of its base: LATIN SMALL LETTER E WITH ACUTE.
        guard let words = scalar.properties.name?.split(separator: " "), words.count > 4, words[0] == "LATIN", words[4] == "WITH",
            let letter = words[3].utf8.first, words[3].utf8.count == 1 else { return nil }
        return words[1] == "SMALL" ? letter + 32 : letter
    }
}
