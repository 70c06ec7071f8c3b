/// The extent of a screen or frame in character cells.
public struct Size: Equatable, Hashable, Sendable {
    public var columns: Int
    public var rows: Int

    /// Negative extents become 0.
    public init(columns: Int, rows: Int) {
        self.columns = max(0, columns)
        self.rows = max(0, rows)
    }
}

/// A cell's place: `x` counts columns from the left, `y` rows from the top, both from 0.
public struct Point: Equatable, Hashable, Sendable {
    public var x: Int
    public var y: Int

    public init(x: Int, y: Int) {
        self.x = x
        self.y = y
    }
}

/// A rectangle of cells. May lie outside a frame; drawing clips it.
public struct Rect: Equatable, Hashable, Sendable {
    public var x: Int
    public var y: Int
    public var columns: Int
    public var rows: Int

    /// Negative extents become 0.
    public init(x: Int, y: Int, columns: Int, rows: Int) {
        self.x = x
        self.y = y
        self.columns = max(0, columns)
        self.rows = max(0, rows)
    }

    public init(_ size: Size) { self.init(x: 0, y: 0, columns: size.columns, rows: size.rows) }

    public var size: Size { Size(columns: columns, rows: rows) }
    public var maxX: Int { x + columns }
    public var maxY: Int { y + rows }
    public var isEmpty: Bool { columns == 0 || rows == 0 }

    /// The same rectangle with `dx` columns and `dy` rows taken off each side.
    public func inset(dx: Int = 1, dy: Int = 1) -> Rect {
        Rect(x: x + dx, y: y + dy, columns: columns - 2 * dx, rows: rows - 2 * dy)
    }

    public func contains(_ point: Point) -> Bool {
        point.x >= x && point.x < maxX && point.y >= y && point.y < maxY
    }

    public func intersection(_ other: Rect) -> Rect {
        let left = max(x, other.x), top = max(y, other.y)
        return Rect(x: left, y: top, columns: min(maxX, other.maxX) - left, rows: min(maxY, other.maxY) - top)
    }
}
