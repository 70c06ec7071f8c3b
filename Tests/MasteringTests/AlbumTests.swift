import AudioFiles
import DSP
import Foundation
import Testing
@testable import Mastering

@Suite struct AlbumTests {
    private let rate = 44100

    private func album(_ inputs: [String], _ folder: Folder, _ preset: Preset) throws -> (results: [MasterResult], solution: Solution) {
        let requests = inputs.enumerated().map {
            MasterRequest(input: $1, output: folder["out\($0).wav"], preset: preset, container: .wav, force: true)
        }
        let outputs = try requests.map { try AtomicOutput(target: $0.output, force: true, inputs: [$0.input]) }
        let made = try Master.solved(
            requests, fileDescriptors: outputs.map(\.fileDescriptor), tier: "local", profiles: nil, progress: { _, _ in },
            isCancelled: { false })
        for output in outputs { _ = try output.commit() }
        return made
    }

    private func samples(_ path: String) throws -> [[Double]] {
        let reader = try AudioReader(path: path)
        let frames = Int(reader.info.claimedFrames!)
        let buffer = AudioBuffer(channels: 2, frames: frames)
        #expect(try reader.read(into: buffer.block, frames: frames) == frames)
        return (0..<2).map { c in (0..<frames).map { buffer.block[c][$0] } }
    }

    /// The loudest track is limited by several dB, the quiet ones hardly: without the trims they would come too close to it.
    @Test func theLoudestMeetsTheTargetAndTheOthersKeepTheirDistance() throws {
        let folder = try Folder()
        let levels = [0.2, 0.7, 0.05]
        for (index, level) in levels.enumerated() {
            let seconds = 7.0 + Double(index)
            // Silence at the seams: these tracks do not flow into each other.
            let sound = mix(seconds: seconds, rate: rate, level: level)
            for c in 0..<2 { for i in (Int(seconds * 44100) - 1000)..<Int(seconds * 44100) { sound.block[c][i] = 0 } }
            try write(sound, frames: Int(seconds * 44100), to: folder["in\(index).wav"], rate: rate)
        }
        var preset = Preset()
        preset.target.lufs = -10
        preset.target.maxLimiterGainReductionDB = 12
        preset.compressor.on = false
        let results = try album((0..<3).map { folder["in\($0).wav"] }, folder, preset).results
        let loudness = try results.map { try Analyze.file($0.output).0.integratedLUFS! }
        #expect(abs(loudness[1] + 10) <= 0.1 + 1e-6)
        for (index, result) in results.enumerated() {
            let before = result.before.integratedLUFS! - results[1].before.integratedLUFS!
            #expect(abs((loudness[index] - loudness[1]) - before) <= 0.05, "track \(index)")
            #expect(result.after.truePeakDBTP! <= -0.95)
            #expect(result.after.frames == result.before.frames)
            #expect(result.targetReached)
        }
    }

    /// A continuous piece in two files comes out as the continuous piece would, to the last bit, across the seam too.
    @Test(arguments: [3 * 44100, 3 * 44100 + 17])
    func aPieceInTwoTracksHasNoSeam(seam: Int) throws {
        let folder = try Folder()
        let frames = 6 * rate
        let whole = mix(seconds: 6, rate: rate, level: 0.5)
        try write(whole, frames: frames, to: folder["whole.wav"], rate: rate)
        try write(whole, frames: seam, to: folder["a.wav"], rate: rate)
        let rest = AudioBuffer(channels: 2, frames: frames - seam)
        for c in 0..<2 { for i in 0..<(frames - seam) { rest.block[c][i] = whole.block[c][seam + i] } }
        try write(rest, frames: frames - seam, to: folder["b.wav"], rate: rate)
        var preset = Preset()
        preset.target.lufs = -11
        preset.target.maxLimiterGainReductionDB = 12
        preset.output.bits = .float32
        let paths = [folder["a.wav"], folder["b.wav"]]
        let programme = try Programme(album: paths.map { PlacedFile(path: $0) }, tracks: paths.map { try InputProfile.measure($0) })
        #expect(programme.groups == [0..<2])
        let (results, solution) = try album(paths, folder, preset)
        #expect(results[0].gainDB == results[1].gainDB)

        #expect(solution.limiterMaxReductionDB > 1)
        var chain = MasteringChain(sampleRate: 44100, channels: 2)
        chain.set(solution.parameters, ramp: false)
        let stream = AudioBuffer(channels: 2, frames: frames + chain.latency)
        // From the files: they hold what 32 bits leave of the sound.
        let input = try samples(folder["whole.wav"])
        for c in 0..<2 { for i in 0..<frames { stream.block[c][i] = input[c][i] } }
        chain.process(stream.block, frames: frames + chain.latency)
        let (a, b) = (try samples(results[0].output), try samples(results[1].output))
        #expect(a[0].count == seam && b[0].count == frames - seam)
        var differing = 0
        for c in 0..<2 {
            for (i, sample) in (a[c] + b[c]).enumerated() where Float(stream.block[c][i + chain.latency]) != Float(sample) { differing += 1 }
        }
        #expect(differing == 0)
    }

    /// One gain for what flows, and a tone curve for all: where that pulls neighbours apart, it is said, and by how much.
    @Test func tracksThatDriftApartAreNamed() throws {
        let folder = try Folder()
        for (index, hz) in [60.0, 3000].enumerated() {
            let sound = mix(seconds: 6, rate: rate, level: 0.2)
            for c in 0..<2 { for i in 0..<(6 * rate) { sound.block[c][i] += 0.15 * sin(2 * .pi * hz * Double(i) / Double(rate)) } }
            try write(sound, frames: 6 * rate, to: folder["in\(index).wav"], rate: rate)
        }
        var preset = Preset()
        preset.compressor.on = false
        preset.target.lufs = -20
        preset.eq[0].on = true
        (preset.eq[0].hz, preset.eq[0].db, preset.eq[0].q) = (3000, -6, 2)
        let results = try album((0..<2).map { folder["in\($0).wav"] }, folder, preset).results
        #expect(results[0].gainDB == results[1].gainDB)
        func distance(_ value: (MasterResult) -> Analysis) -> Double { value(results[0]).integratedLUFS! - value(results[1]).integratedLUFS! }
        let drifted = distance(\.after) - distance(\.before)
        #expect(drifted > 1)
        let moves = results.flatMap(\.moves).filter { $0.code == "level_drift" }
        let move = try #require(moves.first)
        #expect(moves.count == 1 && (move.db!.magnitude - drifted).magnitude < 0.06 && move.text.contains("it flows into its neighbour"))
    }

    @Test func tracksOfDifferentRatesAreRefusedByName() throws {
        let folder = try Folder()
        try write(mix(seconds: 1, rate: 44100, level: 0.5), frames: 44100, to: folder["a.wav"], rate: 44100)
        try write(mix(seconds: 1, rate: 48000, level: 0.5), frames: 48000, to: folder["b.wav"], rate: 48000)
        let error = #expect(throws: AudioFileError.self) { try album([folder["a.wav"], folder["b.wav"]], folder, Preset()) }
        #expect(error?.message.contains("b.wav") == true && error?.exitCode == 65)
    }
}
