import Testing
@testable import Mastering

@Suite struct PlatformTests {
    private func analysis(_ lufs: Double, _ peak: Double) -> Analysis {
        var analysis = Analysis()
        analysis.integratedLUFS = lufs
        analysis.truePeakDBTP = peak
        return analysis
    }

    private func preview(_ id: String, _ lufs: Double, _ peak: Double) throws -> Platform.Preview {
        try #require(PlatformLibrary.load().first { $0.id == id }?.preview(of: analysis(lufs, peak)))
    }

    /// Their own example: −20 LUFS with a true peak of −5 dBFS is lifted to −16 LUFS only
    /// (support.spotify.com/us/artists/article/loudness-normalization).
    @Test func spotifyLiftsAsFarAsPeaksAllow() throws {
        let quiet = try preview("spotify", -20, -5)
        #expect(quiet.playsAt == -16 && quiet.gainDB == 4 && quiet.shortByLU == 2 && quiet.peakDBTP == -1)
        let loud = try preview("spotify", -9, -1.5)
        #expect(loud.gainDB == -5 && loud.playsAt == -14)
        // Louder than −14: stay under −2 dBTP, the same page.
        #expect(!loud.isPeakSafe)
        #expect(try preview("spotify", -14, -1.5).isPeakSafe)
        // Peaks above the room stop a rise and cause no fall.
        #expect(try preview("spotify", -16, -0.2).gainDB == 0)
        // The setting Loud lifts whatever the peaks, into a limiter at −1 dB.
        let limited = try preview("spotify-loud", -20, -5)
        #expect(limited.playsAt == -11 && limited.limitedDB == 5)
    }

    @Test func aServiceThatTurnsDownOnlyLeavesQuietMusicAlone() throws {
        #expect(try preview("youtube", -20, -5).gainDB == 0)
        #expect(try preview("youtube", -10, -1).gainDB == -4)
        #expect(try preview("bandcamp", -7, -1).playsAt == -7)
    }

    @Test func silenceHasNoPreview() throws {
        #expect(try PlatformLibrary.load().allSatisfy { $0.preview(of: Analysis()) == nil })
    }

    @Test func everyRowSaysWhereItComesFromAndWhenItWasLookedAt() throws {
        let platforms = try PlatformLibrary.load()
        #expect(platforms.count >= 7 && Set(platforms.map(\.id)).count == platforms.count)
        for platform in platforms { #expect(!platform.source.isEmpty && (platform.verified != nil) == platform.isFirstHand, "\(platform.id)") }
    }

    @Test(arguments: [
        ("schema = 2", "schema"), ("schema = 1", "platforms"),
        ("schema = 1\n[[platform]]\nid = \"a\"\nname = \"A\"\nturns = \"up\"\nsource = \"x\"\nverified = \"2026-01-01\"", "turns"),
        ("schema = 1\n[[platform]]\nid = \"a\"\nname = \"A\"\nturns = \"down\"\nsource = \"x\"\nverified = \"2026-01-01\"", "target_lufs"),
        ("schema = 1\n[[platform]]\nid = \"a\"\nname = \"A\"\nturns = \"none\"\nsource = \"x\"\nverified = \"today\"", "date"),
        ("schema = 1\n[[platform]]\nid = \"a\"\nlufs = 3", "lufs"),
    ])
    func whatIsWrongInTheListIsNamed(text: String, word: String) {
        #expect {
            _ = try PlatformLibrary.parse(text, file: "platforms.toml")
        } throws: { error in
            (error as? PresetError)?.message.contains(word) == true
        }
    }
}
