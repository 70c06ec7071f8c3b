import Testing
@testable import Terminal

@Suite struct FrameTests {
    private func isWhole(_ frame: Frame) -> Bool {
        for y in 0..<frame.size.rows {
            for x in 0..<frame.size.columns {
                let cell = frame[x, y]
                let next = x + 1 < frame.size.columns ? frame[x + 1, y] : nil
                if cell.columns == 2, next?.isContinuation != true { return false }
                if cell.columns != 2, next?.isContinuation == true { return false }
                if x == 0, cell.isContinuation { return false }
            }
        }
        return true
    }

    @Test func writingOverHalfOfAWideGlyphBlanksItsOtherHalf() {
        var frame = Frame(size: Size(columns: 6, rows: 1))
        frame.put("中文字", x: 0, y: 0)
        frame.put("x", x: 1, y: 0)
        #expect(frame.text(row: 0) == " x文字")
        frame.put("y", x: 2, y: 0)
        #expect(frame.text(row: 0) == " xy 字")
        frame.put("語", x: 3, y: 0)
        #expect(frame.text(row: 0) == " xy語 ")
        #expect(isWhole(frame))
    }

    @Test func aWideGlyphThatDoesNotFitIsLeftOut() {
        var frame = Frame(size: Size(columns: 5, rows: 1))
        #expect(frame.put("中文字", x: 0, y: 0) == 4)
        #expect(frame.text(row: 0) == "中文 ")
        #expect(frame.put("中文", x: 0, y: 0, maxWidth: 3) == 2)
    }

    @Test func textIsClippedOnEverySide() {
        var frame = Frame(size: Size(columns: 4, rows: 2))
        #expect(frame.put("abcdefgh", x: -2, y: 0) == 6)
        #expect(frame.put("中b", x: -1, y: 1) == 3)
        #expect(frame.put("x", x: 0, y: 2) == 0)
        #expect(frame.put("x", x: 4, y: 0) == 0)
        #expect(frame.put("x", x: 0, y: -1) == 0)
        #expect(frame.lines == ["cdef", " b  "])
    }

    @Test func textReachesCellsOnlyInert() {
        var frame = Frame(size: Size(columns: 20, rows: 1))
        frame.put("\u{1B}[2J\u{202E}", x: 0, y: 0)
        #expect(frame.text(row: 0) == "␛[2J‹202E›          ")
    }

    @Test func accentsStayOnTheirBase_andHeapsOfThemAreCut() {
        var frame = Frame(size: Size(columns: 4, rows: 1))
        #expect(frame.put("e\u{301}x", x: 0, y: 0) == 2)
        #expect(frame[0, 0].glyph.text == "e\u{301}")
        frame.put("z" + String(repeating: "\u{335}", count: 200), x: 2, y: 0)
        #expect(frame[2, 0].glyph.utf8Count <= 15)
    }

    @Test func vowelSignsGetTheirColumn_andABaseWhereTheyBegin() {
        var frame = Frame(size: Size(columns: 6, rows: 1))
        #expect(frame.put("का", x: 0, y: 0) == 2)
        #expect(frame[0, 0].glyph.text == "क" && frame[1, 0].glyph.text == "\u{93E}")
        #expect(frame.put("\u{200D}\u{93E}", x: 2, y: 0) == 2)
        #expect(frame[2, 0].glyph.text == "◌\u{93E}")
    }

    @Test func emojiFormsDrawAsOneCellPairEach() {
        var frame = Frame(size: Size(columns: 20, rows: 1))
        #expect(frame.put("👨‍👩‍👧👍🏽🇩🇪❤️x", x: 0, y: 0) == 15)
        #expect([0, 2, 4, 6, 8, 10, 12, 14].map { frame[$0, 0].glyph.text } == ["👨", "👩", "👧", "👍", "Ｄ", "Ｅ", "❤️", "x"])
    }

    /// What is left of a name still tells it from others.
    @Test(arguments: [("👨‍👩‍👧‍👦.wav", "👨.wav"), ("🇩🇪🇫🇷🇬.wav", "DEFRG .wav"), ("🏳️‍🌈", "🏳️"), ("e" + String(repeating: "\u{301}", count: 60), "e\u{301}\u{301}\u{301}\u{301}")])
    func namesThatDifferAreDrawnDifferently(a: String, b: String) {
        func drawn(_ text: String) -> [String] { TextClusters(text).map(\.glyph.text) }
        #expect(drawn(a) != drawn(b))
        #expect(TextWidth.of(a) == TextClusters(a).reduce(0) { $0 + $1.columns })
    }

    @Test func noSequenceOfDrawingTearsAGlyph() {
        for seed in UInt64(1)...300 {
            var random = SeededGenerator(seed)
            let size = Size(columns: Int.random(in: 0...20, using: &random), rows: Int.random(in: 0...5, using: &random))
            var frame = Frame(size: size)
            for _ in 0..<20 {
                let x = Int.random(in: -5...22, using: &random), y = Int.random(in: -1...6, using: &random)
                let rect = Rect(x: x, y: y, columns: Int.random(in: 0...9, using: &random), rows: Int.random(in: 0...4, using: &random))
                switch Int.random(in: 0..<6, using: &random) {
                case 0: frame.fill(rect, style: .plain, with: ["x", "中", "\u{1B}"].randomElement(using: &random) ?? "x")
                case 1: frame.restyle(rect) { $0.with(.bold) }
                case 2: frame.box(rect, style: .plain, title: random.hostileText(length: 0...8))
                case 3:
                    let copy = frame
                    frame.draw(copy, x: x, y: y)
                default:
                    frame.put(random.hostileText(length: 0...12), x: x, y: y, maxWidth: Int.random(in: -1...12, using: &random))
                }
                #expect(isWhole(frame), "seed \(seed)")
            }
        }
    }

    @Test func aBoxHasItsCornersAndItsTitle() {
        var frame = Frame(size: Size(columns: 10, rows: 3))
        frame.box(frame.bounds, style: .plain, title: "Files")
        #expect(frame.lines == ["┌ Files ─┐", "│        │", "└────────┘"])
        frame.box(frame.bounds, style: .plain, lines: .ascii, title: "A long title")
        #expect(frame.lines == ["+ A lon… +", "|        |", "+--------+"])
    }

    @Test func aSelectionStylesAWideGlyphWhole() {
        var frame = Frame(size: Size(columns: 4, rows: 1))
        frame.put("a中b", x: 0, y: 0)
        frame.restyle(Rect(x: 2, y: 0, columns: 1, rows: 1)) { $0.with(.reverse) }
        #expect([0, 1, 2, 3].map { frame[$0, 0].style.reverse } == [false, true, true, false])
    }
}
