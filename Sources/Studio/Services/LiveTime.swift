import Glibc

/// The system's clocks.
struct LiveTime: TimeSource {
    func wall() -> (seconds: Double, text: String) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return (Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9, Self.clock(Double(now.tv_sec)))
    }

    /// `15:43`, where the user is.
    static func clock(_ seconds: Double) -> String {
        var time = time_t(seconds), local = tm()
        localtime_r(&time, &local)
        func two(_ n: Int32) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return two(local.tm_hour) + ":" + two(local.tm_min)
    }

    func milliseconds() -> Int64 { Self.monotonicMilliseconds() }

    static func monotonicMilliseconds() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }
}
