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

    @Test func takesAreNumberedAndDiffer_theSameSeedDoesNot() throws {
        let place = try Workspace()
        let first = try place.run("generate", "lofi, 1 bar", "--seed", "1", "--takes", "2", "-o", "t.wav", "--no-master")
        #expect(first.status == 0, "\(first.err)")
        let again = try place.run("generate", "lofi, 1 bar", "--seed", "1", "-o", "u.wav", "--no-master")
        #expect(again.status == 0)
        #expect(try place.bytes("t.wav") == place.bytes("u.wav"))
        #expect(try place.bytes("t.wav") != place.bytes("t-2.wav"))
    }

    @Test(arguments: [
        (["generate"], 64, "prompt"), (["generate", "x", "--key", "H#"], 64, "--key"), (["generate", "x", "--genre", "polka-core"], 64, "--genre"),
        (["generate", "x", "--seconds", "5", "--bars", "4"], 64, "choose one"), (["generate", "x", "--bpm", "9000"], 64, "--bpm"), (["generate", "x", "-o", "t.xyz"], 64, "t.xyz"),
        (["generate", "--prompt-file", "absent.txt"], 66, "absent.txt"), (["generate", "x", "--image", "a.png"], 64, "--image"),
    ])
    func aMistakeIsNamedInOneLine(_ arguments: [String], _ status: Int, _ named: String) throws {
        let place = try Workspace()
        let outcome = try place.start(arguments).outcome()
        #expect(outcome.status == Int32(status) && outcome.err.contains(named), "\(outcome.status) \(outcome.err)")
        #expect(outcome.err.split(separator: "\n").count == 1 && outcome.out.isEmpty)
        #expect(try place.names().isEmpty)
    }
}
