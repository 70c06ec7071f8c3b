@testable import Composition
import Testing

/// Briefs as files: what is written makes the same score again.
struct BriefTests {
    static let prompts = [
        "house, A minor, 124.5 bpm, one minute", "a waltz for piano in C major, no drums, 24 bars", "12/8 blues in C minor, 58 bpm", "chords Am F C G, acoustic pop, 96 bpm, drop at 0:30",
        "nur Streicher, traurig, cis-Moll, 90 Sekunden", "trap, half-time feel, 140, B minor, long intro", "8-bar synthwave loop, E minor, no melody", "jazz in D harmonic minor, swing, 16 bars",
        "rock Am F C G 8 bars", "techno, kick and bass only, no snare", "rock: intro 4 bars, verse 8 bars, chorus 8 bars", "not slow house, not sad, no hi-hat", "jig in 6/8 at quarter = 90",
    ]

    @Test(arguments: prompts)
    func whatIsWrittenMakesTheSameScore(_ prompt: String) throws {
        var brief = Shipped.brief(prompt, seed: 41)
        brief.variations = [Variation(part: "bass", section: 1, seed: 9), Variation(part: nil, section: 0, seed: 12)]
        let text = try BriefText.parse(toml: brief.toml, file: "b.toml", genres: Shipped.genres)
        var again = Brief(text.wish, genres: Shipped.genres, seed: try #require(text.seed))
        again.variations = text.variations
        #expect(again == brief)
        #expect(again.toml == brief.toml)
        #expect(Composer.compose(again) == Composer.compose(brief))
    }

    @Test func whatIsLeftOutIsDecidedByGenreAndSeed() throws {
        let text = try BriefText.parse(toml: "genre = \"house\"\nbpm = 122", file: "b", genres: Shipped.genres)
        let (a, b) = (Brief(text.wish, genres: Shipped.genres, seed: 1), Brief(text.wish, genres: Shipped.genres, seed: 6))
        #expect(a.bpm == 122 && b.bpm == 122 && a.genre.id == "house" && text.seed == nil)
        #expect(Set((1...20).map { Brief(text.wish, genres: Shipped.genres, seed: $0).key }).count > 4)
    }

    @Test(arguments: [
        ("bpm = 9000", "bpm"), ("bpm = \"fast\"", "bpm"), ("key = \"H flat\"", "key"), ("meter = \"4 quarters\"", "meter"), ("genre = \"polka-core\"", "genre"),
        ("instruments = [\"vuvuzela\"]", "instruments"), ("bars = 4\nseconds = 9", "seconds"), ("chords = \"Am Xyz\"", "chords"), ("tempo = 90", "tempo"), ("half_time = \"maybe\"", "half_time"),
        ("sounds = \"orchestra\"", "sounds"), ("[[vary]]\npart = \"bass\"", "vary"), ("mood = [\"purple\"]", "mood"), ("bars = -3", "bars"), ("density = 3", "density"), ("kit = [\"gong\"]", "kit"), ("form = \"intro\"", "form"), ("ending = \"loud\"", "ending"), ("= broken", "b:1"),
    ])
    func aMistakeNamesItsKey(_ toml: String, _ key: String) {
        do {
            _ = try BriefText.parse(toml: toml, file: "b", genres: Shipped.genres)
            Issue.record("\(toml) was taken")
        } catch { #expect(error.message.contains(key), "\(error.message)") }
    }

    @Test func hostileFilesAreRefused() {
        for toml in [String(repeating: "[", count: 5000), String(repeating: "a.", count: 5000) + "b = 1", "genre = \"" + String(repeating: "x", count: 70_000) + "\"", "\u{1b}[2J = 1"] {
            do {
                _ = try BriefText.parse(toml: toml, file: "b", genres: Shipped.genres)
                Issue.record("taken")
            } catch { #expect(!error.message.contains("\u{1b}")) }
        }
    }

    @Test func aChartHasACellForEveryBeatAndTheChordsInOrder() {
        let score = Shipped.score("Indie rock, chords Em - C - G - D, 118 bpm, 12 bars")
        let chart = ChordChart.text(score)
        let lines = chart.split(separator: "\n").filter { $0.hasPrefix("|") }
        let cells = lines.flatMap { $0.split(whereSeparator: { " |:".contains($0) }).filter { $0 != "." || true } }
        let chords = cells.filter { $0 != "." }
        #expect(chords.prefix(8) == ["Em", "C", "G", "D", "Em", "C", "G", "D"])
        // Twelve bars of four beats, and the full stop of the last bar.
        #expect(cells.count == 12 * 4 + 1)
        #expect(chart.contains("{key: Em}") && chart.contains("{tempo: 118}") && chart.contains("{time: 4/4}"))
        #expect(chart.components(of: "{start_of_grid") == chart.components(of: "{end_of_grid}") && chart.components(of: "{end_of_grid}") == score.sections.count)
    }

    // MARK: Pictures

    /// A frame of one colour, or with a second one in every other column.
    private func frame(_ a: (UInt8, UInt8, UInt8), _ b: (UInt8, UInt8, UInt8)? = nil) -> [UInt8] {
        (0..<27).flatMap { _ in (0..<48).flatMap { x in
            let c = x % 2 == 0 ? a : b ?? a
            return [c.0, c.1, c.2]
        } }
    }

    private func features(_ frames: [[UInt8]], isClip: Bool = false) -> PictureFeatures {
        var meter = PictureMeter(columns: 48, rows: 27, rate: 10)
        for frame in frames { frame.withUnsafeBytes { meter.add($0) } }
        return meter.features(isClip: isClip)
    }

    @Test func featuresAreWhatTheyAreCalled() {
        let grey = features([frame((128, 128, 128))]), stripes = features([frame((0, 0, 0), (255, 255, 255))]), red = features([frame((255, 0, 0))]), blue = features([frame((0, 0, 255))])
        #expect(abs(grey.brightness - 128.0 / 255) < 1e-6 && grey.contrast < 1e-6 && grey.saturation == 0 && grey.edges < 1e-6 && grey.palette == ["#808080"])
        // Half of all neighbours, those side by side, differ by the whole range; every pixel stands half the range from the mean.
        #expect(stripes.contrast > 0.99 && abs(stripes.edges - 47.0 / 96) < 0.01)
        #expect(red.warmth == 1 && blue.warmth == -1 && red.saturation == 1)
        // BT.709: red weighs 0.2126, blue 0.0722.
        #expect(abs(red.brightness - 0.2126) < 1e-6 && abs(blue.brightness - 0.0722) < 1e-6)
        #expect(grey.clip == nil)
    }

    @Test func cutsAreCounted_stillShotsDoNotMove() {
        let shot = { (c: (UInt8, UInt8, UInt8)) in Array(repeating: self.frame(c), count: 10) }
        let clip = features(shot((200, 30, 30)) + shot((20, 20, 90)) + shot((240, 240, 240)) + shot((10, 60, 10)), isClip: true).clip
        #expect(clip?.seconds == 4 && clip?.cuts == [1, 2, 3] && clip?.motion == 0 && clip?.shotSeconds == 1 && clip?.cutsPerMinute == 45)
    }

    @Test func lightAndWarmIsMajor_darkAndBlueIsMinor_andWordsWin() {
        let sun = features([frame((250, 210, 90))]), night = features([frame((10, 15, 60))])
        for (picture, mode) in [(sun, Mode.major), (night, .minor)] {
            var wish = PromptReader.read("pop", genres: Shipped.genres)
            let lines = PictureMapping.apply(picture, to: &wish)
            #expect(Brief(wish, genres: Shipped.genres, seed: 3).key.mode.isMinor == (mode == .minor))
            #expect(lines.contains { $0.to == mode.rawValue })
        }
        var wish = PromptReader.read("pop in C minor, 101 bpm, 20 seconds", genres: Shipped.genres)
        let lines = PictureMapping.apply(sun, to: &wish)
        let brief = Brief(wish, genres: Shipped.genres, seed: 3)
        #expect(brief.key.name == "C minor" && brief.bpm == 101 && brief.seconds == 20)
        #expect(lines.contains { $0.to.contains("the prompt says otherwise") })
    }

    @Test func aClipGivesItsLengthAndHasItsCutsOnTheBeat() {
        let shot = { (c: (UInt8, UInt8, UInt8)) in Array(repeating: self.frame(c), count: 13) }
        let clip = features(shot((200, 30, 30)) + shot((20, 20, 90)) + shot((240, 240, 240)) + shot((10, 60, 10)), isClip: true)
        var wish = PromptReader.read("rock", genres: Shipped.genres)
        _ = PictureMapping.apply(clip, to: &wish)
        let brief = Brief(wish, genres: Shipped.genres, seed: 3)
        #expect(brief.seconds == 5.2)
        let beats = 1.3 * brief.bpm / 60
        #expect(abs(beats - beats.rounded()) < 0.001, "\(brief.bpm)")
    }
}

extension String {
    fileprivate func components(of text: String) -> Int { ranges(of: text).count }

    /// A place that the form cannot give, and a piece that nobody may play, are found when the form and the players are known.
    @Test func whatTheFormCannotGiveIsSaid() {
        func settled(_ prompt: String) -> Reading {
            let wish = PromptReader.read(prompt, genres: Shipped.genres)
            var reading = wish.reading
            Brief(wish, genres: Shipped.genres, seed: 5).settle(&reading)
            return reading
        }
        let late = settled("house, 1 minute, drop at 5:00")
        #expect(late.ignored.contains { $0.text == "drop at 5:00" } && !late.understood.contains { $0.text.contains("5:00") })
        #expect(settled("house, 2 minutes, drop at 0:45").ignored.isEmpty)
        #expect(settled("house, no drums, no bass, no chords, no melody").ignored.contains { $0.why.contains("nobody would be left") })
        let long = settled("2000 bars of house at 30 bpm")
        #expect(long.ignored.contains { $0.text == "2000 bars" && $0.why.contains("450") } && !long.understood.contains { $0.text == "2000 bars" })
        #expect(!settled("no drums, no bass").ignored.contains { $0.why.contains("nobody") })
    }
}
