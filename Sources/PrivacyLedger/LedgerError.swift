/// Why the ledger did not do what was asked. One line each, with the remedy.
public enum LedgerError: Error, Equatable, Sendable {
    /// The store cannot be opened or made.
    case cannotOpen(path: String, reason: String)
    /// The store cannot be written: nothing temporary may be made.
    case cannotWrite(path: String, reason: String)
    /// The store is not a ledger, or is damaged.
    case damaged(path: String)
    /// Another Lathe held the store for too long.
    case busy(path: String)
    case noSuchRow(String)
    case ambiguousRow(String)
    /// More memory, or more of the disk, than the ledger may promise to temporary data.
    case overQuota(wantedBytes: Int64, freeBytes: Int64)
    /// The item, or what it is derived from, has ended.
    case parentGone
    case notExtendable(RowID, rule: RetentionRule)
    case closed
    case cannotExport(path: String, reason: String)
    /// `privacy.toml` says what cannot be; nil when it is no line in particular.
    case badSettings(path: String, line: Int?, reason: String)
    /// A byte may go to this tier only after the user has said so.
    case consentMissing(tier: String, PrivacyClass)
    /// What goes to a tier begins with `beginTransfer`, under a name that is one.
    case noTransfer(tier: String)
    /// The policy of a server has places that only its operator can fill.
    case openPlaces([String])
    /// What says it is a tier's receipt is none, or not one for this.
    case badReceipt(String)
    /// Only the tier can destroy what lies there.
    case atTier(RowID, tier: String)
    /// It was destroyed as far as that can be done now: a file of it is still there.
    case notGone(RowID, isNoise: Bool)
    /// Scratch could not be made.
    case cannotMakeScratch(path: String, reason: String)

    /// As in sysexits(3).
    public var exitCode: Int32 {
        switch self {
        case .cannotOpen, .cannotWrite, .damaged, .closed, .cannotMakeScratch, .notGone: 74
        case .busy, .overQuota, .parentGone, .atTier: 75
        case .consentMissing: 69
        case .noTransfer: 64
        case .noSuchRow: 66
        case .ambiguousRow, .notExtendable: 64
        case .cannotExport: 73
        case .badSettings, .badReceipt, .openPlaces: 65
        }
    }

    public var message: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "\(inert(path)): the privacy ledger cannot be opened (\(reason)); \(isAboutSpace(reason) ? "free some space there" : "make the folder writable") or set XDG_STATE_HOME"
        case .cannotWrite(let path, let reason):
            "\(inert(path)): the privacy ledger cannot be written (\(reason)), so nothing temporary is made; \(isAboutSpace(reason) ? "free some space there" : "make it writable")"
        case .damaged(let path):
            "\(inert(path)): the privacy ledger is damaged; `lathe ledger erase --everything` starts a new one"
        case .busy(let path):
            "\(inert(path)): another Lathe holds the privacy ledger; try again"
        case .noSuchRow(let id):
            "\(inert(id)): no such item in the ledger; `lathe ledger list` shows what there is"
        case .ambiguousRow(let id):
            "\(inert(id)): several items begin like this; give more characters"
        case .overQuota(let wanted, let free):
            "temporary data would need \(wanted) bytes and \(max(0, free)) of what it may take are left; close a file or destroy items"
        case .parentGone:
            "this was destroyed in the privacy ledger meanwhile; open the file again to have it made again"
        case .notExtendable(let id, let rule):
            "\(id): kept under the rule \(rule.rawValue), which cannot be extended"
        case .closed:
            "the privacy ledger is closed; start Lathe again"
        case .cannotExport(let path, let reason):
            "\(inert(path)): cannot write the export (\(reason)); choose another folder"
        case .badSettings(let path, let line, let reason):
            "\(inert(path))\(line.map { ":\($0)" } ?? ""): \(inert(reason))"
        case .consentMissing(let tier, let privacyClass):
            "\(inert(tier)): leads to \(privacyClass.words), and you have not allowed it; allow it once or always, or choose another tier"
        case .noTransfer(let tier):
            "\(inert(tier)): not a tier's name (1 to 40 letters, digits, dots, hyphens and underscores); change it in the configuration"
        case .openPlaces(let places):
            "the policy of this server has open places: \(places.joined(separator: ", ")); fill them in under [service] in privacy.toml"
        case .badReceipt(let reason):
            "the tier's receipt does not count (\(inert(reason))); its row stays as it is"
        case .atTier(let id, let tier):
            "\(id): lies at \(inert(tier)), and only the tier can destroy it; `lathe ledger why \(id)` says when it means to"
        case .notGone(let id, let isNoise):
            isNoise ? "\(id): its key is destroyed, so nobody can read what is left; the file itself goes when its folder can be written"
                : "\(id): cannot be destroyed now; make its folder writable and run this again"
        case .cannotMakeScratch(let path, let reason):
            "\(inert(path)): cannot make scratch space (\(reason)); free space or choose another folder"
        }
    }
}

extension Ledger {
    /// What the user is told about a ledger in memory: one line.
    public nonisolated var memoryOnlyNotice: String? {
        memoryOnlyBecause.map { error in
            switch error {
            case .cannotOpen(let path, let reason), .cannotWrite(let path, let reason):
                "\(inert(path)): the privacy ledger cannot be written (\(reason)); what this keeps is in memory only, recorded there, and ends with it"
            default: error.message
            }
        }
    }
}

/// Whether the system refused for want of room: SQLite's words, and those of ENOSPC and EDQUOT.
private func isAboutSpace(_ reason: String) -> Bool {
    let reason = reason.lowercased()
    return ["disk is full", "no space left", "quota exceeded"].contains { reason.contains($0) }
}

/// `text` with every control, format and line-breaking character made visible, so that it cannot steer a terminal.
func inert(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control where scalar.value < 0x20:
            out.unicodeScalars.append(Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}")
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            out.unicodeScalars.append("\u{FFFD}")
        default:
            out.unicodeScalars.append(scalar)
        }
    }
    return out
}
