import AudioFiles
import CLinux
import Glibc
import Synchronization

/// The way to an engine of its own for a program that has given up starting others: a small process, started before, that does nothing but start the engine
/// when it is asked to, and ends with the program. The engine is nobody's child then, in a session of its own: it stays when the program, its terminal or
/// its line to the user ends.
public final class EngineLauncher: Sendable {
    static let name = "lathe-launcher"
    private static let line = Int32(LATHE_LINE)
    /// Milliseconds that an engine may take until it listens.
    private static let patience: Int32 = 10_000
    private let socket: Mutex<Int32>

    /// Call before anything else is done. Returns at once unless this process was started to launch.
    public static func serveIfAsked() {
        guard CommandLine.argc == 1, let called = CommandLine.unsafeArgv[0], String(cString: called) == name else { return }
        lathe_name_thread(name)
        var word: UInt8 = 0
        while true {
            let got = read(line, &word, 1)
            if got < 0, errno == EINTR { continue }
            guard got == 1 else { _exit(0) }
            let words: [UnsafeMutablePointer<CChar>?] = ["lathe", "engine", "--ready"].map { (word: String) in strdup(word) }
            var arguments = words + [nil]
            defer { for text in arguments { free(text) } }
            var answer = UInt8(lathe_start_detached("/proc/self/exe", &arguments, patience) == 1 ? 1 : 0)
            guard write(line, &answer, 1) == 1 else { _exit(0) }
        }
    }

    /// Starts the launcher; a millisecond or two, most of it on another core.
    /// - Parameter program: what calls `serveIfAsked` before anything else.
    /// - Returns: nil when no process can be had.
    public static func raise(program: String = "/proc/self/exe") -> EngineLauncher? {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { return nil }
        defer { close(ends[1]) }
        let process = lathe_spawn_apart(program, name, ends[1], nil)
        guard process > 0 else {
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
