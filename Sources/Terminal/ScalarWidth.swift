/// Columns of single Unicode scalars. Text is measured by `TextWidth`, which sees clusters.
enum ScalarWidth {
    /// 0, 1 or 2. Controls count 1: they are drawn as a mark of at least one column. Cost: a binary search beyond Latin.
    static func of(_ scalar: Unicode.Scalar) -> Int {
        let value = scalar.value
        if value < 0x300 { return 1 }
        // Box drawing, blocks and braille are most of what a studio draws beyond ASCII.
        if value >= 0x2500 && value < 0x25FD || value >= 0x2800 && value < 0x2900 { return 1 }
        if contains(WidthTable.zero, value) { return 0 }
        return contains(WidthTable.wide, value) ? 2 : 1
    }

    private static func contains(_ ranges: [UInt32], _ value: UInt32) -> Bool {
        var low = 0, high = ranges.count / 2
        while low < high {
            let middle = (low + high) / 2
            if value > ranges[2 * middle + 1] { low = middle + 1 } else { high = middle }
        }
        return 2 * low < ranges.count && ranges[2 * low] <= value
    }
}
