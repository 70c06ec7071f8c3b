import AudioFiles
import DSP
import Foundation
import Testing
@testable import Mastering

@Suite struct OffsetTests {
    private let rate = 44_100

    private func standing(_ offsets: [Double], seconds: Double = 6, level: Double = 0.3) -> AudioBuffer {
        let sound = mix(seconds: seconds, rate: rate, level: level)
        for c in 0..<2 { for i in 0..<Int(seconds * Double(rate)) { sound.block[c][i] += offsets[c] } }
        return sound
    }

    private func master(_ inputs: [String], _ folder: Folder, _ preset: Preset, placement: TrackPlacement = TrackPlacement()) throws -> [MasterResult] {
        let requests = inputs.enumerated().map { index, input in
            var request = MasterRequest(input: input, output: folder["out\(index).wav"], preset: preset, container: .wav, force: true)
            request.placement = placement
            return request
        }
        let outputs = try requests.map { try AtomicOutput(target: $0.output, force: true, inputs: []) }
        let results = try Master.album(requests, fileDescriptors: outputs.map(\.fileDescriptor), progress: { _, _ in }, isCancelled: { false })
        for output in outputs { _ = try output.commit() }
        return results
    }

    private func samples(_ path: String) throws -> [[Double]] {
        let reader = try AudioReader(path: path)
        let frames = Int(reader.info.claimedFrames!)
        let buffer = AudioBuffer(channels: 2, frames: frames)
        _ = try reader.read(into: buffer.block, frames: frames)
        return (0..<2).map { c in (0..<frames).map { buffer.block[c][$0] } }
    }

    /// Only level, so that what stands off centre in the output stood so in the input.
    private func plain(_ mode: Preset.DCRemoval) -> Preset {
        var preset = Preset()
        preset.compressor.on = false
        preset.tone.mode = .off
        preset.output.bits = .float32
        preset.condition.dc = mode
        preset.target.lufs = -16
        return preset
    }

    /// The numbers of design rule 1: only above −60 dBFS, which is 0.001.
    @Test func automaticIsForMeansOverMinus60() {
        let both = [true, true]
        #expect(Offset.removed([0.00099, -0.00099], stands: both, .auto).isEmpty && Offset.removed([0.3, 0.0009], stands: both, .off).isEmpty)
        #expect(Offset.removed([0.25, 0.0009], stands: both, .auto) == [0.25, 0])
        #expect(Offset.removed([0.25, 0x1p-12], stands: both, .on) == [0.25, 0x1p-12])
        #expect(Offset.removed([0.25, 0.25], stands: [true, false], .auto) == [0.25, 0])
        #expect(Offset.wanders([0.25, 0.0009], stands: [true, false]) == false && Offset.wanders([0.25, 0.002], stands: [true, false]))
    }

    @Test func anOffsetIsTakenOut_andItsHeadroomUsed() throws {
        let folder = try Folder()
        try write(standing([0.3, -0.2]), frames: 6 * rate, to: folder["in.wav"], rate: rate)
        let kept = try master([folder["in.wav"]], folder, plain(.off))[0]
        let heldMean = try samples(kept.output).map { $0.reduce(0, +) / Double($0.count) }
        #expect(heldMean[0] > 0.2 && heldMean[1] < -0.1)
        let result = try master([folder["in.wav"]], folder, plain(.auto))[0]
        let means = try samples(result.output).map { $0.reduce(0, +) / Double($0.count) }
        #expect(means.allSatisfy { $0.magnitude < 1e-5 }, "\(means)")
        #expect(kept.limiterMaxReductionDB > result.limiterMaxReductionDB + 1)
        let move = try #require(result.moves.first { $0.code == "dc_removed" })
        #expect(move.text == "An offset of up to \u{2212}10.5 dBFS was taken out: it wasted headroom" || move.text.hasPrefix("An offset of up to \u{2212}10."))
        #expect(!kept.moves.contains { $0.code == "dc_removed" })
    }

    /// Faded sound, silence behind it, and the ends of the file: nowhere is a constant left or made.
    @Test func fadesAndPausesStayCentred() throws {
        let folder = try Folder()
        let sound = AudioBuffer(channels: 2, frames: 6 * rate)
        for c in 0..<2 { for i in 0..<(6 * rate) { sound.block[c][i] = 0.2 + 0.1 * sin(2 * .pi * 441 * Double(i) / Double(rate)) } }
        try write(sound, frames: 6 * rate, to: folder["in.wav"], rate: rate)
        var placement = TrackPlacement()
        (placement.fadeInMs, placement.fadeOutMs, placement.gapSeconds) = (500, 2000, 1)
        let out = try samples(master([folder["in.wav"], folder["in.wav"]], folder, plain(.auto), placement: placement)[0].output)[0]
        #expect(out.count == 7 * rate)
        for start in stride(from: 0, to: out.count, by: rate / 10) {
            let mean = out[start..<min(out.count, start + rate / 10)].reduce(0, +) / Double(rate / 10)
            // The filter has settled after a moment; the fade's own slope is all that is left.
            if start >= rate / 2 { #expect(mean.magnitude < 0.01, "\(Double(start) / Double(rate)) s: \(mean)") }
        }
        #expect(out[(6 * rate + rate / 2)...].allSatisfy { $0.magnitude < 1e-3 })
    }

    /// Pulses of one sign, with silence before and after: taking the mean off would make a click of either end.
    @Test func anOffsetThatComesAndGoesIsFilteredAndTheEndsStayAtRest() throws {
        let folder = try Folder()
        let sound = AudioBuffer(channels: 2, frames: 6 * rate)
        for c in 0..<2 { for i in rate..<(5 * rate) { sound.block[c][i] = i / 50 % 4 == 0 ? 0.3 : 0 } }
        try write(sound, frames: 6 * rate, to: folder["in.wav"], rate: rate)
        let result = try master([folder["in.wav"]], folder, plain(.auto))[0]
        #expect(result.before.dcOffset > 0.03)
        let out = try samples(result.output)[0]
        #expect(out.prefix(rate - 100).allSatisfy { $0.magnitude < 1e-6 } && out.suffix(100).allSatisfy { $0.magnitude < 1e-4 })
        let middle = out[(2 * rate)..<(4 * rate)].reduce(0, +) / Double(2 * rate)
        #expect(middle.magnitude < 1e-3)
        #expect(result.moves.contains { $0.code == "dc_filtered" } && !result.moves.contains { $0.code == "dc_removed" })
    }

    /// Two halves of one piece whose means differ lose one offset: two would make a step between them.
    @Test func whereTracksFlowNoStepIsMade() throws {
        let folder = try Folder()
        let first = standing([0.10, 0.10], seconds: 3), second = standing([0.14, 0.14], seconds: 3)
        try write(first, frames: 3 * rate, to: folder["a.wav"], rate: rate)
        try write(second, frames: 3 * rate, to: folder["b.wav"], rate: rate)
        let paths = [folder["a.wav"], folder["b.wav"]]
        let programme = try Programme(album: paths.map { PlacedFile(path: $0) }, tracks: paths.map { try InputProfile.measure($0) }).removingOffset(.auto)
        #expect(programme.groups == [0..<2])
        let offsets = programme.files.map(\.offsets)
        #expect(offsets[0] == offsets[1] && (offsets[0][0] - 0.12).magnitude < 0.005)
    }

    /// A preview takes it off at the chain's entrance, a render as it reads: the same bits, to the last frame.
    @Test func theChainAndTheReaderTakeOffTheSame() throws {
        let folder = try Folder()
        try write(standing([0.3, -0.2], seconds: 2), frames: 2 * rate, to: folder["in.wav"], rate: rate)
        let made = try samples(master([folder["in.wav"]], folder, plain(.auto))[0].output)
        let profile = try InputProfile.measure(folder["in.wav"])
        let parameters = try Solve.solve(
            path: folder["in.wav"], direction: Direction(plain(.auto), curve: nil, profile: profile), profile: profile, progress: { _ in },
            isCancelled: { false }).parameters
        #expect(parameters.offsets[0] > 0.25 && parameters.offsets[1] < -0.15)
        var chain = MasteringChain(sampleRate: Double(rate), channels: 2)
        chain.set(parameters, ramp: false)
        let frames = 2 * rate
        let stream = AudioBuffer(channels: 2, frames: frames + chain.latency)
        let input = try samples(folder["in.wav"])
        for c in 0..<2 { for i in 0..<frames { stream.block[c][i] = input[c][i] } }
        chain.fillSilence(stream.block, from: frames, frames: frames + chain.latency)
        var done = 0
        while done < frames + chain.latency {
            let take = min(777, frames + chain.latency - done)
            chain.process(stream.block.advanced(by: done), frames: take)
            done += take
        }
        let differing = (0..<2).reduce(0) { sum, c in sum + (0..<frames).count { Float(stream.block[c][$0 + chain.latency]) != Float(made[c][$0]) } }
        #expect(differing == 0)
    }

    /// Switched while it sounds: no step of the offset's height.
    @Test func switchingGlides() {
        var chain = MasteringChain(sampleRate: 48_000, channels: 1)
        let sound = AudioBuffer(channels: 1, frames: 48_000)
        for i in 0..<48_000 { sound.block[0][i] = 0.3 }
        chain.process(sound.block, frames: 24_000)
        var parameters = ChainParameters()
        parameters.offsets[0] = 0.3
        chain.set(parameters, ramp: true)
        chain.process(sound.block.advanced(by: 24_000), frames: 24_000)
        let steps = (chain.latency + 1..<48_000).map { (sound.block[0][$0] - sound.block[0][$0 - 1]).magnitude }
        #expect(steps.max()! < 0.001 && sound.block[0][47_999].magnitude < 1e-12)
    }
}
