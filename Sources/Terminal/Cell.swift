/// What one cell shows: a base character and its combining marks, at most 15 bytes of UTF-8 kept inline.
/// Trivial on purpose: a frame of them is copied, compared and filled without reference counting.
public struct Glyph: Equatable, Hashable, Sendable {
    /// Bytes 0–7 and 8–14 in order of significance, the length in the top byte of `high`.
    private var low: UInt64
    private var high: UInt64

    static let capacity = 15
    public static let space = Glyph(ascii: 0x20)

    init(ascii: UInt8) {
        low = UInt64(ascii)
        high = 1 << 56
    }

    public init(_ scalar: Unicode.Scalar) {
        low = 0
        high = 0
        _ = append(scalar)
    }

    /// Appends a scalar unless the glyph would outgrow its 15 bytes; says whether it did.
    mutating func append(_ scalar: Unicode.Scalar) -> Bool {
        let start = utf8Count
        guard start + UTF8.width(scalar) <= Glyph.capacity else { return false }
        for byte in UTF8.encode(scalar).unsafelyUnwrappedByInvariant {
            let at = utf8Count
            if at < 8 { low |= UInt64(byte) << (8 * UInt64(at)) } else { high |= UInt64(byte) << (8 * UInt64(at - 8)) }
            high += 1 << 56
        }
        return true
    }

    public var utf8Count: Int { Int(high >> 56) }

    public func utf8Byte(_ index: Int) -> UInt8 {
        index < 8 ? UInt8(truncatingIfNeeded: low >> (8 * UInt64(index))) : UInt8(truncatingIfNeeded: high >> (8 * UInt64(index - 8)))
    }

    /// The glyph's text; empty for the right half of a wide glyph.
    public var text: String { String(decoding: (0..<utf8Count).map(utf8Byte), as: UTF8.self) }

    /// Calls `body` with each scalar's value, without building a string.
    func forEachScalar(_ body: (UInt32) -> Void) {
        var at = 0
        while at < utf8Count {
            let lead = utf8Byte(at)
            let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            var value = length == 1 ? UInt32(lead) : UInt32(lead) & (0x7F >> UInt32(length))
            for offset in 1..<max(1, length) { value = value << 6 | UInt32(utf8Byte(at + offset) & 0x3F) }
            body(value)
            at += length
        }
    }

    /// The single ASCII byte, when that is all the glyph holds.
    var ascii: UInt8? { high == 1 << 56 && low < 0x80 ? UInt8(low) : nil }

    static let none = Glyph()
    private init() {
        low = 0
        high = 0
    }
}

extension Optional where Wrapped == UTF8.EncodedScalar {
    /// Every `Unicode.Scalar` has a UTF-8 form (it excludes surrogates), so encoding one cannot fail.
    fileprivate var unsafelyUnwrappedByInvariant: UTF8.EncodedScalar {
        guard let self else { preconditionFailure("a Unicode scalar value always has a UTF-8 form") }
        return self
    }
}

/// One character position of a frame.
public struct Cell: Equatable, Hashable, Sendable {
    public internal(set) var glyph: Glyph
    public internal(set) var style: Style
    /// Columns the glyph covers: 1, 2, or 0 for the right half of the wide glyph to the left.
    public internal(set) var columns: UInt8

    init(glyph: Glyph, style: Style, columns: UInt8) {
        self.glyph = glyph
        self.style = style
        self.columns = columns
    }

    public static func blank(_ style: Style = .plain) -> Cell { Cell(glyph: .space, style: style, columns: 1) }

    public var isContinuation: Bool { columns == 0 }
}
