import AudioFiles
import FoundationEssentials
import HTTPTypes
import Hummingbird
import Mastering
import NIOCore
import PrivacyLedger
import Rendering

/// What every call goes through: who asks, how often, and errors as the API has them.
struct Routes {
    let desk: ServiceDesk
    static let mostJSON = 256 << 10

    typealias Handler = @Sendable (_ request: Request, _ id: String, _ account: String) async throws -> Response

    func make() -> Router<BasicRequestContext> {
        let router = Router()
        about(router)
        accounts(router)
        uploads(router)
        jobs(router)
        return router
    }

    /// A call that needs an account.
    func on(_ router: Router<BasicRequestContext>, _ method: HTTPRequest.Method, _ path: RouterPath, _ handler: @escaping Handler) {
        router.on(path, method: method) { [desk] request, context in
            await Self.answer {
                let account = try await desk.caller(request.headers[.authorization])
                return try await handler(request, context.parameters.get("id") ?? "", account)
            }
        }
    }

    /// A call that anybody may make.
    func open(_ router: Router<BasicRequestContext>, _ method: HTTPRequest.Method, _ path: RouterPath, _ handler: @escaping @Sendable (Request) async throws -> Response) {
        router.on(path, method: method) { [desk] request, _ in
            await Self.answer {
                try await desk.allow("open")
                return try await handler(request)
            }
        }
    }

    private static func answer(_ body: () async throws -> Response) async -> Response {
        do { return try await body() } catch let refusal as Refusal {
            return refusal.response
        } catch let error as LedgerError {
            return Refusal(error).response
        } catch is NIOTooManyBytesError {
            return Refusal(.contentTooLarge, .invalidRequest, "the request is longer than it may be").response
        } catch {
            return Refusal(.internalServerError, .failed, "the server could not do it; try again").response
        }
    }

    static func body<Value: Decodable>(_ request: Request, as type: Value.Type) async throws -> (Value, String) {
        let buffer = try await request.body.collect(upTo: mostJSON)
        let bytes = Array(buffer.readableBytesView)
        do { return (try JSONDecoder().decode(type, from: Data(bytes)), String(decoding: bytes, as: UTF8.self)) } catch let error as DecodingError {
            throw Refusal.wrong("the body is not the JSON that this call takes: " + Self.words(error))
        }
    }

    /// Where it is wrong, in names of our own.
    private static func words(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "\(key.stringValue) is missing"
        case .typeMismatch(_, let at), .valueNotFound(_, let at): (at.codingPath.last?.stringValue ?? "it") + " has the wrong type"
        case .dataCorrupted(let at): at.codingPath.last.map { $0.stringValue + " has no such value" } ?? "it is no JSON"
        @unknown default: "it is no JSON"
        }
    }

    static func item(_ text: String?) throws -> RowID? {
        guard let text else { return nil }
        guard let id = RowID(rawValue: text) else { throw Refusal.wrong("item is sixteen characters of Crockford's base 32") }
        return id
    }

    // MARK: The server

    private func about(_ router: Router<BasicRequestContext>) {
        open(router, .get, "v1/health") { [desk] _ in
            let health = await desk.health()
            return Response(health.json, status: health.isFull ? .serviceUnavailable : .ok)
        }
        open(router, .get, "v1/server") { [desk] _ in Response(await desk.about()) }
        open(router, .get, "v1/policy") { [desk] _ in
            Response(status: .ok, headers: [.contentType: "text/plain; charset=utf-8"], body: .init(byteBuffer: ByteBuffer(string: desk.policy)))
        }
        open(router, .get, "v1/stats") { [desk] _ in Response(ServeStats.json(try await desk.ledger.counters())) }
        open(router, .get, "v1/prompt-rules") { [desk] _ in
            let data = try JSONEncoder().encode(desk.rules)
            return Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: data)))
        }
    }

    // MARK: Accounts

    private struct DeviceRequest: Decodable { var provider: String }
    private struct DeviceTokenRequest: Decodable { var device: String }
    private struct TokenRequest: Decodable { var challenge: String, public_key: String, signature: String }

    private func accounts(_ router: Router<BasicRequestContext>) {
        open(router, .post, "v1/accounts/challenge") { [desk] _ in Response(try await desk.challenge()) }
        open(router, .post, "v1/accounts/token") { [desk] request in
            let (body, _) = try await Self.body(request, as: TokenRequest.self)
            return Response(try await desk.token(body.challenge, body.public_key, body.signature), status: .created)
        }
        open(router, .post, "v1/accounts/device") { [desk] request in
            let (body, _) = try await Self.body(request, as: DeviceRequest.self)
            return Response(try await desk.beginDevice(body.provider), status: .created)
        }
        open(router, .post, "v1/accounts/device/token") { [desk] request in
            let (body, _) = try await Self.body(request, as: DeviceTokenRequest.self)
            let (json, isGranted) = try await desk.deviceToken(body.device)
            return Response(json, status: isGranted ? .created : .accepted)
        }
        on(router, .get, "v1/account") { [desk] _, _, account in Response(try await desk.summary(of: account)) }
        on(router, .get, "v1/account/export") { [desk] _, _, account in Response(try await desk.export(of: account)) }
        on(router, .delete, "v1/account") { [desk] _, _, account in Response(.object([("receipts", .array(try await desk.erase(account)))])) }
        on(router, .delete, "v1/account/token") { [desk] request, _, _ in
            try await desk.endToken(request.headers[.authorization])
            return Response(.object([]))
        }
    }

    // MARK: Uploads

    private struct UploadRequest: Decodable { var bytes: Int64, item: String? }
    /// Bytes between two notes of how much there is.
    private static let noteEvery: Int64 = 8 << 20

    private func uploads(_ router: Router<BasicRequestContext>) {
        on(router, .post, "v1/uploads") { [desk] request, _, account in
            let (body, _) = try await Self.body(request, as: UploadRequest.self)
            let (id, upload) = try await desk.makeUpload(body.bytes, item: Self.item(body.item), account: account)
            return Response(.object([("upload", .string(id)), ("offset", .int(0)), ("expires_at_ms", .int(Int(upload.expires)))]), status: .created)
        }
        on(router, .get, "v1/uploads/:id") { [desk] _, id, account in
            let upload = try await desk.upload(id, of: account)
            return Response(.object([("offset", .int(Int(upload.scratch.count))), ("bytes", .int(Int(upload.bytes)))]))
        }
        on(router, .delete, "v1/uploads/:id") { [desk] _, id, account in Response(.object([("receipt", try await desk.endUpload(id, of: account))])) }
        on(router, .patch, "v1/uploads/:id") { [desk] request, id, account in
            guard let offset = request.headers[.uploadOffset].flatMap({ Int64($0) }), offset >= 0 else { throw Refusal.wrong("Upload-Offset says from where on the bytes are") }
            let upload = try await desk.beginTaking(id, at: offset, of: account)
            do {
                for try await var piece in request.body {
                    guard upload.scratch.count + Int64(piece.readableBytes) <= upload.bytes else {
                        throw Refusal(.contentTooLarge, .invalidRequest, "there are more bytes than the upload was made for")
                    }
                    try piece.readWithUnsafeReadableBytes { bytes in
                        try upload.scratch.append(bytes)
                        return bytes.count
                    }
                }
            } catch {
                // What has come stays: the client goes on from there.
                _ = try await desk.endTaking(id)
                throw error
            }
            let (count, receipt) = try await desk.endTaking(id)
            return Response(.object([("offset", .int(Int(count)))] + (receipt.map { [("receipt", $0)] } ?? [])))
        }
    }
}
