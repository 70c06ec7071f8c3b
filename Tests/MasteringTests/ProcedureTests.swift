import AudioFiles
import DSP
import Foundation
import Testing
@testable import Mastering

private let isLong = ProcessInfo.processInfo.environment["LATHE_LONG"] != nil

/// Rows of the procedure table that are about files and whole renders.
@Suite struct ProcedureTests {
    private func master(_ folder: Folder, _ preset: Preset) throws -> MasterResult {
        let out = try AtomicOutput(target: folder["out.wav"], force: true, inputs: [])
        let result = try Master.render(
            MasterRequest(input: folder["in.wav"], output: folder["out.wav"], preset: preset, container: .wav, force: true),
            fileDescriptor: out.fileDescriptor, progress: { _, _ in }, isCancelled: { false })
        _ = try out.commit()
        return result
    }

    private func loud(_ lufs: Double) -> Preset {
        var preset = Preset()
        preset.target.lufs = lufs
        preset.target.maxLimiterGainReductionDB = 12
        return preset
    }

    /// Level match: a gain and its inverse leave less than −150 dBFS.
    @Test func aGainAndItsInverseNull() {
        let frames = 44100
        let input = mix(seconds: 1, rate: 44100, level: 0.4), work = AudioBuffer(channels: 2, frames: frames + 100_000)
        work.block.copy(from: input.block, frames: frames)
        var chain = MasteringChain(sampleRate: 44100, channels: 2)
        var p = ChainParameters()
        (p.inputGainDB, p.makeupGainDB) = (6.3, -6.3)
        chain.set(p, ramp: false)
        chain.process(work.block, frames: frames + chain.latency)
        var worst = 0.0
        for c in 0..<2 { for i in 0..<frames { worst = max(worst, abs(work.block[c][i + chain.latency] - input.block[c][i])) } }
        #expect(20 * log10(max(worst, 1e-20)) <= -150)
    }

    @Test(arguments: [8000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000, 352_800, 384_000])
    func everyRateIsMasteredToItsTargetUnderItsCeiling(rate: Int) throws {
        let folder = try Folder()
        let frames = rate * 3 / 2
        try write(mix(seconds: 1.5, rate: rate, level: 0.4), frames: frames, to: folder["in.wav"], rate: rate)
        let result = try master(folder, loud(-13))
        let after = try Analyze.file(folder["out.wav"]).0
        #expect(after.sampleRate == rate && after.frames == Int64(frames))
        #expect(result.targetReached && abs(after.integratedLUFS! + 13) <= 0.1 + 1e-6, "\(result.note ?? "")")
        #expect(after.truePeakDBTP! <= -0.95 && result.clampedSamples == 0)
    }

    @Test(arguments: [1, 2, 3, 6, 8, 16])
    func everyChannelCountIsMastered_andLinked(channels: Int) throws {
        let folder = try Folder()
        let frames = 2 * 48_000
        let stereo = mix(seconds: 2, rate: 48_000, level: 0.4), sound = AudioBuffer(channels: channels, frames: frames)
        for c in 0..<channels { for i in 0..<frames { sound.block[c][i] = stereo.block[c % 2][i] * (c < 2 ? 1 : 0.5) } }
        try write(sound, frames: frames, to: folder["in.wav"], rate: 48_000)
        var preset = loud(-13)
        preset.output.bits = .float32
        let result = try master(folder, preset)
        #expect(result.after.channels == channels && result.after.frames == Int64(frames))
        #expect(result.targetReached && abs(result.after.integratedLUFS! + 13) <= 0.1 + 1e-6, "\(result.note ?? "")")
        #expect(result.after.truePeakDBTP! <= -0.95)
        // Channels that carried one signal at two levels still do: the same gain for all.
        guard channels > 3 else { return }
        let reader = try AudioReader(path: folder["out.wav"])
        let out = AudioBuffer(channels: channels, frames: frames)
        #expect(try reader.read(into: out.block, frames: frames) == frames)
        for i in stride(from: 100, to: frames, by: 97) where abs(out.block[0][i]) > 0.01 { #expect(abs(out.block[channels - 2][i] / out.block[0][i] - 0.5) < 1e-5) }
    }

    /// Sound that nobody meant to send: a result that can be played, or an error that says why; never a crash, never a number that is none.
    @Test func strangeSoundGivesASaneFileOrAStatedError() throws {
        let folder = try Folder()
        func sound(_ frames: Int, _ sample: (Int) -> Double) throws {
            let b = AudioBuffer(channels: 2, frames: max(1, frames))
            for c in 0..<2 { for i in 0..<frames { b.block[c][i] = sample(i) } }
            try write(b, frames: frames, to: folder["in.wav"], rate: 44_100)
        }
        func check(_ what: String) throws {
            let result = try master(folder, loud(-14))
            #expect(result.after.frames == result.before.frames && result.after.truePeakDBTP ?? -100 <= -0.95, "\(what)")
        }
        try sound(1) { _ in 0.5 }
        try check("one frame")
        try sound(44_100) { _ in 0 }
        try check("silence")
        try sound(44_100) { _ in 0.5 }
        try check("nothing but DC")
        try sound(88_200) { 4 * sin(Double($0) * 0.06) }
        try check("12 dB over full scale")
        try sound(44_100) { $0 % 2 == 0 ? 1 : -1 }
        try check("half the sample rate at full scale")
        for bad in [Double.nan, .infinity] {
            // As a file from elsewhere holds it: our own writer refuses such a sample.
            try sound(44_100) { sin(Double($0)) * 0.1 }
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder["in.wav"])))
            withUnsafeBytes(of: Float(bad).bitPattern.littleEndian) { for (i, byte) in $0.enumerated() { bytes[bytes.count - 40_000 + i] = byte } }
            try Data(bytes).write(to: URL(fileURLWithPath: folder["in.wav"]))
            let error = #expect(throws: AudioFileError.self) { try master(folder, loud(-14)) }
            #expect(error?.exitCode == 65)
        }
        try sound(0) { _ in 0 }
        #expect(throws: AudioFileError.self) { try master(folder, loud(-14)) }
    }

    /// A decibel more is asked for, a decibel more comes, as long as the limiter's leave lasts; past it the result says so.
    @Test func aDecibelMoreIsADecibelMore() throws {
        let folder = try Folder()
        try write(mix(seconds: 6, rate: 44_100, level: 0.3), frames: 6 * 44_100, to: folder["in.wav"], rate: 44_100)
        var preset = loud(-18)
        preset.target.maxLimiterGainReductionDB = 6
        var last: Double?
        for target in stride(from: -18.0, through: -8, by: 1) {
            preset.target.lufs = target
            let result = try master(folder, preset)
            let now = result.after.integratedLUFS!
            if let last { #expect(result.targetReached ? abs(now - last - 1) <= 0.1 : result.note != nil && now >= last - 0.05, "\(target): \(now) after \(last)") }
            last = now
        }
    }

    /// Ten minutes here, a day and more than 4 GiB (RF64) in the long form. A steady tone stays as loud as it is, and the click in the last minute
    /// is found at its frame.
    @Test func aLongFileDoesNotDrift() throws {
        let folder = try Folder()
        let rate = 8000, length = isLong ? 86_400 : 600
        let frames = length * rate, click = frames - 30 * rate - 17
        let second = AudioBuffer(channels: 2, frames: rate)
        // 1 kHz, stereo, in phase: its level in dBFS is its loudness (EBU Tech 3341, case 1).
        for c in 0..<2 { for i in 0..<rate { second.block[c][i] = pow(10, -23.0 / 20) * sin(2 * .pi * Double(i) / 8) } }
        let out = try AtomicOutput(target: folder["long.wav"], force: true, inputs: [])
        let writer = try AudioWriter(
            fileDescriptor: out.fileDescriptor, path: "long.wav", format: OutputFormat(container: .wav, bits: .float32, sampleRate: rate, channels: 2),
            tags: [:], expectedFrames: Int64(frames))
        for s in 0..<length {
            if click / rate == s {
                let marked = AudioBuffer(channels: 2, frames: rate)
                marked.block.copy(from: second.block, frames: rate)
                marked.block[0][click % rate] = 0.9
                try writer.write(marked.block, frames: rate)
            } else {
                try writer.write(second.block, frames: rate)
            }
        }
        try writer.finish()
        _ = try out.commit()
        let reader = try AudioReader(path: folder["long.wav"])
        #expect(reader.info.claimedFrames == Int64(frames))
        try reader.seek(to: Int64(click))
        let here = AudioBuffer(channels: 2, frames: 4)
        #expect(try reader.read(into: here.block, frames: 4) == 4 && here.block[0][0] == Double(Float(0.9)))
        let analysis = try Analyze.file(folder["long.wav"]).0
        #expect(analysis.frames == Int64(frames))
        var meter = LoudnessMeter(sampleRate: Double(rate), channels: 2)
        for _ in 0..<60 { meter.process(second.block, frames: rate) }
        let minute = meter.integratedLUFS
        // At 8 kHz the weighting is met within 0.025 dB.
        #expect(abs(analysis.integratedLUFS! + 23) <= 0.03 && abs(analysis.integratedLUFS! - minute!) <= 0.01, "\(analysis.integratedLUFS!)")
        #expect(abs(analysis.samplePeakDBFS! - 20 * log10(0.9)) < 0.01)

        // Through the whole chain: the click leaves where it came in.
        guard !isLong else { return }
        var p = ChainParameters()
        p.limiterOn = true
        var chain = MasteringChain(sampleRate: Double(rate), channels: 2)
        chain.set(p, ramp: false)
        let seen = Seen()
        _ = try Pass.run(
            [PlacedFile(path: folder["long.wav"])], latency: chain.latency, progress: { _ in }, isCancelled: { false },
            process: { block, n, _ in chain.process(block, frames: n) },
            consume: { block, n, first in
                for i in 0..<n where block[0][i] > 0.5 { seen.at.append(first + Int64(i)) }
                seen.frames += Int64(n)
            })
        #expect(seen.at == [Int64(click)] && seen.frames == Int64(frames))
    }

    /// Silence costs no more than sound: subnormal numbers slow nothing down. A ratio within one run, in the long form only.
    @Test(.enabled(if: isLong)) func silenceCostsNoMoreThanSound() {
        var p = ChainParameters()
        p.limiterOn = true
        p.compressorOn = true
        p.multiband.on = true
        p.saturation.driveDB = 3
        p.clip.amountDB = 1
        for i in 0..<8 { (p.bands[i].kind, p.bands[i].hz, p.bands[i].db) = (.bell, 50 * pow(2, Double(i)), 2) }
        var chain = MasteringChain(sampleRate: 48_000, channels: 2)
        chain.set(p, ramp: false)
        let noise = mix(seconds: 1, rate: 48_000, level: 0.5), block = AudioBuffer(channels: 2, frames: 48_000)
        func seconds(_ count: Int, silent: Bool) -> Double {
            let start = ContinuousClock.now
            for _ in 0..<count {
                if silent { block.block.clear(frames: 48_000) } else { block.block.copy(from: noise.block, frames: 48_000) }
                chain.process(block.block, frames: 48_000)
            }
            return Double((ContinuousClock.now - start).components.attoseconds) * 1e-18 + Double((ContinuousClock.now - start).components.seconds)
        }
        _ = seconds(5, silent: false)
        let sound = seconds(20, silent: false), silence = seconds(20, silent: true)
        #expect(silence <= 1.2 * sound, "\(silence) s of work for silence, \(sound) s for sound")
    }
}

/// Written by the consuming thread of a pass, read after it.
private final class Seen: @unchecked Sendable {
    // Unchecked: one thread writes, and has ended when the other reads.
    var at: [Int64] = []
    var frames: Int64 = 0
}
