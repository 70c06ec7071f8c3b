import Foundation
import Synchronization
import TestSupport
import Testing
@testable import PrivacyLedger

/// What leaves this machine: consent, row, first byte, and the tier's word about the end.
struct TransferTests {
    let folder = Folder()
    let time = TestClock()
    let place = "https://gpu.example:7860"

    func transfer(_ privacyClass: PrivacyClass = .thirdParty, _ end: TierEnd = .declared(seconds: 3600), tier: String = "space", kind: ItemKind = .tierInput,
                  bytes: Int64 = 1000, parent: RowID? = nil, job: RowID? = nil, to place: String? = nil) -> TransferRequest {
        TransferRequest(tier: tier, privacyClass: privacyClass, destination: place ?? self.place, kind: kind, purpose: .mastering, bytes: bytes, end: end,
                        parent: parent, job: job, displayName: "Secret Song.wav")
    }

    /// The next process: the one before died without a word, or ended.
    func next(_ run: String) async throws -> Ledger {
        let run = RunIdentity(id: run, boot: "another", process: 2, processStart: 1, processSpace: "s")
        return try await openLedger(folder, time.clock, run: run, isOver: { _ in true })
    }

    @Test func nothingLeavesForOthersWithoutConsent_andNoRowIsMade() async throws {
        let ledger = try await openLedger(folder, time.clock)
        for privacyClass in [PrivacyClass.localNetwork, .thirdParty, .unknown] {
            let error = await #expect(throws: LedgerError.self) { _ = try await ledger.beginTransfer(transfer(privacyClass)) }
            #expect(error == .consentMissing(tier: "space", privacyClass) && error?.exitCode == 69)
        }
        #expect(try await ledger.list().isEmpty)
        #expect(ledger.summary.bytesLeft == 0)
        // A machine of one's own was allowed by configuring it.
        let own = try await ledger.beginTransfer(transfer(.own))
        #expect(try await ledger.list().map(\.id) == [own])
        for name in ["", "a b", "\u{1B}[2J", "../x", String(repeating: "a", count: 41)] {
            await #expect(throws: LedgerError.noTransfer(tier: name)) { _ = try await ledger.beginTransfer(transfer(.own, tier: name)) }
        }
        // No other way leads there.
        await #expect(throws: LedgerError.noTransfer(tier: "space")) { _ = try await ledger.create(request(.tierInput, .tier("space"))) }
        await ledger.close()
    }

    @Test func aConsentHoldsForItsTierItsPlaceItsClassAndItsJob() async throws {
        let ledger = try await openLedger(folder, time.clock), job = RowID()
        func scope(_ privacyClass: PrivacyClass = .thirdParty, _ tier: String = "space", _ place: String? = nil, _ job: RowID? = nil) async throws -> Consent.Scope? {
            try await ledger.consent(tier: tier, privacyClass: privacyClass, destination: place ?? self.place, job: job)?.scope
        }
        try await ledger.recordConsent(.once(job: job), tier: "space", privacyClass: .thirdParty, destination: place)
        #expect(try await scope(.thirdParty, "space", nil, job) == .once)
        #expect(try await scope() == nil)
        #expect(try await scope(.thirdParty, "space", nil, RowID()) == nil)
        #expect(try await scope(.unknown, "space", nil, job) == nil, "a weaker class needs an answer of its own")
        #expect(try await scope(.localNetwork, "space", nil, job) == .once)
        #expect(try await scope(.thirdParty, "other", nil, job) == nil)
        #expect(try await scope(.thirdParty, "space", "https://elsewhere.example", job) == nil)
        _ = try await ledger.beginTransfer(transfer(job: job))
        _ = try await ledger.beginTransfer(transfer(kind: .prompt, job: job))
        time.advance(12 * 3600)
        #expect(try await scope(.thirdParty, "space", nil, job) == nil, "once is twelve hours at most")

        try await ledger.recordConsent(.always, tier: "space", privacyClass: .thirdParty, destination: place)
        #expect(try await scope() == .always)
        try await ledger.recordConsent(.never, tier: "space", privacyClass: .thirdParty, destination: place)
        #expect(try await scope() == .never)
        await #expect(throws: LedgerError.consentMissing(tier: "space", .thirdParty)) { _ = try await ledger.beginTransfer(transfer()) }
        #expect(try await scope(.own, "space", "https://elsewhere.example") == .never, "a refusal holds wherever the name leads")
        #expect(try await ledger.withdrawConsent(tier: "space") == 2)
        #expect(try await scope() == nil)
        await ledger.close()
        #expect(Ledger.verify(at: folder.file("state")).whole)
    }

    /// What is in the table and in no signed event, somebody else wrote.
    @Test func aForgedConsentAllowsNothing() async throws {
        let first = try await next("1")
        try await first.recordConsent(.always, tier: "space", privacyClass: .thirdParty, destination: place)
        func allowed(_ run: String) async throws -> Bool {
            let ledger = try await next(run)
            defer { Task { await ledger.close() } }
            return try await ledger.consent(tier: "space", privacyClass: .thirdParty, destination: place, job: nil) != nil
        }
        #expect(try await allowed("2"))
        _ = try await first.withdrawConsent(tier: "space")
        await first.close()
        let state = folder.file("state")
        try Tampering.run("UPDATE consent SET withdrawn = NULL", on: state)
        #expect(try await !allowed("3"))
        // An event of one's own is not signed.
        try Tampering.run("DELETE FROM event WHERE kind = 'consent' AND number = (SELECT max(number) FROM event WHERE kind = 'consent')", on: state)
        #expect(try await !allowed("4"))
    }

    @Test func onceEndsWithTheBoot() async throws {
        let job = RowID(), first = try await openLedger(folder, time.clock)
        try await first.recordConsent(.once(job: job), tier: "space", privacyClass: .thirdParty, destination: place)
        try await first.recordConsent(.always, tier: "gpu", privacyClass: .thirdParty, destination: place)
        await first.close()
        let later = try await next("later")
        #expect(try await later.consent(tier: "space", privacyClass: .thirdParty, destination: place, job: job) == nil)
        #expect(try await later.consent(tier: "gpu", privacyClass: .thirdParty, destination: place, job: nil)?.scope == .always)
        await later.close()
    }

    @Test func theRowComesFirst_thenBytesAreCountedAsTheyLeave() async throws {
        let ledger = try await openLedger(folder, time.clock)
        let id = try await ledger.beginTransfer(transfer(.own))
        // Until more is known, all of it may have left.
        #expect(ledger.summary.bytesLeft == 1000)
        await ledger.sent(300, by: id)
        #expect(ledger.summary.bytesLeft == 300)
        time.advance(60)
        await ledger.sent(700, by: id)
        await ledger.sendingEnded(id)
        let row = try #require(try await ledger.list().first)
        #expect(row.bytes == 700 && row.state == .live && row.erasureClass == .e5 && row.rule == .declaredPeriod && row.place == .tier("space"))
        #expect(row.expiresInSeconds == 3600, "the period begins with the last byte")
        let json = try #require(String(data: JSONEncoder().encode(row), encoding: .utf8))
        #expect(json.contains("\"tier\":\"space\"") && !json.contains("Secret"))
        let unsent = try await ledger.beginTransfer(transfer(.own))
        await ledger.neverSent(unsent)
        #expect(ledger.summary.bytesLeft == 700)
        #expect(try await ledger.history().map(\.reason) == [.neverBegan])
        let sound = try await ledger.beginTransfer(transfer(.own, kind: .tierOutput, bytes: 0))
        await ledger.sent(5000, by: sound)
        #expect(ledger.summary.bytesLeft == 700, "what the tier made has not left from here")
        await ledger.close()
        let later = try await next("later")
        #expect(later.summary.bytesLeft == 700)
        await later.close()
    }

    @Test func aDeclaredPeriodEndsTheRow_alsoInALaterRun() async throws {
        let ledger = try await openLedger(folder, time.clock)
        let short = try await ledger.beginTransfer(transfer(.own)), long = try await ledger.beginTransfer(transfer(.own, .declared(seconds: 55 * 86_400)))
        await ledger.sendingEnded(short)
        await ledger.sendingEnded(long)
        #expect(try await ledger.list().count == 2)
        time.advance(3600)
        await ledger.tick()
        #expect(try await ledger.history().map(\.reason) == [.declaredPeriod])
        #expect(try await ledger.why(short).reasons.contains { $0.contains("only the tier knows") })
        // Quitting ends nothing at a tier.
        await ledger.close()
        let later = try await next("later")
        let row = try #require(try await later.list().first)
        #expect(row.id == long && row.state == .live && abs((row.expiresInSeconds ?? 0) - (55 * 86_400 - 3600)) < 1)
        time.advance(55 * 86_400)
        await later.tick()
        #expect(try await later.list().isEmpty)
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
        await later.close()
    }

    @Test func aTierWithoutAWordIsOverdueAfterADay_andGivenUpAsLostAfterAYear() async throws {
        let ledger = try await openLedger(folder, time.clock)
        let id = try await ledger.beginTransfer(transfer(.own, .undeclared))
        await ledger.sendingEnded(id)
        time.advance(86_400)
        await ledger.tick()
        #expect(try await ledger.list().map(\.state) == [.overdue])
        #expect(try await ledger.why(id).reasons.contains("That tier says nothing about an end."))
        time.advance(365 * 86_400)
        await ledger.tick()
        let row = try #require(try await ledger.history().first)
        #expect(row.state == .lost && row.reason == .neverConfirmed && row.settledAt != nil)
        await ledger.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    @Test func aReceiptEndsTheRow_andOnlyOneThatIsSignedByTheAgreedKey() async throws {
        let signer = ReceiptSigner(), stranger = ReceiptSigner(), ledger = try await openLedger(folder, time.clock)
        let id = try await ledger.beginTransfer(transfer(.own, .receipt(key: signer.publicKey, withinSeconds: 60)))
        await ledger.sent(1000, by: id)
        await ledger.sendingEnded(id)
        let good = try signer.receipt(for: id, .destroyed, bytes: 1000, atMilliseconds: 5)
        var forged = good
        forged.bytes = 999
        var empty = good
        empty.signature = ""
        for bad in [forged, empty, try stranger.receipt(for: id, .destroyed, bytes: 1000, atMilliseconds: 5)] {
            let error = await #expect(throws: LedgerError.self) { try await ledger.accept(bad) }
            guard case .badReceipt? = error else { Issue.record("\(String(describing: error))"); continue }
        }
        await #expect(throws: LedgerError.self) { try await ledger.accept(signer.receipt(for: RowID(), .destroyed, bytes: 1, atMilliseconds: 5)) }
        try await ledger.accept(signer.receipt(for: id, .received, bytes: 1000, atMilliseconds: 4))
        #expect(try await ledger.list().map(\.erasureClass) == [.e4])
        time.advance(61)
        await ledger.tick()
        #expect(try await ledger.list().map(\.state) == [.overdue])
        // What was signed comes as text from somebody else.
        try await ledger.accept(TierReceipt(json: good.json))
        try await ledger.accept(good)
        #expect(try await ledger.history().map(\.reason) == [.receipt])
        #expect(try await ledger.receipts(of: id).map(\.event) == [.received, .destroyed])
        await ledger.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
        let later = try await next("later"), old = try await later.beginTransfer(transfer(.own, .receipt(key: signer.publicKey, withinSeconds: 60)))
        await later.close()
        let last = try await next("last")
        try await last.accept(signer.receipt(for: old, .destroyed, bytes: 1000, atMilliseconds: 9))
        #expect(try await last.list().isEmpty)
        await last.close()
    }

    @Test func noReceiptFromOutsideHarms() {
        for json in ["", "{}", "[]", #"{"item":"x","event":"destroyed","bytes":1,"at_ms":1,"key":"","signature":""}"#, String(repeating: "[", count: 4000), String(repeating: "x", count: 5000),
                     #"{"item":"0000000000000000","event":"burnt","bytes":1,"at_ms":1,"key":"","signature":""}"#] {
            #expect(throws: LedgerError.self) { try TierReceipt(json: Array(json.utf8)) }
        }
    }

    @Test func afterADeathAllThatMayHaveLeftCountsAsLeft() async throws {
        let ledger = try await openLedger(folder, time.clock)
        let begun = try await ledger.beginTransfer(transfer(.own)), half = try await ledger.beginTransfer(transfer(.own))
        await ledger.sent(10, by: half)
        // No word of an end: the process is gone.
        let later = try await next("later")
        let rows = try await later.list()
        #expect(Set(rows.map(\.id)) == [begun, half] && rows.allSatisfy { $0.state == .live && $0.bytes == 1000 })
        #expect(later.summary.bytesLeft == 2000)
        await later.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    @Test func onlyTheTierDestroysWhatLiesThere() async throws {
        let ledger = try await openLedger(folder, time.clock), signer = ReceiptSigner()
        let song = try await ledger.create(request(.analysis)), id = try await ledger.beginTransfer(transfer(.own, parent: song))
        await ledger.sendingEnded(id)
        var report = await ledger.destroy(anyOf: [id])
        #expect(report.failures == [LedgerError.atTier(id, tier: "space").message] && report.destroyed.isEmpty)
        await #expect(throws: LedgerError.self) { try await ledger.extend(id) }
        // What it is a copy of goes alone.
        await ledger.destroy([song], because: .fileClosed)
        #expect(try await ledger.list().map(\.id) == [id])
        #expect(await ledger.eraseEverything().atTiers == [id])
        #expect(Ledger.verify(at: folder.file("state")).problems == [])

        let asked = try await ledger.beginTransfer(transfer(.own, .receipt(key: signer.publicKey, withinSeconds: 60)))
        let eraser = TierEraser()
        await ledger.setEraser(eraser, for: asked)
        report = await ledger.destroy(anyOf: [asked])
        #expect(report.pending == [asked] && eraser.asked == 1)
        #expect(try await ledger.list().first { $0.id == asked }?.state == .destroying)
        try await ledger.accept(signer.receipt(for: asked, .destroyed, bytes: 1000, atMilliseconds: 1))
        #expect(try await ledger.list().map(\.id) == [id])
        await ledger.close()
        // Another process says the same.
        let later = try await next("later")
        #expect(await later.destroy(anyOf: [id]).failures == [LedgerError.atTier(id, tier: "space").message])
        await later.close()
    }

    /// An answer without a signature ends a row only where none was agreed; a refusal leaves everything as it was. Another run can ask too.
    @Test func whatATierAnswersToBeingAsked() async throws {
        let ledger = try await openLedger(folder, time.clock), signer = ReceiptSigner(), eraser = TierEraser()
        let plain = try await ledger.beginTransfer(transfer(.own)), signed = try await ledger.beginTransfer(transfer(.own, .receipt(key: signer.publicKey, withinSeconds: 60)))
        for id in [plain, signed] {
            await ledger.sendingEnded(id)
            await ledger.setEraser(eraser, for: id)
        }
        try await ledger.copyLies(at: "jobs/7", for: [plain, signed])
        #expect(await ledger.destroy(anyOf: [plain]).pending == [plain])
        try await ledger.tierAnswered(plain, TierErasure(isDestroyed: false, reason: "no"))
        #expect(try await ledger.list().first { $0.id == plain }?.state == .live)
        #expect(await ledger.destroy(anyOf: [plain, signed]).pending == [plain, signed])
        for id in [plain, signed] { try await ledger.tierAnswered(id, TierErasure(isDestroyed: true)) }
        let left = try await ledger.list()
        #expect(left.map(\.id) == [signed] && left.map(\.state) == [.live])
        #expect(try await ledger.history().first { $0.id == plain }?.reason == .tierAnswer)
        #expect(try await ledger.copy(of: signed)?.isNobodys == false)
        let asked = eraser.asked
        await ledger.close()
        // The end of the program asks nobody.
        #expect(eraser.asked == asked)
        let later = try await next("later")
        let copy = try #require(try await later.copy(of: signed))
        #expect(try await later.list().map(\.state) == [.live])
        #expect(copy.handle == "jobs/7" && copy.tier == "space" && copy.isNobodys && copy.lies(at: place) && !copy.lies(at: "https://elsewhere.example"))
        let another = ReceiptSigner()
        try await later.tierAnswered(signed, TierErasure(isDestroyed: true, receipts: [another.receipt(for: signed, .destroyed, bytes: 1000, atMilliseconds: 1)]))
        #expect(try await later.list().map(\.id) == [signed])
        try await later.tierAnswered(signed, TierErasure(isDestroyed: true, receipts: [signer.receipt(for: signed, .destroyed, bytes: 1000, atMilliseconds: 1)]))
        #expect(try await later.list().isEmpty)
        #expect(try await later.copy(of: signed) == nil)
        await later.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    @Test func withoutALedgerOnDiskNothingLeaves() async throws {
        try folder.write("", to: "state")
        let ledger = try await Ledger.openForMemory(at: folder.file("state"), surroundings: plentiful, clock: time.clock)
        #expect(ledger.memoryOnlyBecause != nil)
        await #expect(throws: LedgerError.self) { _ = try await ledger.beginTransfer(transfer(.own)) }
        await ledger.close()
    }

    @Test func namesAndPlacesAreNotOnTheDisk_andTheExportKeepsToItsForm() async throws {
        let ledger = try await openLedger(folder, time.clock)
        try await ledger.recordConsent(.always, tier: "space", privacyClass: .thirdParty, destination: place)
        _ = try await ledger.beginTransfer(transfer())
        let export = try await ledger.export()
        #expect(export.transfers.count == 1 && export.consents.map(\.scope) == [.always])
        #expect(export.page.contains("a third party"))
        await ledger.close()
        for word in ["Secret Song", "gpu.example"] {
            #expect(try folder.bytes("state/ledger.sqlite").range(of: Data(word.utf8)) == nil)
        }
    }

    @Test(arguments: ["UPDATE consent SET scope='always'", "UPDATE consent SET withdrawn=NULL", "DELETE FROM consent", "UPDATE transfer SET class='own'", "UPDATE transfer SET consent=NULL",
                      "DELETE FROM transfer", "UPDATE receipt SET bytes=1", "DELETE FROM receipt", "UPDATE item SET state='destroyed', settled=1 WHERE kind='tier_input'"])
    func nothingOfItCanBeChangedUnseen(sql: String) async throws {
        let ledger = try await openLedger(folder, time.clock), signer = ReceiptSigner(), job = RowID()
        try await ledger.recordConsent(.once(job: job), tier: "space", privacyClass: .thirdParty, destination: place)
        let id = try await ledger.beginTransfer(transfer(.thirdParty, .receipt(key: signer.publicKey, withinSeconds: 60), job: job))
        try await ledger.accept(signer.receipt(for: id, .received, bytes: 1000, atMilliseconds: 1))
        _ = try await ledger.withdrawConsent(tier: "space")
        await ledger.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
        try Tampering.run(sql, on: folder.file("state"))
        #expect(!Ledger.verify(at: folder.file("state")).whole)
    }

    /// What is older than thirty days goes from the history; a consent that still holds and what is still at a tier are proven all the same.
    @Test func whatLastsLongHoldsBackNoHistory() async throws {
        let ledger = try await openLedger(folder, time.clock)
        try await ledger.recordConsent(.always, tier: "space", privacyClass: .thirdParty, destination: place)
        let id = try await ledger.beginTransfer(transfer(.thirdParty, .declared(seconds: 300 * 86_400)))
        for _ in 0..<20 { await ledger.destroy([try await ledger.create(request())], because: .fileClosed) }
        await ledger.close()
        for month in 1...3 {
            time.advance(31 * 86_400)
            let later = try await next("month \(month)")
            await later.destroy([try await later.create(request())], because: .fileClosed)
            #expect(try await later.list().map(\.id) == [id])
            #expect(try await later.consent(tier: "space", privacyClass: .thirdParty, destination: place, job: nil)?.scope == .always)
            await later.close()
            let report = Ledger.verify(at: folder.file("state"))
            #expect(report.problems == [], "month \(month)")
            #expect(report.droppedEvents >= 40, "month \(month)")
        }
    }

    @Test func classesAreOrderedFromTheStrongestToTheWeakest() {
        #expect(PrivacyClass.unknown < .thirdParty && PrivacyClass.thirdParty < .localNetwork && PrivacyClass.localNetwork < .own && PrivacyClass.own < .local)
        #expect(PrivacyClass.allCases.map(\.needsConsent) == [false, false, true, true, true])
    }
}

/// Asks a tier, and waits for its word.
private final class TierEraser: Erasable {
    private let count = Mutex(0)
    var asked: Int { count.withLock { $0 } }
    func erase() -> EraseOutcome {
        count.withLock { $0 += 1 }
        return .pending
    }
}
