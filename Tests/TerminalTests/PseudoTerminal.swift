import Glibc
@testable import Terminal

/// The other end of the line: what a terminal emulator holds. Waits only with deadlines.
final class PseudoTerminal: @unchecked Sendable {
    // Unchecked: one test uses it from one thread at a time; descriptors are constant.
    let master: Int32
    let path: String
    /// Held open so that the pair lives while no child has it.
    private(set) var slave: Int32
    private(set) var received: [UInt8] = []
    /// Answers to what a session asks, as an emulator gives them. Empty: it never answers.
    var answers: [(question: String, answer: String)] = []
    private var answered = 0

    struct Failed: Error {}

    init(_ size: Size) throws {
        // ioctl_tty(2): TIOCSPTLCK and TIOCGPTN, whose macros Swift does not see.
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        var locked: Int32 = 0, number: Int32 = 0
        guard master >= 0, ioctl(master, 0x4004_5431, &locked) == 0, ioctl(master, 0x8004_5430, &number) == 0 else { throw Failed() }
        path = "/dev/pts/\(number)"
        slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard slave >= 0 else { throw Failed() }
        resize(size)
    }

    deinit {
        hangUp()
        if slave >= 0 { close(slave) }
    }

    private var isHungUp = false
    func hangUp() {
        if !isHungUp { close(master) }
        isHungUp = true
    }

    func releaseSlave() {
        if slave >= 0 { close(slave) }
        slave = -1
    }

    func resize(_ size: Size) {
        var window = winsize(ws_row: UInt16(size.rows), ws_col: UInt16(size.columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &window)
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { write(master, $0.baseAddress, $0.count) }
    }

    /// The line's modes in a form that compares.
    func modes() -> [UInt32] {
        var modes = termios()
        guard tcgetattr(master, &modes) == 0 else { return [] }
        let characters = withUnsafeBytes(of: modes.c_cc) { $0.map { UInt32($0) } }
        return [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag] + characters
    }

    /// One read, of at most `limit` bytes; how many came, 0 when the deadline passed or the line is gone.
    @discardableResult
    func receive(limit: Int = 65_536, until deadline: Double) -> Int {
        var one = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        guard poll(&one, 1, Int32(max(0, (deadline - SystemCall.now()) * 1000).rounded(.up))) > 0 else { return 0 }
        var chunk = [UInt8](repeating: 0, count: limit)
        let count = chunk.withUnsafeMutableBytes { read(master, $0.baseAddress, $0.count) }
        guard count > 0 else { return 0 }
        received += chunk[0..<count]
        answer()
        return count
    }

    private func answer() {
        let fresh = String(decoding: received[answered...], as: UTF8.self)
        for (question, answer) in answers { for _ in fresh.ranges(of: question) { type(answer) } }
        answered = received.count
    }

    /// Reads until `text` has been received after byte `start`; false when the seconds are over.
    func waitFor(_ text: String, after start: Int = 0, seconds: Double = 20) -> Bool {
        let wanted = Array(text.utf8)
        let deadline = SystemCall.now() + seconds
        while !received[min(start, received.count)...].contains(wanted) {
            if receive(until: deadline) == 0, SystemCall.now() >= deadline || isGone { return false }
        }
        return true
    }

    private var isGone: Bool {
        var one = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        return poll(&one, 1, 0) > 0 && one.revents & Int16(POLLHUP) != 0 && one.revents & Int16(POLLIN) == 0
    }

    /// What an emulator answers to the session's first questions: synchronized updates known, VT220.
    static let modern = [("\u{1B}[?2026$p", "\u{1B}[?2026;2$y"), ("\u{1B}[5n", "\u{1B}[0n"), ("\u{1B}[c", "\u{1B}[?62;22c")]
}

extension ArraySlice<UInt8> {
    func contains(_ wanted: [UInt8]) -> Bool {
        guard count >= wanted.count else { return false }
        return (startIndex...(endIndex - wanted.count)).contains { self[$0..<$0 + wanted.count].elementsEqual(wanted) }
    }
}
