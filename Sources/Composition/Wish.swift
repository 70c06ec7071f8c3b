/// What a prompt asks for, and nothing it does not: every field may be unset. Options of a command change it before it becomes a `Brief`.
public struct Wish: Sendable, Codable, Equatable {
    public var language = "en"
    /// Id of a genre.
    public var genre: String?
    public var moods: [Mood] = []
    public var bpm: Double?
    /// The note that `bpm` counts, in ticks; nil: the felt beat.
    public var bpmUnit: Int?
    /// From a tempo word, where no number is given.
    public var paceBPM: Double?
    public var key: Key?
    public var meter: Meter?
    public var seconds: Double?
    public var bars: Int?
    public var voices: [Voice] = []
    public var without: [String] = []
    public var isOnly = false
    /// Pieces of the drum kit by name.
    public var kit: [DrumPiece]?
    /// Sections with their lengths.
    public var form: [AskedSection]?
    public var withoutMelody = false
    /// Nobody plays chords, pads or broken chords.
    public var withoutHarmony = false
    public var chords: [Chord] = []
    /// Roman numerals, told in the key once it is known.
    public var numerals: [String] = []
    public var isBlues = false
    public var isHalfTime = false
    public var halfTimeIntroOnly = false
    public var swing: Double?
    public var introWeight = 1.0
    public var dropAt: Double?
    /// Bar, from 1, in place of seconds.
    public var dropBar: Int?
    /// Whether the tonic stands in place of the last chord asked for; nil: where no number of bars is asked for.
    public var endsOnTonic: Bool?
    public var isLoop = false
    /// How much busier (+) or calmer (−) melodies and figures are than the genre has them, −0.5…0.5.
    public var density = 0.0
    public var sounds = SoundSource.builtIn
    /// Added to the energy of every section, −0.4…0.4.
    public var energy = 0.0
    /// Major or minor (or another), where no key is named.
    public var mode: Mode?
    /// Where between the genre's slowest and fastest tempo, 0…1, when none is asked for.
    public var pace: Double?
    /// Seconds that are to be a whole number of beats, when no tempo is asked for.
    public var shotSeconds: Double?
    /// 80 for "the 80s"; tells a genre where none is named.
    public var era: Int?
    public var reading = Reading()
    /// What is not to be, beside instruments.
    public var exclusions: Exclusions?

    public struct Exclusions: Sendable, Codable, Equatable {
        /// Ids.
        public var genres: [String] = []
        public var keys: [Key] = []
        public var modes: [Mode] = []
        public var meters: [Meter] = []
        public var tempi: [Double] = []
    }

    var not: Exclusions {
        get { exclusions ?? Exclusions() }
        set { exclusions = newValue }
    }

    public init() {}
}

extension Wish {
    /// An option says otherwise: what the words said on the topic is told as not used.
    public mutating func overrule(_ topic: Reading.Topic, by option: String) { reading.overrule(topic, "\(option) says otherwise") }

    /// What an option or a later word asks for is not excluded any more.
    public mutating func admit(genre: String? = nil, key: Key? = nil, meter: Meter? = nil) {
        guard exclusions != nil else { return }
        not.genres.removeAll { $0 == genre }
        not.keys.removeAll { $0 == key }
        not.meters.removeAll { $0 == meter }
    }

    /// Lets another wish win wherever it says something; instruments and moods are added.
    public mutating func amend(with other: Wish) {
        func overrule(_ topic: Reading.Topic, _ differs: Bool) { if differs { reading.overrule(topic, "changed afterwards") } }
        let excluded = other.not
        overrule(.genre, other.genre != nil && other.genre != genre || genre.map(excluded.genres.contains) == true)
        overrule(.tempo, other.bpm != nil && other.bpm != bpm || other.paceBPM != nil && (bpm != nil || other.paceBPM != paceBPM) || bpm.map(excluded.tempi.contains) == true)
        overrule(.key, other.key != nil && other.key != key || key.map { excluded.keys.contains($0) || excluded.modes.contains($0.mode) } == true)
        overrule(.meter, other.meter != nil && other.meter != meter || meter.map(excluded.meters.contains) == true)
        overrule(.length, (other.bars, other.seconds) != (bars, seconds) && (other.bars != nil || other.seconds != nil))
        overrule(.chords, !other.chords.isEmpty || !other.numerals.isEmpty)
        // What is not to be any more is open again.
        if genre.map(excluded.genres.contains) == true { genre = nil }
        if bpm.map(excluded.tempi.contains) == true { bpm = nil }
        if let own = key, excluded.keys.contains(own) || excluded.modes.contains(own.mode) { key = nil }
        if meter.map(excluded.meters.contains) == true { meter = nil }
        if let genre = other.genre { (self.genre, isBlues) = (genre, other.isBlues) }
        if let tempo = other.bpm { (bpm, bpmUnit, paceBPM) = (tempo, other.bpmUnit, nil) }
        if let pace = other.paceBPM { (paceBPM, bpm, bpmUnit) = (pace, other.bpm, other.bpmUnit) }
        if let key = other.key { self.key = key }
        if let meter = other.meter { self.meter = meter }
        if other.bars != nil || other.seconds != nil { (bars, seconds, form) = (other.bars, other.seconds, other.form) }
        if !other.chords.isEmpty || !other.numerals.isEmpty { (chords, numerals, endsOnTonic) = (other.chords, other.numerals, nil) }
        not.genres = not.genres.filter { $0 != other.genre } + excluded.genres
        not.keys = not.keys.filter { $0 != other.key } + excluded.keys
        not.modes = not.modes.filter { $0 != other.key?.mode } + excluded.modes
        not.meters = not.meters.filter { $0 != other.meter } + excluded.meters
        not.tempi = not.tempi.filter { $0 != other.bpm } + excluded.tempi
        if not == Exclusions() { exclusions = nil }
        // Who is let in is no longer kept out, and the other way round.
        without.removeAll { name in other.voices.contains { $0.name == name || $0.families.contains(name) } }
        voices.removeAll { voice in other.without.contains { $0 == voice.name || voice.families.contains($0) } }
        without += other.without.filter { !without.contains($0) }
        voices += other.voices.filter { !voices.contains($0) }
        if other.isOnly { (isOnly, voices) = (true, other.voices) }
        kit?.removeAll { other.without.contains($0.rawValue) }
        without.removeAll { name in (other.kit ?? []).contains { $0.rawValue == name } }
        if let pieces = other.kit { kit = other.isOnly ? pieces : (kit ?? []) + pieces.filter { !(kit ?? []).contains($0) } } else if other.isOnly { kit = nil }
        moods.removeAll { mood in other.moods.contains { $0.denied == mood || mood.denied == $0 } }
        withoutMelody = withoutMelody || other.withoutMelody
        withoutHarmony = withoutHarmony || other.withoutHarmony
        moods += other.moods.filter { !moods.contains($0) }
        isHalfTime = isHalfTime || other.isHalfTime
        halfTimeIntroOnly = other.isHalfTime ? other.halfTimeIntroOnly : halfTimeIntroOnly
        swing = other.swing ?? swing
        if other.introWeight != 1 { introWeight = other.introWeight }
        if other.dropAt != nil || other.dropBar != nil { (dropAt, dropBar) = (other.dropAt, other.dropBar) }
        isLoop = isLoop || other.isLoop
        if other.density != 0 { density = other.density }
        if other.energy != 0 { energy = other.energy }
        mode = other.mode ?? mode
        reading.understood += other.reading.understood
        reading.ignored += other.reading.ignored
    }
}

extension Brief {
    /// Seeds that every file and answer can hold: those of a signed 64-bit number.
    public static let seedRange = 0...UInt64(Int64.max)
    /// Most and least that can be asked for.
    public static let tempoRange = 30.0...300.0
    public static let secondsRange = 1.0...3600.0
    public static let barsRange = 1...2000

    /// Decides what the wish leaves open: by genre and mood, and by the seed where several are as good.
    public init(_ wish: Wish, genres: [Genre], seed: UInt64) {
        self.init()
        self.seed = seed
        language = wish.language
        moods = wish.moods
        voices = wish.voices
        without = wish.without
        isOnly = wish.isOnly
        withoutMelody = wish.withoutMelody
        withoutHarmony = wish.withoutHarmony
        isBlues = wish.isBlues
        isHalfTime = wish.isHalfTime
        halfTimeIntroOnly = wish.halfTimeIntroOnly
        swing = wish.swing
        introWeight = wish.introWeight
        dropAt = wish.dropAt
        isLoop = wish.isLoop
        density = wish.density
        sounds = wish.sounds
        energy = wish.energy
        let ofItsTime = wish.voices.isEmpty ? [50: "rock", 60: "rock", 70: "disco", 80: "synthwave", 90: "rnb"][wish.era ?? 0] : nil
        let not = wish.not
        let allowed = genres.contains { !not.genres.contains($0.id) } ? genres.filter { !not.genres.contains($0.id) } : genres
        genre = allowed.first { $0.id == wish.genre ?? ofItsTime } ?? Self.fitting(wish, allowed)
        meter = wish.meter ?? (not.meters.contains(genre.meter) ? Meter.common == genre.meter ? Meter(count: 3, unit: 4) ?? .common : .common : genre.meter)
        // Beats of three eighths make a metre of them.
        if wish.meter == nil, wish.bpm != nil, wish.bpmUnit == 1440, !meter.isCompound, let compound = Meter(count: 6, unit: 8), !not.meters.contains(compound) { meter = compound }
        kit = wish.kit ?? []
        form = wish.form ?? []

        var stream = RandomStream(seed, "brief")
        let pace = moods.reduce(1) { $0 * $1.pace }
        if let asked = wish.bpm ?? wish.paceBPM {
            bpm = wish.bpm == nil ? asked : max(Self.tempoRange.lowerBound, min(Self.tempoRange.upperBound, wish.bpmUnit.map { meter.felt(asked, counting: $0) } ?? asked))
        } else {
            let drawn = (genre.tempo + (genre.fastest - genre.slowest) * 0.3 * stream.signed()) * pace
            let chosen = wish.pace.map { genre.slowest + (genre.fastest - genre.slowest) * $0 } ?? drawn
            bpm = max(genre.slowest, min(genre.fastest, chosen)).rounded()
            if moods.contains(where: { $0.name == "not slow" }) { bpm = max(bpm, genre.tempo) }
            if moods.contains(where: { $0.name == "not fast" }) { bpm = min(bpm, genre.tempo) }
            // Clearly another tempo than one that is not wanted.
            if let near = not.tempi.first(where: { abs($0 - bpm) < 5 }) { bpm = near + 8 <= genre.fastest ? (near + 8).rounded() : max(Self.tempoRange.lowerBound, (near - 8).rounded()) }
            if let shot = wish.shotSeconds, shot > 0.2 {
                // Shots of a whole number of beats, as near to that tempo as there is one.
                let beats = max(1, (bpm * shot / 60).rounded())
                bpm = max(Self.tempoRange.lowerBound, min(Self.tempoRange.upperBound, (beats * 60 / shot * 100).rounded() / 100))
            }
        }
        key = Self.key(wish, genre, moods, &stream)
        endsOnTonic = wish.endsOnTonic ?? (wish.bars == nil)
        if let bar = wish.dropBar { dropAt = Double(bar - 1) * secondsPerBar }
        chords = wish.chords.isEmpty ? wish.numerals.compactMap { Chord(numeral: $0, in: key) } : wish.chords
        seconds = wish.bars == nil ? wish.seconds : nil
        if let asked = wish.bars {
            bars = asked
        } else if let seconds {
            // The bars that fit; what is left over belongs to the last chord.
            bars = max(1, Int(seconds / secondsPerBar + 0.02))
            if isLoop { self.seconds = nil }
        } else {
            let usual = genre.forms.first?.reduce(0) { $0 + $1.bars } ?? 32
            let wanted = isLoop ? 8 : max(8, min(usual, Int(150 / secondsPerBar)) / 4 * 4)
            bars = wanted
        }
        let most = max(1, Int(Self.secondsRange.upperBound / secondsPerBar + 1e-9))
        if bars > most { (barsAsked, bars) = (bars, most) }
    }

    /// Length of the file in seconds.
    public var length: Double { seconds ?? Double(bars) * secondsPerBar }

    private static func key(_ wish: Wish, _ genre: Genre, _ moods: [Mood], _ stream: inout RandomStream) -> Key {
        if let key = wish.key { return key.spelledSimply }
        if let implied = Key.implied(by: wish.chords) { return implied }
        let valence = moods.reduce(0) { $0 + $1.valence }
        let usual = stream.pick(genre.modes) ?? .minor
        var mode = wish.mode ?? (valence > 0.3 && usual.isMinor ? Mode.major : valence < -0.3 && !usual.isMinor ? .minor : usual)
        let not = wish.not
        if not.modes.contains(mode) { mode = (genre.modes + [.major, .minor]).first { !not.modes.contains($0) } ?? mode }
        // Keys with few signs, as players and singers prefer them.
        let names = (mode.isMinor ? ["A", "E", "D", "B", "C", "G", "F#", "C#", "F"] : ["C", "G", "D", "F", "A", "Bb", "Eb", "E", "Ab"])
            .filter { name in !not.keys.contains { $0.mode == mode && $0.tonic == Tone(name) } }
        return Key(tonic: stream.pick(names).flatMap { Tone($0) } ?? Tone(letter: 0, alteration: 0), mode: mode)
    }

    /// The genre that has most of the wanted instruments, when none is named.
    private static func fitting(_ wish: Wish, _ genres: [Genre]) -> Genre {
        // A flute and a piano are no reason for drum machines, nor a string quartet for a kit.
        let programs = wish.voices.map { $0.program ?? 118 }
        let isUnplugged = !programs.isEmpty && programs.allSatisfy { program in [0...1, 6...15, 19...25, 32...32, 40...49, 52...52, 56...60, 64...79, 104...111].contains { $0.contains(program) } }
        let isChamber = !programs.isEmpty && programs.allSatisfy { program in [0...1, 6...6, 8...8, 10...10, 19...19, 40...49, 52...52, 56...58, 60...60, 68...73].contains { $0.contains(program) } }
        func score(_ genre: Genre) -> Double {
            var points = 0.0
            for voice in wish.voices {
                if genre.parts.contains(where: { $0.voice == voice.name }) { points += 2 }
                else if genre.parts.contains(where: { Voice.named($0.voice).map { !Set($0.families).isDisjoint(with: voice.families) } ?? false }) { points += 1 }
            }
            if let bpm = wish.bpm { points -= bpm < genre.slowest || bpm > genre.fastest ? 1 : 0 }
            if wish.meter.map({ $0 != .common }) == true, genre.kit == "electronic" { points -= 1 }
            if isUnplugged, !genre.grooves.isEmpty, ["electronic", "808", "chip", "dusty"].contains(genre.kit) { points -= 3 }
            if isChamber, genre.grooves.isEmpty { points += 1.5 }
            points += wish.energy * ((genre.forms.first.map { $0.map(\.energy).reduce(0, +) / Double($0.count) } ?? 0.5) - 0.5) * 6
            for mood in wish.moods {
                let energy = genre.forms.first.map { $0.map(\.energy).reduce(0, +) / Double($0.count) } ?? 0.5
                points += mood.energy * (energy - 0.5) * 6
            }
            if wish.without.contains("drums") || (wish.isOnly && !wish.voices.contains { $0.name == "drums" }), genre.grooves.isEmpty { points += 1.5 }
            if wish.voices.contains(where: { $0.name == "drums" }), genre.grooves.isEmpty { points -= 3 }
            // Somebody who names one instrument wants to hear that one.
            let played = genre.parts.count { part in wish.voices.contains { $0.name == part.voice } }
            if !genre.parts.isEmpty { points += 4 * Double(played) / Double(genre.parts.count) }
            if genre.id == "pop" { points += 1.2 }
            return points
        }
        return genres.max { (score($0), $1.id) < (score($1), $0.id) } ?? Genre()
    }
}

extension Key {
    /// The key a progression is in: the one whose scale holds most of its tones, the first and last roots weighing most as tonic.
    static func implied(by chords: [Chord]) -> Key? {
        guard let first = chords.first, let last = chords.last else { return nil }
        var best: (key: Key, points: Double)?
        for chord in chords {
            let minorThird = chord.quality.intervals.contains(3)
            for mode in minorThird ? [Mode.minor] : [.major, .mixolydian] {
                let key = Key(tonic: chord.root, mode: mode)
                var points = mode == .mixolydian ? -0.6 : 0.0
                for other in chords { points += Double(other.triad.count(where: { key.contains($0) })) * 0.5 }
                if chord.root == first.root { points += 2 }
                if chord.root == last.root { points += 1 }
                if chords.contains(where: { ($0.root.pitchClass - chord.root.pitchClass + 12) % 12 == 7 && $0.quality.intervals.contains(4) }) { points += 0.8 }
                if chord.quality == .dominant7 { points -= 1.5 }
                // A dominant seventh that falls a fifth to this chord names it.
                for (a, b) in zip(chords, chords.dropFirst() + chords.prefix(1)) where a.quality == .dominant7 && b.root == chord.root
                    && (a.root.pitchClass - b.root.pitchClass + 12) % 12 == 7 { points += 3 }
                if points > best?.points ?? -.infinity { best = (key, points) }
            }
        }
        return best.map { Key(tonic: $0.key.tonic, mode: $0.key.mode == .mixolydian ? .major : $0.key.mode).spelledSimply }
    }
}
