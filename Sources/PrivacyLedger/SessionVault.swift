import CLinux
import Crypto
import FoundationEssentials
import Glibc

/// What a later run is to find again after a lost line or a crash: besides the engine's jobs (`keepJob`) the one thing that is meant to outlive its run, and only where the user
/// has asked for it.
///
///     try await ledger.keepSession(bytes)              // as often as it is worth it; the newest takes the place of the one before
///     let bytes = try await ledger.takeSession()       // at the next start; afterwards it is gone
///
/// The bytes lie sealed (ChaCha20-Poly1305) beside the ledger, their key in a file of its own: class E2. After a day (`resumable`) they end untaken.
extension Ledger {
    public static let mostSessionBytes = 1 << 20

    /// Errors: `overQuota` for more than 1 MiB; `cannotWrite`, `busy`; `cannotMakeScratch` on a full disk. What was kept before then stays.
    /// - Returns: its row; whoever ends that ends the session.
    @discardableResult
    public func keepSession(_ bytes: [UInt8]) throws(LedgerError) -> RowID {
        guard bytes.count <= Self.mostSessionBytes else { throw .overQuota(wantedBytes: Int64(bytes.count), freeBytes: Int64(Self.mostSessionBytes)) }
        let before = core.open.values.filter { $0.isSession }.map(\.id)
        let id = try create(ItemRequest(kind: .session, origin: .session, purpose: .recovery, place: .disk, reservedBytes: Int64(bytes.count), erasureClass: .e2, displayName: "the studio"))
        do throws(LedgerError) {
            let path = directory + "/" + NamedScratch.name(for: id)
            try registerName(path, for: id)
            let key = SymmetricKey(size: .bits256)
            let sealed: Data
            do { sealed = try ChaChaPoly.seal(bytes, using: key, authenticating: Array(id.rawValue.utf8)).combined } catch {
                throw .cannotMakeScratch(path: path, reason: "it cannot be sealed: \(error)")
            }
            try SessionFile.write(key.withUnsafeBytes { Array($0) }, SessionFile.key(of: id, in: directory))
            try SessionFile.write(Array(sealed), path)
            try used(Int64(sealed.count), by: id)
        } catch {
            destroy([id], because: .neverBegan)
            throw error
        }
        destroy(before, because: .jobEnded)
        return id
    }

    /// The newest session that a run which is over has kept; it ends with this call. One that cannot be read ends too: a run that was killed while it kept it has left the one before.
    /// - Returns: nil when there is none.
    public func takeSession() throws(LedgerError) -> [UInt8]? {
        guard let store else { throw problem }
        let now = clock.now()
        let kept = try othersRecords(in: store).filter { $0.run == LedgerRecord.noRun && $0.isSession && $0.expires.bootNanoseconds > now.bootNanoseconds }
        for record in kept.sorted(by: { ($0.created.wallSeconds, $0.created.bootNanoseconds) > ($1.created.wallSeconds, $1.created.bootNanoseconds) }) {
            let taken = try store.takeOver(record.id, now: now)
            // Another run was faster.
            guard !taken.isEmpty else { continue }
            carryOut(core.handle(.tookOver(taken), now: now))
            defer { destroy([record.id], because: .jobEnded) }
            if let bytes = openSession(record.id) { return bytes }
        }
        return nil
    }

    private func openSession(_ id: RowID) -> [UInt8]? {
        let key = SessionFile.read(SessionFile.key(of: id, in: directory), most: 32)
        guard key.count == 32 else { return nil }
        do {
            let sealed = SessionFile.read(directory + "/" + NamedScratch.name(for: id), most: Self.mostSessionBytes + 64)
            return Array(try ChaChaPoly.open(ChaChaPoly.SealedBox(combined: sealed), using: SymmetricKey(data: key), authenticating: Array(id.rawValue.utf8)))
        } catch {
            return nil
        }
    }
}

/// The two files of a kept session.
enum SessionFile {
    static func key(of id: RowID, in directory: String) -> String { directory + "/session-" + id.rawValue + ".key" }

    static func write(_ bytes: [UInt8], _ path: String) throws(LedgerError) {
        let fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard fd >= 0 else { throw .cannotMakeScratch(path: path, reason: String(cString: strerror(errno))) }
        defer { close(fd) }
        guard Glibc.write(fd, bytes, bytes.count) == bytes.count, fsync(fd) == 0 else { throw .cannotMakeScratch(path: path, reason: String(cString: strerror(errno))) }
    }

    /// Empty for what cannot be read.
    /// Whether what lies sealed under a row can still be opened.
    static func hasKey(_ id: RowID, in directory: String) -> Bool {
        [KeyFile.inMemory(id), key(of: id, in: directory)].contains { (path: String) in access(path, F_OK) == 0 || errno != ENOENT }
    }

    static func read(_ path: String, most: Int) -> [UInt8] {
        let fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard fd >= 0 else { return [] }
        defer { close(fd) }
        return [UInt8](unsafeUninitializedCapacity: most) { buffer, count in count = max(0, Glibc.read(fd, buffer.baseAddress, buffer.count)) }
    }

    /// The key goes before what it opens. That flash memory forgets it is not claimed: the class says so.
    /// - Returns: whether it is absent now.
    static func removeKey(of id: RowID, in directory: String) -> Bool {
        [KeyFile.inMemory(id), key(of: id, in: directory)].allSatisfy { (path: String) in unlink(path) == 0 || errno == ENOENT }
    }
}

extension LedgerRecord {
    /// Kept for a later run: a session, or a job of the engine.
    var isResumable: Bool { rule == .resumable }
    /// See `leaveRun`.
    var outlivesItsRun: Bool { isAtTier || (isResumable && (state == .live || state == .intent)) }
    var isSession: Bool { kind == .session && rule == .resumable }
}
