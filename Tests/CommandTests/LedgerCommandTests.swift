import Foundation
import TestSupport
import Testing

/// What a command keeps for a while, seen and ended from another one.
@Suite struct LedgerCommandTests {
    @Test func whereNoLedgerCanBeWritten_analysisWarnsAndWorks_andAMasterIsRefused() throws {
        let place = try Workspace()
        try place.write("tone.wav", WAV.tone(dBFS: -20, seconds: 1))
        let expected = try place.run("analyze", "tone.wav", "--json").out
        // A file where the folder of the state has to be.
        try FileManager.default.removeItem(atPath: place.home + "/state")
        _ = FileManager.default.createFile(atPath: place.home + "/state", contents: nil)

        let analysis = try place.run("analyze", "tone.wav", "--json")
        #expect(analysis.status == 0 && analysis.out == expected)
        let warning = analysis.err.split(separator: "\n")
        #expect(warning.count == 1 && warning.first?.hasPrefix("lathe: ") == true)
        #expect(analysis.err.contains(place.home + "/state") && analysis.err.contains("in memory only"))

        let master = try place.run("master", "tone.wav")
        #expect(master.status == 74 && master.err.contains("XDG_STATE_HOME"))
        #expect(try place.names() == ["tone.wav"])
    }

    @Test func eraseEverythingEndsAnAnalysisInAnotherProcess() throws {
        let place = try Workspace()
        try place.write("long.wav", WAV.bursts(seconds: 600))
        let running = try place.start(["analyze", "long.wav", "--json", "--progress", "json"], listens: true)
        try #require(!running.process.hear(until: "{").isEmpty)
        let erased = try place.run("ledger", "erase", "--everything", "--json")
        #expect(erased.status == 0, "\(erased.err)")
        #expect(try (erased.object["destroyed"] as? [String])?.count == 2)
        let lines = try running.process.text().split(separator: "\n")
        let outcome = try running.outcome()
        #expect(outcome.status == 75 && outcome.out.isEmpty)
        #expect(lines.last?.contains("destroyed in the privacy ledger") == true)
        #expect(try place.openRows().isEmpty)
    }

    /// Whoever wants to see or to end what is kept is not kept from it by a mistake in a file; whoever would make something is.
    @Test func aMistakeInTheRetentionRulesStopsNoDestruction() throws {
        let place = try Workspace()
        try place.write("tone.wav", WAV.tone(dBFS: -20, seconds: 1))
        try place.write("long.wav", WAV.bursts(seconds: 600))
        let running = try place.start(["analyze", "long.wav", "--json", "--progress", "json"], listens: true)
        try #require(!running.process.hear(until: "{").isEmpty)
        try place.configure("privacy.toml", "[retention]\nresumable = \"forever\"\n")

        for words in [["ledger", "list"], ["ledger", "export", "-o", "export"]] {
            let outcome = try place.start(words).outcome()
            #expect(outcome.status == 0, "\(words): \(outcome.err)")
            #expect(outcome.err.contains("privacy.toml") && outcome.err.contains("default rules"), "\(words): \(outcome.err)")
        }
        let erased = try place.run("ledger", "erase", "--everything", "--json")
        #expect(erased.status == 0, "\(erased.err)")
        #expect(try (erased.object["destroyed"] as? [String])?.isEmpty == false)
        _ = try running.outcome()

        let master = try place.run("master", "tone.wav")
        #expect(master.status == 65 && master.err.contains("privacy.toml"), "\(master.err)")
        #expect(!place.exists("tone-master.wav"))
        let doctor = try place.run("doctor")
        #expect(doctor.out.contains("privacy.toml"), "\(doctor.out)")
    }
}
