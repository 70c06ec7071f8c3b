import Testing
@testable import Terminal

/// A process has one ncurses screen: whoever needs it takes turns here.
@Suite(.serialized) struct OnTheScreen {}

extension OnTheScreen {
@Suite struct NcursesScreenTests {
    private let size = Size(columns: 24, rows: 7)

    private func screen(_ size: Size, _ depth: ColorDepth = .truecolor, utf8: Bool = true, term: String = "xterm-256color") throws
        -> NcursesScreen {
        try NcursesScreen(term: term, size: size, capabilities: Capabilities(colorDepth: depth, utf8: utf8))
    }

    private func randomStyle(_ random: inout SeededGenerator) -> Style {
        func color() -> Color {
            switch Int.random(in: 0..<3, using: &random) {
            case 0: .default
            case 1: .indexed(UInt8.random(in: 0...255, using: &random))
            default: .rgb(hex: UInt32.random(in: 0...0xFFFFFF, using: &random))
            }
        }
        return Style(color(), on: color(), Style.Attributes(rawValue: UInt8.random(in: 0...31, using: &random)))
    }

    /// The first cell in which the terminal does not show the frame.
    private func difference(_ terminal: TerminalModel, _ frame: Frame, _ depth: ColorDepth, isTextChecked: Bool = true) -> String? {
        for y in 0..<frame.size.rows {
            for x in 0..<frame.size.columns {
                let want = frame[x, y], got = terminal[x, y]
                if isTextChecked, got.text != want.glyph.text {
                    return "(\(x), \(y)): \(got.text.debugDescription) instead of \(want.glyph.text.debugDescription)"
                }
                if want.isContinuation { continue }
                let style = Style(want.style.foreground.reduced(to: depth), on: want.style.background.reduced(to: depth), want.style.attributes)
                // Of a blank, only what can be seen counts.
                let isBlank = want.glyph == .space && style.attributes.isDisjoint(with: [.reverse, .underline])
                if isBlank ? got.style.background != style.background : got.style != style {
                    return "(\(x), \(y)): \(got.style) instead of \(style)"
                }
            }
        }
        return nil
    }

    @Test(arguments: ColorDepth.allCases)
    func theTerminalShowsTheFrame_throughAnyHistory(depth: ColorDepth) throws {
        let screen = try screen(size, depth)
        defer { screen.close() }
        var terminal = TerminalModel(size: size)
        var frame = Frame(size: size)
        for seed in UInt64(1)...90 {
            var random = SeededGenerator(seed)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let x = Int.random(in: 0..<24, using: &random), y = Int.random(in: 0..<7, using: &random)
                let text = ["plain", "中文字", "│─┼█▄⣿", "e\u{301}a\u{308}", "♪ ✓ ●", "   ", "x"].randomElement(using: &random) ?? ""
                frame.put(text, x: x, y: y, style: randomStyle(&random))
            }
            if seed % 40 == 0 { screen.invalidate() }
            terminal.feed(screen.render(frame))
            #expect(difference(terminal, frame, depth) == nil, "seed \(seed)")
        }
        #expect(terminal.unknown.isEmpty)
    }

    @Test(arguments: TerminalModel.Widths.allCases)
    func hostileTextStaysInItsCells_whateverTheTerminalThinksOfItsWidth(widths: TerminalModel.Widths) throws {
        let screen = try screen(size)
        defer { screen.close() }
        var terminal = TerminalModel(size: size, widths: widths)
        for seed in UInt64(1)...160 {
            var random = SeededGenerator(seed)
            var frame = Frame(size: size)
            for y in 0..<6 { frame.put(random.hostileText(length: 0...14), x: 1, y: y, maxWidth: 20) }
            // Fences on both sides: if a glyph took more or fewer columns than set aside, they would be moved, marked or gone.
            for y in 0..<7 { frame.put("│\(y)", x: 21, y: y) }
            for y in 0..<6 { frame.put("│", x: 0, y: y) }
            frame.put("status \(seed)", x: 0, y: 6)
            terminal.feed(screen.render(frame))
            for y in 0..<7 {
                #expect(y == 6 || terminal[0, y].text == "│", "seed \(seed) row \(y): \(frame.text(row: y).debugDescription)")
                #expect(terminal[21, y].text == "│" && terminal[22, y].text == "\(y)", "seed \(seed) row \(y): \(frame.text(row: y).debugDescription)")
            }
            #expect(terminal.lines[6].hasPrefix("status \(seed)"))
        }
        #expect(terminal.unknown.isEmpty, "\(terminal.unknown.prefix(5))")
    }

    @Test func anUnchangedFrameCostsNothing_andASmallChangeLittle() throws {
        let screen = try screen(Size(columns: 120, rows: 36))
        defer { screen.close() }
        let style = Style(.rgb(200, 200, 210), on: .rgb(20, 20, 30))
        var frame = Frame(size: screen.size, style: style)
        frame.box(frame.bounds, style: style, title: "Files")
        #expect(screen.render(frame).count > 500)
        #expect(screen.render(frame).isEmpty)
        frame.put("7", x: 60, y: 20, style: style)
        #expect(screen.render(frame).count <= 12)
    }

    @Test func thePaletteIsNeverRedefined_norTheTerminalReset() throws {
        for depth in ColorDepth.allCases {
            let screen = try screen(size, depth)
            defer { screen.close() }
            for seed in UInt64(1)...20 {
                var random = SeededGenerator(seed)
                var frame = Frame(size: size)
                for y in 0..<7 { frame.put("colours", x: 0, y: y, style: randomStyle(&random)) }
                let text = String(decoding: screen.render(frame), as: UTF8.self)
                // OSC 4, 10, 104 redefine or reset colours; ESC c resets everything.
                #expect(!text.contains("\u{1B}]") && !text.contains("\u{1B}c"))
            }
        }
    }

    @Test func moreStylesThanNcursesHasPairs_areShownByPaintingAnew() throws {
        let size = Size(columns: 200, rows: 60)
        let screen = try screen(size)
        defer { screen.close() }
        var terminal = TerminalModel(size: size)
        for round in 0..<3 {
            var frame = Frame(size: size)
            for y in 0..<size.rows {
                for x in 0..<size.columns {
                    frame.put("x", x: x, y: y, style: Style(.rgb(hex: UInt32(round * 12_000 + y * 200 + x)), on: .rgb(hex: UInt32(x))))
                }
            }
            terminal.feed(screen.render(frame))
            if round == 2 { #expect(difference(terminal, frame, .truecolor) == nil) }
        }
    }

    @Test func anySizeIsDrawn_alsoOnePastTheEdges() throws {
        let screen = try screen(Size(columns: 80, rows: 24))
        defer { screen.close() }
        for seed in UInt64(1)...36 {
            var random = SeededGenerator(seed)
            let size = seed % 7 == 0 ? Size(columns: 1, rows: 1)
                : Size(columns: Int.random(in: 1...130, using: &random), rows: Int.random(in: 1...40, using: &random))
            screen.resize(to: size)
            var terminal = TerminalModel(size: size)
            var frame = Frame(size: size, style: Style(.default, on: .indexed(4)))
            frame.box(frame.bounds, style: .plain)
            frame.put("中文", x: size.columns - 3, y: size.rows - 1)
            frame.cursor = Point(x: size.columns - 1, y: size.rows - 1)
            terminal.feed(screen.render(frame))
            #expect(difference(terminal, frame, .truecolor) == nil, "seed \(seed) \(size)")
            #expect(terminal.cursor == frame.cursor)
        }
        screen.resize(to: Size(columns: 1000, rows: 500))
        #expect(!screen.render(Frame(size: screen.size)).isEmpty)
        screen.resize(to: Size(columns: 0, rows: 0))
        #expect(screen.render(Frame(size: screen.size)).isEmpty)
    }

    @Test func aFrameOfAnotherSizeIsClipped() throws {
        let screen = try screen(Size(columns: 4, rows: 2))
        defer { screen.close() }
        var terminal = TerminalModel(size: screen.size)
        var frame = Frame(size: Size(columns: 9, rows: 1))
        frame.put("abc中文", x: 0, y: 0)
        terminal.feed(screen.render(frame))
        #expect(terminal.lines == ["abc ", "    "])
    }

    @Test func withoutUTF8OnlyASCIILeaves() throws {
        let screen = try screen(size, .ansi16, utf8: false)
        defer { screen.close() }
        var frame = Frame(size: size)
        frame.box(Rect(x: 0, y: 0, columns: 6, rows: 3), style: .plain)
        frame.put("é中 █▁ → “q” …", x: 7, y: 0)
        frame.title = "Lathe — é"
        for seed in UInt64(1)...50 {
            var random = SeededGenerator(seed)
            frame.put(random.hostileText(length: 0...20), x: 0, y: 4)
            #expect(screen.render(frame).allSatisfy { $0 < 0x80 })
        }
        var terminal = TerminalModel(size: size)
        screen.invalidate()
        terminal.feed(screen.render(frame))
        #expect(terminal.lines[0].hasPrefix("+----+ e?? #. > \"q\" ."))
        #expect(terminal.lines[1].hasPrefix("|    |"))
    }

    @Test func cursorAndTitleFollowTheFrame() throws {
        let screen = try screen(size)
        defer { screen.close() }
        var terminal = TerminalModel(size: size)
        var frame = Frame(size: size)
        frame.cursor = Point(x: 5, y: 3)
        frame.title = "mix\u{1B}[2J"
        terminal.feed(screen.render(frame))
        #expect(terminal.cursor == Point(x: 5, y: 3) && terminal.modes["25"] == true && terminal.title == "mix␛[2J")
        frame.cursor = nil
        terminal.feed(screen.render(frame))
        #expect(terminal.modes["25"] == false)
        #expect(screen.render(frame).isEmpty)
    }

    @Test func aSecondScreenIsRefused_untilTheFirstIsClosed() throws {
        let first = try screen(size)
        #expect(throws: TerminalError.busy) { try screen(size) }
        first.close()
        try screen(size).close()
    }

    @Test(arguments: ["", "dumb", "no-such-terminal", "adm3a"])
    func terminalsThatCannotBeDrawnOnAreRefused(term: String) {
        #expect(throws: TerminalError.self) { try NcursesScreen(term: term, size: size, capabilities: Capabilities(colorDepth: .mono, utf8: true)) }
    }

    @Test(arguments: ["xterm-ghostty", "alacritty", "foot-extra", "tmux-256color", "linux", "vt100", "xterm"])
    func terminalsOfTheTradeAreDrawnOn_evenWithoutTheirDescription(term: String) throws {
        let screen = try screen(size, .ansi16, term: term)
        defer { screen.close() }
        var terminal = TerminalModel(size: size)
        var frame = Frame(size: size)
        frame.put("Lathe", x: 3, y: 2, style: Style(.indexed(2)))
        frame.put("last", x: 20, y: 6)
        terminal.feed(screen.render(frame))
        #expect(difference(terminal, frame, .ansi16) == nil)
        #expect(terminal.unknown.isEmpty)
    }
}
}
