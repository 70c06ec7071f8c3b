import PrivacyLedger

/// Whether a tier can do a job, and what it can take of it as words only.
public enum TierFit: Sendable, Equatable {
    case no(String)
    /// Controls that it knows no number for; they go into the prompt as a sentence, and the result is measured.
    case yes(inText: [TextControl])

    public var fits: Bool { if case .yes = self { true } else { false } }
}

public enum TextControl: String, Sendable, Codable, CaseIterable {
    case tempo, key, meter, length
}

/// Another machine that does jobs. One file per protocol, in `RemoteTiers`.
public protocol RemoteTier: Sendable {
    var policy: RoutingPolicy { get }
    /// Scheme, host and port: what a consent is given for.
    var destination: String { get }
    /// What it says about the end of what it is given.
    var end: TierEnd { get }

    func fit(_ job: Job) -> TierFit

    /// Whether a picture may go along with a prompt.
    var takesPictures: Bool { get }

    /// Does the job and fills `link.sink` with the sound. Nothing that comes back is believed; it is measured afterwards.
    ///
    /// Ends soon after its task is cancelled, and tells the tier.
    func run(_ order: RemoteOrder, _ link: RemoteLink) async throws(TierError) -> RemoteResult

    /// Whether it answers at all, asked with nobody's data. Within some ten seconds.
    func isThere() async -> Bool

    /// Asks it to destroy what lies there under a word that `RemoteLink.lies` was told, also of an earlier run. Within some ten seconds; a job at work there ends.
    func destroy(_ handle: String) async -> TierErasure

    /// What it says of itself, for `lathe tiers test`: a few lines, cleaned.
    func describe() async throws(TierError) -> [String]
}

extension RemoteTier {
    public var takesPictures: Bool { false }

    public func destroy(_ handle: String) async -> TierErasure { TierErasure(isDestroyed: false, reason: "its protocol has no call for that") }
}

/// A job as it leaves: no path, no name of a file.
public struct RemoteOrder: Sendable {
    public struct Sound: Sendable {
        /// Open for reading from its start with `pread`; stays the caller's.
        public var descriptor: Int32
        public var bytes: Int64
        /// `wav`, without a dot: all that goes along of the name.
        public var ending: String
    }
    public enum Work: Sendable {
        case master(Sound, presetTOML: String, curveTOML: String?, container: String)
        /// `prompt` has the sentence of what goes in text already.
        case generate(prompt: String, wish: Wish)
    }
    /// What a tier may take as numbers; nil: not asked for.
    public struct Wish: Sendable, Equatable {
        public var seconds: Double
        public var bpm: Double?
        public var key: String?
        public var meter: String?
        public var genre: String?
        public var seed: UInt64
    }

    /// Idempotency key: the same for every try and tier.
    public var key: String
    public var work: Work
    /// Goes with the prompt, to a tier that takes pictures.
    public var picture: RemotePicture?
    /// Ids of the ledger's rows for what is sent and for what is made there.
    public var inputRow: RowID
    public var outputRow: RowID
}

/// How a tier tells the engine about an attempt. Any thread.
public struct RemoteLink: Sendable {
    /// Where the result goes; empty, open for writing, stays the caller's.
    public var sink: Int32
    public var connected: @Sendable () -> Void
    /// A sign of life; with the seconds that the tier now says it takes in all.
    public var heard: @Sendable (Double?) -> Void
    public var progress: @Sendable (RemoteProgress) -> Void
    /// Bytes of the job that have left so far, all together.
    public var sent: @Sendable (Int64) -> Void
    /// What a tier signed about the rows of this job.
    public var receipt: @Sendable (TierReceipt) -> Void
    /// What the tier calls what lies there now, as `RemoteTier.destroy` takes it.
    public var lies: @Sendable (String) -> Void

    public init(
        sink: Int32, connected: @escaping @Sendable () -> Void = {}, heard: @escaping @Sendable (Double?) -> Void = { _ in },
        progress: @escaping @Sendable (RemoteProgress) -> Void = { _ in }, sent: @escaping @Sendable (Int64) -> Void = { _ in },
        receipt: @escaping @Sendable (TierReceipt) -> Void = { _ in }, lies: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        (self.sink, self.connected, self.heard, self.progress, self.sent, self.receipt, self.lies) = (sink, connected, heard, progress, sent, receipt, lies)
    }
}

/// How far a job is at a tier, as the tier says.
public struct RemoteProgress: Sendable, Codable, Equatable {
    /// Place in its queue, from 1; nil when it is being done.
    public var rank: Int?
    public var queueLength: Int?
    public var etaSeconds: Double?
    /// 0…1.
    public var fraction: Double?
    /// Cleaned.
    public var words: String?

    public init(rank: Int? = nil, queueLength: Int? = nil, etaSeconds: Double? = nil, fraction: Double? = nil, words: String? = nil) {
        self.rank = rank
        self.queueLength = queueLength
        self.etaSeconds = etaSeconds.flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
        self.fraction = fraction.flatMap { $0.isFinite ? min(max($0, 0), 1) : nil }
        self.words = words
    }

    /// `2 of 5, 0:12`, `rendering 40 %`.
    public var line: String {
        var parts: [String] = []
        if let rank { parts.append("place \(rank)" + (queueLength.map { " of \($0)" } ?? "")) }
        if let words { parts.append(words) }
        if let fraction { parts.append("\(Int(fraction * 100)) %") }
        if let etaSeconds { parts.append(clock(etaSeconds)) }
        return parts.joined(separator: ", ")
    }
}

/// What a tier says of the result it gave.
public struct RemoteResult: Sendable {
    /// Whether the tier names this job's key or id with it. Protocols that cannot say so answer on the line that asked: true.
    public var isOwn: Bool
    /// What made it, cleaned; nil when the tier does not say.
    public var engine: String?

    public init(isOwn: Bool = true, engine: String? = nil) {
        self.isOwn = isOwn
        self.engine = engine
    }
}

/// What a tier could take only as words, and what came of it.
public struct TextWish: Sendable, Codable, Equatable {
    public var what: TextControl
    public var asked: String
    /// nil when it cannot be told.
    public var measured: String?
}
