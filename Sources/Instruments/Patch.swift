/// How a voice sounds. One of three kinds of source, then the part's own inserts.
struct Patch: Sendable {
    enum Source: Sendable {
        case table(TableSound)
        case modal(ModalSound)
        case frequencyModulation(FMSound)
    }

    var source: Source
    /// Soft distortion before the mix, dB of drive; 0 none.
    var driveDB = 0.0
    /// Chorus depth, 0…1.
    var chorus = 0.0
    /// Tremolo or slow panning, 0…1, in cycles per beat.
    var tremolo = 0.0
    var tremoloPerBeat = 2.0
    /// The part's high-pass, Hz.
    var lowCut = 120.0
    var highCut = 18_000.0
    /// dB, on top of the level that listening gave it.
    var trim = 0.0
    /// Everything in the middle.
    var isMono = false
}

/// Wavetables in unison through a filter: strings, winds, organs, voices, synthesisers.
struct TableSound: Sendable {
    /// Patches of one name share their tables.
    var name = ""
    var spectrum = Spectrum()
    /// Louder notes have these harmonics more.
    var bright: Spectrum?
    /// Voices in unison, their spread in cents and over the stereo field.
    var unison = 1
    var detune = 0.0
    var spread = 0.0
    /// The same an octave higher, so loud.
    var octaveLevel = 0.0
    /// Seconds; sustain 0…1.
    var attack = 0.01
    var decay = 0.3
    var sustain = 0.8
    var release = 0.15
    /// Low-pass, Hz at middle C; 0 for none. Envelope in octaves, its decay in seconds, resonance as Q, tracking 0…1.
    var cutoff = 0.0
    var filterEnvelope = 0.0
    var filterAttack = 0.0
    var filterDecay = 0.3
    var resonance = 0.7
    var tracking = 0.5
    /// Movement of the filter in octaves, in cycles per bar.
    var sweep = 0.0
    var sweepPerBar = 0.5
    /// Cents, Hz, seconds before it begins.
    var vibrato = 0.0
    var vibratoRate = 5.2
    var vibratoDelay = 0.25
    /// Breath or bow, 0…1.
    var breath = 0.0
    /// Pitch starts so many semitones away and arrives within `scoopTime`.
    var scoop = 0.0
    var scoopTime = 0.03
}

/// Decaying partials: pianos, plucked strings, mallets, bells, tuned drums.
struct ModalSound: Sendable {
    /// Frequency ratios; nil: a string's, with `inharmonicity`.
    var ratios: [Double]?
    var levels: [Double]?
    var partials = 24
    /// B of f = n·f0·√(1 + B·n²).
    var inharmonicity = 0.0
    /// Place of the hammer or finger along the string.
    var position = 0.13
    /// dB per octave by which partials fall at full velocity, and how much more at the softest.
    var slope = 5.0
    var softness = 8.0
    /// Seconds to −60 dB of the first partial at middle C; how much faster high notes and high partials go.
    var decay = 3.0
    var keyDecay = 0.6
    var partialDecay = 0.7
    /// Seconds to −60 dB once let go; nil rings on.
    var damp: Double? = 0.25
    /// Noise of the attack, 0…1, its length in s and its brightness in Hz.
    var strike = 0.15
    var strikeSeconds = 0.012
    var strikeHz = 3000.0
    /// Partials spread over the stereo field.
    var width = 0.5
    /// Two strings a little apart: cents.
    var beating = 0.0
    /// Vibrato of motor or hand: amplitude depth and Hz.
    var motor = 0.0
    var motorRate = 5.0
}

/// Two carriers, each bent by a modulator: electric pianos, basses, glassy pads.
struct FMSound: Sendable {
    /// Modulator over carrier frequency, index at full velocity, seconds to a third of it.
    var ratio = 1.0
    var index = 1.5
    var indexDecay = 0.6
    /// The second pair, for the attack.
    var tineRatio = 14.0
    var tineLevel = 0.12
    var tineDecay = 0.12
    var decay = 2.5
    var sustain = 0.0
    var attack = 0.002
    var release = 0.2
    var keyDecay = 0.5
}
