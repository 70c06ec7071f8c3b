import Glibc
import PrivacyLedger
import Synchronization

/// The ledger: its rows after every change, and the keys that act on them.
final class LiveLedger: LedgerReading {
    private let backend: Backend
    private let post: Post
    /// Between two looks at the rows, however often they change.
    private static let pause = Duration.milliseconds(100)

    private struct Kept {
        var row: RowID?
        /// Its row was ended by the user: it stays ended.
        var isUnwanted = false
        /// Why it cannot be kept was told.
        var isTold = false
        var newest = 0
    }
    private let kept = Mutex(Kept())

    init(backend: Backend, post: @escaping Post) {
        self.backend = backend
        self.post = post
        Task { await follow() }
    }

    private func follow() async {
        do {
            let parts = try await backend.parts
            if let problem = parts.problem { return post(.ledgerFailed(problem)) }
            for await summary in await parts.ledger.changes() {
                try await look(parts.ledger, summary)
                try await Task.sleep(for: Self.pause)
            }
        } catch let error as LedgerError {
            post(.ledgerFailed(error.message))
        } catch {
            // Cancelled: the studio is ending.
        }
    }

    private func look(_ ledger: Ledger, _ summary: LedgerSummary) async throws {
        let rows = try await ledger.list()
        post(.ledger(LedgerSnapshot(rows: rows.map { LedgerItem($0) }, bytesLeft: summary.bytesLeft)))
        if let problem = summary.problem { post(.notice(Notice(problem, .error))) }
    }

    /// Does something with the ledger; what goes wrong is told in its own words.
    private func act(_ body: @escaping @Sendable (Ledger) async throws -> Notice?) {
        Task { [backend, post] in
            do {
                if let message = try await body(backend.parts.ledger) { post(.notice(message)) }
            } catch let error as LedgerError {
                post(.notice(Notice(error.message, .error)))
            } catch {
                post(.notice(Notice("the ledger: \(error)", .error)))
            }
        }
    }

    func destroy(_ id: String) {
        guard let row = RowID(rawValue: id) else { return }
        act { await Self.told($0.destroyAndConfirm([row])) }
    }

    func destroyEverything() {
        act { ledger in await Self.told(ledger.destroyAndConfirm(try ledger.list().map(\.id))) }
    }

    private static func told(_ report: DestroyReport) -> Notice {
        if let failure = report.failures.first { return Notice(failure, .error) }
        if !report.pending.isEmpty { return Notice("\(report.pending.count) still being let go; the ledger shows when they are gone", .warning) }
        return Notice(report.destroyed.count == 1 ? "destroyed" : "\(report.destroyed.count) items destroyed")
    }

    func extend(_ id: String) {
        guard let row = RowID(rawValue: id) else { return }
        act { ledger in
            try await ledger.extend(row)
            return Notice("its period starts anew")
        }
    }

    func explain(_ id: String) {
        guard let row = RowID(rawValue: id) else { return }
        act { [post] ledger in
            let found = try await ledger.why(row)
            let lineage = found.ancestors.map { "Derived from: " + Self.words($0) } + found.descendants.map { "Derived from it: " + Self.words($0) }
            post(.explained(title: Self.words(found.row), lines: found.reasons + lineage))
            return nil
        }
    }

    func showUsage(after lines: [String]) {
        act { [post] ledger in
            let counts = try await ledger.counters()
            let days = Int(ledger.rules[.metrics].hardSeconds / 86_400)
            var lines = lines
            if counts.isEmpty { lines.append("Nothing has been counted yet.") }
            for (tier, line) in UsageSummary(counts).byTier {
                let rate = line.errorRate.map { Format.fixed($0 * 100, 1) + " % failed" } ?? "cancelled"
                lines.append("\(tier.printable): \(line.count) job\(line.count == 1 ? "" : "s"), \(rate)" + (line.speed.map { ", \(Format.fixed($0, 1)) times real time" } ?? ""))
            }
            for (setting, line) in UsageSummary(counts).bySetting.prefix(5) {
                lines.append("\(setting.event.rawValue) with \(setting.setting.printable): \(line.done) made, \(Format.duration(Double(line.soundMilliseconds) / 1000)) of sound")
            }
            if let first = counts.first { lines.append("Since \(first.day); each day is kept \(days) days, here and nowhere else.") }
            post(.explained(title: "Tiers, and what they made", lines: lines))
            return nil
        }
    }

    func holdUndo() {
        Task { [backend, post] in
            do {
                let ledger = try await backend.parts.ledger
                let row = try await ledger.create(ItemRequest(
                    kind: .undoHistory, origin: .session, purpose: .recovery, place: .ram, reservedBytes: EditHistory.mostBytes, displayName: "edits to undo"))
                try await ledger.attach(Goodbye { post(.undoGone(again: true)) }, bytes: EditHistory.mostBytes, to: row)
            } catch {
                // Why there is no ledger is told already.
                post(.undoGone(again: false))
            }
        }
    }

    func keepSession(_ session: KeptSession) {
        let number = kept.withLock { kept in
            kept.newest += 1
            return kept.newest
        }
        Task { await keep(session, number) }
    }

    func endSession(_ session: KeptSession) async {
        await keep(session, kept.withLock { kept in
            kept.newest += 1
            return kept.newest
        })
    }

    private func keep(_ session: KeptSession, _ number: Int) async {
        do {
            let parts = try await backend.parts
            guard parts.problem == nil else { return }
            let (row, isUnwanted, newest) = kept.withLock { ($0.row, $0.isUnwanted, $0.newest) }
            guard !isUnwanted, newest == number else { return }
            if let row, await !parts.ledger.isOpen(row), (try? await parts.ledger.row(matching: row.rawValue))?.reason != .expired {
                kept.withLock { $0.isUnwanted = true }
                return post(.sessionUnwanted)
            }
            let new = try await parts.ledger.keepSession(session.bytes(at: parts.ledger.clock.now().wallSeconds))
            kept.withLock { $0.row = new }
        } catch {
            let isNew = kept.withLock { kept in
                defer { kept.isTold = true }
                return !kept.isTold
            }
            if isNew { post(.notice(Notice("this session is not kept: " + ((error as? LedgerError)?.message ?? "\(error)"), .warning))) }
        }
    }

    func takeSession() {
        act { [post] ledger in
            guard let bytes = try await ledger.takeSession() else { return nil }
            guard let (session, at) = KeptSession.read(bytes) else { return Notice("what an earlier run kept cannot be read by this version", .warning) }
            post(.sessionFound(session, keptAt: at))
            return nil
        }
    }

    func verify() {
        act { ledger in
            let report = Ledger.verify(at: ledger.directory)
            guard !report.whole else { return Notice(report.checkpoints == 0 ? "the history is whole: nothing has been recorded" : "the history is whole: " + report.range) }
            return Notice("the history is not whole: \(report.problems.first ?? "unknown"); \(report.range)", .error)
        }
    }

    private static func words(_ row: LedgerRow) -> String {
        row.kind.rawValue.replacing("_", with: " ") + (row.name.map { " of " + $0 } ?? "")
    }

    func export(to folder: String) {
        act { ledger in
            var folder = homeExpanded(folder)
            while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
            // The last part of the way may be new; a reason why it cannot be made comes with the export's own refusal.
            mkdir(folder, 0o700)
            // Never over an earlier export.
            var target = folder + "/lathe-ledger"
            var number = 2
            while access(target, F_OK) == 0, number < 1000 {
                target = folder + "/lathe-ledger-\(number)"
                number += 1
            }
            let files = try await ledger.export(to: target)
            return Notice(files.map { Path.name(of: $0) }.joined(separator: " and ") + ": written into " + target)
        }
    }
}

extension LedgerItem {
    init(_ row: LedgerRow) {
        self.init(id: row.id.rawValue, kind: row.kind.rawValue.replacing("_", with: " "), name: row.name ?? "-", purpose: row.purpose.rawValue,
                  place: row.place.text, bytes: row.bytes, erasureClass: row.erasureClass.rawValue, rule: row.rule.rawValue.replacing("_", with: " "),
                  state: row.state.rawValue.replacing("_", with: " "), parent: row.parent?.rawValue, expires: row.expiresAt)
    }
}
