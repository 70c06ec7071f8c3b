import Foundation
import Glibc

/// A thread that does one thing and ends. For calls that may hang: they must not take a place in a shared pool.
enum BackgroundThread {
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread {
            // From inside: the name given from outside is not the system's.
            Thread.current.name = name
            body()
        }
        thread.stackSize = 512 * 1024
        thread.start()
    }

    /// What the calling thread does from here on can wait for what others do: on Linux a nice value is a thread's own (nice(2), C library/kernel differences).
    static func yieldToOthers() { _ = nice(5) }
}
