/// Columns of text on the screen. One rule for measuring and for drawing: both walk the same clusters.
public enum TextWidth {
    /// Columns `Frame.put` will use for this text, marks for unsafe characters included.
    public static func of(_ text: String) -> Int {
        if let count = asciiCount(text) { return count }
        return TextClusters(text).reduce(0) { $0 + $1.columns }
    }

    public enum Cut: Sendable {
        /// `a long na…`
        case end
        /// `…/a/long/path`
        case start
        /// `a lo…name`
        case middle
    }

    /// The text, shortened with `…` to at most `columns`; may be one column short where a wide character does not fit.
    /// The result is sanitised when it had to be cut.
    public static func fit(_ text: String, _ columns: Int, cut: Cut = .end, ellipsis: Character = "…") -> String {
        if columns <= 0 { return "" }
        if of(text) <= columns { return text }
        if columns == 1 { return String(ellipsis) }
        let clusters = Array(TextClusters(text))
        let room = columns - 1
        switch cut {
        case .end: return prefix(clusters, room) + String(ellipsis)
        case .start: return String(ellipsis) + suffix(clusters, room)
        case .middle: return prefix(clusters, (room + 1) / 2) + String(ellipsis) + suffix(clusters, room / 2)
        }
    }

    /// The text with spaces added, or cut, to exactly `columns`.
    public static func pad(_ text: String, _ columns: Int, alignRight: Bool = false) -> String {
        let fitted = fit(text, columns)
        let gap = String(repeating: " ", count: max(0, columns - of(fitted)))
        return alignRight ? gap + fitted : fitted + gap
    }

    private static func prefix(_ clusters: [TextCluster], _ columns: Int) -> String {
        var used = 0
        return clusters.prefix { used += $0.columns; return used <= columns }.map(\.glyph.text).joined()
    }

    private static func suffix(_ clusters: [TextCluster], _ columns: Int) -> String {
        var used = 0
        let kept = clusters.reversed().prefix { used += $0.columns; return used <= columns }
        return kept.reversed().map(\.glyph.text).joined()
    }

    private static func asciiCount(_ text: String) -> Int? {
        var count = 0
        for byte in text.utf8 {
            if byte >= 0x7F || byte < 0x20 { return nil }
            count += 1
        }
        return count
    }
}
