/// What the meters say at one place of the file. Values are those of the voices before their trims.
public struct MeterFrame: Sendable, BitwiseCopyable {
    /// Log-spaced bands of the spectra.
    public static let bandCount = 96

    /// Readings of one voice.
    public struct VoiceMeters: Sendable, BitwiseCopyable {
        /// dB per band; a full-scale sine reads 0. At least `floorDB`. Power is the mean of all channels.
        public var spectrum = InlineArray<96, Float>(repeating: MeterFrame.floorDB)
        /// LUFS; nil when there is no loudness yet (silence, or too short).
        public var momentary: Double?
        public var shortTerm: Double?
        public var integrated: Double?
        /// LU.
        public var loudnessRange: Double?
        /// dBTP, the highest since the start, the last seek or `resetMeters`; nil for silence.
        public var truePeak: Double?
        /// dBFS sample peak of the first two channels within this frame's time (mono: both the same).
        public var peakLeft = MeterFrame.floorDB
        public var peakRight = MeterFrame.floorDB
        /// dB: the highest true peak of the last 3 s above the short-term loudness (PSR); nil without loudness.
        public var peakToShortTerm: Double?
        /// The latest sound as points for a goniometer: left and right, full scale 1, newest last. Every eighth frame or so; zero in mono.
        public var field = InlineArray<64, SIMD2<Float>>(repeating: SIMD2())
        /// −1…+1 of the first two channels; nil for silence and mono.
        public var correlation: Double?

        public init() {}
    }

    public static let floorDB: Float = -120

    /// Frame of the file that these readings end at.
    public var frame = 0
    /// `frame` in seconds.
    public var position = 0.0
    public var master = VoiceMeters()
    public var original = VoiceMeters()
    /// dB, ≤ 0: the deepest within this frame's time.
    public var compressorReduction = 0.0
    /// Of the multiband compressor's four bands, the lowest first.
    public var bandReductions = SIMD4<Double>.zero
    public var limiterReduction = 0.0

    public init() {}

    /// The centre of band `band` in Hz: 20 Hz…20 kHz in equal ratios.
    public static func bandHz(_ band: Int) -> Double { bandEdgeHz(Double(band) + 0.5) }
}
