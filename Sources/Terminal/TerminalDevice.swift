import CTerminal
import Glibc

/// The terminal itself: its descriptor and its modes. What `enter` changes, `leave` puts back exactly.
final class TerminalDevice {
    let descriptor: Int32
    private let ownsDescriptor: Bool
    /// File status flags to put back where the description is shared with others.
    private let sharedFlags: Int32?
    private(set) var before = termios()
    private(set) var isRaw = false

    init(_ device: TerminalOptions.Device) throws(TerminalError) {
        let given: Int32
        switch device {
        case .standard:
            if isatty(STDIN_FILENO) == 0 { throw .notATerminal("standard input") }
            if isatty(STDOUT_FILENO) == 0 { throw .notATerminal("standard output") }
            given = STDOUT_FILENO
        case .controlling:
            given = -1
        case .descriptor(let descriptor):
            if isatty(descriptor) == 0 { throw .notATerminal("the given descriptor") }
            given = descriptor
        }
        // A description of our own: O_NONBLOCK on a shared one would reach into the shell that started us.
        let flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC
        let path = given < 0 ? "/dev/tty" : "/proc/self/fd/\(given)"
        var opened = open(path, flags)
        if opened < 0, device == .standard { opened = open("/dev/tty", flags) }
        if opened >= 0 {
            descriptor = opened
            ownsDescriptor = true
            sharedFlags = nil
        } else if given >= 0 {
            // Another user's terminal (su): use what we were given and give its flags back.
            descriptor = given
            ownsDescriptor = false
            let old = fcntl(given, F_GETFL)
            if old < 0 || fcntl(given, F_SETFL, old | O_NONBLOCK) < 0 { throw .system(call: "fcntl", code: errno) }
            sharedFlags = old
        } else {
            throw .noTerminal
        }
    }

    deinit {
        if let sharedFlags { _ = fcntl(descriptor, F_SETFL, sharedFlags) }
        if ownsDescriptor { close(descriptor) }
    }

    /// More than any screen shows; numbers beyond come from clients that are mistaken, and would have to be drawn.
    static let largest = Size(columns: 1000, rows: 500)

    /// The size now; a terminal that does not know its own counts as 80 × 24, or what `LINES` and `COLUMNS` say.
    func size(environment: [String: String]) -> Size {
        let told = toldSize(environment)
        return Size(columns: min(told.columns, Self.largest.columns), rows: min(told.rows, Self.largest.rows))
    }

    private func toldSize(_ environment: [String: String]) -> Size {
        var window = winsize()
        if ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 {
            return Size(columns: Int(window.ws_col), rows: Int(window.ws_row))
        }
        func number(_ name: String, _ otherwise: Int) -> Int {
            environment[name].flatMap { Int($0) }.flatMap { (1...10_000).contains($0) ? $0 : nil } ?? otherwise
        }
        return Size(columns: number("COLUMNS", 80), rows: number("LINES", 24))
    }

    /// What the erase key sends.
    var eraseByte: UInt8 { withUnsafeBytes(of: before.c_cc) { $0[Int(VERASE)] } }

    /// Keys byte by byte and unchanged, output unchanged.
    /// Again inside, after SIGSTOP: the shell may have changed the modes, but what to put back is what was there first.
    /// - Returns: bytes that were typed before and wait to be read; in them the Enter key has become a line feed.
    func enter() throws(TerminalError) -> Int {
        if !isRaw, tcgetattr(descriptor, &before) != 0 { throw .system(call: "tcgetattr", code: errno) }
        var raw = before
        cfmakeraw(&raw)
        withUnsafeMutableBytes(of: &raw.c_cc) { characters in
            characters[Int(VMIN)] = 1
            characters[Int(VTIME)] = 0
        }
        var now = termios()
        let turnsEnterIntoLineFeed = tcgetattr(descriptor, &now) == 0 && now.c_iflag & tcflag_t(ICRNL) != 0
        if tcsetattr(descriptor, TCSANOW, &raw) != 0 { throw .system(call: "tcsetattr", code: errno) }
        isRaw = true
        var waiting: Int32 = 0
        return turnsEnterIntoLineFeed && ioctl(descriptor, UInt(FIONREAD), &waiting) == 0 ? Int(waiting) : 0
    }

    /// - Parameter discardingInput: drops unread bytes, such as answers to questions nobody waits for any more.
    func leave(discardingInput: Bool) {
        guard isRaw else { return }
        isRaw = false
        // From the background tcsetattr would stop us instead of restoring.
        var stop = sigset_t(), old = sigset_t()
        sigemptyset(&stop)
        sigaddset(&stop, SIGTTOU)
        pthread_sigmask(SIG_BLOCK, &stop, &old)
        var modes = before
        // A terminal that is gone has no modes; there is nothing to put back then.
        _ = SystemCall.retrying { Int(tcsetattr(descriptor, discardingInput ? TCSAFLUSH : TCSANOW, &modes)) }
        pthread_sigmask(SIG_SETMASK, &old, nil)
    }

    /// Whether keys go to our process group; true where there is no job control.
    var isForeground: Bool {
        let owner = tcgetpgrp(descriptor)
        return owner < 0 || owner == getpgrp()
    }

    var hasJobControl: Bool { tcgetpgrp(descriptor) == getpgrp() }
}
