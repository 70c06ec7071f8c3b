import Terminal

/// Bars and dots out of characters.
enum Graph {
    static let eighthsUp: [String] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    static let eighthsRight: [String] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"]

    /// 0…1 for a value between two ends, clamped; 0 for what is not a number.
    static func share(_ value: Double, from low: Double, to high: Double) -> Double {
        guard value.isFinite, high > low else { return value == .infinity ? 1 : 0 }
        return max(0, min(1, (value - low) / (high - low)))
    }
}

/// Dots finer than cells, 2 × 4 in each (Unicode braille, U+2800).
struct BrailleGrid {
    let columns: Int
    let rows: Int
    private var cells: [UInt8]

    init(columns: Int, rows: Int) {
        self.columns = max(0, columns)
        self.rows = max(0, rows)
        cells = [UInt8](repeating: 0, count: self.columns * self.rows)
    }

    var width: Int { columns * 2 }
    var height: Int { rows * 4 }

    /// `x` from the left, `y` from the top, in dots; outside is ignored.
    mutating func set(_ x: Int, _ y: Int) {
        guard x >= 0, x < width, y >= 0, y < height else { return }
        cells[y / 4 * columns + x / 2] |= Self.bits[y % 4 * 2 + x % 2]
    }

    mutating func vertical(_ x: Int, from a: Int, to b: Int) {
        for y in max(0, min(a, b))...max(0, min(height - 1, max(a, b))) { set(x, y) }
    }

    func pattern(_ column: Int, _ row: Int) -> UInt8 { cells[row * columns + column] }

    static func character(_ pattern: UInt8) -> String {
        // U+2800…U+28FF are all assigned scalars.
        String(Unicode.Scalar(0x2800 + UInt32(pattern)).map(Character.init) ?? " ")
    }

    /// Dot numbering of ISO 11548-1: 1 2 3 7 down the left, 4 5 6 8 down the right.
    private static let bits: [UInt8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80]
}

extension Canvas {
    /// A bar from the left, `share` 0…1 of `columns`; what it does not cover is drawn as a line so that its length can be read.
    mutating func bar(_ share: Double, x: Int, y: Int, columns: Int, _ role: Role) {
        guard columns > 0 else { return }
        let share = Graph.share(share, from: 0, to: 1)
        if isASCII {
            let full = Int((share * Double(columns)).rounded())
            text(String(repeating: "#", count: full), x: x, y: y, role)
            text(String(repeating: ".", count: columns - full), x: x + full, y: y, .border)
            return
        }
        let eighths = Int((share * Double(columns * 8)).rounded())
        let full = min(columns, eighths / 8)
        text(String(repeating: "█", count: full), x: x, y: y, role)
        guard full < columns else { return }
        let rest = eighths % 8
        if rest > 0 { text(Graph.eighthsRight[rest], x: x + full, y: y, role) }
        let from = full + (rest > 0 ? 1 : 0)
        text(String(repeating: "·", count: columns - from), x: x + from, y: y, .border)
    }

    /// A mark on a bar, at the end of what a bar of `share` would fill.
    mutating func mark(_ share: Double, x: Int, y: Int, columns: Int, _ role: Role) {
        guard columns > 0 else { return }
        let at = Int((Graph.share(share, from: 0, to: 1) * Double(columns)).rounded(.up)) - 1
        text(isASCII ? "|" : "▏", x: x + max(0, min(columns - 1, at)), y: y, role)
    }

    /// A scale with a marker at `share` 0…1 and a tick in the middle.
    mutating func scale(_ share: Double?, x: Int, y: Int, columns: Int, _ role: Role) {
        guard columns > 0 else { return }
        text(String(repeating: isASCII ? "-" : "─", count: columns), x: x, y: y, .border)
        text(isASCII ? "+" : "┼", x: x + columns / 2, y: y, .border)
        if let share = share.map({ Graph.share($0, from: 0, to: 1) }) { text(isASCII ? "O" : "●", x: x + Int((share * Double(columns - 1)).rounded()), y: y, role) }
    }
}
