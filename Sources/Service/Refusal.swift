import HTTPTypes
import Hummingbird
import NIOCore
import AudioFiles
import Mastering
import Rendering
import PrivacyLedger

/// What a call is answered with when it is not done: a class that a client can act on, and a line for people that repeats nothing of what was sent.
struct Refusal: Error, Sendable, Equatable {
    enum Code: String, Sendable {
        case invalidRequest = "invalid_request", contentPolicy = "content_policy", auth, quota, busy, notFound = "not_found", gone, failed
    }

    var status: HTTPResponse.Status
    var code: Code
    var message: String
    var retryAfter: Int?
    var rule: String?
    var span: Range<Int>?
    /// Of an upload that stands elsewhere.
    var offset: Int64?

    init(_ status: HTTPResponse.Status, _ code: Code, _ message: String, retryAfter: Int? = nil) {
        (self.status, self.code, self.message, self.retryAfter) = (status, code, message, retryAfter)
    }

    static let notFound = Refusal(.notFound, .notFound, "there is no such thing here; it may have ended with its time")
    static func wrong(_ message: String) -> Refusal { Refusal(.badRequest, .invalidRequest, message) }

    /// What a job or the ledger says, without the paths of this machine.
    init(_ failure: JobFailure) {
        switch failure.exitCode {
        case 64, 65, 66: self.init(.unprocessableContent, .invalidRequest, "the file or its settings cannot be used: " + Self.inner(failure.message))
        case 75: self.init(.serviceUnavailable, .busy, "no room at the moment; try again", retryAfter: 5)
        case 130: self.init(.conflict, .invalidRequest, "the job was cancelled")
        default: self.init(.internalServerError, .failed, "the server could not do it: " + Self.inner(failure.message))
        }
    }

    init(_ error: LedgerError) {
        switch error {
        case .overQuota, .busy: self.init(.serviceUnavailable, .busy, "no room for it at the moment; try again", retryAfter: 5)
        case .parentGone, .noSuchRow: self.init(.gone, .gone, "its time was over")
        default: self.init(.internalServerError, .failed, "the server cannot keep anything at the moment")
        }
    }

    /// After the name of a file that means nothing to the client.
    private static func inner(_ message: String) -> String {
        guard message.hasPrefix("/proc/self/fd/"), let colon = message.firstIndex(of: ":") else { return message.printable }
        return String(message[message.index(after: colon)...].drop { $0 == " " }).printable
    }

    var json: JSON {
        var fields: [(String, JSON)] = [("code", .string(code.rawValue)), ("message", .string(message))]
        if let retryAfter { fields.append(("retry_after_seconds", .int(retryAfter))) }
        if let rule { fields.append(("rule", .string(rule))) }
        if let span { fields.append(("span", .array([.int(span.lowerBound), .int(span.upperBound)]))) }
        return .object([("error", .object(fields))])
    }

    var response: Response {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let retryAfter { headers[.retryAfter] = String(retryAfter) }
        if let offset { headers[.uploadOffset] = String(offset) }
        if code == .auth { headers[.wwwAuthenticate] = "Bearer" }
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: json.text)))
    }
}

extension HTTPResponse.Status {
    static let paymentRequired = Self(code: 402, reasonPhrase: "Payment Required")
}

extension HTTPField.Name {
    static let uploadOffset = Self("Upload-Offset")!  // a valid name
    static let idempotencyKey = Self("Idempotency-Key")!  // a valid name
}

extension Response {
    init(_ json: JSON, status: HTTPResponse.Status = .ok) {
        self.init(status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"], body: .init(byteBuffer: ByteBuffer(string: json.text)))
    }
}
