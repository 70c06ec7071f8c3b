/// A key as the user means it. Letters with Control or Alt are `.character` with modifiers, always unshifted-looking
/// as sent: `Ctrl-R` is `.character("r")` with `.control`, `R` is `.character("R")` without modifiers.
public enum Key: Equatable, Hashable, Sendable {
    /// One Unicode scalar of text; combining marks and joined emoji arrive as further characters to append.
    case character(Character)
    /// `backspace` is the erase key, also when it sends Ctrl-H. Shift-Tab is `tab` with `.shift`.
    case enter, tab, backspace, escape
    case up, down, left, right, home, end, pageUp, pageDown, insert, delete
    /// F1…F24.
    case function(Int)
}

public struct Modifiers: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static let shift = Modifiers(rawValue: 1)
    public static let alt = Modifiers(rawValue: 2)
    public static let control = Modifiers(rawValue: 4)
}

public struct Mouse: Equatable, Sendable {
    public enum Action: Equatable, Sendable {
        case press(button: Int), release(button: Int), drag(button: Int), move
        case scrollUp, scrollDown
    }
    public var action: Action
    public var at: Point
    public var modifiers: Modifiers

    public init(_ action: Action, at: Point, modifiers: Modifiers = []) {
        self.action = action
        self.at = at
        self.modifiers = modifiers
    }
}

/// What the terminal said about itself when asked.
public enum TerminalReply: Equatable, Sendable {
    /// DECRPM: `value` 0 unknown, 1 set, 2 reset, 3 always set, 4 always reset.
    case mode(Int, value: Int)
    /// DA1, the attributes as sent.
    case attributes([Int])
    /// CPR: the cursor's place, from 0.
    case cursor(Point)
    /// DSR 5: everything written before the question has been processed.
    case ready
    /// The terminal keeps 24-bit colours (DECRQSS or XTGETTCAP).
    case truecolor
}

/// Why the program is asked to end.
public enum EndReason: Equatable, Sendable {
    /// The app said so.
    case asked
    /// SIGTERM, SIGINT, SIGQUIT or another that ends a process, from outside; the keys Ctrl-C and Ctrl-\ are keys.
    case signal(Int32)
    /// The line is gone: SIGHUP, end of file or an error on the terminal.
    case hangUp

    /// The status a shell expects: 0, or 128 + the signal's number (SIGHUP for a lost line).
    public var exitStatus: Int32 {
        switch self {
        case .asked: 0
        case .signal(let number): 128 + number
        case .hangUp: 128 + 1
        }
    }
}

/// One thing that happened at the terminal.
public enum InputEvent: Equatable, Sendable {
    case key(Key, Modifiers)
    /// Bracketed paste, made inert, line ends as line feeds. `truncated` when it was longer than the limit.
    case paste(String, truncated: Bool)
    case mouse(Mouse)
    case focus(Bool)
    case resize(Size)
    /// Back after Ctrl-Z or SIGSTOP; the next frame repaints everything.
    case resumed
    /// The terminal turned out able to do more than the environment said.
    case capabilities(Capabilities)
    /// A line that a library wrote to standard error, made inert; it would have been drawn over the screen.
    case diagnostic(String)
    /// The loop ends after this turn.
    case ending(EndReason)
    /// An answer to one of the session's own questions; the loop keeps these to itself.
    case reply(TerminalReply)
}
