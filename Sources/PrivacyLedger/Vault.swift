import CLinux
import Glibc
import Synchronization

/// What an eraser found.
public enum EraseOutcome: Sendable, Equatable {
    /// No byte is left.
    case gone
    /// Whoever uses it was told to let go and will report to the ledger (`Ledger.released`).
    case pending
    case failed
}

/// Holds the bytes of one row. The ledger calls `erase` when the row's time has come.
public protocol Erasable: AnyObject, Sendable {
    /// Lets the bytes go. Called on the ledger's thread: must not block and must not call the ledger.
    func erase() -> EraseOutcome
}

/// A value in memory that lives exactly as long as its row.
public final class Held<Value: Sendable>: Erasable {
    public let id: RowID
    private let slot: Mutex<Value?>
    private let whenErased: @Sendable () -> Void

    init(id: RowID, _ value: Value, whenErased: @escaping @Sendable () -> Void) {
        self.id = id
        self.whenErased = whenErased
        slot = Mutex(value)
    }

    /// The value, or nil once the row has ended.
    public var value: Value? { slot.withLock { $0 } }

    public func erase() -> EraseOutcome {
        // The old value is freed after the lock is released: freeing a large one takes a while.
        let old = slot.withLock { slot in
            let value = slot
            slot = nil
            return value
        }
        if old != nil { whenErased() }
        return .gone
    }
}

/// A file without a name, on disk or in memory, that lives exactly as long as its row. It dies with the process.
public final class UnnamedScratch: Erasable {
    public let id: RowID
    /// Valid until the row has ended.
    public let fileDescriptor: Int32
    private let isOpen = Mutex(true)

    private init(id: RowID, fileDescriptor: Int32) {
        self.id = id
        self.fileDescriptor = fileDescriptor
    }

    /// In memory (memfd), sealed from no one but without any name.
    static func inMemory(id: RowID) throws(LedgerError) -> UnnamedScratch {
        let fd = lathe_memfd("lathe")
        guard fd >= 0 else { throw .cannotMakeScratch(path: "memory", reason: String(cString: strerror(errno))) }
        return UnnamedScratch(id: id, fileDescriptor: fd)
    }

    /// In `folder`'s file system (`O_TMPFILE`).
    static func onDisk(id: RowID, folder: String) throws(LedgerError) -> UnnamedScratch {
        let fd = lathe_open_unnamed(folder)
        guard fd >= 0 else { throw .cannotMakeScratch(path: folder, reason: String(cString: strerror(errno))) }
        return UnnamedScratch(id: id, fileDescriptor: fd)
    }

    /// Whether `folder`'s file system cannot make files without a name. Makes and drops an empty one.
    public static func needsName(in folder: String) -> Bool {
        let fd = lathe_open_unnamed(folder)
        guard fd >= 0 else { return [EOPNOTSUPP, EISDIR, EINVAL].contains(errno) }
        close(fd)
        return false
    }

    public func erase() -> EraseOutcome {
        isOpen.withLock { open in
            guard open else { return .gone }
            open = false
            // Space returns at once, even while somebody else still has the file mapped or duplicated.
            let emptied = ftruncate(fileDescriptor, 0) == 0
            return close(fileDescriptor) == 0 && emptied ? .gone : .failed
        }
    }

    deinit { _ = erase() }
}
