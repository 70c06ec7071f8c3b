@testable import Composition
import Testing

struct ComposerTests {
    static let prompts = ["house, A minor", "a waltz for piano, C major", "7/8 rock, E minor", "jazz trio in Bb, 5/4", "6/8 folk in D", "lofi 16 bars", "12/8 blues in C minor", "four bar techno loop"]

    @Test(arguments: prompts)
    func sectionsAndChordsCoverEveryBarOnce(_ prompt: String) {
        let score = Shipped.score(prompt)
        var bar = 0
        for section in score.sections {
            #expect(section.bar == bar && section.bars > 0)
            bar = section.end
        }
        #expect(bar == score.brief.bars)
        var tick = 0
        for span in score.chords {
            #expect(span.start == tick)
            tick = span.end
        }
        #expect(tick == score.ticks)
    }

    @Test(arguments: prompts)
    func everyNoteLiesWithinThePieceAndItsInstrument(_ prompt: String) {
        let score = Shipped.score(prompt)
        for track in score.tracks {
            #expect(!track.notes.isEmpty)
            #expect(track.notes.allSatisfy { $0.start >= 0 && $0.end <= score.ticks && $0.length > 0 && (1...127).contains($0.velocity) })
            #expect(track.isDrums || track.notes.allSatisfy { (track.voice.low...track.voice.high).contains($0.pitch) }, "\(track.name)")
        }
    }

    @Test func theSameSeedGivesTheSameScore_anotherSeedAnother() {
        let (a, b, c) = (Shipped.score("funk in E minor", seed: 7), Shipped.score("funk in E minor", seed: 7), Shipped.score("funk in E minor", seed: 8))
        #expect(a == b)
        #expect(a.tracks.map(\.notes) != c.tracks.map(\.notes))
    }

    @Test(arguments: ["house, A minor", "jazz trio in Bb", "rock in E minor", "orchestral in D"])
    func varyingAPartLeavesEveryOtherNote(_ prompt: String) throws {
        let before = Shipped.score(prompt)
        for track in before.tracks {
            var brief = before.brief
            brief.variations = [Variation(part: track.name, section: nil, seed: 77)]
            let after = Composer.compose(brief)
            for other in before.tracks where other.name != track.name { #expect(after.tracks.first { $0.name == other.name } == other, "\(track.name) moved \(other.name)") }
        }
        var brief = before.brief
        brief.variations = before.tracks.map { Variation(part: $0.name, section: nil, seed: 77) }
        #expect(Composer.compose(brief).tracks.map(\.notes) != before.tracks.map(\.notes))
    }

    /// More than another velocity or another hand: other notes, or the same ones elsewhere in the bar.
    @Test(arguments: Shipped.genres.map(\.id))
    func whatIsVariedIsHeardToDiffer(_ genre: String) {
        let before = Shipped.score(genre + ", 32 bars")
        for track in before.tracks {
            let same = (1...4).count { seed in
                var brief = before.brief
                brief.variations = [Variation(part: track.name, section: nil, seed: UInt64(seed) * 1000)]
                let after = Composer.compose(brief).tracks.first { $0.name == track.name }
                let told = { (notes: [Note]) in Set(notes.map { [$0.pitch, ($0.start + Meter.quarter / 16) / (Meter.quarter / 8)] }) }
                return after.map { told($0.notes) == told(track.notes) } ?? true
            }
            #expect(same == 0, "\(track.name) sounds the same with \(same) of 4 other seeds")
        }
    }

    /// From one sixteenth in a bar to 32 halves.
    @Test(arguments: [2, 4, 8, 16])
    func everyMetreCanBePlayed(_ unit: Int) throws {
        for count in 1...32 {
            let meter = try #require(Meter(count: count, unit: unit))
            for (n, genre) in ["pop", "techno", "jazz", "orchestral"].enumerated() {
                let score = Shipped.score(genre + ", \(meter.name), 16 bars", seed: UInt64(count * 4 + n))
                #expect(score.brief.meter == meter && score.brief.bars == 16)
                #expect(!score.tracks.isEmpty && score.tracks.allSatisfy { $0.notes.allSatisfy { $0.start >= 0 && $0.length > 0 && $0.end <= score.ticks } }, "\(genre) in \(meter.name)")
            }
        }
    }

    @Test func withoutChordsNobodyPlaysThem_andATuneAloneHasNoHoles() throws {
        let score = Shipped.score("house in A minor without chords, 32 bars")
        #expect(!score.tracks.isEmpty && !score.tracks.contains { [.chords, .pad, .arp].contains($0.part.role) })
        let alone = Shipped.score("no drums no bass no chords, flute only, 32 bars")
        #expect(alone.tracks.map(\.voice.name) == ["flute"])
        let starts = try #require(alone.tracks.first).notes.map(\.start)
        #expect(zip(starts, starts.dropFirst()).allSatisfy { $1 - $0 <= 2 * alone.brief.meter.ticksPerBar })
    }

    @Test(arguments: ["house, A minor", "jazz trio in Bb", "rock in E minor", "orchestral in D"])
    func varyingASectionLeavesTheOthers(_ prompt: String) {
        let before = Shipped.score(prompt)
        let bar = before.brief.meter.ticksPerBar
        for (index, section) in before.sections.enumerated() {
            var brief = before.brief
            brief.variations = [Variation(part: nil, section: index, seed: 77)]
            let after = Composer.compose(brief)
            // A hand may be a little early or late at the border.
            let inside = (section.bar * bar - Meter.quarter / 4)..<(section.end * bar + Meter.quarter / 4)
            for (a, b) in zip(before.tracks, after.tracks) where a.name == b.name {
                // The last note follows the tune.
                #expect(a.notes.filter { !inside.contains($0.start) && $0.start < before.ringStart - 240 } == b.notes.filter { !inside.contains($0.start) && $0.start < before.ringStart - 240 }, "\(section.name) moved \(a.name)")
            }
        }
    }

    @Test func aBowSlursSteps_setsANewStrokeForTheSamePitch_andAPickDoesNeither() throws {
        let line = [62, 64, 64, 76, 71].enumerated().map { Note(start: $0 * 960, length: 900, pitch: $1, velocity: 80) }
        let (violin, piano) = (try #require(Voice.named("violin")), try #require(Voice.named("piano")))
        #expect(Articulation.line(line, violin).map(\.length) == [960 + Articulation.overlap, 720, 840, 900, 900])
        #expect(Articulation.line(line, piano).map(\.length) == [900, 720, 900, 900, 900])
        // A rest that is written stays.
        let apart = [Note(start: 0, length: 480, pitch: 62, velocity: 80), Note(start: 960, length: 480, pitch: 64, velocity: 80)]
        #expect(Articulation.line(apart, violin) == apart)
        let tune = try #require(Shipped.score("orchestral, violin melody, 32 bars").tracks.first { $0.part.role == .lead })
        #expect(zip(tune.notes, tune.notes.dropFirst()).contains { $0.end > $1.start }, "\(tune.name) slurs")
    }

    @Test func leavingAnInstrumentOutLeavesTheOthersAsTheyWere() {
        let (with, without) = (Shipped.score("synthwave in E minor, 100 bpm"), Shipped.score("synthwave in E minor, 100 bpm, no drums"))
        let bass = { (score: Score) in score.tracks.first { $0.part.role == .bass }?.notes }
        #expect(!without.tracks.contains { $0.isDrums })
        #expect(bass(with) != nil && bass(with) == bass(without))
    }

    @Test func whatIsAskedForPlays_whatIsForbiddenDoesNot() {
        let score = Shipped.score("Salsa with trumpet, piano, timbales and cowbell, no bass, G minor")
        let programs = Set(score.tracks.compactMap(\.voice.program)), keys = Set(score.tracks.filter(\.isDrums).flatMap { $0.notes.map(\.pitch) })
        #expect(programs.contains(56) && programs.contains(0))
        #expect(keys.contains(56) && !keys.isDisjoint(with: [65, 66]))
        #expect(programs.isDisjoint(with: 32...39))
    }

    @Test func chordsThatAreGivenStandInOrder() {
        let score = Shipped.score("Indie rock, chords Em - C - G - D, 118 bpm")
        #expect(score.chords.prefix(8).map(\.chord.symbol) == ["Em", "C", "G", "D", "Em", "C", "G", "D"])
    }

    @Test func thePieceEndsOnItsTonic() {
        for prompt in ["pop in G major", "metal in C# minor", "ambient in Eb"] {
            let score = Shipped.score(prompt)
            #expect(score.chords.last?.chord.root.pitchClass == score.brief.key.tonic.pitchClass)
        }
    }

    @Test func secondsDecideTheLength_barsAreExact() {
        let minute = Shipped.brief("house, 124 bpm, one minute")
        #expect(minute.length == 60 && minute.bars == 31)
        let bars = Shipped.score("techno 132 bpm, 64 bars")
        // 64 bars of 4 beats at 132 a minute: 64·4·60/132 s.
        #expect(bars.frames(rate: 44_100) == Int((64.0 * 4 * 60 / 132 * 44_100).rounded()))
        #expect(Shipped.score("jig in 6/8, 110 bpm, 8 bars").brief.length == 960.0 / 110)
    }

    @Test func fullerSectionsHaveMoreNotes() {
        let score = Shipped.score("trance in D minor, 64 bars", seed: 3)
        let bar = score.brief.meter.ticksPerBar
        func density(_ section: Section) -> Double {
            Double(score.tracks.reduce(0) { $0 + $1.notes.count { $0.start >= section.bar * bar && $0.start < section.end * bar } }) / Double(section.bars)
        }
        let fullest = score.sections.max { $0.energy < $1.energy }, thinnest = score.sections.min { $0.energy < $1.energy }
        #expect(fullest.map(density) ?? 0 > 1.5 * (thinnest.map(density) ?? .infinity))
    }

    /// Where people would tap: at slow and fast tempi, and in threes, more is struck, and harder, on the beats than between them.
    @Test(arguments: ["piano ballad, 60 bpm", "R&B slow jam, 64 bpm", "waltz for accordion, 160 bpm", "Baroque minuet for harpsichord, 108 bpm", "punk rock, 180 bpm", "strings, 52 bpm", "doom metal, 62 bpm", "salsa, 186 bpm"])
    func theBeatIsStruckHardest(_ prompt: String) {
        let score = Shipped.score(prompt + ", 24 bars", seed: 5)
        let bar = score.brief.meter.ticksPerBar, starts = score.brief.meter.beatStarts
        var (on, off) = (0, 0)
        var struck: Set<Int> = []
        for note in score.tracks.flatMap(\.notes) where note.start < score.ringStart {
            // Hands are up to a thirty-second early or late.
            let place = (note.start + 60) % bar
            if starts.contains(where: { (0...120).contains(place - $0) }) {
                on += note.velocity
                struck.insert((note.start + 60) / bar * starts.count + (starts.lastIndex { $0 <= place } ?? 0))
            } else { off += note.velocity }
        }
        #expect(Double(on) > 1.5 * Double(off), "\(on) : \(off)")
        #expect(Double(struck.count) > 0.9 * Double(score.ringStart / bar * starts.count), "\(struck.count) of \(score.ringStart / bar * starts.count) beats")
    }

    @Test func aDoubledPatternIsToldTwiceInABar() {
        #expect(String(Drums.doubled(Array("X.......X......."))) == "X...X...X...X..." && String(Drums.doubled(Array("....X.......X..."))) == "..X...X...X...X.")
    }

    /// Voices of a four-part texture move by 0.7 to 4 semitones on the average in music by people.
    @Test func voicingsMoveLittle() {
        let key = Key(tonic: Tone(letter: 0, alteration: 0), mode: .major)
        let chords = ["I", "vi", "IV", "V", "I"].compactMap { Chord(numeral: $0, in: key) }
        let voicings = Voicing.lead(chords, count: 3, center: 62, low: 43, high: 90)
        #expect(voicings.count == 5)
        for (chord, pitches) in zip(chords, voicings) { #expect(Set(pitches.map { $0 % 12 }) == Set(chord.pitchClasses)) }
        for (a, b) in zip(voicings, voicings.dropFirst()) { #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 5 }) }
    }

    /// Ratios and leans as measured in recordings (see `Performance`).
    @Test func swingFallsWithTheTempo() {
        #expect(Performance.swingRatio(50) == 2.3 && Performance.swingRatio(120) == 2.0 && Performance.swingRatio(240) == 1.6)
        #expect(Performance.bassLean(240) == -9)
        var brief = Shipped.brief("jazz, 120 bpm")
        brief.bpm = 120
        // At 2 : 1 the second eighth of a pair stands on the third triplet.
        #expect(Performance(brief: brief).swung(480) == 640 && Performance(brief: brief).swung(960) == 960)
    }

    @Test(arguments: [("3/4", 3, 2880), ("6/8", 2, 2880), ("7/8", 3, 3360), ("12/8", 4, 5760), ("5/4", 5, 4800)])
    func metresHaveTheirBeats(_ name: String, _ beats: Int, _ ticks: Int) {
        #expect(Meter(name)?.beats.count == beats && Meter(name)?.ticksPerBar == ticks && Meter(name)?.beats.reduce(0, +) == ticks)
    }
}
