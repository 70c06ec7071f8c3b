import AudioFiles
import TOMLKit

/// A TOML document from outside, with the place of every key: size, NUL and nesting are checked before the parser sees the text.
package struct StrictTOML {
    package typealias Step = TOMLPositions.Step

    package let file: String
    package let root: TOMLTable
    private let positions: TOMLPositions

    /// - Parameters:
    ///   - noun: what the text should be, for errors: `tone curve`.
    ///   - limit: bytes.
    /// - Throws: `.unusable`, with line and column where there are any.
    package init(_ text: String, file: String, noun: String, limit: Int) throws(PresetError) {
        guard text.utf8.count <= limit else {
            throw PresetError(file: file, problem: "is larger than \(limit / 1024) KiB", remedy: "a \(noun) is a short TOML file")
        }
        if let place = TOMLPositions.firstNUL(in: text) {
            throw PresetError(file: file, line: place.line, column: place.column, problem: "holds a NUL character", remedy: "a \(noun) is a TOML text file")
        }
        let positions = TOMLPositions(text)
        if let place = positions.tooDeepAt {
            throw PresetError(file: file, line: place.line, column: place.column, problem: "nesting deeper than \(TOMLPositions.depthLimit)",
                              remedy: "a \(noun) needs two levels")
        }
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw PresetError(file: file, line: error.source.begin.line, column: error.source.begin.column,
                              problem: "not valid TOML: \(error.description)", remedy: "correct the line")
        } catch {
            throw PresetError(file: file, problem: "not valid TOML", remedy: "see toml.io for the format")
        }
        self.file = file
        self.positions = positions
    }

    package func error(_ path: [Step], _ problem: String, _ remedy: String) -> PresetError {
        var path = path
        // What is missing stands where its table begins.
        while !path.isEmpty, positions[path] == nil { path.removeLast() }
        let place = positions[path]
        return PresetError(file: file, line: place?.line, column: place?.column, problem: problem, remedy: remedy)
    }

    /// Refuses the first key of `table` in the order of the text that is not `known`.
    package func refuseUnknown(_ table: TOMLTable, at path: [Step], known: [String]) throws(PresetError) {
        let strangers = table.keys.filter { !known.contains($0) }
        guard let name = strangers.min(by: { place(path + [.key($0)]) < place(path + [.key($1)]) }) else { return }
        let remedy = nearest(name, among: known).map { "did you mean '\($0)'?" } ?? "known here: \(known.joined(separator: ", "))"
        throw error(path + [.key(name)], "unknown key '\(name.prefix(64))'", remedy)
    }

    private func place(_ path: [Step]) -> TOMLPositions.Position { positions[path] ?? .init(line: .max, column: 0) }

    /// Text on one line; nil when the key is absent.
    package func line(_ key: String, in table: TOMLTable, at path: [Step] = [], limit: Int) throws(PresetError) -> String? {
        guard let value = table[key] else { return nil }
        guard let text = value.string else { throw error(path + [.key(key)], "\(key) must be text", "put it in quotes") }
        guard text.count <= limit else { throw error(path + [.key(key)], "\(key) is longer than \(limit) characters", "shorten it") }
        guard text.printable == text else {
            throw error(path + [.key(key)], "\(key) holds control or invisible characters", "use plain text on one line")
        }
        return text
    }

    /// A number in `range`; nil when the key is absent.
    package func number(_ key: String, in table: TOMLTable, at path: [Step] = [], range: ClosedRange<Double>) throws(PresetError) -> Double? {
        guard let value = table[key] else { return nil }
        guard let x = value.double ?? value.int.map(Double.init), range.contains(x) else {
            throw error(path + [.key(key)], "\(key) must be a number from \(trimmedDecimal(range.lowerBound, places: 3)) to "
                        + trimmedDecimal(range.upperBound, places: 3), "correct it")
        }
        return x
    }

    /// A list of numbers in `range`; nil when the key is absent.
    package func numbers(_ key: String, in table: TOMLTable, at path: [Step] = [], range: ClosedRange<Double>) throws(PresetError) -> [Double]? {
        guard let value = table[key] else { return nil }
        guard let array = value.array else { throw error(path + [.key(key)], "\(key) must be a list of numbers", "write \(key) = [ … ]") }
        var out: [Double] = []
        for i in 0..<array.count {
            guard let x = array[i].double ?? array[i].int.map(Double.init), range.contains(x) else {
                throw error(path + [.key(key), .index(i)], "\(key) must hold numbers from \(trimmedDecimal(range.lowerBound, places: 3)) to "
                            + trimmedDecimal(range.upperBound, places: 3), "correct it")
            }
            out.append(x)
        }
        return out
    }

    /// One of the words of a type; nil when the key is absent.
    package func word<T: RawRepresentable<String> & CaseIterable>(_ key: String, in table: TOMLTable, at path: [Step] = [], as: T.Type) throws(PresetError) -> T? {
        guard let value = table[key] else { return nil }
        guard let word = value.string, let out = T(rawValue: word) else {
            throw error(path + [.key(key)], "\(key) is none of its words", "use one of \(T.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return out
    }
}

/// As a basic TOML string.
func tomlQuoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            let hex = String(scalar.value, radix: 16)
            out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out + "\""
}
