/// What runs on the terminal thread: it is given everything that happened, says what it wants, and draws on demand.
public protocol TerminalApp<Message> {
    /// What other threads post.
    associatedtype Message: Sendable

    /// All events since the last turn, in order; never empty. Called on the terminal thread, must not block.
    mutating func handle(_ events: [LoopEvent<Message>]) -> Turn

    /// The picture now. Called after `handle`, at most once a turn, only when the line can take a frame.
    mutating func frame(size: Size) -> Frame
}

public enum LoopEvent<Message: Sendable>: Sendable {
    case input(InputEvent)
    case message(Message)
    /// The wake-up the last turn asked for.
    case tick
}

extension LoopEvent: Equatable where Message: Equatable {}

/// What an app wants after a turn.
public struct Turn: Equatable, Sendable {
    public enum Draw: Int, Comparable, Sendable {
        case no
        /// The picture moved by itself (meters, progress): draw at the frame rate the line affords.
        case whenDue
        /// The user did something: draw as soon as the line is free.
        case now

        public static func < (a: Draw, b: Draw) -> Bool { a.rawValue < b.rawValue }
    }

    /// Replaces what the turn before asked for.
    public enum Wake: Equatable, Sendable {
        /// Only when something happens.
        case never
        /// `tick` at the next moment a frame may be drawn, then draw in the same turn: animation without waste.
        case nextFrame
        /// `tick` after this many seconds.
        case after(Double)
    }

    public enum Request: Equatable, Sendable {
        /// Leave the loop; the terminal is restored before `run` returns.
        case end
        /// As Ctrl-Z in a shell; `resumed` follows.
        case suspend
        /// Paint everything anew.
        case repaint
        case bell
        /// Into the clipboard of the machine where the user sits (OSC 52); at most 74,994 bytes, as xterm takes.
        case copy(String)
    }

    public var draw: Draw
    public var wake: Wake
    public var requests: [Request]

    public init(draw: Draw = .no, wake: Wake = .never, requests: [Request] = []) {
        self.draw = draw
        self.wake = wake
        self.requests = requests
    }
}
