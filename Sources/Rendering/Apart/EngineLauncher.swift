import AudioFiles
import CLinux
import Glibc
import Synchronization

/// The way to an engine of its own for a program that has given up starting others: a small process, started before, that does nothing but start the engine
/// when it is asked to, and ends with the program. The engine is nobody's child then, in a session of its own: it stays when the program, its terminal or
/// its line to the user ends.
public final class EngineLauncher: Sendable {
    /// Milliseconds that an engine may take until it listens.
    private static let patience: Int32 = 10_000
    private let socket: Mutex<Int32>

    /// Starts the launcher: a fork that never was another program, so that the first picture does not wait for libraries to be loaded once more.
    /// - Returns: nil when no process can be had.
    public static func raise() -> EngineLauncher? {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { return nil }
        defer { close(ends[1]) }
        let words: [UnsafeMutablePointer<CChar>?] = ["lathe", "engine", "--ready"].map { (word: String) in strdup(word) }
        var arguments = words + [nil]
        defer { for text in arguments { free(text) } }
        guard lathe_raise_launcher(ends[1], "/proc/self/exe", &arguments, patience) > 0 else {
            close(ends[0])
            return nil
        }
        return EngineLauncher(ends[0])
    }

    private init(_ socket: Int32) { self.socket = Mutex(socket) }

    deinit { socket.withLock { _ = close($0) } }

    /// Starts an engine and waits until it listens. Blocks.
    /// - Returns: false when none came up, also because another one is there already.
    func start() -> Bool {
        socket.withLock { socket in
            var word: UInt8 = 1
            guard send(socket, &word, 1, Int32(MSG_NOSIGNAL)) == 1 else { return false }
            while true {
                let got = read(socket, &word, 1)
                if got < 0, errno == EINTR { continue }
                return got == 1 && word == 1
            }
        }
    }
}
