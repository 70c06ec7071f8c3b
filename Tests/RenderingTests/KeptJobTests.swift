import Foundation
import Glibc
import Mastering
import PrivacyLedger
import Synchronization
import Testing
import TestSupport
@testable import Rendering

/// What an engine that died has left, taken up by the next one: the dead engine is a run of the ledger that is over.
@Suite struct KeptJobTests {
    private let folder = Folder()
    private var place: EnginePlace { EnginePlace(folder: folder.file("run"), name: "engine-test") }

    private func ledger(_ name: String) async throws -> Ledger {
        try await Ledger.open(
            at: folder.file("state"), surroundings: Surroundings(swap: .none, memoryQuota: 1 << 30),
            run: RunIdentity(id: name, boot: "b", process: 2, processStart: 1, processSpace: "s"), isOver: { $0.id.hasPrefix("dead") })
    }

    private func keep(_ job: SealedJob, in ledger: Ledger, _ storage: QueueStorage = .sealed) async throws -> RowID {
        try await ledger.keepJob(try #require(job.bytes), ItemRequest(kind: .queuedJob, origin: .renderJob, purpose: job.job.purpose, place: .ram), in: storage)
    }

    private func sealed(_ number: Int, _ job: Job, wish: String = "wish") -> SealedJob {
        SealedJob(identity: JobIdentity(id: JobID(rawValue: number), key: "key \(number)", row: RowID()), wish: wish, job: job)
    }

    private func serving(_ tier: any Tier = LocalTier(), _ body: @Sendable @escaping (EngineClient) async throws -> Void) async throws {
        let place = place, ready = Gate()
        let ledger = try await ledger("next")
        // Long enough to be met: what was left may be over at once.
        async let served = EngineHost.serve(at: place, tiers: [tier], patience: 2, ledger: { ledger }, ready: { ready.open() })
        await ready.pass()
        let client = EngineClient(place: place, launcher: nil)
        try await client.attach()
        try await body(client)
        client.close()
        #expect(try await served)
    }

    private func isClean() throws {
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.file("state")).filter { $0.hasPrefix(".lathe") || $0.hasSuffix(".key") && $0 != "history.key" }
        #expect(left.isEmpty, "\(left)")
    }

    /// The names of jobs that have ended are in the engine's memory for as long as a row says so.
    @Test func whoEndsTheRowOfEndedJobsHasThemForgotten() async throws {
        try folder.makeMix()
        let folder = folder, place = place, ready = Gate(), ledger = try await ledger("only")
        async let served = EngineHost.serve(at: place, patience: 600, ledger: { ledger }, ready: { ready.open() })
        await ready.pass()
        let client = EngineClient(place: place, launcher: nil)
        try await client.attach()
        let id = try await client.submit(.master(folder.request()))
        #expect(await client.outcome(of: id)?.state == .finished)
        let row = try #require(try await ledger.list().first { $0.kind == .queuedJob })
        #expect(row.place == .ram && row.rule == .untilQuit)
        _ = await ledger.destroyAndConfirm([row.id])
        #expect(try await ledger.list().allSatisfy { $0.kind != .queuedJob })
        let other = EngineClient(place: place, launcher: nil)
        try await other.attach()
        #expect(other.jobs.isEmpty)
        other.close()
        client.close()
        #expect(try await served)
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    @Test(arguments: [QueueStorage.sealed, .disk])
    func aKilledEnginesJobIsDoneByTheNextOne(storage: QueueStorage) async throws {
        try folder.makeMix()
        let folder = folder, dead = try await ledger("dead")
        let row = try await keep(sealed(7, .master(folder.request())), in: dead, storage)
        #expect(storage == .disk || FileManager.default.fileExists(atPath: "/dev/shm/lathe-\(row.rawValue).key"))
        try await serving { client in
            let status = try #require(await client.outcome(of: JobID(rawValue: 7)))
            #expect(status.state == .finished && status.result?.masters.first?.output == folder.file("mix-master.wav"))
            // Numbers go on behind it.
            #expect(try await client.submit(.master(folder.request(to: "other.wav"))) == JobID(rawValue: 8))
            #expect(await client.outcome(of: JobID(rawValue: 8))?.state == .finished)
        }
        #expect(try folder.names.contains("mix-master.wav"))
        #expect(!FileManager.default.fileExists(atPath: "/dev/shm/lathe-\(row.rawValue).key"))
        try isClean()
        let after = try await ledger("after")
        let settled = try await after.history().filter { $0.id == row }
        #expect(settled.map(\.reason) == [.jobEnded])
        #expect(try await after.list().isEmpty)
        await after.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    @Test func whatWasNamedBeforeTheDeathIsNotMadeAgain_andTheSameWishIsOneJob() async throws {
        try folder.makeMix()
        let folder = folder, dead = try await ledger("dead")
        let done = sealed(1, .master(folder.request()), wish: "a")
        let waiting = sealed(2, .master(folder.request(to: "two.wav")), wish: "b")
        try Data("made by the dead engine".utf8).write(to: URL(fileURLWithPath: folder.file("mix-master.wav")))
        for job in [done, waiting, waiting] { _ = try await keep(job, in: dead) }
        let runs = Mutex(0)
        let tier = FakeTier { _, _ in
            runs.withLock { $0 += 1 }
            throw JobFailure(message: "as the test says", exitCode: 74)
        }
        try await serving(tier) { client in
            #expect(await client.outcome(of: JobID(rawValue: 1))?.state == .finished)
            #expect(await client.outcome(of: JobID(rawValue: 2))?.failure?.message == "as the test says")
            #expect(client.jobs.count == 2)
        }
        #expect(runs.withLock { $0 } == 1)
        #expect(try String(contentsOfFile: folder.file("mix-master.wav"), encoding: .utf8) == "made by the dead engine")
        try isClean()
    }

    @Test func aFileThatWasThereBeforeIsNoSignOfItsEnd() throws {
        try Data([1]).write(to: URL(fileURLWithPath: folder.file("out.wav")))
        let job = sealed(1, .master(folder.request(to: "out.wav")))
        #expect(!job.isDone)
        try Data([1]).write(to: URL(fileURLWithPath: folder.file("out.wav")), options: .atomic)
        #expect(job.isDone)
        let bytes = try #require(job.bytes)
        #expect(SealedJob(bytes)?.isDone == true)
        var track = GenerateRequest(prompt: "techno", seed: 1, output: folder.file("t.wav"), container: .wav)
        track.stemsFolder = folder.file("stems")
        let stems = sealed(2, .generate(track))
        try Data([1]).write(to: URL(fileURLWithPath: folder.file("t.wav")))
        #expect(!stems.isDone)
        #expect(SealedJob([1, 2, 3]) == nil && SealedJob([]) == nil)
    }

    @Test func aJobThatEnginesDieOfIsGivenUp_andOneThatCannotBeOpenedIsLost() async throws {
        let folder = folder
        try folder.makeMix()
        let row: RowID, broken: RowID
        let first = try await ledger("dead 0")
        row = try await keep(sealed(1, .master(folder.request()), wish: "a"), in: first)
        broken = try await keep(sealed(2, .master(folder.request(to: "b.wav")), wish: "b"), in: first)
        unlink("/dev/shm/lathe-\(broken.rawValue).key")
        for death in 1...SealedJob.mostDeaths {
            let next = try await ledger("dead \(death)")
            let taken = try await next.takeJobs()
            #expect(taken.map(\.row) == [row] && taken[0].deaths == death)
        }
        try await serving { client in #expect(client.jobs.isEmpty) }
        let after = try await ledger("after")
        #expect(try await after.history().filter { $0.kind == .queuedJob }.map(\.reason) == [.runEnded, .runEnded])
        #expect(try await after.list().isEmpty)
        await after.close()
        try isClean()
    }

    @Test func whatAnEndInOrderLeavesCountsAsNoDeath_andItsRowCanBeEndedByAnybody() async throws {
        let job = sealed(1, .master(folder.request()))
        let first = try await ledger("first")
        let row = try await keep(job, in: first)
        await first.leaveJob(row)
        await first.close()
        for _ in 0..<4 {
            let next = try await ledger("next")
            #expect(try await next.jobsLeft() == 1)
            #expect(try await next.takeJobs().map(\.deaths) == [1])
            #expect(try await next.jobsLeft() == 0)
            await next.leaveJob(row)
            await next.close()
        }
        let last = try await ledger("last")
        #expect(try await last.list().map(\.isLeft) == [true])
        #expect(await last.destroyAndConfirm([row]).isComplete)
        #expect(try await last.takeJobs().isEmpty)
        #expect(try await last.list().isEmpty)
        #expect(!FileManager.default.fileExists(atPath: "/dev/shm/lathe-\(row.rawValue).key"))
        try isClean()
        await last.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }
}
