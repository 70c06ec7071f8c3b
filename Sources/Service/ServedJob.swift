import FoundationEssentials
import Mastering
import PrivacyLedger
import Rendering

/// One upload while no job has taken it.
struct Upload: Sendable {
    var account: String
    var scratch: SealedScratch
    var bytes: Int64
    /// What the client calls it.
    var item: RowID?
    var expires: Int64
    /// Somebody is sending right now.
    var isTaking = false
}

/// What a client wants done; the words of it that are private live in `Wish`, under a row.
enum ServedKind: String, Sendable { case master, generate }

/// A job of the server as its client may see it, and what belongs to it.
struct ServedJob: Sendable {
    /// What is private about it: dropped when it has begun, at the latest with its row.
    enum Wish: Sendable {
        case master(preset: String, curve: String?)
        case generate(GenerateRequest)
    }

    var id: String
    var account: String
    var key: String
    /// SHA-256 of what was asked, salted in this run: tells a retry from another wish.
    var digest: [UInt8]
    var kind: ServedKind
    var container: OutputContainer
    var wish: Held<Wish>
    var wishRow: RowID
    var upload: Upload?
    var item: RowID?
    var outputItem: RowID
    var credits: Int64
    /// nil when nothing is charged.
    var attempt: Int64?

    var state = JobState.queued
    var stage = JobStage.waiting
    var fraction = 0.0
    var tier: String?
    var submitted: Int64
    var started: Int64?
    var ended: Int64?
    var engineID: JobID?
    var wantsCancel = false

    var output: SealedScratch?
    var outputBytes: Int64 = 0
    var sha256 = ""
    var outputExpires: Int64 = 0
    /// Of the result; gone with it.
    var document: (name: String, json: JSON)?
    var failure: Refusal?
    var receipts: [JSON] = []

    var isOver: Bool { state.isOver }

    func json(position: Int?) -> JSON {
        func time(_ ms: Int64?) -> JSON { ms.map { .int(Int($0)) } ?? .null }
        var fields: [(String, JSON)] = [
            ("job", .string(id)), ("kind", .string(kind.rawValue)), ("state", .string(state.rawValue)), ("stage", .string(stage.rawValue)), ("fraction", .measured(fraction)),
        ]
        if let position { fields.append(("position", .int(position))) }
        fields += [
            ("tier", .optional(tier)), ("credits", .int(Int(credits))), ("output_item", .string(outputItem.rawValue)),
            ("submitted_at_ms", time(submitted)), ("started_at_ms", time(started)), ("ended_at_ms", time(ended)),
        ]
        if output != nil {
            var result: [(String, JSON)] = [
                ("bytes", .int(Int(outputBytes))), ("sha256", .string(sha256)), ("container", .string(container.rawValue)), ("expires_at_ms", time(outputExpires)),
            ]
            if let document { result.append((document.name, document.json)) }
            fields.append(("result", .object(result)))
        } else {
            fields.append(("result", .null))
        }
        if let failure, case .object(let inner) = failure.json { fields += inner }
        fields.append(("receipts", .array(receipts)))
        return .object(fields)
    }
}

extension JSON {
    /// Without these fields, at any depth: names of files mean nothing to a client.
    func without(_ names: Set<String>) -> JSON {
        switch self {
        case .object(let fields): .object(fields.filter { !names.contains($0.0) }.map { ($0.0, $0.1.without(names)) })
        case .array(let items): .array(items.map { $0.without(names) })
        default: self
        }
    }
}
