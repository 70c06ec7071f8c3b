import CLinux
import FoundationEssentials
import Glibc
import Synchronization

/// A connection between an engine and who uses it: frames of JSON, each after its length as four bytes, the highest first.
///
/// Sending from any thread, receiving from one. A frame longer than `mostBytes` ends the line: the length sizes nothing before it is looked at.
final class EngineLine: Sendable {
    private let descriptor: Int32
    private let sending = Mutex(true)
    /// An album of a hundred tracks with all that was measured of it has some 6 MB.
    static let mostBytes = 16 << 20
    /// Seconds that the other end may take to make room for a frame.
    private static let patience = 10

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Ends both directions; whoever waits on it is woken. Harmless twice.
    func end() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// How long `receive` may wait from here on; 0 is for ever.
    func limitWaiting(seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// - Returns: false when the line has ended, or the other end takes nothing any more.
    func send(_ value: some Encodable) -> Bool {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        guard let body = try? encoder.encode(value), body.count <= Self.mostBytes else { return false } // what cannot be said ends the line
        let length = UInt32(body.count)
        let frame = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) } + Array(body)
        return sending.withLock { isWhole in
            guard isWhole else { return false }
            // Half a frame would turn all that follows into nonsense.
            isWhole = frame.withUnsafeBytes(write)
            return isWhole
        }
    }

    /// The next frame; nil at the end of the line, or at what is no such value.
    func receive<Value: Decodable>(_ type: Value.Type) -> Value? {
        var head: [UInt8] = [0, 0, 0, 0]
        guard head.withUnsafeMutableBytes(read) else { return nil }
        let length = head.reduce(0) { $0 << 8 | Int($1) }
        guard length <= Self.mostBytes else { return nil }
        var body = [UInt8](repeating: 0, count: length)
        guard body.withUnsafeMutableBytes(read) else { return nil }
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try? decoder.decode(type, from: Data(body)) // another version's value is no value here
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let n = Glibc.send(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if n < 0, errno == EINTR { continue }
            guard n > 0 else { return false }
            rest = rest.dropFirst(n)
        }
        return true
    }

    private func read(_ bytes: UnsafeMutableRawBufferPointer) -> Bool {
        var done = 0
        while done < bytes.count {
            let n = recv(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, 0)
            if n < 0, errno == EINTR { continue }
            guard n > 0 else { return false }
            done += n
        }
        return true
    }
}

/// A thread for calls that wait for another process: they must not take a place in a shared pool.
enum WaitingThread {
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        final class Start {
            let body: @Sendable () -> Void
            let name: String
            init(_ name: String, _ body: @escaping @Sendable () -> Void) { (self.name, self.body) = (name, body) }
        }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Start(name, body))
        let code = pthread_create(&thread, nil, { context in
            guard let context else { return nil }
            let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
            lathe_name_thread(start.name)
            start.body()
            return nil
        }, context.toOpaque())
        precondition(code == 0, "no thread could be started")
        pthread_detach(thread)
    }

    static func run<Value: Sendable>(_ name: String, _ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in start(name) { continuation.resume(returning: body()) } }
    }
}
