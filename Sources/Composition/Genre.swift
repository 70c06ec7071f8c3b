/// A style of music as data: adding one is adding a file.
///
/// Grooves are written for a bar of 4/4 in equal steps (`x` hit, `X` accent, `o` ghost, `.` rest) and told in other metres by `Meter.place`.
public struct Genre: Sendable, Equatable {
    /// A kind of groove; the one whose energy is nearest is played.
    public struct Groove: Sendable, Equatable {
        public var energy: Double
        /// Drum name → pattern.
        public var lines: [String: [Character]]
    }

    /// A part of the arrangement.
    public struct Part: Sendable, Equatable {
        public var role: Role
        public var voice: String
        /// Plays in sections of at least this energy…
        public var enter = 0.0
        /// …and at most this.
        public var leave = 1.0
        /// Rhythm for 4/4; `-` lengthens the note before. Empty: held chords, or a melody's own rhythm.
        public var patterns: [[Character]] = []
        /// MIDI pitch around which it moves.
        public var center = 60
        /// Notes in a voicing.
        public var notes = 3
        /// dB relative to where its role stands.
        public var level = 0.0
        /// −1…1.
        public var pan = 0.0
        /// Sends, 0…1.
        public var reverb = 0.2
        public var delay = 0.0
        /// How busy a melody is, 0…1.
        public var density = 0.5
    }

    public struct FormSection: Sendable, Equatable {
        public var name: String
        public var bars: Int
        public var energy: Double
    }

    public struct Mix: Sendable, Equatable {
        /// dB by which the kick lowers what stands in its way, and for how long, in beats.
        public var duck = 0.0
        public var duckBeats = 0.5
        /// Reverberation time, s, and how bright it stays, 0…1.
        public var reverbSeconds = 1.6
        public var reverbTone = 0.5
        /// Of the echo, in beats.
        public var delayBeats = 0.75
        public var delayFeedback = 0.35
        /// Ratio of the bus compressor is fixed; dB of work it does on loud bars.
        public var glue = 1.5
        /// dB by which peaks of the mix may stand above its loudest moments; what is higher is rounded off.
        public var crest = 11.0
    }

    public var id = ""
    public var name = ""
    /// What people call it.
    public var words: [String] = []
    public var slowest = 90.0
    public var tempo = 110.0
    public var fastest = 130.0
    public var meter = Meter.common
    public var modes: [Mode] = [.minor]
    /// 0 straight … 1 the full ratio for the tempo, on pairs of `swingStep`s.
    public var swing = 0.0
    /// Steps a quarter is cut into by the swung pair: 2 eighths, 4 sixteenths.
    public var swingSteps = 2
    /// How loosely it is played, 0…1.
    public var looseness = 0.3
    /// Roman numerals, bars parted by `|`; for minor and for major keys.
    public var minorProgressions: [String] = []
    public var majorProgressions: [String] = []
    public var minorCadence = "V"
    public var majorCadence = "V"
    public var forms: [[FormSection]] = []
    public var kit = "acoustic"
    public var grooves: [Groove] = []
    public var fills = true
    public var drumLevel = 0.0
    public var parts: [Part] = []
    public var mix = Mix()
    /// Mastering preset.
    public var master = "streaming"
    /// Curve of `Presets/Curves` whose tolerance band the master stays in.
    public var tone = "commercial"

    public init() {}

    public static let drumNames = ["kick", "snare", "rim", "clap", "hat", "open", "ride", "crash", "tom", "shaker", "tambourine", "cowbell", "conga",
                                   "bongo", "timbale", "claves", "triangle", "brush"]
}
