import AudioFiles
import Composition

/// One track to be made. Codable, so that the engine may live in another process than the screen.
public struct GenerateRequest: Sendable, Codable, Equatable {
    public var prompt: String
    /// A brief that was written down; the prompt then says what is to be different.
    public var written: BriefText?
    /// A picture or clip that decides what the words leave open.
    public var picture: PictureSource?
    public var options = GenerateOptions()
    public var seed: UInt64
    public var output: String
    public var container: OutputFormat.Container
    /// Where else something goes; nil: not wanted.
    public var midi: String?
    public var stemsFolder: String?
    public var plan: String?
    /// The brief as TOML, and the harmony as a ChordPro chart.
    public var briefFile: String?
    public var chart: String?
    /// Through the mastering chain, with the genre's preset.
    public var isMastered = true
    public var force = false
    /// The one tier that may do it; nil: the first that can.
    public var tier: String?
    /// Whether somebody is there to be asked whether it may leave.
    public var mayAsk = false

    public init(prompt: String, seed: UInt64, output: String, container: OutputFormat.Container) {
        self.prompt = prompt
        self.seed = seed
        self.output = output
        self.container = container
    }

    /// Prompt, picture and options against the genres there are.
    public func brief(genres: [Genre], picture: PictureFeatures? = nil) -> (Brief, Reading) {
        let (brief, reading, _) = mapped(genres: genres, picture: picture)
        return (brief, reading)
    }

    func mapped(genres: [Genre], picture: PictureFeatures?) -> (Brief, Reading, [PictureMapping.Line]) {
        var wish = written?.wish ?? Wish()
        if written == nil {
            wish = PromptReader.read(prompt, genres: genres)
        } else if !prompt.isEmpty {
            wish.amend(with: PromptReader.read(prompt, genres: genres))
        }
        if let amendment = options.amendment { wish.amend(with: PromptReader.read(amendment, genres: genres)) }
        options.apply(to: &wish)
        let mapping = picture.map { PictureMapping.apply($0, to: &wish) } ?? []
        var brief = Brief(wish, genres: genres, seed: seed)
        brief.variations = (written?.variations ?? []) + options.variations
        brief.settle(&wish.reading)
        return (brief, wish.reading, mapping)
    }
}

/// A picture or clip by its path.
public struct PictureSource: Sendable, Codable, Equatable {
    public var path: String
    public var isClip: Bool

    public init(path: String, isClip: Bool) {
        self.path = path
        self.isClip = isClip
    }

    /// Looks at it, behind the wall.
    /// - Throws: `PictureError`, `CancellationError`.
    func features(isCancelled: () -> Bool) throws -> PictureFeatures {
        var meter = PictureMeter(columns: PictureFrames.columns, rows: PictureFrames.rows, rate: PictureFrames.rate)
        try PictureFrames.read(path, isClip: isClip, isCancelled: isCancelled) { meter.add($0) }
        return meter.features(isClip: isClip)
    }
}

/// What overrides the prompt.
public struct GenerateOptions: Sendable, Codable, Equatable {
    public var seconds: Double?
    public var bars: Int?
    public var bpm: Double?
    /// `F# minor`.
    public var key: Key?
    public var meter: Meter?
    /// Id of a genre.
    public var genre: String?
    public var isLoop = false
    public var sounds: SoundSource?
    /// More words, read like a prompt, that win over it.
    public var amendment: String?
    /// What is drawn anew in place of what the seed gives.
    public var variations: [Variation] = []

    public init() {}

    func apply(to wish: inout Wish) {
        if let seconds {
            if wish.seconds != seconds { wish.overrule(.length, by: "--seconds") }
            (wish.seconds, wish.bars, wish.form) = (seconds, nil, nil)
        }
        if let bars {
            if wish.bars != bars { wish.overrule(.length, by: "--bars") }
            (wish.bars, wish.seconds) = (bars, nil)
        }
        if let bpm {
            if wish.bpm != bpm || wish.bpmUnit != nil { wish.overrule(.tempo, by: "--bpm") }
            (wish.bpm, wish.bpmUnit) = (bpm, nil)
        }
        if let key {
            if wish.key != key { wish.overrule(.key, by: "--key") }
            wish.key = key
            wish.admit(key: key)
        }
        if let meter {
            if wish.meter != meter { wish.overrule(.meter, by: "--meter") }
            wish.meter = meter
            wish.admit(meter: meter)
        }
        if let genre {
            if wish.genre != genre { wish.overrule(.genre, by: "--genre") }
            wish.genre = genre
            wish.admit(genre: genre)
        }
        if isLoop { wish.isLoop = true }
        if let sounds { wish.sounds = sounds }
    }
}
