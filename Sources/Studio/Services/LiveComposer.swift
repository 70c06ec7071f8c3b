import Composition
import Glibc
import PrivacyLedger
import Rendering
import Synchronization

/// Prompts and takes, each under its row: read, composed and played on threads of their own.
final class LiveComposer: Composing {
    private struct State: Sendable {
        var prompts: [Int: Task<RowID, any Error>] = [:]
        var sounds: [Int: (sound: TakeSound, row: RowID)] = [:]
        /// Takes that are being made; what is not among them any more stops at its next block.
        var making: Set<Int> = []
        /// Takes of which there is little yet: somebody waits to hear them.
        var awaited: Set<Int> = []
        var reading = 0
    }

    private let state = Mutex(State())
    private let backend: Backend
    private let post: Post
    /// Seconds that have to be there before a take is played: what the player reads ahead, and some more for a busy machine.
    private static let lead = 3.0
    /// Seconds of it that are made before other takes are made on: by then the player has opened it, with a processor to itself.
    private static let head = 15.0

    init(backend: Backend, post: @escaping Post) {
        self.backend = backend
        self.post = post
    }

    // MARK: Prompts

    func hold(prompt id: Int) {
        let holding = Task { [backend, post] in
            let ledger = try await backend.parts.ledger
            let row = try await ledger.create(ItemRequest(kind: .prompt, origin: .prompt, purpose: .generation, place: .ram, displayName: "prompt \(id)"))
            let holder = Goodbye { post(.promptGone(id)) }
            try await ledger.attach(holder, bytes: Int64(TextEditor.limit), to: row)
            return row
        }
        state.withLock { $0.prompts[id] = holding }
        Task { [post] in
            do { _ = try await holding.value } catch { post(.notice(Notice(Self.words(error), .error))) }
        }
    }

    func read(_ text: String, amendment: String, version: Int) {
        state.withLock { $0.reading = version }
        BackgroundThread.start("reader") { [self] in
            // Somebody who types is faster than an answer to each letter has to be.
            guard state.withLock({ $0.reading }) == version else { return }
            do throws(GenreError) {
                var request = GenerateRequest(prompt: text, seed: 1, output: "", container: .wav)
                request.options.amendment = amendment.isEmpty ? nil : amendment
                let genres = try GenreLibrary.list()
                let (brief, reading) = request.brief(genres: genres)
                var understanding = Understanding(brief, reading, open: Open(request, genres))
                if !amendment.isEmpty {
                    request.options.amendment = nil
                    understanding.isChangeIdle = request.brief(genres: genres).0 == brief
                }
                post(.promptRead(version: version, understanding))
            } catch {
                post(.notice(Notice(error.message, .error)))
            }
        }
    }

    // MARK: Takes

    func make(_ order: TakeOrder) {
        let (holding, isNew) = state.withLock { state in (state.prompts[order.prompt], state.making.insert(order.id).inserted) }
        guard isNew else { return }
        Task { [self] in
            var made: RowID?
            do {
                let parts = try await backend.parts
                if let problem = parts.problem { throw Refusal(message: problem) }
                let row = try await parts.ledger.create(ItemRequest(
                    kind: .unsavedTake, origin: .prompt, purpose: .generation, place: .ram, parent: try await holding?.value, displayName: "take \(order.id)"))
                made = row
                _ = state.withLock { $0.awaited.insert(order.id) }
                let take = try await Self.away("compose") { Result { Take(order.request, genres: try GenreLibrary.list()) } }.get()
                post(.takeOutlined(order.id, TakeOutline(take)))
                let sound = try TakeSound(frames: take.frames, rate: Take.rate)
                let holder = Goodbye { [weak self] in
                    self?.state.withLock { state in
                        state.sounds[order.id] = nil
                        state.making.remove(order.id)
                        state.awaited.remove(order.id)
                    }
                    _ = sound.erase()
                    self?.post(.takeGone(order.id))
                }
                try await parts.ledger.attach(holder, bytes: Int64(take.frames) * 8, to: row)
                state.withLock { $0.sounds[order.id] = (sound, row) }
                let isWhole = await Self.away("take \(order.id)") { [self] in play(take, into: sound, order.id) }
                end(order.id)
                if isWhole { post(.takeReady(order.id)) } else { await parts.ledger.destroy([row], because: .cancelled) }
            } catch {
                end(order.id)
                if let made { await (try? backend.parts)?.ledger.destroy([made], because: .neverBegan) }
                post(.takeFailed(order.id, Self.words(error)))
            }
        }
    }

    private func end(_ id: Int) {
        state.withLock { state in
            state.making.remove(id)
            state.awaited.remove(id)
        }
    }

    /// A take that is heard already waits for one that is not: the first seconds of that one have the processor to themselves.
    private func giveWay(_ id: Int) {
        while state.withLock({ !$0.awaited.isEmpty && !$0.awaited.contains(id) && $0.making.contains(id) }) { usleep(2_000) }
    }

    /// Tells what is there, a percent at a time.
    private func play(_ take: Take, into sound: TakeSound, _ id: Int) -> Bool {
        let lead = min(take.frames, Int(Self.lead * Double(Take.rate))), head = min(take.frames, Int(Self.head * Double(Take.rate)))
        var isAhead = false
        var (told, isPlayable) = (0, false)
        return take.play(into: sound) { [self] frames in
            if !isPlayable, frames >= lead {
                isPlayable = true
                // From here on it is far ahead of what is heard.
                BackgroundThread.yieldToOthers()
                post(.takePlayable(id, path: sound.path))
            }
            if !isAhead, frames >= head {
                isAhead = true
                _ = state.withLock { $0.awaited.remove(id) }
            }
            let percent = frames * 100 / max(1, take.frames)
            if percent > told {
                told = percent
                post(.takeProgress(id, Double(percent) / 100))
            }
            giveWay(id)
            return state.withLock { $0.making.contains(id) }
        }
    }

    func letGo(take id: Int) {
        let row = state.withLock { state in
            state.making.remove(id)
            state.awaited.remove(id)
            return state.sounds[id]?.row
        }
        guard let row else { return }
        Task { [backend] in
            // Without a ledger there is no row.
            await (try? backend.parts)?.ledger.destroy([row], because: .evicted)
        }
    }

    // MARK: Files

    func export(_ order: TakeOrder, into folder: String) {
        submit(order, into: folder) { base in
            var request = order.request
            (request.output, request.midi, request.plan, request.stemsFolder) = (base + ".wav", base + ".mid", base + ".json", base + "-stems")
            (request.chart, request.briefFile) = (base + ".cho", base + ".toml")
            return request
        }
    }

    func send(_ order: TakeOrder, into folder: String) {
        submit(order, into: folder) { base in
            var request = order.request
            (request.output, request.isMastered) = (base + "-mix.wav", false)
            return request
        } then: { [post] request in post(.takeSaved(path: request.output)) }
    }

    private func submit(
        _ order: TakeOrder, into folder: String, _ make: @escaping @Sendable (String) -> GenerateRequest, then done: @escaping @Sendable (GenerateRequest) -> Void = { _ in }
    ) {
        Task { [self] in
            var ordered = false
            do {
                let parts = try await backend.parts
                if let problem = parts.problem { throw Refusal(message: problem) }
                let (brief, _) = order.request.brief(genres: try GenreLibrary.list())
                let request = Self.unused(in: folder, TakeOutline.fileName(brief), make)
                let id = try await backend.queue.submit(.generate(request))
                post(.queued([id]))
                ordered = true
                if case .generate? = await backend.queue.outcome(of: id)?.result { done(request) }
            } catch {
                post(.notice(Notice(Self.words(error), .error)))
                if !ordered { post(.queued([])) }
            }
        }
    }

    /// The first numbered name none of whose files is there.
    private static func unused(in folder: String, _ name: String, _ make: (String) -> GenerateRequest) -> GenerateRequest {
        let base = folder + (folder.hasSuffix("/") ? "" : "/") + name
        for number in 1..<1000 {
            let request = make(number == 1 ? base : base + "-\(number)")
            let files = [request.output, request.midi, request.plan, request.stemsFolder, request.chart, request.briefFile].compactMap { $0 }
            if files.allSatisfy({ path in path.withFileName { access($0, F_OK) } != 0 }) { return request }
        }
        return make(base)
    }

    // MARK: Besides

    /// Does it on a thread of its own.
    private static func away<T: Sendable>(_ name: String, _ body: @escaping @Sendable () -> T) async -> T {
        await withCheckedContinuation { continuation in BackgroundThread.start(name) { continuation.resume(returning: body()) } }
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case let error as LedgerError: error.message
        case let error as GenreError: error.message
        case let error as JobFailure: error.message
        case let error as Refusal: error.message
        default: "the take: \(error)"
        }
    }

    private struct Refusal: Error { var message: String }
}

extension TakeOrder {
    var request: GenerateRequest {
        var request = GenerateRequest(prompt: text, seed: seed, output: "", container: .wav)
        request.options = options
        return request
    }
}

/// What a prompt leaves to the seed.
struct Open {
    var isTempo: Bool
    var isKey: Bool

    init(_ request: GenerateRequest, _ genres: [Genre]) {
        // What another seed draws otherwise.
        let drawn = (1...6).map { seed in
            var other = request
            other.seed = UInt64(seed)
            return other.brief(genres: genres).0
        }
        isTempo = Set(drawn.map(\.bpm)).count > 1
        isKey = Set(drawn.map(\.key)).count > 1
    }
}

extension TakeOutline {
    init(_ take: Take) {
        let score = take.score, brief = score.brief
        let activity = take.activity
        self.init(
            title: "\(brief.genre.name) \(brief.key.name) \(Format.fixed(brief.bpm, 0)) bpm", fileName: Self.fileName(brief), seconds: brief.length, bars: brief.bars,
            sections: score.sections.map { .init(name: $0.name, bar: $0.bar, bars: $0.bars, energy: $0.energy) },
            parts: zip(score.tracks, activity).map { .init(name: $0.name, bars: $1) }, understanding: Understanding(brief, take.reading))
    }

    static func fileName(_ brief: Brief) -> String { "\(brief.genre.id)-\(brief.seed)" + (brief.variations.isEmpty ? "" : "-v\(brief.variations.count)") }
}

extension Understanding {
    /// - Parameter open: what is not decided yet; nil for a take, where all is.
    init(_ brief: Brief, _ reading: Reading, open: Open? = nil) {
        let genre = brief.genre
        let pulse = brief.meter.tempoUnit == "quarter" ? "" : " (" + brief.meter.tempoUnit + ")"
        self.brief = [
            .init(label: "genre", value: genre.name),
            .init(label: "tempo", value: open?.isTempo == true ? "\(Format.fixed(genre.slowest, 0)) to \(Format.fixed(genre.fastest, 0)) bpm, as the seed draws"
                : Format.fixed(brief.bpm, brief.bpm == brief.bpm.rounded() ? 0 : 1) + " bpm" + pulse),
            .init(label: "key", value: open?.isKey == true ? "as the seed draws" : brief.key.name), .init(label: "metre", value: brief.meter.name),
            .init(label: "length", value: Self.length(brief, open) + (brief.isLoop ? ", loop" : "")),
        ]
        let mood = brief.moods.map(\.name).joined(separator: ", ")
        if !mood.isEmpty { self.brief.append(.init(label: "mood", value: mood)) }
        let voices = brief.voices.map(\.name) + brief.without.map { "no " + $0 } + (brief.isOnly ? ["nothing else"] : [])
        if !voices.isEmpty { self.brief.append(.init(label: "parts", value: voices.joined(separator: ", "))) }
        if !brief.chords.isEmpty { self.brief.append(.init(label: "chords", value: brief.chords.map(\.symbol).joined(separator: " "))) }
        understood = reading.understood.map { .init(text: $0.text, why: $0.as) }
        ignored = reading.ignored.map { .init(text: $0.text, why: $0.why) }
    }

    /// Of a length in bars the seconds follow from the tempo, of one in seconds the bars.
    private static func length(_ brief: Brief, _ open: Open?) -> String {
        let bars = brief.bars == 1 ? "1 bar" : "\(brief.bars) bars"
        guard open?.isTempo == true else { return bars + ", " + Format.duration(brief.length) }
        return brief.seconds == nil ? "about \(bars)" : Format.duration(brief.length)
    }
}
