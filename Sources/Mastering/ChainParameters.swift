/// Everything the chain needs to know, resolved to plain numbers: no references, so the audio thread can copy it.
///
/// A `Preset` says what is wanted (a target loudness, a gain-reduction goal); `resolve` turns that, together with what
/// was measured of the input, into thresholds and gains.
public struct ChainParameters: Sendable, Equatable, BitwiseCopyable {
    public struct Band: Sendable, Equatable, BitwiseCopyable {
        public enum Kind: UInt8, Sendable, BitwiseCopyable { case off, bell, lowShelf, highShelf, highPass, lowPass, notch }
        public enum Target: UInt8, Sendable, BitwiseCopyable { case stereo, mid, side }
        public var kind = Kind.off
        public var target = Target.stereo
        public var hz = 1000.0
        public var db = 0.0
        public var q = 0.71
        public init() {}
    }

    /// dB, before everything.
    public var inputGainDB = 0.0
    /// 0 is off.
    public var subsonicHz = 0.0
    public var bands = InlineArray<8, Band>(repeating: Band())

    public var compressorOn = false
    /// dBFS of the detector.
    public var thresholdDB = 0.0
    public var ratio = 1.5
    public var kneeDB = 9.0
    public var attackMs = 30.0
    public var releaseMs = 250.0
    public var sidechainHighPassHz = 90.0
    /// 0…1.
    public var mix = 1.0

    /// 1 is unchanged.
    public var width = 1.0
    /// 0 is off.
    public var monoBelowHz = 0.0

    /// dB, before the limiter: what the loudness solve sets.
    public var makeupGainDB = 0.0

    public var limiterOn = true
    public var ceilingDBTP = -1.0
    public var lookaheadMs = 3.0
    public var holdMs = 2.0
    /// 0 is automatic.
    public var limiterReleaseMs = 0.0

    /// Neutral: the chain passes its input unchanged (delayed by its latency) while every block is off.
    public init() { limiterOn = false }

    public static func == (a: ChainParameters, b: ChainParameters) -> Bool {
        for i in 0..<8 where a.bands[i] != b.bands[i] { return false }
        return a.inputGainDB == b.inputGainDB && a.subsonicHz == b.subsonicHz && a.compressorOn == b.compressorOn
            && a.thresholdDB == b.thresholdDB && a.ratio == b.ratio && a.kneeDB == b.kneeDB && a.attackMs == b.attackMs
            && a.releaseMs == b.releaseMs && a.sidechainHighPassHz == b.sidechainHighPassHz && a.mix == b.mix
            && a.width == b.width && a.monoBelowHz == b.monoBelowHz && a.makeupGainDB == b.makeupGainDB
            && a.limiterOn == b.limiterOn && a.ceilingDBTP == b.ceilingDBTP && a.lookaheadMs == b.lookaheadMs
            && a.holdMs == b.holdMs && a.limiterReleaseMs == b.limiterReleaseMs
    }
}
