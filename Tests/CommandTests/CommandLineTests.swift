import Foundation
import Testing

@Suite struct CommandLineTests {
    @Test(arguments: [
        ["master"], ["master", "x.wav", "--weights", "2,1"], ["presets", "morph", "rock", "club", "--amount", "150"],
        ["master", "x.wav", "--bits", "20"], ["master", "x.wav", "--format", "exe"],
        ["master", "x.wav", "--set", "nonsense"], ["master", "x.wav", "--set", "compressor.ratio=99"], ["master", "x.wav", "--jobs", "0"],
        ["master", "x.wav", "--progress", "loud"], ["analyze"], ["analyze", "--bogus"], ["generate", "a song", "--bars", "0"], ["serve", "--port", "80000"],
        ["ledger", "erase"], ["ledger", "show"], ["presets", "show"], ["preview"], ["preview", "x.wav", "--sink", "tape"],
        ["--bogus"],
    ])
    func wrongUsageIsOneLineAnd64(arguments: [String]) throws {
        let outcome = try Workspace().start(arguments).outcome()
        #expect(outcome.status == 64, "\(arguments)")
        #expect(outcome.out.isEmpty)
        expectOneLine(outcome.err, "lathe: ")
    }

    /// What was wrong and what would be right is in the one line.
    @Test(arguments: [
        (["master", "x.wav", "--format", "xyz"], "wav, flac, aiff, caf, ogg, opus, mp3"), (["master", "x.wav", "--bits", "12"], "'16', '24' or '32f'"),
        (["master", "x.wav", "--jobs", "-3"], "--jobs takes 1 to 64"), (["preview", "x.wav", "--seconds", "-1"], "--seconds takes a number above 0"),
        (["preview", "x.wav", "--start", "-1"], "--start takes a number of seconds, 0 or more"), (["bench", "--runs", "-1"], "--runs takes 1 to 99"),
        (["bench", "--seconds", "-1"], "--seconds takes 1 to 600"),
        (["master", "x.wav", "-o", ""], "-o: the value after it is empty"), (["master", "x.wav", "--preset", ""], "--preset: the value after it is empty"),
        (["master", "x.wav", "--preset="], "--preset: the value after it is empty"), (["analyze", ""], "an argument is empty"), ([""], "an argument is empty"),
    ] as [([String], String)])
    func wrongValuesAreNamedWithTheRightOnes(arguments: [String], words: String) throws {
        let outcome = try Workspace().start(arguments).outcome()
        #expect(outcome.status == 64, "\(arguments)")
        expectOneLine(outcome.err, "lathe: ", words)
    }

    @Test func aNamedDeviceThatIsNotThereIsReplacedByAClock_unlessALSAWasAskedFor() throws {
        let place = try Workspace()
        try place.write("tone.wav", WAV.tone(dBFS: -20, seconds: 0.2))
        let outcome = try place.run("preview", "tone.wav", "--device", "nosuch", "--json")
        #expect(outcome.status == 0, "\(outcome.err)")
        #expect(try outcome.object["sound"] as? Bool == false)
        #expect((try outcome.object["sink"] as? String)?.isEmpty == false)
        let strict = try place.run("preview", "tone.wav", "--sink", "alsa", "--device", "nosuch")
        #expect(strict.status == 74)
        expectOneLine(strict.err, "nosuch")
    }

    @Test func helpNamesEveryCommandThatWorksAndNoOther() throws {
        let help = try Workspace().run("--help")
        #expect(help.status == 0 && help.err.isEmpty)
        for command in ["master", "analyze", "generate", "preview", "ledger", "presets", "themes", "tiers", "queue", "serve", "stats", "keys", "doctor", "bench"] { #expect(help.out.contains("\n  " + command + " "), "\(command)") }
        // The engine's own process is started by those who need it.
        #expect(!help.out.contains("\n  engine "))
        let version = try Workspace().run("--version")
        #expect(version.status == 0 && version.out.split(separator: ".").count == 3)
    }

    @Test func presetsAreListedShownAndChecked() throws {
        let place = try Workspace()
        let ids = try place.run("presets", "list", "--json").array.compactMap { $0["id"] as? String }
        #expect(ids.first == "streaming" && ids.contains("classical"))
        // What `show` prints is a preset file of the same meaning.
        let shown = try place.run("presets", "show", "speech")
        try place.write("copy.toml", Array(shown.out.utf8))
        let checked = try place.run("presets", "check", "copy.toml", "--json").object
        #expect(checked["hash"] as? String == (try place.run("presets", "show", "speech", "--json").object["hash"] as? String))
        try place.write("bad.toml", Array("schema = 1\n[limiter]\nceiling = -1\n".utf8))
        let refused = try place.run("presets", "check", "bad.toml")
        #expect(refused.status == 65)
        expectOneLine(refused.err, "bad.toml:3:1", "ceiling")
        #expect(try place.run("presets", "show", "nowhere").status == 66)
    }

    @Test func presetsAreComparedBlendedAndShownBeforeTheyAreTaken() throws {
        let place = try Workspace()
        let rows = try place.run("presets", "diff", "rock", "club", "--json").array
        #expect(rows.contains { $0["key"] as? String == "target.lufs" && $0["from"] as? Double == -10 && $0["to"] as? Double == -7.5 })
        let between = try place.run("presets", "morph", "rock", "club", "--amount", "50", "--name", "half")
        #expect(between.status == 0 && between.out.contains("lufs = -8.75"))
        try place.write("half.toml", Array(between.out.utf8))
        let shown = try place.run("presets", "import", "half.toml")
        #expect(shown.status == 0 && shown.out.contains("target.lufs") && shown.out.contains("nothing was taken"))
        #expect(try place.run("presets", "show", "half").status == 66)
        #expect(try place.run("presets", "import", "half.toml", "--yes").status == 0)
        #expect(try place.run("presets", "show", "half").status == 0)
        #expect(try place.run("presets", "import", "half.toml", "--yes").status == 64)
        #expect(try place.run("presets", "import", "half.toml", "--yes", "--force").status == 0)

        // One of its own descendants as its ground: refused, and what was there stays.
        try place.write("below.toml", Array("schema = 1\nid = \"below\"\nbased_on = \"half\"\n[target]\nlufs = -9\n".utf8))
        #expect(try place.run("presets", "import", "below.toml", "--yes").status == 0)
        try place.write("half.toml", Array("schema = 1\nid = \"half\"\nbased_on = \"below\"\n".utf8))
        let circle = try place.run("presets", "import", "half.toml", "--yes", "--force")
        #expect(circle.status == 65)
        expectOneLine(circle.err, "circle", "factory preset")
        for id in ["half", "below"] { #expect(try place.run("presets", "show", id).status == 0, "\(id) cannot be used any more") }
    }

    @Test func aReferenceIsMatchedAndItsCurveKept() throws {
        let place = try Workspace()
        try place.write("mix.wav", WAV.tone(dBFS: -20, seconds: 6))
        try place.write("record.wav", WAV.tone(dBFS: -12, seconds: 6))
        #expect(try place.run("master", "mix.wav", "--reference", "nowhere.wav").status == 66)
        let result = try place.run("master", "mix.wav", "--reference", "record.wav", "--save-curve", "record", "--json")
        #expect(result.status == 0, "\(result.err)")
        // A stereo sine of 1 kHz at -12 dBFS reads -12 LUFS (EBU Tech 3341, signals 1 and 2).
        #expect(abs(try #require(try result.object["target_lufs"] as? Double) + 12) < 0.1)
        #expect(try place.run("master", "mix.wav", "--force", "--set", "tone.curve=record", "--json").status == 0)
        #expect(try place.run("master", "mix.wav", "-o", "z.wav", "--reference", "record.wav", "--save-curve", "record").status == 64)
        #expect(!place.exists("z.wav"))
        #expect(try place.run("master", "mix.wav", "--preset", "reference", "-o", "x.wav").status == 64)
        #expect(try place.run("master", "mix.wav", "--preset", "reference", "--set", "tone.curve=record", "-o", "y.wav").status == 0)
        #expect(try place.openRows().isEmpty)
    }

    /// What a command reads it does not replace, whatever it is read for.
    @Test func noFileThatIsReadIsOverwritten() throws {
        let place = try Workspace()
        let record = WAV.tone(dBFS: -12, seconds: 6)
        try place.write("mix.wav", WAV.tone(dBFS: -20, seconds: 6))
        try place.write("record.wav", record)
        let own = Array(try place.run("presets", "show", "speech").out.utf8)
        try place.write("own.toml", own)
        for arguments in [["--reference", "record.wav", "-o", "record.wav"], ["--preset", "own.toml", "-o", "own.toml", "--format", "wav"]] {
            let refused = try place.start(["master", "mix.wav", "--force"] + arguments).outcome()
            #expect(refused.status == 73, "\(arguments)")
            expectOneLine(refused.err, "never overwritten")
        }
        #expect(try place.bytes("record.wav") == record)
        #expect(try place.bytes("own.toml") == own)
    }

    @Test func keysAreListedWithTheOwnOnesAndChecked() throws {
        let place = try Workspace()
        func play() throws -> [String]? { try place.run("keys", "list", "--json").array.first { $0["id"] as? String == "transport.play" }?["keys"] as? [String] }
        #expect(try play() == ["Space"])
        try place.write("keys.toml", Array("schema = 1\n[keys]\n\"transport.play\" = \"F\"\n".utf8))
        #expect(try place.run("keys", "check", "keys.toml").status == 0)
        try place.configure("keys.toml", "schema = 1\n[keys]\n\"transport.play\" = \"F\"\n")
        #expect(try play() == ["F"])
        try place.write("bad.toml", Array("schema = 1\n[keys]\n\"transport.play\" = \"x\"\n".utf8))
        let refused = try place.run("keys", "check", "bad.toml")
        #expect(refused.status == 65)
        expectOneLine(refused.err, "bad.toml:3:1", "transport.voice")
        #expect(try place.run("keys", "check", "nowhere.toml").status == 66)
    }

    @Test func themesAreListedAndChecked() throws {
        let place = try Workspace()
        #expect(try place.run("themes", "list", "--json").array.count >= 4)
        try place.write("bad.toml", Array("nonsense = true\n".utf8))
        let refused = try place.run("themes", "check", "bad.toml")
        #expect(refused.status == 65)
        expectOneLine(refused.err, "bad.toml")
    }

    @Test func theDoctorSaysWhatWorksAndWhyNot() throws {
        let report = try Workspace().run("doctor", "--json")
        #expect(report.status == 0, "\(report.err)")
        let checks = try #require(try report.object["checks"] as? [[String: Any]])
        for name in ["terminal", "sound", "formats", "ledger", "presets", "memory"] {
            let check = try #require(checks.first { $0["name"] as? String == name }, "\(name)")
            #expect(["works", "limited", "missing"].contains(check["state"] as? String))
            #expect((check["detail"] as? String)?.isEmpty == false)
            if check["state"] as? String != "works" { #expect((check["remedy"] as? String)?.isEmpty == false, "\(name)") }
        }
    }

    @Test func theLedgerIsEmptyAtFirstAndUnknownItemsAreNamed() throws {
        let place = try Workspace()
        #expect(try place.run("ledger", "list", "--json").array.isEmpty)
        for verb in ["show", "why", "destroy"] {
            let outcome = try place.run("ledger", verb, "0000000000000000")
            #expect(outcome.status == 66, "\(verb)")
            expectOneLine(outcome.err, "0000000000000000")
        }
        #expect(try place.run("ledger", "erase", "--everything").status == 0)
        #expect(try place.run("ledger", "export", "-o", "export").status == 0)
        #expect(!(try FileManager.default.contentsOfDirectory(atPath: place.path("export"))).isEmpty)
    }

    @Test func previewPlaysToTheNullSinkAndStandardOutput() throws {
        let place = try Workspace()
        try place.write("tone.wav", WAV.tone(dBFS: -20, seconds: 1))
        let silent = try place.run("preview", "tone.wav", "--sink", "null", "--seconds", "0.2")
        #expect(silent.status == 0, "\(silent.err)")
        let missing = try place.run("preview", "nowhere.wav", "--sink", "null")
        #expect(missing.status == 66)
        expectOneLine(missing.err, "nowhere.wav")
        #expect(try place.openRows().isEmpty)
    }

    @Test func aFolderThatIsNotThereIsNoStudio() throws {
        let outcome = try Workspace().run("nowhere/at/all")
        #expect(outcome.status == 66)
        expectOneLine(outcome.err, "nowhere/at/all")
    }

    @Test func withoutATerminalTheStudioSpeaksInLines_andEndsWithItsInput() throws {
        let outcome = try Workspace().run()
        #expect(outcome.status == 0, "\(outcome.err)")
        #expect(outcome.out.contains("\n") && !(outcome.out + outcome.err).contains("\u{1B}"))
    }

    @Test func theBenchMeasuresEverythingAgainstACopyInTheSameRun() throws {
        let place = try Workspace()
        let report = try place.run("bench", "--seconds", "1", "--runs", "1", "--json").object
        let rows = try #require(report["rows"] as? [[String: Any]])
        #expect(rows.map { $0["name"] as? String } == ["copy", "decode WAV", "decode WAV, no wall", "decode FLAC", "decode FLAC, no wall", "analyze", "master"])
        #expect(rows[0]["times_copy"] as? Double == 1)
        for row in rows { #expect(try #require(row["seconds"] as? Double) > 0) }
        #expect(try place.names().isEmpty)
        #expect(try place.openRows().isEmpty)
    }
}

/// The manual page and the completions know what `--help` knows.
@Suite struct ManualTests {
    @Test func everyCommandAndOptionStandsInTheManual() throws {
        let page = try Workspace().run("manual").out
        for command in ["studio", "master", "generate", "analyze", "preview", "ledger", "ledger destroy", "presets", "themes", "keys", "config", "doctor"] {
            #expect(page.contains("\n.SS lathe \(command)\n"), "\(command)")
        }
        for option in ["\\fB\\-\\-preset\\fR", "\\fB\\-\\-sink\\fR", "\\fB\\-\\-stems\\fR", "\\fB\\-\\-lines\\fR"] { #expect(page.contains(option), "\(option)") }
        // A line that begins with a dot is a request: only those of man(7) that we use.
        let requests = Set(page.split(separator: "\n").filter { $0.hasPrefix(".") }.map { $0.prefix { $0 != " " } })
        #expect(requests.isSubset(of: [".TH", ".SH", ".SS", ".TP", ".PP", ".br", ".B", ".I"]), "\(requests)")
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionsAreMade(_ shell: String) throws {
        let script = try Workspace().run("--generate-completion-script", shell)
        #expect(script.status == 0 && script.out.contains("preview") && script.out.contains("sink"))
    }

    @Test func theConfigurationIsWrittenOnceAndChecked() throws {
        let place = try Workspace()
        let none = try place.run("config", "check")
        #expect(none.status == 0 && none.out.contains("is not there, and need not be"), "\(none)")
        #expect(try place.run("config", "check", "missing.toml").status == 66)
        #expect(try place.run("config", "write").status == 0)
        #expect(try place.run("config", "check").out.contains("can be used"))
        let again = try place.run("config", "write")
        #expect(again.status == 73 && again.err.contains("exists already"))
    }
}
