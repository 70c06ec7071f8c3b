import Foundation
import Glibc
import TestSupport
import Testing
@testable import PrivacyLedger

/// Where no ledger can be written: memory with its rows in memory, and nothing else.
struct MemoryLedgerTests {
    let folder = Folder()

    func open(_ place: String) async throws -> Ledger { try await Ledger.openForMemory(at: place, surroundings: plentiful) }

    @Test func withoutAPlaceForIt_memoryIsRecordedInMemory_andNothingElseIsMade() async throws {
        try folder.write("", to: "state")
        let ledger = try await open(folder.file("state"))
        let notice = try #require(ledger.memoryOnlyNotice)
        #expect(notice.contains(folder.file("state")) && notice.contains("in memory only"))
        let id = try await ledger.create(request(.analysis))
        let held = try await ledger.hold("numbers", bytes: 7, under: id)
        #expect(try await ledger.list().map(\.bytes) == [7])
        await #expect(throws: LedgerError.cannotOpen(path: folder.file("state"), reason: "not a folder")) {
            try await ledger.makeScratch(request(.decodedAudio, .disk), in: folder.path)
        }
        #expect(try folder.names == ["state"])
        await ledger.destroy([id], because: .userRequest)
        #expect(held.value == nil)
        #expect(try await ledger.history().map(\.reason) == [.userRequest])
        await ledger.close()
        #expect(try folder.names == ["state"] && folder.bytes("state").isEmpty)
    }

    @Test func onAReadOnlyDiskAnOldLedgerIsLeftAsItIs() async throws {
        guard geteuid() == 0 else { return }
        try folder.makeFolder("disk")
        let disk = folder.file("disk")
        guard Glibc.mount("tmpfs", disk, "tmpfs", 0, "size=4m") == 0 else { return }
        defer { umount2(disk, Int32(MNT_DETACH)) }
        let before = try await open(disk + "/state")
        #expect(before.memoryOnlyBecause == nil)
        await before.close()
        let stored = try folder.bytes("disk/state/ledger.sqlite")
        #expect(Glibc.mount("tmpfs", disk, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)

        let ledger = try await open(disk + "/state")
        guard case .cannotWrite? = ledger.memoryOnlyBecause else {
            Issue.record("a row was promised on a read-only disk")
            return
        }
        _ = try await ledger.create(request())
        #expect(try await ledger.list().count == 1)
        await ledger.close()
        #expect(try folder.bytes("disk/state/ledger.sqlite") == stored)
    }

    @Test func whereALedgerCanBeWrittenItIsTheLedger() async throws {
        let ledger = try await open(folder.file("state"))
        #expect(ledger.memoryOnlyNotice == nil)
        let id = try await ledger.create(request(.decodedAudio, .disk))
        let other = try await openLedger(folder)
        #expect(try await other.list().map(\.id) == [id])
        await other.close()
        await ledger.close()
    }

    @Test func aDamagedLedgerIsNotPassedOver() async throws {
        try folder.makeFolder("state")
        try folder.write(Data(repeating: 7, count: 8192), to: "state/ledger.sqlite")
        await #expect(throws: LedgerError.damaged(path: folder.file("state/ledger.sqlite"))) { try await open(folder.file("state")) }
    }
}
