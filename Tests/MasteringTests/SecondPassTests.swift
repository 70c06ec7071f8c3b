import AudioFiles
import DSP
import Foundation
import Testing
@testable import Mastering

/// A master mastered again with its own preset (procedure "idempotence"): the sound stays, to the dither.
@Suite struct SecondPassTests {
    private let rate = 44_100
    private static let presets = ["streaming", "transparent", "album", "pop", "hip-hop", "club", "rock", "acoustic", "classical", "tape", "speech",
                                  "broadcast", "vinyl", "reference"]

    private func master(_ input: String, _ output: String, _ preset: Preset, _ curve: ToneTarget? = nil) throws -> MasterResult {
        let out = try AtomicOutput(target: output, force: true, inputs: [input])
        let result = try Master.render(
            MasterRequest(input: input, output: output, preset: preset, curve: curve, container: .wav, force: true),
            fileDescriptor: out.fileDescriptor, progress: { _, _ in }, isCancelled: { false })
        _ = try out.commit()
        return result
    }

    private func farthest(_ a: String, _ b: String) throws -> Double {
        let (one, two) = (try AudioReader(path: a), try AudioReader(path: b))
        let x = AudioBuffer(channels: 2, frames: 8192), y = AudioBuffer(channels: 2, frames: 8192)
        var most = 0.0
        while true {
            let count = try one.read(into: x.block, frames: 8192)
            #expect(try two.read(into: y.block, frames: 8192) == count)
            if count == 0 { return most }
            for c in 0..<2 { for i in 0..<count { most = max(most, (x.block[c][i] - y.block[c][i]).magnitude) } }
        }
    }

    /// Tinted, so that a reference made of it asks for something.
    private func recording() throws -> ToneTarget {
        try ReferenceSet([ReferenceSet.Track(name: "r", weight: 1, analysis: {
            var a = Analysis()
            (a.integratedLUFS, a.truePeakDBTP, a.seconds, a.sampleRate, a.channels) = (-13, -1, 200, 44_100, 2)
            a.traits.spectrum = spectrum(side: { -40 - 3 * log2($0 / 1000) }) { -20 - 4 * log2($0 / 1000) }
            return a
        }())]).curve(id: "reference", name: "Reference", date: "2026-11-30")
    }

    @Test(arguments: presets)
    func nothingIsDoneTwice(id: String) throws {
        let folder = try Folder()
        let seconds = 8.0, frames = Int(seconds * Double(rate))
        try write(mix(seconds: seconds, rate: rate, level: 0.4), frames: frames, to: folder["in.wav"], rate: rate)
        let preset = try PresetLibrary.load(id)
        let curve = preset.tone.mode == .reference ? try recording() : nil
        let first = try master(folder["in.wav"], folder["once.wav"], preset, curve)
        let second = try master(folder["once.wav"], folder["twice.wav"], preset, curve)
        // Two draws of dither of two steps each, at the master's 24 bits.
        #expect(try farthest(folder["once.wav"], folder["twice.wav"]) <= 4 / 8_388_608)
        #expect(second.gainDB == 0 && second.targetReached == first.targetReached && (second.note == nil) == (first.note == nil), "\(second.note ?? "")")
        let said = try #require(second.moves.first)
        #expect(said.code == "finished" && said.text == "Everything rests: Lathe mastered it with this preset before")
        // Another preset is another wish.
        var other = preset
        other.target.lufs -= 0.5
        #expect(try !master(folder["once.wav"], folder["other.wav"], other, curve).moves.contains { $0.code == "finished" })
    }

    /// Somebody turned the master up, over its ceiling: level and peaks are brought back, and that is all.
    @Test func aMasterThatWasTurnedUpIsTurnedDown() throws {
        let folder = try Folder()
        try write(mix(seconds: 8, rate: rate, level: 0.4), frames: 8 * rate, to: folder["in.wav"], rate: rate)
        var preset = try PresetLibrary.load("club")
        preset.output.bits = .float32
        preset.target.lufs = -14
        let first = try master(folder["in.wav"], folder["once.wav"], preset)
        let reader = try AudioReader(path: folder["once.wav"])
        let sound = AudioBuffer(channels: 2, frames: 8 * rate)
        #expect(try reader.read(into: sound.block, frames: 8 * rate) == 8 * rate)
        for c in 0..<2 { for i in 0..<(8 * rate) { sound.block[c][i] *= 2 } }
        let out = try AtomicOutput(target: folder["up.wav"], force: true, inputs: [])
        let writer = try AudioWriter(
            fileDescriptor: out.fileDescriptor, path: "up", format: OutputFormat(container: .wav, bits: .float32, sampleRate: rate, channels: 2),
            tags: ["software": try #require(reader.info.tags["software"])])
        try writer.write(sound.block, frames: 8 * rate)
        try writer.finish()
        _ = try out.commit()
        let second = try master(folder["up.wav"], folder["twice.wav"], preset)
        #expect(second.moves.first?.text == "Everything rests but level and ceiling: Lathe mastered it with this preset before")
        #expect((second.gainDB + 6.02).magnitude < 0.3 && second.after.truePeakDBTP! <= -0.95 && second.clipMaxReductionDB == 0)
        #expect((second.after.integratedLUFS! - first.after.integratedLUFS!).magnitude <= 0.2)
    }

    /// An editor keeps the tags of what it works on: its sound is judged as any other.
    @Test(arguments: [OutputFormat.Container.wav, .flac, .aiff, .caf, .ogg, .opus, .mp3])
    func aMasterThatWasWorkedOnSinceIsNotFinished(container: OutputFormat.Container) throws {
        let folder = try Folder(), rate = 48_000, frames = 8 * rate
        try write(mix(seconds: 8, rate: rate, level: 0.4), frames: frames, to: folder["in.wav"], rate: rate)
        let preset = try PresetLibrary.load("pop")
        let out = try AtomicOutput(target: folder["once"], force: true, inputs: [])
        let first = try Master.render(
            MasterRequest(input: folder["in.wav"], output: folder["once"], preset: preset, container: container, force: true),
            fileDescriptor: out.fileDescriptor, progress: { _, _ in }, isCancelled: { false })
        _ = try out.commit()
        let reader = try AudioReader(path: folder["once"])
        let software = try #require(reader.info.tags["software"])
        let signature = Engine.signature(preset, try ToneTarget.wanted(by: preset))
        #expect(MasterSeal.holds(software, signature: signature, first.after), "\(software)")
        #expect(try MasterSeal.holds(software, signature: signature, Analyze.file(folder["once"]).0))

        // Everything over some 3 kHz comes up, and the file says what the master said.
        let sound = AudioBuffer(channels: 2, frames: frames)
        let count = try reader.read(into: sound.block, frames: frames)
        for c in 0..<2 {
            var last = 0.0
            for i in 0..<count { (sound.block[c][i], last) = (0.3 * (sound.block[c][i] + (sound.block[c][i] - last)), sound.block[c][i]) }
        }
        let edited = try AtomicOutput(target: folder["edited.wav"], force: true, inputs: [])
        let writer = try AudioWriter(
            fileDescriptor: edited.fileDescriptor, path: "edited", format: OutputFormat(container: .wav, bits: .float32, sampleRate: rate, channels: 2),
            tags: ["software": software])
        try writer.write(sound.block, frames: count)
        try writer.finish()
        _ = try edited.commit()
        #expect(try AudioReader(path: folder["edited.wav"]).info.tags["software"]?.hasPrefix(software) == true)
        #expect(try !MasterSeal.holds(software, signature: signature, Analyze.file(folder["edited.wav"]).0))
        #expect(try !master(folder["edited.wav"], folder["twice.wav"], preset).moves.contains { $0.text.contains("Lathe mastered it") })
    }

    @Test func aSealIsAlwaysAsLong_andHoldsWhateverTheLevel() {
        var analysis = Analysis()
        (analysis.integratedLUFS, analysis.truePeakDBTP, analysis.plrDB) = (-14.004, -1.046, 12.958)
        let text = MasterSeal.text(integratedLUFS: -14.004, truePeakDBTP: -1.046)
        #expect(text == ",  -14.00 LUFS,   -1.05 dBTP" && text.utf8.count == MasterSeal.open.utf8.count)
        #expect(MasterSeal.text(integratedLUFS: -123.456, truePeakDBTP: 9).utf8.count == text.utf8.count)
        #expect(MasterSeal.holds("a" + text + " (libsndfile-1.2.0)", signature: "a", analysis) && MasterSeal.holds("a" + text, signature: "a", analysis))
        analysis.plrDB = 13.01
        #expect(!MasterSeal.holds("a" + text, signature: "a", analysis))
        for bad in ["a", "a, -14.00 LUFS", "a, x LUFS, y dBTP", "a" + MasterSeal.open, "ab" + text, "a, nan LUFS, 1 dBTP", "a,,", "a,  LUFS,  dBTP"] {
            #expect(!MasterSeal.holds(bad, signature: "a", analysis), "\(bad)")
        }
    }

    /// The preset does not hold the recording that it follows; the signature does.
    @Test func anotherReferenceIsAnotherMaster() throws {
        var preset = Preset()
        preset.tone.mode = .reference
        let one = try recording()
        var two = one, later = one
        two.points[40].db += 3
        later.date = "2027-01-01"
        #expect(Engine.signature(preset, one) == Engine.signature(preset, later))
        #expect(Engine.signature(preset, one) != Engine.signature(preset, two))
    }

    /// Without a word in the file: what is finished is not compressed, clipped or driven again.
    @Test func finishedSoundOfOthersGetsLess() throws {
        var master = Analysis()
        (master.sampleRate, master.channels, master.seconds) = (48_000, 2, 200)
        (master.integratedLUFS, master.maxShortTermLUFS, master.truePeakDBTP, master.loudnessRangeLU) = (-7.6, -6.5, -1, 5)
        master.traits.spectrum = spectrum { -20 - 4 * log2($0 / 1000) }
        var preset = try PresetLibrary.load("club")
        preset.saturation.driveDB = 3
        preset.dyneq[0].on = true
        let plan = Assistant.plan(master, preset: preset, target: nil)
        let out = plan.applied(to: preset)
        #expect(!out.multiband.on && out.clip.amountDB == 0 && !out.compressor.on && out.saturation.driveDB == 0 && !out.dyneq[0].on)
        let said = try #require(plan.moves.first { $0.code == "blocks_off" })
        #expect(said.text.hasPrefix("Multiband, clipper, saturation and dynamic EQ rest: it has the loudness"))
        // The same on its way to another level keeps its colour.
        preset.target.lufs = -14
        let limited = Assistant.plan(master, preset: preset, target: nil).applied(to: preset)
        #expect(!limited.multiband.on && limited.clip.amountDB == 0 && limited.saturation.driveDB == 3 && limited.dyneq[0].on)
    }
}
