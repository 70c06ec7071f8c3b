import DSP

/// What the assistant judges a programme by, beyond its levels.
public struct ProgrammeTraits: Sendable, Equatable {
    /// Of the passages within the loudness gates.
    public var spectrum = LongTermSpectrum.silence
    public var speech = SpeechMeter.Reading()
    /// Runs of samples that are flat at full scale.
    public var clippedRuns = 0
    /// Where the spectrum ends as at a wall, Hz; nil when it does not.
    public var edgeHz: Double?
    /// Cells of 20 ms whose peak is within `peakSpanDB` of the highest, and those in the span below.
    public var peaksAtTop = 0
    public var peaksBelow = 0
    /// Channels like the loudest one that would be as loud as all together.
    public var effectiveChannels = 2.0

    /// Mean of each channel, full scale 1.
    public var channelMeans: [Double] = []
    /// Of each channel, whether that is an offset from end to end; and whether some channel has one that comes and goes.
    public var offsetsStand: [Bool] = []
    public var offsetWanders = false

    /// What the file says it was made with.
    public var software: String?

    static let peakSpanDB = 0.5

    public init() {}

    init(
        spectrum: LongTermSpectrum, speech: SpeechMeter.Reading, clippedRuns: Int, edgeHz: Double?, peaks: (top: Int, below: Int),
        effectiveChannels: Double
    ) {
        self.spectrum = spectrum
        self.speech = speech
        self.clippedRuns = clippedRuns
        self.edgeHz = edgeHz
        peaksAtTop = peaks.top
        peaksBelow = peaks.below
        self.effectiveChannels = effectiveChannels
    }

    /// Of several programmes as one: the spectrum of all of their sound, and of the rest what asks for most restraint.
    ///
    /// - Parameter parts: at least one.
    init(together parts: [ProgrammeTraits]) {
        let longest = parts.max { $0.spectrum.gatedSeconds < $1.spectrum.gatedSeconds }!
        let piled = parts.first { $0.isPeakLimited } ?? longest
        self.init(
            spectrum: LongTermSpectrum(together: parts.map(\.spectrum)), speech: longest.speech,
            clippedRuns: parts.reduce(0) { $0 + $1.clippedRuns }, edgeHz: parts.compactMap(\.edgeHz).min(),
            peaks: (piled.peaksAtTop, piled.peaksBelow), effectiveChannels: longest.effectiveChannels)
        offsetWanders = parts.contains { $0.offsetWanders }
        software = parts.allSatisfy { $0.software == longest.software } ? longest.software : nil
    }

    /// A talking voice and little else: syllables, pauses, no bass and hardly any width.
    ///
    /// Drums alone have the rhythm but not the spectrum; music with a voice has neither the pauses nor the depth of modulation.
    public var isSpeech: Bool {
        speech.syllabicModulation >= 0.25 && speech.pauseShare >= 0.15 && sideShare < 0.1 && bassRatio < 0.1
    }

    /// Peaks stand in a pile at the top, as a limiter or clipper leaves them: without one each half decibel holds fewer than the one below.
    public var isPeakLimited: Bool { peaksAtTop >= 60 && peaksAtTop > peaksBelow }

    private var sideShare: Double {
        let mid = spectrum.mid.reduce(0, +), side = spectrum.side.reduce(0, +)
        return mid + side > 0 ? side / (mid + side) : 0
    }

    /// Power under 80 Hz over that of 100 Hz to 4 kHz.
    private var bassRatio: Double {
        var low = 0.0, voice = 0.0
        for (hz, power) in zip(LongTermSpectrum.centres, spectrum.mid) {
            if hz < 80 { low += power } else if hz >= 100, hz < 4000 { voice += power }
        }
        return voice > 0 ? low / voice : 0
    }
}
