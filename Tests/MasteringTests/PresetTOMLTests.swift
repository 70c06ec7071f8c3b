import Foundation
import Testing
@testable import Mastering

@Suite struct PresetTOMLTests {
    private func refusal(_ text: String, file: String = "my.toml") -> PresetError? {
        do throws(PresetError) {
            _ = try Preset.parse(toml: text, file: file)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["", "\n\n", "# only a word\n"])
    func aFileThatSaysNothingIsRefused(text: String) throws {
        let error = try #require(refusal(text))
        #expect(error.kind == .unusable && error.message.hasPrefix("my.toml: says nothing: it is empty; write at least schema = 1"))
    }

    @Test func whatIsNotSaidIsTheDefaultUnderTheNameOfTheFile() throws {
        let preset = try Preset.parse(toml: "schema = 1", file: "/x/My Mix.toml")
        #expect(preset.id == "my-mix")
        #expect(preset.name == "my-mix")
        #expect(preset.target == Preset.Target())
        #expect(preset.eq == Preset().eq)
    }

    @Test func everyKeyOfTheSchemaIsRead() throws {
        let preset = try Preset.parse(toml: """
            schema = 1
            id = "loud"
            name = "Loud"
            intent = "Test"
            tags = ["a", "b"]
            [target]
            lufs = -9
            tolerance_lu = 0.2
            ceiling_dbtp = -0.5
            max_limiter_gr_db = 6
            [condition]
            input_gain_db = 1.5
            subsonic_hz = 20
            [[eq.band]]
            type = "low_shelf"
            hz = 80
            db = 1.5
            q = 0.5
            channel = "mid"
            [[eq.band]]
            on = false
            [compressor]
            on = false
            gr_target_db = 2
            ratio = 3
            knee_db = 6
            attack_ms = 10
            release_ms = 100
            sidechain_hpf_hz = 0
            mix_pct = 50
            [stereo]
            width_pct = 120
            mono_below_hz = 90
            [limiter]
            lookahead_ms = 5
            hold_ms = 1
            release = 200
            [output]
            bits = 16
            dither = "none"
            """, file: "f.toml")
        #expect(preset.tags == ["a", "b"])
        #expect(preset.target.lufs == -9 && preset.target.toleranceLU == 0.2)
        #expect(preset.target.ceilingDBTP == -0.5 && preset.target.maxLimiterGainReductionDB == 6)
        #expect(preset.condition.inputGainDB == 1.5 && preset.condition.subsonicHz == 20)
        var band = Preset.Band()
        band.type = .lowShelf; band.hz = 80; band.db = 1.5; band.q = 0.5; band.channel = .mid; band.on = true
        #expect(preset.eq[0] == band)
        #expect(preset.eq[1...].allSatisfy { !$0.on })
        #expect(!preset.compressor.on && preset.compressor.gainReductionTargetDB == 2 && preset.compressor.ratio == 3)
        #expect(preset.compressor.kneeDB == 6 && preset.compressor.attackMs == 10 && preset.compressor.releaseMs == 100)
        #expect(preset.compressor.sidechainHighPassHz == 0 && preset.compressor.mixPct == 50)
        #expect(preset.stereo.widthPct == 120 && preset.stereo.monoBelowHz == 90)
        #expect(preset.limiter.lookaheadMs == 5 && preset.limiter.holdMs == 1 && preset.limiter.releaseMs == 200)
        #expect(preset.output.bits == .int16 && preset.output.dither == .none)
    }

    @Test func aBandThatIsMentionedIsOn() throws {
        let preset = try Preset.parse(toml: "[[eq.band]]\nhz = 100\ndb = 2\n", file: "f.toml")
        #expect(preset.eq[0].on)
    }

    @Test(arguments: [
        ("[compresor]\n", 1, 2, "did you mean 'compressor'"),
        ("schema = 1\n[compressor]\n  ratoi = 2\n", 3, 3, "did you mean 'ratio'"),
        ("[target]\nlufs = nan\n", 2, 1, "-36 to -5 LUFS"),
        ("[target]\nlufs = -inf\n", 2, 1, "-36 to -5 LUFS"),
        ("[target]\nlufs = 3\n", 2, 1, "-36 to -5 LUFS"),
        ("[target]\nlufs = \"loud\"\n", 2, 1, "must be a number"),
        ("target.lufs = true\n", 1, 8, "must be a number"),
        ("compressor = 1\n", 1, 1, "write [compressor]"),
        ("[[target]]\nlufs = -14\n", 1, 3, "write [target]"),
        ("[compressor]\non = 1\n", 2, 1, "true or false"),
        ("[condition]\nsubsonic_hz = 5\n", 2, 1, "off or 10 to 40 Hz"),
        ("[eq.band]\nhz = 1\n", 1, 5, "[[eq.band]]"),
        ("[eq]\nband = [1]\n", 2, 9, "a band is a table"),
        ("[[eq.band]]\n[[eq.band]]\nfreq = 1\n", 3, 1, "unknown key 'freq' in [[eq.band]]"),
        ("[[eq.band]]\ntype = \"comb\"\n", 2, 1, "bell, low_shelf"),
        ("[[eq.band]]\nhz.x = 1\n", 2, 1, "must be a number"),
        ("eq.band = [{hz = 100}, {hz = 1}]\n", 1, 25, "10 to 20000 Hz"),
        ("[output]\nbits = 20\n", 2, 1, "16, 24, 32f"),
        ("[output]\nbits = 1979-05-27\n", 2, 1, "a date"),
        ("schema = 2\n", 1, 1, "schema must be 1"),
        ("schema = \"1\"\n", 1, 1, "schema must be 1"),
        ("id = \"../x\"\n", 1, 1, "lower-case letters"),
        ("name = \"a\\u001b[31m\"\n", 1, 1, "control or invisible"),
        ("name = 5\n", 1, 1, "put it in quotes"),
        ("tags = [1]\n", 1, 9, "put it in quotes"),
        ("lufs = -14\n", 1, 1, "unknown key 'lufs'"),
        ("[target]\nlufs = -14\nlufs = -14\n", 3, 1, "not valid TOML"),
        ("a = \u{0}\n", 1, 5, "NUL"),
        ("schema = 1\nname = \"a\\u0000b\"\n", 2, 10, "NUL"), ("name = \"\\U00000000\"\n", 1, 9, "NUL"),
    ])
    func whatIsWrongIsNamedWithLineColumnAndRemedy(text: String, line: Int, column: Int, says: String) throws {
        let error = try #require(refusal(text))
        #expect(error.message.contains(says), "\(error.message)")
        #expect(error.line == line)
        // The TOML parser counts columns its own way for what it refuses itself.
        if !says.hasPrefix("not valid") { #expect(error.column == column) }
        #expect(error.message.hasPrefix("my.toml:\(line):"))
        #expect(error.exitCode == 65)
        #expect(!error.message.contains("\n"))
    }

    @Test func theFirstMistakeInTheTextIsTheOneReported() throws {
        let error = try #require(refusal("[stereo]\nwidth = 1\n[target]\nlufs = 9\n[compressor]\nzzz = 1\n"))
        #expect(error.line == 2)
    }

    @Test func eightBandsAreReadAndNineRefused() throws {
        let bands = String(repeating: "[[eq.band]]\n", count: 8)
        #expect(try Preset.parse(toml: bands, file: "f").eq.allSatisfy { $0.on })
        let error = try #require(refusal(bands + "[[eq.band]]\n"))
        #expect(error.message.contains("more than 8 bands"))
        #expect(error.line == 9)
    }

    @Test func hugeAndDeepFilesAreRefusedBeforeTheyAreParsed() throws {
        #expect(try #require(refusal(String(repeating: "#", count: 64 * 1024 + 1))).message.contains("64 KiB"))
        #expect(refusal("schema = 1\n" + String(repeating: "#", count: 64 * 1024 - 11)) == nil)
        let deep = Array(repeating: "a", count: 30_000).joined(separator: ".") + " = 1"
        #expect(try #require(refusal(deep)).message.contains("nesting"))
    }

    @Test func anErrorNeverCarriesControlCharactersToTheTerminal() throws {
        let error = try #require(refusal("\"\\u001b[2J\\u202e\" = 1\n", file: "a\u{7}\u{1b}b.toml"))
        #expect(error.message.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E })
        #expect(error.message.contains("\\u{1B}"))
    }

    @Test func canonicalTextReadsBackAsTheSamePresetWithTheSameHash() throws {
        var preset = Preset()
        preset.id = "round-trip"
        preset.name = "Quote \" and \\ slash"
        preset.tags = ["x"]
        for (n, row) in Preset.parameters.enumerated() { preset.step(row.key, by: n % 5 - 2, fine: n % 2 == 0) }
        let again = try Preset.parse(toml: preset.toml(), file: "other.toml")
        #expect(again == preset)
        #expect(again.hash == preset.hash)
        #expect(again.toml() == preset.toml())
        preset.step("target.lufs", by: 1)
        #expect(again.hash != preset.hash)
    }

    /// Expected digest from `sha256sum` over the canonical text.
    @Test func theHashIsTheSHA256OfTheCanonicalText() throws {
        let preset = Preset()
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("lathe-preset-\(UUID().uuidString).toml")
        try Data(preset.toml().utf8).write(to: file)
        defer { unlink(file.path) }
        // `e`: no process that another test starts keeps the pipe open.
        let output = try #require(popen("sha256sum '\(file.path)'", "re"))
        defer { pclose(output) }
        var line = [CChar](repeating: 0, count: 65)
        _ = try #require(fgets(&line, 65, output))
        let digest = String(decoding: line.prefix(64).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        #expect(preset.hash == digest)
    }
}
