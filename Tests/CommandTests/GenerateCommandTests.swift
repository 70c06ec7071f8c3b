import Foundation
import TestSupport
import Testing

@Suite struct GenerateCommandTests {
    /// The fields of the contract, top level and brief.
    static let fields = ["brief", "understood", "ignored", "sections", "chords", "parts", "files", "engine", "soundfonts", "realtime_factor", "tier"]
    static let briefFields = ["prompt_language", "genre", "mood", "bpm", "key", "meter", "seconds", "bars", "instruments", "seed"]

    @Test func aPromptFromAFileBecomesATrackAndItsPlan() throws {
        let place = try Workspace()
        try place.write("prompt.txt", Array("Techno, 132 bpm, A minor, 2 bars, no pads\n".utf8))
        let outcome = try place.run("generate", "--prompt-file", "prompt.txt", "--seed", "9", "-o", "t.wav", "--midi", "t.mid", "--plan", "t.json", "--stems", "parts", "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        let found = try outcome.object
        for field in Self.fields { #expect(found[field] != nil, "\(field) is missing") }
        let brief = try #require(found["brief"] as? [String: Any])
        for field in Self.briefFields { #expect(brief[field] != nil, "\(field) is missing") }
        #expect(brief["bpm"] as? Double == 132 && brief["key"] as? String == "A minor" && brief["bars"] as? Int == 2 && brief["seed"] as? Int == 9)
        let plan = try #require(JSONSerialization.jsonObject(with: Data(place.bytes("t.json"))) as? [String: Any])
        #expect(Set(plan.keys) == Set(found.keys))
        #expect(try place.names().isSuperset(of: ["t.wav", "t.mid", "t.json", "parts"]))
        #expect(try place.openRows().isEmpty)
    }

    /// What is read is never replaced, and two results never lie in one place, by whatever name.
    @Test func noOutputIsAnInput_andNoTwoAreOne() throws {
        let place = try Workspace()
        let prompt = Array("techno, 1 bar\n".utf8)
        try place.write("prompt.txt", prompt)
        for taken in ["prompt.txt", "./prompt.txt"] {
            let outcome = try place.run("generate", "--prompt-file", "prompt.txt", "-o", "t.wav", "--plan", taken, "--force")
            #expect(outcome.status == 73)
            expectOneLine(outcome.err, "prompt.txt", "input")
        }
        #expect(try place.bytes("prompt.txt") == prompt)
        #expect(try place.run("generate", "techno, 1 bar", "-o", "t.wav", "--midi", "./t.wav", "--force").status == 64)
        #expect(!place.exists("t.wav"))
    }

    /// Whether the stems' folder is there or not yet, and whatever the file is called.
    @Test func noOtherFileIsAStem() throws {
        let place = try Workspace()
        for other in [["--midi", "s/01-drums.wav"], ["--plan", "./s/../s/01-drums.wav"], ["-o", "s/01-drums.wav"]] {
            let outcome = try place.start(["generate", "techno, 1 bar, only drums", "--seed", "1", "--stems", "s", "--force", "--no-master"] + (other[0] == "-o" ? [] : ["-o", "t.wav"]) + other).outcome()
            #expect(outcome.status == 64, "\(other) \(outcome.status) \(outcome.err)")
            expectOneLine(outcome.err, "01-drums.wav", "stem")
            #expect(try place.names().isEmpty)
        }
        let outcome = try place.run("generate", "techno, 1 bar, only drums", "--seed", "1", "--stems", "s", "--midi", "s/a.mid", "-o", "t.wav", "--no-master")
        #expect(outcome.status == 0, "\(outcome.err)")
        #expect(place.exists("s/01-drums.wav") && place.exists("s/a.mid"))
    }

    @Test func furtherTakesHaveTheirStemsInAFolderEach() throws {
        let place = try Workspace()
        let outcome = try place.run("generate", "techno, 1 bar, only drums", "--seed", "1", "--takes", "2", "--stems", "s", "-o", "t.wav", "--no-master")
        #expect(outcome.status == 0, "\(outcome.err)")
        #expect(place.exists("s/01-drums.wav") && place.exists("s/take-2/01-drums.wav") && place.exists("t-2.wav"))
    }

    /// The folder for stems comes with their names: a run that is killed before leaves none, by any signal.
    @Test func aKilledRunLeavesNoFolder() throws {
        let place = try Workspace()
        let running = try place.start(["generate", "house, 20 minutes", "--seed", "1", "--stems", "s", "-o", "t.wav", "--progress", "json"], listens: true)
        // It plays.
        let said = try running.process.hear(until: "{\"file\":\"t.wav\",\"stage\":\"rendering\"")
        running.process.kill()
        #expect(!said.isEmpty)
        #expect(!place.exists("s") && !place.exists("t.wav"))
    }

    @Test func everySeedIsKeptAsItIs_andWhatNoFileHoldsIsRefused() throws {
        let place = try Workspace()
        let most = "9223372036854775807"
        let outcome = try place.run("generate", "techno, 1 bar", "--seed", most, "-o", "t.wav", "--write-brief", "t.toml", "--no-master", "--json")
        #expect(outcome.status == 0 && outcome.out.contains("\"seed\":" + most), "\(outcome.err)")
        #expect(try place.run("generate", "--brief", "./t.toml", "-o", "u.wav", "--no-master").status == 0)
        #expect(try place.bytes("t.wav") == place.bytes("u.wav"))
        for wrong in [["--seed", "9223372036854775808"], ["--seed", "18446744073709551615"], ["--seed", "-1"], ["--seed", "x"], ["--seed", most, "--takes", "2"]] {
            let refused = try place.start(["generate", "techno, 1 bar", "-o", "v.wav"] + wrong).outcome()
            #expect(refused.status == 64 && refused.err.contains("--seed") && refused.err.contains("0 to " + most), "\(wrong) \(refused.status) \(refused.err)")
            #expect(!place.exists("v.wav"))
        }
    }

    @Test func whatAnOptionOverrulesIsNotSaidToBeUnderstood() throws {
        let place = try Workspace()
        let outcome = try place.run("generate", "house in A minor, 120 bpm, 3/4, 1 bar", "--genre", "jazz", "--key", "C major", "--bpm", "100", "--meter", "4/4", "--bars", "2", "-o", "t.wav", "--no-master", "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        let understood = try #require(outcome.object["understood"] as? [[String: Any]]), ignored = try #require(outcome.object["ignored"] as? [[String: Any]])
        #expect(understood.isEmpty, "\(understood)")
        for option in ["--genre", "--key", "--bpm", "--meter", "--bars"] { #expect(ignored.contains { ($0["why"] as? String)?.contains(option) == true }, "\(option)") }
        // What says the same stays.
        let same = try place.run("generate", "house, 120 bpm, 1 bar", "--bpm", "120", "-o", "u.wav", "--no-master", "--json")
        #expect((try same.object["ignored"] as? [[String: Any]])?.isEmpty == true)
    }

    @Test func aPictureIsNoClip() throws {
        let place = try Workspace()
        try place.write("sun.bmp", picture(250, 210, 90))
        let outcome = try place.run("generate", "pop, 1 bar", "--video", "sun.bmp", "-o", "t.wav")
        #expect(outcome.status == 65 && outcome.err.contains("--image"), "\(outcome.err)")
    }

    @Test func takesAreNumberedAndDiffer_theSameSeedDoesNot() throws {
        let place = try Workspace()
        let first = try place.run("generate", "lofi, 1 bar", "--seed", "1", "--takes", "2", "-o", "t.wav", "--no-master")
        #expect(first.status == 0, "\(first.err)")
        let again = try place.run("generate", "lofi, 1 bar", "--seed", "1", "-o", "u.wav", "--no-master")
        #expect(again.status == 0)
        #expect(try place.bytes("t.wav") == place.bytes("u.wav"))
        #expect(try place.bytes("t.wav") != place.bytes("t-2.wav"))
    }

    @Test func aBriefThatWasWrittenMakesTheSameTrackAgain_andWordsChangeIt() throws {
        let place = try Workspace()
        let first = try place.run("generate", "house in A minor, 2 bars, no pads", "--seed", "31", "-o", "a.wav", "--write-brief", "a.toml", "--chart", "a.cho", "--midi", "a.mid", "--no-master", "--json")
        #expect(first.status == 0, "\(first.err)")
        let files = try #require(first.object["files"] as? [String: Any])
        #expect((files["brief"] as? String)?.hasSuffix("a.toml") == true && (files["chart"] as? String)?.hasSuffix("a.cho") == true)
        let again = try place.run("generate", "--brief", "./a.toml", "-o", "b.wav", "--midi", "b.mid", "--no-master")
        #expect(again.status == 0, "\(again.err)")
        #expect(try place.bytes("a.wav") == place.bytes("b.wav") && place.bytes("a.mid") == place.bytes("b.mid"))
        let other = try place.run("generate", "in C minor", "--brief", "a.toml", "-o", "c.wav", "--no-master", "--json")
        let brief = try #require(other.object["brief"] as? [String: Any])
        #expect(brief["key"] as? String == "C minor" && brief["bars"] as? Int == 2 && brief["seed"] as? Int == 31)
        #expect(try String(decoding: place.bytes("a.cho"), as: UTF8.self).contains("{start_of_grid"))
        #expect(try place.openRows().isEmpty)
    }

    @Test func briefsThatCameWithLatheAreFoundByName() throws {
        let place = try Workspace()
        for name in ["study-room", "title-music", "game-loop"] {
            let outcome = try place.run("generate", "--brief", name, "--bars", "1", "--seed", "3", "-o", name + ".wav", "--no-master")
            #expect(outcome.status == 0, "\(outcome.err)")
        }
    }

    /// A Windows bitmap of 64 × 36 pixels of one colour: BITMAPINFOHEADER, 24 bits, blue first.
    private func picture(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> [UInt8] {
        func le(_ x: Int, _ bytes: Int) -> [UInt8] { (0..<bytes).map { UInt8(truncatingIfNeeded: x >> (8 * $0)) } }
        let pixels = (0..<64 * 36).flatMap { _ in [blue, green, red] }
        let info = le(40, 4) + le(64, 4) + le(36, 4) + le(1, 2) + le(24, 2) + le(0, 4) + le(pixels.count, 4) + le(2835, 4) + le(2835, 4) + le(0, 8)
        return Array("BM".utf8) + le(54 + pixels.count, 4) + le(0, 4) + le(54, 4) + info + pixels
    }

    @Test func aPictureDecidesWhatTheWordsLeaveOpen_andTheMappingIsShown() throws {
        let place = try Workspace()
        try place.write("sun.bmp", picture(250, 210, 90))
        try place.write("night.bmp", picture(8, 12, 60))
        for (name, mode) in [("sun", "major"), ("night", "minor")] {
            let outcome = try place.run("generate", "pop, 1 bar", "--image", name + ".bmp", "--seed", "5", "-o", name + ".wav", "--no-master", "--json")
            #expect(outcome.status == 0, "\(outcome.err)")
            let found = try outcome.object
            #expect(((found["brief"] as? [String: Any])?["key"] as? String)?.hasSuffix(mode) == true)
            let reference = try #require(found["reference"] as? [String: Any])
            #expect(reference["kind"] as? String == "image" && (reference["mapping"] as? [[String: Any]])?.contains { $0["to"] as? String == mode } == true)
        }
        #expect(try place.openRows().isEmpty)
    }

    @Test func aClipGivesItsLength() throws {
        let place = try Workspace()
        // YUV4MPEG2, 4:2:0: 25 frames of grey at 10 a second.
        let frame = Array("FRAME\n".utf8) + [UInt8](repeating: 120, count: 32 * 32) + [UInt8](repeating: 128, count: 512)
        try place.write("clip.y4m", Array("YUV4MPEG2 W32 H32 F10:1 Ip A1:1 C420jpeg\n".utf8) + (0..<25).flatMap { _ in frame })
        let outcome = try place.run("generate", "ambient", "--video", "clip.y4m", "--seed", "5", "-o", "t.wav", "--no-master", "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        #expect((try outcome.object["brief"] as? [String: Any])?["seconds"] as? Double == 2.5)
    }

    @Test(arguments: ["words", "playlist", "cut", "empty"])
    func whatIsNoPictureIsRefused_andNothingIsLeft(_ kind: String) throws {
        let place = try Workspace()
        switch kind {
        case "words": try place.write("p", Array("not a picture at all".utf8))
        // Lists of other files are not followed.
        case "playlist": try place.write("p", Array("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n#EXT-X-ENDLIST\n".utf8))
        case "cut": try place.write("p", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48])
        default: try place.write("p", [])
        }
        let before = try place.names()
        let outcome = try place.run("generate", "pop", "--image", "p", "-o", "t.wav")
        #expect(outcome.status == 65 && outcome.err.contains("p:"), "\(outcome.status) \(outcome.err)")
        #expect(try place.names() == before && place.openRows().isEmpty)
    }

    @Test(arguments: [
        (["generate"], 64, "prompt"), (["generate", "x", "--key", "H#"], 64, "--key"), (["generate", "x", "--genre", "polka-core"], 64, "--genre"),
        (["generate", "x", "--seconds", "5", "--bars", "4"], 64, "choose one"), (["generate", "x", "--bpm", "9000"], 64, "--bpm"), (["generate", "x", "-o", "t.xyz"], 64, "t.xyz"),
        (["generate", "--prompt-file", "absent.txt"], 66, "absent.txt"), (["generate", "x", "--image", "absent.png", "-o", "t.wav"], 66, "absent.png"),
        (["generate", "x", "--image", "a.png", "--video", "b.mp4"], 64, "choose one"), (["generate", "--brief", "absent.toml"], 66, "absent.toml"), (["generate", "--brief", "no-such-brief"], 66, "study-room"),
        (["generate", "x", "--sounds", "kazoo"], 64, "--sounds"), (["generate", "... ?!", "-o", "t.wav"], 64, "says nothing"), (["generate", " \n", "-o", "t.wav"], 64, "says nothing"),
        (["generate", "--prompt-file", "/dev/null", "-o", "t.wav"], 65, "says nothing"), (["generate", "house", "--bars", "2000", "--bpm", "30", "-o", "t.wav"], 64, "at most 450"),
        (["generate", "house", "--bars", "1", "--stems", "parts", "-o", "absent/t.wav"], 73, "absent"), (["generate", String(repeating: "house ", count: 11_000), "-o", "t.wav"], 64, "64 KiB"),
    ])
    func aMistakeIsNamedInOneLine(_ arguments: [String], _ status: Int, _ named: String) throws {
        let place = try Workspace()
        let outcome = try place.start(arguments).outcome()
        #expect(outcome.status == Int32(status) && outcome.err.contains(named), "\(outcome.status) \(outcome.err)")
        #expect(outcome.err.split(separator: "\n").count == 1 && outcome.out.isEmpty)
        #expect(try place.names().isEmpty)
    }
}
