import Glibc
import PrivacyLedger
import Synchronization

/// Work under way, as the bytes of its rows: whoever ends a row ends the work at its next block. Any thread.
///
/// The work then tells the ledger that it has let go (`Ledger.released`), so no row is called destroyed while somebody still fills it.
public final class WorkHolder: Erasable {
    public let cancellation: CancelFlag
    private let erased = Atomic(false)
    private let beatAt = Mutex(ContinuousClock.now)
    private let period: Duration
    /// Files that the work fills.
    private let files = Mutex<[(row: RowID, descriptor: Int32)]>([])

    /// - Parameter period: between two beats that reach the ledger, at least.
    public init(_ cancellation: CancelFlag = CancelFlag(), every period: Duration = .seconds(2)) {
        self.cancellation = cancellation
        self.period = period
    }

    /// Whether the ledger ended it, rather than its caller.
    public var isErased: Bool { erased.load(ordering: .relaxed) }

    public func erase() -> EraseOutcome {
        erased.store(true, ordering: .relaxed)
        cancellation.set()
        return .pending
    }

    /// The file that a row is about, open for as long as the work beats: its size is the row's.
    public func fills(_ row: RowID, _ descriptor: Int32) { files.withLock { $0.append((row, descriptor)) } }

    /// Tells the ledger that the work goes on, and how large its files are, once in a period. Cheap enough for every block.
    /// - Returns: the telling, when there was one.
    @discardableResult
    public func beat(_ rows: [RowID], _ ledger: Ledger) -> Task<Void, Never>? {
        let isDue = beatAt.withLock { last in
            guard last.duration(to: .now) >= period else { return false }
            last = .now
            return true
        }
        guard isDue else { return nil }
        let sizes = files.withLock { $0 }.compactMap { file -> (RowID, Int64)? in
            var info = stat()
            return fstat(file.descriptor, &info) == 0 ? (file.row, Int64(info.st_size)) : nil
        }
        return Task {
            for (row, bytes) in sizes { await ledger.grew(row, to: bytes) }
            for row in rows { await ledger.touch(row) }
        }
    }
}
