import AudioFiles
import Glibc
import PrivacyLedger

/// A small file that a command makes for the user, such as a report: a row before its first byte, and a name only when it is whole.
public enum RecordedFile {
    /// - Parameters:
    ///   - force: replace an existing file.
    ///   - inputs: files that must survive, by whatever name.
    /// - Throws: `AudioFileError`, `LedgerError`; an old file is then untouched.
    public static func write(
        _ text: String, to path: String, force: Bool, inputs: [String], purpose: ItemPurpose, ledger: Ledger
    ) async throws {
        let row = try await ledger.create(ItemRequest(
            kind: .renderScratch, origin: .session, purpose: purpose, place: .disk, displayName: fileName(of: path)))
        do {
            let output = try await open(path, force: force, inputs: inputs, row, ledger)
            defer { output.abandon() }
            let bytes = Array(text.utf8)
            try put(bytes, into: output.fileDescriptor, path)
            _ = try output.commit()
            await ledger.handedOver(row, bytes: Int64(bytes.count))
        } catch {
            await ledger.released(row, because: .jobEnded)
            throw error
        }
    }

    /// Whether `path` could be written: an empty file is made beside it and given up, under a row like any other.
    /// - Throws: `AudioFileError`, `LedgerError`.
    public static func tryOut(_ path: String, force: Bool, inputs: [String], purpose: ItemPurpose, ledger: Ledger) async throws {
        let row = try await ledger.create(ItemRequest(kind: .renderScratch, origin: .session, purpose: purpose, place: .disk))
        do {
            try await open(path, force: force, inputs: inputs, row, ledger).abandon()
            await ledger.released(row, because: .neverBegan)
        } catch {
            await ledger.released(row, because: .neverBegan)
            throw error
        }
    }

    /// For writers that know of no ledger: a row, the hidden name that replacing may need registered in `folder`, and then `body`, which gets that name and
    /// answers with the path it has written. The folder is made when missing.
    @discardableResult
    public static func record(in folder: String, purpose: ItemPurpose, ledger: Ledger, _ body: (_ scratchName: String) throws -> String) async throws -> String {
        let row = try await ledger.create(ItemRequest(kind: .renderScratch, origin: .session, purpose: purpose, place: .disk))
        do {
            makeFolders(folder)
            let name = NamedScratch.name(for: row)
            if let absolute = absolutePath(folder) { try await ledger.registerName(absolute + (absolute == "/" ? "" : "/") + name, for: row) }
            let path = try body(name)
            await ledger.handedOver(row, bytes: path.withFileName { path in
                var info = stat()
                return stat(path, &info) == 0 ? Int64(info.st_size) : 0
            })
            return path
        } catch {
            await ledger.released(row, because: .jobEnded)
            throw error
        }
    }

    /// For their owner alone. What cannot be made is told by whoever writes there.
    private static func makeFolders(_ path: String) {
        var at = path.startIndex
        while at != path.endIndex {
            at = path[path.index(after: at)...].firstIndex(of: "/") ?? path.endIndex
            _ = String(path[..<at]).withFileName { mkdir($0, 0o700) }
        }
    }

    /// The file before it has its name. Where it needs another one on the way, the ledger knows that one first.
    /// - Parameter newFolder: the folder of `path`, where it is yet to be made: until then the bytes lie in the one above it.
    static func open(_ path: String, force: Bool, inputs: [String], _ row: RowID, _ ledger: Ledger, untilMade newFolder: String? = nil) async throws -> AtomicOutput {
        if let descriptor = ScratchOutput.descriptor(of: path) { return try AtomicOutput(borrowing: descriptor) }
        let folder = try newFolder.map(StemNames.parent) ?? AtomicOutput.scratchFolder(for: path)
        let name = NamedScratch.name(for: row)
        // Replacing needs a name for the instant of the rename, and some file systems need one all along.
        if force || UnnamedScratch.needsName(in: folder), let absolute = absolutePath(folder) {
            try await ledger.registerName(absolute + (absolute == "/" ? "" : "/") + name, for: row)
        }
        return try AtomicOutput(target: path, force: force, inputs: inputs, scratchName: name, scratchFolder: newFolder == nil ? nil : folder)
    }

    /// The file is whole under its name, and the user's; one without a name stays its caller's, who has a row of his own for it.
    static func settle(_ output: AtomicOutput, _ row: RowID, _ ledger: Ledger) async throws {
        var info = stat()
        let bytes = fstat(output.fileDescriptor, &info) == 0 ? Int64(info.st_size) : 0
        let isBorrowed = output.isBorrowed
        _ = try output.commit()
        if isBorrowed { await ledger.released(row, because: .jobEnded) } else { await ledger.handedOver(row, bytes: bytes) }
    }

    private static func put(_ bytes: [UInt8], into descriptor: Int32, _ path: String) throws(AudioFileError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done, off_t(done)) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw [ENOSPC, EDQUOT, EFBIG].contains(errno)
                    ? .diskFull(path: path) : .writeFailed(path: path, reason: String(cString: strerror(errno)))
            }
            done += count
        }
    }

    private static func absolutePath(_ path: String) -> String? {
        guard let real = path.withFileName({ realpath($0, nil) }) else { return nil }
        defer { free(real) }
        return FileName.text(real)
    }
}
