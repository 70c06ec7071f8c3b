import Glibc

/// A TCP socket bound to 127.0.0.1, made while the process may still make sockets.
///
/// Bound, it reserves its port and nothing else: nobody can connect, and it can reach nobody but this machine, because a socket with a
/// loopback address of its own has no way out (ip(7); connect gives EINVAL). `open` listens, `shut` ends that.
public final class LoopbackDoor: Sendable {
    private let descriptor: Int32
    public let port: UInt16

    /// The one of this process; set once, before anything else runs.
    public nonisolated(unsafe) static var standard = Result<LoopbackDoor, PageError>.failure(.noSocket)

    /// Tried first, so that the line for `ssh` stays the same from day to day.
    public static let usualPort: UInt16 = 8417

    /// - Parameter port: nil tries the usual one, then takes any that is free.
    /// - Throws: `.taken` when `port` is, `.noSocket` when the system has none to give.
    public init(port wanted: UInt16? = nil) throws(PageError) {
        for port in wanted.map({ [$0] }) ?? [Self.usualPort, 0] {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { throw .noSocket }
            if let bound = Self.bind(descriptor, port) {
                self.descriptor = descriptor
                self.port = bound
                return
            }
            close(descriptor)
        }
        throw wanted.map { .taken(port: $0) } ?? .noSocket
    }

    deinit { close(descriptor) }

    private static func bind(_ descriptor: Int32, _ port: UInt16) -> UInt16? {
        // Connections of the run before may still be waiting for their end.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.bind(descriptor, $0, size) }
        }
        guard result == 0 else { return nil }
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    /// A descriptor of the listening socket for the caller to close; nil when the system refuses, for example because another program
    /// listens there by now.
    func open() -> Int32? {
        guard listen(descriptor, 16) == 0 else { return nil }
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        return copy < 0 ? nil : copy
    }

    /// Nobody can connect any more.
    func shut() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// For tests: whether the system lets this socket reach an address.
    func reach(_ ip: UInt32, port: UInt16) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = ip.bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        return result == 0 ? 0 : errno
    }
}
