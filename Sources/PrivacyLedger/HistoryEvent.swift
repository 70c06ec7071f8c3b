import Crypto

/// What the history notes. A closed list; those of items are their states.
enum HistoryEventKind: String, Sendable, CaseIterable {
    case intent, live, destroying, overdue, lost, destroyed
    case handedOver = "handed_over"
    /// A run took over the row of one that is over.
    case adopted
    case runBegan = "run_began"
    case runEnded = "run_ended"
    /// A settled row or an ended run is old enough to be forgotten.
    case forgotten
    /// Files lay in the ledger's folder that no row knew of, so many as its number says; they were removed.
    case orphansRemoved = "orphans_removed"
    /// Forgotten rows became counts; its digest is that of all counts.
    case counted
    /// Everything before was erased by the user.
    case erased
    /// A row or run that was there before this part of the history, noted anew.
    case carriedItem = "carried_item"
    case carriedRun = "carried_run"
    /// What was agreed about a row at a tier, when it was made.
    case transfer
    /// The user's answer about a tier, when it was given and when it was withdrawn.
    case consent
    /// What a tier signed.
    case receipt
    /// A record of the log.
    case logged
    /// The key or the rows did not fit each other: nobody can vouch for what was before.
    case broken

    init(_ state: ItemState) {
        self = switch state {
        case .intent: .intent
        case .live: .live
        case .destroying: .destroying
        case .overdue: .overdue
        case .lost: .lost
        case .destroyed: .destroyed
        case .handedOver: .handedOver
        }
    }
}

/// What is about to become an event.
struct HistoryNote: Sendable {
    var kind: HistoryEventKind
    /// The item or the run it is about.
    var subject: String?
    /// Bytes of an item; else 0.
    var number: Int64 = 0
    /// SHA-256 of what the store holds of the subject from here on.
    var digest: [UInt8] = []

    static func item(_ record: LedgerRecord, _ kind: HistoryEventKind? = nil) -> HistoryNote {
        HistoryNote(kind: kind ?? HistoryEventKind(record.state), subject: record.id.rawValue, number: record.bytes, digest: record.digest)
    }
}

/// One leaf of the history. It holds no name: ids are random, and digests cover the row's commitment, which nobody can guess.
public struct HistoryEvent: Sendable, Equatable, Codable {
    /// From 1, without gaps.
    public var number: Int64
    public var atMilliseconds: Int64
    public var bootNanoseconds: Int64
    public var run: String
    public var kind: String
    public var subject: String?
    public var value: Int64
    /// Hexadecimal.
    public var digest: String

    private enum CodingKeys: String, CodingKey {
        case number, run, kind, subject, value, digest
        case atMilliseconds = "at_ms"
        case bootNanoseconds = "boot_ns"
    }

    /// What is hashed: its fields in this order, a line each.
    var leaf: [UInt8] {
        Array("lathe-event-1\n\(number)\n\(atMilliseconds)\n\(bootNanoseconds)\n\(run)\n\(kind)\n\(subject ?? "-")\n\(value)\n\(digest)".utf8)
    }
}

/// A signed state of the history, one for each transaction.
public struct HistoryCheckpoint: Sendable, Equatable, Codable {
    public var index: Int64
    /// Events up to here.
    public var events: Int64
    /// Root of the hash tree over them; this and what follows hexadecimal.
    public var root: String
    /// Ed25519 public key of this checkpoint, and of the next: its secret exists only once this one's has been forgotten.
    public var key: String
    public var next: String
    public var signature: String

    var isSigned: Bool {
        guard let key = bytes(hexadecimal: key), let signature = bytes(hexadecimal: signature) else { return false }
        do { return try Curve25519.Signing.PublicKey(rawRepresentation: key).isValidSignature(signature, for: statement) } catch { return false }
    }

    /// What is signed.
    var statement: [UInt8] { Array("lathe-checkpoint-1\n\(index)\n\(events)\n\(root)\n\(key)\n\(next)".utf8) }
}

extension LedgerRecord {
    /// SHA-256 over all the store keeps of the row, apart from wishes of other processes. Numbers as their bits, so that no two rows share one.
    var digest: [UInt8] {
        func bits(_ instant: LedgerInstant?) -> String { instant.map { "\($0.bootNanoseconds) \($0.wallSeconds.bitPattern)" } ?? "-" }
        var fields: [String] = [
            id.rawValue, parent?.rawValue ?? "-", run, kind.rawValue, origin.rawValue, purpose.rawValue, place.text, "\(reservedBytes)",
            "\(usedBytes)", state.rawValue, erasureClass.rawValue, rule.rawValue, bits(created), bits(touched), bits(expires), bits(settled),
            reason?.rawValue ?? "-", commitment.map { hexadecimal($0) } ?? "-", scratchPath.map { hexadecimal($0.utf8) } ?? "-",
        ]
        if let boot { fields.append(boot) }
        return HashTree.hash(Array(fields.joined(separator: "\n").utf8))
    }
}

extension RunIdentity {
    /// As `LedgerRecord.digest`, of what a run's row holds from its beginning on.
    func digest(swap: String, started: Double, _ facts: RunFacts) -> [UInt8] {
        var fields = [id, boot, "\(process)", "\(processStart)", processSpace, swap, "\(started.bitPattern)"]
        if facts != RunFacts() { fields += [facts.build, facts.policy, facts.fileSystem].map { $0 ?? "-" } }
        return HashTree.hash(Array(fields.joined(separator: "\n").utf8))
    }

    static func digest(ended: Double) -> [UInt8] { HashTree.hash(Array("\(ended.bitPattern)".utf8)) }
}

extension LedgerTally {
    static func digest(_ tallies: [LedgerTally]) -> [UInt8] {
        HashTree.hash(Array(tallies.map { "\($0.day)\n\($0.kind)\n\($0.state)\n\($0.items)\n\($0.bytes)\n" }.joined().utf8))
    }
}
