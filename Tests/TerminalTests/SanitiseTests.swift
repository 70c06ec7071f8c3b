import Testing
@testable import Terminal

@Suite struct SanitiseTests {
    /// A path writes a byte that is not UTF-8 as U+10FE00 + byte; ISO 8859-1 has é at E9.
    @Test func bytesInPathsAreShownAsBytes() {
        #expect(Sanitise.line("caf\u{10FEE9}.wav") == "caf‹xE9›.wav")
        #expect(Sanitise.line("caf\u{10FEE9}.wav") == Sanitise.line(bytes: Array("caf".utf8) + [0xE9] + Array(".wav".utf8)))
    }

    @Test(arguments: [
        ("plain name.wav", "plain name.wav"),
        ("\u{1B}[31mred", "␛[31mred"),
        ("a\nb\tc\r", "a␊b␉c␍"),
        ("\u{0}\u{7F}", "␀␡"),
        ("\u{9B}31m", "‹9B›31m"),
        ("evil\u{202E}vaw.exe", "evil‹202E›vaw.exe"),
        ("\u{2066}x\u{2069}\u{FEFF}", "‹2066›x‹2069›‹FEFF›"),
        ("naïve 中文 👩‍💻 שלום", "naïve 中文 👩‍💻 שלום"),
    ])
    func dangerousScalarsBecomeVisible_othersStay(text: String, expected: String) {
        #expect(Sanitise.line(text) == expected)
    }

    @Test func bytesThatAreNotUTF8BecomeVisible_andStayDistinguishable() {
        #expect(Sanitise.line(bytes: [0x61, 0xFF, 0x62]) == "a‹xFF›b")
        #expect(Sanitise.line(bytes: [0xC3, 0x28]) == "‹xC3›(")
        // Overlong "/", a surrogate, beyond U+10FFFF: Unicode 16, table 3-7.
        #expect(Sanitise.line(bytes: [0xC0, 0xAF]) == "‹xC0›‹xAF›")
        #expect(Sanitise.line(bytes: [0xED, 0xA0, 0x80]) == "‹xED›‹xA0›‹x80›")
        #expect(Sanitise.line(bytes: [0xF4, 0x90, 0x80, 0x80]) == "‹xF4›‹x90›‹x80›‹x80›")
        #expect(Sanitise.line(bytes: Array("中\u{1B}".utf8)) == "中␛")
    }

    @Test func severalLinesKeepTheirLineEnds() {
        #expect(Sanitise.text("a\r\nb\rc\n\td\u{1B}") == "a\nb\nc\n\td␛")
    }

    @Test func sanitisingIsIdempotent_andLeavesNothingThatSteers() {
        for seed in UInt64(1)...1000 {
            var random = SeededGenerator(seed)
            let text = random.hostileText(length: 0...24)
            let once = Sanitise.line(text)
            #expect(Sanitise.line(once) == once, "seed \(seed)")
            let steers = once.unicodeScalars.contains {
                $0.properties.generalCategory == .control || $0.properties.isBidiControl
            }
            #expect(!steers, "seed \(seed)")
        }
    }

    @Test func arbitraryBytesNeverSteer() {
        for seed in UInt64(1)...1000 {
            var random = SeededGenerator(seed)
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let line = Sanitise.line(bytes: bytes)
            #expect(!line.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }, "seed \(seed)")
            #expect(Sanitise.line(line) == line, "seed \(seed)")
        }
    }
}
