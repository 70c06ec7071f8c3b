/// Why there is no full-screen terminal here. The caller may go on in line mode.
public enum TerminalError: Error, Equatable, Sendable {
    /// Standard input or output is not a terminal.
    case notATerminal(String)
    /// Standard output is for something else, and the process has no controlling terminal.
    case noTerminal
    /// The terminal cannot be drawn on: `TERM` is unset, "dumb", unknown, or lacks cursor movement.
    case unusable(term: String, reason: String)
    /// Another screen of this process is open: a process has one terminal, with one owner.
    case busy
    /// A system call failed; the code is errno.
    case system(call: String, code: Int32)

    /// One line: what, and what to do.
    public var message: String {
        switch self {
        case .notATerminal(let which):
            "\(which) is not a terminal"
        case .noTerminal:
            "there is no terminal to draw on while standard output carries sound; start it in a terminal, or play with `lathe preview FILE --sink stdout`"
        case .unusable(let term, let reason):
            (term.isEmpty ? "TERM is not set" : "TERM=\(Sanitise.line(term)) \(reason)")
                + "; set TERM to your terminal's name for the screen, for example TERM=xterm-256color"
        case .busy: "the terminal is already in use by this process: close the other screen first"
        case .system(let call, let code):
            "\(call) failed: \(SystemCall.text(of: code))"
        }
    }
}
