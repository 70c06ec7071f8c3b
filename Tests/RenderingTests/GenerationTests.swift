import AudioFiles
import Composition
import DSP
import Foundation
import Glibc
import Mastering
import PrivacyLedger
import TestSupport
import Testing
@testable import Rendering

/// Tracks made on a real disk.
struct GenerationTests {
    let folder = Folder()

    func request(_ prompt: String, to name: String = "track.wav") -> GenerateRequest {
        GenerateRequest(prompt: prompt, seed: 5, output: folder.file(name), container: .wav)
    }

    func make(_ request: GenerateRequest, cancelling: Bool = false) async throws -> (JobStatus?, open: [LedgerRow], settled: [LedgerRow]) {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger, slots: 1)
        let id = await engine.submit(.generate(request))
        if cancelling { await engine.cancel(id) }
        let outcome = await engine.outcome(of: id)
        let rows = (outcome, try await ledger.list(), try await ledger.history())
        await engine.shutDown()
        await ledger.close()
        return rows
    }

    @Test func aTakeGrowsInMemory_andIsTheMixInTheEnd() async throws {
        var wanted = request("house in A minor, 124 bpm, 2 bars")
        wanted.isMastered = false
        let (outcome, _, _) = try await make(wanted)
        #expect(outcome?.state == .finished)
        let take = Take(wanted, genres: try GenreLibrary.list())
        let sound = try TakeSound(frames: take.frames, rate: Take.rate)
        // It has its full length before its first note.
        #expect(try AudioReader(path: sound.path).info.claimedFrames == Int64(take.frames))
        var told: [Int] = []
        #expect(take.play(into: sound) { told.append($0); return true })
        #expect(told == told.sorted() && told.last == take.frames)
        func samples(_ path: String) throws -> [Double] {
            let reader = try AudioReader(path: path)
            let buffer = AudioBuffer(channels: 2, frames: take.frames)
            #expect(try reader.read(into: buffer.block, frames: take.frames) == take.frames)
            return (0..<2).flatMap { c in (0..<take.frames).map { buffer.block[c][$0] } }
        }
        #expect(try samples(sound.path) == samples(wanted.output))
        let reader = try AudioReader(path: sound.path)
        #expect(sound.erase() == .gone)
        let buffer = AudioBuffer(channels: 2, frames: 64)
        #expect(!sound.write(buffer.block, at: 0, frames: 64))
        try reader.seek(to: Int64(take.frames / 2))
        #expect((try? reader.read(into: buffer.block, frames: 64)) != 64, "whoever has it open has nothing either")
    }

    @Test func aPromptBecomesATrackWithItsParts_andNothingElseRemains() async throws {
        var wanted = request("house in A minor, 124 bpm, 2 bars")
        wanted.midi = folder.file("track.mid")
        wanted.plan = folder.file("track.json")
        wanted.stemsFolder = folder.file("stems")
        let (outcome, open, settled) = try await make(wanted)
        #expect(outcome?.state == .finished, "\(outcome?.failure?.message ?? "")")
        guard case .generate(let result)? = outcome?.result else { return }
        // Two bars of four beats at 124 a minute.
        #expect(try AudioReader(path: folder.file("track.wav")).info.claimedFrames == Int64((8 * 60.0 / 124 * 44_100).rounded()))
        #expect(result.brief.bpm == 124 && result.brief.key == "A minor" && result.brief.bars == 2 && result.brief.seed == 5)
        #expect(result.parts.count + 1 == result.files.stems.count && result.files.stems.allSatisfy { access($0, R_OK) == 0 })
        let plan = try JSONSerialization.jsonObject(with: folder.bytes("track.json")) as? [String: Any]
        #expect((plan?["brief"] as? [String: Any])?["key"] as? String == "A minor")
        #expect(try folder.bytes("track.mid").prefix(4) == Data("MThd".utf8))
        #expect(open.isEmpty)
        #expect(settled.allSatisfy { $0.state == .handedOver || $0.state == .destroyed })
        #expect(settled.contains { $0.kind == .prompt && $0.state == .destroyed })
        #expect(settled.count { $0.state == .handedOver } == 3 + result.files.stems.count)
    }

    @Test func everyGenreIsMasteredTowardACurveThatThereIs_atALoudnessThatCanBeReached() throws {
        let curves = Set(ToneLibrary.list().map(\.id))
        for genre in try GenreLibrary.list() {
            let preset = try LocalTier.preset(for: genre)
            #expect(curves.contains(genre.tone), "\(genre.id): \(genre.tone)")
            #expect(preset.tone.mode == .curve && preset.tone.curve == genre.tone && preset.tone.settings.amountPct == 100)
            // Louder, the limiter would have to take away more than it may from a mix that has its own dynamics.
            #expect(preset.target.lufs <= -14, "\(genre.id)")
            // What goes to the renderer is the preset's file form.
            #expect(try Preset.parse(toml: preset.toml(), file: "p").tone == preset.tone)
        }
    }

    @Test func anExistingFileStaysUnlessForced() async throws {
        try Data("precious".utf8).write(to: URL(fileURLWithPath: folder.file("track.wav")))
        var wanted = request("techno, 1 bar")
        wanted.isMastered = false
        var (outcome, open, _) = try await make(wanted)
        #expect(outcome?.failure?.exitCode == 73 && open.isEmpty)
        #expect(try folder.bytes("track.wav") == Data("precious".utf8))
        wanted.force = true
        (outcome, open, _) = try await make(wanted)
        #expect(outcome?.state == .finished && open.isEmpty)
        #expect(try folder.bytes("track.wav").prefix(4) == Data("RIFF".utf8))
    }

    @Test func aCancelledTrackLeavesNothing() async throws {
        let (outcome, open, _) = try await make(request("ambient, 200 bars"), cancelling: true)
        #expect(outcome?.state == .cancelled && open.isEmpty)
        #expect(access(folder.file("track.wav"), F_OK) != 0)
    }

    @Test func optionsWinOverThePrompt() throws {
        var wanted = request("house in A minor, 124 bpm, 16 bars")
        wanted.options.bpm = 100
        wanted.options.seconds = 10
        wanted.options.genre = "jazz"
        let (brief, _) = wanted.brief(genres: try GenreLibrary.list())
        #expect(brief.bpm == 100 && brief.seconds == 10 && brief.genre.id == "jazz" && brief.key.name == "A minor")
    }

    @Test func theSameRequestGivesTheSameBytes() async throws {
        var wanted = request("lofi, 1 bar")
        _ = try await make(wanted)
        wanted.output = folder.file("again.wav")
        _ = try await make(wanted)
        #expect(try folder.bytes("track.wav") == folder.bytes("again.wav"))
    }
}
