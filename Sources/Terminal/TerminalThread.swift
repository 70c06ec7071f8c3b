import CTerminal
import Glibc

/// A thread of its own for the loop, so that it neither blocks the cooperative pool nor waits for it.
public enum TerminalThread {
    /// Runs `body` on a new thread and returns what it returned.
    public static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async throws(TerminalError) -> Value {
        let result: Result<Value, TerminalError> = await withCheckedContinuation { continuation in
            let work = Unmanaged.passRetained(Work { continuation.resume(returning: .success(body())) })
            var thread = pthread_t()
            let code = pthread_create(&thread, nil, { context in
                guard let context else { return nil }
                lathe_terminal_name_thread("terminal")
                Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
            if code == 0 {
                pthread_detach(thread)
            } else {
                work.release()
                continuation.resume(returning: .failure(.system(call: "pthread_create", code: code)))
            }
        }
        return try result.get()
    }

    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }
}
