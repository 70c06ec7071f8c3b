import CTerminal
import Glibc

/// Standard error through a pipe while the studio is on the screen: libraries report to it, and the terminal would show it
/// in the middle of the picture.
final class StandardErrorCapture {
    /// The pipe's end to read and the real standard error; -1 while nothing is captured.
    private(set) var readEnd: Int32 = -1
    private(set) var saved: Int32 = -1
    private var unfinished: [UInt8] = []

    private static let lineLimit = 4096

    /// Begins, unless already begun or standard error goes elsewhere than to a terminal. Without a pipe there is no capture.
    func begin(isCaptured: Bool) {
        guard isCaptured, saved < 0, isatty(STDERR_FILENO) == 1 else { return }
        var ends: [Int32] = [-1, -1]
        // Non-blocking at both ends: a library that writes more than is read loses text, not time.
        guard lathe_pipe(&ends) == 0 else { return }
        saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
        if saved < 0 || dup2(ends[1], STDERR_FILENO) < 0 {
            close(ends[0])
            if saved >= 0 { close(saved) }
            saved = -1
        } else {
            readEnd = ends[0]
        }
        close(ends[1])
    }

    func end() {
        guard saved >= 0 else { return }
        dup2(saved, STDERR_FILENO)
        close(saved)
        close(readEnd)
        saved = -1
        readEnd = -1
        unfinished = []
    }

    /// Complete lines since the last time, made inert.
    func takeLines() -> [String] {
        guard readEnd >= 0 else { return [] }
        var lines: [String] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        // A flood is left for the next turn.
        for _ in 0..<4 {
            let count = chunk.withUnsafeMutableBytes { read(readEnd, $0.baseAddress, $0.count) }
            if count <= 0 { break }
            for byte in chunk[0..<count] {
                if byte == 0x0A || unfinished.count >= Self.lineLimit {
                    lines.append(Sanitise.line(bytes: unfinished))
                    unfinished = []
                }
                if byte != 0x0A { unfinished.append(byte) }
            }
        }
        return lines
    }
}
