import Foundation
import Testing

@Suite struct AlbumCommandTests {
    private func tracks(_ place: Workspace) throws {
        try FileManager.default.createDirectory(atPath: place.path("mixes"), withIntermediateDirectories: true)
        try place.write("mixes/1.wav", WAV.bursts(seconds: 5, rate: 44_100))
        try place.write("mixes/2.wav", WAV.bursts(seconds: 4.5, rate: 44_100))
    }

    @Test func aSequenceNamesItsFilesFromWhereItLies() throws {
        let place = try Workspace()
        try tracks(place)
        try place.write("mixes/album.toml", Array("""
            schema = 1
            title = "First Light"
            gap_seconds = 1
            [[track]]
            file = "1.wav"
            title = "Opening"
            [[track]]
            file = "2.wav"
            """.utf8))
        let outcome = try place.run("master", "--sequence", "mixes/album.toml", "--bits", "16", "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        let results = try outcome.array
        #expect(results.map { $0["output"] as? String } == ["mixes/1-master.wav", "mixes/2-master.wav"])
        #expect(try WAV.header(place.bytes("mixes/1-master.wav")).frames == 6 * 44_100)
        #expect(try WAV.header(place.bytes("mixes/2-master.wav")).frames == 198_450)
        #expect(results[0]["disc"] is NSNull)
        #expect(String(decoding: try place.bytes("mixes/1-master.wav"), as: UTF8.self).contains("Opening"))
    }

    @Test func aDiscIsWholeAndItsRowsAreHandedOver() throws {
        let place = try Workspace()
        try tracks(place)
        let outcome = try place.run("master", "mixes/1.wav", "mixes/2.wav", "--gap", "2", "--cue", "a.cue", "--ddp", "disc", "--upc", "012345678905", "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: place.path("disc"))) == ["IMAGE.DAT", "PQDESCR", "DDPMS", "DDPID", "PQSHEET.TXT", "CHECKSUM.MD5"])
        #expect(try place.names() == ["mixes", "a.cue", "a.wav", "disc"])
        let disc = try #require(try outcome.array[0]["disc"] as? [String: Any])
        #expect(disc["upc"] as? String == "0012345678905" && disc["image"] as? String == "a.wav")
        #expect(try place.openRows().isEmpty)
        // 150 sectors of pause, 11.5 s.
        #expect(try place.bytes("disc/IMAGE.DAT").count == 2352 * (150 + 862 + 1))
    }

    @Test(arguments: [
        (["master", "--album"], "inputs"), (["master", "mixes/1.wav", "--upc", "012345678905"], "--upc"),
        (["master", "mixes/1.wav", "--cue", "a\"b.cue"], "quotation"), (["master", "mixes/1.wav", "--gap", "-1"], "--gap"),
        (["master", "mixes/1.wav", "--sequence", "s.toml"], "itself"), (["master", "--sequence", "s.toml", "--gap", "1"], "--gap"),
    ])
    func whatContradictsItselfIsAUsageError(arguments: [String], word: String) throws {
        let place = try Workspace()
        try tracks(place)
        try place.write("s.toml", Array("schema = 1\n[[track]]\nfile = \"mixes/1.wav\"\n".utf8))
        let outcome = try place.start(arguments).outcome()
        #expect(outcome.status == 64 && outcome.err.contains(word), "\(outcome.err)")
        #expect(try place.names() == ["mixes", "s.toml"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path("mixes")).count == 2)
    }

    @Test func anAlbumPresetMakesSeveralFilesOneProgramme() throws {
        let place = try Workspace()
        try place.write("soft.wav", WAV.tone(dBFS: -29, seconds: 4))
        try place.write("loud.wav", WAV.tone(dBFS: -20, seconds: 4))
        let results = try place.run("master", "soft.wav", "loud.wav", "--preset", "album", "--json").array
        let loudness = try results.map { try #require(($0["after"] as? [String: Any])?["integrated_lufs"] as? Double) }
        #expect(abs(loudness[1] - loudness[0] - 9) < 0.1, "\(loudness)")
    }

    /// The pipe gets what a master toward the same recording would be; a preview without it sounds different.
    @Test func aPreviewFollowsAReference() throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.bursts(seconds: 5))
        try place.write("record.wav", WAV.tone(dBFS: -20, seconds: 5))
        let master = try place.run("master", "mix.wav", "--reference", "record.wav", "--bits", "32f")
        #expect(master.status == 0, "\(master.err)")
        let command = "'\(Workspace.binary)' preview mix.wav --reference record.wav --sink stdout > heard.raw"
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", command]
        shell.currentDirectoryURL = URL(fileURLWithPath: place.folder)
        shell.environment = ["HOME": place.home, "XDG_STATE_HOME": place.home + "/state", "XDG_CONFIG_HOME": place.home + "/config", "PATH": "/usr/bin:/bin"]
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        let heard = try place.bytes("heard.raw"), file = try place.bytes("mix-master.wav")
        #expect(heard.count == 5 * 48_000 * 8)
        #expect(file.suffix(heard.count).elementsEqual(heard) || Data(file).range(of: Data(heard)) != nil)
    }
}
