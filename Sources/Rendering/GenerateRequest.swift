import AudioFiles
import Composition

/// One track to be made. Codable, so that the engine may live in another process than the screen.
public struct GenerateRequest: Sendable, Codable, Equatable {
    public var prompt: String
    public var options = GenerateOptions()
    public var seed: UInt64
    public var output: String
    public var container: OutputFormat.Container
    /// Where else something goes; nil: not wanted.
    public var midi: String?
    public var stemsFolder: String?
    public var plan: String?
    /// Through the mastering chain, with the genre's preset.
    public var isMastered = true
    public var force = false

    public init(prompt: String, seed: UInt64, output: String, container: OutputFormat.Container) {
        self.prompt = prompt
        self.seed = seed
        self.output = output
        self.container = container
    }

    /// Prompt and options against the genres there are.
    public func brief(genres: [Genre]) -> (Brief, Reading) {
        var wish = PromptReader.read(prompt, genres: genres)
        if let amendment = options.amendment { wish.amend(with: PromptReader.read(amendment, genres: genres)) }
        options.apply(to: &wish)
        var brief = Brief(wish, genres: genres, seed: seed)
        brief.variations = options.variations
        return (brief, wish.reading)
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
    /// More words, read like a prompt, that win over it.
    public var amendment: String?
    /// What is drawn anew in place of what the seed gives.
    public var variations: [Variation] = []

    public init() {}

    func apply(to wish: inout Wish) {
        if let seconds {
            wish.seconds = seconds
            wish.bars = nil
        }
        if let bars {
            wish.bars = bars
            wish.seconds = nil
        }
        if let bpm { wish.bpm = bpm }
        if let key { wish.key = key }
        if let meter { wish.meter = meter }
        if let genre { wish.genre = genre }
        if isLoop { wish.isLoop = true }
    }
}
