import AudioFiles
import Foundation
import Glibc
import Mastering
import PrivacyLedger
import TestSupport
import Testing
@testable import Rendering

/// Real renders on a real disk.
struct LocalTierTests {
    let folder = Folder()

    /// Submits, waits and lets go; answers with the outcome and the rows it left.
    func render(_ request: MasterRequest) async throws -> (JobStatus?, open: [LedgerRow], settled: [LedgerRow]) {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger, slots: 1)
        let outcome = await engine.outcome(of: await engine.submit(.master(request)))
        let rows = (outcome, try await ledger.list(), try await ledger.history())
        await engine.shutDown()
        await ledger.close()
        return rows
    }

    @Test func aMasterIsHandedOver_andNothingElseRemains() async throws {
        let mix = try folder.makeMix()
        let before = try folder.bytes("mix.wav")
        let (outcome, open, settled) = try await render(folder.request())
        #expect(outcome?.state == .finished)
        guard case .master(let result)? = outcome?.result else { return }
        #expect(result.tier == "local" && result.input == mix)
        let info = try AudioReader(path: folder.file("mix-master.wav")).info
        #expect(info.claimedFrames == 2 * 44100 && info.encoding == "pcm_24")
        #expect(try folder.music == ["mix-master.wav", "mix.wav"])
        #expect(try folder.bytes("mix.wav") == before)
        #expect(open.isEmpty)
        #expect(settled.map(\.state) == [.handedOver] && settled.first?.kind == .renderScratch)
        #expect(try settled.first?.bytes == Int64(folder.bytes("mix-master.wav").count))
    }

    @Test func anExistingFileStaysUnlessForced_andTheInputStaysAlways() async throws {
        try folder.makeMix()
        try Data("precious".utf8).write(to: URL(fileURLWithPath: folder.file("mix-master.wav")))
        var (outcome, open, _) = try await render(folder.request())
        #expect(outcome?.failure?.exitCode == 73 && open.isEmpty)
        #expect(try folder.bytes("mix-master.wav") == Data("precious".utf8))

        let input = try folder.bytes("mix.wav")
        #expect(link(folder.file("mix.wav"), folder.file("same.wav")) == 0)
        for target in ["mix.wav", "same.wav"] {
            (outcome, open, _) = try await render(folder.request(to: target, force: true))
            #expect(outcome?.failure?.exitCode == 73 && open.isEmpty, "\(target)")
        }
        #expect(try folder.bytes("mix.wav") == input)

        (outcome, open, _) = try await render(folder.request(force: true))
        #expect(outcome?.state == .finished && open.isEmpty)
        #expect(try AudioReader(path: folder.file("mix-master.wav")).info.claimedFrames == 2 * 44100)
        #expect(try folder.music == ["mix-master.wav", "mix.wav", "same.wav"])
    }

    @Test func badInputLeavesTheOldOutputAndNoScratch() async throws {
        try Data("not audio".utf8).write(to: URL(fileURLWithPath: folder.file("mix.wav")))
        try Data("old".utf8).write(to: URL(fileURLWithPath: folder.file("mix-master.wav")))
        let (outcome, open, settled) = try await render(folder.request(force: true))
        #expect(outcome?.failure?.exitCode == 65)
        #expect(open.isEmpty && settled.map(\.reason) == [.jobEnded])
        #expect(try folder.bytes("mix-master.wav") == Data("old".utf8))
        #expect(try folder.music == ["mix-master.wav", "mix.wav"])
    }

    @Test(arguments: [JobStage.measuring, .solving])
    func cancelTakesEffectAtOnce_andLeavesTheOldOutput(stage: JobStage) async throws {
        try folder.makeMix(seconds: 600)
        try Data("old".utf8).write(to: URL(fileURLWithPath: folder.file("mix-master.wav")))
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger, slots: 1)
        let events = await engine.events()
        let id = await engine.submit(.master(folder.request(force: true)))
        for await case .job(let status) in events where status.stage == stage && status.fraction > 0 || status.state.isOver { break }
        await engine.cancel(id)
        #expect(await engine.outcome(of: id)?.state == .cancelled)
        #expect(try await ledger.list().isEmpty)
        #expect(try await ledger.history().map(\.reason) == [.cancelled])
        #expect(try folder.bytes("mix-master.wav") == Data("old".utf8))
        #expect(try folder.music == ["mix-master.wav", "mix.wav"])
        await engine.shutDown()
        await ledger.close()
    }

    @Test func destroyingTheRowCancelsItsRender() async throws {
        try folder.makeMix(seconds: 600)
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger, slots: 1)
        let events = await engine.events()
        let id = await engine.submit(.master(folder.request()))
        for await case .job(let status) in events where status.fraction > 0 { break }
        let row = try #require(try await ledger.list().first)
        #expect(await ledger.destroyAndConfirm([row.id], within: 30).isComplete)
        #expect(await engine.outcome(of: id)?.state == .cancelled)
        #expect(try await ledger.history().map(\.reason) == [.userRequest])
        #expect(try folder.music == ["mix.wav"])
        await engine.shutDown()
        await ledger.close()
    }

    @Test func withoutALedgerNothingIsRendered() async throws {
        try folder.makeMix()
        let ledger = try Ledger.refusing(.cannotWrite(path: "/state", reason: "read-only"))
        let engine = RenderEngine(ledger: ledger, slots: 1)
        let outcome = await engine.outcome(of: await engine.submit(.master(folder.request())))
        #expect(outcome?.failure?.exitCode == 74)
        #expect(try folder.music == ["mix.wav"])
        await engine.shutDown()
    }

    @Test func aFullDiskLeavesTheOldOutput() async throws {
        try folder.makeMix(seconds: 4)
        try Data("old".utf8).write(to: URL(fileURLWithPath: folder.file("out.wav")))
        // The file-size limit stands for a disk that fills up at 300 kB; the master needs 1 MB.
        let lines = try await ChildProcess(probe: "master", folder.file("state"), folder.file("mix.wav"), folder.file("out.wav"), "force", "limit=300000").finish()
        #expect(lines.contains("state failed"))
        #expect(lines.contains { $0.hasPrefix("failure 74") }, "\(lines)")
        #expect(try folder.bytes("out.wav") == Data("old".utf8))
        #expect(try folder.music == ["mix.wav", "out.wav"])
        let ledger = try await folder.openLedger()
        #expect(try await ledger.list().isEmpty)
        await ledger.close()
    }

    @Test(arguments: ["measuring", "solving", "finishing"])
    func killedInTheMiddleNothingIsLeft(stage: String) async throws {
        try folder.makeMix(seconds: 20)
        try Data("old".utf8).write(to: URL(fileURLWithPath: folder.file("out.wav")))
        let probe = try ChildProcess(probe: "master", folder.file("state"), folder.file("mix.wav"), folder.file("out.wav"), "force")
        _ = try await probe.lines(until: "progress \(stage)")
        probe.kill()
        // Nothing waits for a next start: the bytes had no name.
        #expect(try folder.music == ["mix.wav", "out.wav"])
        let out = try folder.bytes("out.wav")
        if out != Data("old".utf8) { #expect(try AudioReader(path: folder.file("out.wav")).info.claimedFrames == 20 * 44100) }
        let ledger = try await folder.openLedger()
        #expect(try await ledger.list().isEmpty)
        await ledger.close()
    }

    /// The changing system calls of the store over a whole render, killed at each of them.
    @Test func killedAtAnyStoreCallTheOutputIsOldOrWhole() async throws {
        var n = 1
        while true {
            let folder = Folder(inMemory: true)
            try folder.makeMix(seconds: 0.5)
            try Data("old".utf8).write(to: URL(fileURLWithPath: folder.file("out.wav")))
            let lines = try await ChildProcess(probe: "master", folder.file("state"), folder.file("mix.wav"), folder.file("out.wav"), "force", "kill=\(n)").finish()
            let ledger = try await folder.openLedger()
            #expect(try await ledger.list().isEmpty, "call \(n)")
            await ledger.close()
            #expect(try folder.music == ["mix.wav", "out.wav"], "call \(n)")
            let out = try folder.bytes("out.wav")
            if out != Data("old".utf8) {
                #expect(try AudioReader(path: folder.file("out.wav")).info.claimedFrames == 22050, "call \(n)")
            }
            if lines.contains(where: { $0.hasPrefix("calls") }) { break }
            n += 1
            try #require(n < 300)
        }
        #expect(n > 10)
    }

    /// A set has several names to give, and the ledger is told after each: whoever dies between two leaves word of it.
    @Test func killedAtAnyStoreCallASetIsAbsentOrWholeOrMarked() async throws {
        let set = ["out.wav", "out.wav.flac", "out.wav.json"]
        func run(_ folder: Folder, killedAt n: Int) async throws -> [String] {
            try folder.makeMix(seconds: 0.5)
            return try await ChildProcess(probe: "master", folder.file("state"), folder.file("mix.wav"), folder.file("out.wav"), "set", "kill=\(n)").finish()
        }
        let whole = try await run(Folder(inMemory: true), killedAt: 1_000_000)
        let calls = try #require(whole.compactMap { line in line.hasPrefix("calls ") ? Int(line.dropFirst(6)) : nil }.first)
        var marked = 0
        // The names are given in the last third.
        for n in stride(from: calls * 2 / 3, through: calls, by: 3) {
            let folder = Folder(inMemory: true)
            _ = try await run(folder, killedAt: n)
            let ledger = try await folder.openLedger()
            #expect(try await ledger.list().isEmpty, "call \(n)")
            await ledger.close()
            let made = try folder.music.filter(set.contains), isMarked = try folder.music.contains("out.wav.incomplete")
            #expect(made.isEmpty || made == set || isMarked, "call \(n): \(made)")
            // The account comes last: where it is, everything is.
            #expect(!made.contains("out.wav.json") || made == set, "call \(n): \(made)")
            if isMarked {
                marked += 1
                let text = String(decoding: try folder.bytes("out.wav.incomplete"), as: UTF8.self)
                #expect(set.allSatisfy(text.contains) && text.contains("--force"))
            }
        }
        #expect(marked > 0)
        // The next set of that name takes the mark away; a file of somebody's own stays.
        try folder.makeMix(seconds: 0.5)
        try Data("Lathe: this set of files is incomplete.\nold".utf8).write(to: URL(fileURLWithPath: folder.file("out.wav.incomplete")))
        try Data("mine".utf8).write(to: URL(fileURLWithPath: folder.file("b.wav.incomplete")))
        for name in ["out.wav", "b.wav"] {
            _ = try await ChildProcess(probe: "master", folder.file("state"), folder.file("mix.wav"), folder.file(name), "set").finish()
        }
        #expect(try folder.music.filter { $0.hasSuffix("incomplete") } == ["b.wav.incomplete"])
        #expect(try folder.bytes("b.wav.incomplete") == Data("mine".utf8) && folder.music.contains("out.wav.json"))
    }

    /// A name that somebody took meanwhile stops the naming: what has its name stays, and the mark says that it is not all.
    @Test func aNameTakenMeanwhileLeavesAMark() async throws {
        try folder.makeMix()
        var request = folder.request()
        request.delivery.manifest = folder.file("account.json")
        let taken = folder.file("account.json")
        let ledger = try await folder.openLedger()
        let work = JobWork(ledger: ledger, cancellation: CancelFlag()) { stage, fraction in
            if stage == .finishing, fraction == 1 { try? Data("theirs".utf8).write(to: URL(fileURLWithPath: taken)) }
        }
        await #expect(throws: AudioFileError.self) { try await LocalTier().run(.master(request), work) }
        #expect(try folder.music == ["account.json", "mix-master.wav", "mix-master.wav.incomplete", "mix.wav"])
        #expect(try folder.bytes("account.json") == Data("theirs".utf8))
        #expect(try await ledger.list().isEmpty)
        await ledger.close()
    }
}
