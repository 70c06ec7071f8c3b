import Foundation
import Glibc
import TestSupport
import Testing
@testable import PrivacyLedger

/// Several processes on one ledger, and what becomes of those that die. `.serialized`: each test starts processes.
@Suite(.serialized)
struct SharingTests {
    let folder = Folder()

    @Test func aRunningProcessKeepsItsRows_aKilledOneLosesThem() async throws {
        let probe = try ChildProcess(probe: "hold", folder.file("state"), "2")
        #expect(try await probe.lines(until: "ready").filter { $0.hasPrefix("row") }.count == 2)
        let limits = FileManager.default.contents(atPath: "/proc/\(probe.id)/limits")
        let core = String(decoding: limits ?? Data(), as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("Max core file size") }
        // The soft and the hard limit.
        #expect(core?.split(separator: " ").suffix(3) == ["0", "0", "bytes"], "\(core ?? "")")
        let ledger = try await openLedger(folder)
        #expect(try await ledger.list().map(\.isOurs) == [false, false])
        #expect(ledger.summary.items == 2)
        _ = try await ledger.create(request())
        #expect(try await ledger.list().count == 3)
        probe.kill()
        await ledger.close()

        let next = try await openLedger(folder)
        #expect(try await next.list().isEmpty)
        #expect(try await next.history().map(\.reason).count { $0 == .runEnded } == 2)
        await next.close()
    }

    @Test func anotherProcessDestroysWhenAsked() async throws {
        let probe = try ChildProcess(probe: "hold", folder.file("state"), "3")
        let rows = try await probe.lines(until: "ready").compactMap { RowID(rawValue: String($0.split(separator: " ").last ?? "")) }
        #expect(rows.count == 3)
        let ledger = try await openLedger(folder)
        let one = await ledger.destroyAndConfirm([rows[0]], within: 10)
        #expect(one.isComplete && one.destroyed == [rows[0]])
        let all = await ledger.eraseEverything()
        #expect(all.isComplete && Set(all.destroyed) == Set(rows.dropFirst()))
        #expect(try await ledger.list().isEmpty)
        probe.kill()
        await ledger.close()
    }

    @Test func manyProcessesWriteSideBySide() async throws {
        let probes = try (0..<4).map { _ in try ChildProcess(probe: "many", folder.file("state"), "25") }
        let ledger = try await openLedger(folder)
        for _ in 0..<25 {
            let id = try await ledger.create(request())
            await ledger.destroy([id], because: .fileClosed)
        }
        for probe in probes { #expect(try await probe.finish() == ["done"]) }
        #expect(try await ledger.list().isEmpty)
        #expect(try await ledger.history().count == 125)
        await ledger.close()
    }

    @Test func aRebootEndsEveryEarlierRun() async throws {
        let earlier = RunIdentity(boot: "before", process: 1, processStart: 0, processSpace: "here")
        #expect(RunIdentity.isOver(earlier))
        let old = try await openLedger(folder, run: earlier)
        _ = try await old.create(request())
        let now = try await openLedger(folder)
        #expect(try await now.list().isEmpty)
        await now.close()
    }

    @Test func aRunIsKnownByProcessAndStart() async throws {
        let here = RunIdentity.current()
        #expect(!RunIdentity.isOver(here))
        var reused = here
        reused.processStart -= 1
        #expect(RunIdentity.isOver(reused))
        var absent = here
        absent.process = Int32.max
        #expect(RunIdentity.isOver(absent))
        let child = try ChildProcess("/bin/true", [], output: .null)
        #expect(await comesTrue { RunIdentity.status(of: child.id)?.isZombie == true })
        var zombie = here
        zombie.process = child.id
        zombie.processStart = try #require(RunIdentity.status(of: child.id)).start
        #expect(RunIdentity.isOver(zombie))
        child.kill()
        var elsewhere = absent
        elsewhere.processSpace = "pid:[1]"
        #expect(!RunIdentity.isOver(elsewhere), "a container's processes cannot be judged from outside")
    }

    /// The store's changing system calls of a whole journey, killed at each of them in turn.
    @Test func killedAtAnyCallNothingIsLeftAfterTheNextStart() async throws {
        var n = 1
        while true {
            let folder = Folder(inMemory: true)
            try FileManager.default.createDirectory(atPath: folder.file("music"), withIntermediateDirectories: true)
            let lines = try await ChildProcess(probe: "journey", folder.file("state"), folder.file("music"), String(n)).finish()
            let completed = lines.contains { $0.hasPrefix("done") }
            // Names on disk are a subset of the rows, already before anybody repairs anything.
            let left = (try FileManager.default.contentsOfDirectory(atPath: folder.file("music"))).filter { $0.hasPrefix(".lathe-") }
            let ledger = try await openLedger(folder, isOver: { _ in false })
            let registered = Set(try await ledger.openRecords().compactMap { $0.scratchPath?.split(separator: "/").last.map(String.init) })
            #expect(Set(left).isSubset(of: registered), "call \(n)")
            await ledger.close()

            let next = try await openLedger(folder)
            #expect(try await next.list().isEmpty, "call \(n)")
            await next.close()
            let after = try FileManager.default.contentsOfDirectory(atPath: folder.file("music"))
            #expect(after.allSatisfy { $0 == "master.wav" }, "call \(n): \(after)")
            if completed { break }
            n += 1
            try #require(n < 500)
        }
        #expect(n > 20, "the journey makes more than a few changes")
    }

    @Test func onAFullDiskNothingIsMade_andEverythingCanBeDestroyed() async throws {
        let lines = try await ChildProcess(probe: "full", folder.file("state"), folder.path).finish()
        #expect(lines.prefix(5) == ["refused 74", "refused 74", "refused 74", "name absent", "descriptor closed"])
        #expect(lines.contains { $0.hasPrefix("problem") && $0.contains("cannot be written") })
        #expect(lines.last == "done")
        let ledger = try await openLedger(folder)
        #expect(try await ledger.list().isEmpty)
        #expect(try await ledger.history().map(\.reason) == [.userRequest, .userRequest, .userRequest])
        await ledger.close()
    }

    @Test func onAFullDiskTheBallastMakesRoomForTheRecord() async throws {
        guard geteuid() == 0 else { return }
        let place = folder.file("disk")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        guard Glibc.mount("tmpfs", place, "tmpfs", 0, "size=2m") == 0 else { return }
        defer { umount2(place, Int32(MNT_DETACH)) }
        let ledger = try await Ledger.open(at: place + "/state", surroundings: plentiful)
        var rows: [RowID] = []
        for _ in 0..<40 { rows.append(try await ledger.create(request())) }
        let filler = Glibc.open(place + "/filler", O_CREAT | O_WRONLY, 0o600)
        let page = [UInt8](repeating: 1, count: 4096)
        while write(filler, page, page.count) > 0 {}
        #expect(errno == ENOSPC)
        close(filler)
        await #expect(throws: LedgerError.self) { for _ in 0..<40 { rows.append(try await ledger.create(request())) } }

        await ledger.destroy(rows, because: .userRequest)
        #expect(ledger.summary.items == 0 && ledger.summary.problem == nil)
        #expect(try await ledger.history().count == rows.count)
        await ledger.close()
    }

    /// A home that two machines share, a container, another name space of time: the boot id and the clock there say nothing about a run that lives here.
    @Test func aRunThatLivesIsNotOver_whateverBootAndClockSay() async throws {
        let far = RunIdentity(boot: "another boot", process: 2, processStart: 1, processSpace: "another space")
        #expect(RunIdentity.isOver(far))
        let state = folder.file("state")
        func open(_ run: RunIdentity) async throws -> Ledger { try await Ledger.open(at: state, surroundings: plentiful, run: run) }
        let living = try await open(far)
        let id = try await living.create(request(.decodedAudio))
        try await living.used(100, by: id)
        let other = try await open(.current())
        #expect(try await other.list().map(\.id) == [id])
        await other.close()
        #expect(RunLock.isHeld(far.id, in: state) && !RunLock.isHeld("nobody", in: state))
        await living.close()
        #expect(!RunLock.isHeld(far.id, in: state))
    }

    /// What another process reads is what is: a beginning within a second, a size within five.
    @Test func othersSeeSizesAndStatesWithinASecond() async throws {
        let time = TestClock(), reader = RunIdentity(boot: "b", process: 3, processStart: 1, processSpace: "s")
        let ledger = try await openLedger(folder, time.clock)
        let id = try await ledger.create(request(.unsavedTake))
        let scratch = try await ledger.makeScratchInMemory(request(.decodedAudio))
        try await ledger.used(4000, by: id)
        func seen() async throws -> [RowID: LedgerRow] {
            let other = try await openLedger(folder, time.clock, run: reader, isOver: { _ in false })
            defer { Task { await other.close() } }
            return Dictionary(uniqueKeysWithValues: try await other.list().map { ($0.id, $0) })
        }
        time.advance(1)
        await ledger.tick()
        let told = try await seen()
        #expect(told[id]?.state == .live && told[id]?.bytes == 4000 && told[scratch.id]?.state == .live)
        try await ledger.used(9000, by: id)
        time.advance(5)
        await ledger.tick()
        #expect(try await seen()[id]?.bytes == 9000)
        // What stays as it is costs nothing.
        let events = try await ledger.export().history.events.count
        try await ledger.used(9000, by: id)
        time.advance(60)
        await ledger.tick()
        #expect(try await ledger.export().history.events.count == events)
        await ledger.close()
    }

    @Test func onAReadOnlyDiskNothingIsMade_andTheRestWaitsForTheNextStart() async throws {
        guard geteuid() == 0 else { return }
        let place = folder.file("disk")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        guard Glibc.mount("tmpfs", place, "tmpfs", 0, "size=4m") == 0 else { return }
        defer { umount2(place, Int32(MNT_DETACH)) }
        #expect(try await ChildProcess(probe: "leave", place + "/state", place).finish().isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place).count == 2)
        #expect(Glibc.mount("tmpfs", place, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)

        let reading = try await Ledger.open(at: place + "/state", surroundings: plentiful)
        #expect(try await reading.list().map(\.state) == [.overdue])
        do {
            _ = try await reading.create(request())
            Issue.record("a row was promised on a read-only disk")
        } catch {
            #expect(error.exitCode == 74 && error.message.contains("cannot be written"))
        }
        await reading.close()

        #expect(Glibc.mount("tmpfs", place, "tmpfs", UInt(MS_REMOUNT), nil) == 0)
        let writing = try await Ledger.open(at: place + "/state", surroundings: plentiful)
        #expect(try await writing.list().isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place) == ["state"])
        await writing.close()
    }
}
