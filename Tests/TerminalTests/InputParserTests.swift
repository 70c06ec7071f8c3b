import Testing
@testable import Terminal

@Suite struct InputParserTests {
    private func parse(_ text: String, timingOut: Bool = true) -> [InputEvent] { parse(Array(text.utf8), timingOut: timingOut) }

    private func parse(_ bytes: [UInt8], timingOut: Bool = true) -> [InputEvent] {
        var parser = InputParser(pasteLimit: 100)
        var events: [InputEvent] = []
        parser.feed(bytes, into: &events)
        if timingOut, parser.patience != nil { parser.timeOut(into: &events) }
        return events
    }

    /// Bytes as documented in xterm's ctlseqs ("PC-Style Function Keys", "VT220-Style Function Keys"), rxvt(7), and console_codes(4).
    static let keys: [(String, Key, Modifiers)] = [
        ("a", .character("a"), []), ("é", .character("é"), []), ("中", .character("中"), []), ("🎚", .character("🎚"), []),
        ("\r", .enter, []), ("\t", .tab, []), ("\u{7F}", .backspace, []), ("\u{8}", .backspace, []),
        ("\u{0}", .character(" "), .control), ("\u{1}", .character("a"), .control), ("\u{A}", .character("j"), .control),
        ("\u{1A}", .character("z"), .control), ("\u{1C}", .character("\\"), .control), ("\u{1F}", .character("_"), .control),
        ("\u{1B}", .escape, []), ("\u{1B}x", .character("x"), .alt), ("\u{1B}\r", .enter, .alt),
        ("\u{1B}é", .character("é"), .alt), ("\u{1B}\u{1}", .character("a"), [.alt, .control]), ("\u{1B}\u{7F}", .backspace, .alt),
        ("\u{1B}[", .character("["), .alt), ("\u{1B}O", .character("O"), .alt), ("\u{1B}P", .character("P"), .alt),
        ("\u{1B}[A", .up, []), ("\u{1B}[B", .down, []), ("\u{1B}[C", .right, []), ("\u{1B}[D", .left, []),
        ("\u{1B}OA", .up, []), ("\u{1B}OD", .left, []), ("\u{1B}[H", .home, []), ("\u{1B}[F", .end, []), ("\u{1B}OH", .home, []),
        ("\u{1B}[1~", .home, []), ("\u{1B}[4~", .end, []), ("\u{1B}[7~", .home, []), ("\u{1B}[8~", .end, []),
        ("\u{1B}[2~", .insert, []), ("\u{1B}[3~", .delete, []), ("\u{1B}[5~", .pageUp, []), ("\u{1B}[6~", .pageDown, []),
        ("\u{1B}OP", .function(1), []), ("\u{1B}OS", .function(4), []), ("\u{1B}[11~", .function(1), []),
        ("\u{1B}[15~", .function(5), []), ("\u{1B}[17~", .function(6), []), ("\u{1B}[21~", .function(10), []),
        ("\u{1B}[23~", .function(11), []), ("\u{1B}[24~", .function(12), []), ("\u{1B}[34~", .function(20), []),
        ("\u{1B}[[A", .function(1), []), ("\u{1B}[[E", .function(5), []),
        ("\u{1B}[1;2A", .up, .shift), ("\u{1B}[1;3B", .down, .alt), ("\u{1B}[1;5C", .right, .control),
        ("\u{1B}[1;8D", .left, [.shift, .alt, .control]), ("\u{1B}[1;9D", .left, .alt), ("\u{1B}[3;5~", .delete, .control),
        ("\u{1B}[1;5P", .function(1), .control), ("\u{1B}[1;2R", .function(3), .shift), ("\u{1B}[Z", .tab, .shift),
        ("\u{1B}[a", .up, .shift), ("\u{1B}Oa", .up, .control), ("\u{1B}[3^", .delete, .control), ("\u{1B}\u{1B}[A", .up, .alt),
        ("\u{1B}[97;5u", .character("a"), .control), ("\u{1B}[13;3u", .enter, .alt), ("\u{1B}[27;5;9~", .tab, .control),
        ("\u{1B}[97;2u", .character("A"), []), ("\u{1B}[223;2u", .character("ß"), []),
        ("\u{1B}Oj", .character("*"), []), ("\u{1B}Oy", .character("9"), []), ("\u{1B}OM", .enter, []),
    ]

    @Test(arguments: keys)
    func keysAreWhatTheirBytesSay(bytes: String, key: Key, modifiers: Modifiers) {
        #expect(parse(bytes) == [.key(key, modifiers)])
    }

    @Test(arguments: [
        ("\u{1B}[?2026;2$y", InputEvent.reply(.mode(2026, value: 2))),
        ("\u{1B}[?62;22c", .reply(.attributes([62, 22]))),
        ("\u{1B}[0n", .reply(.ready)),
        ("\u{1B}P1$r48:2:1:2:3m\u{1B}\\", .reply(.truecolor)),
        ("\u{1B}P1$r0;48:2::1:2:3m\u{1B}\\", .reply(.truecolor)),
        ("\u{1B}P1+r524742=382F382F38\u{1B}\\", .reply(.truecolor)),
        ("\u{1B}[I", .focus(true)),
        ("\u{1B}[O", .focus(false)),
        ("\u{1B}[<0;10;5M", .mouse(Mouse(.press(button: 0), at: Point(x: 9, y: 4)))),
        ("\u{1B}[<2;1;1m", .mouse(Mouse(.release(button: 2), at: Point(x: 0, y: 0)))),
        ("\u{1B}[<65;3;4M", .mouse(Mouse(.scrollDown, at: Point(x: 2, y: 3)))),
        ("\u{1B}[<48;3;4M", .mouse(Mouse(.drag(button: 0), at: Point(x: 2, y: 3), modifiers: .control))),
    ])
    func reportsAreUnderstood(bytes: String, event: InputEvent) {
        #expect(parse(bytes, timingOut: false) == [event])
        // Right behind the Escape key it is still an answer, and the key a key.
        if bytes.hasPrefix("\u{1B}[") { #expect(parse("\u{1B}" + bytes, timingOut: false) == [.key(.escape, []), event]) }
    }

    @Test(arguments: [
        "\u{1B}P1$r48;5;16m\u{1B}\\", "\u{1B}P0$r\u{1B}\\", "\u{1B}P0+r524742\u{1B}\\", "\u{1B}]11;rgb:ffff/ffff/ffff\u{7}",
        "\u{1B}]0;title\u{1B}\\", "\u{1B}[>41;354;0c", "\u{1B}[?1u", "\u{1B}[99~", "\u{1B}[9;9;9;9;9X", "\u{1B}[57358u", "\u{1B}_G1;OK\u{1B}\\",
    ])
    func unknownSequencesAreSwallowedWhole(bytes: String) {
        #expect(parse(bytes + "k", timingOut: false) == [.key(.character("k"), [])])
    }

    /// A line that was lost took the end of the paste with it.
    @Test func aPasteWithoutItsEndIsToldAndGivenUpByControlC() {
        var parser = InputParser()
        var events: [InputEvent] = []
        parser.feed(Array("\u{1B}[200~abc\u{3}".utf8), into: &events)
        #expect(events.isEmpty, "at once it may be of the text")
        #expect(parser.patience == 1)
        parser.timeOut(into: &events)
        #expect(events.count == 1 && { if case .diagnostic(let words)? = events.first { words.contains("Ctrl-C") } else { false } }(), "\(events)")
        parser.feed(Array("q\u{3}j".utf8), into: &events)
        #expect(events.dropFirst() == [.paste(Sanitise.text("abc\u{3}q"), truncated: true), .key(.character("c"), .control), .key(.character("j"), [])])
    }

    /// ECMA-48, 5.6: control strings have no such bytes.
    @Test(arguments: ["\u{1B}]0;ti", "\u{1B}P1$r", "\u{1B}_G"])
    func controlCEndsAStringWithoutItsEnd(beginning: String) {
        #expect(parse(beginning + "\u{3}k", timingOut: false) == [.key(.character("c"), .control), .key(.character("k"), [])])
    }

    @Test func aCursorReportIsOneOnlyWhenAskedFor() {
        var parser = InputParser()
        parser.expectsCursorReport = true
        var events: [InputEvent] = []
        parser.feed(Array("\u{1B}[1;2R".utf8), into: &events)
        #expect(events == [.reply(.cursor(Point(x: 1, y: 0)))])
    }

    @Test func invalidUTF8IsOneReplacement_andTheNextKeyIsKept() {
        #expect(parse([0xC3, 0x61]) == [.key(.character("\u{FFFD}"), []), .key(.character("a"), [])])
        #expect(parse([0xE4, 0xB8, 0x1B, 0x5B, 0x41]) == [.key(.character("\u{FFFD}"), []), .key(.up, [])])
        #expect(parse([0xFF]) == [.key(.character("\u{FFFD}"), [])])
    }

    @Test func twoEscapesAreTwo() {
        #expect(parse("\u{1B}\u{1B}") == [.key(.escape, []), .key(.escape, [])])
    }

    @Test func halfASequenceFollowedBySilenceIsNoKey() {
        #expect(parse("\u{1B}[1;") == [])
        #expect(parse("\u{1B}]0;abc") == [])
    }

    @Test func aPasteIsOneInertEvent() {
        #expect(parse("\u{1B}[200~one\r\ntwo\u{1B}[31m\u{1B}[201~q")
            == [.paste("one\ntwo␛[31m", truncated: false), .key(.character("q"), [])])
        #expect(parse("\u{1B}[200~\u{1B}[20\u{1B}[201~") == [.paste("␛[20", truncated: false)])
    }

    @Test func aPasteBeyondTheLimitIsCut_butSwallowed() {
        let text = String(repeating: "é", count: 80)
        let events = parse("\u{1B}[200~x" + text + "\u{1B}[201~q")
        #expect(events == [.paste("x" + String(repeating: "é", count: 49), truncated: true), .key(.character("q"), [])])
    }

    @Test func anySplitGivesTheSameEvents() {
        let all = Self.keys.map(\.0).filter { !["\u{1B}", "\u{1B}[", "\u{1B}O", "\u{1B}P"].contains($0) }.joined()
            + "\u{1B}[200~pasted\u{1B}[201~\u{1B}[?2026;1$y"
        let bytes = Array(all.utf8)
        let whole = parse(bytes, timingOut: false)
        for seed in UInt64(1)...50 {
            var random = SeededGenerator(seed)
            var parser = InputParser(pasteLimit: 100)
            var events: [InputEvent] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...7, using: &random)
                parser.feed(rest.prefix(count), into: &events)
                rest = rest.dropFirst(count)
            }
            #expect(events == whole, "seed \(seed)")
        }
    }

    @Test func noiseNeverTrapsTheParser_andItRecovers() {
        for seed in UInt64(1)...500 {
            var random = SeededGenerator(seed)
            var parser = InputParser(pasteLimit: 50)
            var events: [InputEvent] = []
            let alphabet: [UInt8] = [0x1B, 0x5B, 0x4F, 0x50, 0x3B, 0x31, 0x32, 0x30, 0x7E, 0x3C, 0x4D, 0x75, 0x24, 0x5C, 0xC3, 0xFF, 0x07]
            for _ in 0..<200 {
                let byte = Bool.random(using: &random) ? alphabet.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
                parser.feed([byte], into: &events)
            }
            parser.timeOut(into: &events)
            events = []
            parser.feed(Array("k".utf8), into: &events)
            #expect(events == [.key(.character("k"), [])], "seed \(seed)")
        }
    }
}
