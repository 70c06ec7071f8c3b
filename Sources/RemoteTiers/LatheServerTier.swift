import NIOCore
import PrivacyLedger
import Rendering

/// `lathe serve` on another machine, as `Sources/Service/API.md` has it: resumable upload, one job per key, events, result, acknowledgement, signed receipts.
struct LatheServerTier: RemoteTier {
    let settings: TierSettings
    var policy: RoutingPolicy { settings.policy }
    var destination: String { settings.url.origin }
    var limits = HTTPLimits()

    /// Input is destroyed when the job ends, output when it was acknowledged: within this long of the last byte a receipt is due.
    static let receiptSeconds = 3600.0

    init(_ settings: TierSettings) { self.settings = settings }

    var end: TierEnd {
        if let hex = settings.receiptKey, let key = Self.bytes(hex) { return .receipt(key: key, withinSeconds: Self.receiptSeconds) }
        return settings.keepsSeconds.map { .declared(seconds: $0) } ?? .undeclared
    }

    private static func bytes(_ hex: String) -> [UInt8]? {
        let digits = hex.compactMap(\.hexDigitValue)
        guard digits.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    func fit(_ job: Job) -> TierFit {
        switch job {
        case .master: settings.does(.master) ? .yes(inText: []) : .no("it is not offered masters")
        case .generate: settings.does(.generate) ? .yes(inText: []) : .no("it is not offered tracks")
        case .album: .no("albums are mastered here")
        }
    }

    func run(_ order: RemoteOrder, _ link: RemoteLink) async throws(TierError) -> RemoteResult {
        let line = try HTTPLine(settings.url, secret: settings.key, caFile: settings.caFile, limits: limits, connected: link.connected)
        do throws(TierError) {
            let result = try await LatheServerCall(settings: settings, line: line, link: link).run(order)
            await line.close()
            return result
        } catch {
            await line.close()
            throw error
        }
    }

    func isThere() async -> Bool {
        do {
            let line = try HTTPLine(settings.url, secret: nil, caFile: settings.caFile, limits: limits)
            do {
                let answer = try await line.send(.GET, "/v1/health", within: 10)
                _ = try await line.text(answer)
                await line.close()
                // Full is there.
                return answer.status == 200 || answer.status == 503
            } catch {
                await line.close()
                return false
            }
        } catch { return false }
    }

    func destroy(_ handle: String) async -> TierErasure {
        guard handle.hasPrefix("uploads/") || handle.hasPrefix("jobs/"), let id = handle.split(separator: "/").last.map(String.init), LatheServerCall.isID(id),
              handle.split(separator: "/").count == 2 else { return TierErasure(isDestroyed: false, reason: "it is not known what the server calls it") }
        do throws(TierError) {
            let line = try HTTPLine(settings.url, secret: settings.key, caFile: settings.caFile, limits: limits)
            do throws(TierError) {
                let answer = try await line.send(.DELETE, "/v1/" + handle, within: 10)
                let bytes = try await line.text(answer)
                await line.close()
                let value = JSONValue(bytes: bytes) ?? .null
                switch answer.status {
                case 200..<300: return TierErasure(isDestroyed: true, receipts: LatheServerCall.receipts(in: value))
                // Not there (any more), by the server's own word.
                case 404, 410: return TierErasure(isDestroyed: value["error"]?["code"]?.string != nil, reason: "it has no such thing any more")
                default: return TierErasure(isDestroyed: false, reason: HTTPStatus.error(answer.status, body: bytes, type: answer.type, retryAfter: answer.retryAfter).label)
                }
            } catch {
                await line.close()
                throw error
            }
        } catch {
            return TierErasure(isDestroyed: false, reason: error.label)
        }
    }

    func describe() async throws(TierError) -> [String] {
        let line = try HTTPLine(settings.url, secret: settings.key, caFile: settings.caFile, limits: limits)
        do throws(TierError) {
            let server = try await line.json(try await line.send(.GET, "/v1/server", within: 10))
            await line.close()
            guard server["protocol"]?.int == 1 else { throw .transport(.protocolMismatch) }
            var lines = ["Lathe server, \(RemoteText.clean((server["engine"]?.string ?? "?").prefix(60)))"]
            if let retention = server["retention"] {
                lines.append("keeps input \(retention["input_seconds"]?.int ?? 0) s, output \(retention["output_seconds"]?.int ?? 0) s at most")
            }
            let key = server["public_key"]?.string?.prefix(64).filter(\.isHexDigit) ?? ""
            switch settings.receiptKey?.lowercased() {
            case nil: lines.append("signs receipts with \(key); put it into receipt_key to have them checked")
            case key.lowercased(): lines.append("signs receipts with the key that is configured")
            default: lines.append("signs receipts with ANOTHER key than receipt_key: \(key)")
            }
            return lines
        } catch {
            await line.close()
            throw error
        }
    }
}

/// One job at a Lathe server.
struct LatheServerCall {
    let settings: TierSettings
    let line: HTTPLine
    let link: RemoteLink

    private static let uploadTries = 4

    func run(_ order: RemoteOrder) async throws(TierError) -> RemoteResult {
        var body: [String: JSONValue]
        var upload: String?
        switch order.work {
        case .master(let sound, let preset, let curve, let container):
            let id = try await send(sound, order)
            upload = id
            body = ["kind": .string("master"), "upload": .string(id), "preset": .string(preset), "container": .string(container)]
            if let curve { body["curve"] = .string(curve) }
        case .generate(let prompt, let wish):
            body = [
                "kind": .string("generate"), "prompt": .string(prompt), "seed": .number(Double(wish.seed & 0x1F_FFFF_FFFF_FFFF)), "container": .string("wav"),
                "master": .bool(false), "seconds": .number(wish.seconds), "item": .string(order.inputRow.rawValue),
            ]
            if let bpm = wish.bpm { body["bpm"] = .number(bpm) }
            if let key = wish.key { body["key"] = .string(key) }
            if let meter = wish.meter { body["meter"] = .string(meter) }
            if let genre = wish.genre { body["genre"] = .string(genre) }
            link.sent(Int64(prompt.utf8.count))
        }
        body["output_item"] = .string(order.outputRow.rawValue)
        let key = String(order.key.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }.prefix(64))
        let made: JSONValue
        do throws(TierError) {
            made = try await json(try await line.post("/v1/jobs", json: .object(body), headers: [("idempotency-key", key)]))
        } catch {
            // What no job takes is not left lying there.
            if let upload { await forget("/v1/uploads/" + upload) }
            throw Task.isCancelled ? .cancelled : error
        }
        guard let job = made["job"]?.string, Self.isID(job) else { throw .transport(.protocolMismatch) }
        takeReceipts(made)
        link.lies("jobs/" + job)
        do throws(TierError) {
            let finished = try await follow(job)
            let result = try await line.send(.GET, "/v1/jobs/\(job)/result")
            guard result.status < 400 else { throw try await failure(result) }
            try await line.download(result, into: link.sink) { _ in link.heard(nil) }
            await acknowledge(job, order)
            return RemoteResult(isOwn: finished["job"]?.string == job, engine: nil)
        } catch {
            if Task.isCancelled || upload != nil { await forget("/v1/jobs/" + job) }
            throw Task.isCancelled ? .cancelled : error
        }
    }

    /// Ids become parts of paths.
    static func isID(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x5F }
    }

    /// Goes on after a broken line where the server says that it stands.
    private func send(_ sound: RemoteOrder.Sound, _ order: RemoteOrder) async throws(TierError) -> String {
        let made = try await json(try await line.post("/v1/uploads", json: .object(["bytes": .number(Double(sound.bytes)), "item": .string(order.inputRow.rawValue)])))
        guard let id = made["upload"]?.string, Self.isID(id) else { throw .transport(.protocolMismatch) }
        link.lies("uploads/" + id)
        do throws(TierError) { try await transfer(sound, to: id) } catch {
            await forget("/v1/uploads/" + id)
            throw Task.isCancelled ? .cancelled : error
        }
        return id
    }

    private func transfer(_ sound: RemoteOrder.Sound, to id: String) async throws(TierError) {
        var offset: Int64 = 0
        for attempt in 1...Self.uploadTries {
            do throws(TierError) {
                let body = FileBody(descriptor: sound.descriptor, from: offset, bytes: sound.bytes, sent: link.sent)
                let answer = try await line.send(
                    .PATCH, "/v1/uploads/\(id)", headers: [("upload-offset", "\(offset)"), ("content-type", "application/octet-stream")], body: body.body)
                let done = try await json(answer)
                takeReceipts(done)
                guard done["offset"]?.number == Double(sound.bytes) else { throw .transport(.broken) }
                return
            } catch {
                guard case .transport = error, attempt < Self.uploadTries, !Task.isCancelled else { throw error }
                let state = try await json(try await line.send(.GET, "/v1/uploads/\(id)"))
                guard let at = state["offset"]?.int, (0...sound.bytes).contains(Int64(at)) else { throw error }
                if Int64(at) == sound.bytes { return }
                offset = Int64(at)
            }
        }
        throw .transport(.broken)
    }

    private func follow(_ job: String) async throws(TierError) -> JSONValue {
        let answer = try await line.send(.GET, "/v1/jobs/\(job)/events", headers: [("accept", "text/event-stream")])
        guard answer.status < 400 else { throw try await failure(answer) }
        var last = JSONValue.null
        try await line.events(answer) { (event) throws(TierError) in
            guard let status = JSONValue(bytes: event.data), let state = status["state"]?.string else { throw .transport(.protocolMismatch) }
            last = status
            takeReceipts(status)
            let isWaiting = state == "queued"
            link.progress(RemoteProgress(
                rank: isWaiting ? status["position"]?.int : nil, fraction: isWaiting ? nil : status["fraction"]?.number,
                words: isWaiting ? nil : status["stage"]?.string.map { RemoteText.clean($0.prefix(40)) }))
            return !["finished", "failed", "cancelled"].contains(state)
        }
        switch last["state"]?.string {
        case "finished": return last
        case "cancelled": throw .workerFailure("it was cancelled there")
        default:
            let text = RemoteText.clean(last["error"]?["message"]?.string ?? "")
            switch last["error"]?["code"]?.string {
            case "invalid_request": throw .invalidRequest(text)
            case "content_policy": throw .contentPolicy(text)
            default: throw .workerFailure(text)
            }
        }
    }

    private func json(_ answer: HTTPLine.Answer) async throws(TierError) -> JSONValue {
        guard answer.status < 400 else { throw try await failure(answer) }
        return try await line.json(answer)
    }

    /// The server's own words for classes, where it gives them.
    private func failure(_ answer: HTTPLine.Answer) async throws(TierError) -> TierError {
        let bytes = try await line.text(answer)
        guard let error = JSONValue(bytes: bytes)?["error"], let code = error["code"]?.string else {
            return HTTPStatus.error(answer.status, body: bytes, type: answer.type, retryAfter: answer.retryAfter)
        }
        let text = RemoteText.clean(error["message"]?.string ?? "")
        let wait = error["retry_after_seconds"]?.number ?? answer.retryAfter
        return switch code {
        case "invalid_request": answer.status == 409 ? .workerFailure(text) : .invalidRequest(text)
        case "content_policy": .contentPolicy(error["rule"]?.string.map { "rule \(RemoteText.clean($0.prefix(40)))" } ?? text)
        case "auth": .auth
        case "quota": .quota(seconds: wait)
        case "busy": .busy(retryAfter: wait)
        default: .workerFailure(text)
        }
    }

    /// The result is here: it may go there. A server that is not told destroys it by itself.
    private func acknowledge(_ job: String, _ order: RemoteOrder) async {
        do { takeReceipts(try await line.json(try await line.send(.POST, "/v1/jobs/\(job)/acknowledge", within: 10))) } catch {}
    }

    /// Told on a line of its own: this task's requests are refused once it is cancelled.
    private func forget(_ path: String) async {
        let call = self
        await Task.detached {
            do {
                let line = try HTTPLine(call.settings.url, secret: call.settings.key, caFile: call.settings.caFile, limits: call.line.limits)
                do { call.takeReceipts(try await line.json(try await line.send(.DELETE, path, within: 5))) } catch {}
                await line.close()
            } catch {}
        }.value
    }

    private func takeReceipts(_ answer: JSONValue) {
        for receipt in Self.receipts(in: answer) { link.receipt(receipt) }
    }

    static func receipts(in answer: JSONValue) -> [TierReceipt] {
        var found = answer["receipts"]?.array ?? []
        if let one = answer["receipt"] { found.append(one) }
        return found.prefix(16).compactMap { receipt in
            // One that has not the form of a receipt is none.
            do { return try TierReceipt(json: receipt.bytes) } catch { return nil }
        }
    }
}
