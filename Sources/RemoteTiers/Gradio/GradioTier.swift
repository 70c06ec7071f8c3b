import FoundationEssentials
import NIOCore
import PrivacyLedger
import Rendering

/// A Gradio app, versions 4 to 6: a Space, a machine of one's own, or our own worker.
///
/// Its endpoints: `/master(audio, preset, format)` and `/generate(prompt, seconds, bpm, key, meter, seed, format)`, each with a file among its outputs;
/// other names by `fields`, other parameters at the values that the app gives them itself.
struct GradioTier: RemoteTier {
    let settings: TierSettings
    var policy: RoutingPolicy { settings.policy }
    var destination: String { settings.url.origin }
    var end: TierEnd { settings.keepsSeconds.map { .declared(seconds: $0) } ?? .undeclared }
    var limits = HTTPLimits()

    init(_ settings: TierSettings) { self.settings = settings }

    func fit(_ job: Job) -> TierFit {
        switch job {
        case .master(let request):
            guard settings.does(.master) else { return .no("it is not offered masters") }
            return request.curveTOML == nil ? .yes(inText: []) : .no("the curve of a reference stays here")
        case .generate:
            guard settings.does(.generate) else { return .no("it is not offered tracks") }
            // Without a map it is an app that knows our names.
            guard !settings.fields.isEmpty else { return .yes(inText: []) }
            let pairs: [(TextControl, TierField)] = [(.tempo, .bpm), (.key, .key), (.meter, .meter), (.length, .seconds)]
            return .yes(inText: pairs.filter { settings.fields[$0.1.rawValue] == nil }.map(\.0))
        case .album: return .no("albums are mastered here")
        }
    }

    func run(_ order: RemoteOrder, _ link: RemoteLink) async throws(TierError) -> RemoteResult {
        let line = try HTTPLine(settings.url, secret: settings.key, caFile: settings.caFile, limits: limits, connected: link.connected)
        do throws(TierError) {
            let result = try await GradioCall(settings: settings, line: line, link: link).run(order)
            await line.close()
            return result
        } catch {
            await line.close()
            throw error
        }
    }

    func isThere() async -> Bool {
        do { return try await !describe().isEmpty } catch { return false }
    }

    /// There is a call that ends a job, and none that deletes a file: those the app deletes by itself, if it has been told to.
    func destroy(_ handle: String) async -> TierErasure {
        let parts = handle.split(separator: " ").map(String.init)
        var reason = "Gradio has no call that deletes files; the app does by itself, if its delete_cache is on"
        if parts.count == 3, let function = Int(parts[1]) {
            do throws(TierError) {
                let line = try HTTPLine(settings.url, secret: settings.key, caFile: settings.caFile, limits: limits)
                do throws(TierError) {
                    let app = try GradioApp(config: try await line.json(try await line.send(.GET, "/config", within: 5)))
                    let answer = try await line.post(app.prefix + "/cancel", json: GradioCall.cancellation(session: parts[0], function: function, event: parts[2]), within: 5)
                    _ = try await line.text(answer)
                    await line.close()
                    if answer.status < 400 { reason = "told to cancel the job; " + reason }
                } catch {
                    await line.close()
                    throw error
                }
            } catch {
                reason = error.label + "; " + reason
            }
        }
        return TierErasure(isDestroyed: false, reason: reason)
    }

    func describe() async throws(TierError) -> [String] {
        let line = try HTTPLine(settings.url, secret: settings.key, caFile: settings.caFile, limits: limits)
        do throws(TierError) {
            let app = try GradioApp(config: try await line.json(try await line.send(.GET, "/config", within: 10)))
            let info = try await line.json(try await line.send(.GET, app.prefix + "/info", within: 10))
            await line.close()
            var lines = ["Gradio \(app.version)"]
            for work in TierWork.allCases where settings.does(work) {
                let endpoint = GradioCall.endpoint(work, settings)
                guard let parameters = GradioApp.parameters(of: endpoint, info: info), app.functions[endpoint] != nil else {
                    lines.append("\(work.rawValue): it has no endpoint \(endpoint)")
                    continue
                }
                let unknown = parameters.filter { parameter in
                    parameter.usual == nil && !TierField.allCases.contains { (settings.fields[$0.rawValue] ?? $0.rawValue) == parameter.name }
                }
                let names = parameters.prefix(20).map { RemoteText.clean($0.name.prefix(40)) }.joined(separator: ", ")
                lines.append("\(work.rawValue): \(endpoint)(\(names))" + (unknown.isEmpty ? "" : "; wants \(unknown.prefix(5).map { RemoteText.clean($0.name.prefix(40)) }.joined(separator: ", ")), which `fields` has to name"))
            }
            return lines
        } catch {
            await line.close()
            throw error
        }
    }
}

/// One job at a Gradio app.
struct GradioCall {
    let settings: TierSettings
    let line: HTTPLine
    let link: RemoteLink

    static func endpoint(_ work: TierWork, _ settings: TierSettings) -> String { settings.endpoints[work] ?? "/\(work.rawValue)" }

    func run(_ order: RemoteOrder) async throws(TierError) -> RemoteResult {
        let app = try GradioApp(config: try await line.json(try await line.send(.GET, "/config")))
        link.heard(nil)
        var work = TierWork.generate
        if case .master = order.work { work = .master }
        let endpoint = Self.endpoint(work, settings)
        let info = try await line.json(try await line.send(.GET, app.prefix + "/info"))
        guard let parameters = GradioApp.parameters(of: endpoint, info: info), let function = app.functions[endpoint] else { throw .transport(.protocolMismatch) }
        let values = try await self.values(order, app)
        guard let arguments = GradioApp.arguments(parameters, values, names: settings.fields) else { throw .transport(.protocolMismatch) }

        // Bound to the wish, so that a second try is the same session to a server that looks at it.
        let session = String(order.key.filter { $0.isLetter || $0.isNumber }.suffix(16)).lowercased() + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        if case .generate(let prompt, _) = order.work { link.sent(Int64(prompt.utf8.count)) }
        let joined = try await line.json(try await line.post(app.prefix + "/queue/join", json: .object([
            "data": .array(arguments), "event_data": .null, "fn_index": .number(Double(function)), "trigger_id": .null, "session_hash": .string(session),
        ])))
        guard let event = joined["event_id"]?.string, event.utf8.count <= 128 else { throw .transport(.protocolMismatch) }
        if !session.contains(" "), !event.contains(" ") { link.lies("\(session) \(function) \(event)") }
        do throws(TierError) {
            let outputs = try await follow(app, session: session, event: event)
            guard let file = GradioApp.file(in: outputs) else { throw .badOutput(.undecodable) }
            try await download(file, app)
            return RemoteResult(engine: "Gradio \(app.version)")
        } catch {
            if Task.isCancelled { await cancel(app, session: session, event: event, function: function) }
            throw Task.isCancelled ? .cancelled : error
        }
    }

    private func values(_ order: RemoteOrder, _ app: GradioApp) async throws(TierError) -> [TierField: JSONValue] {
        switch order.work {
        case .master(let sound, let preset, _, let container):
            let path = try await upload(sound, app)
            return [
                .audio: .object([
                    "path": .string(path), "orig_name": .string("input.\(sound.ending)"), "size": .number(Double(sound.bytes)),
                    "meta": .object(["_type": .string("gradio.FileData")]),
                ]),
                .preset: .string(preset), .format: .string(container),
            ]
        case .generate(let prompt, let wish):
            return [
                .prompt: .string(prompt), .seconds: .number(wish.seconds), .bpm: wish.bpm.map { .number($0) } ?? .null, .key: wish.key.map { .string($0) } ?? .null,
                .meter: wish.meter.map { .string($0) } ?? .null, .seed: .number(Double(wish.seed & 0x7FFF_FFFF)), .format: .string("wav"),
            ]
        }
    }

    /// The name of the file stays here.
    private func upload(_ sound: RemoteOrder.Sound, _ app: GradioApp) async throws(TierError) -> String {
        let boundary = "lathe-" + String(UInt64.random(in: 0...UInt64.max), radix: 36)
        let head = "--\(boundary)\r\ncontent-disposition: form-data; name=\"files\"; filename=\"input.\(sound.ending)\"\r\ncontent-type: application/octet-stream\r\n\r\n"
        let body = FileBody(
            head: Array(head.utf8), descriptor: sound.descriptor, bytes: sound.bytes, tail: Array("\r\n--\(boundary)--\r\n".utf8), sent: link.sent)
        let answer = try await line.send(.POST, app.prefix + "/upload", headers: [("content-type", "multipart/form-data; boundary=\(boundary)")], body: body.body)
        guard let path = try await line.json(answer)[0]?.string, path.utf8.count <= 4096 else { throw .transport(.protocolMismatch) }
        return path
    }

    /// Reads the session's events until the job's end.
    private func follow(_ app: GradioApp, session: String, event: String) async throws(TierError) -> JSONValue {
        let answer = try await line.send(.GET, app.prefix + "/queue/data?session_hash=\(session)", headers: [("accept", "text/event-stream")])
        var outputs: [JSONValue]?
        var final: JSONValue?
        try await line.events(answer) { (given) throws(TierError) in
            guard let message = JSONValue(bytes: given.data), let kind = message["msg"]?.string else { throw .transport(.protocolMismatch) }
            if let id = message["event_id"]?.string, id != event { return true }
            link.heard(nil)
            switch kind {
            case "estimation":
                let rank = message["rank"]?.int.map { max(0, $0) + 1 }
                link.progress(RemoteProgress(rank: rank, queueLength: message["queue_size"]?.int, etaSeconds: message["rank_eta"]?.number))
            case "process_starts": link.progress(RemoteProgress(etaSeconds: message["eta"]?.number))
            case "progress": if let progress = Self.progress(message) { link.progress(progress) }
            case "process_generating", "process_streaming":
                guard let data = message["output"]?["data"]?.array else { throw try Self.failure(message) }
                outputs = try merge(outputs, data, app)
            case "process_completed":
                guard message["success"]?.bool == true else { throw try Self.failure(message) }
                let data = message["output"]?["data"] ?? .null
                // Empty where the generator had said everything before.
                final = GradioApp.file(in: data) != nil ? data : outputs.map { .array($0) } ?? data
                return false
            case "unexpected_error", "server_stopped": throw try Self.failure(message)
            default: break
            }
            return true
        }
        return final ?? .null
    }

    private func merge(_ before: [JSONValue]?, _ data: [JSONValue], _ app: GradioApp) throws(TierError) -> [JSONValue] {
        guard app.sendsDiffs, var outputs = before else { return data }
        for (n, diff) in data.enumerated() {
            if n >= outputs.count { outputs.append(.null) }
            guard let changed = GradioDiff.apply(diff, to: outputs[n]) else { throw .transport(.protocolMismatch) }
            outputs[n] = changed
        }
        return outputs
    }

    static func progress(_ message: JSONValue) -> RemoteProgress? {
        guard let unit = message["progress_data"]?.array?.last else { return nil }
        var fraction = unit["progress"]?.number
        if fraction == nil, let index = unit["index"]?.number, let length = unit["length"]?.number, length > 0 { fraction = index / length }
        return RemoteProgress(fraction: fraction, words: unit["desc"]?.string.map { RemoteText.clean($0.prefix(80)) })
    }

    /// A failure inside an answer of status 200.
    private static func failure(_ message: JSONValue) throws(TierError) -> TierError {
        let text = RemoteText.clean(message["output"]?["error"]?.string ?? message["message"]?.string ?? message["title"]?.string ?? "")
        if let known = QuotaText.error(in: text) { return known }
        if HTTPStatus.isModeration(text) { return .contentPolicy(text) }
        return .workerFailure(text)
    }

    private func download(_ file: (path: String?, url: String?), _ app: GradioApp) async throws(TierError) {
        // A link that leads elsewhere is not followed; the same file has a path here.
        let answer: HTTPLine.Answer
        if let url = file.url.flatMap({ line.base.resolve($0, from: line.base.string("/")) }) {
            answer = try await line.send(.GET, url)
        } else if let path = file.path {
            answer = try await line.send(.GET, app.prefix + "/file=" + path.percentEncoded)
        } else {
            throw .badOutput(.foreign)
        }
        try await line.download(answer, into: link.sink) { _ in link.heard(nil) }
    }

    static func cancellation(session: String, function: Int, event: String) -> JSONValue {
        .object(["session_hash": .string(session), "fn_index": .number(Double(function)), "event_id": .string(event)])
    }

    /// Told on a line of its own: this task's requests are refused from here on.
    private func cancel(_ app: GradioApp, session: String, event: String, function: Int) async {
        let settings = self.settings, limits = line.limits
        let farewell = Task.detached {
            do {
                let line = try HTTPLine(settings.url, secret: settings.key, caFile: settings.caFile, limits: limits)
                do {
                    let answer = try await line.post(app.prefix + "/cancel", json: Self.cancellation(session: session, function: function, event: event), within: 5)
                    _ = try await line.text(answer)
                } catch {
                    // The job has ended here already; a tier that does not hear of it runs into its own limits.
                }
                await line.close()
            } catch {
                // As above: nobody is left to tell.
            }
        }
        await farewell.value
    }
}

extension String {
    /// As a part of a path (RFC 3986, 3.3).
    var percentEncoded: String {
        var out = ""
        for byte in utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F, 0x7E: out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                out += "%" + (hex.utf8.count == 1 ? "0" : "") + hex
            }
        }
        return out
    }
}
