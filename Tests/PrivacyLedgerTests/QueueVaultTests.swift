import Foundation
import Glibc
import TestSupport
import Testing
@testable import PrivacyLedger

/// Jobs that an engine leaves to the next one.
struct QueueVaultTests {
    let folder = Folder()
    let time = TestClock()

    private func run(_ name: String) async throws -> Ledger {
        try await openLedger(folder, time.clock, run: RunIdentity(id: name, boot: "b", process: 2, processStart: 1, processSpace: "s"), isOver: { _ in true })
    }

    private func files(_ row: RowID) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.file("state")).filter { $0.contains(row.rawValue) } + (FileManager.default.fileExists(atPath: KeyFile.inMemory(row)) ? ["key in memory"] : [])
    }

    private let request = ItemRequest(kind: .queuedJob, origin: .renderJob, purpose: .mastering, place: .ram)

    @Test(arguments: [QueueStorage.sealed, .disk])
    func aJobOfADeadEngineIsFoundOnceAndEndsWithItsRow(storage: QueueStorage) async throws {
        let words = Array("the file, the settings and the prompt".utf8), first = try await run("first")
        let row = try await first.keepJob(words, request, in: storage)
        let listed = try #require(try await first.list().first)
        #expect(listed.place == .disk && listed.rule == .resumable && listed.erasureClass == (storage == .disk ? .e2 : .e1) && !listed.isLeft)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.file("state")) {
            #expect(try folder.bytes("state/" + name).range(of: Data(words)) == nil, "\(name)")
        }
        #expect(try files(row).contains("key in memory") == (storage == .sealed))
        let second = try await run("second")
        #expect(try await second.jobsLeft() == 1)
        let taken = try await second.takeJobs()
        #expect(taken.map(\.bytes) == [words] && taken.map(\.row) == [row] && taken.map(\.deaths) == [1])
        #expect(try await second.takeJobs().isEmpty)
        #expect(await second.isOpen(row))
        await second.released(row, because: .jobEnded)
        #expect(try await second.list().isEmpty)
        #expect(try files(row).isEmpty)
        await second.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    @Test func aSessionIsNoJob_norAJobASession() async throws {
        let first = try await run("first")
        try await first.keepSession([1])
        let row = try await first.keepJob([2], request, in: .sealed)
        try await first.keepSession([3])
        await first.close()
        let second = try await run("second")
        #expect(try await second.takeSession() == [3])
        #expect(try await second.takeJobs().map(\.bytes) == [[2]])
        await second.released(row)
        #expect(try await second.list().isEmpty)
        await second.close()
    }

    @Test func aJobThatNobodyTakesEndsAfterADay_andOneThatWasChangedIsLost() async throws {
        let first = try await run("first")
        let old = try await first.keepJob([1], request, in: .sealed)
        await first.close()
        time.advance(86_400)
        let second = try await run("second")
        #expect(try await second.list().isEmpty)
        #expect(try files(old).isEmpty)
        #expect(try await second.takeJobs().isEmpty)
        let changed = try await second.keepJob([UInt8](repeating: 7, count: 100), request, in: .sealed)
        let path = folder.file("state/" + NamedScratch.name(for: changed))
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[40] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let third = try await run("third")
        #expect(try await third.takeJobs().isEmpty)
        #expect(try await third.history().first { $0.id == changed }?.reason == .runEnded)
        #expect(try await third.list().isEmpty)
        #expect(try files(changed).isEmpty)
        await #expect(throws: LedgerError.self) { try await third.keepJob([UInt8](repeating: 0, count: Ledger.mostJobBytes + 1), request, in: .sealed) }
        #expect(try await third.list().isEmpty)
        await third.close()
    }

    @Test func theSettingIsReadStrictly_andIsASentenceOfThePolicy() throws {
        func settings(_ text: String) throws -> QueueStorage {
            try text.write(toFile: folder.file("privacy.toml"), atomically: true, encoding: .utf8)
            return try PrivacySettings.all(at: folder.file("privacy.toml")).queue
        }
        #expect(try settings("") == .sealed)
        for storage in QueueStorage.allCases { #expect(try settings("[queue]\njobs = \"\(storage.rawValue)\"\n") == storage) }
        for wrong in ["[queue]\njobs = disk\n", "[queue]\njobs = \"never\"\n", "[queue]\njob = \"disk\"\n", "[queue]\n[queue]\n"] {
            #expect(throws: LedgerError.self, "\(wrong)") { try settings(wrong) }
        }
        let surroundings = Surroundings(swap: .none, memoryQuota: 1 << 30)
        let texts = QueueStorage.allCases.map { storage in LedgerPolicy(rules: .standard, surroundings: surroundings, queue: storage).sentences.first { $0.id == "queue" }?.text }
        #expect(Set(texts).count == 3 && !texts.contains(nil))
    }

    @Test func aKeyWhoseLedgerWasRemovedIsSweptByTheNextOne_andNoOther() async throws {
        let first = try await run("first"), other = Folder()
        let ours = try await first.keepJob([1], request, in: .sealed)
        let elsewhere = try await openLedger(other, time.clock)
        let theirs = try await elsewhere.keepJob([2], request, in: .sealed), gone = try await elsewhere.keepJob([3], request, in: .sealed)
        let away = RowID(), young = RowID(), old = RowID(), key = [UInt8](repeating: 7, count: 32)
        try SessionFile.write(KeyFile.contents(key, "/not-mounted-\(away)/state/lathe"), KeyFile.inMemory(away))
        try SessionFile.write(KeyFile.contents(key, other.file("state")), KeyFile.inMemory(young))
        // As an earlier Lathe wrote it: it does not say whose it is.
        try SessionFile.write(key, KeyFile.inMemory(old))
        defer { for id in [away, young, old, theirs, ours, gone] { unlink(KeyFile.inMemory(id)) } }
        try FileManager.default.removeItem(atPath: other.file("state/" + NamedScratch.name(for: gone)))
        for id in [ours, theirs, gone, away, old] {
            let times = [timeval(tv_sec: 1_000_000, tv_usec: 0), timeval(tv_sec: 1_000_000, tv_usec: 0)]
            #expect(utimes(KeyFile.inMemory(id), times) == 0)
        }
        func isThere(_ id: RowID) -> Bool { access(KeyFile.inMemory(id), F_OK) == 0 }
        let second = try await run("second")
        #expect(!isThere(gone) && [ours, theirs, away, young, old].allSatisfy(isThere))
        #expect(try await second.takeJobs().map(\.deaths) == [1])
        await elsewhere.close()
        try FileManager.default.removeItem(atPath: other.file("state"))
        let third = try await run("third")
        #expect(!isThere(theirs) && isThere(ours))
        await third.close()
        await second.released(ours)
        await second.close()
    }
}
