import CSndFile

/// The descriptive tags that go from an input to its master.
enum Tags {
    private static let known: [(name: String, id: Int32)] = [
        ("title", Int32(SF_STR_TITLE)), ("artist", Int32(SF_STR_ARTIST)), ("album", Int32(SF_STR_ALBUM)),
        ("track", Int32(SF_STR_TRACKNUMBER)), ("date", Int32(SF_STR_DATE)), ("genre", Int32(SF_STR_GENRE)),
        ("comment", Int32(SF_STR_COMMENT)), ("copyright", Int32(SF_STR_COPYRIGHT)), ("license", Int32(SF_STR_LICENSE)),
        ("software", Int32(SF_STR_SOFTWARE)),
    ]
    /// Longer text is cut: a tag is a line, not a container.
    private static let longest = 4096

    /// Every name that `read` answers with.
    static let names = known.map(\.name) + ["isrc"]
    /// More bytes than any value has: UTF-8 takes at most four for a code point.
    static let mostBytes = 4 * longest

    /// At most `longest` code points: a single character can be of any length.
    static func cut(_ text: String) -> String { String(String.UnicodeScalarView(text.unicodeScalars.prefix(longest))) }

    static func read(_ file: OpaquePointer) -> [String: String] {
        var tags: [String: String] = [:]
        for (name, id) in known {
            guard let text = sf_get_string(file, id) else { continue }
            // RIFF INFO names no encoding; what is not UTF-8 is taken as Latin-1, byte by byte.
            let value = String(validatingCString: text) ?? latin1(text)
            if !value.isEmpty { tags[name] = cut(value) }
        }
        if let code = RIFFChunks.read("axml", from: file).flatMap({ ISRC(axml: $0) }) { tags["isrc"] = code.description }
        return tags
    }

    /// Containers take different subsets; what one has no place for is left out.
    static func write(_ tags: [String: String], to file: OpaquePointer) {
        for (name, id) in known {
            if let value = tags[name] { _ = sf_set_string(file, id, cut(value)) }
        }
    }

    private static func latin1(_ text: UnsafePointer<CChar>) -> String {
        var out = ""
        var at = text
        while at.pointee != 0 {
            out.unicodeScalars.append(Unicode.Scalar(UInt8(bitPattern: at.pointee)))
            at += 1
        }
        return out
    }
}
