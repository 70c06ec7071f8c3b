import CLinux
import FoundationEssentials
import Glibc

/// Everything the ledger knows, as one document.
public struct LedgerExport: Sendable, Codable {
    public struct Rule: Sendable, Codable {
        public var rule: RetentionRule
        public var idleSeconds: Double?
        public var hardSeconds: Double
        public var extendable: Bool
        public var sentence: String

        private enum CodingKeys: String, CodingKey {
            case rule, extendable, sentence
            case idleSeconds = "idle_seconds"
            case hardSeconds = "hard_seconds"
        }
    }

    public struct Run: Sendable, Codable {
        public var id: String
        public var boot: String
        public var swap: String
        public var startedAt: String
        public var endedAt: String?
        public var build: String?
        public var policy: String?
        public var fileSystem: String?

        private enum CodingKeys: String, CodingKey {
            case id, boot, swap, build, policy
            case startedAt = "started_at"
            case endedAt = "ended_at"
            case fileSystem = "file_system"
        }
    }

    /// Version of this document's form, which `ledger.schema.json` tells.
    public var schema = LedgerExport.currentSchema
    static let currentSchema = 5
    public var exportedAt: String
    public var directory: String
    public var swap: String
    public var open: [LedgerRow]
    public var settled: [LedgerRow]
    public var counts: [LedgerTally]
    /// What was agreed about rows at tiers, what the user allowed, what tiers signed.
    public var transfers: [Transfer]
    public var consents: [Consent]
    public var receipts: [TierReceipt]
    public var log: [LogRecord]
    /// Which programs ran here, when, on what machine, and under which policy.
    public var runs: [Run]
    public var rules: [Rule]
    public var history: HistoryExport

    private enum CodingKeys: String, CodingKey {
        case schema, directory, swap, open, settled, counts, transfers, consents, receipts, log, runs, rules, history
        case exportedAt = "exported_at"
    }

    /// One page for people: GitHub-style Markdown, readable as it is.
    public var page: String {
        var lines = ["# What Lathe keeps", "", "Exported \(exportedAt) from `\(inert(directory))`. Swap: \(swap).", ""]
        lines += ["## Now: \(open.count) items, \(open.reduce(0) { $0 + $1.bytes }) bytes", ""]
        if !open.isEmpty {
            lines += ["| id | what | for | where | bytes | state | class | ends | in seconds |", "|---|---|---|---|---|---|---|---|---|"]
            for row in open {
                lines.append("| \(row.id) | \(row.kind.words) | \(row.purpose.rawValue) | \(inert(row.place.text)) | \(row.bytes) | \(row.state.rawValue) | \(row.erasureClass.rawValue) | \(timestamp(row.expiresAt)) | \(Int(row.expiresInSeconds ?? 0)) |")
            }
            lines.append("")
        }
        lines += ["## Settled in the last 30 days: \(settled.count)", ""]
        if !settled.isEmpty {
            lines += ["| id | what | where | bytes | made | ended | how |", "|---|---|---|---|---|---|---|"]
            for row in settled {
                lines.append("| \(row.id) | \(row.kind.words) | \(inert(row.place.text)) | \(row.bytes) | \(timestamp(row.createdAt)) | \(row.settledAt.map(timestamp) ?? "") | \(row.reason?.rawValue ?? row.state.rawValue) |")
            }
            lines.append("")
        }
        if !counts.isEmpty {
            lines += ["## Earlier, as counts", "", "| day | kind | state | items | bytes |", "|---|---|---|---|---|"]
            lines += counts.map { "| \(inert($0.day)) | \(inert($0.kind)) | \(inert($0.state)) | \($0.items) | \($0.bytes) |" }
            lines.append("")
        }
        if !consents.isEmpty {
            lines += ["## What you allowed", "", "| given | tier | who sees it | how | withdrawn |", "|---|---|---|---|---|"]
            lines += consents.map { "| \(timestamp($0.givenAt)) | \(inert($0.tier)) | \($0.privacyClass.words) | \($0.scope.rawValue) | \($0.withdrawnAt.map(timestamp) ?? "") |" }
            lines.append("")
        }
        if !receipts.isEmpty {
            lines += ["## What tiers signed", "", "| when | item | what | bytes |", "|---|---|---|---|"]
            lines += receipts.map { "| \(timestamp(Double($0.atMilliseconds) / 1000)) | \($0.item) | \($0.event.rawValue) | \($0.bytes) |" }
            lines.append("")
        }
        let work = log.filter { $0.outcome != nil }
        if !work.isEmpty {
            lines += ["## Log: \(work.count) pieces of work", "", "| ended | run | what | how | took, ms | sound, ms |", "|---|---|---|---|---|---|"]
            for record in work {
                lines.append("| \(timestamp(Double(record.atMilliseconds) / 1000)) | \(inert(record.run)) | \(record.event.rawValue) | \(record.outcome?.rawValue ?? "") | \(record.spentMilliseconds ?? 0) | \(record.soundMilliseconds ?? 0) |")
            }
            lines.append("")
        }
        lines += ["## History", "", "\(history.events.count) events, \(history.droppedEvents) older ones dropped."]
        if let head = history.checkpoints.last {
            lines.append("The last signed state: checkpoint \(head.index), root `\(head.root)`; the history's name is `\(history.anchor ?? "unknown")`.")
            lines.append("`lathe ledger verify --against ledger.json` proves later that the history then still holds all that is here.")
        }
        lines += ["", "## Rules in force", ""]
        lines += rules.map { "- `\($0.rule.rawValue)`: \($0.sentence)\($0.extendable ? ", extendable" : "")." }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// Settled rows older than the history keeps, as counts.
public struct LedgerTally: Sendable, Equatable, Codable {
    /// UTC day of settlement, `2026-11-21`.
    public var day: String
    public var kind: String
    public var state: String
    public var items: Int
    public var bytes: Int64
}

extension Ledger {
    public func export() throws(LedgerError) -> LedgerExport {
        guard let store else { throw problem }
        return LedgerExport(
            exportedAt: timestamp(clock.now().wallSeconds), directory: directory, swap: surroundings.swap.rawValue,
            open: try list(), settled: try history(), counts: try store.tallies(),
            transfers: try store.transfers(), consents: try store.consents(), receipts: try store.receipts(), log: try store.logRecords(),
            runs: try store.exportedRuns(),
            rules: RetentionRule.allCases.map { rule in
                let r = rules[rule]
                return .init(rule: rule, idleSeconds: r.idleSeconds, hardSeconds: r.hardSeconds, extendable: r.extendable, sentence: r.sentence)
            },
            history: try store.exportedHistory())
    }

    /// Writes `ledger.json`, its form as `ledger.schema.json`, and `ledger.md` into `folder`, which is made when missing. Never over existing files.
    /// - Returns: the paths.
    public func export(to folder: String) throws(LedgerError) -> [String] {
        let document = try export()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let json: Data
        do { json = try encoder.encode(document) } catch {
            throw .cannotExport(path: folder, reason: "\(error)")
        }
        if mkdir(folder, 0o700) != 0, errno != EEXIST {
            throw .cannotExport(path: folder, reason: String(cString: strerror(errno)))
        }
        let files: [(String, Data)] = [
            (folder + "/ledger.json", json + Data("\n".utf8)), (folder + "/ledger.schema.json", Data(LedgerExportSchema.text.utf8)),
            (folder + "/ledger.md", Data(document.page.utf8)),
        ]
        var made: [String] = []
        do throws(LedgerError) {
            for (path, data) in files {
                try write(data, toNew: path, in: folder)
                made.append(path)
            }
        } catch {
            // Half an export is none.
            for path in made { unlink(path) }
            throw error
        }
        return made
    }

    /// Whole or not at all, as everything that is made for the user. A ledger that cannot be written can still be taken along: the file then has its name from its
    /// first byte, and so is the user's and nobody else's.
    private func write(_ data: Data, toNew path: String, in folder: String) throws(LedgerError) {
        let row: RowID
        do throws(LedgerError) {
            row = try create(ItemRequest(kind: .renderScratch, origin: .session, purpose: .diagnosis, place: .disk))
        } catch {
            switch error {
            case .cannotWrite, .busy, .closed: return try Self.write(data, toNew: path)
            default: throw error
            }
        }
        let fd = lathe_open_unnamed(folder)
        guard fd >= 0 else {
            // A file system without unnamed files.
            destroy([row], because: .neverBegan)
            return try Self.write(data, toNew: path)
        }
        defer { Glibc.close(fd) }
        do throws(LedgerError) {
            try Self.put(data, into: fd, path)
            guard linkat(AT_FDCWD, "/proc/self/fd/\(fd)", AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 else {
                throw .cannotExport(path: path, reason: String(cString: strerror(errno)))
            }
            handedOver(row, bytes: Int64(data.count))
        } catch {
            destroy([row], because: .cancelled)
            throw error
        }
    }

    private static func write(_ data: Data, toNew path: String) throws(LedgerError) {
        let fd = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw .cannotExport(path: path, reason: String(cString: strerror(errno))) }
        do throws(LedgerError) {
            try put(data, into: fd, path)
        } catch {
            Glibc.close(fd)
            unlink(path)
            throw error
        }
        guard Glibc.close(fd) == 0 else {
            let reason = String(cString: strerror(errno))
            unlink(path)
            throw .cannotExport(path: path, reason: reason)
        }
    }

    private static func put(_ data: Data, into fd: Int32, _ path: String) throws(LedgerError) {
        var failure: Int32 = 0
        data.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count, failure == 0 {
                let n = Glibc.write(fd, bytes.baseAddress! + done, bytes.count - done) // non-empty inside the loop
                if n > 0 { done += n } else if n < 0, errno != EINTR { failure = errno }
            }
        }
        if failure == 0, fsync(fd) != 0 { failure = errno }
        if failure != 0 { throw .cannotExport(path: path, reason: String(cString: strerror(failure))) }
    }
}
