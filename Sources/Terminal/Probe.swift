/// The questions a session asks its terminal once, and what the answers so far mean. Pure.
///
/// They go out ahead of the first frame, which overwrites anything a terminal prints instead of answering. DA1, which every
/// terminal answers, comes last, behind that frame: what has no answer by then will have none.
struct Probe: Equatable {
    /// Ask whether the terminal decodes UTF-8: é moves the cursor by one column, or by two.
    let asksUTF8: Bool
    /// Ask for 24-bit colour. Not the Linux console and DEC terminals, which have none and may print the question.
    let asksTruecolor: Bool

    private(set) var isFinished = false
    private(set) var synchronizedUpdates = false
    private(set) var truecolor = false
    private(set) var utf8 = false
    /// The terminal answers DSR 5, so drained frames can be told.
    private(set) var answersStatus = false

    init(asksUTF8: Bool, asksTruecolor: Bool) {
        self.asksUTF8 = asksUTF8
        self.asksTruecolor = asksTruecolor
    }

    /// DSR 5; asked again behind frames, its answer tells when they have drained.
    static let status = Array("\u{1B}[5n".utf8)
    /// DA1.
    static let last = Array("\u{1B}[c".utf8)

    var questions: [UInt8] {
        var text = ""
        if asksUTF8 { text += "\u{1B}[H\u{E9}\u{1B}[6n\u{1B}[H\u{1B}[K" }
        if asksTruecolor { text += "\u{1B}P+q524742\u{1B}\\\u{1B}[48;2;1;2;3m\u{1B}P$qm\u{1B}\\\u{1B}[m" }
        text += "\u{1B}[?2026$p"
        return Array(text.utf8) + Self.status
    }

    mutating func handle(_ reply: TerminalReply) {
        if isFinished { return }
        switch reply {
        // 1 and 2: known, set or not; 3: always on. 0 is unknown and 4 always off.
        case .mode(2026, let value): synchronizedUpdates = (1...3).contains(value)
        case .truecolor: truecolor = asksTruecolor
        case .cursor(let at): utf8 = asksUTF8 && at == Point(x: 1, y: 0)
        case .ready: answersStatus = true
        case .attributes: isFinished = true
        case .mode: break
        }
    }
}
