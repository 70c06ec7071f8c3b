/// One row as the core decides on it and the store keeps it. Holds no name and no content.
public struct LedgerRecord: Sendable, Equatable {
    public var id: RowID
    public var parent: RowID?
    /// The run that made it, see `RunIdentity`.
    public var run: String
    public var kind: ItemKind
    public var origin: ItemOrigin
    public var purpose: ItemPurpose
    public var place: ItemPlace
    public var reservedBytes: Int64
    public var usedBytes: Int64
    public var state: ItemState
    public var erasureClass: ErasureClass
    public var rule: RetentionRule
    public var created: LedgerInstant
    public var touched: LedgerInstant
    public var expires: LedgerInstant
    /// When it was settled; nil while it may still exist.
    public var settled: LedgerInstant?
    public var reason: DestroyReason?
    /// HMAC-SHA256 of the display name under a key that only the run's memory holds.
    public var commitment: [UInt8]?
    /// Absolute path of the one name the item may have on disk while it is ours; nil for most items.
    public var scratchPath: String?
    /// The boot whose clock its instants are of, once no run holds it (see `leaveRun`); nil while a run does, which tells its own.
    public var boot: String?

    /// Bytes it may occupy: what it uses, or what was set aside for it.
    public var bytes: Int64 { max(usedBytes, state == .intent ? reservedBytes : 0) }
}

/// What somebody wants to keep for a while.
public struct ItemRequest: Sendable {
    public var kind: ItemKind
    public var origin: ItemOrigin
    public var purpose: ItemPurpose
    public var place: ItemPlace
    /// Most bytes it may come to occupy, as far as known.
    public var reservedBytes: Int64
    /// nil is the kind's default rule.
    public var rule: RetentionRule?
    public var parent: RowID?
    public var erasureClass: ErasureClass
    /// Shown on the screen; stays in the memory of this run.
    public var displayName: String?
    /// How long a tier keeps it.
    var tierPeriod: Double?

    /// - Parameter erasureClass: nil follows from the place: E0 in memory, E3 (plain) on disk, E5 at a tier.
    public init(
        kind: ItemKind, origin: ItemOrigin, purpose: ItemPurpose, place: ItemPlace, reservedBytes: Int64 = 0,
        rule: RetentionRule? = nil, parent: RowID? = nil, erasureClass: ErasureClass? = nil, displayName: String? = nil
    ) {
        self.kind = kind
        self.origin = origin
        self.purpose = purpose
        self.place = place
        self.reservedBytes = max(0, reservedBytes)
        self.rule = rule
        self.parent = parent
        self.displayName = displayName
        self.erasureClass = erasureClass ?? {
            switch place {
            case .ram: .e0
            case .disk: .e3
            case .tier: .e5
            }
        }()
    }
}

/// What one process may ask of another.
enum LedgerWish: String, Sendable { case destroy, extend }
