import Foundation
import Glibc
import Synchronization
@testable import PrivacyLedger

/// A folder of its own for each test, gone afterwards.
final class Folder: Sendable {
    let path: String
    /// - Parameter inMemory: on a file system without a disk behind it, for tests that start over many times.
    init(inMemory: Bool = false) {
        let place = inMemory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : NSTemporaryDirectory()
        var template = Array("\(place)/lathe-test-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary folder")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
    func write(_ data: Data, to name: String) throws { try data.write(to: URL(fileURLWithPath: file(name))) }
    /// Everything in it, hidden files too.
    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
    func bytes(_ name: String) -> Data { FileManager.default.contents(atPath: file(name)) ?? Data() }
}

/// A clock that stands until it is moved; its two hands move apart on request.
final class TestClock: Sendable {
    private let instant = Mutex(LedgerInstant(bootNanoseconds: 1_000_000_000_000, wallSeconds: 1_800_000_000))
    var now: LedgerInstant { instant.withLock { $0 } }
    var clock: LedgerClock { LedgerClock { self.now } }
    func advance(_ seconds: Double) { instant.withLock { $0 = $0.adding(seconds: seconds) } }
    /// Somebody sets the clock on the wall.
    func turnWall(by seconds: Double) { instant.withLock { $0.wallSeconds += seconds } }
    /// A fault: the steady clock goes back.
    func turnBoot(by seconds: Double) { instant.withLock { $0.bootNanoseconds += Int64(seconds * 1e9) } }
}

let plentiful = Surroundings(swap: .none, memoryQuota: 1 << 30)

func openLedger(_ folder: Folder, _ clock: LedgerClock = .system, run: RunIdentity = .current(),
                isOver: @escaping @Sendable (RunIdentity) -> Bool = RunIdentity.isOver) async throws -> Ledger {
    try await Ledger.open(at: folder.file("state"), surroundings: plentiful, clock: clock, run: run, isOver: isOver)
}

func request(_ kind: ItemKind = .analysis, _ place: ItemPlace = .ram, parent: RowID? = nil, bytes: Int64 = 0,
             rule: RetentionRule? = nil, name: String? = nil) -> ItemRequest {
    ItemRequest(kind: kind, origin: .openedFile, purpose: .mastering, place: place, reservedBytes: bytes, rule: rule,
                parent: parent, displayName: name)
}

/// Whether a descriptor still leads to the file behind another; numbers alone are reused.
func leads(_ descriptor: Int32, toFileOf other: Int32) -> Bool {
    var a = stat(), b = stat()
    return fstat(descriptor, &a) == 0 && fstat(other, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev
}

/// The test suite's second program, built beside it.
struct ProbeProcess {
    let process = Process()
    private let output = Pipe()
    let input = Pipe()

    static var path: String {
        let here = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? here
        for start in [here, bundle] {
            var folder = URL(fileURLWithPath: start).deletingLastPathComponent()
            while folder.path != "/" {
                let candidate = folder.appendingPathComponent("lathe-probe").path
                if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
                folder = folder.deletingLastPathComponent()
            }
        }
        return "lathe-probe"
    }

    init(_ arguments: String...) throws {
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        process.standardOutput = output
        process.standardInput = input
        try process.run()
    }

    /// Lines until one begins with `word` or the output ends.
    func lines(until word: String) -> [String] {
        var text = Data()
        while true {
            let more = output.fileHandleForReading.availableData
            text += more
            let lines = String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
            if more.isEmpty || lines.contains(where: { $0.hasPrefix(word) }) { return lines }
        }
    }

    /// Everything it says until it ends.
    func finish() -> [String] {
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
