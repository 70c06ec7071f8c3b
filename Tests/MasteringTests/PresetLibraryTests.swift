import Foundation
import Testing
@testable import Mastering

@Suite struct PresetLibraryTests {
    /// Numbers of the factory table in the mastering plan: integrated LUFS, ceiling dBTP, most limiting dB.
    @Test(arguments: [
        ("streaming", -14.0, -1.0, 4.0), ("transparent", -14, -1, 3), ("pop", -9.5, -1, 4), ("acoustic", -16, -1, 2), ("classical", -18, -1, 1),
        ("speech", -16, -1, 4), ("broadcast", -23, -1, 3), ("album", -14, -1, 4), ("hip-hop", -9, -1, 4), ("club", -7.5, -1, 5),
        ("rock", -10, -1, 4), ("tape", -13, -1, 4), ("vinyl", -16, -3, 0), ("reference", -14, -1, 4),
    ])
    func aFactoryPresetMeetsItsTarget(id: String, lufs: Double, ceiling: Double, limiting: Double) throws {
        let preset = try PresetLibrary.load(id)
        #expect(preset.id == id)
        #expect(preset.target.lufs == lufs && preset.target.ceilingDBTP == ceiling)
        #expect(preset.target.maxLimiterGainReductionDB == limiting)
        #expect(preset.output.rate == (id == "vinyl" ? .hz96000 : .keep) && preset.output.bits == .int24 && preset.output.dither == .tpdf)
        #expect(!preset.name.isEmpty && !preset.intent.isEmpty)
    }

    @Test func theDefaultPresetInCodeIsTheOneInTheFile() throws {
        var file = try PresetLibrary.load("streaming")
        file.tags = []
        #expect(file == Preset())
    }

    @Test func theCurvesThatTheEditorOffersAreTheOnesThatCameWithIt() throws {
        guard case .name(let known) = Preset.parameter("tone.curve")?.kind else { throw PresetError(file: "tone.curve", problem: "", remedy: "") }
        let there = ToneLibrary.list().filter { $0.isFactory && $0.problem == nil }.map(\.id)
        #expect(Set(known.map(\.value)) == Set(there))
    }

    @Test func everyFactoryPresetFindsItsCurve() throws {
        for summary in PresetLibrary.list() where summary.isFactory && summary.id != "reference" {
            let preset = try PresetLibrary.load(summary.id)
            #expect(try ToneTarget.wanted(by: preset)?.id == (preset.tone.mode == .off ? nil : preset.tone.curve), "\(summary.id)")
        }
        let error = #expect(throws: PresetError.self) { try ToneTarget.wanted(by: PresetLibrary.load("reference")) }
        #expect(error?.exitCode == 64)
    }

    @Test func aPresetThatIsBasedOnAnotherHoldsOnlyTheDifferences() throws {
        let album = try PresetLibrary.load("album"), parent = try PresetLibrary.load("streaming")
        #expect(album.basedOn == "streaming" && album.tone.settings.amountPct == 30 && album.compressor.gainReductionTargetDB == 0.7)
        var target = parent.target
        target.scope = .album
        #expect(album.target == target && album.limiter == parent.limiter)

        var own = try PresetLibrary.load("rock")
        own.id = "mine"
        own.basedOn = "rock"
        own.dyneq[1].on = false
        own.eq[2].on = true
        own.eq[2].db = 1.5
        own.saturation.driveDB = 0
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-presets-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = try PresetLibrary.save(own, in: folder)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains("based_on = \"rock\"") && !text.contains("lufs"))
        #expect(try PresetLibrary.load(path) == own)
    }

    @Test func presetsThatAreBasedOnEachOtherAreRefused() throws {
        let error = #expect(throws: PresetError.self) {
            try Preset.parse(toml: "schema = 1\nbased_on = \"nothing-like-it\"\n", file: "a.toml", parent: PresetLibrary.load)
        }
        #expect(error?.message.contains("a.toml:2") == true && error?.message.contains("no such preset") == true)
        #expect(throws: PresetError.self) { try Preset.parse(toml: "based_on = \"pop\"\n", file: "request") }
    }

    @Test func speechRemovesRumbleAndHoldsTheLevel() throws {
        let preset = try PresetLibrary.load("speech")
        #expect(preset.eq[0].on && preset.eq[0].type == .highPass && preset.eq[0].hz == 70)
        #expect(preset.compressor.ratio == 2.5 && preset.compressor.gainReductionTargetDB == 4)
    }

    @Test func theListHasEveryFactoryPresetWithTheDefaultFirst() {
        let list = PresetLibrary.list().filter(\.isFactory)
        #expect(list.first?.id == "streaming")
        #expect(list.count == 14)
        #expect(list.allSatisfy { $0.problem == nil })
    }

    @Test func anUnknownNameIsMissingAndSaysWhatThereIs() {
        let error = #expect(throws: PresetError.self) { try PresetLibrary.load("steaming") }
        #expect(error?.exitCode == 66)
        #expect(error?.message.contains("did you mean 'streaming'") == true)
        #expect(throws: PresetError.self) { try PresetLibrary.load("../streaming") }
    }

    @Test func aFIFOADirectoryAndBytesThatAreNoTextAreRefusedAtOnce() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-presets-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(mkfifo(folder + "/fifo.toml", 0o600) == 0)
        try Data([0xFF, 0xFE, 0x00]).write(to: URL(fileURLWithPath: folder + "/bytes.toml"))
        try Data(count: 100_000).write(to: URL(fileURLWithPath: folder + "/huge.toml"))
        for name in ["/fifo.toml", "/bytes.toml", "/huge.toml", "/"] {
            let error = #expect(throws: PresetError.self) { try PresetLibrary.load(folder + name) }
            #expect(error?.exitCode == 65, "\(name)")
        }
        let absent = #expect(throws: PresetError.self) { try PresetLibrary.load(folder + "/absent.toml") }
        #expect(absent?.exitCode == 66)
    }

    @Test func aSavedPresetReadsBackAndReplacesTheEarlierOne() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-saved-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var preset = Preset()
        preset.id = "mine"
        for lufs in [-12.0, -11.0] {
            preset.target.lufs = lufs
            let path = try PresetLibrary.save(preset, in: folder)
            #expect(try PresetLibrary.load(path) == preset)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["mine.toml"])
    }

    @Test func aPresetIsNotSavedUnderAFactoryNameOrOutsideTheFolder() {
        for id in ["streaming", "../x", "", "A"] {
            var preset = Preset()
            preset.id = id
            let error = #expect(throws: PresetError.self) { try PresetLibrary.save(preset, in: "/nonexistent") }
            #expect(error?.exitCode == 64)
        }
    }
}
