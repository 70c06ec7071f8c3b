import Foundation
import Glibc
import TestSupport
import Testing
@testable import PrivacyLedger

/// Storage under a row: sealed files, what they are worth, and room for all.
struct VaultTests {
    let folder = Folder()

    func opened() async throws -> Ledger { try await openLedger(folder) }

    @Test func sealedBytesComeBackAndAreNowhereInTheFile() async throws {
        let ledger = try await opened()
        let sealed = try await ledger.makeSealedScratch(request(.unsavedTake, .disk), in: folder.path)
        let canary = Array("the only copy of a song that nobody else may hear".utf8)
        let whole = (0..<5000).flatMap { _ in canary }
        var at = 0
        // In pieces that fit no frame.
        while at < whole.count {
            let piece = Array(whole[at..<min(whole.count, at + 30_011)])
            try sealed.append(piece)
            at += piece.count
        }
        #expect(sealed.count == Int64(whole.count))
        let back = try sealed.bytes(at: 0, whole.count + 9)
        #expect(back == whole)
        // Across a frame's border, and past the end.
        let border = Int64(SealedScratch.frameBytes) - 50
        let few = try sealed.bytes(at: border, 100)
        #expect(few == Array(whole[Int(border)..<Int(border) + 100]))
        #expect(try sealed.bytes(at: Int64(whole.count), 100).isEmpty)
        // What lies on disk.
        let file = try #require(try openFiles().first)
        let raw = try Data(contentsOf: URL(fileURLWithPath: file))
        #expect(raw.count >= 3 * SealedScratch.frameBytes && raw.range(of: Data(canary.prefix(12))) == nil)
        await ledger.close()
    }

    @Test func aDestroyedSealIsNoise() async throws {
        let ledger = try await opened()
        let sealed = try await ledger.makeSealedScratch(request(.unsavedTake, .disk), in: folder.path)
        let bytes = [UInt8](repeating: 7, count: 200_000)
        try sealed.append(bytes)
        await ledger.destroy([sealed.id], because: .userRequest)
        #expect(throws: LedgerError.parentGone) { try sealed.append(bytes) }
        #expect(throws: LedgerError.parentGone) { try sealed.bytes(at: 0, 8) }
        #expect(try openFiles().isEmpty)
        await ledger.close()
    }

    @Test func bytesThatChangedOnDiskAreRefused() async throws {
        let ledger = try await opened()
        let sealed = try await ledger.makeSealedScratch(request(.unsavedTake, .disk), in: folder.path)
        let bytes = [UInt8](repeating: 7, count: SealedScratch.frameBytes)
        try sealed.append(bytes)
        let fd = open(try #require(try openFiles().first), O_RDWR)
        var one: UInt8 = 0
        #expect(pread(fd, &one, 1, 1000) == 1)
        one ^= 1
        #expect(pwrite(fd, &one, 1, 1000) == 1)
        close(fd)
        #expect(throws: LedgerError.self) { try sealed.bytes(at: 0, 8) }
        await ledger.close()
    }

    /// Ways to this process's own open files in the test's folder that have no name.
    func openFiles() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").map { "/proc/self/fd/" + $0 }.filter {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: $0))?.contains((folder.path as NSString).lastPathComponent + "/#") ?? false
        }
    }

    @Test func theClassFollowsFromTheFileSystemAndTheSwap() async throws {
        func classes(_ swap: Surroundings.Swap, _ medium: Surroundings.Medium) -> [ErasureClass] {
            let here = Surroundings(swap: swap, memoryQuota: 1)
            return [here.erasureClass(in: medium, sealed: false), here.erasureClass(in: medium, sealed: true)]
        }
        #expect(classes(.none, .memory) == [.e0, .e0] && classes(.memory, .memory) == [.e0, .e0])
        // What is in memory may be swapped, and so may a key.
        #expect(classes(.disk, .memory) == [.e3, .e2] && classes(.disk, .disk) == [.e3, .e2])
        #expect(classes(.none, .disk) == [.e3, .e1] && classes(.none, .network) == [.e3, .e1] && classes(.none, .unknown) == [.e3, .e1])
        #expect(Surroundings.medium(of: "/dev/shm") == .memory && Surroundings.medium(of: "/nowhere") == .unknown)
        let ledger = try await opened()
        let scratch = try await ledger.makeScratch(request(.decodedAudio, .disk), in: "/dev/shm")
        #expect(try await ledger.row(matching: scratch.id.rawValue).erasureClass == .e0)
        await ledger.close()
    }

    @Test func theDiskIsPromisedOnlyOnce() {
        var core = LedgerCore(run: "run", memoryQuota: 100, diskQuota: 1000)
        func make(_ kind: ItemKind, _ bytes: Int64) -> LedgerCore.Effect? {
            core.handle(.create(RowID(), request(kind, .disk, bytes: bytes), commitment: nil), now: LedgerCoreTests.instant(0)).first
        }
        guard case .insert(let first)? = make(.unsavedTake, 700) else { Issue.record("not accepted"); return }
        #expect(make(.unsavedTake, 301) == .refuse(.overQuota(wantedBytes: 301, freeBytes: 300)))
        // The user's own file in the making takes the user's room.
        guard case .insert? = make(.renderScratch, 5000) else { Issue.record("not accepted"); return }
        _ = core.handle(.notInserted(first.id), now: LedgerCoreTests.instant(0))
        guard case .insert? = make(.unsavedTake, 1000) else { Issue.record("not accepted"); return }
    }

    @Test func whatLiesIdleMakesRoom_whatIsUsedDoesNot() async throws {
        let time = TestClock()
        let ledger = try await Ledger.open(at: folder.file("state"), surroundings: Surroundings(swap: .none, memoryQuota: 1000), clock: time.clock)
        let old = try await ledger.create(request(.analysis, bytes: 500))
        let held = try await ledger.hold("old", bytes: 500, under: old)
        time.advance(30)
        let newer = try await ledger.create(request(.analysis, bytes: 400))
        _ = try await ledger.hold("newer", bytes: 400, under: newer)
        // Nothing has been idle for a minute.
        await #expect(throws: LedgerError.overQuota(wantedBytes: 300, freeBytes: 100)) { try await ledger.create(request(.previewRender, bytes: 300)) }
        time.advance(45)
        await ledger.touch(newer)
        let preview = try await ledger.create(request(.previewRender, bytes: 300))
        #expect(held.value == nil)
        #expect(try await ledger.list().map(\.id) == [newer, preview])
        #expect(try await ledger.history().map(\.reason) == [.evicted])
        // More than could ever be freed: nobody goes for nothing.
        time.advance(120)
        await #expect(throws: LedgerError.self) { try await ledger.create(request(.previewRender, bytes: 5000)) }
        #expect(try await ledger.list().count == 2)
        // Not even its parent makes room for an item.
        await #expect(throws: LedgerError.self) { try await ledger.create(request(.waveform, parent: newer, bytes: 900)) }
        #expect(await ledger.isOpen(newer))
        await ledger.close()
    }
}

extension SealedScratch {
    func append(_ bytes: [UInt8]) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { buffer.deallocate() }
        buffer.copyBytes(from: bytes)
        try append(UnsafeRawBufferPointer(buffer))
    }

    func bytes(at offset: Int64, _ count: Int) throws -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
        defer { buffer.deallocate() }
        return Array(buffer.prefix(try read(at: offset, into: buffer)))
    }
}
