/// What went wrong at a tier, by what follows from it. Texts from outside are cleaned and cut before they come here.
public enum TierError: Error, Sendable, Codable, Equatable {
    /// The job itself is wrong: stop and show.
    case invalidRequest(String)
    /// Refused for what it contains: stop and ask, never on to another provider silently.
    case contentPolicy(String)
    /// Key missing or refused: skip the tier, say so once.
    case auth
    /// Nothing more until then: park, show the time. Seconds from now; nil when the tier does not say.
    case quota(seconds: Double?)
    /// Full: wait if it is short, else next.
    case busy(retryAfter: Double?)
    /// Asleep or loading: next, unless the user chose to wait.
    case coldStart(String)
    /// The work died over there: one retry, then next.
    case workerFailure(String)
    /// Reconnect, then next.
    case transport(TransportFault)
    /// Kept for inspection, then next.
    case badOutput(OutputFault)
    /// It let go after a cancel.
    case cancelled
    /// This machine could not do it, and no other will be tried.
    case final(JobFailure)

    /// Whether it says something about the tier's health.
    var countsAgainstTier: Bool {
        switch self {
        case .workerFailure, .transport, .badOutput: true
        case .invalidRequest, .contentPolicy, .auth, .quota, .busy, .coldStart, .cancelled, .final: false
        }
    }

    /// Tries after the first one, at the same tier.
    var retries: Int {
        switch self {
        case .transport(.refused), .transport(.unreachable), .transport(.broken): 2
        case .transport(.noFirstByte), .transport(.stalled), .workerFailure: 1
        default: 0
        }
    }
}

public enum TransportFault: String, Sendable, Codable, CaseIterable {
    /// No connection: refused, no such host, TLS not trusted.
    case refused
    /// No connection within its time.
    case unreachable
    case noFirstByte = "no_first_byte"
    case stalled
    case deadline
    /// The connection ended in the middle.
    case broken
    /// What came is not what the protocol says: a page, a redirect that leads away, another server.
    case protocolMismatch = "protocol_mismatch"

    var isConnect: Bool { self == .refused || self == .unreachable }
}

/// Why a result was not taken.
public enum OutputFault: String, Sendable, Codable, CaseIterable {
    case foreign
    case undecodable
    case wrongFormat = "wrong_format"
    case wrongLength = "wrong_length"
    case wrongChannels = "wrong_channels"
    case notFinite = "not_finite"
    case silent
    case implausibleLoudness = "implausible_loudness"
    case tooLarge = "too_large"
}

extension TierError {
    /// The class, in a word.
    public var label: String {
        switch self {
        case .invalidRequest: "invalid request"
        case .contentPolicy: "content refused"
        case .auth: "key refused"
        case .quota: "quota used up"
        case .busy: "busy"
        case .coldStart: "starting up"
        case .workerFailure: "worker failed"
        case .transport(let fault):
            switch fault {
            case .refused: "no connection"
            case .unreachable, .noFirstByte: "timeout"
            case .stalled: "stalled"
            case .deadline: "too slow"
            case .broken: "connection broke"
            case .protocolMismatch: "speaks another protocol"
            }
        case .badOutput(let fault):
            switch fault {
            case .foreign: "another job's result"
            case .undecodable: "result is no audio"
            case .wrongFormat: "result in another format"
            case .wrongLength: "result of wrong length"
            case .wrongChannels: "result has wrong channels"
            case .notFinite: "result is not finite"
            case .silent: "result is silent"
            case .implausibleLoudness: "result at an implausible level"
            case .tooLarge: "result is too large"
            }
        case .cancelled: "cancelled"
        case .final: "failed"
        }
    }

    /// What the tier said of it; nil when it said nothing more.
    public var detail: String? {
        switch self {
        case .invalidRequest(let text), .contentPolicy(let text), .coldStart(let text), .workerFailure(let text): text.isEmpty ? nil : text
        case .final(let failure): failure.message
        default: nil
        }
    }
}
