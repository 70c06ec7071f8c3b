import CLinux
import FoundationEssentials

/// A moment on both clocks: one that only goes forward and decides, one that people read and anybody can turn.
public struct LedgerInstant: Sendable, Equatable, Codable {
    /// CLOCK_BOOTTIME: the same for all processes of this boot, counts suspended time, cannot be set.
    public var bootNanoseconds: Int64
    /// Seconds since 1970, for display only.
    public var wallSeconds: Double

    public init(bootNanoseconds: Int64, wallSeconds: Double) {
        self.bootNanoseconds = bootNanoseconds
        self.wallSeconds = wallSeconds
    }

    public func adding(seconds: Double) -> LedgerInstant {
        LedgerInstant(bootNanoseconds: bootNanoseconds + Int64(seconds * 1e9), wallSeconds: wallSeconds + seconds)
    }

    /// Seconds from `other` to this on the clock that decides.
    public func seconds(since other: LedgerInstant) -> Double {
        Double(bootNanoseconds - other.bootNanoseconds) / 1e9
    }
}

/// Tells the time; tests bring their own.
public struct LedgerClock: Sendable {
    public let now: @Sendable () -> LedgerInstant

    public init(now: @escaping @Sendable () -> LedgerInstant) { self.now = now }

    public static let system = LedgerClock {
        LedgerInstant(bootNanoseconds: lathe_boot_nanoseconds(), wallSeconds: Date().timeIntervalSince1970)
    }
}
