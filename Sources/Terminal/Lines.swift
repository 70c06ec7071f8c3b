/// The characters a frame's lines are made of.
public enum LineSet: Sendable {
    case light, rounded, heavy, double, ascii

    /// Horizontal, vertical, corners top left, top right, bottom left, bottom right,
    /// tees right, left, down, up, cross.
    var characters: [String] {
        switch self {
        case .light: ["─", "│", "┌", "┐", "└", "┘", "├", "┤", "┬", "┴", "┼"]
        case .rounded: ["─", "│", "╭", "╮", "╰", "╯", "├", "┤", "┬", "┴", "┼"]
        case .heavy: ["━", "┃", "┏", "┓", "┗", "┛", "┣", "┫", "┳", "┻", "╋"]
        case .double: ["═", "║", "╔", "╗", "╚", "╝", "╠", "╣", "╦", "╩", "╬"]
        case .ascii: ["-", "|", "+", "+", "+", "+", "+", "+", "+", "+", "+"]
        }
    }
}

/// Where lines meet.
public enum Junction: Int, Sendable {
    case teeRight = 6, teeLeft, teeDown, teeUp, cross
}

extension Frame {
    /// A border just inside `rect`, with a title in the top edge if there is room for it. Draws nothing below 2 × 2.
    public mutating func box(_ rect: Rect, style: Style, lines: LineSet = .light, title: String = "", titleStyle: Style? = nil) {
        guard rect.columns >= 2, rect.rows >= 2 else { return }
        let set = lines.characters
        horizontalLine(x: rect.x + 1, y: rect.y, columns: rect.columns - 2, style: style, lines: lines)
        horizontalLine(x: rect.x + 1, y: rect.maxY - 1, columns: rect.columns - 2, style: style, lines: lines)
        verticalLine(x: rect.x, y: rect.y + 1, rows: rect.rows - 2, style: style, lines: lines)
        verticalLine(x: rect.maxX - 1, y: rect.y + 1, rows: rect.rows - 2, style: style, lines: lines)
        put(set[2], x: rect.x, y: rect.y, style: style)
        put(set[3], x: rect.maxX - 1, y: rect.y, style: style)
        put(set[4], x: rect.x, y: rect.maxY - 1, style: style)
        put(set[5], x: rect.maxX - 1, y: rect.maxY - 1, style: style)
        if !title.isEmpty, rect.columns >= 6 {
            put(" " + TextWidth.fit(title, rect.columns - 4) + " ", x: rect.x + 1, y: rect.y, style: titleStyle ?? style)
        }
    }

    public mutating func horizontalLine(x: Int, y: Int, columns: Int, style: Style, lines: LineSet = .light) {
        fill(Rect(x: x, y: y, columns: columns, rows: 1), style: style, with: Character(lines.characters[0]))
    }

    public mutating func verticalLine(x: Int, y: Int, rows: Int, style: Style, lines: LineSet = .light) {
        fill(Rect(x: x, y: y, columns: 1, rows: rows), style: style, with: Character(lines.characters[1]))
    }

    public mutating func junction(_ kind: Junction, x: Int, y: Int, style: Style, lines: LineSet = .light) {
        put(lines.characters[kind.rawValue], x: x, y: y, style: style)
    }
}
