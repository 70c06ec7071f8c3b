@testable import Composition
import Testing

/// Expected values are what a musician who reads the sentence would write down.
struct PromptReaderTests {
    func wish(_ prompt: String) -> Wish { PromptReader.read(prompt, genres: Shipped.genres) }

    @Test(arguments: [
        ("The bpm is 82.", 82.0), ("at 132 bpm", 132), ("around 68 bpm", 68), ("tempo ninety", 90), ("one hundred and twelve bpm", 112), ("bpm=122", 122),
        ("trance, 138, pads", 138), ("84 Schläge pro Minute", 84), ("95 pulsaciones por minuto", 95), ("160 à la noire", 160), ("テンポ120", 120), ("165bpm", 165),
        ("half-time feel at 140", 140), ("zweiundneunzig bpm", 92), ("160 beats/min", 160), ("between 118 and 122 bpm", 120), ("120-124 bpm house", 122),
        ("Fm 140 trap", 140), ("808s, 90 bpm, 80s synthpop", 90), ("tempo of 92.5 bpm", 92.5), ("hundertzwanzig Schläge pro Minute", 120), ("zweihundertzehn bpm", 210), ("BPM160、32小節", 160), ("dotted quarter = 50", 50),
    ])
    func aTempoIsReadInNumbersAndWords(_ prompt: String, _ bpm: Double) {
        #expect(wish(prompt).bpm == bpm)
    }

    /// Each is read whole: nothing in it is left over.
    @Test(arguments: [
        ("Медленный вальс в ля миноре, 90 ударов в минуту, фортепиано и скрипка, без барабанов", "ru", 90.0, "A minor", "3/4", ["piano", "violin"], ["drums"]),
        ("Быстрый рок, до-диез минор, темп сто сорок, электрогитара, две минуты", "ru", 140, "C# minor", nil, ["electric guitar"], []),
        ("一首悲伤的钢琴曲，C小调，每分钟70拍，没有鼓", "zh", 70, "C minor", nil, ["piano"], ["drums"]),
        ("爵士乐，降E大调，120 BPM，萨克斯和钢琴，32小节", "zh", 120, "Eb major", nil, ["saxophone", "piano"], []),
        ("Een droevige wals met viool en piano, zonder drums, 84 slagen per minuut, A minor", "nl", 84, "A minor", "3/4", ["violin", "piano"], ["drums"]),
    ])
    func furtherLanguagesAreRead(_ prompt: String, _ language: String, _ bpm: Double, _ key: String, _ meter: String?, _ voices: [String], _ without: [String]) {
        let read = wish(prompt)
        #expect(read.bpm == bpm && read.key?.name == key && read.meter?.name == meter && read.language == language)
        #expect(read.voices.map(\.name) == voices && read.without == without)
        #expect(read.reading.ignored.isEmpty, "\(read.reading.ignored)")
    }

    @Test(arguments: [("127,5 bpm", 127.5), ("Techno, 127.5 bpm, 4 Takte", 127.5), ("1,4,5 at 120 bpm", 120), ("techno - 128 bpm", 128), ("8-bar loop, 120 bpm", 120)])
    func aNumberIsReadWithItsFraction(_ prompt: String, _ bpm: Double) {
        #expect(wish(prompt).bpm == bpm)
    }

    /// What cannot be had is said, under its own words.
    @Test(arguments: [
        ("-120 bpm rock", "-120 bpm", "30 and 300"), ("tempo 1", "1", "30 and 300"), ("tempo 999", "999", "30 and 300"), ("-30 seconds of jazz", "-30 seconds", "1 second"),
        ("two hours of ambient", "two hours", "1 second to an hour"), ("0 bars of house", "0 bars", "1 to 2000"), ("10,000 bars of techno", "10,000 bars", "1 to 2000"),
        ("2.5 bars of pop", "2.5 bars", "whole bars"), ("0/4 time", "0/4", "1 to 32"), ("3/7 time", "3/7", "1 to 32"), ("slow waltz in 4/4", "waltz", "3/4"),
        ("fast slow rock", "slow", "contradicts"), ("chords C#m7b5 H9b3 X", "H9b3", "no chord"),
    ])
    func whatCannotBeHadIsSaid(_ prompt: String, _ text: String, _ why: String) {
        let wish = wish(prompt)
        #expect(wish.reading.ignored.contains { $0.text == text && $0.why.contains(why) }, "\(wish.reading.ignored)")
        #expect(!wish.reading.understood.contains { $0.text == text && $0.as.contains(text) })
    }

    @Test func figuresCountMoreThanTheNameOfADance() {
        #expect(wish("fast slow waltz in 4/4").meter?.name == "4/4")
        #expect(wish("waltz in 6/8").reading.ignored.isEmpty)
        #expect(wish("one hour of ambient").seconds == 3600 && wish("eine halbe Stunde Ambient").seconds == 1800)
    }

    @Test func pictogramsAreWords_andControlSequencesAreNone() {
        let read = wish("\u{1F3B9} and \u{1F3BB}, no \u{1F941}, \u{1F600}")
        #expect(read.voices.map(\.name) == ["piano", "violin"] && read.without == ["drums"] && read.moods.map(\.name) == ["happy"])
        #expect(wish("house \u{1F37A}").reading.ignored.map(\.text) == ["\u{1F37A}"])
        #expect(wish("\u{1B}[31mhouse\u{1B}[0m, 4 bars").genre == "house")
        #expect(PromptReader.isBlank(" \n...!") && !PromptReader.isBlank("\u{1F941}"))
    }

    @Test func chordsAreForbidden_unlessTheyAreNamed() {
        #expect(wish("no drums no bass no chords").withoutHarmony)
        #expect(wish("Techno ohne Akkorde").withoutHarmony)
        #expect(!wish("no drums, chords Am F C G").withoutHarmony)
        #expect(wish("Akkorde Hm G D A").chords.map(\.symbol) == ["Bm", "G", "D", "A"])
        #expect(wish("Akkorde Hm B F").chords.map(\.symbol) == ["Bm", "Bb", "F"])
        #expect(wish("chords Dm11 G7#11 Cmaj13").chords.map(\.symbol) == ["Dm11", "G7#11", "Cmaj13"])
    }

    @Test func onlyWhoIsNamedAlonePlaysAlone() {
        #expect(wish("only singing, 8 bars").isOnly && wish("a piece for solo violin").isOnly && wish("strings only").isOnly)
        #expect(!wish("rock with a guitar solo, drums and bass").isOnly)
    }

    @Test func aLongPromptIsCut_andThatIsSaid_once() {
        let read = wish(String(repeating: "house ", count: 3000)).reading
        #expect(read.understood.count == 1 && read.ignored.contains { $0.why.contains("4000") })
    }

    @Test(arguments: [
        ("in F# minor", "F# minor"), ("The key is Am.", "A minor"), ("key of F", "F major"), ("E flat major", "Eb major"), ("A♭ minor", "Ab minor"), ("h-Moll", "B minor"),
        ("in B-Dur", "Bb major"), ("en sol mayor", "G major"), ("en fa sostenido menor", "F# minor"), ("si bémol majeur", "Bb major"), ("ハ長調", "C major"),
        ("C Dorian", "C dorian"), ("C sharp minor", "C# minor"), ("in F#m, rolling", "F# minor"), ("A min house 120", "A minor"), ("fa# mineur", "F# minor"), ("flute and harp, Bb", "Bb major"), ("do sostenido menor", "C# minor"), ("12-bar blues in A with harp", "A major"), ("fis-Moll", "F# minor"),
    ])
    func aKeyIsReadInEveryLanguage(_ prompt: String, _ key: String) {
        #expect(wish(prompt).key?.name == key)
    }

    @Test func anArticleIsNoKey() {
        #expect(wish("A sad song with a piano").key == nil)
        #expect(wish("The key is Dm. A music box.").reading.ignored.isEmpty)
    }

    @Test(arguments: [
        ("two minutes", 120.0), ("a minute and a half", 90), ("half a minute", 30), ("1:15", 75), ("40 sec", 40), ("1 min 10 s", 70), ("2 min 5s", 125), ("two minutes of 80s synthwave", 120), ("trente secondes", 30), ("un minuto", 60), ("fifty seconds", 50), ("two and a half minutes", 150), ("one and a half minute", 90), ("duration: 75", 75), ("an 80s feel, 45s", 45), ("un minuto e mezzo", 90), ("um minuto e meio", 90), ("mezzo minuto", 30),
        ("drop at 0:45, 1:30 long", 90),
    ])
    func aLengthIsReadInWordsAndClocks(_ prompt: String, _ seconds: Double) {
        #expect(wish("ambient, " + prompt).seconds == seconds)
    }

    @Test func barsWinOverSeconds_andTheBluesFormIsNoLength() {
        let both = wish("house, 16 bars, one minute")
        #expect(both.bars == 16 && both.seconds == nil && !both.reading.ignored.isEmpty)
        let blues = wish("12-bar blues, 24 bars")
        #expect(blues.bars == 24 && blues.isBlues)
        #expect(wish("24 Takte Funk").bars == 24)
    }

    @Test(arguments: [("a waltz", "3/4"), ("in 7/8", "7/8"), ("The beat counts to 3.", "3/4"), ("4分の3拍子", "3/4"), ("Irish jig", "6/8"), ("12/8 slow blues", "12/8"),
                      ("three-four time", "3/4"), ("cut time", "2/2"), ("six-eight time", "6/8"), ("guitare, 3 temps", "3/4"), ("im Dreivierteltakt", "3/4"), ("tres por cuatro", "3/4"), ("sei ottavi", "6/8"), ("siebenachteltakt", "7/8"), ("五拍子", "5/4")])
    func aMetreIsReadFromSignsAndDances(_ prompt: String, _ meter: String) {
        #expect(wish(prompt).meter?.name == meter)
    }

    @Test(arguments: [
        ("The chord sequence is Am, F, C, G.", ["Am", "F", "C", "G"]), ("chords Em - C - G - D", ["Em", "C", "G", "D"]), ("ii-V-I: Cm7 F7 Bbmaj7", ["Cm7", "F7", "Bbmaj7"]),
        ("Andalusian cadence Am G F E", ["Am", "G", "F", "E"]),
    ])
    func chordsAreReadInOrder(_ prompt: String, _ symbols: [String]) {
        #expect(wish(prompt).chords.map(\.symbol) == symbols)
    }

    @Test func whatIsForbiddenIsNotAskedFor() {
        for (prompt, names) in [("ambient pads, no drums, no bass", ["drums", "bass"]), ("Klavier, ohne Schlagzeug", ["drums"]), ("sin batería", ["drums"]),
                                ("nappes, pas de guitare", ["guitar"]), ("琴の曲、ドラムなし", ["drums"]), ("pop sans batterie ni basse", ["drums", "bass"]),
                                ("jazz with everything but drums", ["drums"]), ("house, don't use piano", ["piano"]), ("lofi with drums removed", ["drums"]), ("drum-free lofi", ["drums"]),
                                ("house without the drums", ["drums"]), ("leave out the drums, 120 bpm", ["drums"]), ("skip the bass", ["bass"]),
                                ("pop ohne das Schlagzeug", ["drums"]), ("sans la batterie", ["drums"]), ("sin la batería", ["drums"]), ("senza la batteria", ["drums"]),
                                ("niente batteria", ["drums"]), ("pop without a piano", ["piano"]), ("ohne ein Klavier", ["piano"]),
                                ("jazz without drums, bass, or piano", ["drums", "bass", "piano"]), ("minus the drums or the bass", ["drums", "bass"])] {
            let wish = wish(prompt)
            #expect(wish.without == names, "\(prompt)")
            #expect(!wish.voices.contains { names.contains($0.name) }, "\(prompt)")
        }
        #expect(wish("piano and cello").voices.map(\.name) == ["piano", "cello"])
        #expect(wish("lofi, no drums, piano").voices.map(\.name) == ["piano"] && wish("house with no bass and a piano").voices.map(\.name) == ["piano"])
        #expect(wish("no drums, piano or cello").without == ["drums", "piano", "cello"])
    }

    @Test(arguments: [
        ("an 80s song", "synthwave"), ("a 70s groove", "disco"), ("Drum & bass @ 172", "drum-and-bass"), ("Soulful R&B", "rnb"), ("a sad piano piece", "piano"),
        ("dubstep 140 bpm", "trap"), ("K-pop dance track", "pop"), ("C Am F G loop", "pop"),
    ])
    func aGenreIsFoundWhereItIsOnlyHintedAt(_ prompt: String, _ genre: String) {
        #expect(Brief(wish(prompt), genres: Shipped.genres, seed: 1).genre.id == genre)
    }

    @Test func anAmendmentWinsOverThePrompt() {
        var wish = wish("house, 120 bpm, A minor, piano, no drums, two minutes")
        wish.amend(with: self.wish("90 bpm, with drums, no piano, 16 bars"))
        #expect(wish.bpm == 90 && wish.key?.name == "A minor" && wish.bars == 16 && wish.seconds == nil)
        #expect(wish.voices.map(\.name) == ["drums"] && wish.without == ["piano"] && wish.genre == "house")
    }

    @Test func aContradictionIsReported() {
        #expect(wish("180 bpm and 60 bpm punk").reading.ignored.contains { $0.text.contains("60") })
        #expect(wish("full drum kit, no drums please").reading.ignored.contains { $0.text == "drums" })
        let corrected = wish("Make it C major. Actually no, C minor.")
        #expect(corrected.key?.name == "C minor" && corrected.reading.ignored.contains { $0.text == "C major" })
    }

    @Test func everyWordIsAccountedFor() {
        let reading = wish("A driving techno track at 132 bpm about my grandmother's xylophone").reading
        #expect(reading.understood.contains { $0.text == "xylophone" } && reading.ignored.contains { $0.text.contains("grandmother") })
    }

    @Test func aPromptOfJunkIsReadToItsEnd() {
        for junk in ["", "....", "///", "####", "♯♭", String(repeating: "a b 1/0 ", count: 800), "-1 bpm 9999999999999999999 bars", "0/0 1/3", "\u{202E}abc"] {
            let brief = Brief(wish(junk), genres: Shipped.genres, seed: 1)
            #expect(brief.bars >= 1 && brief.bpm >= 30, "\(junk.prefix(20))")
        }
    }
}
