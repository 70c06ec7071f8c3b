import Foundation
import Rendering
import Testing

@Suite struct PromptRulesTests {
    private let rules: PromptRules

    init() throws { rules = try PromptRules.load(#filePath.split(separator: "/Tests/")[0] + "/Presets/prompt-rules.json") }

    @Test func aPhraseIsFoundWhateverItsCaseAccentsAndSpacing_andItsPlaceIsTold() throws {
        let match = try #require(rules.match("a ballad, Ín  the\nVOICE-of somebody"))
        #expect(match.rule == "real-voice" && match.span == 10..<26)
        let scalars = Array("a ballad, Ín  the\nVOICE-of somebody".unicodeScalars)[match.span]
        #expect(String(String.UnicodeScalarView(scalars)) == "Ín  the\nVOICE-of")
    }

    @Test func aPhraseWithinWordsIsNoMatch() {
        #expect(rules.match("trip offbeat techno with invoice office drums, deepfaked") == nil)
        #expect(rules.match("") == nil)
    }

    @Test func everyPhraseOfTheFileIsFoundBySaying_andEveryRuleSaysWhy() {
        for rule in rules.rules {
            #expect(!rule.why.isEmpty && !rule.phrases.isEmpty)
            for phrase in rule.phrases { #expect(rules.match("please, \(phrase.uppercased()) now")?.rule == rule.id) }
        }
    }

    @Test func everydayPromptsPass() {
        for prompt in ["calm piano at 80 bpm", "dark techno, 130 bpm, F# minor, with a voice-like pad", "gas station blues", "white noise and power chords", "a race against time, war drums"] {
            #expect(rules.match(prompt) == nil)
        }
    }
}
