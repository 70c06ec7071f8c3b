import AsyncHTTPClient
import FoundationEssentials
import Mastering
import NIOCore
import PrivacyLedger

/// The device flow (RFC 8628) in front of identity providers: a client is told a code and where to enter it, and asks again until somebody has.
///
/// What is learned is one number that the provider gives the person. The provider's token is used once for that and dropped; nothing of it is stored, and the number only
/// as an HMAC under the pepper (`AccountStore`). A client never sees the provider's device code, so what it asks for it asks here, and not more often than the provider wants.
actor DeviceFlows {
    enum Outcome: Sendable, Equatable {
        /// Ask again after so many seconds.
        case pending(seconds: Int)
        case identity(provider: String, String)
    }

    private struct Flow {
        var provider: IdentityProvider
        var deviceCode: String
        var interval: Int
        var nextAt: Double
        var expires: Double
        var isAsking = false
    }

    private struct Answer: Decodable {
        var device_code: String?, user_code: String?, verification_uri: String?, verification_url: String?, expires_in: Double?, interval: Double?
        var access_token: String?, error: String?
        var id: Int64?, sub: String?
    }

    private static let most = 1000
    private static let textBytes = 64 << 10
    private static let longest = 1800.0

    nonisolated let providers: [IdentityProvider]
    private var flows: [String: Flow] = [:]
    private let now: @Sendable () -> Double

    init(_ providers: [IdentityProvider], now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }) { (self.providers, self.now) = (providers, now) }

    func begin(_ name: String) async throws -> JSON {
        guard let provider = providers.first(where: { $0.name == name }) else { throw Refusal(.notFound, .notFound, "this server asks no such provider; GET /v1/server names those it does") }
        flows = flows.filter { $0.value.expires > now() }
        guard flows.count < Self.most else { throw Refusal(.serviceUnavailable, .busy, "too many wait for somebody to enter their code", retryAfter: 30) }
        let answer = try await post(provider.deviceURL, ["client_id": provider.clientID, "scope": provider.scope])
        guard let code = answer.device_code, (1...1024).contains(code.utf8.count), let userCode = answer.user_code, (1...64).contains(userCode.utf8.count),
              userCode.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), let uri = answer.verification_uri ?? answer.verification_url, IdentityProvider.isSafe(uri) else { throw Self.silent }
        let lasts = min(max(answer.expires_in.map { $0.isFinite ? $0 : 0 } ?? 0, 30), Self.longest), interval = Self.seconds(answer.interval)
        let device = RowID().rawValue + RowID().rawValue
        flows[device] = Flow(provider: provider, deviceCode: code, interval: interval, nextAt: now() + Double(interval), expires: now() + lasts)
        return .object([
            ("device", .string(device)), ("user_code", .string(userCode)), ("verification_uri", .string(uri)), ("interval_seconds", .int(interval)), ("expires_in_seconds", .int(Int(lasts))),
        ])
    }

    func poll(_ device: String) async throws -> Outcome {
        guard var flow = flows[device] else { throw Refusal(.unauthorized, .auth, "this code has ended; begin again") }
        guard flow.expires > now() else {
            flows[device] = nil
            throw Refusal(.unauthorized, .auth, "nobody entered the code in time; begin again")
        }
        guard !flow.isAsking, now() >= flow.nextAt else { return .pending(seconds: max(1, Int((flow.nextAt - now()).rounded(.up)))) }
        flow.isAsking = true
        flow.nextAt = now() + Double(flow.interval)
        flows[device] = flow
        defer { flows[device]?.isAsking = false }
        var form = ["client_id": flow.provider.clientID, "device_code": flow.deviceCode, "grant_type": "urn:ietf:params:oauth:grant-type:device_code"]
        if let secret = try flow.provider.secret() { form["client_secret"] = secret }
        let answer = try await post(flow.provider.tokenURL, form)
        if let token = answer.access_token, (1...4096).contains(token.utf8.count), token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            // The code is spent, whatever comes of it.
            flows[device] = nil
            let person = try await send(flow.provider.identityURL, .GET, headers: [("authorization", "Bearer " + token)], body: nil)
            guard let identity = person.id.map(String.init) ?? person.sub, (1...255).contains(identity.utf8.count) else { throw Self.silent }
            return .identity(provider: flow.provider.name, identity)
        }
        switch answer.error {
        case "authorization_pending": return .pending(seconds: flow.interval)
        case "slow_down":
            // RFC 8628, 3.5: five seconds more from now on, or what the provider says.
            let interval = max(flow.interval + 5, Self.seconds(answer.interval))
            flows[device]?.interval = interval
            flows[device]?.nextAt = now() + Double(interval)
            return .pending(seconds: interval)
        case "access_denied":
            flows[device] = nil
            throw Refusal(.unauthorized, .auth, "it was refused there; begin again")
        case "expired_token":
            flows[device] = nil
            throw Refusal(.unauthorized, .auth, "nobody entered the code in time; begin again")
        default: throw Self.silent
        }
    }

    private static let silent = Refusal(.serviceUnavailable, .busy, "the provider does not answer as it should; try again", retryAfter: 10)

    /// RFC 8628, 3.2: five where nothing is said.
    private static func seconds(_ claimed: Double?) -> Int { Int(min(max(claimed.map { $0.isFinite ? $0 : 5 } ?? 5, 1), 60)) }

    private func post(_ url: String, _ form: [String: String]) async throws -> Answer {
        let body = form.sorted { $0.key < $1.key }.map { "\($0.key)=\(Self.encoded($0.value))" }.joined(separator: "&")
        return try await send(url, .POST, headers: [("content-type", "application/x-www-form-urlencoded")], body: body)
    }

    private func send(_ url: String, _ method: HTTPMethodName, headers: [(String, String)], body: String?) async throws -> Answer {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)))
        configuration.httpVersion = .http1Only
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<Answer, any Error>
        do {
            var request = HTTPClientRequest(url: url)
            request.method = method == .POST ? .POST : .GET
            request.headers.add(name: "accept", value: "application/json")
            request.headers.add(name: "user-agent", value: "lathe")
            for (name, value) in headers { request.headers.add(name: name, value: value) }
            if let body { request.body = .bytes(ByteBuffer(string: body)) }
            let response = try await client.execute(request, deadline: .now() + .seconds(10))
            let bytes = try await response.body.collect(upTo: Self.textBytes)
            // Errors of the flow come with several statuses; what counts is what they say.
            result = .success(try JSONDecoder().decode(Answer.self, from: Data(bytes.readableBytesView)))
        } catch {
            result = .failure(error)
        }
        // It can only fail by being closed already.
        do { try await client.shutdown() } catch {}
        do { return try result.get() } catch { throw Self.silent }
    }

    private enum HTTPMethodName { case GET, POST }

    /// As a value of a form (RFC 3986's unreserved characters stay).
    private static func encoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: out.unicodeScalars.append(Unicode.Scalar(byte))
            default: out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return out
    }
}
