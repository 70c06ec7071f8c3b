import CLinux
import FoundationEssentials

/// What the machine means for what destruction is worth.
public struct Surroundings: Sendable, Equatable {
    /// Where memory may be swapped to.
    public enum Swap: String, Sendable, CaseIterable { case none, memory, disk }
    public var swap: Swap
    /// Bytes of memory that temporary data may take together: a quarter of all there is.
    public var memoryQuota: Int64

    public init(swap: Swap, memoryQuota: Int64) {
        self.swap = swap
        self.memoryQuota = memoryQuota
    }

    public static func current() -> Surroundings {
        let swap = swap(text("/proc/swaps"))
        let kilobytes = text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
            .flatMap { Int64($0.split(separator: " ").dropFirst().first ?? "") } ?? 1 << 20
        return Surroundings(swap: swap, memoryQuota: kilobytes * 1024 / 4)
    }

    /// From proc(5) /proc/swaps: a heading, then a line per swap area that begins with its path.
    static func swap(_ areas: String) -> Swap {
        let lines = areas.split(separator: "\n").dropFirst()
        if lines.contains(where: { !$0.hasPrefix("/dev/zram") }) { return .disk }
        return lines.isEmpty ? .none : .memory
    }

    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// The run's memory is not written to a core file and cannot be read by other programs of the same user.
    /// - Returns: false when the system refuses.
    @discardableResult
    public static func turnCoreDumpsOff() -> Bool { lathe_core_dumps_off() == 0 }
}
