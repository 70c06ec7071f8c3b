import CTerminal
import Glibc

/// Lines from standard input, together with what is posted and with the signals that end a session; for one thread.
public final class LineInput<Message: Sendable> {
    private let mailbox: Mailbox<Message>
    private let signals: SignalPipe
    private var typed: [UInt8] = []
    private var lines: [String] = []
    /// Everything was read.
    public private(set) var isAtEnd = false
    /// The signal that asks for the end.
    public private(set) var signal: Int32?
    /// Longer lines are dropped.
    private static var lineLimit: Int { 64 << 10 }

    public init(mailbox: Mailbox<Message>) throws(TerminalError) {
        self.mailbox = mailbox
        signals = try SignalPipe()
        try signals.begin()
    }

    /// The signals are as they were.
    public func finish() { signals.end() }

    /// Waits until something has happened, at most `milliseconds`; what was posted meanwhile.
    public func wait(milliseconds: Int32) -> [Message] {
        var set = [
            pollfd(fd: isAtEnd ? -1 : STDIN_FILENO, events: Int16(POLLIN), revents: 0),
            pollfd(fd: mailbox.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals.readEnd, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&set, 3, milliseconds)
        var stops = false
        for number in signals.take() {
            if number == SIGTSTP { stops = true }
            if ![SIGTSTP, SIGCONT, SIGWINCH].contains(number) { signal = signal ?? number }
        }
        // Ctrl-Z, as everywhere.
        if stops { raise(SIGSTOP) }
        if set[0].revents != 0 { readMore() }
        return mailbox.take()
    }

    /// The next whole line, if there is one.
    public func next() -> String? { lines.isEmpty ? nil : lines.removeFirst() }
    public var hasLine: Bool { !lines.isEmpty }

    private func readMore() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        switch SystemCall.retrying({ chunk.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) } }) {
        case .success(let count) where count > 0: typed += chunk[..<count]
        case .failure(let error) where error.wouldBlock: return
        default:
            isAtEnd = true
            if !typed.isEmpty { typed.append(0x0A) }
        }
        while let end = typed.firstIndex(of: 0x0A) {
            lines.append(String(decoding: typed[..<end].filter { $0 != 0x0D }, as: UTF8.self))
            typed.removeFirst(end + 1)
        }
        if typed.count > Self.lineLimit { typed = [] }
    }
}
