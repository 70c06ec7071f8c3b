/// RFC 4648, section 4.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var value: UInt32 = 0
            for offset in 0..<3 { value = value << 8 | UInt32(offset < group.count ? group[start + offset] : 0) }
            for position in 0..<4 {
                let digit = alphabet[Int(value >> UInt32(18 - 6 * position)) & 63]
                result.append(position <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return result
    }
}
