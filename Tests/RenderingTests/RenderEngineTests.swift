import AudioFiles
import Foundation
import Mastering
import PrivacyLedger
import TestSupport
import Testing
@testable import Rendering

/// The engine with a tier that the test controls.
struct RenderEngineTests {
    let folder = Folder()

    @Test func noMoreJobsRunAtOnceThanThereAreSlots_andAllOfThemEnd() async throws {
        let ledger = try await folder.openLedger()
        let gate = Gate()
        let engine = RenderEngine(ledger: ledger, tiers: [FakeTier { _, _ in await gate.pass(); return anyResult }], slots: 2)
        var ids: [JobID] = []
        for n in 0..<6 { ids.append(await engine.submit(.master(folder.request(to: "\(n).wav")))) }
        #expect(await engine.jobs().count { $0.state == .running } == 2)
        #expect(await engine.jobs().count { $0.state == .queued } == 4)
        gate.open()
        for id in ids { #expect(await engine.outcome(of: id)?.state == .finished) }
        #expect(gate.arrivals == 6)
        await engine.shutDown()
        await ledger.close()
    }

    @Test func blockingWorkDoesNotHoldTheCooperativePool() async throws {
        let ledger = try await folder.openLedger()
        let (names, continuation) = AsyncStream.makeStream(of: String.self)
        let tier = FakeTier { _, _ in
            continuation.yield(threadName())
            return anyResult
        }
        let engine = RenderEngine(ledger: ledger, tiers: [tier], slots: 1)
        await engine.submit(.master(folder.request()))
        var iterator = names.makeAsyncIterator()
        #expect(await iterator.next() == "lathe-worker")
        await engine.shutDown()
        await ledger.close()
    }

    @Test func aFailureReachesTheQueueWithItsExitCode() async throws {
        let ledger = try await folder.openLedger()
        let errors: [any Error & Sendable] = [
            AudioFileError.diskFull(path: "x.wav"), LedgerError.cannotWrite(path: "/s", reason: "full"), AudioFileError.notFound(path: "x.wav"),
        ]
        for (error, code) in zip(errors, [74, 74, 66] as [Int32]) {
            let engine = RenderEngine(ledger: ledger, tiers: [FakeTier { _, _ in throw error }])
            let outcome = await engine.outcome(of: await engine.submit(.master(folder.request())))
            #expect(outcome?.state == .failed && outcome?.failure?.exitCode == code)
            #expect(outcome?.failure?.message.contains("\n") == false)
            await engine.shutDown()
        }
        let engine = RenderEngine(ledger: ledger, tiers: [FakeTier(accepting: false) { _, _ in anyResult }])
        #expect(await engine.outcome(of: await engine.submit(.master(folder.request())))?.failure?.exitCode == 69)
        await engine.shutDown()
        await ledger.close()
    }

    @Test func cancelReachesTheTierThatRuns() async throws {
        let ledger = try await folder.openLedger()
        let tier = FakeTier { _, work in
            while !work.cancellation.isSet { await Task.yield() }
            throw CancellationError()
        }
        let engine = RenderEngine(ledger: ledger, tiers: [tier], slots: 1)
        let running = await engine.submit(.master(folder.request()))
        let waiting = await engine.submit(.master(folder.request()))
        await engine.cancel(waiting)
        #expect(await engine.outcome(of: waiting)?.state == .cancelled)
        await engine.cancel(running)
        let outcome = await engine.outcome(of: running)
        #expect(outcome?.state == .cancelled && outcome?.failure?.exitCode == 130)
        await engine.shutDown()
        await ledger.close()
    }

    @Test func everyListenerSeesEveryStepInOrder() async throws {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger, tiers: [FakeTier { _, _ in anyResult }], slots: 1)
        let streams = [await engine.events(), await engine.events()]
        let id = await engine.submit(.master(folder.request()))
        _ = await engine.outcome(of: id)
        await engine.shutDown()
        for stream in streams {
            var states: [JobState] = []
            for await case .job(let status) in stream where states.last != status.state { states.append(status.state) }
            #expect(states == [.queued, .running, .finished])
        }
        await ledger.close()
    }

    @Test func eventsAndJobsSurviveTheirEncoding() throws {
        let status = JobStatus(id: JobID(rawValue: 7), job: .master(folder.request()), state: .finished, stage: .done, fraction: 1,
                               submittedAt: 1, result: anyResult)
        for event in [EngineEvent.job(status), .measuring(path: "a", fraction: 0.5), .released(path: "b")] {
            let data = try JSONEncoder().encode(event)
            #expect(try JSONDecoder().decode(EngineEvent.self, from: data) == event)
        }
    }

    @Test func mastersAreNamedBesideTheirInput() {
        #expect(OutputName.standard(for: "mixes/rough.v2.flac", container: .wav) == "mixes/rough.v2-master.wav")
        #expect(OutputName.standard(for: "rough", in: "out/", container: .flac) == "out/rough-master.flac")
        #expect(OutputName.standard(for: "a/.hidden", in: "/b", container: .wav) == "/b/.hidden-master.wav")
    }

    @Test func aMeasuredFileHasRows_untilItIsReleased() async throws {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger)
        let mix = try folder.makeMix()
        let profile = try await engine.profile(mix)
        #expect(abs(profile.analysis.seconds - 2) < 1e-9)
        let rows = try await ledger.list()
        #expect(rows.map(\.kind) == [.analysis, .waveform] && rows[1].parent == rows[0].id && rows[0].name == "mix.wav")
        #expect(rows.allSatisfy { $0.bytes > 0 && $0.place == .ram })

        // Asked again it is the same measurement, after a change of the file a new one.
        _ = try await engine.profile(mix)
        #expect(try await ledger.list().map(\.id) == rows.map(\.id))
        try FileManager.default.removeItem(atPath: mix)
        try folder.makeMix(seconds: 3)
        #expect(abs(try await engine.profile(mix).analysis.seconds - 3) < 1e-9)
        #expect(try await ledger.list().count == 2)

        await engine.release(mix)
        #expect(try await ledger.list().isEmpty)
        await engine.shutDown()
        await ledger.close()
    }

    @Test func destroyingTheRowTellsTheScreenToForget() async throws {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger)
        let mix = try folder.makeMix()
        let events = await engine.events()
        _ = try await engine.profile(mix)
        let row = try #require(try await ledger.list().first)
        #expect(await ledger.destroy(anyOf: [row.id]).isComplete)
        for await event in events {
            if case .released(let path) = event {
                #expect(path == mix)
                break
            }
        }
        _ = try await engine.profile(mix)
        #expect(try await ledger.list().first?.id != row.id)
        await engine.shutDown()
        await ledger.close()
    }

    @Test func aSolveLeavesNoRow() async throws {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger)
        let mix = try folder.makeMix()
        let profile = try await engine.profile(mix)
        let solution = try await engine.solve(path: mix, preset: Preset(), profile: profile)
        #expect(solution.integratedLUFS != nil)
        #expect(try await ledger.list().map(\.kind) == [.analysis, .waveform])
        #expect(try await ledger.history().map(\.kind) == [.solve])
        await engine.shutDown()
        #expect(try await ledger.list().isEmpty)
        await ledger.close()
    }

    @Test func aFileThatCannotBeMeasuredLeavesNoRow() async throws {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger)
        await #expect(throws: AudioFileError.notFound(path: folder.file("absent.wav"))) {
            try await engine.profile(folder.file("absent.wav"))
        }
        #expect(try await ledger.list().isEmpty)
        await engine.shutDown()
        await ledger.close()
    }

    @Test func aCallerWhoChangesTheirMindDoesNotSpoilItForAnother() async throws {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger)
        let mix = try folder.makeMix(seconds: 20)
        let fickle = Task { try await engine.profile(mix) }
        let steady = Task { try await engine.profile(mix) }
        fickle.cancel()
        #expect(try await steady.value.analysis.frames == 20 * 44100)
        await engine.shutDown()
        await ledger.close()
    }
}

private func threadName() -> String {
    (FileManager.default.contents(atPath: "/proc/thread-self/comm")).map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .newlines) } ?? ""
}
