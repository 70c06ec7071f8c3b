/// What is to be made: everything that a prompt can say and an option can set, decided. Same brief, seed and version: same score.
public struct Brief: Sendable, Equatable {
    public var language = "en"
    public var genre = Genre()
    public var moods: [Mood] = []
    /// Felt beats per minute; `meter.tempoUnit` says which note that is.
    public var bpm = 120.0
    public var key = Key(tonic: Tone(letter: 0, alteration: 0), mode: .major)
    public var meter = Meter.common
    public var bars = 32
    /// The number of bars asked for, where they would last longer than `secondsRange`.
    public internal(set) var barsAsked: Int?
    /// Length of the file; nil: as long as the bars last.
    public var seconds: Double?
    /// Asked for, in the order of the prompt.
    public var voices: [Voice] = []
    /// Voices or families that must not play.
    public var without: [String] = []
    /// Nothing but `voices`.
    public var isOnly = false
    /// Pieces of the drum kit that were asked for; with `isOnly` nothing else of it plays.
    public var kit: [DrumPiece] = []
    public var withoutMelody = false
    /// Nobody plays chords, pads or broken chords.
    public var withoutHarmony = false
    /// One to a bar, over and over; empty: the genre's harmony.
    public var chords: [Chord] = []
    /// The tonic stands in place of the last chord of `chords`.
    public var endsOnTonic = true
    /// Sections that were asked for, with their bars; empty: the genre's form.
    public var form: [AskedSection] = []
    public var isBlues = false
    public var isHalfTime = false
    public var halfTimeIntroOnly = false
    /// A swing asked for, nil as the genre has it.
    public var swing: Double?
    /// Weight of the intro: 0 none, 1 as the genre has it, 2 long.
    public var introWeight = 1.0
    /// Seconds at which the fullest section is to begin.
    public var dropAt: Double?
    public var isLoop = false
    /// Added to how busy melodies and figures are, −0.5…0.5.
    public var density = 0.0
    public var sounds = SoundSource.builtIn
    /// Added to the energy of every section, −0.4…0.4.
    public var energy = 0.0
    public var seed: UInt64 = 1
    /// What is drawn anew while the rest stays.
    public var variations: [Variation] = []

    public init() {}

    /// What moods and `energy` add to every section, −0.4…0.4.
    public var lift: Double { max(-0.4, min(0.4, moods.reduce(energy) { $0 + $1.energy })) }

    public var quartersPerMinute: Double { meter.quartersPerMinute(bpm) }
    public var secondsPerTick: Double { 60 / (quartersPerMinute * Double(Meter.quarter)) }
    public var secondsPerBar: Double { Double(meter.ticksPerBar) * secondsPerTick }

    /// Where chance for a part in a section starts from.
    func seed(of part: String, in section: Int) -> UInt64 {
        variations.last { ($0.part ?? part) == part && ($0.section ?? section) == section }?.seed ?? seed
    }

    /// How a place for the fullest section is said to have been understood.
    static func dropReading(_ seconds: Double) -> String { "the fullest section begins at \(seconds) s" }
    static func dropReading(bar: Int) -> String { "the fullest section begins at bar \(bar)" }

    /// What was understood and cannot be had all the same; known once the form and the players are.
    /// - Parameter reading: of the prompt; what turns out to be impossible moves from `understood` to `ignored`.
    public func settle(_ reading: inout Reading) {
        if let dropAt {
            let sections = Form.sections(self)
            let fullest = sections.max { ($0.energy, -$0.bar) < ($1.energy, -$1.bar) }
            let begins = Double(fullest?.bar ?? 0) * secondsPerBar
            let readings = [Self.dropReading(dropAt), Self.dropReading(bar: Int((dropAt / secondsPerBar).rounded()) + 1)]
            let place = "the fullest section begins at \((begins * 10).rounded() / 10) s"
            if abs(begins - dropAt) > secondsPerBar {
                let said = reading.understood.first { readings.contains($0.as) }
                reading.understood.removeAll { readings.contains($0.as) }
                reading.ignored.append(.init(text: said?.text ?? "drop at \(dropAt) s", why: "no section can begin there; \(sections.count > 1 ? place : "the piece has one section")"))
            } else if abs(begins - dropAt) > 0.05 {
                // Sections begin with bars.
                for i in reading.understood.indices where reading.understood[i].as == Self.dropReading(dropAt) { reading.understood[i].as = place + ", with bar \((fullest?.bar ?? 0) + 1)" }
            }
        }
        if form.count == 1, let asked = form.first, !Form.sections(self).contains(where: { $0.name == asked.name && $0.bars == asked.bars }) {
            let said = "\(asked.name) of \(PromptReader.counted(asked.bars))"
            let place = reading.understood.firstIndex { $0.as == said }
            reading.ignored.append(.init(text: place.map { reading.understood.remove(at: $0).text } ?? said, why: "the form of this piece has no \(asked.name) of that length; name every section, like intro 4 bars, verse 8 bars, chorus 8 bars"))
        }
        if let formBars, formBars != bars {
            reading.ignored.append(.init(text: form.map { "\($0.name) \(PromptReader.counted($0.bars))" }.joined(separator: ", "), why: "add up to \(PromptReader.counted(formBars)); stretched to the \(PromptReader.counted(bars)) asked for"))
        }
        if let barsAsked {
            let said = PromptReader.counted(barsAsked)
            let place = reading.understood.firstIndex { $0.as == said }
            let text = place.map { reading.understood.remove(at: $0).text } ?? said
            reading.ignored.append(.init(text: text, why: "would last longer than an hour at this tempo; \(PromptReader.counted(bars)) do not"))
        }
        let cast = Casting(brief: self).cast()
        if cast.standsIn, let part = cast.parts.first {
            reading.ignored.append(.init(text: "no " + (without + (withoutHarmony ? ["chords"] : []) + (withoutMelody ? ["melody"] : [])).joined(separator: ", no "),
                                         why: "nobody would be left to play; the \(part.voice) plays"))
        }
    }

    /// Bars of a whole form that was asked for; nil where none was, or only single sections.
    var formBars: Int? { form.count > 1 ? form.reduce(0) { $0 + $1.bars } : nil }

    /// Who sounds like those of a family without being one of them.
    private static let kin = ["choir": "choir pad", "vocals": "choir pad", "piano": "rhodes"]

    /// Whether a voice may play: who was asked for by name is let in by a family's ban.
    public func allows(_ voice: Voice) -> Bool {
        guard !without.contains(voice.name) else { return false }
        if voices.contains(voice) { return true }
        return !without.contains { name in
            voice.families.contains(name) || (name == "drums" && (voice.program == nil || voice.families.contains("drums"))) || Self.kin[name] == voice.name
        }
    }
}

/// Who plays.
public enum SoundSource: String, Sendable, Codable, CaseIterable {
    /// Synthesis that needs nothing else: everywhere the same.
    case builtIn = "built-in"
    /// Acoustic instruments from an installed bank of samples, the rest from synthesis.
    case bank
}

/// A part, a section, or one part in one section, drawn anew. Where several apply, the last counts.
public struct Variation: Sendable, Codable, Hashable {
    /// Name of the track; nil: all of them.
    public var part: String?
    /// Place of the section, from 0; nil: all of them.
    public var section: Int?
    public var seed: UInt64

    public init(part: String?, section: Int?, seed: UInt64) {
        self.part = part
        self.section = section
        self.seed = seed
    }
}

/// A colour of the music that a word stands for.
public struct Mood: Sendable, Codable, Equatable {
    public var name: String
    /// Added to the energy of sections.
    public var energy: Double
    /// Leans to major (+) or minor (−).
    public var valence: Double
    /// Factor on the tempo where none is asked for.
    public var pace: Double
}

/// What became of a stretch of the prompt.
public struct Reading: Sendable, Codable, Equatable {
    /// What can be said twice: by the words and by an option.
    public enum Topic: String, Sendable, Codable {
        case genre, tempo, key, meter, length, parts, chords
    }
    public struct Understood: Sendable, Equatable, Codable {
        public var text: String
        public var `as`: String
        public var topic: Topic?

        init(text: String, as meaning: String, topic: Topic? = nil) {
            (self.text, self.as, self.topic) = (text, meaning, topic)
        }
    }
    public struct Ignored: Sendable, Equatable, Codable {
        public var text: String
        public var why: String
    }
    public var understood: [Understood] = []
    public var ignored: [Ignored] = []

    public init() {}

    /// What was read on a topic is not what is made.
    mutating func overrule(_ topic: Topic, _ why: String) {
        for item in understood where item.topic == topic { ignored.append(.init(text: item.text, why: why)) }
        understood.removeAll { $0.topic == topic }
    }
}
