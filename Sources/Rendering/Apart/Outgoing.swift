import Dispatch
import Synchronization

/// What goes to one visitor of the engine, sent by a thread of its own. Who is too slow to take it loses the line, and may come again.
final class Outgoing: Sendable {
    private struct State {
        var messages: [EngineMessage] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let available = DispatchSemaphore(value: 0)
    private let sent = DispatchSemaphore(value: 0)
    private let line: EngineLine
    private static let most = 4096

    init(_ line: EngineLine) {
        self.line = line
        WaitingThread.start("lathe-teller") { [self] in
            sending: while let messages = next() { for message in messages where !line.send(message) { break sending } }
            line.end()
            sent.signal()
        }
    }

    /// Returns at once. Any thread.
    func send(_ message: EngineMessage) {
        let fits = state.withLock { state in
            guard state.messages.count < Self.most, !state.isOver else { return false }
            state.messages.append(message)
            return true
        }
        if fits { available.signal() } else { finish() }
    }

    /// What was given is still sent.
    func finish() {
        state.withLock { $0.isOver = true }
        available.signal()
    }

    /// Until the last of it has been sent, for two seconds at most. Blocks.
    func waitUntilSent() { _ = sent.wait(timeout: .now() + 2) }

    /// nil when there will be no more.
    private func next() -> [EngineMessage]? {
        available.wait()
        return state.withLock { state in
            defer { state.messages = [] }
            return state.messages.isEmpty && state.isOver ? nil : state.messages
        }
    }
}
