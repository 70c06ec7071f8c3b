import FoundationEssentials
import PrivacyLedger
import Rendering

/// Google Lyria through the Interactions API: `POST /v1beta/interactions`, `store: false`, sound as base 64 inside the answer. No seed, no tempo or key as numbers.
///
/// The service keeps prompts for 55 days; the ledger shows that as a countdown that nothing here can shorten.
struct LyriaTier: RemoteTier {
    let settings: TierSettings
    var policy: RoutingPolicy { settings.policy }
    var destination: String { settings.url.origin }
    var end: TierEnd { .declared(seconds: settings.keepsSeconds ?? Self.keepsSeconds) }
    var limits: HTTPLimits

    static let keepsSeconds = 55 * 86_400.0
    static let usualModel = "lyria-3.5"

    init(_ settings: TierSettings) {
        self.settings = settings
        limits = HTTPLimits()
        // A minute of MP3 as base 64 is some 2 MB.
        limits.textBytes = 64 << 20
        limits.firstByteSeconds = settings.deadlineSeconds ?? 600
    }

    var takesPictures: Bool { true }

    func fit(_ job: Job) -> TierFit {
        guard case .generate(let request) = job, settings.does(.generate) else { return .no("it makes tracks only") }
        if let picture = request.picture, let problem = RemotePicture.problem(picture.path) { return .no(problem) }
        return .yes(inText: [.tempo, .key, .meter, .length])
    }

    /// A prompt alone is a text, with a picture a list of parts.
    static func body(_ prompt: String, _ picture: RemotePicture?, model: String?) -> JSONValue {
        var input = JSONValue.string(prompt)
        if let picture {
            let text: [JSONValue] = prompt.isEmpty ? [] : [.object(["type": .string("text"), "text": .string(prompt)])]
            input = .array(text + [.object(["type": .string("image"), "mime_type": .string(picture.type), "data": .string(Data(picture.bytes).base64EncodedString())])])
        }
        return .object([
            "model": .string(model ?? usualModel), "input": input, "store": .bool(false), "response_modalities": .array([.string("audio")]),
        ])
    }

    func run(_ order: RemoteOrder, _ link: RemoteLink) async throws(TierError) -> RemoteResult {
        guard case .generate(let prompt, _) = order.work else { throw .invalidRequest("it makes tracks only") }
        let line = try HTTPLine(settings.url, secret: settings.key, secretHeader: ("x-goog-api-key", "%"), caFile: settings.caFile, limits: limits, connected: link.connected)
        let pulse = Task {
            while !Task.isCancelled {
                do { try await Task.sleep(for: .seconds(5)) } catch { return }
                link.heard(nil)
            }
        }
        defer { pulse.cancel() }
        do throws(TierError) {
            link.sent(Int64(prompt.utf8.count + (order.picture?.bytes.count ?? 0)))
            let answer = try await line.post("/v1beta/interactions", json: Self.body(prompt, order.picture, model: settings.model))
            let json = try await Self.checked(answer, line)
            guard let sound = try Self.sound(in: json) else { throw .badOutput(.undecodable) }
            try HTTPLine.write(sound, to: link.sink, at: 0)
            await line.close()
            return RemoteResult(engine: settings.model ?? Self.usualModel)
        } catch {
            await line.close()
            throw Task.isCancelled ? .cancelled : error
        }
    }

    private static func checked(_ answer: HTTPLine.Answer, _ line: HTTPLine) async throws(TierError) -> JSONValue {
        guard answer.status < 300 else {
            let bytes = try await line.text(answer)
            // RESOURCE_EXHAUSTED says in its details when to come again: {"retryDelay":"37s"}.
            let details = JSONValue(bytes: bytes)?["error"]?["details"]?.array ?? []
            let delay = details.lazy.compactMap { $0["retryDelay"]?.string }.first.flatMap { Double($0.hasSuffix("s") ? String($0.dropLast()) : $0) }
            throw HTTPStatus.error(answer.status, body: bytes, type: answer.type, retryAfter: answer.retryAfter ?? delay)
        }
        return try await line.json(answer)
    }

    /// The first piece of audio among the outputs. Errors: `contentPolicy` where the answer says that it was blocked.
    static func sound(in answer: JSONValue) throws(TierError) -> [UInt8]? {
        let status = answer["status"]?.string ?? ""
        if status == "failed" || status == "blocked" || answer["blocked_reason"] != nil || answer["finish_reason"]?.string == "SAFETY" {
            let text = RemoteText.clean(answer["error"]?["message"]?.string ?? answer["blocked_reason"]?.string ?? "")
            throw status == "failed" && !HTTPStatus.isModeration(text) ? .workerFailure(text) : .contentPolicy(text)
        }
        return find(answer, depth: 0)
    }

    private static func find(_ value: JSONValue, depth: Int) -> [UInt8]? {
        guard depth < 8 else { return nil }
        switch value {
        case .object(let object):
            let type = object["mime_type"]?.string ?? object["mimeType"]?.string ?? ""
            if type.hasPrefix("audio/") || object["type"]?.string == "audio", let data = object["data"]?.string, let bytes = Data(base64Encoded: data) { return Array(bytes) }
            for key in object.keys.sorted() { if let found = object[key].flatMap({ find($0, depth: depth + 1) }) { return found } }
            return nil
        case .array(let array):
            for item in array.prefix(100) { if let found = find(item, depth: depth + 1) { return found } }
            return nil
        default: return nil
        }
    }

    func isThere() async -> Bool {
        do { return try await !describe().isEmpty } catch { return false }
    }

    func describe() async throws(TierError) -> [String] {
        let line = try HTTPLine(settings.url, secret: settings.key, secretHeader: ("x-goog-api-key", "%"), caFile: settings.caFile, limits: limits)
        do throws(TierError) {
            let model = settings.model ?? Self.usualModel
            let answer = try await line.send(.GET, "/v1beta/models/\(model.percentEncoded)", within: 10)
            guard answer.status < 300 else { throw try await line.error(answer) }
            _ = try await line.text(answer)
            await line.close()
            return ["Google \(model)", "takes tempo, key, meter and length in words only; keeps prompts for 55 days"]
        } catch {
            await line.close()
            throw error
        }
    }
}
