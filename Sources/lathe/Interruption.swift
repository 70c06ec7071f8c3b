import Dispatch
import Glibc
import Synchronization

/// SIGINT, SIGTERM and SIGHUP as a wish to stop, for every command but the studio, which has its own.
///
/// The first one is announced, so that work can end cleanly; a second one ends the process at once (nothing unnamed survives it).
final class Interruption: Sendable {
    static let shared = Interruption()

    private struct State {
        var requested = false
        var listeners: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    var isRequested: Bool { state.withLock { $0.requested } }

    /// Begins to listen to the signals. A SIGHUP that was ignored at the start (`nohup`) stays ignored.
    func install() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var current = sigaction()
            sigaction(number, nil, &current)
            if number == SIGHUP, unsafeBitCast(current.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) { continue }
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { self.request() }
            source.activate()
            // Listens for as long as the process lives.
            _ = Unmanaged.passRetained(source as AnyObject)
        }
    }

    /// Calls `act` when a stop is asked for; at once when it was before.
    func whenRequested(_ act: @escaping @Sendable () -> Void) {
        let already = state.withLock { state in
            if !state.requested { state.listeners.append(act) }
            return state.requested
        }
        if already { act() }
    }

    private func request() {
        let (again, listeners) = state.withLock { state in
            let again = state.requested
            state.requested = true
            defer { state.listeners = [] }
            return (again, state.listeners)
        }
        if again { _exit(Failure.interruptedExitCode) }
        for listener in listeners { listener() }
    }
}
