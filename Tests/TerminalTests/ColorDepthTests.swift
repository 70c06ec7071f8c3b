import Testing
@testable import Terminal

@Suite struct ColorDepthTests {
    @Test(arguments: [
        (["TERM": "xterm-256color", "COLORTERM": "truecolor"], 256, ColorDepth.truecolor),
        (["TERM": "xterm-256color"], 256, .ansi256),
        (["TERM": "screen-256color"], nil, .ansi256),
        (["TERM": "xterm"], 8, .ansi16),
        (["TERM": "vt100"], -1, .mono),
        (["TERM": "xterm-kitty"], nil, .truecolor),
        (["TERM": "xterm-direct"], 1 << 24, .truecolor),
        (["TERM": "dumb", "COLORTERM": "truecolor"], nil, .mono),
        (["TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"], 256, .mono),
        (["TERM": "xterm-256color", "NO_COLOR": ""], 256, .ansi256),
        ([:], nil, .mono),
    ] as [([String: String], Int?, ColorDepth)])
    func theEnvironmentDecides(environment: [String: String], colors: Int?, expected: ColorDepth) {
        #expect(ColorDepth.detect(environment: environment, terminfoColors: colors) == expected)
    }

    @Test func theUsersChoiceComesFirst() {
        let environment = ["TERM": "xterm", "NO_COLOR": "1"]
        #expect(ColorDepth.detect(choice: .truecolor, environment: environment) == .truecolor)
        #expect(ColorDepth.detect(choice: .never, environment: ["TERM": "xterm-kitty"]) == .mono)
    }

    /// Colours that xterm's 256colres.h and XTerm-col.ad hold exactly.
    @Test(arguments: [
        (0x000000, 16, 0), (0xFF0000, 196, 9), (0x00FF00, 46, 10), (0x0000FF, 21, 4), (0xFFFFFF, 231, 15),
        (0x080808, 232, 0), (0xEEEEEE, 255, 7), (0x808080, 244, 8), (0xD78700, 172, 3), (0x5F87AF, 67, 8),
    ] as [(UInt32, UInt8, UInt8)])
    func reducedColorsAreTheNearest(rgb: UInt32, index256: UInt8, index16: UInt8) {
        #expect(Color.rgb(hex: rgb).reduced(to: .ansi256) == .indexed(index256))
        #expect(Color.rgb(hex: rgb).reduced(to: .ansi16) == .indexed(index16))
        #expect(Color.rgb(hex: rgb).reduced(to: .mono) == .default)
        #expect(Color.rgb(hex: rgb).reduced(to: .truecolor) == .rgb(hex: rgb))
    }

    @Test func utf8IsWhatTheFirstSetVariableSays() {
        #expect(ProcessEnvironment.isUTF8(["LANG": "de_DE.UTF-8"]))
        #expect(ProcessEnvironment.isUTF8(["LC_CTYPE": "C.utf8", "LANG": "C"]))
        #expect(!ProcessEnvironment.isUTF8(["LC_ALL": "C", "LANG": "de_DE.UTF-8"]))
        #expect(!ProcessEnvironment.isUTF8([:]))
    }
}
