@testable import Composition
import Testing

/// Chords, forms, lengths and tempi as they are written.
struct PromptPlanTests {
    func wish(_ prompt: String) -> Wish { PromptReader.read(prompt, genres: Shipped.genres) }
    func symbols(_ prompt: String, seed: UInt64 = 5) -> [String] { Shipped.score(prompt, seed: seed).chords.map(\.chord.symbol) }

    @Test(arguments: [
        ("rock Am F C G 4 bars", ["Am", "F", "C", "G"]), ("pop vi IV I V in C, 4 bars", ["Am", "F", "C", "G"]), ("chords C G Am F, 3 bars", ["C", "G", "Am"]), ("chords F G Am Em, 4 bars, key of A minor", ["F", "G", "Am", "Em"]),
        ("rock Am F C G 8 bars", ["Am", "F", "C", "G", "Am", "F", "C", "G"]), ("chords C:2 G:2, 4 bars, pop", ["C", "C", "G", "G"]),
    ])
    func chordsFillTheBarsThatWereAskedFor(_ prompt: String, _ symbols: [String]) {
        for seed in UInt64(1)...3 { #expect(self.symbols(prompt, seed: seed) == symbols, "\(prompt)") }
    }

    @Test func aFreeLengthEndsOnTheTonic_onceAllChordsWereHeard() {
        let free = symbols("rock Am F C G")
        #expect(free.prefix(4) == ["Am", "F", "C", "G"] && free.last == "Am")
        #expect(symbols("rock Am F C G, 8 seconds, 120 bpm") == ["Am", "F", "C", "G"])
        var wish = wish("Am F C G, 4 bars")
        wish.key = Key(name: "Eb major")
        #expect(Composer.compose(Brief(wish, genres: Shipped.genres, seed: 5)).chords.map(\.chord.symbol) == ["Am", "F", "C", "G"])
    }

    /// A tune's last note belongs to the chord that it ends on.
    @Test func theLastNoteIsInTheLastChord() throws {
        for seed in UInt64(1)...6 {
            let score = Shipped.score("pop, chords Am F C G, 16 bars, flute melody", seed: seed)
            let last = try #require(score.chords.last)
            for track in score.tracks where track.part.role == .lead {
                for note in track.notes where note.start >= score.ringStart { #expect(last.chord.contains(note.pitch), "\(note.pitch) in \(last.chord.symbol)") }
            }
        }
    }

    @Test(arguments: [
        ("chords Cmaj7 C6/9 G7", ["Cmaj7", "C69", "G7"]), ("chords Dm7 G7alt Cmaj7", ["Dm7", "G7alt", "Cmaj7"]), ("chords Am(add9) F C G", ["Amadd9", "F", "C", "G"]), ("chords C Xyz9 F Hm7 G", ["C", "F", "Bm7", "G"]),
        ("chords Bø E7 Am", ["Bm7b5", "E7", "Am"]), ("chords C° G Am", ["Cdim", "G", "Am"]), ("chords Dm7 G7b9b13 C", ["Dm7", "G7b9", "C"]), ("chords C:2 G:2", ["C", "C", "G", "G"]), ("chords CΔ F C", ["Cmaj7", "F", "C"]),
        ("chords D/F# G A", ["D/F#", "G", "A"]),
    ])
    func oneChordDoesNotTakeTheOthersWithIt(_ prompt: String, _ symbols: [String]) {
        #expect(wish(prompt).chords.map(\.symbol) == symbols, "\(wish(prompt).chords.map(\.symbol))")
    }

    @Test func whatIsPlayedForAChordIsSaid() {
        #expect(wish("chords C Xyz9 F G").reading.ignored.contains { $0.text == "Xyz9" && $0.why.contains("no chord") })
        #expect(wish("chords Dm7 G7b9b13 C").reading.ignored.contains { $0.text == "G7b9b13" && $0.why.contains("G7b9") })
        #expect(wish("chords C#m7b5 H9b3 X").chords.map(\.symbol) == ["C#m7b5"])
        #expect(wish("chords C#m7b5 X").chords.isEmpty && !wish("chords C#m7b5 X").reading.ignored.contains { $0.text == "C#m7b5" && $0.why.contains("no chord") })
    }

    @Test func aPlaceInThePieceIsNoLength() {
        for prompt in ["drums come in at bar 9, 16 bars", "key change at bar 9, 16 bars", "16 bars, Schlagzeug ab Takt 9", "16 mesures, batterie à la mesure 9", "from bar 9 to 12 louder, 16 bars", "a new chord every 2 bars, 16 bars", "16-bar 120 bpm loop"] {
            #expect(wish(prompt).bars == 16, "\(prompt): \(wish(prompt).bars ?? 0)")
        }
        #expect(wish("drums come in at bar 9, 16 bars").reading.ignored.contains { $0.text.contains("bar 9") })
        #expect(wish("bars: 24").bars == 24 && wish("rock with a guitar solo, 16 bars").bars == 16)
    }

    @Test func aDropIsPlacedByItsBar() {
        for prompt in ["house, 32 bars, drop at bar 17", "house, 32 bars, drop after 16 bars"] {
            let brief = Shipped.brief(prompt)
            let fullest = Form.sections(brief).max { ($0.energy, -$0.bar) < ($1.energy, -$1.bar) }
            #expect(brief.bars == 32 && fullest?.bar == 16, "\(prompt)")
        }
        // None comes before it.
        for seed in UInt64(1)...8 {
            let brief = Shipped.brief("house, 124 bpm, 2 minutes, drop at 0:45", seed: seed)
            let sections = Form.sections(brief)
            let most = sections.map(\.energy).max() ?? 0
            for section in sections where Double(section.bar) * brief.secondsPerBar < 44 { #expect(section.name != "drop" && section.energy <= most - 0.25, "\(section)") }
        }
        // Where a bar does not begin there, the nearest is told.
        let wish = wish("house, 124 bpm, 2 minutes, drop at 1:00")
        var reading = wish.reading
        let brief = Brief(wish, genres: Shipped.genres, seed: 1)
        brief.settle(&reading)
        let begins = Double(Form.sections(brief).max { ($0.energy, -$0.bar) < ($1.energy, -$1.bar) }?.bar ?? 0) * brief.secondsPerBar
        #expect(reading.understood.contains { $0.text == "drop at 1:00" && $0.as.contains("\((begins * 10).rounded() / 10) s") }, "\(reading.understood)")
    }

    @Test func aFormIsLaidOutAsItIsWritten() {
        for prompt in ["rock: intro 4 bars, verse 8 bars, chorus 8 bars, outro 4 bars", "rock, 4 bar intro, 8 bar verse, 8 bar chorus, 4 bar outro", "Rock, Intro 4 Takte, Strophe 8 Takte, Refrain 8 Takte, Outro 4 Takte"] {
            let score = Shipped.score(prompt)
            #expect(score.brief.bars == 24 && score.sections.map(\.name) == ["intro", "verse", "chorus", "outro"] && score.sections.map(\.bars) == [4, 8, 8, 4], "\(prompt): \(score.sections.map { "\($0.name) \($0.bars)" })")
        }
        let one = Shipped.score("pop, 8 bar intro, 32 bars")
        #expect(one.brief.bars == 32 && one.sections.first?.bars == 8)
        // A length of its own counts, and that is said.
        let wish = wish("intro 4 bars, verse 8 bars, 24 bars")
        var reading = wish.reading
        let brief = Brief(wish, genres: Shipped.genres, seed: 1)
        brief.settle(&reading)
        #expect(brief.bars == 24 && Form.sections(brief).map(\.bars) == [8, 16] && reading.ignored.contains { $0.why.contains("12 bars") })
    }

    @Test(arguments: [("2m15s", 135.0), ("2min15", 135), ("1h", 3600), ("1h30m", nil), ("trois minutes trente", 210), ("zwei Minuten dreißig", 150), ("two minutes and thirty", 150), ("3'30 long", 210), ("dos minutos treinta", 150), ("2 minutes, 90 bpm", 120), ("四十秒", 40)])
    func aLengthIsReadWhole(_ text: String, _ seconds: Double?) {
        #expect(wish("ambient, " + text).seconds == seconds, "\(wish("ambient, " + text).seconds ?? 0)")
    }

    @Test(arguments: [
        ("jig in 6/8 at quarter = 90", 60.0), ("6/8, dotted quarter = 60", 60), ("waltz in 3/4, 60 to the dotted half", 180), ("6/8, \u{2669} = 90", 60), ("6/8, \u{2669}. = 70", 70), ("Walzer, Viertel = 120", 120), ("6/8, 180 to the eighth", 60),
        ("valse, 160 à la noire", 160), ("4/4, half note = 60", 120), ("6/8, 90 à la noire", 60), ("6/8, 110 bpm", 110), ("slow blues, zwölf Achtel, punktierte Viertel = 62", 62), ("lullaby, dotted quarter = 50", 50),
    ])
    func aTempoCountsTheNoteThatIsNamed(_ prompt: String, _ felt: Double) {
        #expect(Shipped.brief(prompt).bpm == felt, "\(Shipped.brief(prompt).bpm)")
    }

    @Test(arguments: [("in D klein", "D minor"), ("wals in a klein", "A minor"), ("in Bes groot", "Bb major"), ("in fis klein", "F# minor"), ("in b klein", "B minor"), ("in D groot", "D major")])
    func dutchKeysAreRead(_ prompt: String, _ key: String) {
        #expect(wish(prompt).key?.name == key, "\(wish(prompt).key?.name ?? "none")")
    }

    @Test func aModeAloneIsHeard_andNothingElseIsAlone() {
        for seed in UInt64(1)...6 { #expect(Shipped.brief("phrygian techno", seed: seed).key.mode == .phrygian && Shipped.brief("house in minor", seed: seed).key.mode == .minor) }
        #expect(wish("dorian jazz in E dorian").reading.ignored.isEmpty)
        #expect(wish("solo piano, nothing else").isOnly && wish("solo piano, nothing else").voices.map(\.name) == ["piano"] && !wish("house, nothing else").isOnly)
        #expect(wish("nothing but drums").isOnly)
    }

    @Test func twoTempoWordsContradict() {
        let both = wish("adagio, presto")
        #expect(both.paceBPM == 68 && both.reading.ignored.contains { $0.text == "presto" })
        #expect(wish("adagio, 170 bpm").reading.ignored.contains { $0.text == "adagio" } && wish("allegro, 132 bpm").reading.ignored.isEmpty)
        #expect(wish("1 bar").reading.understood.contains { $0.as == "1 bar" })
    }

    /// Phrygian has a minor second above its tonic and Locrian a diminished fifth too; neither has a leading tone.
    @Test(arguments: ["pop", "techno", "jazz", "metal", "folk", "orchestral"], ["E phrygian", "A phrygian", "B locrian"])
    func aModeIsHeardInItsChords(_ genre: String, _ key: String) throws {
        for seed in UInt64(1)...3 {
            let score = Shipped.score("\(genre) in \(key), 24 bars", seed: seed)
            let scale = Set(score.brief.key.scale)
            for span in score.chords { #expect(scale.isSuperset(of: span.chord.triad), "\(span.chord.symbol) in \(key)") }
            let second = (score.brief.key.tonic.pitchClass + 1) % 12
            #expect(score.chords.contains { $0.chord.root.pitchClass == second })
            let last = try #require(score.chords.last).chord
            #expect(last.root.pitchClass == score.brief.key.tonic.pitchClass && scale.isSuperset(of: last.triad), "\(last.symbol)")
        }
    }

    @Test func theCadencesOfMixolydianAndLydianStayInTheMode() {
        for key in ["G mixolydian", "F lydian"] {
            let score = Shipped.score("pop in \(key), 24 bars", seed: 2)
            for span in score.chords { #expect(Set(score.brief.key.scale).isSuperset(of: span.chord.triad), "\(span.chord.symbol) in \(key)") }
        }
    }
}
