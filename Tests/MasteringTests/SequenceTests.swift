import AudioFiles
import DSP
import Foundation
import Testing
@testable import Mastering

@Suite struct SequenceTests {
    private let rate = 44100

    /// A file whose sample i of both channels is (i + 1) / 2²⁰: every frame tells where it came from.
    private func ramp(_ frames: Int, _ path: String) throws {
        let buffer = AudioBuffer(channels: 2, frames: frames)
        for c in 0..<2 { for i in 0..<frames { buffer.block[c][i] = Double(i + 1) / 1_048_576 } }
        try write(buffer, frames: frames, to: path, rate: rate)
    }

    private func read(_ file: PlacedFile, atMost: Int = 1000) throws -> [Double] {
        let reader = try TrackReader(file)
        let buffer = AudioBuffer(channels: 2, frames: atMost)
        var out: [Double] = []
        while true {
            let got = try reader.read(into: buffer.block, frames: atMost)
            if got == 0 { return out }
            for i in 0..<got { out.append(buffer.block[0][i]) }
        }
    }

    @Test func headAndTailAreCutToTheFrame_andSilenceFollows() throws {
        let folder = try Folder()
        try ramp(44_100, folder["a.wav"])
        var placement = TrackPlacement()
        placement.headMs = 100
        placement.tailMs = 200
        placement.gapSeconds = 0.5
        let sound = try read(PlacedFile(path: folder["a.wav"], placement: placement))
        #expect(sound.count == 44_100 - 4410 - 8820 + 22_050)
        #expect(sound[0] == 4411.0 / 1_048_576)
        #expect(sound[44_100 - 4410 - 8820 - 1] == (44_100.0 - 8820) / 1_048_576)
        #expect(sound[(44_100 - 4410 - 8820)...].allSatisfy { $0 == 0 })
        #expect(try read(PlacedFile(path: folder["a.wav"], placement: placement), atMost: 7) == sound)
    }

    /// 4410 frames are 100 ms: fades may take all of them and no more.
    @Test(arguments: [(100.0, 0.0, true), (0, 100, true), (60, 40, true), (101, 0, false), (0, 101, false), (60, 41, false), (999_999, 0, false)])
    func aTrackHoldsItsFades(fadeIn: Double, fadeOut: Double, fits: Bool) throws {
        let folder = try Folder()
        try ramp(4410, folder["a.wav"])
        var file = PlacedFile(path: folder["a.wav"])
        (file.placement.fadeInMs, file.placement.fadeOutMs) = (fadeIn, fadeOut)
        if fits {
            _ = try TrackReader(file)
        } else {
            #expect(throws: AudioFileError.tooShort(path: file.path)) { try TrackReader(file) }
            #expect(AudioFileError.tooShort(path: "a.wav").message == "a.wav: is shorter than what is cut off its ends and faded; correct the sequence")
        }
    }

    /// Linear: the gain itself; cosine: sin²(πx/2); exponential: −60 dB to 0 dB straight in decibels, minus what is left at its beginning.
    @Test(arguments: TrackPlacement.FadeShape.allCases)
    func fadesFollowTheirFormula(shape: TrackPlacement.FadeShape) throws {
        let folder = try Folder()
        try ramp(4410, folder["a.wav"])
        var placement = TrackPlacement()
        placement.fadeInMs = 20
        placement.fadeOutMs = 40
        placement.fade = shape
        let sound = try read(PlacedFile(path: folder["a.wav"], placement: placement))
        func gain(_ x: Double) -> Double {
            switch shape {
            case .linear: x
            case .cosine: pow(sin(.pi / 2 * x), 2)
            case .exponential: (pow(10, 3 * (x - 1)) - 0.001) / 0.999
            }
        }
        for i in 0..<4410 {
            var expected = Double(i + 1) / 1_048_576
            if i < 882 { expected *= gain((Double(i) + 0.5) / 882) }
            if i >= 4410 - 1764 { expected *= gain(1 - (Double(i - 4410 + 1764) + 0.5) / 1764) }
            #expect(abs(sound[i] - expected) < 1e-12, "frame \(i)")
        }
    }

    @Test func aTrackThatIsAllCutOffIsRefusedByName() throws {
        let folder = try Folder()
        try ramp(4410, folder["a.wav"])
        var placement = TrackPlacement()
        placement.headMs = 60
        placement.tailMs = 60
        let error = #expect(throws: AudioFileError.self) { _ = try TrackReader(PlacedFile(path: folder["a.wav"], placement: placement)) }
        #expect(error?.exitCode == 65 && error?.message.contains("a.wav") == true)
    }

    /// The gap lies behind the first track, in its file; the second begins with its first frame.
    @Test func gapsLieInTheMasters_andALoudnessIsThatOfWhatIsHeard() throws {
        let folder = try Folder()
        // The first second is 20 dB louder; cutting it off leaves a track as loud as the other.
        let sound = mix(seconds: 6, rate: rate, level: 0.05)
        let loud = mix(seconds: 7, rate: rate, level: 0.5)
        let long = AudioBuffer(channels: 2, frames: 7 * rate)
        for c in 0..<2 {
            for i in 0..<rate { long.block[c][i] = loud.block[c][3 * rate + i] }
            for i in 0..<(6 * rate) { long.block[c][rate + i] = sound.block[c][i] }
        }
        try write(long, frames: 7 * rate, to: folder["a.wav"], rate: rate)
        try write(sound, frames: 6 * rate, to: folder["b.wav"], rate: rate)
        var preset = Preset()
        preset.assistant.on = false
        preset.compressor.on = false
        preset.tone.mode = .off
        preset.target.lufs = -20
        preset.output.bits = .float32
        var requests = ["a.wav", "b.wav"].map {
            MasterRequest(input: folder[$0], output: folder["out-" + $0], preset: preset, container: .wav, force: true)
        }
        requests[0].placement.headMs = 1000
        requests[0].placement.gapSeconds = 1.5
        let results = try render(requests)
        #expect(results[0].before.frames == Int64(6 * rate))
        #expect(abs(results[0].before.integratedLUFS! - results[1].before.integratedLUFS!) < 0.01)
        #expect(results[0].after.frames == Int64(6 * rate + rate * 3 / 2) && results[1].after.frames == Int64(6 * rate))
        let first = try read(PlacedFile(path: folder["out-a.wav"])), second = try read(PlacedFile(path: folder["out-b.wav"]))
        #expect(first[(6 * rate + rate / 2)...].allSatisfy { $0.magnitude < 1e-4 })
        // Nothing but gain: the second begins where it began.
        let gain = second[3 * rate + 100] / sound.block[0][3 * rate + 100]
        #expect(abs(second[10] - gain * Double(Float(sound.block[0][10]))) < 1e-6)
    }

    private func render(_ requests: [MasterRequest]) throws -> [MasterResult] {
        let outputs = try requests.flatMap(\.outputs).map { try AtomicOutput(target: $0, force: true, inputs: []) }
        let results = try Master.album(requests, fileDescriptors: outputs.map(\.fileDescriptor), progress: { _, _ in }, isCancelled: { false })
        for output in outputs { _ = try output.commit() }
        return results
    }

    @Test func aSequenceFileSaysOrderGapsAndNames() throws {
        let sequence = try AlbumSequence.parse(toml: """
            schema = 1
            title = "First Light"
            artist = "The Band"
            upc = "012345678905"
            gap_seconds = 2
            [[track]]
            file = "01.wav"
            title = "Opening"
            isrc = "gb-abc-26-00001"
            head_ms = 250
            fade_out_ms = 4000
            fade = "lin"
            [[track]]
            file = "02.wav"
            gap_seconds = 0
            [[track]]
            file = "03.wav"
            artist = "Guest"
            """, file: "s.toml")
        #expect(sequence.upc?.description == "0012345678905")
        #expect(sequence.placements.map(\.gapSeconds) == [0, 2, 0])
        #expect(sequence.placements[0].headMs == 250 && sequence.placements[0].fade == .linear)
        #expect(sequence.tracks[0].isrc?.description == "GBABC2600001")
        #expect(sequence.tags(of: 2) == ["track": "3", "artist": "Guest", "album": "First Light"])
    }

    @Test(arguments: [
        ("schema = 1\n[[track]]\nfile = \"a\"\nfade = \"sine\"", 4, "fade"), ("schema = 1\n[[track]]\ngap_seconds = -1", 3, "gap_seconds"),
        ("schema = 1\nupc = \"012345678904\"\n[[track]]", 2, "UPC"), ("schema = 1\n[[track]]\nisrc = \"nope\"", 3, "ISRC"),
        ("schema = 1\n[[track]]\nfile = \"a\"\n[[track]]", 2, "some tracks"), ("schema = 1\n[[track]]\ntitel = \"x\"", 3, "title"),
        ("schema = 1", 1, "1 to 99 tracks"), ("schema = 2\n[[track]]", 1, "schema"),
    ])
    func whatIsWrongInASequenceIsSaidWithItsPlace(text: String, line: Int, word: String) {
        let error = #expect(throws: PresetError.self) { try AlbumSequence.parse(toml: text, file: "s.toml") }
        #expect(error?.message.contains(word) == true && error?.exitCode == 65, "\(error?.message ?? "")")
        #expect(error?.line == nil || error?.line == line, "\(error?.message ?? "")")
    }

    /// Check digits from GS1's General Specifications, section 7.9: 629104150021 → 3.
    @Test func aUPCIsTakenWithItsCheckDigitOnly() {
        #expect(UPC("6291041500213")?.description == "6291041500213")
        #expect(UPC("6291041500214") == nil)
        #expect(UPC("0-36000-29145-2")?.description == "0036000291452")
        #expect(UPC("1234") == nil)
    }
}
