import AudioFiles
import FoundationEssentials
import Glibc
import Mastering
import PrivacyLedger

/// What a tier gave and the check refused is kept, sealed, for half an hour: to hear what was wrong with it.
extension RenderEngine {
    private static let mostBytes: Int64 = 512 << 20
    private static let chunk = 1 << 20

    /// Seals a copy under a row of its own and ends the plain one. A job has one such result, its last.
    func keepRejected(_ product: RemoteProduct, of id: JobID?) {
        let ledger = ledger, name = id.flatMap { queue[$0]?.job.output }.map { fileName(of: $0) }
        Task(executorPreference: pool) { [weak self] in
            var info = stat()
            if let id, fstat(product.scratch.fileDescriptor, &info) == 0, (1...Self.mostBytes).contains(Int64(info.st_size)) {
                // Without room it is not kept.
                if let sealed = await Self.seal(product.scratch.fileDescriptor, name, ledger) { await self?.keep(sealed, of: id) }
            }
            await ledger.destroy([product.scratch.id], because: .jobEnded)
        }
    }

    private func keep(_ sealed: SealedScratch, of id: JobID) async {
        let old = rejected.updateValue(sealed, forKey: id)
        if let old { await ledger.destroy([old.id], because: .evicted) }
        for (id, sealed) in rejected where sealed.isErased { rejected[id] = nil }
    }

    private static func seal(_ descriptor: Int32, _ name: String?, _ ledger: Ledger) async -> SealedScratch? {
        let sealed: SealedScratch
        do {
            sealed = try await ledger.makeSealedScratch(ItemRequest(kind: .rejectedResult, origin: .renderJob, purpose: .diagnosis, place: .disk, displayName: name))
        } catch { return nil }
        do {
            try copy(descriptor, into: sealed)
            try await ledger.used(sealed.count, by: sealed.id)
            return sealed
        } catch {
            await ledger.destroy([sealed.id], because: .neverBegan)
            return nil
        }
    }

    /// Writes what was refused into a file of the user's, which must not be there yet: as the tier gave it, whatever it is.
    /// - Throws: `JobFailure` when nothing is kept; the typed errors of the rooms below.
    public func saveRejected(_ id: JobID, to path: String) async throws {
        guard let sealed = rejected[id], !sealed.isErased else {
            throw JobFailure(message: "\(id): no refused result of this job is kept; that is for half an hour, and ends with the engine", exitCode: 66)
        }
        let row = try await ledger.create(ItemRequest(kind: .renderScratch, origin: .renderJob, purpose: .diagnosis, place: .disk, displayName: fileName(of: path)))
        do {
            let output = try await RecordedFile.open(path, force: false, inputs: [], row, ledger)
            defer { output.abandon() }
            let bytes = try Self.copy(sealed, into: output.fileDescriptor, path)
            _ = try output.commit()
            await ledger.handedOver(row, bytes: bytes)
        } catch {
            await ledger.released(row, because: .jobEnded)
            throw error
        }
    }

    private static func copy(_ descriptor: Int32, into sealed: SealedScratch) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)
        defer { buffer.deallocate() }
        var at: off_t = 0
        while true {
            let got = pread(descriptor, buffer.baseAddress, buffer.count, at)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw AudioFileError.readFailed(path: "the result", reason: String(cString: strerror(errno))) }
            if got == 0 { return }
            try sealed.append(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
            at += off_t(got)
        }
    }

    private static func copy(_ sealed: SealedScratch, into descriptor: Int32, _ path: String) throws -> Int64 {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)
        defer { buffer.deallocate() }
        var at: Int64 = 0
        while at < sealed.count {
            let got = try sealed.read(at: at, into: buffer)
            if got == 0 { break }
            try Performer.write(Array(buffer[..<got]), to: descriptor, path: path)
            at += Int64(got)
        }
        return at
    }
}
