/// A selected row of a list: movement clamps, so that no key leads out of the list.
struct Cursor: Sendable, Equatable {
    var index = 0

    init() {}

    mutating func move(by delta: Int, count: Int) { index = max(0, min(count - 1, index + delta)) }
    mutating func clamp(count: Int) { move(by: 0, count: count) }

    /// The first row to draw so that the selection is inside a window of `height` rows with some of what follows.
    /// A function of the selection alone: the same state always gives the same picture.
    static func firstRow(selected: Int, count: Int, height: Int) -> Int {
        guard height > 0, count > height else { return 0 }
        return max(0, min(count - height, selected - height / 2))
    }
}
