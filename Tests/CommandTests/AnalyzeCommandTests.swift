import Foundation
import Testing

@Suite struct AnalyzeCommandTests {
    /// The fields that commands.md promises.
    static let fields = [
        "file", "format", "encoding", "sample_rate", "channels", "frames", "seconds", "integrated_lufs", "loudness_range_lu",
        "max_momentary_lufs", "max_short_term_lufs", "true_peak_dbtp", "sample_peak_dbfs", "plr_db", "correlation", "dc_offset",
        "clipped_samples", "bands", "tempo_bpm", "key", "findings",
    ]

    /// EBU Tech 3341 case 1: a 1 kHz stereo sine at -23 dBFS reads -23 LUFS within 0.1.
    @Test func theEBUToneReadsItsLevel() throws {
        let place = try Workspace()
        try place.write("tone.wav", WAV.tone(dBFS: -23, seconds: 5))
        let outcome = try place.run("analyze", "tone.wav", "--json")
        #expect(outcome.status == 0)
        #expect(outcome.err.isEmpty)
        let found = try outcome.object
        for field in Self.fields { #expect(found[field] != nil, "\(field) is missing") }
        #expect(found["file"] as? String == "tone.wav")
        #expect(found["format"] as? String == "WAV" && found["encoding"] as? String == "pcm_16")
        #expect(found["sample_rate"] as? Int == 48_000 && found["channels"] as? Int == 2)
        #expect(found["frames"] as? Int == 240_000 && found["seconds"] as? Double == 5)
        for (field, tolerance) in [("integrated_lufs", 0.1), ("max_momentary_lufs", 0.1), ("max_short_term_lufs", 0.1),
                                   ("true_peak_dbtp", 0.1), ("sample_peak_dbfs", 0.02)] {
            #expect(abs(try #require(found[field] as? Double) + 23) <= tolerance, "\(field)")
        }
        #expect(try #require(found["correlation"] as? Double) > 0.999)
        #expect(found["clipped_samples"] as? Int == 0)
        let bands = try #require(found["bands"] as? [[String: Any]])
        #expect(bands.count == 31)
        #expect(bands.first?["hz"] as? Double == 20 && bands.last?["hz"] as? Double == 20_000)
        let loudest = try #require(bands.max { ($0["db"] as? Double ?? -999) < ($1["db"] as? Double ?? -999) })
        #expect(loudest["hz"] as? Double == 1000)
    }

    @Test func whatDoesNotExistIsNull() throws {
        let place = try Workspace()
        try place.write("silence.wav", WAV.file([Int16](repeating: 0, count: 96_000)))
        let found = try place.run("analyze", "silence.wav", "--json").object
        for field in ["integrated_lufs", "true_peak_dbtp", "sample_peak_dbfs", "plr_db", "correlation", "tempo_bpm", "key"] {
            #expect(found[field] is NSNull, "\(field) is \(String(describing: found[field]))")
        }
    }

    @Test func oneInputGivesAnObjectAndSeveralGiveAnArrayInTheirOrder() throws {
        let place = try Workspace()
        for name in ["b.wav", "a.wav", "c.wav"] { try place.write(name, WAV.tone(dBFS: -20, seconds: 1)) }
        let several = try place.run("analyze", "b.wav", "a.wav", "c.wav", "--json")
        #expect(try several.array.map { $0["file"] as? String } == ["b.wav", "a.wav", "c.wav"])
        #expect(try place.run("analyze", "a.wav", "--json").object["file"] as? String == "a.wav")
    }

    @Test func aBadInputAmongGoodOnesCostsOnlyItself() throws {
        let place = try Workspace()
        try place.write("good.wav", WAV.tone(dBFS: -20, seconds: 1))
        try place.write("text.wav", Array("no sound".utf8))
        let outcome = try place.run("analyze", "text.wav", "good.wav", "nowhere.wav", "--json")
        #expect(outcome.status == 66)
        #expect(try outcome.array.map { $0["file"] as? String } == ["good.wav"])
        let lines = outcome.err.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].contains("text.wav") && lines[1].contains("nowhere.wav"))
    }

    @Test func peopleGetAReportAndTheInputIsUntouched() throws {
        let place = try Workspace()
        let bytes = WAV.tone(dBFS: -23, seconds: 2)
        try place.write("tone.wav", bytes)
        let outcome = try place.run("analyze", "tone.wav")
        #expect(outcome.status == 0)
        #expect(outcome.out.contains("-23.0 LUFS") && outcome.out.contains("tone.wav"))
        #expect(try place.bytes("tone.wav") == bytes)
        #expect(try place.names() == ["tone.wav"])
        #expect(try place.openRows().isEmpty)
    }
}
