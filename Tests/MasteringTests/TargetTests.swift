import AudioFiles
import DSP
import Foundation
import Testing
@testable import Mastering

/// What a target is for, and what stops the way to it.
@Suite struct TargetTests {
    private func master(_ folder: Folder, _ preset: Preset) throws -> MasterResult {
        let out = try AtomicOutput(target: folder["out.wav"], force: true, inputs: [])
        let result = try Master.render(
            MasterRequest(input: folder["in.wav"], output: folder["out.wav"], preset: preset, container: .wav, force: true),
            fileDescriptor: out.fileDescriptor, progress: { _, _ in }, isCancelled: { false })
        _ = try out.commit()
        return result
    }

    private func preset(_ lufs: Double) -> Preset {
        var preset = Preset()
        preset.assistant.on = false
        preset.compressor.on = false
        preset.tone.mode = .off
        preset.target.lufs = lufs
        preset.target.maxLimiterGainReductionDB = 12
        return preset
    }

    /// "max S ≤ value" of EBU R 128 s1: the loudest 3 s of the file on disk lie in the tolerance under the target, not above it.
    @Test(arguments: [-12.0, -18.0])
    func aShortTermTargetIsTheMostOfAnyThreeSeconds(target: Double) throws {
        let folder = try Folder()
        try write(mix(seconds: 12, rate: 44100, level: 0.3), frames: 12 * 44100, to: folder["in.wav"], rate: 44100)
        var preset = preset(target)
        preset.target.scope = .shortTerm
        let result = try master(folder, preset)
        let after = try Analyze.file(folder["out.wav"]).0
        #expect(result.targetReached)
        #expect(after.maxShortTermLUFS! <= target + 0.005 && after.maxShortTermLUFS! >= target - 0.1 - 0.005)
        #expect(after.integratedLUFS! < after.maxShortTermLUFS!)
    }

    /// What is shorter than 3 s has no short-term loudness: the target is then the integrated one's.
    @Test func aShortTermTargetOfTwoSecondsIsIntegrated() throws {
        let folder = try Folder()
        try write(mix(seconds: 2, rate: 44100, level: 0.3), frames: 2 * 44100, to: folder["in.wav"], rate: 44100)
        var preset = preset(-14)
        preset.target.scope = .shortTerm
        #expect(abs(try master(folder, preset).after.integratedLUFS! + 14) <= 0.1)
    }

    /// Peak minus the loudest 3 s of the file on disk; the floor costs loudness, and the result says so.
    @Test(arguments: [8.0, 10])
    func theLeastPSRStopsTheSolve_andIsTheReason(floor: Double) throws {
        let folder = try Folder()
        try write(mix(seconds: 12, rate: 44100, level: 0.3), frames: 12 * 44100, to: folder["in.wav"], rate: 44100)
        let free = try master(folder, preset(-7))
        #expect(free.after.truePeakDBTP! - free.after.maxShortTermLUFS! < floor - 0.5)
        var held = preset(-7)
        held.target.psrFloorDB = floor
        let result = try master(folder, held)
        let after = try Analyze.file(folder["out.wav"]).0
        let psr = after.truePeakDBTP! - after.maxShortTermLUFS!
        #expect(psr >= floor - 0.15 && psr <= floor + 0.4, "\(psr)")
        #expect(!result.targetReached && result.note?.contains("psr_floor_db") == true)
    }

    /// Far from the floor nothing changes, to the bit.
    @Test func aFloorThatIsNotMetDoesNothing() throws {
        let folder = try Folder()
        try write(mix(seconds: 8, rate: 44100, level: 0.3), frames: 8 * 44100, to: folder["in.wav"], rate: 44100)
        let free = try master(folder, preset(-20))
        var held = preset(-20)
        held.target.psrFloorDB = 4
        #expect(try master(folder, held).gainDB == free.gainDB && free.targetReached)
    }

    /// A mix that is denser than the floor allows is not turned down below the point where the limiter rests.
    @Test func aFloorNeverTakesMoreThanTheLimiterGives() throws {
        let folder = try Folder()
        let tone = AudioBuffer(channels: 2, frames: 6 * 44100)
        // Four tones: peaks stand 9 dB over the mean, so that −5 LUFS needs the limiter.
        for c in 0..<2 {
            for i in 0..<(6 * 44100) {
                tone.block[c][i] = [440.0, 617, 1009, 3001].reduce(0) { $0 + 0.05 * sin(2 * .pi * $1 * Double(i) / 44100) }
            }
        }
        try write(tone, frames: 6 * 44100, to: folder["in.wav"], rate: 44100)
        var held = preset(-5)
        held.target.psrFloorDB = 16
        let result = try master(folder, held)
        #expect(abs(result.after.truePeakDBTP! + 1) < 0.1 && result.limiterMaxReductionDB < 0.1)
    }

    /// Schema: `width_pct` is one number or `[low, mid, high]`.
    @Test func widthIsOneNumberOrThree() throws {
        func stereo(_ text: String) throws -> Preset.Stereo { try Preset.parse(toml: "schema = 1\n[stereo]\n\(text)\n", file: "p.toml").stereo }
        let three = try stereo("width_pct = [50, 100, 120]")
        #expect([three.lowWidthPct, three.midWidthPct, three.highWidthPct, three.widthPct] == [50, 100, 120, 100])
        #expect(try stereo("width_pct = 80").widthPct == 80)
        for text in ["width_pct = [50, 100]", "width_pct = [50, 100, 200]", "width_pct = [50, 100, \"x\"]", "mono_below_hz = [1, 2, 3]"] {
            let error = #expect(throws: PresetError.self) { try stereo(text) }
            #expect(error?.line == 3)
        }
        var preset = Preset()
        (preset.stereo.lowWidthPct, preset.stereo.highWidthPct) = (30, 130)
        #expect(try Preset.parse(toml: preset.toml(), file: "p.toml").stereo == preset.stereo)
    }

    /// From preset to sound: the side of the lows is gone, that of the highs is as asked for.
    @Test func widthByBandReachesTheMaster() throws {
        let folder = try Folder()
        let frames = 6 * 44100
        let sound = AudioBuffer(channels: 2, frames: frames)
        for i in 0..<frames {
            let t = Double(i) / 44100
            let mid = 0.1 * sin(2 * .pi * 500 * t), side = 0.05 * sin(2 * .pi * 30 * t) + 0.05 * sin(2 * .pi * 10_000 * t)
            (sound.block[0][i], sound.block[1][i]) = (mid + side, mid - side)
        }
        try write(sound, frames: frames, to: folder["in.wav"], rate: 44100)
        var preset = preset(-23)
        (preset.stereo.lowWidthPct, preset.stereo.highWidthPct) = (0, 150)
        preset.output.bits = .float32
        _ = try master(folder, preset)
        let reader = try AudioReader(path: folder["out.wav"])
        let out = AudioBuffer(channels: 2, frames: frames)
        #expect(try reader.read(into: out.block, frames: frames) == frames)
        func level(_ hz: Double, _ sign: Double) -> Double {
            var re = 0.0, im = 0.0
            for i in 44100..<(5 * 44100) {
                let x = (out.block[0][i] + sign * out.block[1][i]) / 2, phase = 2 * .pi * hz * Double(i) / 44100
                re += x * cos(phase)
                im += x * sin(phase)
            }
            return 2 * (re * re + im * im).squareRoot() / Double(4 * 44100)
        }
        let gain = level(500, 1) / 0.1
        #expect(level(30, -1) / 0.05 / gain < 0.02)
        #expect(abs(level(10_000, -1) / 0.05 / gain - 1.5) < 0.02)
    }
}
