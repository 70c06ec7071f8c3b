import Foundation
import Glibc
import Mastering
import PrivacyLedger
import Synchronization
import Testing
import TestSupport
@testable import Rendering

/// The engine behind its socket, host and clients in one process.
@Suite struct EngineApartTests {
    private let folder = Folder()
    private var place: EnginePlace { EnginePlace(folder: folder.file("run"), name: "engine-test") }

    /// Serves with `tier` while `body` runs; answers with what `serve` gave.
    private func serving(_ tier: any Tier = LocalTier(), patience: Double = 600, _ body: @Sendable @escaping () async throws -> Void) async throws -> Bool {
        let folder = folder, place = place
        let ready = Gate()
        async let served = EngineHost.serve(at: place, tiers: [tier], patience: patience, ledger: { try await folder.openLedger() }, ready: { ready.open() })
        await ready.pass()
        try await body()
        return try await served
    }

    /// Waiting for a frame blocks, and must not take a thread from those who are to send it.
    private static func heard<Value: Decodable & Sendable>(_ line: EngineLine, _ type: Value.Type) async -> Value? {
        await WaitingThread.run("listener") { line.receive(type) }
    }

    @Test func aJobHandedOverIsDone_andTheEngineEndsWhenItsEndWasHeard() async throws {
        try folder.makeMix()
        let folder = folder, place = place
        let first = try await serving {
            let client = EngineClient(place: place, launcher: nil)
            let id = try await client.submit(.master(folder.request()))
            let status = try #require(await client.outcome(of: id))
            #expect(status.state == .finished && status.result?.masters.first?.output == folder.file("mix-master.wav"))
            client.close()
        }
        #expect(first)
        #expect(try folder.names.contains("mix-master.wav"))
        let rows = try await folder.openLedger().history().filter { $0.kind == .queuedJob }
        // The job's own, and that of what is remembered of it until its end was heard.
        #expect(rows.count == 2 && rows.allSatisfy { $0.state == .destroyed })
        #expect(rows.first { $0.rule != .untilQuit }?.reason == .jobEnded)
        #expect(rows.first { $0.rule == .untilQuit }?.reason == .quit)
        #expect(try place.connect() == nil)
    }

    @Test func aBrokenLineEndsNoJob_andWhoComesBackIsTold() async throws {
        let folder = folder, place = place
        let gate = Gate()
        let tier = FakeTier { job, _ in
            await gate.pass()
            throw JobFailure(message: "as the test says", exitCode: 74)
        }
        _ = try await serving(tier) {
            let first = EngineClient(place: place, launcher: nil)
            let id = try await first.submit(.master(folder.request()))
            first.close()
            let second = EngineClient(place: place, launcher: nil)
            #expect(try await second.attach())
            #expect(await comesTrue { second.jobs.map(\.state) == [.running] })
            gate.open()
            #expect(await second.outcome(of: id)?.failure?.message == "as the test says")
            second.close()
        }
    }

    @Test func aCancelReachesTheEngine_andTheOneWhoEndsTheRowCancelsToo() async throws {
        let folder = folder, place = place
        let tier = FakeTier { _, work in
            while !work.cancellation.isSet { try await Task.sleep(for: .milliseconds(1)) }
            throw CancellationError()
        }
        _ = try await serving(tier) {
            let client = EngineClient(place: place, launcher: nil)
            let id = try await client.submit(.master(folder.request()))
            #expect(try await client.cancel(id))
            #expect(await client.outcome(of: id)?.state == .cancelled)

            let other = try await client.submit(.master(folder.request()))
            let ledger = try await folder.openLedger()
            let row = try #require(try await ledger.list().first { $0.kind == .queuedJob && $0.rule == .resumable })
            #expect(await ledger.destroyAndConfirm([row.id], within: 20).isComplete)
            #expect(await client.outcome(of: other)?.state == .cancelled)
            await ledger.close()
            client.close()
        }
    }

    @Test func theSameWishAskedForTwiceIsOneJob() async throws {
        let folder = folder, place = place
        let runs = Mutex(0)
        let gate = Gate()
        let tier = FakeTier { _, _ in
            runs.withLock { $0 += 1 }
            await gate.pass()
            throw CancellationError()
        }
        // Nobody follows, so nobody hears of the end: the engine keeps it for as long as it is told to.
        _ = try await serving(tier, patience: 0) {
            let line = try #require(try place.connect())
            #expect(line.send(EngineGreeting()))
            #expect(await Self.heard(line, EngineGreeting.self)?.lathe == EngineGreeting.version)
            var ids: Set<JobID> = []
            for number in 1...3 {
                #expect(line.send(EngineQuestion(number: number, call: .submit(key: "one wish", .master(folder.request())))))
                guard case .answer(number, .submitted(let id))? = await Self.heard(line, EngineMessage.self) else { Issue.record("no answer"); break }
                ids.insert(id)
            }
            #expect(ids.count == 1)
            gate.open()
            line.end()
        }
        #expect(runs.withLock { $0 } == 1)
    }

    @Test func pathsThatMeanSomethingElseInAnotherFolderAreRefused() async throws {
        let place = place
        _ = try await serving {
            let client = EngineClient(place: place, launcher: nil)
            let relative = MasterRequest(input: "mix.wav", output: "out.wav", preset: Preset(), container: .wav, force: false)
            await #expect(throws: JobFailure.self) { try await client.submit(.master(relative)) }
            let whole = Job.master(relative).wholePaths(in: "/music")
            #expect(whole.input == "/music/mix.wav" && whole.output == "/music/out.wav" && whole.paths.allSatisfy { $0.hasPrefix("/music/") })
            client.close()
        }
    }

    @Test func anOlderEngineEndsWhenItIsIdle_andIsLeftAtWorkWhenItIsNot() async throws {
        let folder = folder, place = place
        let gate = Gate()
        let tier = FakeTier { _, _ in
            await gate.pass()
            throw CancellationError()
        }
        _ = try await serving(tier) {
            let first = EngineClient(place: place, launcher: nil)
            let id = try await first.submit(.master(folder.request()))
            // Somebody of another build, who knows the words.
            let line = try #require(try place.connect())
            #expect(line.send(EngineGreeting(build: "another")))
            #expect(await Self.heard(line, EngineGreeting.self)?.active == 1)
            #expect(line.send(EngineQuestion(number: 1, call: .retire)))
            guard case .answer(1, .done)? = await Self.heard(line, EngineMessage.self) else { Issue.record("no answer"); return }
            #expect(first.isAttached)
            gate.open()
            // It ends with its last job, though somebody listens.
            #expect(await first.outcome(of: id) != nil)
            #expect(await comesTrue { !first.isAttached })
        }
    }

    @Test func aVersionThatKnowsOtherWordsIsSentAway_andMayAskForTheEnd() async throws {
        let place = place
        _ = try await serving {
            let line = try #require(try place.connect())
            #expect(line.send(EngineGreeting(lathe: 99, retire: true)))
            #expect(await Self.heard(line, EngineGreeting.self) != nil)
            // The answer to the wish for its end, then the end.
            _ = await Self.heard(line, EngineMessage.self)
            #expect(await Self.heard(line, EngineMessage.self) == nil)
        }
    }

    @Test func nobodyIsLetIntoAFolderThatOthersMayEnter_andThereIsOneEngine() async throws {
        let place = place, folder = folder
        _ = try await serving {
            let another = try place.listen()
            #expect(another == nil)
            let client = EngineClient(place: place, launcher: nil)
            let isThere = try await client.attach()
            #expect(isThere)
            client.close()
        }
        chmod(folder.file("run"), 0o755)
        #expect(throws: JobFailure.self) { try place.listen() }
    }

    @Test func whatAPromptSaidEndsWithItsJob() async throws {
        let folder = folder, place = place
        _ = try await serving {
            let client = EngineClient(place: place, launcher: nil)
            var request = GenerateRequest(prompt: "quiet piano", seed: 1, output: folder.file("a.wav"), container: .wav)
            request.options.seconds = 2
            request.options.amendment = "slower"
            let id = try await client.submit(.generate(request))
            guard case .generate(let job)? = await client.outcome(of: id)?.job, case .generate(let track)? = client.jobs.last?.result else { Issue.record("no track"); return }
            #expect(job.prompt.isEmpty && job.options.amendment == nil && track.understood.isEmpty && track.ignored.isEmpty)
            client.close()
        }
    }
}

@Suite struct EngineLineTests {
    private func pair() -> (EngineLine, Int32) {
        var ends: [Int32] = [-1, -1]
        precondition(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        return (EngineLine(ends[0]), ends[1])
    }

    @Test func lengthsAreNotBelieved_andNonsenseEndsTheLine() {
        for bytes: [UInt8] in [[], [0], [0xFF, 0xFF, 0xFF, 0xFF], [1, 0, 0, 1], [0, 0, 0, 2, 0x7B], [0, 0, 0, 3, 0x3F, 0x3F, 0x3F], [0, 0, 0, 0]] {
            let (line, other) = pair()
            _ = bytes.withUnsafeBytes { write(other, $0.baseAddress, $0.count) }
            close(other)
            #expect(line.receive(EngineGreeting.self) == nil)
        }
    }

    @Test func aFrameComesBackAsItWas_withValuesThatJSONDoesNotKnow() throws {
        let (line, other) = pair()
        let far = EngineLine(other)
        let event = EngineMessage.event(.solving(path: "a", fraction: -.infinity))
        #expect(line.send(event))
        guard case .event(.solving(_, let fraction))? = far.receive(EngineMessage.self) else { Issue.record("no frame"); return }
        #expect(fraction == -.infinity)
        line.end()
        #expect(far.receive(EngineMessage.self) == nil)
        #expect(!line.send(event))
    }
}
