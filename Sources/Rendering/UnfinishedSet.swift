import AudioFiles
import Glibc
import Mastering
import PrivacyLedger

/// A file beside the masters that says what belongs to a set, for as long as its files get their names one after another.
///
/// Several files cannot appear at once. A death between two names leaves this one, the user's like the masters themselves; the next set of
/// the same name replaces it and takes it away.
struct UnfinishedSet {
    private let path: String

    private static let firstLine = "Lathe: this set of files is incomplete."

    /// - Returns: nil for a single file, which is there or is not, and where somebody keeps a file of their own under the name.
    /// - Throws: `AudioFileError`, `LedgerError`.
    static func mark(_ requests: [MasterRequest], ledger: Ledger) async throws -> UnfinishedSet? {
        let outputs = requests.flatMap(\.outputs)
        let path = requests[0].output + ".incomplete"
        guard outputs.count > 1, isFree(path) else { return nil }
        let text = """
            \(firstLine)
            The program was ended while it named them. Those below that are not here, or are older than this file, were not written.
            Master again with --force to make the set anew; this file then goes away.

            \(outputs.map { fileName(of: $0).printable }.joined(separator: "\n"))

            """
        try await RecordedFile.write(text, to: path, force: true, inputs: [], purpose: .mastering, ledger: ledger)
        return UnfinishedSet(path: path)
    }

    /// The set is whole.
    func remove() { _ = path.withFileName { unlink($0) } }

    private static func isFree(_ path: String) -> Bool {
        let descriptor = path.withFileName { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW) }
        guard descriptor >= 0 else { return errno == ENOENT }
        defer { close(descriptor) }
        var start = [UInt8](repeating: 0, count: firstLine.utf8.count)
        return read(descriptor, &start, start.count) == start.count && start.elementsEqual(firstLine.utf8)
    }
}
