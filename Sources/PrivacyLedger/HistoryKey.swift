import Crypto
import Glibc

/// The secret that signs the history's next checkpoint, and which checkpoint keys verification may begin at.
///
/// Each secret is the hash of the one before, which is then overwritten: whoever gets hold of the folder can sign what comes,
/// and cannot sign again what was (forward security; Bellare and Yee, "Forward-security in private-key cryptography", 2003).
/// So rows cannot be changed, removed or sealed anew without the change being seen, unless the whole history from its first
/// event is invented; against that helps an export kept elsewhere.
///
/// The file is written after each commit without waiting for the disk. One that lags behind, after a power cut, is brought
/// forward; one that is ahead of the store tells that the store was set back.
struct HistoryKey: Sendable, Equatable {
    struct Start: Sendable, Equatable {
        var index: Int64
        var key: [UInt8]
    }

    /// The checkpoint that `seed` signs.
    var index: Int64
    var seed: [UInt8]
    /// Checkpoints at which verification may begin. Two only while the older one is about to be dropped.
    var starts: [Start]
    /// The key of the very first checkpoint: the history's name for comparing it with an export.
    var anchor: [UInt8]

    /// A history that begins at checkpoint `index`.
    init(from index: Int64 = 0, anchor: [UInt8]? = nil) {
        var generator = SystemRandomNumberGenerator()
        let seed = (0..<32).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let key = Self.publicKey(seed)
        self.index = index
        self.seed = seed
        starts = [Start(index: index, key: key)]
        self.anchor = anchor ?? key
    }

    var publicKey: [UInt8] { Self.publicKey(seed) }

    /// Commits that a power cut can have kept from the key, with much to spare; more is no lag, and not worth the hashing.
    static let mostLag: Int64 = 100_000

    /// Whether checkpoint `last` can be the one before a key that lags behind, or has just been made.
    func canFollow(_ last: Int64) -> Bool {
        let (ahead, overflow) = last.subtractingReportingOverflow(index)
        return !overflow && ahead >= -1 && ahead < Self.mostLag
    }

    /// The secret of a later checkpoint.
    mutating func advance(to later: Int64) {
        while index < later {
            seed = HashTree.hash(Array("lathe-history-next".utf8) + seed)
            index += 1
        }
    }

    /// Signs a state of the history, and names the key of the next.
    func checkpoint(of tree: HashTree) throws(SQLiteError) -> HistoryCheckpoint {
        var next = self
        next.advance(to: index + 1)
        var made = HistoryCheckpoint(
            index: index, events: tree.count, root: hexadecimal(tree.root), key: hexadecimal(publicKey), next: hexadecimal(next.publicKey), signature: "")
        do {
            made.signature = hexadecimal(try Curve25519.Signing.PrivateKey(rawRepresentation: seed).signature(for: made.statement))
        } catch {
            throw SQLiteError(code: 0, reason: "the history cannot be signed: \(error)")
        }
        return made
    }

    static func publicKey(_ seed: [UInt8]) -> [UInt8] {
        // Any 32 bytes are a private key of Ed25519 (RFC 8032, 5.1.5).
        guard seed.count == 32, let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { return [] }
        return Array(key.publicKey.rawRepresentation)
    }

    // MARK: As text

    private static let heading = "lathe history key 1"
    /// Fixed, so that the file never grows where the disk is full.
    static let fileBytes = 1024

    var text: String {
        var lines = [Self.heading, "index \(index)", "seed \(hexadecimal(seed))", "anchor \(hexadecimal(anchor))"]
        lines += starts.map { "start \($0.index) \(hexadecimal($0.key))" }
        let body = lines.joined(separator: "\n")
        let whole = body + "\nsum \(hexadecimal(HashTree.hash(Array(body.utf8))))\n"
        return whole + String(repeating: " ", count: max(0, Self.fileBytes - whole.utf8.count))
    }

    /// nil for anything that `text` did not write.
    init?(text: String) {
        let all = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let at = all.firstIndex(where: { $0.hasPrefix("sum ") }) else { return nil }
        let body = all[..<at].joined(separator: "\n")
        guard let stated = bytes(hexadecimal: all[at].dropFirst(4)), stated == HashTree.hash(Array(body.utf8)) else { return nil }
        var index: Int64?
        var seed: [UInt8]?, anchor: [UInt8]?
        var starts: [Start] = []
        for line in body.split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ")
            switch (words.first, words.count) {
            case ("index", 2): index = Int64(words[1])
            case ("seed", 2): seed = bytes(hexadecimal: words[1])
            case ("anchor", 2): anchor = bytes(hexadecimal: words[1])
            case ("start", 3):
                guard let at = Int64(words[1]), let key = bytes(hexadecimal: words[2]) else { return nil }
                starts.append(Start(index: at, key: key))
            default: return nil
            }
        }
        guard body.hasPrefix(Self.heading), let index, let seed, seed.count == 32, let anchor, !starts.isEmpty else { return nil }
        (self.index, self.seed, self.starts, self.anchor) = (index, seed, starts, anchor)
        // Blanks at the end, too, are as they were written.
        guard text == self.text else { return nil }
    }
}

/// Where the key lies: a file beside the store, or, for a store in memory, nowhere but here.
final class HistoryKeyFile {
    private let path: String?
    private var inMemory: HistoryKey?

    init(path: String?) { self.path = path }

    /// `unavailable`: it may be there and be right, but cannot be looked at now (no descriptor left, no right, a failing disk). Nothing follows from that.
    enum Found: Equatable { case key(HistoryKey), none, unreadable, unavailable(Int32) }

    func read() -> Found {
        guard let path else { return inMemory.map { .key($0) } ?? .none }
        // Behind a pipe nobody may ever write.
        let fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard fd >= 0 else { return errno == ENOENT || errno == ENOTDIR ? .none : errno == ELOOP || errno == ENXIO ? .unreadable : .unavailable(errno) }
        defer { close(fd) }
        var info = stat()
        guard fstat(fd, &info) == 0 else { return .unavailable(errno) }
        // A folder is neither: it may be there for a reason, and is no key.
        guard info.st_mode & S_IFMT == S_IFREG || info.st_mode & S_IFMT == S_IFDIR else { return .unreadable }
        var failure: Int32 = 0
        let content = [UInt8](unsafeUninitializedCapacity: HistoryKey.fileBytes + 1) { buffer, count in
            let got = Glibc.read(fd, buffer.baseAddress, buffer.count)
            if got < 0 { failure = errno }
            count = max(0, got)
        }
        guard failure == 0 else { return .unavailable(failure) }
        // A file that was just made and not yet filled: its maker died before the first commit.
        if content.isEmpty { return .none }
        return HistoryKey(text: String(decoding: content, as: UTF8.self)).map { .key($0) } ?? .unreadable
    }

    /// - Parameter durably: whether what follows relies on it: it is written whatever was there, and has reached the disk. Else it gives way
    ///   to a key that is as new, because processes that commit one after the other may get here in any order.
    /// - Returns: false when it could not be written.
    func write(_ key: HistoryKey, durably: Bool) -> Bool {
        guard let path else {
            inMemory = key
            return true
        }
        let fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
        guard fd >= 0 else { return false }
        // Closing gives the lock back.
        defer { close(fd) }
        guard flock(fd, LOCK_EX) == 0 else { return false }
        if !durably, case .key(let there) = read(), there.index >= key.index { return true }
        let text = Array(key.text.utf8)
        guard pwrite(fd, text, text.count, 0) == text.count else { return false }
        return !durably || fsync(fd) == 0
    }
}
