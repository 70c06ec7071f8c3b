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
        #expect(listed.place == .disk && listed.rule == .resumable && listed.erasureClass == .e2 && !listed.isLeft)
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
        // How long it is kept is a setting, and said.
        for storage in [QueueStorage.sealed, .disk] {
            let longer = LedgerPolicy(rules: RetentionRules(overrides: [.resumable: (nil, 100)]), surroundings: surroundings, queue: storage)
            let told = longer.differences(from: LedgerPolicy(rules: .standard, surroundings: surroundings, queue: storage))
            #expect(told.count == 1 && told[0].contains("100 seconds at most (queued job)") && told[0].contains("1 day at most (queued job)"))
            #expect(longer.sentences.allSatisfy { $0.id != "kept-job" || !$0.text.contains("queued job") })
        }
    }

    private func open(_ name: String, boot: String = "b", at place: String? = nil) async throws -> Ledger {
        try await Ledger.open(
            at: place ?? folder.file("state"), surroundings: plentiful, clock: time.clock, run: RunIdentity(id: name, boot: boot, process: 2, processStart: 1, processSpace: "s"), isOver: { $0.id != name })
    }

    /// A queued job of a killed engine: the steady clock alone ends it, and is what its countdown shows.
    @Test func theClockOnTheWallEndsAndLengthensNothingThatWasLeft() async throws {
        let dead = try await open("dead")
        let row = try await dead.keepJob([1], request, in: .sealed)
        time.turnWall(by: -25 * 3600)
        let reader = try await open("reader")
        #expect(try #require(try await reader.list().first?.expiresInSeconds) == 86_400)
        await reader.close()
        time.advance(86_399)
        time.turnWall(by: 3 * 86_400)
        let last = try await open("last")
        #expect(try await last.row(matching: row.rawValue).expiresInSeconds == 1)
        #expect(try await last.jobsLeft() == 1)
        await last.close()
        time.turnWall(by: -9 * 86_400)
        time.advance(1)
        let after = try await open("after")
        #expect(try await after.list().isEmpty && files(row).isEmpty)
        #expect(try await after.history().first { $0.id == row }?.reason == .expired)
        await after.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    /// Another boot has another steady clock. The clock on the wall says what is left, once, and is not believed where it lies before what is on record.
    @Test func anotherBootAsksTheClockOnTheWallOnce() async throws {
        let dead = try await open("dead")
        let row = try await dead.keepJob([1], request, in: .disk)
        time.advance(3600)
        _ = try await dead.create(ItemRequest(kind: .prompt, origin: .session, purpose: .generation, place: .ram))
        time.turnBoot(by: -4000)
        time.turnWall(by: -30 * 86_400)
        let next = try await open("next", boot: "c")
        #expect(abs(try #require(try await next.list().first { $0.id == row }?.expiresInSeconds) - 23 * 3600) < 0.01)
        await next.close()
        // From there on this boot's clock counts.
        time.turnWall(by: -30 * 86_400)
        time.advance(23 * 3600 - 1)
        let later = try await open("later", boot: "c")
        #expect(abs(try #require(try await later.list().first { $0.id == row }?.expiresInSeconds) - 1) < 0.01)
        await later.close()
        time.advance(2)
        let last = try await open("last", boot: "c")
        #expect(try await last.list().isEmpty && files(row).isEmpty)
        await last.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    /// Destroyed means absent where the ledger is, not where it was.
    @Test func whatAMovedLedgerDestroysIsGoneWhereItIs() async throws {
        let dead = try await open("dead")
        let row = try await dead.keepJob([1], request, in: .sealed)
        try FileManager.default.copyItem(atPath: folder.file("state"), toPath: folder.file("moved"))
        let moved = try await open("moved", at: folder.file("moved"))
        #expect(try await moved.takeJobs().map(\.bytes) == [[1]])
        await moved.released(row)
        await moved.close()
        #expect(try !FileManager.default.contentsOfDirectory(atPath: folder.file("moved")).contains { $0.contains(row.rawValue) })
        // The copy it was made from is another ledger's.
        #expect(try files(row).count == 1)
    }

    @Test func aFileWithoutARowIsRemovedAtTheStart_andAnIncident() async throws {
        let first = try await open("first")
        let row = try await first.keepJob([1], request, in: .sealed)
        let orphan = RowID(), state = folder.file("state")
        try folder.write("x", to: "state/" + NamedScratch.name(for: orphan))
        try folder.write("x", to: "state/session-\(RowID()).key")
        try folder.write("mine", to: "state/.lathe-notes.part")
        #expect(Ledger.verify(at: state).problems.count == 2)
        let second = try await open("second")
        #expect(try FileManager.default.contentsOfDirectory(atPath: state).filter { $0.hasPrefix(".lathe") || $0.hasPrefix("session-") }.sorted()
            == [".lathe-notes.part", NamedScratch.name(for: row)].sorted())
        #expect(try await second.export().history.events.filter { $0.kind == "orphans_removed" }.map(\.value) == [2])
        await second.destroy([row], because: .userRequest)
        #expect(await second.eraseEverything().isComplete)
        await second.close()
        #expect(Ledger.verify(at: state).problems == [])
        #expect(try files(row).isEmpty)
    }

    enum Loss: CaseIterable { case removed, emptied, damaged, withoutRows, settled }

    /// Whatever became of the ledger: after erasing everything neither the job nor its key is there.
    @Test(arguments: Loss.allCases)
    func erasingEverythingReachesWhatNoRowKnows(loss: Loss) async throws {
        let dead = try await open("dead"), state = folder.file("state")
        let row = try await dead.keepJob([1], request, in: .sealed)
        await dead.close()
        #expect(try files(row).count == 2)
        switch loss {
        case .removed: unlink(state + "/ledger.sqlite")
        case .emptied: try folder.write(Data(), to: "state/ledger.sqlite")
        case .damaged: try folder.write(Data(repeating: 7, count: 40_000), to: "state/ledger.sqlite")
        case .withoutRows: try Tampering.run("DELETE FROM item", on: state)
        case .settled: try Tampering.run("UPDATE item SET settled = 1, state = 'destroyed'", on: state)
        }
        do throws(LedgerError) {
            let next = try await Ledger.open(at: state, surroundings: plentiful)
            _ = await next.eraseEverything()
            await next.close()
        } catch {
            guard case .damaged = error else { throw error }
            #expect(try Ledger.discardStore(at: state) == 1)
        }
        #expect(try files(row).isEmpty)
    }

    /// Who only looks ends nothing; who destroys destroys the key, and hears what is left.
    @Test func onAReadOnlyDiskAReaderEndsNoJob_andDestroyingTakesTheKey() async throws {
        guard geteuid() == 0 else { return }
        let place = folder.file("disk")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        guard Glibc.mount("tmpfs", place, "tmpfs", 0, "size=4m") == 0 else { return }
        defer { umount2(place, Int32(MNT_DETACH)) }
        let dead = try await open("dead", at: place + "/state")
        let row = try await dead.keepJob([1], request, in: .sealed)
        // What is open for writing would keep the disk from becoming read-only.
        await dead.close()
        #expect(Glibc.mount("tmpfs", place, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)
        let reader = try await open("reader", at: place + "/state")
        #expect(try await reader.list().map(\.state) == [.live] && SessionFile.hasKey(row, in: place + "/state"))
        await reader.close()
        #expect(SessionFile.hasKey(row, in: place + "/state"))
        let other = try await open("other", at: place + "/state")
        let report = await other.destroyAndConfirm([row])
        #expect(report.destroyed.isEmpty && report.pending.isEmpty && report.failures.count == 1 && report.failures[0].contains("its key is destroyed"))
        #expect(!SessionFile.hasKey(row, in: place + "/state"))
        await other.close()
        // What nobody can open ends when it can be written.
        #expect(Glibc.mount("tmpfs", place, "tmpfs", UInt(MS_REMOUNT), nil) == 0)
        let writer = try await open("writer", at: place + "/state")
        #expect(try await writer.list().isEmpty)
        #expect(try await writer.jobsLeft() == 0)
        await writer.close()
        #expect(try FileManager.default.contentsOfDirectory(atPath: place + "/state").filter { $0.hasPrefix(".lathe") }.isEmpty)
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
