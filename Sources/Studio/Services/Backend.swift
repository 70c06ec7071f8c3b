import PrivacyLedger
import Rendering

/// Ledger and engine, opened in the background once the first frame is on the screen.
/// What asks for them before they are there simply waits its turn.
final class Backend: Sendable {
    struct Parts: Sendable {
        let ledger: Ledger
        let engine: RenderEngine
        /// Why nothing temporary can be made.
        let problem: String?
    }

    private let opening: Task<Parts, any Error>
    let queue: LiveQueue

    init(launcher: EngineLauncher?, post: @escaping Post) {
        let opening = Task {
            let ledger: Ledger
            var problem: String?
            do throws(LedgerError) {
                ledger = try await Ledger.open(rules: PrivacySettings.rules())
            } catch {
                problem = error.message
                ledger = try Ledger.refusing(error)
            }
            // The render gives way to sound and screen.
            return Parts(ledger: ledger, engine: RenderEngine(ledger: ledger, niceness: 10), problem: problem)
        }
        self.opening = opening
        queue = LiveQueue(launcher: launcher, engine: { try await opening.value.engine }, post: post)
    }

    /// - Throws: `LedgerError` when not even a thread could be had.
    var parts: Parts { get async throws { try await opening.value } }

    /// Cancels what runs, destroys what is temporary, and notes the end of the run.
    func shutDown() async {
        queue.close()
        // Without a ledger and an engine there is nothing to end.
        guard let parts = try? await parts else { return }
        await parts.engine.shutDown()
        await parts.ledger.close()
    }
}
