import Testing
@testable import Studio

@Suite("Numbers in words")
struct FormatTests {
    @Test func durations() {
        #expect(Format.duration(221) == "3:41")
        #expect(Format.duration(72.45, tenths: true) == "1:12.4")
        #expect(Format.duration(59.99) == "0:59")
        #expect(Format.duration(3727) == "1:02:07")
        #expect(Format.duration(.nan) == "-" && Format.duration(-1) == "-" && Format.duration(.infinity) == "-")
    }

    @Test func byteCounts() {
        #expect(Format.bytes(0) == "0 B" && Format.bytes(999) == "999 B" && Format.bytes(1000) == "1.0 kB")
        #expect(Format.bytes(41_000_000) == "41 MB" && Format.bytes(999_600) == "1.0 MB" && Format.bytes(.max) == "9.2 EB")
    }

    @Test func decibels() {
        #expect(Format.fixed(-14, 1) == "-14.0" && Format.fixed(-0.04, 1) == "0.0" && Format.signed(0.62, 2) == "+0.62")
        #expect(Format.fixed(.nan, 1) == "nan" && Format.fixed(-.infinity, 1) == "-inf")
    }

    @Test func rates() {
        #expect(Format.kilohertz(48_000) == "48" && Format.kilohertz(44_100) == "44.1" && Format.kilohertz(11_025) == "11.025")
    }

    @Test func lives() {
        #expect(Format.remaining(30) == "<1 min" && Format.remaining(252) == "4 min" && Format.remaining(7200) == "2 h")
        #expect(Format.countdown(-1) == "now" && Format.countdown(41.2) == "0:42" && Format.countdown(.infinity) == "-")
    }
}

@Suite("Typing")
struct TextFieldTests {
    @Test func editsInTheMiddle() {
        var field = TextField("-12")
        _ = field.take(KeyStroke(.home))
        _ = field.take(KeyStroke(.delete))
        _ = field.take(.character("+"))
        #expect(field.text == "+12" && field.insertion == 1)
        _ = field.take(KeyStroke(.end))
        _ = field.take(KeyStroke(.backspace))
        #expect(field.text == "+1")
        _ = field.take(.control("u"))
        #expect(field.text == "")
    }

    @Test func whatWasOfferedGivesWayToTheFirstCharacterAndStaysForEditing() {
        var typed = TextField("-14.0", selected: true)
        _ = typed.take(.character("9"))
        _ = typed.take(.character("x"))
        #expect(typed.text == "9x")
        var edited = TextField("-14.0", selected: true)
        _ = edited.take(KeyStroke(.backspace))
        _ = edited.take(.character("5"))
        #expect(edited.text == "-14.5")
        var moved = TextField("14", selected: true)
        _ = moved.take(KeyStroke(.left))
        _ = moved.take(.character("0"))
        #expect(moved.text == "104")
        var pasted = TextField("14", selected: true)
        pasted.insert("-9")
        #expect(pasted.text == "-9")
    }

    @Test func pasteStaysOneLineAndBounded() {
        var field = TextField()
        field.insert("one\ntwo")
        #expect(field.text == "one")
        field.insert(String(repeating: "x", count: 5000))
        #expect(field.characters.count == TextField.limit)
    }
}
