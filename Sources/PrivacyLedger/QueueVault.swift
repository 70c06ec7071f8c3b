import Crypto
import FoundationEssentials
import Glibc

/// Where the engine's jobs are kept until they end: `jobs` in `[queue]` of `privacy.toml`.
public enum QueueStorage: String, Sendable, CaseIterable {
    /// Sealed on disk, the key in memory outside the engine: a killed engine's jobs are taken up by the next one, a machine that goes down takes them with it.
    case sealed
    /// Sealed on disk, the key on disk too: they outlive the machine's end as well.
    case disk
    /// Nowhere but in the engine.
    case memory

    /// What can be had here: without memory for the key there is `memory` in place of `sealed`.
    public var possible: QueueStorage { self == .sealed && !KeyFile.hasMemory ? .memory : self }
}

/// A job that an engine which is over has left.
public struct KeptJob: Sendable {
    /// Still open, and this run's now.
    public var row: RowID
    public var bytes: [UInt8]
    /// Engines that died with it, this time counted.
    public var deaths: Int
}

/// What an engine has been given to do, for the next one in case it dies.
///
///     let row = try await ledger.keepJob(bytes, ItemRequest(kind: .queuedJob, …), in: .sealed)   // before the job begins
///     await ledger.released(row)                                                                  // when it has ended
///     for job in try await ledger.takeJobs() { … }                                                // what a dead engine has left
///
/// The bytes lie sealed (ChaCha20-Poly1305) beside the ledger, under the row's name. Their key is in a file of its own: in `/dev/shm`, which is memory, so that
/// they end with the machine, or beside them where that was asked for: class E2 in both cases, since other programs of the user can read it. After a day (`resumable`) they end untaken.
extension Ledger {
    public static let mostJobBytes = 16 << 20

    /// When this returns, the bytes are on disk. `storage` must not be `memory`.
    ///
    /// Cost: three durable writes. Errors: `overQuota` for more than 16 MiB; `cannotWrite`, `busy`; `cannotMakeScratch` on a full disk, and where no memory is there for the key.
    public func keepJob(_ bytes: [UInt8], _ request: ItemRequest, in storage: QueueStorage) throws(LedgerError) -> RowID {
        guard bytes.count <= Self.mostJobBytes else { throw .overQuota(wantedBytes: Int64(bytes.count), freeBytes: Int64(Self.mostJobBytes)) }
        if storage == .sealed, !KeyFile.hasMemory { throw .cannotMakeScratch(path: KeyFile.memory, reason: "it is no memory here, so a key there would outlive the machine") }
        var request = request
        (request.place, request.rule, request.reservedBytes) = (.disk, .resumable, Int64(bytes.count))
        // Other programs of the user can read the key, wherever it lies.
        request.erasureClass = .e2
        let id = try create(request)
        do throws(LedgerError) {
            let path = directory + "/" + NamedScratch.name(for: id)
            try registerName(path, for: id)
            let key = SymmetricKey(size: .bits256)
            let sealed: Data
            do { sealed = try ChaChaPoly.seal(bytes, using: key, authenticating: Array(id.rawValue.utf8)).combined } catch {
                throw .cannotMakeScratch(path: path, reason: "it cannot be sealed: \(error)")
            }
            try SessionFile.write(KeyFile.contents(key.withUnsafeBytes { Array($0) }, directory), storage == .disk ? SessionFile.key(of: id, in: directory) : KeyFile.inMemory(id))
            try SessionFile.write(Array(sealed), path)
            try used(Int64(sealed.count), by: id)
            KeyFile.settle(directory)
        } catch {
            destroy([id], because: .neverBegan)
            throw error
        }
        return id
    }

    /// The jobs of engines that are over, in the order they were given in. What cannot be opened any more (the machine was restarted, the file was changed) ends here, as lost.
    public func takeJobs() throws(LedgerError) -> [KeptJob] {
        guard let store else { throw problem }
        let now = clock.now()
        var jobs: [KeptJob] = []
        for record in try leftJobs() {
            let taken = try store.takeOver(record.id, now: now)
            guard !taken.isEmpty else { continue }
            foreign.removeAll { $0.id == record.id }
            carryOut(core.handle(.tookOver(taken), now: now))
            // It was being destroyed.
            guard record.state == .live else { destroy([record.id], because: .jobEnded); continue }
            if let (bytes, deaths) = open(record.id) { jobs.append(KeptJob(row: record.id, bytes: bytes, deaths: deaths)) } else { destroy([record.id], because: .runEnded) }
        }
        publish()
        return jobs
    }

    /// How many jobs wait for an engine to take them up.
    public func jobsLeft() throws(LedgerError) -> Int { try leftJobs().count { $0.state == .live } }

    /// The engine ends in order and leaves a job to the next one: it did not die of it.
    public func leaveJob(_ id: RowID) {
        holders[id] = nil
        KeyFile.forgive(id, directory)
    }

    private func leftJobs() throws(LedgerError) -> [LedgerRecord] {
        guard let store else { throw problem }
        let now = clock.now()
        return try othersRecords(in: store).filter {
            $0.run == LedgerRecord.noRun && $0.kind == .queuedJob && $0.rule == .resumable && $0.expires.bootNanoseconds > now.bootNanoseconds
        }.sorted { ($0.created.wallSeconds, $0.id.rawValue) < ($1.created.wallSeconds, $1.id.rawValue) }
    }

    private func open(_ id: RowID) -> (bytes: [UInt8], deaths: Int)? {
        guard let (key, deaths) = KeyFile.take(id, directory) else { return nil }
        let sealed = SessionFile.read(directory + "/" + NamedScratch.name(for: id), most: Self.mostJobBytes + 64)
        do {
            let plain = try ChaChaPoly.open(ChaChaPoly.SealedBox(combined: sealed), using: SymmetricKey(data: key), authenticating: Array(id.rawValue.utf8))
            return (Array(plain), deaths)
        } catch {
            return nil
        }
    }
}
