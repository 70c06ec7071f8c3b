/// Where each key of a TOML document stands in its source text.
///
/// The TOML parser in use gives positions for syntax errors only; this finds them for keys it accepted, so that an unknown key or a
/// value out of range can be named with line and column. It also measures nesting before the parser sees the text, because the
/// parser's recursion on dotted keys has no limit of its own. It never fails: text that is not TOML gives fewer positions.
/// Cost: one pass over the text.
public struct TOMLPositions: Sendable {
    public enum Step: Hashable, Sendable {
        case key(String)
        /// In an array, or in an array of tables (`[[eq.band]]`), from 0.
        case index(Int)
    }

    /// Line and column from 1; columns count Unicode scalars.
    public struct Position: Hashable, Comparable, Sendable {
        public var line: Int
        public var column: Int
        public static func < (a: Position, b: Position) -> Bool { (a.line, a.column) < (b.line, b.column) }
    }

    /// Deepest nesting of keys, arrays and inline tables that is read on.
    public static let depthLimit = 16

    /// The first position at which each path is named; values in arrays stand at their own position.
    public private(set) var positions: [[Step]: Position] = [:]
    /// Where nesting exceeded `depthLimit`.
    public private(set) var tooDeepAt: Position?

    public subscript(path: [Step]) -> Position? { positions[path] }

    public init(_ text: String) {
        scalars = Array(text.unicodeScalars)
        document()
        scalars = []
    }

    private var scalars: [Unicode.Scalar]
    private var at = 0
    private var line = 1
    private var lineStart = 0
    /// Tables opened so far in each array of tables.
    private var tableCounts: [[Step]: Int] = [:]

    private var here: Position { Position(line: line, column: at - lineStart + 1) }
    private var next: Unicode.Scalar? { at < scalars.count ? scalars[at] : nil }

    private func ahead(_ text: String) -> Bool {
        var i = at
        for scalar in text.unicodeScalars {
            guard i < scalars.count, scalars[i] == scalar else { return false }
            i += 1
        }
        return true
    }

    private mutating func advance() {
        if scalars[at] == "\n" { line += 1; lineStart = at + 1 }
        at += 1
    }

    private mutating func skipBlanks(newlines: Bool) {
        while let c = next {
            if c == " " || c == "\t" || (newlines && (c == "\n" || c == "\r")) || (at == 0 && c == "\u{FEFF}") {
                advance()
            } else if c == "#" {
                skipLine()
            } else {
                return
            }
        }
    }

    private mutating func skipLine() { while let c = next, c != "\n" { advance() } }

    private mutating func document() {
        var table: [Step] = []
        while tooDeepAt == nil {
            skipBlanks(newlines: true)
            guard next != nil else { return }
            if next == "[" {
                table = header() ?? table
            } else {
                keyValue(in: table)
            }
            skipLine()
        }
    }

    /// `[a.b]` or `[[a.b]]`; nil when it is neither.
    private mutating func header() -> [Step]? {
        let isArray = ahead("[[")
        for _ in 0..<(isArray ? 2 : 1) { advance() }
        guard let names = key() else { return nil }
        var path: [Step] = []
        for (n, name) in names.enumerated() {
            path.append(.key(name.text))
            if tooDeep(path, name.position) { return nil }
            note(path, name.position)
            if n == names.count - 1, isArray {
                let count = tableCounts[path, default: 0]
                tableCounts[path] = count + 1
                path.append(.index(count))
                note(path, names[0].position)
            } else if let count = tableCounts[path] {
                path.append(.index(count - 1))
            }
        }
        return path
    }

    private mutating func keyValue(in table: [Step]) {
        guard let names = key() else { return }
        var path = table
        for name in names {
            path.append(.key(name.text))
            if tooDeep(path, name.position) { return }
            note(path, name.position)
        }
        skipBlanks(newlines: false)
        guard next == "=" else { return }
        advance()
        skipBlanks(newlines: false)
        value(at: path)
    }

    private mutating func value(at path: [Step]) {
        switch next {
        case "\"", "'": _ = quoted()
        case "[": array(at: path)
        case "{": inlineTable(at: path)
        default:
            while let c = next, !",]}#\n".unicodeScalars.contains(c) { advance() }
        }
    }

    private mutating func array(at path: [Step]) {
        advance()
        var index = 0
        while true {
            skipBlanks(newlines: true)
            guard let c = next else { return }
            if c == "]" { advance(); return }
            if c == "," { advance(); continue }
            let element = path + [.index(index)]
            if tooDeep(element, here) { return }
            note(element, here)
            let before = at
            value(at: element)
            if at == before || tooDeepAt != nil { return }
            index += 1
        }
    }

    private mutating func inlineTable(at path: [Step]) {
        advance()
        while true {
            skipBlanks(newlines: true)
            guard let c = next else { return }
            if c == "}" { advance(); return }
            if c == "," { advance(); continue }
            let before = at
            keyValue(in: path)
            if at == before || tooDeepAt != nil { return }
        }
    }

    /// `a."b.c".'d'`, up to the `=` or `]` that follows.
    private mutating func key() -> [(text: String, position: Position)]? {
        var names: [(text: String, position: Position)] = []
        while true {
            skipBlanks(newlines: false)
            let position = here
            if next == "\"" || next == "'" {
                names.append((quoted(), position))
            } else {
                var bare = String.UnicodeScalarView()
                while let c = next, c == "_" || c == "-" || c.properties.isAlphabetic || c.properties.numericType != nil {
                    bare.append(c)
                    advance()
                }
                if bare.isEmpty { return nil }
                names.append((String(bare), position))
            }
            if names.count > Self.depthLimit {
                tooDeepAt = position
                return nil
            }
            skipBlanks(newlines: false)
            guard next == "." else { return names }
            advance()
        }
    }

    /// The text of a string in any of TOML's four forms, read past its closing quotes.
    private mutating func quoted() -> String {
        guard let quote = next else { return "" }
        let long = String(repeating: Character(quote), count: 3)
        let isLong = ahead(long)
        for _ in 0..<(isLong ? 3 : 1) { advance() }
        var out = String.UnicodeScalarView()
        while let c = next {
            if isLong, ahead(long) {
                // Up to two quotes more may belong to the text: """a"""" ends in one.
                for _ in 0..<3 { advance() }
                while next == quote { advance() }
                break
            }
            if !isLong, c == quote { advance(); break }
            if !isLong, c == "\n" { break }
            if c == "\\", quote == "\"" {
                advance()
                if let scalar = escape() { out.append(scalar) }
            } else {
                out.append(c)
                advance()
            }
        }
        return String(out)
    }

    /// What follows a backslash.
    private mutating func escape() -> Unicode.Scalar? {
        guard let c = next else { return nil }
        advance()
        switch c {
        case "b": return "\u{8}"
        case "t": return "\t"
        case "n": return "\n"
        case "f": return "\u{C}"
        case "r": return "\r"
        case "u", "U":
            var code: UInt32 = 0
            for _ in 0..<(c == "u" ? 4 : 8) {
                guard let digit = next.flatMap({ Character($0).hexDigitValue }) else { return nil }
                code = code &* 16 &+ UInt32(digit)
                advance()
            }
            return Unicode.Scalar(code)
        default: return c
        }
    }

    private mutating func note(_ path: [Step], _ position: Position) {
        if positions[path] == nil { positions[path] = position }
    }

    private mutating func tooDeep(_ path: [Step], _ position: Position) -> Bool {
        if path.count > Self.depthLimit { tooDeepAt = tooDeepAt ?? position }
        return tooDeepAt != nil
    }
}

extension TOMLPositions {
    /// Where text holds a NUL, or the escape of one: the parser ends every string there without a word.
    static func firstNUL(in text: String) -> Position? {
        var place = Position(line: 1, column: 1)
        // What may still become an escape: backslash, u or U, noughts.
        var escape: [Unicode.Scalar] = []
        var start = place
        for scalar in text.unicodeScalars {
            if scalar.value == 0 { return place }
            switch (escape.count, scalar) {
            case (0, "\\"):
                escape = [scalar]
                start = place
            case (1, "u"), (1, "U"): escape.append(scalar)
            case (2..., "0"):
                escape.append(scalar)
                if escape.count == (escape[1] == "u" ? 6 : 10) { return start }
            default: escape = []
            }
            place = scalar == "\n" ? .init(line: place.line + 1, column: 1) : .init(line: place.line, column: place.column + 1)
        }
        return nil
    }
}
