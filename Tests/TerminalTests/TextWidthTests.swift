import Testing
@testable import Terminal

@Suite struct TextWidthTests {
    private func isListed(_ ranges: [UInt32], _ value: UInt32) -> Bool {
        stride(from: 0, to: ranges.count, by: 2).contains { ranges[$0] <= value && value <= ranges[$0 + 1] }
    }

    /// Where we differ on purpose, or because our table is of Unicode 18: see each case.
    private func isKnownDifference(_ scalar: Unicode.Scalar) -> Bool {
        // Spacing vowel signs get a column of their own (`TextCluster`); unassigned in Unicode 17; line separators are marked.
        [.spacingMark, .unassigned].contains(scalar.properties.generalCategory) || (0x2028...0x2029).contains(scalar.value)
            || (0x5C8...0x5C9).contains(scalar.value)
    }

    @Test func scalarWidthsAgreeWithWcwidth_forAllAssignedScalars() {
        var expected = [UInt8](repeating: 1, count: 0x110000)
        for (ranges, width) in [(WcwidthVectors.zero, UInt8(0)), (WcwidthVectors.two, 2)] {
            for index in stride(from: 0, to: ranges.count, by: 2) {
                for value in ranges[index]...ranges[index + 1] { expected[Int(value)] = width }
            }
        }
        var wrong: [String] = []
        // Planes 4–13 are unassigned, 15 and 16 private: all one column.
        for value in [UInt32(0x300)...0x3FFFF, 0xE0000...0xE0FFF, 0x10FF00...0x10FFFF].joined() {
            guard let scalar = Unicode.Scalar(value), ScalarWidth.of(scalar) != Int(expected[Int(value)]) else { continue }
            if !isKnownDifference(scalar) { wrong.append(String(value, radix: 16)) }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(20))")
    }

    @Test(arguments: WcwidthVectors.strings)
    func stringWidthsAgreeWithWcwidth(text: String, columns: Int) {
        #expect(TextWidth.of(text) == Self.inParts[text] ?? columns)
    }

    /// Drawn as their parts: the columns are those that wcwidth gives each (emoji and wide letters: 2).
    private static let inParts = ["👨‍👩‍👧": 6, "🏳️‍🌈": 4, "🇩🇪": 4, "🇩🇪🇫🇷": 8, "👩🏽‍💻x": 5]

    @Test func drawingUsesExactlyTheMeasuredColumns() {
        for seed in UInt64(1)...400 {
            var random = SeededGenerator(seed)
            let text = random.hostileText(length: 0...30)
            var frame = Frame(size: Size(columns: 400, rows: 1))
            #expect(frame.put(text, x: 0, y: 0) == TextWidth.of(text), "seed \(seed)")
        }
    }

    @Test func fittedTextNeverExceedsItsColumns_andKeepsTheChosenEnd() {
        for seed in UInt64(1)...400 {
            var random = SeededGenerator(seed)
            let text = random.hostileText(length: 0...30)
            let columns = Int.random(in: 0...20, using: &random)
            for cut in [TextWidth.Cut.end, .start, .middle] {
                #expect(TextWidth.of(TextWidth.fit(text, columns, cut: cut)) <= columns, "seed \(seed) \(cut)")
            }
            #expect(TextWidth.of(TextWidth.pad(text, columns)) == columns, "seed \(seed)")
        }
        #expect(TextWidth.fit("rough_v7.wav", 8) == "rough_v…")
        #expect(TextWidth.fit("/home/ana/mixes", 8, cut: .start) == "…a/mixes")
        #expect(TextWidth.fit("rough_v7.wav", 8, cut: .middle) == "roug…wav")
        #expect(TextWidth.fit("中文字", 4) == "中…")
    }
}
