import PrivacyLedger
import Rendering

/// How a tier speaks. Each has a file of its own, and a row in `RemoteTierList`.
public enum TierProtocol: String, Sendable, CaseIterable {
    case gradio, lathe
    case aceStep = "ace-step"
    case audioJSON = "audio-json"
    case lyria
}

/// What can be asked of a tier.
public enum TierWork: String, Sendable, CaseIterable {
    case master, generate
}

/// One tier, as configured.
public struct TierSettings: Sendable, Equatable {
    public var name: String
    public var speaks: TierProtocol
    public var url: TierURL
    public var privacyClass: PrivacyClass
    public var consent = ConsentPolicy.ask
    public var deadlineSeconds: Double?
    public var waitsForStart = false
    /// Empty: all that the protocol can do.
    public var work: [TierWork] = []
    public var key: Secret?
    public var caFile: String?
    /// What the tier says of how long it keeps what it is given; nil when it says nothing.
    public var keepsSeconds: Double?
    /// Of a Lathe server: the Ed25519 public key that signs its receipts, 64 hexadecimal digits.
    public var receiptKey: String?
    public var model: String?
    /// Of `audio-json`: whose form it is.
    public var dialect: AudioJSONDialect?
    /// Of `gradio`: the names of its endpoints, and what their parameters are called.
    public var endpoints: [TierWork: String] = [:]
    public var fields: [String: String] = [:]

    public init(name: String, speaks: TierProtocol, url: TierURL, privacyClass: PrivacyClass) {
        self.name = name
        self.speaks = speaks
        self.url = url
        self.privacyClass = privacyClass
    }

    public var policy: RoutingPolicy {
        RoutingPolicy(name: name, privacyClass: privacyClass, consent: consent, deadlineSeconds: deadlineSeconds, waitsForColdStart: waitsForStart)
    }

    public func does(_ work: TierWork) -> Bool { self.work.isEmpty || self.work.contains(work) }
}

/// Whose form of "JSON in, sound out" a server speaks.
public enum AudioJSONDialect: String, Sendable, CaseIterable {
    case localAI = "localai"
    case vllmOmni = "vllm-omni"
    case elevenLabs = "elevenlabs"
}

/// One key of a `[[tier]]`: the table from which the parser, `lathe tiers keys` and the errors come.
public struct TierSettingKey: Sendable {
    public let name: String
    /// What may stand there.
    public let takes: String
    /// What holds when it is absent; nil when it must be there.
    public let usual: String?
    public let says: String

    private static func row(_ name: String, _ takes: String, _ usual: String?, _ says: String) -> TierSettingKey {
        TierSettingKey(name: name, takes: takes, usual: usual, says: says)
    }

    public static let all: [TierSettingKey] = [
        row("name", "1 to 40 letters, digits, . - _", nil, "what the tier is called, on screen and with --tier"),
        row("protocol", words(TierProtocol.self), nil, "how it speaks"),
        row("url", "http(s)://host[:port][/path]", nil, "where it is; a third party only over https"),
        row("privacy", PrivacyClass.allCases.dropFirst().map(\.rawValue).joined(separator: " | "), "unknown", "who can see what is sent there"),
        row("consent", words(ConsentPolicy.self), "ask", "whether it is asked before something goes there; `own` needs no question"),
        row("deadline_seconds", "10 to 86400", "600, or 4 × the estimate", "when a job there is given up and goes on to the next tier"),
        row("wait_for_start", "true | false", "false", "wait for a tier that has to start up instead of going on"),
        row("jobs", "list of master, generate", "all it can do", "what is offered to it"),
        row("key_env", "name of an environment variable", "no key", "where the key comes from"),
        row("key_file", "path of a file with mode 0600", "no key", "where the key comes from, in the place of key_env"),
        row("ca_file", "path of a PEM file", "the system's", "a certificate to trust besides, for a machine of your own"),
        row("keeps_seconds", "0 to 31536000", "it says nothing", "how long it says that it keeps what it is given; shown as a countdown"),
        row("receipt_key", "64 hexadecimal digits", "no receipts", "protocol lathe: the public key that signs its receipts"),
        row("model", "text", "the server's own", "which model to use"),
        row("dialect", words(AudioJSONDialect.self), "localai", "protocol audio-json: whose form"),
        row("master_endpoint", "/name", "/master", "protocol gradio: the endpoint that masters"),
        row("generate_endpoint", "/name", "/generate", "protocol gradio: the endpoint that generates"),
        row("fields", "table: ours = \"theirs\"", "the same names", "protocols gradio and audio-json: what prompt, seconds, seed, bpm, key, audio, preset, format are called there"),
    ]

    private static func words<T: RawRepresentable<String> & CaseIterable>(_ type: T.Type) -> String {
        type.allCases.map(\.rawValue).joined(separator: " | ")
    }
}
