import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Rendering

/// Requests to one tier: one scheme, host and port, TLS checked, nothing followed that leads elsewhere, every size limited.
///
/// Time is the router's: it cancels the task, and the request with it. Only what runs outside of it passes a limit of its own.
final class HTTPLine: Sendable {
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: HTTPClientResponse.Body

        var type: String { (headers.first(name: "content-type") ?? "").lowercased() }
        /// Seconds, from `Retry-After` in its numeric form (RFC 9110, 10.2.3).
        var retryAfter: Double? { headers.first(name: "retry-after").flatMap { Double($0) }.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil } }
    }

    let base: TierURL
    let limits: HTTPLimits
    private let secret: Secret?
    /// How the key is sent; `%` stands for it.
    private let secretHeader: (name: String, form: String)
    private let client: HTTPClient
    private let cookies = CookieJar()

    /// - Parameters:
    ///   - caFile: a certificate (PEM) to trust besides the system's, for machines of one's own.
    ///   - connected: called when a connection stands.
    init(
        _ base: TierURL, secret: Secret?, secretHeader: (name: String, form: String) = ("authorization", "Bearer %"), caFile: String? = nil,
        limits: HTTPLimits = HTTPLimits(), connected: @escaping @Sendable () -> Void = {}
    ) throws(TierError) {
        self.base = base
        self.limits = limits
        self.secret = secret
        self.secretHeader = secretHeader
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let caFile {
            do { tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMFile(caFile))] } catch { throw .transport(.refused) }
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .milliseconds(Int64(limits.connectSeconds * 1000)), read: nil), decompression: .disabled)
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            connected()
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
    }

    /// Lets the connections go. Must be called.
    func close() async {
        // It can only fail by being closed already.
        do { try await client.shutdown() } catch {}
    }

    /// Sends a request to a path of the tier and returns the head of the answer; the body is still to be read.
    ///
    /// A redirect is followed at most three times, for GET alone, and never to another scheme, host or port.
    /// - Parameters:
    ///   - path: below the tier's own, or what `TierURL.resolve` gave.
    ///   - within: seconds until the head is there, for requests that no router watches.
    func send(
        _ method: HTTPMethod, _ path: String, headers: [(String, String)] = [], body: HTTPClientRequest.Body? = nil, within: Double? = nil
    ) async throws(TierError) -> Answer {
        var target = path.hasPrefix("/") ? base.string(path) : path
        for _ in 0...3 {
            let answer = try await once(method, target, headers, body, within)
            guard (300..<400).contains(answer.status), answer.status != 304 else { return answer }
            guard method == .GET || method == .HEAD, let location = answer.headers.first(name: "location"), let next = base.resolve(location, from: target) else {
                throw .transport(.protocolMismatch)
            }
            target = next
        }
        throw .transport(.protocolMismatch)
    }

    private func once(
        _ method: HTTPMethod, _ url: String, _ headers: [(String, String)], _ body: HTTPClientRequest.Body?, _ within: Double?
    ) async throws(TierError) -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers.add(name: "user-agent", value: "lathe")
        request.headers.add(name: "accept-encoding", value: "identity")
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        if let secret {
            do throws(SecretError) {
                let key = try secret.value()
                request.headers.replaceOrAdd(name: secretHeader.name, value: secretHeader.form == "%" ? key : String(secretHeader.form.dropLast()) + key)
            } catch { throw .auth }
        }
        if let cookie = cookies.header { request.headers.replaceOrAdd(name: "cookie", value: cookie) }
        request.body = body
        do {
            let deadline = within.map { NIODeadline.now() + .milliseconds(Int64($0 * 1000)) } ?? .distantFuture
            let response = try await client.execute(request, deadline: deadline)
            cookies.take(response.headers[canonicalForm: "set-cookie"].map(String.init))
            return Answer(status: Int(response.status.code), headers: response.headers, body: response.body)
        } catch {
            throw Self.classify(error)
        }
    }

    /// A body that is text or JSON, whole. Errors: `broken` when it is larger than allowed.
    func text(_ answer: Answer) async throws(TierError) -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await piece in answer.body {
                bytes += piece.readableBytesView
                guard bytes.count <= limits.textBytes else { throw TierError.transport(.protocolMismatch) }
            }
        } catch { throw Self.classify(error) }
        return bytes
    }

    /// JSON of a successful answer; everything else becomes its class.
    func json(_ answer: Answer) async throws(TierError) -> JSONValue {
        let bytes = try await text(answer)
        guard (200..<300).contains(answer.status) else { throw HTTPStatus.error(answer.status, body: bytes, type: answer.type, retryAfter: answer.retryAfter) }
        guard let json = JSONValue(bytes: bytes) else { throw .transport(.protocolMismatch) }
        return json
    }

    /// What a failed answer stands for. Reads its body.
    func error(_ answer: Answer) async throws(TierError) -> TierError {
        HTTPStatus.error(answer.status, body: try await text(answer), type: answer.type, retryAfter: answer.retryAfter)
    }

    static func classify(_ error: any Error) -> TierError {
        switch error {
        case let error as TierError: return error
        case is CancellationError: return .cancelled
        case let error as HTTPClientError:
            switch error {
            case .cancelled, .requestStreamCancelled: return .cancelled
            case .connectTimeout, .tlsHandshakeTimeout: return .transport(.unreachable)
            case .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout: return .transport(.noFirstByte)
            default: return .transport(.broken)
            }
        case is NIOConnectionError, is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: return .transport(.refused)
        case let error as IOError: return .transport([ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EACCES, EPERM].contains(error.errnoCode) ? .refused : .broken)
        default: return .transport(.broken)
        }
    }
}
