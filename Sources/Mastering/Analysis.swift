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
    }

    public var file = ""
    public var format = ""
    public var encoding = ""
    public var sampleRate = 0
    public var channels = 0
    public var frames: Int64 = 0
    public var seconds = 0.0
    public var integratedLUFS: Double?
    public var loudnessRangeLU: Double?
    public var maxMomentaryLUFS: Double?
    public var maxShortTermLUFS: Double?
    public var truePeakDBTP: Double?
    public var samplePeakDBFS: Double?
    public var plrDB: Double?
    /// −1…1; nil for mono and silence.
    public var correlation: Double?
    /// Largest mean of a channel, full scale 1.
    public var dcOffset = 0.0
    public var clippedSamples = 0
    public var bands: [Band] = []
    public var tempoBPM: Double?
    public var key: String?
    public var findings: [Finding] = []

    public init() {}
}
