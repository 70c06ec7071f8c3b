/// A mastering preset: what a producer asks for, in the field's units.
///
/// Every key of the TOML form carries its unit. Absent keys take the defaults below (schema 1).
/// `PresetParameters.swift` holds the table of keys, ranges, steps and help; `PresetTOML.swift` reads and writes the file form.
public struct Preset: Sendable, Equatable, Hashable {
    public static let schema = 1
    public static let bandCount = 8
    public static let dynamicBandCount = 4

    /// Stable, lower case, e.g. `streaming`.
    public var id = "streaming"
    public var name = "Streaming"
    public var intent = "General release at streaming level."
    public var tags: [String] = []
    /// Id of the preset whose values hold where the file says nothing; nil stands alone.
    public var basedOn: String?

    public var assistant = Assistance()
    public var target = Target()
    public var condition = Condition()
    /// Always `bandCount` bands; the ones a file does not mention are off.
    public var eq = [Band](repeating: Band(), count: Preset.bandCount)
    public var tone = Tone()
    /// Always `dynamicBandCount` bands.
    public var dyneq = [DynamicBand](repeating: DynamicBand(), count: Preset.dynamicBandCount)
    public var compressor = Compressor()
    public var multiband = Multiband()
    public var saturation = Saturation()
    public var stereo = Stereo()
    public var clip = Clip()
    public var limiter = Limiter()
    public var output = Output()

    public init() {}

    public struct Assistance: Sendable, Equatable, Hashable {
        public var on = true
        /// 0…100 %, of everything that is decided from the material.
        public var amountPct = 100.0
        public init() {}
    }

    public enum ToneMode: String, Sendable, CaseIterable, Codable { case off, curve, reference }

    public struct Tone: Sendable, Equatable, Hashable {
        public var mode = ToneMode.curve
        /// Id of a curve of `ToneLibrary`.
        public var curve = "commercial"
        public var settings = ToneSettings()
        public init() {}
    }

    public enum Scope: String, Sendable, CaseIterable, Codable { case track, album, shortTerm = "short_term" }

    public struct Target: Sendable, Equatable, Hashable {
        /// What the target is for: the integrated loudness of a track, of an album's loudest track, or the most that any 3 s may have.
        public var scope = Scope.track
        /// Loudness to reach, LUFS, −36…−5; with `.shortTerm` not to exceed.
        public var lufs = -14.0
        /// 0.05…1 LU.
        public var toleranceLU = 0.1
        /// Highest true peak, dBTP, −12…−0.1.
        public var ceilingDBTP = -1.0
        /// Most the limiter may take away, dB, 0…12. Reaching it stops the loudness solve.
        public var maxLimiterGainReductionDB = 4.0
        /// Least distance of the true peak from the loudest 3 s, dB, 4…16; 0 is off. Reaching it stops the loudness solve.
        public var psrFloorDB = 0.0
        public init() {}
    }

    public enum DCRemoval: String, Sendable, CaseIterable, Codable { case off, auto, on }

    public struct Condition: Sendable, Equatable, Hashable {
        /// Whether what a channel stands off centre by is taken out.
        public var dc = DCRemoval.auto
        /// Trim before everything, dB, −24…24.
        public var inputGainDB = 0.0
        /// Second-order high-pass corner, Hz; 0 is off, else 10…40.
        public var subsonicHz = 0.0
        public init() {}
    }

    public enum BandType: String, Sendable, CaseIterable, Codable {
        case bell, lowShelf = "low_shelf", highShelf = "high_shelf", highPass = "high_pass", lowPass = "low_pass", notch, tilt
    }

    public enum BandChannel: String, Sendable, CaseIterable, Codable { case stereo, mid, side }

    public enum BandPhase: String, Sendable, CaseIterable, Codable { case minimum, linear }

    public struct Band: Sendable, Equatable, Hashable {
        public var type = BandType.bell
        /// 10 Hz … 20 kHz (and below 0.45 × the sample rate when used).
        public var hz = 1000.0
        /// ±12 dB.
        public var db = 0.0
        /// 0.1…20.
        public var q = 0.71
        public var channel = BandChannel.stereo
        public var phase = BandPhase.minimum
        public var on = false
        public init() {}
    }

    public struct DynamicBand: Sendable, Equatable, Hashable {
        public var on = false
        /// 20 Hz … 20 kHz.
        public var hz = 6500.0
        /// 0.1…20.
        public var q = 1.5
        /// −60…0 dBFS; nil follows the level that is usual in the band.
        public var thresholdDB: Double? = nil
        /// −12…12 dB.
        public var rangeDB = -3.0
        /// 0.1…200 ms.
        public var attackMs = 5.0
        /// 5…1000 ms.
        public var releaseMs = 80.0
        public init() {}
    }

    public struct Compressor: Sendable, Equatable, Hashable {
        public var on = true
        /// Gain reduction wanted on the loud parts (mean over blocks within the relative gate), dB, 0…4. The threshold follows from it.
        public var gainReductionTargetDB = 1.0
        /// 1.1…4.
        public var ratio = 1.5
        /// 0…18 dB.
        public var kneeDB = 9.0
        /// 0.1…200 ms.
        public var attackMs = 30.0
        /// 20…2000 ms.
        public var releaseMs = 250.0
        /// Detector high-pass, Hz; 0 is off, else 20…300.
        public var sidechainHighPassHz = 90.0
        /// 0…100 %: dry to compressed.
        public var mixPct = 100.0
        public init() {}
    }

    public struct Multiband: Sendable, Equatable, Hashable {
        public struct Band: Sendable, Equatable, Hashable {
            /// 1…4; 1 leaves the band as it is.
            public var ratio = 1.5
            /// 0…6 dB.
            public var rangeDB = 3.0
            public var attackMs: Double
            public var releaseMs: Double
        }

        public var on = false
        /// Corners between the bands, Hz.
        public var lowHz = 120.0
        public var midHz = 700.0
        public var highHz = 4500.0
        /// Always four, the lowest first.
        public var bands = [
            Band(attackMs: 60, releaseMs: 250), Band(attackMs: 30, releaseMs: 200),
            Band(attackMs: 15, releaseMs: 150), Band(attackMs: 8, releaseMs: 100),
        ]
        public init() {}
    }

    public enum SaturationType: String, Sendable, CaseIterable, Codable { case tape, tube, soft }

    public struct Saturation: Sendable, Equatable, Hashable {
        /// 0…24 dB; 0 is off.
        public var driveDB = 0.0
        public var type = SaturationType.tape
        /// 0…100 %.
        public var mixPct = 100.0
        public init() {}
    }

    public struct Stereo: Sendable, Equatable, Hashable {
        /// Side level, 0…150 %.
        public var widthPct = 100.0
        /// Of the lows, the mids and the highs, 0…150 %, on top of `widthPct`; corners as in `WidthByBand`.
        public var lowWidthPct = 100.0
        public var midWidthPct = 100.0
        public var highWidthPct = 100.0
        /// Below this the side signal is removed, Hz; 0 is off, else 40…300.
        public var monoBelowHz = 0.0
        public init() {}
    }

    public struct Clip: Sendable, Equatable, Hashable {
        /// 0…4 dB off the highest peaks; 0 is off.
        public var amountDB = 0.0
        /// 0…100 %.
        public var kneePct = 50.0
        public init() {}
    }

    public enum LimiterCharacter: String, Sendable, CaseIterable, Codable { case transparent, punchy, dense }

    public struct Limiter: Sendable, Equatable, Hashable {
        /// 0.5…10 ms.
        public var lookaheadMs = 1.5
        /// 0…50 ms.
        public var holdMs = 0.0
        /// Release, ms, 10…2000; nil is "auto": fast for single peaks, slow when reduction persists.
        public var releaseMs: Double? = nil
        public var character = LimiterCharacter.transparent
        /// 0…100 %.
        public var linkPct = 100.0
        public var protectsLow = true
        public init() {}
    }

    public enum Bits: String, Sendable, CaseIterable, Codable { case int16 = "16", int24 = "24", float32 = "32f" }
    public enum Dither: String, Sendable, CaseIterable, Codable { case none, tpdf, shaped }
    public enum Rate: String, Sendable, CaseIterable, Codable {
        case keep
        case hz44100 = "44100", hz48000 = "48000", hz88200 = "88200", hz96000 = "96000", hz176400 = "176400", hz192000 = "192000"

        /// nil keeps the input's.
        public var hz: Int? { Int(rawValue) }
    }

    public struct Output: Sendable, Equatable, Hashable {
        public var bits = Bits.int24
        public var dither = Dither.tpdf
        public var rate = Rate.keep
        /// A WAV carries its loudness in a `bext` chunk.
        public var bext = false
        public init() {}
    }
}
