/// What a tier says about the end of what it is given.
public enum TierEnd: Sendable, Equatable {
    /// It signs a receipt when the data is gone (`TierReceipt`), with the secret of this Ed25519 public key of 32 bytes; expected within so many seconds
    /// of the last byte. Later it is overdue.
    case receipt(key: [UInt8], withinSeconds: Double)
    /// It declares how long it keeps the data after the last byte, and nothing more.
    case declared(seconds: Double)
    /// It says nothing: overdue after a day, and never known to be gone.
    case undeclared

    var rule: RetentionRule {
        if case .declared = self { .declaredPeriod } else { .untilReceipt }
    }

    var erasureClass: ErasureClass {
        if case .receipt = self { .e4 } else { .e5 }
    }

    var seconds: Double {
        switch self {
        case .receipt(_, let seconds), .declared(let seconds): seconds
        case .undeclared: Self.silentSeconds
        }
    }

    /// After so long a tier that says nothing is overdue.
    static let silentSeconds = 86_400.0

    var key: [UInt8]? {
        if case .receipt(let key, _) = self { key } else { nil }
    }
}

/// What is about to leave this machine.
public struct TransferRequest: Sendable {
    /// The tier's name in the configuration: 1 to 40 letters, digits, `.`, `-` and `_`.
    public var tier: String
    public var privacyClass: PrivacyClass
    /// Where the tier leads to, scheme, host and port (`https://gpu.example:7860`); its hash is kept.
    public var destination: String
    /// `tierInput` for sound, `prompt` for words, `tierOutput` for what the tier makes and keeps.
    public var kind: ItemKind
    public var purpose: ItemPurpose
    /// Most bytes that will be sent.
    public var bytes: Int64
    public var end: TierEnd
    /// What it is a copy of. The copy does not end with it: that is the tier's doing.
    public var parent: RowID?
    /// The job it belongs to: what a consent for once is bound to.
    public var job: RowID?
    public var displayName: String?

    public init(
        tier: String, privacyClass: PrivacyClass, destination: String, kind: ItemKind, purpose: ItemPurpose, bytes: Int64, end: TierEnd,
        parent: RowID? = nil, job: RowID? = nil, displayName: String? = nil
    ) {
        self.tier = tier
        self.privacyClass = privacyClass
        self.destination = destination
        self.kind = kind
        self.purpose = purpose
        self.bytes = bytes
        self.end = end
        self.parent = parent
        self.job = job
        self.displayName = displayName
    }

    static func isName(_ tier: String) -> Bool {
        (1...40).contains(tier.utf8.count) && tier.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                 UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
    }

    /// Hexadecimal.
    static func hash(of destination: String) -> String { hexadecimal(HashTree.hash(Array(("lathe-destination-1\n" + destination).utf8))) }
}

/// What was agreed when something left: the part of a transfer that never changes. Its course is in the row of the same id.
public struct Transfer: Sendable, Equatable, Codable {
    public var item: RowID
    public var privacyClass: PrivacyClass
    public var destination: String
    /// The consent it went under; nil where none was needed.
    public var consent: RowID?
    public var job: RowID?
    /// The public key that signs the tier's receipts, hexadecimal; nil for a tier that signs none.
    public var receiptKey: String?
    /// Whether the tier says anything about an end.
    public var declares: Bool

    private enum CodingKeys: String, CodingKey {
        case item, destination, consent, job, declares
        case privacyClass = "class"
        case receiptKey = "receipt_key"
    }

    var digest: [UInt8] {
        HashTree.hash(Array([item.rawValue, privacyClass.rawValue, destination, consent?.rawValue ?? "-", job?.rawValue ?? "-", receiptKey ?? "-", "\(declares)"]
            .joined(separator: "\n").utf8))
    }
}

/// Where a copy lies at a tier, for asking the tier to destroy it.
public struct TierCopy: Sendable, Equatable {
    public var tier: String
    /// A hash: whoever asks has to know the place already.
    var destination: String
    /// The tier's own word: a path or an id. As untrusted as the store it lay in.
    public var handle: String
    /// No run that lives watches over the row.
    public var isNobodys: Bool

    /// Whether a configured place is the one that the copy was sent to.
    public func lies(at destination: String) -> Bool { TransferRequest.hash(of: destination) == self.destination }
}

/// What a tier answered when it was asked to destroy something.
public struct TierErasure: Sendable, Equatable {
    /// It says that nothing is left there.
    public var isDestroyed: Bool
    public var receipts: [TierReceipt]
    /// Why not, in the tier's words or ours; cleaned.
    public var reason: String?

    public init(isDestroyed: Bool, receipts: [TierReceipt] = [], reason: String? = nil) {
        (self.isDestroyed, self.receipts, self.reason) = (isDestroyed, receipts, reason)
    }
}
