import AudioFiles
import CLinux
import Crypto
import FoundationEssentials
import Glibc
import PrivacyLedger

/// Where the engine of a user listens: one socket for each ledger, in a folder that nobody else may enter.
public struct EnginePlace: Sendable, Equatable {
    /// `$XDG_RUNTIME_DIR/lathe`, else `run` beside the ledger (XDG Base Directory Specification).
    public let folder: String
    /// Tells engines of different ledgers apart.
    public let name: String

    public init(folder: String, name: String) {
        self.folder = folder
        self.name = name
    }

    public static func standard(ledger: String = Ledger.defaultDirectory) -> EnginePlace {
        let digest = SHA256.hash(data: Data(ledger.utf8)).prefix(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"].flatMap { path -> String? in
            var info = stat()
            guard path.hasPrefix("/"), stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFDIR, info.st_uid == geteuid() else { return nil }
            return path
        }
        return EnginePlace(folder: runtime.map { $0 + "/lathe" } ?? ledger + "/run", name: "engine-" + digest)
    }

    private var socketName: String { name + ".socket" }

    /// The open folder, made when missing. It is ours and closed to others, or nothing is done in it.
    private func openFolder(making: Bool) throws(JobFailure) -> Int32 {
        if making {
            var path = ""
            for part in folder.split(separator: "/") {
                path += "/" + part
                if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure(String(cString: strerror(errno))) }
            }
        }
        let fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard fd >= 0 else { throw failure(String(cString: strerror(errno))) }
        var info = stat()
        guard fstat(fd, &info) == 0, info.st_uid == geteuid(), info.st_mode & 0o077 == 0 else {
            close(fd)
            throw failure("others may enter it; chmod 700")
        }
        return fd
    }

    private func failure(_ reason: String) -> JobFailure {
        JobFailure(message: "\(folder.printable): the engine cannot be reached there (\(reason.lowercased()))", exitCode: 69)
    }

    /// A line to the engine; nil when none listens.
    func connect() throws(JobFailure) -> EngineLine? {
        var info = stat()
        guard stat(folder, &info) == 0 else { return nil }
        let fd = try openFolder(making: false)
        defer { close(fd) }
        let line = lathe_connect_at(fd, socketName)
        guard line >= 0 else {
            if [ENOENT, ECONNREFUSED, EAGAIN].contains(errno) { return nil }
            throw failure(String(cString: strerror(errno)))
        }
        guard lathe_is_same_user(line) == 1 else {
            close(line)
            throw failure("somebody else listens there")
        }
        return EngineLine(line)
    }

    /// Becomes the one engine here.
    /// - Returns: nil when there is one already.
    func listen() throws(JobFailure) -> Listening? {
        let fd = try openFolder(making: true)
        let lock = openat(fd, name + ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard lock >= 0 else {
            close(fd)
            throw failure(String(cString: strerror(errno)))
        }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            close(lock)
            close(fd)
            return nil
        }
        // Who holds the lock is alone: a socket that is there was left by an engine that was killed.
        unlinkat(fd, socketName, 0)
        let socket = lathe_listen_at(fd, socketName)
        guard socket >= 0 else {
            let reason = String(cString: strerror(errno))
            close(lock)
            close(fd)
            throw failure(reason)
        }
        return Listening(socket: socket, folder: fd, lock: lock, name: socketName)
    }

    /// A socket that is listened on, and the right to.
    final class Listening: Sendable {
        let socket: Int32
        private let folder: Int32
        private let lock: Int32
        private let name: String

        init(socket: Int32, folder: Int32, lock: Int32, name: String) {
            (self.socket, self.folder, self.lock, self.name) = (socket, folder, lock, name)
        }

        /// The next line; nil when there will be none. Blocks.
        func accept() -> EngineLine? {
            while true {
                let line = lathe_accept(socket)
                if line < 0 {
                    if [EINTR, ECONNABORTED].contains(errno) { continue }
                    return nil
                }
                if lathe_is_same_user(line) == 1 { return EngineLine(line) }
                close(line)
            }
        }

        /// Nobody is let in any more. The lock goes with the process.
        func end() {
            unlinkat(folder, name, 0)
            shutdown(socket, Int32(SHUT_RDWR))
        }
    }
}
