import FoundationEssentials

/// One row as people and scripts see it: the JSON of `lathe ledger list --json`, field for field.
public struct LedgerRow: Sendable, Equatable, Identifiable {
    public var id: RowID
    public var kind: ItemKind
    public var origin: ItemOrigin
    public var purpose: ItemPurpose
    public var place: ItemPlace
    /// Bytes it occupies, or may come to occupy before it begins.
    public var bytes: Int64
    public var state: ItemState
    public var erasureClass: ErasureClass
    public var rule: RetentionRule
    /// Seconds since 1970.
    public var createdAt: Double
    /// When it ends, on the clock of the wall as it stands now.
    public var expiresAt: Double
    /// Negative when it is late; nil once it is settled.
    public var expiresInSeconds: Double?
    public var parent: RowID?
    public var settledAt: Double?
    public var reason: DestroyReason?
    /// Whether this process holds it.
    public var isOurs: Bool
    /// Whether it is kept for a later run and no run holds it.
    public var isLeft = false
    /// What the user calls it; known to the run that made it only, and never encoded.
    public var name: String?

    init(_ record: LedgerRecord, now: LedgerInstant, run: String, name: String?) {
        id = record.id
        kind = record.kind
        origin = record.origin
        purpose = record.purpose
        place = record.place
        bytes = record.bytes
        state = record.state
        erasureClass = record.erasureClass
        rule = record.rule
        createdAt = record.created.wallSeconds
        settledAt = record.settled?.wallSeconds
        reason = record.reason
        parent = record.parent
        isOurs = record.run == run
        isLeft = record.run == LedgerRecord.noRun && record.isResumable
        self.name = name
        if record.settled != nil {
            expiresAt = record.expires.wallSeconds
        } else {
            let left = record.expires.seconds(since: now)
            expiresInSeconds = left
            expiresAt = now.wallSeconds + left
        }
    }
}

extension LedgerRow: Codable {
    private enum Key: String, CodingKey {
        case id, kind, origin, purpose, place, bytes, state, rule, parent, tier, reason
        case erasureClass = "erasure_class"
        case createdAt = "created_at"
        case expiresAt = "expires_at"
        case expiresInSeconds = "expires_in_seconds"
        case settledAt = "settled_at"
    }

    public func encode(to encoder: any Encoder) throws {
        var c = encoder.container(keyedBy: Key.self)
        try c.encode(id, forKey: .id)
        try c.encode(kind, forKey: .kind)
        try c.encode(origin, forKey: .origin)
        try c.encode(purpose, forKey: .purpose)
        try c.encode(place.text, forKey: .place)
        try c.encode(bytes, forKey: .bytes)
        try c.encode(state, forKey: .state)
        try c.encode(erasureClass, forKey: .erasureClass)
        try c.encode(rule, forKey: .rule)
        try c.encode(timestamp(createdAt), forKey: .createdAt)
        try c.encode(timestamp(expiresAt), forKey: .expiresAt)
        // Null, not absent: a script finds every field in every row.
        try c.encode(expiresInSeconds.map { ($0 * 1000).rounded() / 1000 }, forKey: .expiresInSeconds)
        try c.encode(parent, forKey: .parent)
        try c.encode(place.tierName, forKey: .tier)
        if let settledAt {
            try c.encode(timestamp(settledAt), forKey: .settledAt)
            try c.encode(reason, forKey: .reason)
        }
    }

    public init(from decoder: any Decoder) throws {
        let c = try decoder.container(keyedBy: Key.self)
        id = try c.decode(RowID.self, forKey: .id)
        kind = try c.decode(ItemKind.self, forKey: .kind)
        origin = try c.decode(ItemOrigin.self, forKey: .origin)
        purpose = try c.decode(ItemPurpose.self, forKey: .purpose)
        let text = try c.decode(String.self, forKey: .place)
        guard let place = ItemPlace(text: text) else {
            throw DecodingError.dataCorruptedError(forKey: .place, in: c, debugDescription: "not ram, disk or tier:NAME")
        }
        self.place = place
        bytes = try c.decode(Int64.self, forKey: .bytes)
        state = try c.decode(ItemState.self, forKey: .state)
        erasureClass = try c.decode(ErasureClass.self, forKey: .erasureClass)
        rule = try c.decode(RetentionRule.self, forKey: .rule)
        createdAt = try seconds(c.decode(String.self, forKey: .createdAt), c, .createdAt)
        expiresAt = try seconds(c.decode(String.self, forKey: .expiresAt), c, .expiresAt)
        expiresInSeconds = try c.decodeIfPresent(Double.self, forKey: .expiresInSeconds)
        parent = try c.decodeIfPresent(RowID.self, forKey: .parent)
        settledAt = try c.decodeIfPresent(String.self, forKey: .settledAt).map { try seconds($0, c, .settledAt) }
        reason = try c.decodeIfPresent(DestroyReason.self, forKey: .reason)
        isOurs = false
    }
}

private let timestampStyle = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

/// `2026-11-21T15:04:05.123Z`.
func timestamp(_ seconds: Double) -> String { timestampStyle.format(Date(timeIntervalSince1970: seconds)) }

private func seconds<K: CodingKey>(_ text: String, _ container: KeyedDecodingContainer<K>, _ key: K) throws -> Double {
    do {
        return try timestampStyle.parse(text).timeIntervalSince1970
    } catch {
        throw DecodingError.dataCorrupted(.init(
            codingPath: container.codingPath + [key], debugDescription: "not an ISO 8601 time", underlyingError: error))
    }
}

/// What the footer shows.
public struct LedgerSummary: Sendable, Equatable {
    /// Open rows, also those of other Lathe processes.
    public var items = 0
    public var bytes: Int64 = 0
    /// CLOCK_BOOTTIME of the next end; nil when there is nothing.
    public var nextExpiryBootNanoseconds: Int64?
    /// Bytes that left this machine. Nothing leaves while no tier is remote.
    public var bytesLeft: Int64 = 0
    /// Why nothing can be recorded now; nil when all is well.
    public var problem: String?

    public init() {}

    /// Seconds until the next end.
    public func nextExpiryIn(now: LedgerInstant) -> Double? {
        nextExpiryBootNanoseconds.map { Double($0 - now.bootNanoseconds) / 1e9 }
    }
}
