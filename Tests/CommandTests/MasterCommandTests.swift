import Foundation
import TestSupport
import Testing

@Suite struct MasterCommandTests {
    @Test func aToneIsBroughtToItsTarget() throws {
        let place = try Workspace()
        let input = WAV.tone(dBFS: -23, seconds: 4)
        try place.write("tone.wav", input)
        let outcome = try place.run("master", "tone.wav", "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        let found = try outcome.object
        for field in ["input", "output", "preset", "engine", "seconds", "realtime_factor", "tier", "before", "after", "gain_db",
                      "limiter_max_reduction_db", "sha256", "target_lufs", "target_reached", "note"] {
            #expect(found[field] != nil, "\(field) is missing")
        }
        #expect(found["output"] as? String == "tone-master.wav" && found["preset"] as? String == "streaming")
        #expect(found["target_reached"] as? Bool == true && found["note"] is NSNull && found["tier"] as? String == "local")
        let before = try #require(found["before"] as? [String: Any]), after = try #require(found["after"] as? [String: Any])
        for field in AnalyzeCommandTests.fields { #expect(before[field] != nil && after[field] != nil, "\(field) is missing") }
        #expect(abs(try #require(before["integrated_lufs"] as? Double) + 23) <= 0.1)
        #expect(abs(try #require(after["integrated_lufs"] as? Double) + 14) <= 0.2)

        // What is in the file is what was said: 24 bits, every frame, and 2^23 times ten to the power of -14/20 at the crests.
        let bytes = try place.bytes("tone-master.wav")
        let header = try WAV.header(bytes)
        #expect(header == (2, 48_000, 24, 192_000))
        let start = try #require((36..<4096).first { bytes[$0..<($0 + 4)].elementsEqual("data".utf8) }) + 8
        let data = bytes[start..<(start + 192_000 * 6)]
        var crest = 0
        for at in stride(from: data.startIndex + 96_000 * 6, to: data.startIndex + 97_000 * 6, by: 3) {
            let word = Int(data[at]) | Int(data[at + 1]) << 8 | Int(Int8(bitPattern: data[at + 2])) << 16
            crest = max(crest, abs(word))
        }
        #expect(abs(20 * log10(Double(crest) / 8_388_608) + 14) <= 0.2)
        #expect(try place.bytes("tone.wav") == input)
        #expect(try place.names() == ["tone.wav", "tone-master.wav"])
        #expect(try place.openRows().isEmpty)
    }

    /// Whoever gives an option expects a difference: one that can make none is a mistake, told before any work.
    @Test(arguments: [
        (["--gap", "2"], "--gap"), (["--deliver", "wav:24"], "--deliver"), (["--dither", "none", "--bits", "32f"], "--dither"), (["--bext", "--format", "flac"], "--bext"), (["--bits", "16", "--format", "mp3"], "--bits"),
        (["--dither", "shaped"], "--dither"), (["--dither", "tpdf", "--bits", "32f"], "--dither"), (["--dither", "tpdf", "--format", "opus"], "--dither"),
        (["--isrc", "GB-ABC-26-00001", "--format", "ogg"], "--isrc"), (["--weights", "2", "--reference", "tone.wav"], "--weights"),
        (["--preset", "transparent", "--set", "tone.amount_pct=40"], "tone.mode"), (["--set", "saturation.mix_pct=50"], "saturation.drive_db"),
        (["--set", "assistant.on=off", "--set", "assistant.amount_pct=40"], "assistant.on"), (["--set", "output.bext=true", "--format", "flac"], "--set output.bext"),
    ])
    func anOptionThatDoesNothingIsRefused(options: [String], named: String) throws {
        let place = try Workspace()
        try place.write("tone.wav", WAV.tone(dBFS: -23, seconds: 1))
        let outcome = try place.start(["master", "tone.wav"] + options).outcome()
        #expect(outcome.status == 64 && outcome.err.contains(named), "\(outcome.err)")
        #expect(try place.names() == ["tone.wav"])
    }

    /// The same options where a further file gives them something to do.
    @Test(arguments: [
        ["--bext", "--format", "flac", "--deliver", "wav"], ["--bits", "16", "--deliver", "wav:24"], ["--bits", "32f", "--dither", "none", "--deliver", "flac:16"], ["--bits", "16", "--format", "mp3", "--deliver", "flac"],
        ["--dither", "shaped", "--deliver", "wav:16", "--format", "flac"], ["--set", "compressor.ratio=2", "--preset", "transparent"],
    ])
    func anOptionForOneOfSeveralFilesIsTaken(options: [String]) throws {
        let place = try Workspace()
        try place.write("tone.wav", WAV.tone(dBFS: -23, seconds: 1))
        let outcome = try place.start(["master", "tone.wav"] + options).outcome()
        #expect(outcome.status == 0, "\(outcome.err)")
    }

    @Test func theSameCommandGivesTheSameBytesAndTheirTrueHash() throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.bursts(seconds: 3))
        let first = try place.run("master", "mix.wav", "-o", "one.wav", "--json").object
        let second = try place.run("master", "mix.wav", "-o", "two.wav", "--json").object
        #expect(try place.bytes("one.wav") == place.bytes("two.wav"))
        #expect(first["sha256"] as? String == second["sha256"] as? String)
        let digest = try ChildProcess("/usr/bin/sha256sum", [place.path("one.wav")]).text().prefix(64)
        #expect(first["sha256"] as? String == String(digest))
    }

    @Test func anAlbumKeepsTheDistancesOfItsTracks() throws {
        let place = try Workspace()
        try place.write("loud.wav", WAV.tone(dBFS: -17, seconds: 4))
        try place.write("soft.wav", WAV.tone(dBFS: -26, seconds: 4))
        // Tones that meet count as one piece, whose parts nothing may shift; so nothing else may move them either.
        let outcome = try place.run("master", "soft.wav", "loud.wav", "--album", "--set", "compressor.on=off", "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        let loudness = try outcome.array.map { result -> Double in
            let after = try #require(result["after"] as? [String: Any])
            return try #require(after["integrated_lufs"] as? Double)
        }
        #expect(loudness.count == 2)
        #expect(abs(loudness[1] + 14) <= 0.2 && abs(loudness[1] - loudness[0] - 9) <= 0.1, "\(loudness)")
        #expect(try place.names() == ["soft.wav", "loud.wav", "soft-master.wav", "loud-master.wav"])
        #expect(try place.openRows().isEmpty)
    }

    @Test func anAlbumWithABadTrackLeavesNothing() throws {
        let place = try Workspace()
        try place.write("good.wav", WAV.tone(dBFS: -20, seconds: 2))
        try place.write("bad.wav", Array("this is text".utf8))
        let outcome = try place.run("master", "good.wav", "bad.wav", "--album")
        #expect(outcome.status == 65 && outcome.err.contains("bad.wav") && outcome.out.isEmpty)
        #expect(try place.names() == ["good.wav", "bad.wav"])
        #expect(try place.openRows().isEmpty)
    }

    @Test func whatTheCapForbidsIsSaidAndNotDone() throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.bursts(seconds: 4))
        let found = try place.run("master", "mix.wav", "--preset", "pop", "--set", "target.lufs=-6", "--json").object
        #expect(found["target_reached"] as? Bool == false)
        #expect(try #require(found["note"] as? String).contains("cannot reach"))
        let after = try #require(found["after"] as? [String: Any])
        #expect(try #require(after["true_peak_dbtp"] as? Double) <= -0.9)
        #expect(try #require(found["limiter_max_reduction_db"] as? Double) <= 4.5)
    }

    @Test func aSettingOnTheCommandLineWinsOverThePreset() throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.bursts(seconds: 3))
        let found = try place.run("master", "mix.wav", "--set", "limiter.ceiling=-3", "--set", "target.max_limiter_gr=12", "--bits", "16", "--json").object
        let after = try #require(found["after"] as? [String: Any])
        #expect(try #require(after["true_peak_dbtp"] as? Double) <= -2.9)
        #expect(after["encoding"] as? String == "pcm_16")
        #expect(try WAV.header(place.bytes("mix-master.wav")).bits == 16)
    }

    @Test func aPresetFileIsUsed() throws {
        let place = try Workspace()
        try place.write("tone.wav", WAV.tone(dBFS: -20, seconds: 3))
        try place.write("quiet.toml", Array("schema = 1\nid = \"quiet\"\n[target]\nlufs = -30\n[output]\nbits = 16\n".utf8))
        let found = try place.run("master", "tone.wav", "--preset", "quiet.toml", "--json").object
        #expect(found["preset"] as? String == "quiet" && found["target_lufs"] as? Double == -30)
        let after = try #require(found["after"] as? [String: Any])
        #expect(abs(try #require(after["integrated_lufs"] as? Double) + 30) <= 0.2)
    }

    /// Magic numbers: RFC 9639 (fLaC), EA IFF 85 (FORM), Apple CAF (caff), RFC 3533 (OggS), ISO 11172-3 frame sync or ID3.
    @Test(arguments: [("flac", "fLaC"), ("aiff", "FORM"), ("caf", "caff"), ("ogg", "OggS"), ("opus", "OggS"), ("mp3", ""), ("wav", "RIFF")])
    func everyFormatIsWritten(format: String, magic: String) throws {
        let place = try Workspace()
        try place.write("tone.wav", WAV.tone(dBFS: -20, seconds: 2))
        let outcome = try place.run("master", "tone.wav", "--format", format, "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        let bytes = try place.bytes("tone-master.\(format)")
        if format == "mp3" {
            #expect(bytes.starts(with: "ID3".utf8) || (bytes[0] == 0xFF && bytes[1] & 0xE0 == 0xE0))
        } else {
            #expect(bytes.starts(with: magic.utf8))
        }
        let after = try #require(try outcome.object["after"] as? [String: Any])
        #expect(abs(try #require(after["integrated_lufs"] as? Double) + 14) <= 0.3)
    }

    @Test func theEndingOfTheOutputNamesTheFormat() throws {
        let place = try Workspace()
        try place.write("tone.wav", WAV.tone(dBFS: -20, seconds: 1))
        #expect(try place.run("master", "tone.wav", "-o", "out.flac").status == 0)
        #expect(try place.bytes("out.flac").starts(with: "fLaC".utf8))
        for arguments in [["-o", "out.flac", "--format", "wav", "--force"], ["-o", "out.m4a"]] {
            let outcome = try place.start(["master", "tone.wav"] + arguments).outcome()
            #expect(outcome.status == 64)
            expectOneLine(outcome.err, "out.")
        }
    }

    @Test func severalInputsGoOnAfterABadOneAndEndWithTheWorstCode() throws {
        let place = try Workspace()
        try FileManager.default.createDirectory(atPath: place.path("masters"), withIntermediateDirectories: false)
        try place.write("a.wav", WAV.tone(dBFS: -20, seconds: 1))
        try place.write("bad.wav", Array("no sound".utf8))
        try place.write("b.wav", WAV.tone(dBFS: -25, seconds: 1))
        let outcome = try place.run("master", "a.wav", "bad.wav", "b.wav", "-o", "masters", "--jobs", "2", "--json")
        #expect(outcome.status == 65)
        expectOneLine(outcome.err, "bad.wav")
        #expect(try outcome.array.map { $0["output"] as? String } == ["masters/a-master.wav", "masters/b-master.wav"])
        #expect(place.exists("masters/a-master.wav") && place.exists("masters/b-master.wav"))
        #expect(try place.openRows().isEmpty)
    }

    @Test func twoMastersOfOneNameAreRefusedBeforeAnyWork() throws {
        let place = try Workspace()
        try place.write("a.wav", WAV.tone(dBFS: -20, seconds: 1))
        for arguments in [["a.wav", "a.wav"], ["a.wav", "b.wav", "-o", "out.wav"]] {
            let outcome = try place.start(["master"] + arguments).outcome()
            #expect(outcome.status == 64)
            expectOneLine(outcome.err)
        }
        #expect(try place.names() == ["a.wav"])
    }

    @Test func anInputIsNeverOverwrittenAndAFileOnlyWithForce() throws {
        let place = try Workspace()
        let bytes = WAV.tone(dBFS: -20, seconds: 1)
        try place.write("tone.wav", bytes)
        try FileManager.default.linkItem(atPath: place.path("tone.wav"), toPath: place.path("link.wav"))
        for target in ["tone.wav", "link.wav"] {
            let outcome = try place.run("master", "tone.wav", "-o", target, "--force")
            #expect(outcome.status == 73)
            expectOneLine(outcome.err, target)
        }
        #expect(try place.bytes("tone.wav") == bytes)

        try place.write("old.wav", [1, 2, 3])
        let refused = try place.run("master", "tone.wav", "-o", "old.wav")
        #expect(refused.status == 73)
        expectOneLine(refused.err, "old.wav", "--force")
        #expect(try place.bytes("old.wav") == [1, 2, 3])
        #expect(try place.run("master", "tone.wav", "-o", "old.wav", "--force").status == 0)
        #expect(try WAV.header(place.bytes("old.wav")).frames == 48_000)
    }

    /// In a batch the output of one must not be the input of another either.
    @Test func noInputOfTheBatchIsOverwritten() throws {
        let place = try Workspace()
        let bytes = WAV.tone(dBFS: -20, seconds: 1)
        try place.write("a.wav", bytes)
        try place.write("a-master.wav", bytes)
        let outcome = try place.run("master", "a.wav", "a-master.wav", "--force")
        #expect(outcome.status == 73)
        #expect(try place.bytes("a-master.wav") == bytes)
        #expect(place.exists("a-master-master.wav"))
    }

    @Test func ctrlCEndsWith130AndLeavesNothing() throws {
        let place = try Workspace()
        try place.write("long.wav", WAV.bursts(seconds: 120))
        let running = try place.start(["master", "long.wav", "--progress", "json"], listens: true)
        // The first report of progress shows that the render is under way.
        try #require(!running.process.hear(until: "{").isEmpty)
        running.process.signal(SIGINT)
        let lines = try running.process.text().split(separator: "\n")
        let outcome = try running.outcome()
        #expect(outcome.status == 130)
        #expect(outcome.out.isEmpty)
        #expect(lines.count { !$0.hasPrefix("{") } == 1)
        #expect(try place.names() == ["long.wav"])
        #expect(try place.openRows().isEmpty)
    }

    @Test func progressIsJSONLinesOnStandardErrorWhenAskedFor() throws {
        let place = try Workspace()
        try place.write("tone.wav", WAV.tone(dBFS: -20, seconds: 2))
        let outcome = try place.run("master", "tone.wav", "--progress", "json", "--json")
        #expect(outcome.status == 0)
        #expect(try outcome.object["output"] as? String == "tone-master.wav")
        let reports = try outcome.err.split(separator: "\n").map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
        #expect(!reports.isEmpty)
        let fractions = try reports.map { try #require($0["fraction"] as? Double) }
        #expect(fractions.allSatisfy { (0...1).contains($0) })
        #expect(fractions.last == 1)
        #expect(reports.allSatisfy { $0["file"] as? String == "tone.wav" && $0["stage"] is String })
    }
}
