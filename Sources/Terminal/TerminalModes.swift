/// The sequences that set a terminal up for the studio, and exactly their undoing.
struct TerminalModes: Equatable {
    var mouse: Bool

    /// Alternate screen with the cursor and title saved, no automatic margins, bracketed paste, focus reports.
    var enter: [UInt8] { Array("\u{1B}[22;0t".utf8) + again }

    /// After SIGSTOP: everything but saving the title, which has been saved.
    var again: [UInt8] {
        var text = "\u{1B}[?1049h\u{1B}[?7l\u{1B}[?25l\u{1B}[?2004h\u{1B}[?1004h"
        if mouse { text += "\u{1B}[?1002h\u{1B}[?1006h" }
        return Array(text.utf8)
    }

    /// Begins with ST: whatever sequence was cut off before it ends there.
    var leave: [UInt8] {
        var text = "\u{1B}\\\u{1B}[?2026l"
        if mouse { text += "\u{1B}[?1006l\u{1B}[?1002l" }
        text += "\u{1B}[?1004l\u{1B}[?2004l\u{1B}[m\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l\u{1B}[23;0t"
        return Array(text.utf8)
    }

    static let beginUpdate = Array("\u{1B}[?2026h".utf8)
    static let endUpdate = Array("\u{1B}[?2026l".utf8)
}
