import CTerminal
import Glibc

/// The one place that knows how system calls fail.
enum SystemCall {
    /// Repeats a call while a signal interrupts it; nil with errno as the error otherwise.
    static func retrying(_ call: () -> Int) -> Result<Int, Errno> {
        while true {
            let result = call()
            if result >= 0 { return .success(result) }
            let code = errno
            if code != EINTR { return .failure(Errno(code: code)) }
        }
    }

    struct Errno: Error, Equatable {
        let code: Int32
        var wouldBlock: Bool { code == EAGAIN || code == EWOULDBLOCK }
    }

    static func text(of code: Int32) -> String {
        // glibc keeps the text per thread (since 2.32).
        strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }

    /// Seconds on a clock that does not jump.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
