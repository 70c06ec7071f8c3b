import Terminal

/// A frame being drawn with roles instead of colours and with the terminal's set of shapes.
struct Canvas {
    var frame: Frame
    let theme: Theme
    let glyphs: GlyphSet

    init(size: Size, theme: Theme, glyphs: GlyphSet) {
        frame = Frame(size: size, style: theme[.text])
        self.theme = theme
        self.glyphs = glyphs
    }

    var isASCII: Bool { glyphs == .ascii }

    /// One line, cut with an ellipsis at `width` columns; returns the columns used.
    @discardableResult
    mutating func text(_ text: String, x: Int, y: Int, _ role: Role = .text, width: Int = .max, cut: TextWidth.Cut = .end) -> Int {
        self.text(text, x: x, y: y, style: theme[role], width: width, cut: cut)
    }

    @discardableResult
    mutating func text(_ text: String, x: Int, y: Int, style: Style, width: Int = .max, cut: TextWidth.Cut = .end) -> Int {
        let room = min(width, frame.size.columns - x)
        guard room > 0 else { return 0 }
        let fitted = TextWidth.fit(text, room, cut: cut, ellipsis: isASCII ? "~" : "…")
        return frame.put(fitted, x: x, y: y, style: style, maxWidth: room)
    }

    /// Text from the top of an area in as many of its lines as it needs.
    mutating func lines(_ text: String, _ area: Rect, _ role: Role) {
        for (row, line) in wrapped(text, area.columns, most: area.rows, ellipsis: ellipsis).enumerated() {
            self.text(line, x: area.x, y: area.y + row, role, width: area.columns)
        }
    }

    /// Ends just before column `maxX`; returns where it begins.
    @discardableResult
    mutating func textRight(_ text: String, maxX: Int, y: Int, style: Style, width: Int = .max) -> Int {
        let columns = min(width, TextWidth.of(text))
        self.text(text, x: maxX - columns, y: y, style: style, width: columns)
        return maxX - columns
    }

    mutating func fill(_ rect: Rect, _ role: Role, with character: Character = " ") {
        frame.fill(rect, style: theme[role], with: character)
    }

    /// A border with a title and, at its right end, numbers; returns the inside. Too small a rectangle has no border and is all inside.
    mutating func panel(_ rect: Rect, title: String, numbers: String = "", focused: Bool = false) -> Rect {
        guard rect.columns >= 8, rect.rows >= 3 else { return rect }
        let border = theme[focused ? .borderFocus : .border]
        frame.box(rect, style: border, lines: isASCII ? .ascii : .light)
        let used = text(" " + title + " ", x: rect.x + 2, y: rect.y, .title, width: rect.columns - 4)
        let room = rect.columns - 6 - used
        if !numbers.isEmpty, TextWidth.of(numbers) + 2 <= room {
            textRight(" " + numbers + " ", maxX: rect.maxX - 2, y: rect.y, style: theme[.dim])
        }
        return rect.inset()
    }

    /// A cleared box over what is there; returns the inside.
    mutating func window(_ rect: Rect, title: String, numbers: String = "") -> Rect {
        let area = rect.intersection(frame.bounds)
        fill(area, .text)
        return panel(area, title: title, numbers: numbers, focused: true)
    }

    /// A centred rectangle of at most this size.
    func centred(columns: Int, rows: Int) -> Rect {
        let columns = min(columns, frame.size.columns), rows = min(rows, frame.size.rows)
        return Rect(x: (frame.size.columns - columns) / 2, y: (frame.size.rows - rows) / 2, columns: columns, rows: rows)
    }

    var ellipsis: String { isASCII ? "~" : "…" }
    // Marks that have an ASCII stand-in.
    var dot: String { isASCII ? " | " : " · " }
    var pointer: String { isASCII ? ">" : "▸" }
    var playing: String { isASCII ? ">" : "▶" }
    var paused: String { isASCII ? "=" : "■" }
    var lamp: String { isASCII ? "*" : "●" }
    var left: String { isASCII ? "^" : "⇡" }
    var mark: String { isASCII ? "+" : "✓" }
}
