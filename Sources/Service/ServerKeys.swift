import Crypto
import FoundationEssentials
import Glibc

/// The secrets of a server, each in a file of its own that only its user can read: the key that signs receipts, and the pepper under which tokens and
/// accounts are remembered. The pepper lies apart from the store, so that a copy of the store alone tells nobody's key.
public struct ServerKeys: Sendable {
    /// 32 bytes: any are a key of Ed25519 (RFC 8032, 5.1.5).
    let receiptSeed: [UInt8]
    let pepper: SymmetricKey

    /// Reads both, making what is missing.
    /// - Throws: `ServeError.secret` for a file that others may read, or that is no secret.
    public init(folder: String) throws(ServeError) {
        receiptSeed = try Self.secret(folder + "/receipts.key")
        pepper = SymmetricKey(data: try Self.secret(folder + "/pepper"))
    }

    private static func secret(_ path: String) throws(ServeError) -> [UInt8] {
        func wrong(_ reason: String) -> ServeError { .secret(path: path, reason: reason) }
        var fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if fd < 0, errno == ENOENT {
            fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard fd >= 0 else { throw wrong(String(cString: strerror(errno)).lowercased()) }
            let made = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
            guard made.withUnsafeBytes({ write(fd, $0.baseAddress, $0.count) }) == made.count, fsync(fd) == 0, lseek(fd, 0, SEEK_SET) == 0 else {
                close(fd)
                unlink(path)
                throw wrong("cannot be written")
            }
        }
        guard fd >= 0 else { throw wrong(String(cString: strerror(errno)).lowercased()) }
        defer { close(fd) }
        var info = stat()
        guard fstat(fd, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_mode & 0o077 == 0, info.st_uid == geteuid() else { throw wrong("others may read it; chmod 600") }
        var bytes = [UInt8](repeating: 0, count: 33)
        guard read(fd, &bytes, bytes.count) == 32 else { throw wrong("does not hold 32 bytes; remove it for a new one, old receipts and tokens then count no more") }
        return Array(bytes.prefix(32))
    }
}
