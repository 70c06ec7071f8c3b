import AudioFiles

/// A JSON value whose object fields keep the order they are written in, as commands.md lists them.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case int(Int)
    /// Written as `null` when not finite.
    case number(Double)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])

    public static func == (a: JSON, b: JSON) -> Bool { a.text == b.text }

    public static func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }

    /// Rounded to a millionth: below it a measurement says nothing, and 17 digits hide what it does say.
    public static func measured(_ x: Double?) -> JSON {
        guard let x, x.isFinite else { return .null }
        return .number(abs(x) < 1e9 ? (x * 1e6).rounded() / 1e6 + 0 : x)
    }

    /// An object with one more field at its end; anything else as it is.
    public func adding(_ name: String, _ value: JSON) -> JSON {
        guard case .object(let fields) = self else { return self }
        return .object(fields + [(name, value)])
    }

    /// One line, no spaces.
    public var text: String {
        var out = ""
        write(to: &out)
        return out
    }

    /// A line for each field and element, two spaces deeper inside: for files that people read too.
    public var indented: String {
        var out = ""
        writeIndented(to: &out, "\n")
        return out + "\n"
    }

    private func writeIndented(to out: inout String, _ line: String) {
        let inner = line + "  "
        switch self {
        case .array(let items) where items.contains { $0.isContainer }:
            out += "["
            for (i, item) in items.enumerated() {
                out += (i > 0 ? "," : "") + inner
                // Flat ones, such as the bands of a spectrum, are rows.
                if item.isNested { item.writeIndented(to: &out, inner) } else { item.write(to: &out) }
            }
            out += line + "]"
        case .object(let fields) where !fields.isEmpty:
            out += "{"
            for (i, field) in fields.enumerated() {
                out += (i > 0 ? "," : "") + inner
                Self.quote(field.0, to: &out)
                out += ": "
                field.1.writeIndented(to: &out, inner)
            }
            out += line + "}"
        default: write(to: &out)
        }
    }

    private var isNested: Bool {
        switch self {
        case .array(let items): items.contains { $0.isContainer }
        case .object(let fields): fields.contains { $0.1.isContainer }
        default: false
        }
    }

    private var isContainer: Bool {
        switch self {
        case .array, .object: true
        default: false
        }
    }

    private func write(to out: inout String) {
        switch self {
        case .null: out += "null"
        case .bool(let x): out += x ? "true" : "false"
        case .int(let x): out += String(x)
        case .number(let x): out += x.isFinite ? Self.number(x) : "null"
        case .string(let x): Self.quote(x, to: &out)
        case .array(let items):
            out += "["
            for (i, item) in items.enumerated() {
                if i > 0 { out += "," }
                item.write(to: &out)
            }
            out += "]"
        case .object(let fields):
            out += "{"
            for (i, field) in fields.enumerated() {
                if i > 0 { out += "," }
                Self.quote(field.0, to: &out)
                out += ":"
                field.1.write(to: &out)
            }
            out += "}"
        }
    }

    /// The shortest text that reads back as the same double; `-14`, not `-14.0`.
    private static func number(_ x: Double) -> String {
        let text = "\(x)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static func quote(_ text: String, to out: inout String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            // C0, DEL, C1, line and paragraph separators and bidirectional controls: legal or not, a terminal may show this.
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x200B...0x200F).contains(scalar.value)
                || (0x2028...0x202E).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value):
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default:
                // A byte of a file name that is not text, as lines for people show it.
                if let byte = FileName.byte(scalar) {
                    out += "\\\\x" + String(byte, radix: 16, uppercase: true)
                } else {
                    out.unicodeScalars.append(scalar)
                }
            }
        }
        out += "\""
    }
}
