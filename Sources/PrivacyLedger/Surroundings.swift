import CLinux
import FoundationEssentials
import Glibc

/// What the machine means for what destruction is worth.
public struct Surroundings: Sendable, Equatable {
    /// Where memory may be swapped to.
    public enum Swap: String, Sendable, CaseIterable { case none, memory, disk }
    public var swap: Swap
    /// Bytes of memory that temporary data may take together: a quarter of all there is.
    public var memoryQuota: Int64

    /// Bytes of the ledger's disk that temporary data may take together: a quarter of what is free, as of now.
    public var diskQuota: Int64

    public init(swap: Swap, memoryQuota: Int64, diskQuota: Int64 = .max) {
        self.swap = swap
        self.memoryQuota = memoryQuota
        self.diskQuota = diskQuota
    }

    /// - Parameter directory: the ledger's.
    public static func current(for directory: String = Ledger.defaultDirectory) -> Surroundings {
        let swap = swap(text("/proc/swaps"))
        let kilobytes = text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
            .flatMap { Int64($0.split(separator: " ").dropFirst().first ?? "") } ?? 1 << 20
        var folder = directory
        // What will be made below does not exist yet; its disk does.
        while access(folder, F_OK) != 0, let slash = folder.lastIndex(of: "/"), slash != folder.startIndex { folder = String(folder[..<slash]) }
        return Surroundings(swap: swap, memoryQuota: kilobytes * 1024 / 4, diskQuota: max(0, lathe_free_bytes(folder)) / 4)
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

    /// The kernel refuses this process, from here on and for good: starting programs, every socket that leads out of the machine, other
    /// processes' memory, new rights (seccomp(2), `no_new_privs`). What a hostile file could make a decoder do is limited to that.
    /// - Parameter keepsNetwork: sockets of the Internet stay, for who serves others or carries jobs to tiers that are configured. No other sockets do.
    /// - Returns: false where the kernel or the processor knows no such filter.
    @discardableResult
    public static func giveUpPowers(keepsNetwork: Bool = false) -> Bool { lathe_give_up_powers(keepsNetwork ? 1 : 0) == 0 }

    /// The run's memory is not written to a core file and cannot be read by other programs of the same user.
    /// - Returns: false when the system refuses.
    @discardableResult
    public static func turnCoreDumpsOff() -> Bool { lathe_core_dumps_off() == 0 }

    /// What the process gives back of its memory is overwritten from here on: for those that live on after an item's end. Cost: a `memset` of what is freed.
    public static func overwriteWhatIsFreed() { lathe_zero_what_is_freed() }

    /// For a process that lives long: free memory goes back to the system early.
    public static func keepMemorySmall() { lathe_keep_memory_small() }

    /// Gives back what is free, and the pages of the program that only its start or a measurement needed. Takes some milliseconds; not for a thread that somebody waits for.
    public static func giveBackMemory() { lathe_give_back_memory() }
}
