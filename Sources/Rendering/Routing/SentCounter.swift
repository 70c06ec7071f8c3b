import Synchronization

/// Bytes that have left, and when that is worth telling again: the first ones, then every mebibyte. Any thread.
final class SentCounter: Sendable {
    private let state = Mutex<(total: Int64, told: Int64)>((0, 0))

    var total: Int64 { state.withLock { $0.total } }
    var isNothing: Bool { total == 0 }

    /// - Returns: whether to tell.
    func rise(to bytes: Int64) -> Bool {
        state.withLock { state in
            state.total = max(state.total, bytes)
            guard state.total > 0, state.told == 0 || state.total - state.told >= 1 << 20 else { return false }
            state.told = state.total
            return true
        }
    }
}
