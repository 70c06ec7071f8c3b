import AudioFiles
import DSP
import Foundation
import Mastering
import Testing

private func master(
    _ input: String, _ output: String, _ preset: Preset, _ container: OutputFormat.Container = .wav
) throws -> MasterResult {
    let out = try AtomicOutput(target: output, force: true, inputs: [input])
    let result = try Master.render(
        MasterRequest(input: input, output: output, preset: preset, container: container, force: true),
        fileDescriptor: out.fileDescriptor, progress: { _, _ in }, isCancelled: { false })
    _ = try out.commit()
    return result
}

@Suite struct MasterTests {
    @Test(arguments: [(-14.0, 0.25, 44100), (-11.0, 0.5, 48000), (-18.0, 0.9, 96000), (-23.0, 0.05, 44100)])
    func theTargetIsMetUnderTheCeiling(target: Double, level: Double, rate: Int) throws {
        let folder = try Folder()
        let seconds = 12.0
        let frames = Int(seconds * Double(rate))
        try write(mix(seconds: seconds, rate: rate, level: level), frames: frames, to: folder["in.wav"], rate: rate)
        var preset = Preset()
        preset.target.lufs = target
        preset.target.maxLimiterGainReductionDB = 12
        let result = try master(folder["in.wav"], folder["out.wav"], preset)
        // Measured anew from the file on disk, not taken from the render.
        let (after, _) = try Analyze.file(folder["out.wav"])
        #expect(result.targetReached)
        #expect(abs(after.integratedLUFS! - target) <= 0.1 + 1e-6)
        #expect(after.truePeakDBTP! <= -1 + 0.05)
        #expect(after.frames == Int64(frames))
        #expect(after.sampleRate == rate)
    }

    /// The conversion comes after the limiter, so the ceiling has to be held again behind it.
    @Test(arguments: [(44100, Preset.Rate.hz48000), (48000, .hz44100), (44100, .hz96000), (96000, .hz44100)])
    func anotherSampleRateKeepsTargetCeilingAndDuration(rate: Int, wanted: Preset.Rate) throws {
        let folder = try Folder()
        let frames = 8 * rate + 7
        try write(mix(seconds: 8.01, rate: rate, level: 0.6), frames: frames, to: folder["in.wav"], rate: rate)
        var preset = Preset()
        preset.target.lufs = -11
        preset.target.maxLimiterGainReductionDB = 12
        preset.output.rate = wanted
        let result = try master(folder["in.wav"], folder["out.wav"], preset)
        let (after, _) = try Analyze.file(folder["out.wav"])
        #expect(after.sampleRate == wanted.hz)
        #expect(after.frames == (Int64(frames) * Int64(wanted.hz!) * 2 + Int64(rate)) / (2 * Int64(rate)))
        #expect(result.targetReached && abs(after.integratedLUFS! + 11) <= 0.1 + 1e-6)
        #expect(after.truePeakDBTP! <= -1 + 0.05)
    }

    /// What a lower rate does not hold is in nobody's way: neither the limiter works on it nor does it cost loudness.
    @Test func whatIsNotDeliveredIsNotLimited() throws {
        let folder = try Folder(), rate = 96_000, frames = 8 * rate
        let sound = mix(seconds: 8.01, rate: rate, level: 0.3)
        try write(sound, frames: frames, to: folder["plain.wav"], rate: rate)
        for c in 0..<2 { for i in 0..<frames { sound.block[c][i] += 0.3 * sin(2 * .pi * 31_000 * Double(i) / Double(rate)) } }
        try write(sound, frames: frames, to: folder["ultrasonic.wav"], rate: rate)
        var preset = Preset()
        preset.assistant.on = false
        preset.tone.mode = .off
        preset.compressor.on = false
        preset.target.lufs = -11
        preset.target.maxLimiterGainReductionDB = 4
        preset.output.rate = .hz44100
        let plain = try master(folder["plain.wav"], folder["a.wav"], preset)
        let ultrasonic = try master(folder["ultrasonic.wav"], folder["b.wav"], preset)
        #expect((plain.after.integratedLUFS! - ultrasonic.after.integratedLUFS!).magnitude < 0.05)
        #expect((plain.after.truePeakDBTP! - ultrasonic.after.truePeakDBTP!).magnitude < 0.1)
        #expect((plain.limiterMaxReductionDB - ultrasonic.limiterMaxReductionDB).magnitude < 0.1)
    }

    @Test func whatHoldsFewRatesGetsTheNearest() {
        let cases: [(OutputFormat.Container, Int, Int)] = [
            (.opus, 44_100, 48_000), (.opus, 96_000, 48_000), (.opus, 22_050, 24_000), (.opus, 11_025, 12_000), (.opus, 8000, 8000), (.opus, 32_000, 48_000), (.mp3, 37_800, 44_100), (.mp3, 6000, 8000), (.mp3, 96_000, 48_000), (.mp3, 88_200, 44_100),
            (.mp3, 32_000, 32_000), (.ogg, 384_000, 192_000), (.flac, 96_000, 96_000), (.wav, 384_000, 384_000),
        ]
        for (container, rate, held) in cases {
            #expect(container.nearestRate(to: rate) == held, "\(container) at \(rate)")
            #expect(OutputFormat(container: container, bits: .int16, sampleRate: held, channels: 2).objection == nil)
        }
    }

    @Test func whenTheCapStopsTheSolveItSaysSo() throws {
        let folder = try Folder()
        try write(mix(seconds: 8, rate: 44100, level: 0.2), frames: 8 * 44100, to: folder["in.wav"], rate: 44100)
        var preset = Preset()
        preset.target.lufs = -6
        preset.target.maxLimiterGainReductionDB = 2
        preset.assistant.on = false
        let result = try master(folder["in.wav"], folder["out.wav"], preset)
        #expect(!result.targetReached)
        #expect(result.note?.contains("cannot reach -6.0 LUFS") == true)
        #expect(result.limiterMaxReductionDB <= 2.1)
        #expect(result.after.integratedLUFS! < -6.2)
    }

    /// The master of a master, also of one that could not reach its target: within 0.2 LU and 0.3 dB in every band.
    @Test func aSecondPassWithTheSamePresetChangesNextToNothing() throws {
        let folder = try Folder()
        try write(mix(seconds: 8, rate: 44100, level: 0.2), frames: 8 * 44100, to: folder["in.wav"], rate: 44100)
        var preset = Preset()
        preset.target.lufs = -6
        preset.target.maxLimiterGainReductionDB = 2
        let first = try master(folder["in.wav"], folder["one.wav"], preset)
        let second = try master(folder["one.wav"], folder["two.wav"], preset)
        #expect(!first.targetReached && second.note?.contains("mastered it with this preset before") == true)
        #expect((second.after.integratedLUFS! - first.after.integratedLUFS!).magnitude <= 0.2)
        for (a, b) in zip(first.after.bands, second.after.bands) {
            guard let x = a.db, let y = b.db, x > -80 else { continue }
            #expect((y - x).magnitude <= 0.3, "\(a.hz) Hz")
        }
        // Another wish is another matter.
        preset.target.lufs = -20
        #expect(try master(folder["one.wav"], folder["three.wav"], preset).targetReached)
    }

    @Test func whatTheClipperLetsBackIsNoLeaveToLimitMore() throws {
        let folder = try Folder()
        try write(mix(seconds: 8, rate: 44100, level: 0.2), frames: 8 * 44100, to: folder["in.wav"], rate: 44100)
        var preset = Preset()
        preset.target.lufs = -5
        preset.target.maxLimiterGainReductionDB = 2
        preset.clip.amountDB = 3
        preset.assistant.on = false
        let result = try master(folder["in.wav"], folder["out.wav"], preset)
        #expect(result.limiterMaxReductionDB <= 2.1 && result.clipMaxReductionDB > 1)
        #expect(result.note?.contains("2.0 dB of limiting") == true)
    }

    @Test(arguments: [OutputFormat.Container.ogg, .mp3, .opus])
    func whatALossyEncoderMakesOfItHoldsTheCeilingToo(container: OutputFormat.Container) throws {
        let folder = try Folder()
        try write(mix(seconds: 8, rate: 44100, level: 0.5), frames: 8 * 44100, to: folder["in.wav"], rate: 44100)
        var preset = Preset()
        preset.target.lufs = -11
        preset.target.maxLimiterGainReductionDB = 12
        let result = try master(folder["in.wav"], folder["out.ogg"], preset, container)
        let (decoded, _) = try Analyze.file(folder["out.ogg"])
        #expect(decoded.truePeakDBTP! <= -0.9)
        #expect(decoded.truePeakDBTP == result.after.truePeakDBTP)
    }

    /// Modified-E takes 21 dB off the noise around 3.5 kHz and adds 8 in all (R. Wannamaker, JAES 40(7/8), 1992).
    @Test func shapedDitherMovesTheNoiseAwayFromTheEar() throws {
        let folder = try Folder()
        try write(mix(seconds: 6, rate: 44100, level: 0.4), frames: 6 * 44100, to: folder["in.wav"], rate: 44100)
        var preset = Preset()
        preset.output.bits = .int16
        func noise(_ dither: Preset.Dither) throws -> [Analysis.Band] {
            preset.output.dither = dither
            preset.output.bits = .int16
            _ = try master(folder["in.wav"], folder["short.wav"], preset)
            preset.output.bits = .float32
            _ = try master(folder["in.wav"], folder["long.wav"], preset)
            let short = AudioBuffer(channels: 2, frames: 6 * 44100), long = AudioBuffer(channels: 2, frames: 6 * 44100)
            _ = try AudioReader(path: folder["short.wav"]).read(into: short.block, frames: 6 * 44100)
            _ = try AudioReader(path: folder["long.wav"]).read(into: long.block, frames: 6 * 44100)
            for c in 0..<2 { for i in 0..<(6 * 44100) { short.block[c][i] -= long.block[c][i] } }
            var analyzer = Analyzer(sampleRate: 44100, layout: .usual(2))
            analyzer.process(short.block, frames: 6 * 44100)
            return analyzer.finish().bands
        }
        let (flat, shaped) = (try noise(.tpdf), try noise(.shaped))
        let at3150 = shaped.first { $0.hz == 3150 }!.db! - flat.first { $0.hz == 3150 }!.db!
        let at16000 = shaped.first { $0.hz == 16000 }!.db! - flat.first { $0.hz == 16000 }!.db!
        #expect(at3150 < -15 && at16000 > 5, "\(at3150) dB, \(at16000) dB")
    }

    @Test func silenceIsMasteredToSilenceAndSaysWhy() throws {
        let folder = try Folder()
        try write(AudioBuffer(channels: 2, frames: 44100), frames: 44100, to: folder["in.wav"], rate: 44100)
        let result = try master(folder["in.wav"], folder["out.wav"], Preset())
        #expect(!result.targetReached && result.note != nil)
        #expect(result.after.integratedLUFS == nil && result.after.frames == 44100)
        #expect(result.gainDB == 0)
    }

    @Test func aSingleFrameSurvives() throws {
        let folder = try Folder()
        let one = AudioBuffer(channels: 2, frames: 1)
        one.block[0][0] = 0.5
        try write(one, frames: 1, to: folder["in.wav"], rate: 44100)
        let result = try master(folder["in.wav"], folder["out.wav"], Preset())
        #expect(result.after.frames == 1)
    }

    @Test func theSameRenderGivesTheSameBytes() throws {
        let folder = try Folder()
        try write(mix(seconds: 6, rate: 44100, level: 0.4), frames: 6 * 44100, to: folder["in.wav"], rate: 44100)
        let first = try master(folder["in.wav"], folder["a.wav"], Preset())
        let second = try master(folder["in.wav"], folder["b.wav"], Preset())
        #expect(first.sha256 == second.sha256)
    }

    @Test func whatAFileLooksLikeIsKnownWhileItIsMeasured() throws {
        let folder = try Folder(), rate = 8000, frames = 40 * rate
        let rising = AudioBuffer(channels: 1, frames: frames)
        for i in 0..<frames { rising.block[0][i] = Double(i) / Double(frames) * (i % 2 == 0 ? 1 : -1) }
        try write(rising, frames: frames, to: folder["in.wav"], rate: rate)
        var pictures: [(share: Double, overview: WaveformOverview)] = []
        let profile = try InputProfile.measure(folder["in.wav"], picture: { pictures.append(($0, $1())) })
        #expect(pictures.count > 3 && profile.overview.frames == Int64(frames))
        for (share, overview) in pictures {
            // As much as was read, as high as it had become.
            #expect((Double(overview.frames) / Double(frames) - share).magnitude < 0.001)
            #expect((Double(overview.buckets.map(\.high).max() ?? 0) - share).magnitude < 0.01)
        }
        #expect(zip(pictures, pictures.dropFirst()).allSatisfy { $0.share < $1.share })
    }

    @Test func theSolveOfAPreviewIsTheOneOfTheRender() throws {
        let folder = try Folder()
        try write(mix(seconds: 6, rate: 44100, level: 0.4), frames: 6 * 44100, to: folder["in.wav"], rate: 44100)
        let profile = try InputProfile.measure(folder["in.wav"])
        var preset = Preset()
        preset.target.lufs = -10
        preset.output.bits = .float32
        let solution = try Solve.solve(
            path: folder["in.wav"], direction: Direction(preset, curve: try ToneTarget.wanted(by: preset), profile: profile), profile: profile, progress: { _ in }, isCancelled: { false })
        _ = try master(folder["in.wav"], folder["out.wav"], preset)

        let length = 6 * 44100
        var chain = MasteringChain(sampleRate: 44100, channels: 2)
        chain.set(solution.parameters, ramp: false)
        let live = AudioBuffer(channels: 2, frames: length + chain.latency), file = AudioBuffer(channels: 2, frames: length)
        let reader = try AudioReader(path: folder["in.wav"])
        #expect(try reader.read(into: live.block, frames: length) == length)
        chain.process(live.block, frames: length + chain.latency)
        #expect(try AudioReader(path: folder["out.wav"]).read(into: file.block, frames: length) == length)
        var differing = 0
        for c in 0..<2 { for i in 0..<length where Float(live.block[c][i + chain.latency]) != Float(file.block[c][i]) { differing += 1 } }
        #expect(differing == 0)
    }

    @Test func theGlueCompressorReducesByAboutWhatWasAsked() throws {
        let folder = try Folder()
        try write(mix(seconds: 12, rate: 44100, level: 0.5), frames: 12 * 44100, to: folder["in.wav"], rate: 44100)
        let profile = try InputProfile.measure(folder["in.wav"])
        var preset = Preset()
        preset.compressor.gainReductionTargetDB = 2
        let p = Solve.estimate(Direction(preset, curve: try ToneTarget.wanted(by: preset), profile: profile), profile: profile)
        var chain = MasteringChain(sampleRate: 44100, channels: 2)
        chain.set(p, ramp: false)
        let reader = try AudioReader(path: folder["in.wav"])
        let block = AudioBuffer(channels: 2, frames: 4410)
        var reductions: [Double] = []
        while try reader.read(into: block.block, frames: 4410) > 0 {
            chain.process(block.block, frames: 4410)
            reductions.append(-chain.takeGainReduction().compressorDB)
        }
        let loud = reductions.sorted().suffix(reductions.count / 2)
        let mean = loud.reduce(0, +) / Double(loud.count)
        #expect(abs(mean - 2) < 0.7, "mean reduction \(mean) dB")
    }

    @Test func cancellingThrowsAtTheNextBlock() throws {
        let folder = try Folder()
        try write(mix(seconds: 6, rate: 44100, level: 0.4), frames: 6 * 44100, to: folder["in.wav"], rate: 44100)
        var asked = 0
        #expect(throws: CancellationError.self) {
            try InputProfile.measure(folder["in.wav"], isCancelled: {
                asked += 1
                return asked > 3
            })
        }
        #expect(asked == 4)
    }
}
