import Crypto

/// The hash tree of RFC 6962, section 2.1, kept as the roots of its full subtrees: all that appending and the root need.
///
/// Cost of `append` and `root`: O(log n) hashes. A tree of n leaves holds as many subtrees as n has one bits.
struct HashTree: Sendable, Equatable {
    private(set) var count: Int64 = 0
    /// Roots of the full subtrees, the largest first.
    private var peaks: [[UInt8]] = []

    static let hashBytes = SHA256Digest.byteCount

    init() {}

    /// nil when `encoded` does not hold the subtrees of a tree of `count` leaves.
    init?(count: Int64, encoded: [UInt8]) {
        guard count >= 0, count < .max >> 1, encoded.count == count.nonzeroBitCount * Self.hashBytes else { return nil }
        self.count = count
        peaks = stride(from: 0, to: encoded.count, by: Self.hashBytes).map { Array(encoded[$0..<$0 + Self.hashBytes]) }
    }

    var encoded: [UInt8] { peaks.flatMap { $0 } }

    mutating func append(_ content: some Sequence<UInt8>) {
        var node = Self.hash([0] + content)
        var full = count
        while full & 1 == 1 {
            node = Self.hash([1] + peaks.removeLast() + node)
            full >>= 1
        }
        peaks.append(node)
        count += 1
    }

    /// The Merkle tree hash of all leaves.
    var root: [UInt8] {
        guard var node = peaks.last else { return Self.hash([]) }
        for peak in peaks.dropLast().reversed() { node = Self.hash([1] + peak + node) }
        return node
    }

    static func hash(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
}

/// Lower-case hexadecimal.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
}

/// nil for anything that `hexadecimal` does not write; capitals would let two texts stand for the same bytes.
func bytes(hexadecimal text: some StringProtocol) -> [UInt8]? {
    func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    var out: [UInt8] = []
    for at in stride(from: 0, to: digits.count, by: 2) {
        guard let high = value(digits[at]), let low = value(digits[at + 1]) else { return nil }
        out.append(high << 4 | low)
    }
    return out
}
