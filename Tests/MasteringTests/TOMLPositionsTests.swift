import Testing
@testable import Mastering

@Suite struct TOMLPositionsTests {
    typealias Step = TOMLPositions.Step

    private func place(_ text: String, _ path: Step...) -> [Int]? {
        TOMLPositions(text)[path].map { [$0.line, $0.column] }
    }

    @Test func plainKeysStandWhereTheyAreWritten() {
        let text = "schema = 1\n\n[target]\n  lufs = -14 # [not] = a table\n"
        #expect(place(text, .key("schema")) == [1, 1])
        #expect(place(text, .key("target")) == [3, 2])
        #expect(place(text, .key("target"), .key("lufs")) == [4, 3])
        #expect(place(text, .key("not")) == nil)
    }

    @Test func quotedKeysAreTheSameAsBareOnes() {
        let text = "\"target\".'lufs' = 1\n\"a\\u0062c\" = 2\n\"a.b\" = 3\n"
        #expect(place(text, .key("target"), .key("lufs")) == [1, 10])
        #expect(place(text, .key("abc")) == [2, 1])
        #expect(place(text, .key("a.b")) == [3, 1])
    }

    @Test func dottedKeysNameEveryTableOnTheWay() {
        let text = "[eq]\na . b.\tc = 1\n"
        #expect(place(text, .key("eq"), .key("a")) == [2, 1])
        #expect(place(text, .key("eq"), .key("a"), .key("b"), .key("c")) == [2, 8])
    }

    @Test func tablesOfAnArrayAreCountedFromZero() {
        let text = "[[eq.band]]\nhz = 1\n[[eq.band]]\nhz = 2\n[eq.band.deep]\nx = 1\n[[ 'eq' . band ]]\n"
        #expect(place(text, .key("eq"), .key("band"), .index(0), .key("hz")) == [2, 1])
        #expect(place(text, .key("eq"), .key("band"), .index(1), .key("hz")) == [4, 1])
        #expect(place(text, .key("eq"), .key("band"), .index(1), .key("deep"), .key("x")) == [6, 1])
        #expect(place(text, .key("eq"), .key("band"), .index(2)) == [7, 4])
    }

    @Test func inlineTablesAndArraysAreEntered() {
        let text = "band = [ {hz = 1, 'q' = 2},\n  # {no = 1}\n  {db=3} ]\n"
        #expect(place(text, .key("band"), .index(0), .key("q")) == [1, 19])
        #expect(place(text, .key("band"), .index(1)) == [3, 3])
        #expect(place(text, .key("band"), .index(1), .key("db")) == [3, 4])
        #expect(place(text, .key("no")) == nil)
    }

    @Test func textInsideStringsIsNoKey() {
        let text = "a = \"\"\"\n[x]\ny = 1 \\\"\"\" z\"\"\"\"\nb = '''\nq = 1'''\nc = \"]\\\"\" # d = 1\ne = 'x=[' \nf = 1\n"
        #expect(place(text, .key("b")) == [4, 1])
        #expect(place(text, .key("c")) == [6, 1])
        #expect(place(text, .key("e")) == [7, 1])
        #expect(place(text, .key("f")) == [8, 1])
        for hidden in ["x", "y", "q", "d"] { #expect(place(text, .key(hidden)) == nil) }
    }

    @Test func windowsLineEndsAndByteOrderMarkShiftNothing() {
        #expect(place("\u{FEFF}a = 1\r\n  b = 2\r\n", .key("b")) == [2, 3])
    }

    @Test func nestingIsReportedInsteadOfFollowed() {
        let dotted = Array(repeating: "a", count: 30_000).joined(separator: ".")
        #expect(TOMLPositions(dotted + " = 1").tooDeepAt?.line == 1)
        #expect(TOMLPositions("[\(dotted)]\n").tooDeepAt?.line == 1)
        #expect(TOMLPositions("a = " + String(repeating: "[", count: 60_000)).tooDeepAt?.column == 5 + TOMLPositions.depthLimit)
        #expect(TOMLPositions("a = " + String(repeating: "{a=", count: 20_000)).tooDeepAt?.line == 1)
        #expect(TOMLPositions("a = [[[1]]]").tooDeepAt == nil)
    }

    /// Every prefix of a document, and every document with one scalar replaced, is read without a trap or an endless loop.
    @Test func damagedTextIsSurvived() {
        let text = Array("[[eq.band]]\n\"a\\u0041\"='x'\nb={c=[1,\"\"\"x\"\"\"]} # y\r\n[a.'b']\n".unicodeScalars)
        for length in 0...text.count { _ = TOMLPositions(String(String.UnicodeScalarView(text[..<length]))) }
        for i in text.indices {
            for scalar in "[]{}=.,'\"\\\n#\u{0}".unicodeScalars {
                var damaged = text
                damaged[i] = scalar
                _ = TOMLPositions(String(String.UnicodeScalarView(damaged)))
            }
        }
    }
}
