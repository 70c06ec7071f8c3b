import AudioFiles
import Mastering
import PrivacyLedger
import RemoteTiers
import Rendering

/// Asks tiers to destroy what earlier runs left there. What a running Lathe has there, it asks for itself.
enum AskingTiers {
    /// - Returns: the rows that no tier was asked about, and what became of the others.
    static func askBack(_ ids: [RowID], _ ledger: Ledger) async -> (rest: [RowID], answered: DestroyReport) {
        var rest: [RowID] = [], report = DestroyReport()
        for id in ids {
            do {
                // The answer before may have been about its neighbour, too.
                guard try await ledger.row(matching: id.rawValue).settledAt == nil else {
                    report.destroyed.append(id)
                    continue
                }
                guard let copy = try await ledger.copy(of: id), copy.isNobodys else {
                    rest.append(id)
                    continue
                }
                guard let settings = try TierConfiguration.tiers().first(where: { $0.name == copy.tier && copy.lies(at: $0.url.origin) }) else {
                    report.failures.append("\(id): \(copy.tier) is not configured as it was when this was sent there, so it cannot be asked; `lathe ledger why \(id)` says when it means to end it")
                    continue
                }
                let answer = await RemoteTierList.make(settings).destroy(copy.handle)
                try await ledger.tierAnswered(id, answer)
                if try await ledger.row(matching: id.rawValue).settledAt != nil {
                    report.destroyed.append(id)
                } else {
                    let why = answer.isDestroyed ? "it says that it is gone, without a receipt by the key that was agreed" : answer.reason ?? "it does not say that it is gone"
                    report.failures.append("\(id): \(copy.tier) was asked to destroy it: \(why.printable); the row stays until its time")
                }
            } catch {
                report.failures.append("\(id): " + ((error as? LedgerError)?.message ?? String(describing: error).printable))
            }
        }
        return (rest, report)
    }
}
