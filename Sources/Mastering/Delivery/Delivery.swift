import AudioFiles

/// What is made of a render besides its master.
public struct Delivery: Sendable, Codable, Equatable {
    /// Further files of the same sound.
    public var deliverables: [Deliverable] = []
    /// Where the account of the render goes, as JSON; nil for none.
    public var manifest: String?
    /// The recording's code, into every container that has a place for it; nil keeps the input's.
    public var isrc: ISRC?
    public var codecCheck = CodecCheck.Mode.off
    /// Tags in the place of the input's: `title`, `artist`, `album`, `track`.
    public var tags: [String: String] = [:]
    /// Of a whole album, carried by its first track.
    public var disc: Disc?
    /// Where the album's signature goes, carried by its first track; nil for none.
    public var signature: String?

    public init() {}

    /// Each path through `move`.
    public mutating func movePaths(_ move: (String) -> String) {
        for index in deliverables.indices { deliverables[index].output = move(deliverables[index].output) }
        (manifest, signature) = (manifest.map(move), signature.map(move))
        if var disc {
            (disc.cue, disc.ddp) = (disc.cue.map(move), disc.ddp.map(move))
            self.disc = disc
        }
    }
}

/// A further file of a render, with its own container, word length, sample rate and dither; its peaks are proven anew.
public struct Deliverable: Sendable, Codable, Equatable {
    public var output: String
    public var container: OutputFormat.Container
    /// nil keeps the master's.
    public var bits: OutputFormat.SampleBits?
    /// Hz; nil keeps the master's, or the nearest that the container holds.
    public var sampleRate: Int?

    public init(output: String, container: OutputFormat.Container, bits: OutputFormat.SampleBits? = nil, sampleRate: Int? = nil) {
        self.output = output
        self.container = container
        self.bits = bits
        self.sampleRate = sampleRate
    }
}

extension MasterRequest {
    /// Every file that it makes, the master first, then the deliverables, the manifest, the signature, the disc: the order in which `Master` takes their descriptors.
    public var outputs: [String] {
        [output] + delivery.deliverables.map(\.output) + [delivery.manifest, delivery.signature].compactMap(\.self)
            + (delivery.disc?.outputs ?? [])
    }
}

/// A finished deliverable.
public struct DeliveredFile: Sendable, Codable, Equatable {
    public var output: String
    public var after: Analysis
    /// Its peaks are under the preset's ceiling, within 0.1 dB.
    public var ceilingHeld: Bool
    /// Samples at or beyond full scale when the word was shortened; 0 unless something is wrong.
    public var clampedSamples: Int
    /// Of the file.
    public var sha256: String

    public var json: JSON {
        .object([
            ("output", .string(output)), ("format", .string(after.format)), ("encoding", .string(after.encoding)),
            ("sample_rate", .int(after.sampleRate)), ("integrated_lufs", .measured(after.integratedLUFS)),
            ("true_peak_dbtp", .measured(after.truePeakDBTP)), ("ceiling_held", .bool(ceilingHeld)), ("clamped_samples", .int(clampedSamples)),
            ("sha256", .string(sha256)), ("after", after.json),
        ])
    }
}
