import DSP
/// What was measured of a file: the JSON of `lathe analyze`, field for field.
///
/// A value that does not exist (the loudness of silence) is nil and encodes as `null`.
public struct Analysis: Sendable, Equatable, Codable {
    public struct Band: Sendable, Equatable, Codable {
        /// Nominal third-octave centre, IEC 61260.
        public var hz: Double
        /// Mean power in the band relative to a full-scale sine, dB; nil when there is none.
        public var db: Double?
        public init(hz: Double, db: Double?) { self.hz = hz; self.db = db }

        public func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(hz, forKey: .hz)
            try fields.encode(db, forKey: .db)
        }
    }

    public enum Severity: String, Sendable, Codable { case info, warning, error }

    public struct Finding: Sendable, Equatable, Codable {
        /// Stable, e.g. `clipped_samples`.
        public var code: String
        public var severity: Severity
        /// Where it starts; nil when it concerns the whole file.
        public var atSeconds: Double?
        public var message: String
        public init(code: String, severity: Severity, atSeconds: Double?, message: String) {
            self.code = code; self.severity = severity; self.atSeconds = atSeconds; self.message = message
        }

        enum CodingKeys: String, CodingKey { case code, severity, atSeconds = "at_seconds", message }

        public func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(code, forKey: .code)
            try fields.encode(severity, forKey: .severity)
            try fields.encode(atSeconds, forKey: .atSeconds)
            try fields.encode(message, forKey: .message)
        }
    }

    public var file = ""
    public var format = ""
    public var encoding = ""
    public var sampleRate = 0
    public var channels = 0
    /// `ChannelLayout.mask`; nil for mono, stereo, and where nothing is known.
    public var channelMask: UInt32?
    /// Which loudspeakers the channels are for.
    public var layout: ChannelLayout { ChannelLayout(channels: channels, mask: channelMask ?? 0) }
    public var frames: Int64 = 0
    public var seconds = 0.0
    public var integratedLUFS: Double?
    public var loudnessRangeLU: Double?
    public var maxMomentaryLUFS: Double?
    public var maxShortTermLUFS: Double?
    /// On a grid of 16 places a frame.
    public var truePeakDBTP: Double?
    /// As a plain 4× meter of BS.1770-5 Annex 2 shows it, which reads lower on treble.
    public var ituTruePeakDBTP: Double?
    public var samplePeakDBFS: Double?
    /// True peak minus integrated loudness.
    public var plrDB: Double?
    /// −1…1; nil for mono and silence.
    public var correlation: Double?
    /// The mean of the channel whose mean is farthest from 0, full scale 1.
    public var dcOffset = 0.0
    /// Samples in runs of three or more that are flat at full scale.
    public var clippedSamples = 0
    public var bands: [Band] = []
    /// nil when there is no steady beat, or it is in doubt.
    public var tempoBPM: Double?
    /// `F# minor`; nil when in doubt.
    public var key: String?
    /// Correlation of the channels in each of `bands`; empty unless there are two.
    public var bandCorrelations: [Double?] = []
    public var vinyl = VinylCheck()
    public var findings: [Finding] = []
    /// What the assistant needs besides; not part of the JSON, and lost on the way through it.
    public var traits = ProgrammeTraits()

    public init() {}

    enum CodingKeys: String, CodingKey {
        case file, format, encoding
        case sampleRate = "sample_rate"
        case channels, frames, seconds
        case integratedLUFS = "integrated_lufs"
        case loudnessRangeLU = "loudness_range_lu"
        case maxMomentaryLUFS = "max_momentary_lufs"
        case maxShortTermLUFS = "max_short_term_lufs"
        case truePeakDBTP = "true_peak_dbtp"
        case ituTruePeakDBTP = "true_peak_itu_dbtp"
        case samplePeakDBFS = "sample_peak_dbfs"
        case plrDB = "plr_db"
        case correlation
        case dcOffset = "dc_offset"
        case clippedSamples = "clipped_samples"
        case bands
        case tempoBPM = "tempo_bpm"
        case key, findings, vinyl
        case bandCorrelations = "band_correlations"
        case channelMask = "channel_mask"
    }

    /// Written out because the synthesised form leaves nil fields away, and every field of the contract is always there.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(file, forKey: .file)
        try fields.encode(format, forKey: .format)
        try fields.encode(encoding, forKey: .encoding)
        try fields.encode(sampleRate, forKey: .sampleRate)
        try fields.encode(channels, forKey: .channels)
        try fields.encode(frames, forKey: .frames)
        try fields.encode(seconds, forKey: .seconds)
        try fields.encode(integratedLUFS, forKey: .integratedLUFS)
        try fields.encode(loudnessRangeLU, forKey: .loudnessRangeLU)
        try fields.encode(maxMomentaryLUFS, forKey: .maxMomentaryLUFS)
        try fields.encode(maxShortTermLUFS, forKey: .maxShortTermLUFS)
        try fields.encode(truePeakDBTP, forKey: .truePeakDBTP)
        try fields.encode(ituTruePeakDBTP, forKey: .ituTruePeakDBTP)
        try fields.encode(samplePeakDBFS, forKey: .samplePeakDBFS)
        try fields.encode(plrDB, forKey: .plrDB)
        try fields.encode(correlation, forKey: .correlation)
        try fields.encode(dcOffset, forKey: .dcOffset)
        try fields.encode(clippedSamples, forKey: .clippedSamples)
        try fields.encode(bands, forKey: .bands)
        try fields.encode(tempoBPM, forKey: .tempoBPM)
        try fields.encode(key, forKey: .key)
        try fields.encode(findings, forKey: .findings)
        try fields.encode(bandCorrelations, forKey: .bandCorrelations)
        try fields.encode(vinyl, forKey: .vinyl)
        try fields.encode(channelMask, forKey: .channelMask)
    }
}
