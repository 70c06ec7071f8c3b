import Glibc
import Synchronization
import TestSupport
@testable import PrivacyLedger

/// A clock that stands until it is moved; its two hands move apart on request.
final class TestClock: Sendable {
    private let instant = Mutex(LedgerInstant(bootNanoseconds: 1_000_000_000_000, wallSeconds: 1_800_000_000))
    var now: LedgerInstant { instant.withLock { $0 } }
    var clock: LedgerClock { LedgerClock { self.now } }
    func advance(_ seconds: Double) { instant.withLock { $0 = $0.adding(seconds: seconds) } }
    /// Somebody sets the clock on the wall.
    func turnWall(by seconds: Double) { instant.withLock { $0.wallSeconds += seconds } }
    /// A fault: the steady clock goes back.
    func turnBoot(by seconds: Double) { instant.withLock { $0.bootNanoseconds += Int64(seconds * 1e9) } }
}

let plentiful = Surroundings(swap: .none, memoryQuota: 1 << 30)

func openLedger(_ folder: Folder, _ clock: LedgerClock = .system, run: RunIdentity = .current(),
                isOver: @escaping @Sendable (RunIdentity) -> Bool = RunIdentity.isOver) async throws -> Ledger {
    try await Ledger.open(at: folder.file("state"), surroundings: plentiful, clock: clock, run: run, isOver: isOver)
}

func request(_ kind: ItemKind = .analysis, _ place: ItemPlace = .ram, parent: RowID? = nil, bytes: Int64 = 0,
             rule: RetentionRule? = nil, name: String? = nil) -> ItemRequest {
    ItemRequest(kind: kind, origin: .openedFile, purpose: .mastering, place: place, reservedBytes: bytes, rule: rule,
                parent: parent, displayName: name)
}

/// Whether a descriptor still leads to the file behind another; numbers alone are reused.
func leads(_ descriptor: Int32, toFileOf other: Int32) -> Bool {
    var a = stat(), b = stat()
    return fstat(descriptor, &a) == 0 && fstat(other, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev
}
