/// A picture of the whole screen: columns × rows of cells, row by row from the top left, plus cursor and title.
/// A value: views draw into it, screens show it, tests compare it.
///
/// Invariant: a cell with `columns == 2` is followed by its continuation (`columns == 0`) in the same row, and a
/// continuation never stands alone. Everything drawn outside is clipped; text is made inert while it is drawn.
public struct Frame: Equatable, Sendable {
    public let size: Size
    public private(set) var cells: [Cell]
    /// Where the terminal's cursor blinks; nil hides it. Outside the frame counts as hidden.
    public var cursor: Point?
    /// The window title; nil leaves the terminal's own.
    public var title: String?

    public init(size: Size, style: Style = .plain) {
        self.size = size
        cells = Array(repeating: .blank(style), count: size.columns * size.rows)
    }

    public var bounds: Rect { Rect(size) }

    public subscript(x: Int, y: Int) -> Cell {
        precondition(x >= 0 && x < size.columns && y >= 0 && y < size.rows, "cell outside the frame")
        return cells[y * size.columns + x]
    }

    /// Draws one line of text and returns the columns it took, counted from `x` even where clipped on the left.
    /// - Parameters:
    ///   - x: may be negative: what lies left of the frame is clipped. A wide character cut in half leaves a space.
    ///   - maxWidth: columns allowed from `x`; a wide character that does not fit whole is left out.
    @discardableResult
    public mutating func put(_ text: String, x: Int, y: Int, style: Style = .plain, maxWidth: Int = .max) -> Int {
        guard y >= 0, y < size.rows, x < size.columns, maxWidth > 0 else { return 0 }
        let limit = maxWidth >= size.columns - x ? size.columns : x + maxWidth
        var at = x
        for cluster in TextClusters(text) {
            let end = at + cluster.columns
            if end > limit { break }
            if at >= 0 {
                set(at, y, cluster, style)
            } else if end > 0 {
                set(0, y, TextCluster(glyph: .space, columns: 1), style)
            }
            at = end
            if at == limit { break }
        }
        return at - x
    }

    /// Fills a rectangle with a one-column character; wide or unsafe fill characters become spaces.
    public mutating func fill(_ rect: Rect, style: Style, with character: Character = " ") {
        let area = rect.intersection(bounds)
        if area.isEmpty { return }
        var clusters = TextClusters(String(character))
        let first = clusters.next()
        let cell = Cell(glyph: first?.columns == 1 ? first?.glyph ?? .space : .space, style: style, columns: 1)
        for y in area.y..<area.maxY {
            detach(area.x, y)
            detach(area.maxX, y)
            let start = y * size.columns
            for x in area.x..<area.maxX { cells[start + x] = cell }
        }
    }

    /// Changes the style of what is already there, leaving the characters: selections, dimmed backgrounds.
    public mutating func restyle(_ rect: Rect, _ change: (Style) -> Style) {
        let area = rect.intersection(bounds)
        if area.isEmpty { return }
        for y in area.y..<area.maxY {
            // A wide glyph has one style; the half inside the rectangle decides for both.
            let first = cells[y * size.columns + area.x].isContinuation ? area.x - 1 : area.x
            for x in first..<area.maxX {
                let index = y * size.columns + x
                if cells[index].isContinuation { continue }
                let style = change(cells[index].style)
                cells[index].style = style
                if cells[index].columns == 2 { cells[index + 1].style = style }
            }
        }
    }

    /// Copies another frame into this one with its top left at `x`, `y`.
    public mutating func draw(_ other: Frame, x: Int, y: Int) {
        let area = Rect(x: x, y: y, columns: other.size.columns, rows: other.size.rows).intersection(bounds)
        if area.isEmpty { return }
        for row in area.y..<area.maxY {
            var column = area.x
            while column < area.maxX {
                let cell = other[column - x, row - y]
                let fits = cell.columns == 1 || cell.columns == 2 && column + 1 < area.maxX
                let cluster = fits
                    ? TextCluster(glyph: cell.glyph, columns: Int(cell.columns)) : TextCluster(glyph: .space, columns: 1)
                set(column, row, cluster, cell.style)
                column += cluster.columns
            }
        }
    }

    /// Places a whole glyph that fits; any glyph it half covers loses its other half to a space.
    private mutating func set(_ x: Int, _ y: Int, _ cluster: TextCluster, _ style: Style) {
        detach(x, y)
        detach(x + cluster.columns, y)
        let index = y * size.columns + x
        cells[index] = Cell(glyph: cluster.glyph, style: style, columns: UInt8(cluster.columns))
        if cluster.columns == 2 { cells[index + 1] = Cell(glyph: .none, style: style, columns: 0) }
    }

    /// If a wide glyph straddles the border left of `x`, turns both halves into spaces.
    private mutating func detach(_ x: Int, _ y: Int) {
        guard x > 0, x < size.columns else { return }
        let index = y * size.columns + x
        guard cells[index].isContinuation else { return }
        cells[index] = .blank(cells[index].style)
        cells[index - 1] = .blank(cells[index - 1].style)
    }

    /// One row as text, trailing spaces kept.
    public func text(row y: Int) -> String {
        precondition(y >= 0 && y < size.rows, "row outside the frame")
        return cells[y * size.columns..<(y + 1) * size.columns].map(\.glyph.text).joined()
    }

    /// All rows as text, for golden screens and line mode.
    public var lines: [String] { (0..<size.rows).map(text(row:)) }
}
