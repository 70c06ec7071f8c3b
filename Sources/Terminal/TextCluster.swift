/// What a terminal draws as one unit: a base character with the marks above and below it, reduced to a form on which
/// terminals agree as far as they can.
///
/// Joined emoji draw as their parts beside each other (the fallback of UTS #51, 2.2) and flags as wide letters, because terminals
/// do not agree on the columns of the whole; skin tones are left out, because some would join them again.
/// A spacing vowel sign (category Mc) is a cluster of its own, as in terminals that count scalar by scalar; so no
/// terminal needs more columns than are set aside here.
struct TextCluster: Equatable {
    var glyph: Glyph
    var columns: Int
}

/// Splits text into clusters; marks what must not reach a terminal. O(scalars), no allocation except for marks.
struct TextClusters: Sequence, IteratorProtocol {
    private var scalars: String.UnicodeScalarView.Iterator
    private var lookahead: Unicode.Scalar?
    private var mark: String.UnicodeScalarView.Iterator?
    private var isAtStart = true

    /// More marks on one base than any language uses are only weight on the line.
    private static let markLimit = 4

    init(_ text: String) {
        scalars = text.unicodeScalars.makeIterator()
        lookahead = scalars.next()
    }

    mutating func next() -> TextCluster? {
        if let scalar = mark?.next() { return TextCluster(glyph: Glyph(scalar), columns: 1) }
        mark = nil
        while let scalar = take() {
            if let text = Sanitise.mark(for: scalar) {
                mark = text.unicodeScalars.makeIterator()
                isAtStart = false
                return next()
            }
            if scalar.value < 0x300 { return composed(scalar, columns: 1) }
            switch ScalarWidth.of(scalar) {
            case 0:
                // Joiners and selectors show nothing by themselves; a lost accent gets a visible base.
                if isInvisible(scalar) { continue }
                isAtStart = false
                return absorbMarks(onDottedCircle(scalar, columns: 1), already: 1)
            case 1 where isAtStart && scalar.properties.generalCategory == .spacingMark:
                isAtStart = false
                // Some terminals draw it into the cell to the left, which is not ours here.
                return absorbMarks(onDottedCircle(scalar, columns: 2), already: 1)
            case 2 where isRegionalIndicator(scalar):
                return flag(scalar)
            case let columns:
                return composed(scalar, columns: columns)
            }
        }
        return nil
    }

    private mutating func take() -> Unicode.Scalar? {
        defer { if lookahead != nil { lookahead = scalars.next() } }
        return lookahead
    }

    private mutating func composed(_ base: Unicode.Scalar, columns: Int) -> TextCluster {
        isAtStart = false
        let cluster = TextCluster(glyph: Glyph(base), columns: columns)
        guard let after = lookahead, after.value >= 0x300 else { return cluster }
        return absorbMarks(cluster, already: 0, base: base)
    }

    private mutating func absorbMarks(_ start: TextCluster, already: Int, base: Unicode.Scalar? = nil) -> TextCluster {
        var cluster = start
        var count = already
        let isEmoji = base.map(\.properties.isEmoji) ?? false
        while let scalar = lookahead, scalar.value >= 0x300 {
            if scalar.value == 0xFE0F {
                if isEmoji && cluster.columns == 1 {
                    cluster.columns = 2
                    _ = cluster.glyph.append(scalar)
                }
            } else if scalar.value == 0x200D {
                // Dropped: what it joins stands on its own.
            } else if isEmoji && scalar.properties.isEmojiModifier && (base?.properties.isEmojiModifierBase ?? false) {
                // Dropped: see the type's comment.
            } else if base == Sanitise.blackFlag && Sanitise.isTag(scalar) {
                // Dropped: drawn as the black flag.
            } else if Sanitise.isMarked(scalar) || ScalarWidth.of(scalar) != 0 {
                return cluster
            } else if !isInvisible(scalar) {
                if count < Self.markLimit { _ = cluster.glyph.append(scalar) } else { mark = "…".unicodeScalars.makeIterator() }
                count += 1
            }
            _ = take()
        }
        return cluster
    }

    private func onDottedCircle(_ mark: Unicode.Scalar, columns: Int) -> TextCluster {
        var glyph = Glyph("\u{25CC}")
        _ = glyph.append(mark)
        return TextCluster(glyph: glyph, columns: columns)
    }

    /// A regional indicator as its wide letter (U+FF21 to U+FF3A), so that 🇩🇪 is not taken for DE. Terminals give a pair two to four columns.
    private mutating func flag(_ indicator: Unicode.Scalar) -> TextCluster {
        isAtStart = false
        return TextCluster(glyph: Glyph(Unicode.Scalar(indicator.value - 0x1F1E6 + 0xFF21) ?? "\u{FFFD}"), columns: 2)
    }

    private func isRegionalIndicator(_ scalar: Unicode.Scalar) -> Bool { (0x1F1E6...0x1F1FF).contains(scalar.value) }

    private func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x034F, 0x200C, 0x200D, 0x180B...0x180F, 0x17B4, 0x17B5, 0xFE00...0xFE0F, 0xE0100...0xE01EF, 0x2065,
            0x1BCA0...0x1BCA3, 0x13430...0x1343F:
            true
        default: false
        }
    }
}
