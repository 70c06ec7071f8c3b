import AudioFiles
import Composition
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Mastering
import NIOCore
import PrivacyLedger
import Rendering

/// Jobs and their results.
extension Routes {
    struct JobRequest: Codable {
        var kind: String
        var upload: String?, preset: String?, curve: String?, container: String?
        var prompt: String?, seed: UInt64?, master: Bool?, seconds: Double?, bars: Int?, bpm: Double?, key: String?, meter: String?, genre: String?, loop: Bool?, item: String?, output_item: String?

        /// What makes two requests one wish: all but where its sound lies and what the client calls things. nil when it cannot be said.
        var wish: String? {
            var same = self
            (same.upload, same.item, same.output_item) = (nil, nil, nil)
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            do { return String(decoding: try encoder.encode(same), as: UTF8.self) } catch { return nil }
        }
    }

    func jobs(_ router: Router<BasicRequestContext>) {
        on(router, .post, "v1/jobs") { [desk] request, _, account in
            guard let key = request.headers[.idempotencyKey], (1...64).contains(key.utf8.count), key.utf8.allSatisfy({ Self.keyBytes.contains($0) }) else {
                throw Refusal.wrong("Idempotency-Key is missing, or is not 1 to 64 of A–Z a–z 0–9 - _")
            }
            let (body, text) = try await Self.body(request, as: JobRequest.self)
            var order = try await desk.order(body, body.wish ?? text)
            order.outputItem = try Self.item(body.output_item)
            let (job, isNew) = try await desk.submit(order, key: key, account: account)
            return Response(await desk.json(job), status: isNew ? .accepted : .ok)
        }
        on(router, .get, "v1/jobs") { [desk] _, _, account in Response(.object([("jobs", .array(await desk.jobs(of: account)))])) }
        on(router, .get, "v1/jobs/:id") { [desk] _, id, account in Response(await desk.json(try await desk.job(id, of: account))) }
        on(router, .get, "v1/jobs/:id/events") { [desk] _, id, account in
            let events = try await desk.watch(id, of: account)
            return Response(status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: .init { writer in
                for await text in events { try await writer.write(ByteBuffer(string: text)) }
                try await writer.finish(nil)
            })
        }
        on(router, .get, "v1/jobs/:id/result") { [desk] request, id, account in try Self.result(try await desk.job(id, of: account), request.headers[.range]) }
        on(router, .post, "v1/jobs/:id/acknowledge") { [desk] _, id, account in Response(.object([("receipts", .array(try await desk.acknowledge(id, of: account)))])) }
        on(router, .post, "v1/jobs/:id/cancel") { [desk] _, id, account in Response(await desk.json(try await desk.cancel(id, of: account))) }
        on(router, .delete, "v1/jobs/:id") { [desk] _, id, account in Response(.object([("receipts", .array(try await desk.delete(id, of: account)))])) }
    }

    private static let keyBytes = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    private static func result(_ job: ServedJob, _ range: String?) throws -> Response {
        guard let output = job.output else {
            throw job.state == .finished ? Refusal(.gone, .gone, "the result has been destroyed") : Refusal(.conflict, .invalidRequest, "the job has no result" + (job.isOver ? "" : " yet"))
        }
        var first: Int64 = 0
        if let range {
            // Only what takes a broken download up again.
            guard range.hasPrefix("bytes="), range.hasSuffix("-"), let from = Int64(range.dropFirst(6).dropLast()), from >= 0, from < job.outputBytes else {
                throw Refusal(.rangeNotSatisfiable, .invalidRequest, "Range is bytes=N-, with N less than \(job.outputBytes)")
            }
            first = from
        }
        var headers: HTTPFields = [.contentType: "application/octet-stream", .eTag: "\"\(job.sha256)\"", .acceptRanges: "bytes", .cacheControl: "no-store"]
        let count = job.outputBytes - first
        if range != nil { headers[.contentRange] = "bytes \(first)-\(job.outputBytes - 1)/\(job.outputBytes)" }
        return Response(status: range == nil ? .ok : .partialContent, headers: headers, body: .init(contentLength: Int(count)) { [first] writer in
            var at = first
            while true {
                var piece = ByteBuffer()
                let got = try piece.writeWithUnsafeMutableBytes(minimumWritableBytes: SealedScratch.frameBytes) {
                    try output.read(at: at, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<SealedScratch.frameBytes]))
                }
                if got == 0 { break }
                at += Int64(got)
                try await writer.write(piece)
            }
            try await writer.finish(nil)
        })
    }
}

extension ServiceDesk {
    /// What a request asks for, checked as far as it can be without its sound.
    func order(_ body: Routes.JobRequest, _ text: String) throws -> Order {
        let container: OutputContainer
        if let name = body.container {
            guard let known = OutputContainer(rawValue: name) else { throw Refusal.wrong("container is one of " + OutputContainer.allCases.map(\.rawValue).joined(separator: ", ")) }
            container = known
        } else {
            container = .wav
        }
        guard let kind = ServedKind(rawValue: body.kind) else { throw Refusal.wrong("kind is master or generate") }
        switch kind {
        case .master:
            guard let upload = body.upload else { throw Refusal.wrong("upload is missing") }
            guard let preset = body.preset else { throw Refusal.wrong("preset is missing: it is the text of a preset file") }
            do throws(PresetError) { _ = try Preset.parse(toml: preset, file: "preset") } catch { throw Refusal(.unprocessableContent, .invalidRequest, error.message.printable) }
            let bytes = uploads[upload]?.bytes ?? 0
            return Order(
                kind: .master, wish: .master(preset: preset, curve: body.curve), upload: upload, container: container,
                credits: max(1, (bytes + ServeSettings.bytesPerCredit - 1) / ServeSettings.bytesPerCredit), item: nil, text: text)
        case .generate:
            guard let prompt = body.prompt, !PromptReader.isBlank(prompt) || body.genre != nil, prompt.utf8.count <= 16 << 10 else { throw Refusal.wrong("prompt is missing, says nothing, or has more than 16 KiB") }
            if let match = rules.match(prompt) {
                var refusal = Refusal(.unprocessableContent, .contentPolicy, "it \(match.why); change the prompt")
                (refusal.rule, refusal.span) = (match.rule, match.span)
                throw refusal
            }
            let request = try generation(body, prompt, container)
            let (brief, _) = request.brief(genres: try GenreLibrary.list())
            guard brief.length <= settings.generateSeconds else { throw Refusal(.unprocessableContent, .invalidRequest, "a track has at most \(Int(settings.generateSeconds)) seconds here") }
            return Order(
                kind: .generate, wish: .generate(request), upload: nil, container: container, credits: max(1, Int64((brief.length / 60).rounded(.up))), item: try Routes.item(body.item), text: text)
        }
    }

    private func generation(_ body: Routes.JobRequest, _ prompt: String, _ container: OutputContainer) throws -> GenerateRequest {
        if let seed = body.seed, !Brief.seedRange.contains(seed) { throw Refusal.wrong("seed is 0 to \(Brief.seedRange.upperBound)") }
        var request = GenerateRequest(prompt: prompt, seed: body.seed ?? UInt64.random(in: 1...999_999), output: "", container: container)
        request.isMastered = body.master ?? true
        request.options.isLoop = body.loop ?? false
        if body.seconds != nil, body.bars != nil { throw Refusal.wrong("seconds and bars were given; choose one") }
        if let seconds = body.seconds {
            guard Brief.secondsRange.contains(seconds) else { throw Refusal.wrong("seconds is 1 to 3600") }
            request.options.seconds = seconds
        }
        if let bars = body.bars {
            guard Brief.barsRange.contains(bars) else { throw Refusal.wrong("bars is 1 to 2000") }
            request.options.bars = bars
        }
        if let bpm = body.bpm {
            guard Brief.tempoRange.contains(bpm) else { throw Refusal.wrong("bpm is 30 to 300") }
            request.options.bpm = bpm
        }
        if let key = body.key {
            guard let known = PromptReader.read("key of " + key, genres: []).key else { throw Refusal.wrong("key is no key; write e.g. F# minor") }
            request.options.key = known
        }
        if let meter = body.meter {
            guard let known = Meter(meter) else { throw Refusal.wrong("meter is no time signature; write e.g. 3/4") }
            request.options.meter = known
        }
        if let genre = body.genre {
            guard try GenreLibrary.list().contains(where: { $0.id == genre }) else { throw Refusal.wrong("there is no such genre") }
            request.options.genre = genre
        }
        return request
    }
}
