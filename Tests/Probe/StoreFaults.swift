import CSQLite
import Glibc

/// Counts SQLite's changing system calls and lets the process die, or the disk be full, at one of them.
enum StoreFaults {
    enum Fault { case none, kill, full }

    nonisolated(unsafe) private static var calls = 0
    nonisolated(unsafe) private static var at = Int.max
    nonisolated(unsafe) private static var fault = Fault.none

    static var count: Int { calls }

    /// From the `n`-th call on (counted from 1, from now).
    static func arm(_ kind: Fault, at n: Int) {
        calls = 0
        at = n
        fault = kind
    }

    /// Whether this call has to fail.
    private static func strikes() -> Bool {
        calls += 1
        guard calls >= at else { return false }
        switch fault {
        case .none: return false
        case .kill:
            Glibc.kill(getpid(), SIGKILL)
            return true
        case .full:
            errno = ENOSPC
            return true
        }
    }

    /// Takes the place of the unix VFS's calls; see `xSetSystemCall` in sqlite3.h.
    static func install() {
        guard let vfs = sqlite3_vfs_find(nil), let set = vfs.pointee.xSetSystemCall else { preconditionFailure("no unix VFS") }
        let write: @convention(c) (Int32, UnsafeRawPointer?, Int) -> Int = { StoreFaults.strikes() ? -1 : Glibc.write($0, $1, $2) }
        let pwrite: @convention(c) (Int32, UnsafeRawPointer?, Int, off_t) -> Int = { StoreFaults.strikes() ? -1 : Glibc.pwrite($0, $1, $2, $3) }
        let truncate: @convention(c) (Int32, off_t) -> Int32 = { StoreFaults.strikes() ? -1 : Glibc.ftruncate($0, $1) }
        let remove: @convention(c) (UnsafePointer<CChar>?) -> Int32 = { StoreFaults.strikes() ? -1 : Glibc.unlink($0!) } // SQLite passes a path
        _ = set(vfs, "write", unsafeBitCast(write, to: sqlite3_syscall_ptr.self))
        _ = set(vfs, "pwrite", unsafeBitCast(pwrite, to: sqlite3_syscall_ptr.self))
        _ = set(vfs, "pwrite64", unsafeBitCast(pwrite, to: sqlite3_syscall_ptr.self))
        _ = set(vfs, "ftruncate", unsafeBitCast(truncate, to: sqlite3_syscall_ptr.self))
        _ = set(vfs, "unlink", unsafeBitCast(remove, to: sqlite3_syscall_ptr.self))
    }
}
