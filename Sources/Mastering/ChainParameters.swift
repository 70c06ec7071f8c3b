import DSP

/// Everything the chain needs to know, resolved to plain numbers: no references, so the audio thread can copy it.
///
/// A `Preset` says what is wanted (a target loudness, a gain-reduction goal); `resolve` turns that, together with what
/// was measured of the input, into thresholds and gains.
public struct ChainParameters: Sendable, Equatable, BitwiseCopyable {
    public struct Band: Sendable, Equatable, BitwiseCopyable {
        public enum Kind: UInt8, Sendable, BitwiseCopyable { case off, bell, lowShelf, highShelf, highPass, lowPass, notch, tilt }
        public enum Target: UInt8, Sendable, BitwiseCopyable { case stereo, mid, side }
        public var kind = Kind.off
        public var target = Target.stereo
        public var hz = 1000.0
        public var db = 0.0
        public var q = 0.71
        /// Linear phase; else minimum phase.
        public var isLinear = false
        public init() {}
    }

    /// Tonal balance, linear phase, dB at the points of `GainCurve`.
    public var toneMid = GainCurve()
    public var toneSide = GainCurve()

    /// Hz that the file will not hold, because its rate is lower; 0 when it holds all. What is not delivered is not to be limited either.
    public var bandEndHz = 0.0

    /// Taken off each channel at the chain's entrance, full scale 1. A render takes it off as it reads, where fades and gaps come after it.
    public var offsets = SIMD32<Double>(repeating: 0)
    /// dB, before everything that is not linear.
    public var inputGainDB = 0.0
    /// 0 is off.
    public var subsonicHz = 0.0
    public var bands = InlineArray<8, Band>(repeating: Band())

    public var dynamicBands = InlineArray<4, DynamicEqualizer.Band>(repeating: DynamicEqualizer.Band())

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

    public var multiband = MultibandCompressor.Settings()

    public var saturation = Saturation.Settings()
    /// dB: brings the programme to the level that the saturation's drive is meant for; taken back behind it.
    public var saturationLevelDB = 0.0

    /// 1 is unchanged.
    public var width = 1.0
    /// Of lows, mids and highs, on top of `width`; 1 is unchanged.
    public var bandWidths = SIMD3<Double>(repeating: 1)
    /// 0 is off.
    public var monoBelowHz = 0.0

    /// dB, before the limiter: what the loudness solve sets.
    public var makeupGainDB = 0.0

    /// Its `peakDB` is that of the programme after the make-up gain.
    public var clip = Clipper.Settings()

    public var limiterOn = true
    public var ceilingDBTP = -1.0
    public var lookaheadMs = 1.5
    public var holdMs = 0.0
    /// 0 is automatic.
    public var limiterReleaseMs = 0.0
    /// 0…1.
    public var limiterLink = 1.0
    public var limiterProtectsLow = true
    public var limiterCharacter = Limiter.Character.transparent

    /// Neutral: the chain passes its input unchanged (delayed by its latency) while every block is off.
    public init() { limiterOn = false }

    public static func == (a: ChainParameters, b: ChainParameters) -> Bool {
        for i in 0..<8 where a.bands[i] != b.bands[i] { return false }
        for i in 0..<4 where a.dynamicBands[i] != b.dynamicBands[i] { return false }
        return a.offsets == b.offsets && a.bandEndHz == b.bandEndHz && a.toneMid == b.toneMid && a.toneSide == b.toneSide && a.inputGainDB == b.inputGainDB && a.subsonicHz == b.subsonicHz
            && a.glue == b.glue && a.multiband == b.multiband && a.saturation == b.saturation && a.saturationLevelDB == b.saturationLevelDB
            && a.width == b.width && a.bandWidths == b.bandWidths && a.monoBelowHz == b.monoBelowHz && a.makeupGainDB == b.makeupGainDB && a.clip == b.clip
            && a.limiter == b.limiter
    }
}

/// What the chain asks of its blocks.
extension ChainParameters {
    /// - Parameter tonePeakDB: true peak of the programme before the make-up gain, dBTP.
    mutating func setMakeup(_ gainDB: Double, tonePeakDB: Double) {
        makeupGainDB = gainDB
        clip.peakDB = tonePeakDB + gainDB
    }

    var glue: Compressor.Settings {
        var s = Compressor.Settings()
        s.thresholdDB = thresholdDB
        s.ratio = ratio
        s.kneeDB = kneeDB
        s.attackMs = attackMs
        s.releaseMs = releaseMs
        s.sidechainHighPassHz = sidechainHighPassHz
        s.mix = compressorOn ? mix : 0
        return s
    }

    var limiter: Limiter.Settings {
        var s = Limiter.Settings()
        s.on = limiterOn
        s.ceilingDBTP = ceilingDBTP
        s.lookaheadMs = lookaheadMs
        s.holdMs = holdMs
        s.releaseMs = limiterReleaseMs
        s.link = limiterLink
        s.protectsLow = limiterProtectsLow
        s.character = limiterCharacter
        return s
    }

    /// The tone curve, and the bands that are to keep their phase.
    func linear(channels: Int) -> LinearPhaseEqualizer.Settings {
        var s = LinearPhaseEqualizer.Settings()
        s.mid = toneMid
        s.side = toneSide
        s.bandEndHz = bandEndHz
        for i in 0..<8 where bands[i].isLinear {
            guard let band = bands[i].analogue(channels: channels) else { continue }
            s.bands[i].band = band
            s.bands[i].target = bands[i].equalizerTarget(channels: channels)
        }
        return s
    }
}

extension ChainParameters.Band {
    /// nil when it has nothing to do: off, or of a side that does not exist.
    func analogue(channels: Int) -> AnalogueBand? {
        if channels != 2 && target == .side { return nil }
        let shape: AnalogueBand.Shape
        switch kind {
        case .off: return nil
        case .bell: shape = .bell
        case .lowShelf: shape = .lowShelf
        case .highShelf: shape = .highShelf
        case .tilt: shape = .tilt
        case .highPass: shape = .highPass
        case .lowPass: shape = .lowPass
        case .notch: shape = .notch
        }
        return AnalogueBand(shape: shape, hz: hz, db: db, q: q)
    }

    func equalizerTarget(channels: Int) -> EqualizerBand.Target {
        guard channels == 2 else { return .stereo }
        return switch target {
        case .stereo: .stereo
        case .mid: .mid
        case .side: .side
        }
    }
}
