import AudioFiles

/// One file to be mastered. Codable, so that the engine may live in another process than the screen.
public struct MasterRequest: Sendable, Codable, Equatable {
    public var input: String
    public var output: String
    /// The preset in its file form.
    public var presetTOML: String
    /// The curve that the tonal balance is compared with, in its file form; nil looks the preset's up where the work is done.
    public var curveTOML: String?
    /// The album beside which the file is to stand, in its file form; decides in the place of the assistant.
    public var signatureTOML: String?
    public var container: OutputFormat.Container
    /// Replace an existing output. Never the input, nor what is in `kept`.
    public var force: Bool
    /// Further files that were read for this master, and that no output may take the place of: references, preset, sequence, signature.
    public var kept: [String] = []
    public var delivery = Delivery()
    /// What is cut off the input and how it fades; of an album's track also the silence behind it.
    public var placement = TrackPlacement()
    /// The one tier that may do it; nil: the first that can.
    public var tier: String?
    /// Whether somebody is there to be asked whether it may leave.
    public var mayAsk = false

    /// - Parameters:
    ///   - preset: its `output` section holds the word length and the dither.
    ///   - curve: of a reference.
    public init(input: String, output: String, preset: Preset, curve: ToneTarget? = nil, container: OutputFormat.Container, force: Bool) {
        self.input = input
        self.output = output
        presetTOML = preset.toml()
        curveTOML = curve?.toml()
        self.container = container
        self.force = force
    }
}

/// What a finished master is: the JSON of `lathe master`, field for field.
public struct MasterResult: Sendable, Codable, Equatable {
    public var input: String
    public var output: String
    /// Id of the preset.
    public var preset: String
    public var engine: String
    /// Wall time from reading to the finished file.
    public var seconds: Double
    /// Length of the sound over `seconds`.
    public var realtimeFactor: Double
    public var tier: String
    public var before: Analysis
    public var after: Analysis
    public var targetLUFS: Double
    public var targetReached: Bool
    /// Why the target was not reached; nil when it was.
    public var note: String?
    /// Gain before the limiter, trim included.
    public var gainDB: Double
    /// dB ≥ 0.
    public var clipMaxReductionDB: Double
    public var limiterMaxReductionDB: Double
    /// What was done, and left undone on purpose, with reasons.
    public var moves: [Move]
    /// Of the output file.
    public var sha256: String
    /// Of the preset's canonical form.
    public var presetHash = ""
    /// Samples at or beyond full scale when the word was shortened; 0 unless something is wrong.
    public var clampedSamples = 0
    public var deliverables: [DeliveredFile] = []
    public var manifest: String?
    /// What lossy codecs make of the master; empty when nobody asked.
    public var codecCheck: [CodecCheck.Reading] = []
    /// The limiter was set for this, dBTP: the preset's ceiling, or what the codec check lowered it to.
    public var ceilingDBTP = 0.0
    /// What the album was made into besides; with its first track only.
    public var disc: DiscSummary?
    /// Where the album's signature lies; with its first track only.
    public var signature: String?

    enum CodingKeys: String, CodingKey {
        case input, output, preset, engine, seconds, tier, before, after, note, moves, sha256
        case realtimeFactor = "realtime_factor", targetLUFS = "target_lufs", targetReached = "target_reached"
        case gainDB = "gain_db", clipMaxReductionDB = "clip_max_reduction_db", limiterMaxReductionDB = "limiter_max_reduction_db"
        case presetHash = "preset_hash", clampedSamples = "clamped_samples", deliverables, manifest
        case codecCheck = "codec_check", ceilingDBTP = "ceiling_dbtp", disc, signature
    }

    public func encode(to encoder: any Encoder) throws {
        var c = encoder.container(keyedBy: CodingKeys.self)
        try c.encode(input, forKey: .input)
        try c.encode(output, forKey: .output)
        try c.encode(preset, forKey: .preset)
        try c.encode(engine, forKey: .engine)
        try c.encode(seconds, forKey: .seconds)
        try c.encode(realtimeFactor, forKey: .realtimeFactor)
        try c.encode(tier, forKey: .tier)
        try c.encode(before, forKey: .before)
        try c.encode(after, forKey: .after)
        try c.encode(targetLUFS, forKey: .targetLUFS)
        try c.encode(targetReached, forKey: .targetReached)
        // Written even when nil: the field exists, its value does not.
        try c.encode(note, forKey: .note)
        try c.encode(gainDB, forKey: .gainDB)
        try c.encode(clipMaxReductionDB, forKey: .clipMaxReductionDB)
        try c.encode(limiterMaxReductionDB, forKey: .limiterMaxReductionDB)
        try c.encode(moves, forKey: .moves)
        try c.encode(sha256, forKey: .sha256)
        try c.encode(presetHash, forKey: .presetHash)
        try c.encode(clampedSamples, forKey: .clampedSamples)
        try c.encode(deliverables, forKey: .deliverables)
        try c.encode(manifest, forKey: .manifest)
        try c.encode(codecCheck, forKey: .codecCheck)
        try c.encode(ceilingDBTP, forKey: .ceilingDBTP)
        try c.encode(disc, forKey: .disc)
        try c.encode(signature, forKey: .signature)
    }
}
