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
