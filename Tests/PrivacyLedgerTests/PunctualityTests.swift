import Synchronization
import TestSupport
import Testing
@testable import PrivacyLedger

struct PunctualityTests {
    let folder = Folder(inMemory: true)

    /// Requests follow each other without a pause; the timer must get its turn between them.
    @Test func anItemEndsOnTimeWhileOthersAreMadeWithoutAPause() async throws {
        let rules = RetentionRules(overrides: [.fileOpen: (nil, 1)])
        let ledger = try await Ledger.open(at: folder.file("state"), rules: rules, surroundings: plentiful)
        let id = try await ledger.create(request(.analysis))
        final class Flag: Sendable { let isSet = Atomic(false) }
        let over = Flag()
        await withTaskGroup(of: Void.self) { group in
            // More than one, so that the queue is never empty.
            for _ in 0..<4 {
                group.addTask { while !over.isSet.load(ordering: .relaxed) { await ledger.touch(RowID()) } }
            }
            group.addTask {
                _ = await comesTrue { await !ledger.isOpen(id) }
                over.isSet.store(true, ordering: .relaxed)
            }
        }
        let row = try await ledger.row(matching: id.rawValue)
        #expect(row.reason == .expired && (row.settledAt ?? .infinity) - row.createdAt < 3)
        await ledger.close()
    }
}
