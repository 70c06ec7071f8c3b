import PrivacyLedger

/// Says that a row has ended.
final class Goodbye: Erasable {
    private let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func erase() -> EraseOutcome {
        body()
        return .gone
    }
}
