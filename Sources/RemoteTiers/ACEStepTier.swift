import NIOCore
import PrivacyLedger
import Rendering

/// The REST server of ACE-Step 1.5: `/release_task`, `/query_result`, `/v1/audio`. Makes tracks; knows tempo, key, meter and length as numbers.
struct ACEStepTier: RemoteTier {
    let settings: TierSettings
    var policy: RoutingPolicy { settings.policy }
    var destination: String { settings.url.origin }
    var end: TierEnd { settings.keepsSeconds.map { .declared(seconds: $0) } ?? .undeclared }
    var limits = HTTPLimits()
    var pollSeconds = 2.0

    init(_ settings: TierSettings) { self.settings = settings }

    func fit(_ job: Job) -> TierFit {
        guard case .generate = job, settings.does(.generate) else { return .no("it makes tracks only") }
        return .yes(inText: [])
    }

    func run(_ order: RemoteOrder, _ link: RemoteLink) async throws(TierError) -> RemoteResult {
        guard case .generate(let prompt, let wish) = order.work else { throw .invalidRequest("it makes tracks only") }
        let line = try HTTPLine(settings.url, secret: settings.key, caFile: settings.caFile, limits: limits, connected: link.connected)
        do throws(TierError) {
            let result = try await run(prompt, wish, order, line, link)
            await line.close()
            return result
        } catch {
            await line.close()
            throw Task.isCancelled ? .cancelled : error
        }
    }

    /// Every default that would change the wish is set: two takes instead of one, a random seed, a caption that its language model rewrites.
    static func task(_ prompt: String, _ wish: RemoteOrder.Wish, key: String, model: String?) -> JSONValue {
        var body: [String: JSONValue] = [
            "prompt": .string(prompt), "lyrics": .string("[inst]"), "audio_duration": .number(wish.seconds), "batch_size": .number(1),
            "use_random_seed": .bool(false), "seed": .number(Double(wish.seed & 0x7FFF_FFFF)), "use_cot_caption": .bool(false), "use_cot_language": .bool(false),
            "thinking": .bool(false), "audio_format": .string("wav"), "task_type": .string("text2music"),
        ]
        if let bpm = wish.bpm { body["bpm"] = .number(bpm.rounded()) }
        if let keyScale = wish.key { body["key_scale"] = .string(keyScale) }
        if let meter = wish.meter { body["time_signature"] = .string(String(meter.prefix { $0 != "/" })) }
        if let model { body["model"] = .string(model) }
        return .object(body)
    }

    private func run(_ prompt: String, _ wish: RemoteOrder.Wish, _ order: RemoteOrder, _ line: HTTPLine, _ link: RemoteLink) async throws(TierError) -> RemoteResult {
        link.sent(Int64(prompt.utf8.count))
        let made = try Self.data(try await line.json(try await line.post("/release_task", json: Self.task(prompt, wish, key: order.key, model: settings.model))))
        guard let id = made["task_id"]?.string, (1...128).contains(id.utf8.count) else { throw .transport(.protocolMismatch) }
        if let place = made["queue_position"]?.int { link.progress(RemoteProgress(rank: max(1, place))) } else { link.heard(nil) }
        while true {
            let answer = try Self.data(try await line.json(try await line.post("/query_result", json: .object(["task_id_list": .array([.string(id)])]))))
            guard let entry = answer.array?.first(where: { $0["task_id"]?.string == id }) else { throw .workerFailure("the task is not known any more") }
            // A document inside a string.
            let result = entry["result"]?.string.flatMap { JSONValue(bytes: Array($0.utf8)) }
            switch entry["status"]?.int {
            case 1:
                guard let file = result?[0]?["file"]?.string ?? result?["file"]?.string, let url = line.base.resolve(file, from: line.base.string("/")) else { throw .badOutput(.foreign) }
                try await line.download(try await line.send(.GET, url), into: link.sink) { _ in link.heard(nil) }
                return RemoteResult(engine: "ACE-Step 1.5")
            case 2: throw Self.failure(RemoteText.clean(result?[0]?["error"]?.string ?? entry["error"]?.string ?? entry["progress_text"]?.string ?? ""))
            default:
                link.progress(RemoteProgress(
                    fraction: result?[0]?["progress"]?.number ?? entry["progress"]?.number,
                    words: (result?[0]?["stage"]?.string ?? entry["progress_text"]?.string).map { RemoteText.clean($0.prefix(80)) }))
            }
            do { try await Task.sleep(for: .seconds(pollSeconds)) } catch { throw .cancelled }
        }
    }

    /// `{"code":200,"data":…,"error":null}`: failures come inside an answer of status 200.
    static func data(_ answer: JSONValue) throws(TierError) -> JSONValue {
        let code = answer["code"]?.int ?? 200
        if code != 200 || answer["data"] == nil {
            let text = RemoteText.clean(answer["error"]?.string ?? answer["detail"]?.string ?? "")
            if code == 200 { throw text.isEmpty ? .transport(.protocolMismatch) : failure(text) }
            throw HTTPStatus.error(code, body: Array(text.utf8), type: "", retryAfter: nil)
        }
        return answer["data"] ?? .null
    }

    private static func failure(_ text: String) -> TierError {
        QuotaText.error(in: text) ?? (HTTPStatus.isModeration(text) ? .contentPolicy(text) : .workerFailure(text))
    }

    func isThere() async -> Bool {
        do { return try await !describe().isEmpty } catch { return false }
    }

    func describe() async throws(TierError) -> [String] {
        let line = try HTTPLine(settings.url, secret: settings.key, caFile: settings.caFile, limits: limits)
        do throws(TierError) {
            let stats = try Self.data(try await line.json(try await line.send(.GET, "/v1/stats", within: 10)))
            await line.close()
            let jobs = stats["jobs"]
            return ["ACE-Step 1.5", "waiting \(jobs?["queued"]?.int ?? stats["queue_size"]?.int ?? 0), running \(jobs?["running"]?.int ?? 0)"]
        } catch {
            await line.close()
            throw error
        }
    }
}
