/// Glyphs on whose width the C library, ncurses and terminals may disagree never pass through ncurses. A stand-in of
/// certain width does, and is exchanged in the bytes: the columns are blanked, the glyph is drawn over them, and the cursor is put
/// where it belongs. So a disagreement stays inside the glyph's own columns.
struct StandIns {
    private struct Place: Hashable {
        let glyph: Glyph
        let x: Int
        let columns: UInt8
    }

    /// Plane 15, private use: one column. First byte of its UTF-8.
    static let narrowLead: UInt8 = 0xF3
    /// CJK extension B from U+29000: two columns.
    static let wideLead: UInt8 = 0xF0
    private static let narrowBase: UInt32 = 0xF0000
    private static let wideBase: UInt32 = 0x29000
    private static let limit: UInt32 = 0xFFF

    private var scalars: [Place: UInt32] = [:]
    private var texts: [UInt32: [UInt8]] = [:]
    private var narrow: UInt32 = 0
    private var wide: UInt32 = 0

    /// The scalar that stands for a glyph at a column; nil when all are in use: forget, and paint anew.
    mutating func scalar(_ glyph: Glyph, x: Int, columns: UInt8) -> UInt32? {
        let place = Place(glyph: glyph, x: x, columns: columns)
        if let known = scalars[place] { return known }
        let scalar: UInt32
        if columns == 2 {
            guard wide < Self.limit else { return nil }
            scalar = Self.wideBase + wide
            wide += 1
        } else {
            guard narrow < Self.limit else { return nil }
            scalar = Self.narrowBase + narrow
            narrow += 1
        }
        scalars[place] = scalar
        let blank = String(repeating: " ", count: Int(columns))
        texts[scalar] = Array("\(blank)\u{1B}[\(x + 1)G\(glyph.text)\u{1B}[\(x + Int(columns) + 1)G".utf8)
        return scalar
    }

    mutating func forget() { self = StandIns() }

    /// The bytes for a stand-in's four bytes of UTF-8; nil if they are none.
    func text(_ utf8: UnsafeRawBufferPointer) -> [UInt8]? {
        var value = UInt32(utf8[0] & 0x07)
        for byte in utf8.dropFirst() { value = value << 6 | UInt32(byte & 0x3F) }
        return texts[value]
    }

    /// Whether all agree about a scalar as a cell's base: old, common scripts and the signs studios are drawn with.
    static func isAgreedBase(_ value: UInt32) -> Bool {
        switch value {
        case 0x20..<0x7F, 0xA0..<0x300, 0x370..<0x483, 0x48A..<0x530, 0x1E00..<0x2000, 0x2010..<0x2028, 0x2030..<0x205F,
            0x2100..<0x231A, 0x2320..<0x23E9, 0x2400..<0x2427, 0x2500..<0x25AA, 0x25B2..<0x25B6, 0x25B7..<0x25C0,
            0x25C1..<0x25FB, 0x2800..<0x2900, 0x3041..<0x3097, 0x30A1..<0x3100, 0x3400..<0x4DC0, 0x4E00..<0xA000,
            0xAC00..<0xD7A4, 0xFF01..<0xFF5F:
            true
        case 0x2600..<0x27C0: Unicode.Scalar(value).map { !$0.properties.isEmoji } ?? false
        default: false
        }
    }

    /// Whether all agree about a scalar as a mark on a base: the accents of U+0300.
    static func isAgreedMark(_ value: UInt32) -> Bool { (0x300..<0x370).contains(value) && value != 0x34F }
}
