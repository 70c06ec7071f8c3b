/// Chunks of fixed fields: text cut and filled with zeros, little-endian numbers.
struct FixedFields {
    private(set) var bytes: [UInt8] = []

    init() {}

    /// ASCII alone; what is not becomes a question mark.
    mutating func text(_ text: String, _ count: Int) {
        let ascii = Self.ascii(text).prefix(count)
        bytes += ascii
        zeros(count - ascii.count)
    }

    mutating func zeros(_ count: Int) { bytes += [UInt8](repeating: 0, count: count) }
    mutating func append(_ more: [UInt8]) { bytes += more }

    mutating func number<N: FixedWidthInteger>(_ value: N) {
        withUnsafeBytes(of: value.littleEndian) { bytes += Array($0) }
    }

    /// libsndfile takes chunks in fours of bytes.
    mutating func fillToFour() { zeros((4 - bytes.count % 4) % 4) }

    static func ascii(_ text: String) -> [UInt8] {
        text.unicodeScalars.map { $0.isASCII && $0.value != 0 ? UInt8($0.value) : UInt8(ascii: "?") }
    }
}

/// Reads what `FixedFields` lays out; fields beyond the end are empty.
struct FixedFieldReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func skip(_ count: Int) { rest = rest.dropFirst(count) }

    /// Up to the first zero; bytes that are not ASCII are taken as Latin-1.
    mutating func text(_ count: Int) -> String {
        var out = ""
        for byte in take(count).prefix(while: { $0 != 0 }) { out.unicodeScalars.append(Unicode.Scalar(byte)) }
        return out
    }

    mutating func number<N: FixedWidthInteger>(_ type: N.Type) -> N {
        take(N.bitWidth / 8).reversed().reduce(0) { $0 << 8 | N(truncatingIfNeeded: $1) }
    }

    mutating func raw(_ count: Int) -> [UInt8] { Array(take(count)) }
    var remaining: Int { rest.count }
}
