@testable import Terminal

/// A terminal as an emulator sees it, for tests: what is in each cell after the bytes. Written from ECMA-48 and xterm's ctlseqs,
/// apart from the code it checks. Knows only what a session sends; anything else is kept in `unknown`.
struct TerminalModel {
    struct Cell: Equatable {
        var text = " "
        var style = Style.plain
    }

    /// How many columns this emulator gives a scalar: emulators differ, and the screen must not.
    enum Widths: CaseIterable { case perScalar, joined, narrowEmoji }

    let size: Size
    let widths: Widths
    private(set) var cells: [Cell]
    private(set) var cursor = Point(x: 0, y: 0)
    private(set) var style = Style.plain
    private(set) var modes: [String: Bool] = [:]
    private(set) var title = ""
    private(set) var unknown: [String] = []
    private var last: Int?
    private var lastWasJoiner = false

    init(size: Size, widths: Widths = .joined) {
        self.size = size
        self.widths = widths
        cells = Array(repeating: Cell(), count: size.columns * size.rows)
    }

    subscript(x: Int, y: Int) -> Cell { cells[y * size.columns + x] }
    var lines: [String] {
        (0..<size.rows).map { y in cells[y * size.columns..<(y + 1) * size.columns].map(\.text).joined() }
    }

    mutating func feed(_ bytes: [UInt8]) {
        var scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar.value {
            case 0x1B: escape(&scalars)
            case 0x0D: cursor.x = 0
            case 0x08: cursor.x = max(0, cursor.x - 1)
            case 0x07: break
            case 0..<0x20, 0x7F..<0xA0: unknown.append(String(scalar.value, radix: 16))
            default: print(scalar)
            }
        }
    }

    private func columns(_ scalar: Unicode.Scalar) -> Int {
        switch widths {
        case .joined where lastWasJoiner: 0
        case .joined where scalar.properties.generalCategory == .spacingMark: 0
        case .perScalar where (0x1F1E6...0x1F1FF).contains(scalar.value): 1
        case .narrowEmoji where scalar.properties.isEmojiPresentation: 1
        default: ScalarWidth.of(scalar)
        }
    }

    private mutating func print(_ scalar: Unicode.Scalar) {
        let width = columns(scalar)
        lastWasJoiner = scalar.value == 0x200D
        if width == 0 {
            if let last { cells[last].text.unicodeScalars.append(scalar) }
            // An emulator that knows presentation selectors widens what it has just drawn.
            if widths == .joined, scalar.value == 0xFE0F, let last, cursor.x + 1 < size.columns, cursor.x == last % size.columns + 1 {
                cells[last + 1] = Cell(text: "", style: style)
                cursor.x += 1
            }
            return
        }
        // Automatic margins are off: the last column is overwritten, and a wide glyph does not fit there.
        let x = min(cursor.x, size.columns - width)
        guard x >= 0 else { return }
        let index = cursor.y * size.columns + x
        if cells[index].text.isEmpty, x > 0 { cells[index - 1].text = " " }
        if x + width < size.columns, cells[index + width].text.isEmpty { cells[index + width].text = " " }
        cells[index] = Cell(text: String(scalar), style: style)
        if width == 2 { cells[index + 1] = Cell(text: "", style: style) }
        last = index
        cursor.x = min(size.columns - 1, x + width)
    }

    private mutating func erase(_ range: Range<Int>) {
        let blank = Cell(text: " ", style: Style(.default, on: style.background))
        for index in range where cells.indices.contains(index) { cells[index] = blank }
    }

    private mutating func escape(_ scalars: inout Substring.UnicodeScalarView) {
        guard let kind = scalars.popFirst() else { return unknown.append("ESC") }
        switch kind {
        case "[": control(&scalars)
        case "]", "P":
            var text = ""
            while let scalar = scalars.popFirst(), scalar.value != 7 {
                if scalar.value == 0x1B {
                    _ = scalars.popFirst()
                    break
                }
                text.unicodeScalars.append(scalar)
            }
            if text.hasPrefix("2;") { title = String(text.dropFirst(2)) }
        case "\\": break
        default: unknown.append("ESC \(kind)")
        }
    }

    private mutating func control(_ scalars: inout Substring.UnicodeScalarView) {
        var body = ""
        var final: Unicode.Scalar = "\0"
        while let scalar = scalars.popFirst() {
            if (0x40...0x7E).contains(scalar.value) {
                final = scalar
                break
            }
            body.unicodeScalars.append(scalar)
        }
        if body.hasPrefix("?") {
            let on = final == "h"
            if final == "h" || final == "l" { for mode in body.dropFirst().split(separator: ";") { modes[String(mode)] = on } }
            return
        }
        let numbers = body.split(separator: ";", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        let count = max(1, numbers.first ?? 1)
        let row = cursor.y * size.columns
        switch final {
        case "m": rendition(numbers)
        case "H": move(to: (numbers.dropFirst().first ?? 1) - 1, (numbers.first ?? 1) - 1)
        case "G": move(to: count - 1, cursor.y)
        case "d": move(to: cursor.x, count - 1)
        case "A": move(to: cursor.x, cursor.y - count)
        case "B": move(to: cursor.x, cursor.y + count)
        case "C": move(to: cursor.x + count, cursor.y)
        case "D": move(to: cursor.x - count, cursor.y)
        case "K" where body.isEmpty: erase(row + cursor.x..<row + size.columns)
        case "K" where body == "1": erase(row..<row + cursor.x + 1)
        case "J" where body.isEmpty: erase(row + cursor.x..<cells.count)
        case "J" where body == "2": erase(0..<cells.count)
        case "X": erase(row + cursor.x..<row + min(size.columns, cursor.x + count))
        case "n", "c", "t", "p": break
        default: unknown.append("CSI \(body)\(final)")
        }
    }

    private mutating func move(to x: Int, _ y: Int) {
        cursor = Point(x: min(max(0, x), size.columns - 1), y: min(max(0, y), size.rows - 1))
        // Where a mark would go after a movement is to the left of the cursor.
        last = cursor.x > 0 ? cursor.y * size.columns + cursor.x - 1 : nil
        lastWasJoiner = false
    }

    private mutating func rendition(_ numbers: [Int]) {
        var index = 0
        func color() -> Color {
            defer { index += numbers[index + 1] == 5 ? 2 : 4 }
            if numbers[index + 1] == 5 { return .indexed(UInt8(numbers[index + 2])) }
            return .rgb(UInt8(numbers[index + 2]), UInt8(numbers[index + 3]), UInt8(numbers[index + 4]))
        }
        while index < numbers.count {
            switch numbers[index] {
            case 0: style = .plain
            case 1: style.bold = true
            case 2: style.dim = true
            case 3: style.italic = true
            case 4: style.underline = true
            case 7: style.reverse = true
            case 22: style.attributes.subtract([.bold, .dim])
            case 23: style.italic = false
            case 24: style.underline = false
            case 27: style.reverse = false
            case 30..<38: style.foreground = .indexed(UInt8(numbers[index] - 30))
            case 40..<48: style.background = .indexed(UInt8(numbers[index] - 40))
            case 90..<98: style.foreground = .indexed(UInt8(numbers[index] - 90 + 8))
            case 100..<108: style.background = .indexed(UInt8(numbers[index] - 100 + 8))
            case 38: style.foreground = color()
            case 48: style.background = color()
            case 39: style.foreground = .default
            case 49: style.background = .default
            default: unknown.append("SGR \(numbers[index])")
            }
            index += 1
        }
    }
}
