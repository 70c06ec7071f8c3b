import PrivacyLedger
import Rendering

/// How a server of the kind "JSON in, sound out" wants to be asked: data, one row each.
struct AudioJSONForm: Sendable {
    var path: String
    /// Where our fields go; a field that is not here has no number there and is said in words.
    var fields: [TierField: String]
    /// What is sent besides.
    var fixed: [String: JSONValue]
    var query: String
    /// Lengths are sent in thousandths.
    var usesMilliseconds = false
    var secretHeader: (name: String, form: String)
    var model: String?
    /// Asked without anybody's data to see whether it is there.
    var health: String
    /// Seconds that can be asked for.
    var seconds: ClosedRange<Double>

    static func of(_ dialect: AudioJSONDialect) -> AudioJSONForm {
        switch dialect {
        case .localAI:
            AudioJSONForm(
                path: "/v1/sound-generation", fields: [.prompt: "text", .seconds: "duration_seconds", .model: "model_id", .bpm: "bpm", .key: "keyscale", .meter: "timesignature"],
                fixed: ["instrumental": .bool(true)], query: "", secretHeader: ("authorization", "Bearer %"), model: "ace-step-turbo", health: "/readyz", seconds: 1...600)
        case .vllmOmni:
            AudioJSONForm(
                path: "/v1/audio/generate", fields: [.prompt: "input", .seconds: "audio_length", .seed: "seed", .format: "response_format", .model: "model"], fixed: [:],
                query: "", secretHeader: ("authorization", "Bearer %"), model: nil, health: "/health", seconds: 1...600)
        case .elevenLabs:
            AudioJSONForm(
                path: "/v1/music", fields: [.prompt: "prompt", .seconds: "music_length_ms", .model: "model_id"], fixed: ["force_instrumental": .bool(true)],
                query: "?output_format=mp3_44100_128", usesMilliseconds: true, secretHeader: ("xi-api-key", "%"), model: "music_v1", health: "/v1/models", seconds: 3...600)
        }
    }
}

/// One request with the wish as JSON, one answer that is the sound: LocalAI, vLLM-Omni, ElevenLabs, and others by `fields`.
struct AudioJSONTier: RemoteTier {
    let settings: TierSettings
    let form: AudioJSONForm
    var policy: RoutingPolicy { settings.policy }
    var destination: String { settings.url.origin }
    var end: TierEnd { settings.keepsSeconds.map { .declared(seconds: $0) } ?? .undeclared }
    var limits: HTTPLimits

    init(_ settings: TierSettings) {
        self.settings = settings
        var form = AudioJSONForm.of(settings.dialect ?? .localAI)
        for (name, theirs) in settings.fields { if let field = TierField(rawValue: name) { form.fields[field] = theirs } }
        self.form = form
        limits = HTTPLimits()
        // The head comes when the sound is made.
        limits.firstByteSeconds = settings.deadlineSeconds ?? 600
    }

    func fit(_ job: Job) -> TierFit {
        guard case .generate(let request) = job, settings.does(.generate) else { return .no("it makes tracks only") }
        if let seconds = request.options.seconds, !form.seconds.contains(seconds) { return .no("it makes \(Int(form.seconds.lowerBound)) to \(Int(form.seconds.upperBound)) seconds") }
        let pairs: [(TextControl, TierField)] = [(.tempo, .bpm), (.key, .key), (.meter, .meter), (.length, .seconds)]
        return .yes(inText: pairs.filter { form.fields[$0.1] == nil }.map(\.0))
    }

    static func body(_ prompt: String, _ wish: RemoteOrder.Wish, _ form: AudioJSONForm, model: String?) -> JSONValue {
        var body = form.fixed
        func set(_ field: TierField, _ value: JSONValue?) { if let name = form.fields[field], let value { body[name] = value } }
        set(.prompt, .string(prompt))
        let seconds = min(max(wish.seconds, form.seconds.lowerBound), form.seconds.upperBound)
        set(.seconds, .number(form.usesMilliseconds ? (seconds * 1000).rounded() : seconds))
        set(.seed, .number(Double(wish.seed & 0x7FFF_FFFF)))
        set(.bpm, wish.bpm.map { .number($0.rounded()) })
        set(.key, wish.key.map { .string($0) })
        set(.meter, wish.meter.map { .string(String($0.prefix { $0 != "/" })) })
        set(.format, .string("wav"))
        set(.model, (model ?? form.model).map { .string($0) })
        return .object(body)
    }

    func run(_ order: RemoteOrder, _ link: RemoteLink) async throws(TierError) -> RemoteResult {
        guard case .generate(let prompt, let wish) = order.work else { throw .invalidRequest("it makes tracks only") }
        let line = try HTTPLine(settings.url, secret: settings.key, secretHeader: form.secretHeader, caFile: settings.caFile, limits: limits, connected: link.connected)
        // There is no sign of life until the sound is there; the deadline counts.
        let pulse = Task {
            while !Task.isCancelled {
                do { try await Task.sleep(for: .seconds(5)) } catch { return }
                link.heard(nil)
            }
        }
        defer { pulse.cancel() }
        do throws(TierError) {
            link.sent(Int64(prompt.utf8.count))
            let answer = try await line.post(
                form.path + form.query, json: Self.body(prompt, wish, form, model: settings.model), headers: [("accept", "audio/*"), ("idempotency-key", order.key)])
            pulse.cancel()
            guard answer.status < 300 else { throw try await line.error(answer) }
            // Some answer with the failure and status 200.
            if answer.type.contains("json") {
                let text = RemoteText.message(in: try await line.text(answer))
                throw QuotaText.error(in: text) ?? (HTTPStatus.isModeration(text) ? .contentPolicy(text) : .workerFailure(text))
            }
            try await line.download(answer, into: link.sink) { _ in link.heard(nil) }
            await line.close()
            return RemoteResult(engine: settings.model ?? form.model ?? settings.dialect?.rawValue)
        } catch {
            await line.close()
            throw Task.isCancelled ? .cancelled : error
        }
    }

    func isThere() async -> Bool {
        do { return try await !describe().isEmpty } catch { return false }
    }

    func describe() async throws(TierError) -> [String] {
        let line = try HTTPLine(settings.url, secret: settings.key, secretHeader: form.secretHeader, caFile: settings.caFile, limits: limits)
        do throws(TierError) {
            let answer = try await line.send(.GET, form.health, within: 10)
            guard answer.status < 300 else { throw try await line.error(answer) }
            _ = try await line.text(answer)
            await line.close()
            let words = [TextControl.tempo: TierField.bpm, .key: .key, .meter: .meter, .length: .seconds].filter { form.fields[$0.value] == nil }.map(\.key.rawValue).sorted()
            return ["\((settings.dialect ?? .localAI).rawValue), \(form.path)"] + (words.isEmpty ? [] : ["takes \(words.joined(separator: ", ")) in words only"])
        } catch {
            await line.close()
            throw error
        }
    }
}
