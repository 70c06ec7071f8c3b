import CTerminal
import Glibc

/// Signals as bytes in a pipe, so that the loop's one `poll` sees them.
final class SignalPipe {
    let readEnd: Int32
    private let writeEnd: Int32
    private var isActive = false

    /// The first three change something; the others end a process that has no handler for them (signal(7)), without a word to its terminal.
    private static let handled: [Int32] = [
        SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT, SIGXCPU,
    ]

    init() throws(TerminalError) {
        var ends: [Int32] = [-1, -1]
        if lathe_pipe(&ends) != 0 { throw .system(call: "pipe2", code: errno) }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        end()
        close(readEnd)
        close(writeEnd)
    }

    /// - Throws: if another loop of this process already owns the signals.
    func begin() throws(TerminalError) {
        guard lathe_signals_begin(writeEnd, Self.handled, Int32(Self.handled.count)) else {
            throw .busy
        }
        isActive = true
    }

    func end() {
        if isActive { lathe_signals_end() }
        isActive = false
    }

    /// The signals since the last time, each once, in the order of their first arrival.
    func take() -> [Int32] {
        var seen: [Int32] = []
        var bytes = [UInt8](repeating: 0, count: 512)
        while true {
            let count = bytes.withUnsafeMutableBytes { read(readEnd, $0.baseAddress, $0.count) }
            if count <= 0 { return seen }
            for byte in bytes[0..<count] where !seen.contains(Int32(byte)) { seen.append(Int32(byte)) }
        }
    }
}
