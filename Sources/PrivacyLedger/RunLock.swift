import CLinux
import Glibc

/// A run's sign of life that no clock, boot id or name space can hide: one byte of a file beside the ledger, locked for as long as the process lives (fcntl(2), open file
/// description locks). The kernel lets go of it, however the process ends; over a network file system its server does.
final class RunLock {
    private let descriptor: Int32

    static let fileName = "runs.lock"

    /// nil where nothing can be locked: such a run is judged by its process alone.
    init?(_ run: String, in directory: String) {
        descriptor = open(directory + "/" + Self.fileName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard descriptor >= 0 else { return nil }
        guard lathe_lock_byte(descriptor, Self.place(of: run)) == 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }

    /// Whether some living process has locked the byte of that run.
    static func isHeld(_ run: String, in directory: String) -> Bool {
        let descriptor = open(directory + "/" + fileName, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return lathe_byte_is_locked(descriptor, place(of: run)) == 1
    }

    /// Sixty bits of its id: two runs of one ledger meet there once in a billion years.
    private static func place(of run: String) -> Int64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in run.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int64(hash >> 4)
    }
}
