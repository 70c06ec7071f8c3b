import AudioFiles
import Composition
import Glibc
import Mastering

/// What leaves of a job, and what has to come back.
struct RemotePreparation {
    var expectation: ResultExpectation
    var textWishes: [TextWish] = []
    var prompt = ""
    var wish: RemoteOrder.Wish?
    var brief: Brief?
    var reading: Reading?

    /// - Throws: `GenreError`, `AudioFileError`.
    init(_ job: Job, inText: [TextControl]) throws {
        switch job {
        case .master(let request):
            let info = try AudioReader(path: request.input).info
            let seconds = info.claimedFrames.map { Double($0) / Double(info.sampleRate) }
            // Lossy containers pad their frames.
            expectation = ResultExpectation(seconds: seconds, toleranceSeconds: request.container.isLossy ? 0.2 : 0.02, channels: info.channels)
        case .album:
            expectation = ResultExpectation()
        case .generate(let request):
            let genres = try GenreLibrary.list()
            let (brief, reading) = request.brief(genres: genres)
            let said = PromptReader.read(request.prompt, genres: genres)
            self.brief = brief
            self.reading = reading
            expectation = ResultExpectation(
                seconds: inText.contains(.length) ? nil : brief.length, toleranceSeconds: max(2, brief.length * 0.1))
            wish = RemoteOrder.Wish(
                seconds: brief.length, bpm: request.options.bpm ?? (said.bpm == nil ? nil : brief.bpm),
                key: request.options.key != nil || said.key != nil ? brief.key.name : nil,
                meter: request.options.meter != nil ? brief.meter.name : nil, genre: request.options.genre, seed: request.seed)
            var words = [request.prompt.trimmed]
            if let amendment = request.options.amendment { words.append(amendment.trimmed) }
            for control in inText {
                // What the prompt says itself is there in words already.
                guard let (asked, sentence, isOption) = Self.sentence(control, request.options, brief, wish) else { continue }
                textWishes.append(TextWish(what: control, asked: asked))
                if isOption { words.append(sentence) }
            }
            prompt = words.filter { !$0.isEmpty }.map { $0.hasSuffix(".") ? $0 : $0 + "." }.joined(separator: " ")
            if prompt.hasSuffix("."), textWishes.isEmpty, request.options.amendment == nil { prompt = request.prompt }
        }
    }

    private static func sentence(
        _ control: TextControl, _ options: GenerateOptions, _ brief: Brief, _ wish: RemoteOrder.Wish?
    ) -> (String, String, Bool)? {
        switch control {
        case .tempo:
            guard let bpm = wish?.bpm else { return nil }
            let number = bpm.rounded() == bpm ? "\(Int(bpm))" : "\(bpm)"
            return ("\(number) bpm", "Tempo \(number) bpm", options.bpm != nil)
        case .key: return wish?.key.map { ($0, "In \($0)", options.key != nil) }
        case .meter: return options.meter == nil ? nil : (brief.meter.name, "In \(brief.meter.name) time", true)
        case .length:
            guard options.seconds != nil || options.bars != nil else { return nil }
            let seconds = Int(brief.length.rounded())
            return ("\(seconds) s", "About \(seconds) seconds long", true)
        }
    }

    /// What came of the wishes, by what was measured.
    func measured(_ analysis: Analysis) -> [TextWish] {
        textWishes.map { wish in
            var wish = wish
            wish.measured = switch wish.what {
            case .tempo: analysis.tempoBPM.map { "\(($0 * 10).rounded() / 10) bpm" }
            case .key: analysis.key
            case .length: "\(Int(analysis.seconds.rounded())) s"
            case .meter: nil
            }
            return wish
        }
    }
}

extension String {
    fileprivate var trimmed: String { String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()) }
}

extension Job {
    /// What is to be looked at goes along where the job goes.
    var picture: PictureSource? {
        if case .generate(let request) = self { request.picture } else { nil }
    }

    /// Why it can be done on this machine alone; nil when others may do it too.
    public var localOnlyReason: String? {
        switch self {
        case .album: return "an album is mastered as one, here"
        case .master(let request):
            if request.signatureTOML != nil { return "a signature is followed here" }
            if request.placement != TrackPlacement() { return "cuts and fades are made here" }
            if request.delivery != Delivery() { return "further files are made here" }
            return nil
        case .generate(let request):
            if request.written != nil { return "written briefs are read here" }
            if request.picture?.isClip ?? false { return "clips are looked at here" }
            if request.briefFile != nil || request.chart != nil { return "brief and chart come from the score that is written here" }
            if request.midi != nil || request.stemsFolder != nil || request.plan != nil { return "stems, MIDI and plan come from the score that is written here" }
            if request.options.isLoop { return "loops are exact to the bar here only" }
            if !request.options.variations.isEmpty { return "parts are drawn anew here" }
            return nil
        }
    }

    /// The tier that was named, and whether somebody can be asked.
    var tier: String? {
        if case .generate(let request) = self { return request.tier }
        return requests.first?.tier
    }
    var mayAsk: Bool {
        if case .generate(let request) = self { return request.mayAsk }
        return requests.first?.mayAsk ?? false
    }
}
