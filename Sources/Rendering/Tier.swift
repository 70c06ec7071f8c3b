import Mastering
import PrivacyLedger

/// A place that does jobs. `LocalTier` is this machine; others are opt-in and come as files of their own.
public protocol Tier: Sendable {
    /// As configured; shown to the user and written into results.
    var name: String { get }

    func accepts(_ job: Job) -> Bool

    /// Does the job on the calling task's threads. After a throw nothing of the job is left and an old output is untouched.
    /// - Throws: typed errors of the rooms below; `CancellationError` at the next block after the cancellation was set.
    func run(_ job: Job, _ work: JobWork) async throws -> JobResult
}

/// What a tier gets along with a job.
public struct JobWork: Sendable {
    public let ledger: Ledger
    public let cancellation: CancelFlag
    /// What is already known of the input.
    public let profile: InputProfile?
    /// Any thread; cheap enough for every block.
    public let progress: @Sendable (JobStage, Double) -> Void

    public init(
        ledger: Ledger, cancellation: CancelFlag, profile: InputProfile? = nil,
        progress: @escaping @Sendable (JobStage, Double) -> Void
    ) {
        self.ledger = ledger
        self.cancellation = cancellation
        self.profile = profile
        self.progress = progress
    }
}
