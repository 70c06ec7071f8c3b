import AudioFiles

/// Text that a tier sent, fit for one line of a terminal.
enum RemoteText {
    static let most = 200

    /// Control, format and line-breaking characters gone, tags too, blanks single, cut to 200 characters.
    static func clean(_ text: some StringProtocol) -> String {
        var out = ""
        var isInTag = false
        var lastWasBlank = true
        for character in text.prefix(4000) {
            if character == "<" { isInTag = true; continue }
            if character == ">" { isInTag = false; continue }
            if isInTag { continue }
            if character.isWhitespace || character.isNewline {
                if !lastWasBlank { out.append(" ") }
                lastWasBlank = true
                continue
            }
            out.append(character)
            lastWasBlank = false
            if out.count >= most { break }
        }
        return String(out.reversed().drop { $0 == " " }.reversed()).printable
    }

    /// What an error's body says: the first of the fields that servers put it into, or the text itself.
    static func message(in body: [UInt8]) -> String {
        guard let json = JSONValue(bytes: body) else { return clean(String(decoding: body.prefix(4000), as: UTF8.self)) }
        for key in ["detail", "error", "message", "title"] {
            switch json[key] {
            case .string(let text)?: return clean(text)
            case .object(let inner)?: if case .string(let text)? = inner["message"] ?? inner["detail"] { return clean(text) }
            case .array(let list)?: if case .string(let text)? = list.first?["msg"] { return clean(text) }
            default: continue
            }
        }
        return ""
    }
}
