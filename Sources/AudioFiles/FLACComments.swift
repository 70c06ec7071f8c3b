import DSP

/// Vorbis comments of FLAC (RFC 9639, section 8.6) for which libsndfile has no name: the recording's code, the disc's number, and the
/// loudspeakers where their count does not tell (section 8.6.2).
enum FLACComments {
    private static let mark = Array("fLaC".utf8)
    private static let commentType: UInt8 = 4
    private static let maskName = "WAVEFORMATEXTENSIBLE_CHANNEL_MASK"
    /// A block of comments that is longer is not read: pictures have a block of their own.
    private static let longest = 1 << 20
    private static let mostComments = 1000

    /// What a file is to say, by name.
    static func fields(tags: [String: String], layout: ChannelLayout) -> [(name: String, value: String)] {
        var fields: [(String, String)] = []
        if let code = tags["isrc"] { fields.append(("ISRC", code)) }
        if layout.mask != 0, layout != .usual(layout.channels) { fields.append((maskName, "0x" + String(layout.mask, radix: 16, uppercase: true))) }
        return fields
    }

    /// What a file says. Untrusted.
    static func read(_ source: ByteSource) -> (isrc: ISRC?, mask: UInt32?) {
        var at = Int64(mark.count), isrc: ISRC?, mask: UInt32?
        for _ in 0..<128 {
            let head = source.bytes(at: at, 4)
            guard head.count == 4 else { break }
            let size = head[1...].reduce(0) { $0 << 8 | Int($1) }
            if head[0] & 0x7F == commentType, size <= longest {
                for (name, value) in comments(source.bytes(at: at + 4, size)) {
                    if name == "ISRC", isrc == nil { isrc = ISRC(value) }
                    if name == maskName, mask == nil, value.lowercased().hasPrefix("0x") { mask = UInt32(value.dropFirst(2), radix: 16) }
                }
                break
            }
            if head[0] & 0x80 != 0 { break }
            at += 4 + Int64(size)
        }
        return (isrc, mask)
    }

    private static func comments(_ bytes: [UInt8]) -> [(name: String, value: String)] {
        var rest = bytes[...], out: [(String, String)] = []
        func number() -> Int? {
            guard rest.count >= 4 else { return nil }
            defer { rest = rest.dropFirst(4) }
            return Int(ClaimedLength.number(rest.prefix(4), big: false))
        }
        guard let vendor = number(), vendor <= rest.count else { return [] }
        rest = rest.dropFirst(vendor)
        guard let count = number() else { return [] }
        for _ in 0..<min(count, mostComments) {
            guard let length = number(), length <= rest.count else { break }
            let text = rest.prefix(min(length, 256))
            rest = rest.dropFirst(length)
            guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else { continue }
            out.append((String(decoding: text[..<equals], as: UTF8.self).uppercased(), String(decoding: text[(equals + 1)...], as: UTF8.self)))
        }
        return out
    }

    /// The head of a file up to the end of its comments, with the fields behind them.
    struct Edit {
        var head: [UInt8]
        /// Bytes of it as it was.
        var oldCount: Int
    }

    /// - Parameter start: the first bytes of a file. Nil while they do not hold its whole head.
    static func add(_ fields: [(name: String, value: String)], to start: [UInt8]) -> Edit? {
        guard start.count >= mark.count else { return nil }
        var at = mark.count
        while true {
            guard at + 4 <= start.count else { return nil }
            let size = start[(at + 1)..<(at + 4)].reduce(0) { $0 << 8 | Int($1) }
            guard at + 4 + size <= start.count else { return nil }
            if start[at] & 0x7F == commentType {
                let body = Array(start[(at + 4)..<(at + 4 + size)])
                var new = body
                let vendor = Int(ClaimedLength.number(body[0..<4], big: false)), count = Int(ClaimedLength.number(body[(4 + vendor)..<(8 + vendor)], big: false))
                new.replaceSubrange((4 + vendor)..<(8 + vendor), with: littleEndian(count + fields.count))
                for (name, value) in fields { new += littleEndian(name.utf8.count + 1 + value.utf8.count) + Array("\(name)=\(value)".utf8) }
                let head = Array(start[..<at]) + [start[at], UInt8(new.count >> 16), UInt8(new.count >> 8 & 0xFF), UInt8(new.count & 0xFF)] + new
                return Edit(head: head, oldCount: at + 4 + size)
            }
            // The encoder always writes the block.
            if start[at] & 0x80 != 0 { return Edit(head: Array(start[..<(at + 4 + size)]), oldCount: at + 4 + size) }
            at += 4 + size
        }
    }

    private static func littleEndian(_ number: Int) -> [UInt8] { [0, 8, 16, 24].map { UInt8(number >> $0 & 0xFF) } }
}
