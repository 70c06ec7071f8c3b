import CSpawn
import Foundation
import Glibc
import Synchronization

/// A process that a test starts, listens to and ends. Any thread.
///
/// Foundation's `Process` and `Pipe` leave their descriptors open across exec: a process that another test starts at the same
/// moment inherits the end of the pipe that has to close, and the socket that tells of the exit, and whoever listens then waits
/// for that other process as well. Here a child has exactly the descriptors named in `init`, its end is seen on a pipe of its own,
/// and every wait has a limit.
public final class ChildProcess: Sendable {
    public enum Stream: Sendable {
        case null
        /// As this process has it.
        case shared
        /// Overwrites what is there.
        case file(String)
        /// Read by `lines(until:)` and `text()`; for one of the two streams.
        case captured
    }

    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    public let id: pid_t
    private let command: String
    private let captured: Int32
    private let lifeline: Int32
    private let deadline: ContinuousClock.Instant

    private struct State {
        var input: Int32
        var received = Data()
        var status: Int32?
    }
    private let state: Mutex<State>

    /// - Parameters:
    ///   - input: whether `send` is wanted; otherwise there is nothing to read.
    ///   - limit: after this it is killed and whoever waits is told.
    public init(
        _ executable: String, _ arguments: [String], environment: [String: String]? = nil, folder: String? = nil,
        input: Bool = false, output: Stream = .captured, error: Stream = .shared, limit: Duration = .seconds(300)
    ) throws {
        command = ([executable] + arguments).joined(separator: " ")
        deadline = .now + limit
        // Ours for good, and the child's, which are closed here once it has them.
        var kept: [Int32] = [], given: [Int32] = [-1, -1, -1, -1]
        defer { for descriptor in given where descriptor >= 0 { close(descriptor) } }
        func open(_ path: String, _ flags: Int32) throws -> Int32 {
            let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Failed(description: "\(path): \(String(cString: strerror(errno)))") }
            return descriptor
        }
        func pipe(to number: Int, childReads: Bool) throws -> Int32 {
            var ends: [Int32] = [-1, -1]
            guard lathe_test_pipe(&ends) == 0 else { throw Failed(description: "no pipe: \(String(cString: strerror(errno)))") }
            given[number] = childReads ? ends[0] : ends[1]
            kept.append(childReads ? ends[1] : ends[0])
            return kept[kept.count - 1]
        }
        do {
            var sending: Int32 = -1, reading: Int32 = -1
            if input { sending = try pipe(to: 0, childReads: true) } else { given[0] = try open("/dev/null", O_RDONLY) }
            for (number, stream) in [(1, output), (2, error)] {
                switch stream {
                case .shared: break
                case .null: given[number] = try open("/dev/null", O_WRONLY)
                case .file(let path): given[number] = try open(path, O_WRONLY | O_CREAT | O_TRUNC)
                case .captured: reading = try pipe(to: number, childReads: false)
                }
            }
            lifeline = try pipe(to: 3, childReads: false)
            captured = reading
            var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
            let variables = environment ?? ProcessInfo.processInfo.environment
            var pairs: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0.key + "=" + $0.value) } + [nil]
            defer { (words + pairs).forEach { free($0) } }
            id = lathe_test_spawn(&words, &pairs, folder, given)
            guard id > 0 else { throw Failed(description: "\(executable): \(String(cString: strerror(-id)))") }
            state = Mutex(State(input: sending))
        } catch {
            for descriptor in kept { close(descriptor) }
            throw error
        }
    }

    deinit {
        kill()
        closeInput()
        if captured >= 0 { close(captured) }
        close(lifeline)
    }

    // MARK: Talking

    public func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        let written = write(state.withLock { $0.input }, bytes, bytes.count)
        guard written == bytes.count else { throw Failed(description: "\(command): does not listen") }
    }

    public func closeInput() {
        state.withLock { state in
            if state.input >= 0 { close(state.input) }
            state.input = -1
        }
    }

    /// All that it has said, once a line begins with `word` or it has nothing more to say.
    public func lines(until word: String) async throws -> [String] { try await onThread { try self.hear(until: word) } }

    /// All that it says until it ends.
    public func finish() async throws -> [String] { try await onThread { Self.lines(try self.text()) } }

    /// As `lines(until:)`, on this thread: for what has to follow at once.
    public func hear(until word: String) throws -> [String] {
        try read { text in Self.lines(text).contains { $0.hasPrefix(word) } }
        return Self.lines(String(decoding: state.withLock { $0.received }, as: UTF8.self))
    }

    /// All that it says until it ends, on this thread.
    public func text() throws -> String {
        _ = try wait()
        return String(decoding: state.withLock { $0.received }, as: UTF8.self)
    }

    // MARK: The end

    /// The exit code, or the negative number of the signal that ended it.
    public func wait() throws -> Int32 {
        try read { _ in false }
        try ready(lifeline)
        return reap()
    }

    public func signal(_ number: Int32) { _ = state.withLock { $0.status == nil ? Glibc.kill(id, number) : 0 } }

    /// Ends it at once; it is gone when this returns.
    public func kill() {
        signal(SIGKILL)
        _ = reap()
    }

    private func reap() -> Int32 {
        state.withLock { state in
            if let status = state.status { return status }
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            // wait(2): the signal is in the lower seven bits, the exit code in the byte above.
            let meaning = status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
            state.status = meaning
            return meaning
        }
    }

    // MARK: Listening

    private func read(until isEnough: (String) -> Bool) throws {
        guard captured >= 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !isEnough(String(decoding: state.withLock { $0.received }, as: UTF8.self)) {
            try ready(captured)
            let count = Glibc.read(captured, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            state.withLock { $0.received += buffer[..<count] }
        }
    }

    /// Waits until a descriptor has something or its other end is gone.
    private func ready(_ descriptor: Int32) throws {
        while true {
            let left = ContinuousClock.now.duration(to: deadline).components
            let milliseconds = max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000)
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let count = poll(&wait, 1, Int32(clamping: milliseconds))
            if count > 0 { return }
            if count < 0, errno == EINTR { continue }
            kill()
            throw Failed(description: "\(command): did not end in time and was killed")
        }
    }

    private static func lines(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }

    /// A wait for another process must not hold a thread of the pool: what that process waits for may need it.
    private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }
}
