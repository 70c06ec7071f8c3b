import AudioFiles
import Glibc

/// Pieces of a page. Whatever comes from a file goes through `escape`.
enum HTML {
    /// As text and in attributes; control characters as they are shown elsewhere.
    static func escape(_ text: String) -> String {
        var out = ""
        for character in text.printable.unicodeScalars {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            default: out.unicodeScalars.append(character)
            }
        }
        return out
    }

    /// A table whose cells are escaped; the first column names the row.
    static func table(_ head: [String], _ rows: [[String]]) -> String {
        var out = "<table>"
        if !head.isEmpty { out += "<thead><tr>" + head.map { "<th scope=\"col\">\(escape($0))</th>" }.joined() + "</tr></thead>" }
        out += "<tbody>"
        for row in rows {
            out += "<tr>" + row.enumerated().map { $0 == 0 ? "<th scope=\"row\">\(escape($1))</th>" : cell($1) }.joined() + "</tr>"
        }
        return out + "</tbody></table>"
    }

    /// A value stays in one piece with its unit.
    private static func cell(_ text: String) -> String {
        let isValue = text.count < 24 && text.drop { $0 == "-" || $0 == "+" }.first?.isNumber == true
        return isValue ? "<td class=\"value\">\(escape(value(text)))</td>" : "<td>\(escape(text))</td>"
    }

    /// A number as it is set in type: with a true minus.
    static func value(_ text: String) -> String { text.hasPrefix("-") ? "\u{2212}" + text.dropFirst() : text }
}

func logarithm(_ x: Double) -> Double { log(x) }
