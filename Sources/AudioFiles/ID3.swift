/// An ID3v2.4 tag, written here because libsndfile gives UTF-8 to an encoder that takes it for Latin-1.
enum ID3 {
    private static let frames = [
        ("title", "TIT2"), ("artist", "TPE1"), ("album", "TALB"), ("track", "TRCK"), ("date", "TDRC"), ("genre", "TCON"), ("copyright", "TCOP"),
        ("isrc", "TSRC"), ("software", "TSSE"),
    ]

    /// The tag of `tags`, keys as in `AudioFileInfo.tags`; empty when it would hold nothing.
    static func tag(_ tags: [String: String]) -> [UInt8] {
        var body: [UInt8] = []
        for (key, id) in frames {
            if let text = tags[key] { body += frame(id, [utf8] + clean(text)) }
        }
        // A comment names its language and has a description, here none (§4.10).
        if let text = tags["comment"] { body += frame("COMM", [utf8] + Array("und".utf8) + [0] + clean(text)) }
        guard !body.isEmpty else { return [] }
        return Array("ID3".utf8) + [4, 0, 0] + sevenBits(body.count) + body
    }

    private static let utf8: UInt8 = 3

    private static func clean(_ text: String) -> [UInt8] { Tags.cut(text).utf8.filter { $0 != 0 } }

    private static func frame(_ id: String, _ content: [UInt8]) -> [UInt8] { Array(id.utf8) + sevenBits(content.count) + [0, 0] + content }

    /// §6.2: four bytes of seven bits, so that no size looks like the start of sound.
    private static func sevenBits(_ size: Int) -> [UInt8] { [21, 14, 7, 0].map { UInt8(size >> $0 & 0x7F) } }
}
