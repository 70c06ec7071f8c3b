/// What was measured of a result that came from elsewhere, by this machine.
public struct ResultFacts: Sendable, Equatable {
    /// Whether the tier says that it is this job's.
    public var isOwn: Bool
    /// nil when it does not decode.
    public var sound: Sound?
    /// Whether it is in the form that was asked for.
    public var hasFormat = true

    public struct Sound: Sendable, Equatable {
        public var seconds: Double
        public var channels: Int
        public var isFinite: Bool
        /// dBFS; nil for digital silence.
        public var peakDBFS: Double?
        /// Integrated; nil when it is too short or too soft to have one.
        public var lufs: Double?

        public init(seconds: Double, channels: Int, isFinite: Bool, peakDBFS: Double?, lufs: Double?) {
            self.seconds = seconds
            self.channels = channels
            self.isFinite = isFinite
            self.peakDBFS = peakDBFS
            self.lufs = lufs
        }
    }

    public init(isOwn: Bool, sound: Sound?, hasFormat: Bool = true) {
        self.isOwn = isOwn
        self.sound = sound
        self.hasFormat = hasFormat
    }
}

/// What a result has to be to be taken.
public struct ResultExpectation: Sendable, Equatable {
    /// Seconds, with the tolerance on either side; nil: any length above nothing.
    public var seconds: Double?
    public var toleranceSeconds = 0.1
    /// nil: any number.
    public var channels: Int?
    /// Whether the input, and so the result, may be silent.
    public var maySilent = false
    /// Integrated loudness that is taken for sound, LUFS.
    public var lufs: ClosedRange<Double> = -45...0

    public init(seconds: Double? = nil, toleranceSeconds: Double = 0.1, channels: Int? = nil, maySilent: Bool = false) {
        self.seconds = seconds
        self.toleranceSeconds = toleranceSeconds
        self.channels = channels
        self.maySilent = maySilent
    }

    /// Softer than this is silence, dBFS.
    static let silenceDBFS = -80.0

    /// Why a result is refused; nil when it is taken.
    public func fault(of facts: ResultFacts) -> OutputFault? {
        guard facts.isOwn else { return .foreign }
        guard let sound = facts.sound else { return .undecodable }
        guard facts.hasFormat else { return .wrongFormat }
        guard sound.isFinite else { return .notFinite }
        guard sound.seconds > 0, seconds.map({ abs(sound.seconds - $0) <= toleranceSeconds }) ?? true else { return .wrongLength }
        guard channels.map({ $0 == sound.channels }) ?? true else { return .wrongChannels }
        guard let peak = sound.peakDBFS, peak > Self.silenceDBFS else { return maySilent ? nil : .silent }
        if let loudness = sound.lufs, !lufs.contains(loudness), !maySilent { return .implausibleLoudness }
        return nil
    }
}
