import ArgumentParser
import AudioFiles
import Glibc
import PrivacyLedger

/// `lathe ledger verify`: whether the history is what was signed.
struct LedgerVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Prove that the history is unchanged, and say which range that covers.",
        discussion: """
            Reads only. Anything missing, unreadable or changed is a failure with exit code 65, never a pass.
            Whoever had your whole state folder could have invented another history; --against an export you kept elsewhere shows that. It compares every event and checkpoint that both hold, every row that is \
            still kept, and the export with itself. Not covered: how often presets were used (lathe stats), what tiers call their copies, wishes between processes, and a folder of which nothing at all is left.
            """)

    @Option(help: ArgumentHelp("The ledger.json of an earlier export.", valueName: "file"), completion: .file()) var against: String?
    @Flag(help: "One JSON document.") var json = false

    func run() throws {
        let report = Ledger.verify(against: try against.map { try Self.read($0) })
        if json {
            try Output.result(LedgerCommand.json(report))
        } else if report.whole {
            try Output.result(report.checkpoints == 0 ? "whole: nothing has been recorded yet" : "whole: \(report.range)")
        }
        guard !report.whole else { return }
        let more = report.problems.count > 1 ? " (and \(report.problems.count - 1) more)" : ""
        throw Failure(65, "the history is not whole: \((report.problems.first ?? "unknown").printable)\(more); \(report.range)")
    }

    /// Exports are small; a file that is not one is no reason to fill the memory.
    static func read(_ path: String, _ what: String = "the ledger.json of an export", most: Int = 256 << 20) throws(Failure) -> [UInt8] {
        let descriptor = path.withFileName { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
        guard descriptor >= 0 else { throw Failure(66, "\(path.printable): cannot be opened (\(String(cString: strerror(errno)).lowercased())); check the path") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= most else {
            throw Failure(65, "\(path.printable): is not \(what)")
        }
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &part, part.count)
            if count == 0 { return all }
            guard count > 0 else { throw Failure(74, "\(path.printable): cannot be read (\(String(cString: strerror(errno)).lowercased()))") }
            all += part[..<count]
        }
    }
}
