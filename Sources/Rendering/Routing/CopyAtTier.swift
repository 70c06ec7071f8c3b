import PrivacyLedger
import Synchronization

/// What lies at a tier under a row: whoever destroys the row has the tier asked, and the ledger hears what it answers.
final class CopyAtTier: Erasable {
    let id: RowID
    let handle = Mutex<String?>(nil)
    private let tier: any RemoteTier
    private let ledger: Ledger
    private let asked = Mutex(false)

    init(_ id: RowID, _ tier: any RemoteTier, _ ledger: Ledger) { (self.id, self.tier, self.ledger) = (id, tier, ledger) }

    var wasAsked: Bool { asked.withLock { $0 } }

    func erase() -> EraseOutcome {
        guard let handle = handle.withLock({ $0 }) else { return .failed }
        asked.withLock { $0 = true }
        let (id, tier, ledger) = (id, tier, ledger)
        Task {
            let answer = await tier.destroy(handle)
            // A ledger that is closed meanwhile leaves the row to its time.
            do { try await ledger.tierAnswered(id, answer) } catch {}
        }
        return .pending
    }
}
