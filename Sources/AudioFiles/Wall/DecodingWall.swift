import CLinux
import Glibc
import Synchronization

/// The line to the keeper, a small process that starts one confined process for each file to decode, and each codec to run.
///
/// The keeper is this program once more, started before `Surroundings.giveUpPowers` forbids that, in a session of its own and with nothing
/// open but the line. It ends when the line does, and its children with it: nothing is left after the end of this process, whatever ended it.
public final class DecodingWall: Sendable {
    /// The socket; −1 once the wall is down.
    private let line: Mutex<Int32>
    /// The keeper's number.
    let keeperID: Int32
    /// Seconds that an answer may take.
    let patience: Int

    /// Starts the keeper; some milliseconds of another core. `program` calls `WallKeeper.serveIfAsked` before anything else.
    /// - Parameter patience: seconds that an answer may take before its decoder counts as stuck.
    /// - Returns: `apart`, or `nowhere` with the reason.
    public static func raise(program: String = "/proc/self/exe", patience: Int = 60) -> DecodingPlace {
        var ends: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { return .nowhere(code: errno) }
        defer { close(ends[1]) }
        limitWaiting(ends[0], patience)
        // What it takes to find and load programs, and nothing else of the user's.
        let kept: [UnsafeMutablePointer<CChar>?] = ["PATH", "LD_LIBRARY_PATH"].compactMap { (name: String) in getenv(name).flatMap { strdup("\(name)=" + String(cString: $0)) } }
        var environment: [UnsafeMutablePointer<CChar>?] = kept + [strdup("SWIFT_BACKTRACE=enable=no"), nil]
        defer { for text in environment { free(text) } }
        let keeper = lathe_spawn_apart(program, WallKeeper.name, ends[1], &environment)
        guard keeper > 0 else {
            close(ends[0])
            return .nowhere(code: -keeper)
        }
        return .apart(DecodingWall(socket: ends[0], keeper: keeper, patience))
    }

    private init(socket: Int32, keeper: Int32, _ patience: Int) {
        line = Mutex(socket)
        keeperID = keeper
        self.patience = patience
    }

    deinit { lower() }

    /// Ends the keeper and all it started, and waits until they are gone. What asks afterwards is refused.
    public func lower() {
        line.withLock { line in
            guard line >= 0 else { return }
            close(line)
            line = -1
            while waitpid(keeperID, nil, 0) < 0, errno == EINTR {}
        }
    }

    /// Has `task` done by a new process, which gets copies of `descriptors`.
    func start(_ task: WallTask, value: Int32 = 0, _ descriptors: [Int32]) throws(DecodeFailure) -> ApartProcess {
        var answer = WallAnswer()
        var handles: [Int32] = [-1, -1, -1, -1], count: Int32 = 0
        let code: Int32 = line.withLock { line in
            guard line >= 0 else { return EPIPE }
            var request = WallRequest(task: task.rawValue, value: value)
            guard lathe_send(line, &request, MemoryLayout<WallRequest>.size, descriptors, Int32(descriptors.count)) > 0 else { return errno }
            while true {
                let got = lathe_receive(line, &answer, MemoryLayout<WallAnswer>.size, &handles, &count)
                if got < 0, errno == EINTR { continue }
                return got < 0 ? errno : got == 0 ? EPIPE : answer.code
            }
        }
        guard code == 0, count == 1 else {
            for handle in handles.prefix(Int(count)) { close(handle) }
            throw .unavailable(code: code == 0 ? EPROTO : code)
        }
        return ApartProcess(handle: handles[0], behind: self)
    }

    static func limitWaiting(_ socket: Int32, _ seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] { setsockopt(socket, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size)) }
    }
}

/// A process behind the wall; ends with this value.
public final class ApartProcess {
    private let handle: Int32
    /// Stands as long as somebody is behind it.
    private let wall: DecodingWall

    init(handle: Int32, behind wall: DecodingWall) {
        self.handle = handle
        self.wall = wall
    }

    deinit {
        // Fails only for one that has ended.
        _ = lathe_process_end(handle)
        close(handle)
    }
}
