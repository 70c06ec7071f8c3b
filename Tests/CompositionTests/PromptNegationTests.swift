@testable import Composition
import Testing

/// What a "no" reaches, in every language that is read. Expected values are what the sentence says.
struct PromptNegationTests {
    func wish(_ prompt: String) -> Wish { PromptReader.read(prompt, genres: Shipped.genres) }

    @Test(arguments: [
        ("house w/o drums", ["drums"]), ("jazz, never any drums", ["drums"]), ("Pop, weder Schlagzeug noch Bass", ["drums", "bass"]), ("rock, tudo menos bateria", ["drums"]),
        ("du jazz, tout sauf la batterie", ["drums"]), ("techno, no: drums, bass", ["drums", "bass"]), ("pop senza batteria né basso", ["drums", "bass"]), ("né batteria né basso", ["drums", "bass"]),
        ("ambient without reverb or pads", ["pad"]), ("no drums/bass", ["drums", "bass"]), ("рок без клавишных", ["keys"]), ("ни барабанов, ни баса", ["drums", "bass"]),
        ("tutto tranne la batteria", ["drums"]), ("todo menos batería", ["drums"]), ("alles außer Schlagzeug", ["drums"]), ("geen drums en geen bas", ["drums", "bass"]), ("alles behalve drums", ["drums"]),
        ("pop sin batería ni bajo", ["drums", "bass"]), ("sem bateria nem baixo", ["drums", "bass"]), ("без барабанов и баса", ["drums", "bass"]), ("不要鼓和贝斯", ["drums", "bass"]), ("ドラムとベースなし", ["drums", "bass"]),
        ("no loud drums", ["drums"]), ("no kind of drums", ["drums"]), ("don't add any drums or bass", ["drums", "bass"]), ("I don't want strings", ["strings"]), ("bitte kein Klavier", ["piano"]),
        ("piano instead of guitar", ["guitar"]), ("Klavier statt Gitarre", ["guitar"]), ("no dark pads", ["pad"]), ("senza l'organo", ["organ"]), ("pas d'accordéon", ["accordion"]), ("drums are forbidden", ["drums"]),
        ("without drums, bass and piano", ["drums", "bass", "piano"]), ("jazz without drums, bass and piano", ["drums", "bass", "piano"]), ("no (drums, bass)", ["drums", "bass"]), ("jazz without a drummer", ["drums"]), ("drums off, bass off", ["drums", "bass"]), ("no more drums", ["drums"]), ("no guitar solo, rock", []), ("no wind instruments", ["woodwind", "saxophone", "brass"]), ("funk no horns", ["brass", "saxophone"]), ("no keys", ["keys"]),
    ])
    func whatIsForbiddenIsForbidden(_ prompt: String, _ names: [String]) {
        let wish = wish(prompt)
        #expect(wish.without == names, "\(prompt): \(wish.without)")
        #expect(!wish.voices.contains { voice in names.contains { $0 == voice.name || voice.families.contains($0) } }, "\(prompt): \(wish.voices.map(\.name))")
    }

    @Test(arguments: [
        ("not only drums but also bass", ["drums", "bass"]), ("don't leave out the drums", ["drums"]), ("not without drums", ["drums"]), ("no bass and a piano", ["piano"]), ("lofi, no drums, piano", ["piano"]),
        ("no drums but strings", ["strings"]), ("keine Drums, sondern Klavier", ["piano"]), ("pas de batterie mais un piano", ["piano"]), ("not too much bass", ["bass"]), ("no rush, piano", ["piano"]), ("Pop, weder Schlagzeug noch Bass, Klavier und Streicher", ["piano", "strings"]), ("pop, no quiero batería, piano y flauta", ["piano", "flute"]), ("jazz, without drums, piano and cello", ["piano", "cello"]),
    ])
    func whatIsWantedIsNotForbidden(_ prompt: String, _ names: [String]) {
        #expect(wish(prompt).voices.map(\.name) == names, "\(prompt): \(wish(prompt).voices.map(\.name)), no \(wish(prompt).without)")
    }

    @Test(arguments: [
        ("not techno but house", "house"), ("not jazz, rock", "rock"), ("house, not techno", "house"), ("no swing, jazz", "jazz"), ("kein Techno, sondern House", "house"), ("pas de jazz, du rock", "rock"),
        ("no es rock, es jazz", "jazz"), ("non jazz ma rock", "rock"), ("não é rock, é jazz", "jazz"), ("не рок, а джаз", "jazz"), ("不是爵士乐，而是摇滚", "rock"), ("geen techno maar house", "house"), ("rock instead of jazz", "rock"),
        ("no nonsense techno", "techno"),
    ])
    func aGenreThatIsNotWantedIsNotTaken(_ prompt: String, _ genre: String) {
        #expect(wish(prompt).genre == genre, "\(prompt)")
    }

    @Test func aGenreThatIsExcludedIsNeverDrawn() {
        for prompt in ["not jazz, not rock", "anything but rock", "nicht Jazz", "tout sauf du rock", "not jazz, saxophone, upright bass and piano"] {
            let banned = wish(prompt).not.genres
            #expect(!banned.isEmpty, "\(prompt)")
            for seed in UInt64(1)...5 { #expect(!banned.contains(Shipped.brief(prompt, seed: seed).genre.id), "\(prompt)") }
        }
    }

    @Test func aKeyOrModeThatIsExcludedIsNeverDrawn() {
        for seed in UInt64(1)...40 {
            #expect(Shipped.brief("rock, no C major, not in C minor", seed: seed).key.tonic.name != "C")
            #expect(!Shipped.brief("not in minor, folk", seed: seed).key.mode.isMinor)
            #expect(Shipped.brief("nicht in Dur, Pop", seed: seed).key.mode.isMinor)
            #expect(Shipped.brief("folk, not in 4/4", seed: seed).meter.name != "4/4")
            #expect(abs(Shipped.brief("house, not 124 bpm", seed: seed).bpm - 124) > 3)
        }
        #expect(wish("not in C major but in A minor").key?.name == "A minor")
        #expect(wish("not in minor, folk").reading.understood.contains { $0.as == "not in minor" })
    }

    @Test func aMoodThatIsNotWantedTurnsRound() throws {
        for prompt in ["don't make it slow, house", "nicht zu langsam, House", "pas trop lent, house", "house, not slow"] {
            let read = wish(prompt)
            #expect(read.moods.map(\.name) == ["not slow"], "\(prompt): \(read.moods.map(\.name))")
            for seed in UInt64(1)...10 {
                let brief = Shipped.brief(prompt, seed: seed)
                #expect(brief.bpm >= brief.genre.tempo, "\(prompt)")
            }
        }
        for seed in UInt64(1)...10 { #expect(Shipped.brief("techno, not too fast", seed: seed).bpm <= Shipped.brief("techno").genre.tempo) }
        #expect(!Shipped.brief("pop, not sad").key.mode.isMinor)
        // What is said in both ways is told.
        #expect(wish("sad but not sad").moods.map(\.name) == ["sad"] && wish("sad but not sad").reading.ignored.contains { $0.why.contains("contradicts") })
    }

    @Test func noSwingIsStraight_noIntroIsNone_noLoopIsNone() {
        #expect(wish("no swing, jazz").swing == 0 && wish("without an intro").introWeight == 0 && !wish("not a loop").isLoop && wish("a loop").isLoop)
    }

    // MARK: What plays

    private func keys(_ score: Score) -> Set<Int> { Set(score.tracks.filter(\.isDrums).flatMap { $0.notes.map(\.pitch) }) }

    @Test(arguments: ["techno", "house", "rock", "jazz", "trap", "drum and bass", "funk"])
    func piecesOfTheKitAreLeftOutByName(_ genre: String) {
        for seed in UInt64(1)...3 {
            let whole = keys(Shipped.score(genre + ", 32 bars", seed: seed))
            for (words, gone) in [("no snare", DrumPiece.snare), ("ohne Hi-Hat", .hiHat), ("sans cymbales", .cymbals), ("no kick drum", .kick), ("no toms", .toms)] {
                let score = Shipped.score(genre + ", 32 bars, " + words, seed: seed)
                #expect(keys(score).isDisjoint(with: gone.keys), "\(genre) \(words)")
                #expect(keys(score).isSuperset(of: whole.subtracting(gone.keys)), "\(genre) \(words) lost more than that")
            }
        }
    }

    @Test(arguments: ["techno", "jazz", "ambient", "reggae", "rock"])
    func onlyThePiecesThatAreNamedPlay(_ genre: String) throws {
        for seed in UInt64(1)...3 {
            let kick = Shipped.score(genre + ", 32 bars, only kick", seed: seed)
            #expect(keys(kick) == [36] && kick.tracks.count == 1, "\(genre): \(keys(kick)) \(kick.tracks.map(\.name))")
            let both = Shipped.score(genre + ", 16 bars, kick and bass only", seed: seed)
            #expect(keys(both) == [36] && both.tracks.allSatisfy { $0.isDrums || $0.part.role == .bass }, "\(genre): \(both.tracks.map(\.name))")
            // In every bar: a kick that is alone makes no holes.
            let bars = Set(try #require(kick.tracks.first).notes.map { ($0.start + 60) / kick.brief.meter.ticksPerBar })
            #expect(bars.count >= kick.brief.bars - 2, "\(genre): \(bars.count)")
        }
        #expect(keys(Shipped.score("kick, snare and hi-hat only, techno, 16 bars")).isSubset(of: [36, 38, 42, 46, 37, 40]))
    }

    @Test func whoIsForbiddenDoesNotPlayUnderAnotherName() {
        for seed in UInt64(1)...6 {
            #expect(!Shipped.score("ambient no choir", seed: seed).tracks.contains { $0.voice.name.contains("choir") })
            #expect(!Shipped.score("trap no vocals", seed: seed).tracks.contains { $0.voice.name.contains("choir") })
            #expect(!Shipped.score("rnb no keys", seed: seed).tracks.contains { $0.voice.families.contains("keys") })
            #expect(!Shipped.score("jazz, no wind instruments", seed: seed).tracks.contains { (56...79).contains($0.voice.program ?? 0) })
            #expect(!Shipped.score("funk no horns", seed: seed).tracks.contains { (56...67).contains($0.voice.program ?? 0) })
            #expect(keys(Shipped.score("house, no claps, 16 bars", seed: seed)).isDisjoint(with: [39]))
        }
        #expect(!Shipped.score("lofi, no piano").tracks.contains { (0...5).contains($0.voice.program ?? -1) } && Shipped.score("lofi with rhodes, no piano").tracks.contains { $0.voice.name == "rhodes" })
        #expect(!Shipped.score("ambient, no pads").tracks.contains { $0.part.role == .pad })
        // Who is named is let in by a family's ban.
        #expect(Shipped.score("violin and piano, no strings").tracks.contains { $0.voice.name == "violin" })
    }
}
