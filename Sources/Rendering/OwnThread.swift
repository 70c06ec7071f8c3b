import Foundation
import Synchronization

/// A question that may never be answered, such as one to a file system of another machine: asked on a thread of its own, so that no shared thread waits
/// with it, and given up when the task is cancelled. The thread then ends when the answer comes.
func onOwnThread<Value: Sendable>(_ name: String, _ body: @escaping @Sendable () -> Value) async throws -> Value {
    let state = OneAnswer<Value>()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            guard state.begin(continuation) else { return }
            let thread = Thread {
                // From inside: the name given from outside is not the system's.
                Thread.current.name = name
                state.finish(.success(body()))
            }
            thread.stackSize = 512 * 1024
            thread.start()
        }
    } onCancel: {
        state.finish(.failure(CancellationError()))
    }
}

/// The first answer counts.
private final class OneAnswer<Value: Sendable>: Sendable {
    private enum State {
        case fresh, over
        case waiting(CheckedContinuation<Value, any Error>)
    }

    private let state = Mutex(State.fresh)

    /// False when it was cancelled before it began; the continuation is then answered.
    func begin(_ continuation: CheckedContinuation<Value, any Error>) -> Bool {
        let begins = state.withLock { state in
            guard case .fresh = state else { return false }
            state = .waiting(continuation)
            return true
        }
        if !begins { continuation.resume(throwing: CancellationError()) }
        return begins
    }

    func finish(_ result: Result<Value, any Error>) {
        let waiting = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            defer { state = .over }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume(with: result)
    }
}
