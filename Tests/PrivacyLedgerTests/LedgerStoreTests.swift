import Foundation
import TestSupport
import Testing
@testable import PrivacyLedger

/// What the store keeps of a row, and what one process gets from another through it.
struct LedgerStoreTests {
    let folder = Folder()

    @Test func whatIsErasedIsOverwrittenInTheStore() async throws {
        let ledger = try await openLedger(folder)
        let id = try await ledger.create(request())
        await ledger.destroy([id], because: .fileClosed)
        #expect(try folder.bytes("state/ledger.sqlite").range(of: Data(id.rawValue.utf8)) != nil)
        #expect(await ledger.eraseEverything().isComplete)
        await ledger.close()
        for name in ["ledger.sqlite", "ledger.sqlite-journal"] {
            #expect(try folder.bytes("state/" + name).range(of: Data(id.rawValue.utf8)) == nil, "\(name)")
        }
    }

    @Test func theHistoryKnowsNoPaths() async throws {
        let ledger = try await openLedger(folder)
        var rows: [RowID] = []
        for _ in 0..<2 {
            let id = try await ledger.create(request(.renderScratch, .disk, name: "mix.wav"))
            try folder.write("music", to: NamedScratch.name(for: id))
            try await ledger.registerName(folder.file(NamedScratch.name(for: id)), for: id)
            rows.append(id)
        }
        #expect(try await ledger.openRecords().allSatisfy { $0.scratchPath != nil && $0.commitment != nil })
        try FileManager.default.moveItem(atPath: folder.file(NamedScratch.name(for: rows[0])), toPath: folder.file("master.wav"))
        await ledger.handedOver(rows[0], bytes: 5)
        await ledger.destroy([rows[1]], because: .cancelled)
        #expect(try folder.names == ["master.wav", "state"])
        let settled = try await ledger.settledRecords()
        #expect(settled.map(\.state) == [.handedOver, .destroyed])
        #expect(settled.allSatisfy { $0.scratchPath == nil && $0.commitment == nil })
        await ledger.close()
    }

    @Test func anotherProcessExtendsWhenAsked_once() async throws {
        let probe = try ChildProcess(probe: "hold", folder.file("state"), "1")
        _ = try await probe.lines(until: "ready")
        let ledger = try await openLedger(folder)
        let before = try #require(try await ledger.openRecords().first)
        try await ledger.extend(before.id)
        #expect(try await comesTrue { try await ledger.openRecords().contains { $0.expires.bootNanoseconds > before.expires.bootNanoseconds } })
        #expect(try await comesTrue { try await ledger.wishCount() == 0 })
        probe.kill()
        await ledger.close()
    }

    /// https://sqlite.org/pragma.html: `synchronous` 2 is FULL, every commit is on the medium before it is answered.
    @Test func aCommitIsOnTheMediumBeforeItIsAnswered() async throws {
        let ledger = try await openLedger(folder)
        #expect(try await ledger.setting("synchronous") == 2)
        await ledger.close()
    }

    @Test func whoHoldsTheBytesSaysWhenTheyAreGone() async throws {
        final class Slow: Erasable { func erase() -> EraseOutcome { .pending } }
        let ledger = try await openLedger(folder)
        let id = try await ledger.create(request(.renderScratch, .disk))
        try await ledger.attach(Slow(), bytes: 9, to: id)
        #expect(await ledger.destroy(anyOf: [id]).pending == [id])
        #expect(try await ledger.list().map(\.state) == [.destroying])
        await ledger.released(id)
        #expect(try await ledger.list().isEmpty)
        #expect(try await ledger.history().map(\.reason) == [.userRequest])
        await ledger.close()
    }

    @Test func twoProcessesThatSweepNeverShareARow() throws {
        let dead = RunIdentity.current(), now = LedgerCoreTests.instant(0)
        try folder.makeFolder("state")
        func store(_ run: RunIdentity) throws -> LedgerStore { try LedgerStore(directory: folder.file("state"), run: run, swap: "none", now: LedgerClock.system.now()) }
        let id = RowID()
        var core = LedgerCore(run: dead.id, memoryQuota: 1000)
        for case .insert(let record) in core.handle(.create(id, request(), commitment: nil), now: now) { try store(dead).insert(record) }

        let slow = try store(.current()), fast = try store(.current())
        var taken: Result<[RowID], any Error>?
        let left = try slow.adoptRowsOfEndedRuns(now: now) { _ in
            // Between the one's look and its taking over.
            taken = Result { try fast.adoptRowsOfEndedRuns(now: now) { $0 == dead }.records.map(\.id) }
            return true
        }
        #expect(try taken?.get() == [id])
        #expect(left.records.isEmpty && left.failure == nil)
    }

    @Test func aRunWithOpenRowsIsNotOver() async throws {
        let ledger = try await openLedger(folder)
        final class Stubborn: Erasable { func erase() -> EraseOutcome { .failed } }
        let id = try await ledger.create(request())
        try await ledger.attach(Stubborn(), bytes: 1, to: id)
        await ledger.close()
        // The next run takes it over, and its bytes are gone with the process that held them.
        let next = try await openLedger(folder, isOver: { _ in true })
        #expect(try await next.history().map(\.id) == [id])
        await next.close()
    }
}

extension Ledger {
    func settledRecords() throws -> [LedgerRecord] { try store?.settledRecords() ?? [] }

    /// A setting of the store's connection, as a number.
    func setting(_ name: String) throws -> Int64? {
        var value: Int64?
        try store?.connection.run("PRAGMA " + name) { value = $0.integer(0) }
        return value
    }

    /// Wishes that nobody has fulfilled.
    func wishCount() throws -> Int {
        var count = 0
        let connection = try SQLiteConnection(path: directory + "/ledger.sqlite")
        try connection.run("SELECT count(*) FROM item WHERE wish IS NOT NULL") { count = Int($0.integer(0)) }
        return count
    }
}
