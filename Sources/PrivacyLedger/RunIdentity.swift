import FoundationEssentials
import Glibc
import Synchronization

/// What a run is, for whoever reads about it later: nil for what is not known.
public struct RunFacts: Sendable, Equatable, Codable {
    /// The program's version.
    public var build: String?
    /// The hash of the policy that it ran under, as `lathe ledger policy` prints it.
    public var policy: String?
    /// Of the ledger's folder: `disk`, `memory`, `network` or `unknown`.
    public var fileSystem: String?

    public init(build: String? = nil, policy: String? = nil, fileSystem: String? = nil) {
        (self.build, self.policy, self.fileSystem) = (build, policy, fileSystem)
    }

    /// Who knows what this program is and under which policy it runs: told once, at its start, and asked whenever a ledger is opened.
    public static let ofThisProgram = Mutex<(@Sendable () -> RunFacts)?>(nil)
}

/// One run of Lathe, and how others see whether it still lives.
public struct RunIdentity: Sendable, Equatable {
    /// Random.
    public var id: String
    /// Changes at every boot.
    public var boot: String
    public var process: Int32
    /// Start of the process in clock ticks since boot: tells a process from a later one with the same number.
    public var processStart: Int64
    /// The process-number name space (containers have their own).
    public var processSpace: String

    public init(id: String = RowID().rawValue, boot: String, process: Int32, processStart: Int64, processSpace: String) {
        self.id = id
        self.boot = boot
        self.process = process
        self.processStart = processStart
        self.processSpace = processSpace
    }

    /// This process as a new run.
    public static func current() -> RunIdentity {
        RunIdentity(
            boot: currentBoot(), process: getpid(),
            processStart: status(of: getpid())?.start ?? 0, processSpace: currentSpace())
    }

    /// Whether a run is over as far as this process can tell: a different boot, no such process, a zombie, or another
    /// process under the same number. Runs in another process-number name space cannot be judged and count as alive.
    public static func isOver(_ run: RunIdentity) -> Bool {
        guard run.boot == currentBoot() else { return true }
        guard run.processSpace == currentSpace() else { return false }
        guard let now = status(of: run.process) else { return true }
        return now.start != run.processStart || now.isZombie
    }

    private static func currentBoot() -> String {
        guard let data = FileManager.default.contents(atPath: "/proc/sys/kernel/random/boot_id"),
              let text = String(data: data, encoding: .utf8) else { return "unknown" }
        return String(text.prefix { !$0.isWhitespace })
    }

    private static func currentSpace() -> String {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = readlink("/proc/self/ns/pid", &buffer, buffer.count - 1)
        guard count > 0 else { return "unknown" }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Fields 3 and 22 of proc(5) /proc/PID/stat. The name in field 2 may hold anything, so fields count from its last `)`.
    static func status(of process: Int32) -> (start: Int64, isZombie: Bool)? {
        guard let data = FileManager.default.contents(atPath: "/proc/\(process)/stat") else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, let start = Int64(fields[19]) else { return nil }
        return (start, fields[0] == "Z" || fields[0] == "X")
    }
}
