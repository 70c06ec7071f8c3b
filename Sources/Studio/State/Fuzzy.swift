/// Fuzzy matching for filters and the palette: every character of the pattern in order, letter case ignored for ASCII.
struct FuzzyPattern: Sendable, Equatable {
    private let wanted: [UInt8]

    init(_ text: String) { wanted = text.utf8.compactMap { $0 == 0x20 ? nil : Self.folded($0) } }

    var isEmpty: Bool { wanted.isEmpty }

    /// nil when it does not match; else higher is better: runs, and characters at the start of a word, count most.
    /// Cost: one pass over the text.
    func score(_ text: String) -> Int? {
        var text = text
        return text.withUTF8 { bytes in score(bytes) }
    }

    private func score(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard !wanted.isEmpty else { return 0 }
        var next = 0
        var total = 0
        var run = 0
        var previous: UInt8 = 0x20
        for (position, byte) in bytes.enumerated() {
            if Self.folded(byte) == wanted[next] {
                run += 1
                let startsWord = !Self.isWord(previous) || (Self.isLower(previous) && Self.isUpper(byte))
                total += run * 4 + (startsWord ? 8 : 0) - min(position, 20) / 4
                next += 1
                if next == wanted.count { return total - bytes.count / 8 }
            } else {
                run = 0
            }
            previous = byte
        }
        return nil
    }

    private static func folded(_ byte: UInt8) -> UInt8 { isUpper(byte) ? byte | 0x20 : byte }
    private static func isUpper(_ byte: UInt8) -> Bool { byte >= 0x41 && byte <= 0x5A }
    private static func isLower(_ byte: UInt8) -> Bool { byte >= 0x61 && byte <= 0x7A }
    private static func isWord(_ byte: UInt8) -> Bool {
        isUpper(byte) || isLower(byte) || byte >= 0x80 || (byte >= 0x30 && byte <= 0x39)
    }
}
