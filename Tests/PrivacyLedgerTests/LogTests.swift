import Foundation
import Glibc
import TestSupport
import Testing
@testable import PrivacyLedger

struct LogTests {
    let folder = Folder()

    @Test func theLogTellsWhenLatheRanAndWhatBecameOfItsWork() async throws {
        let clock = TestClock(), ledger = try await openLedger(folder, clock.clock)
        _ = try await ledger.create(request())
        await ledger.log(.master, .done, spentSeconds: 3.25, soundSeconds: 240)
        clock.advance(5)
        await ledger.log(.generate, LogOutcome(exitCode: 74), spentSeconds: .nan, soundSeconds: -1)
        await ledger.close()
        let later = try await openLedger(folder, clock.clock)
        let records = try await later.logRecords()
        #expect(records.map(\.event) == [.runBegan, .master, .generate, .runEnded])
        #expect(records.map(\.outcome) == [nil, .done, .inputOutput, nil])
        #expect(records[1].spentMilliseconds == 3250 && records[1].soundMilliseconds == 240_000)
        #expect(records[2].spentMilliseconds == 0 && records[2].soundMilliseconds == 0)
        #expect(records[2].atMilliseconds - records[1].atMilliseconds == 5000)
        #expect(try await later.export().log == records)
        #expect(Ledger.verify(at: folder.file("state")).whole)
        await later.close()
    }

    /// What it stores, column by column: a name has nowhere to go.
    @Test func theLogHasNoPlaceForWords() async throws {
        let ledger = try await openLedger(folder)
        _ = try await ledger.create(request(name: "Secret Song.wav"))
        await ledger.log(.album, .unusableInput, spentSeconds: 1, soundSeconds: 1)
        await ledger.close()
        let connection = try SQLiteConnection(path: folder.file("state/ledger.sqlite"))
        var types: [String: String] = [:]
        try connection.run("SELECT name, type FROM pragma_table_info('log')") { types[$0.text(0) ?? ""] = $0.text(1) }
        #expect(types == ["number": "INTEGER", "at_ms": "INTEGER", "run": "TEXT", "event": "TEXT", "outcome": "TEXT", "spent_ms": "INTEGER", "sound_ms": "INTEGER"])
        var words: [String] = []
        try connection.run("SELECT run, event, outcome FROM log") { row in words += (0..<3).compactMap { row.text($0) } }
        #expect(words.dropFirst() == ["album", "unusable_input"])
        // Of the run, its random name.
        #expect(words[0].allSatisfy { $0.isHexDigit || $0 == "-" || $0.isLetter } && !words[0].contains("Secret"))
    }

    @Test func theLogEndsWithItsTime_andHoldsOnlySoMuch() async throws {
        let clock = TestClock(), ledger = try await openLedger(folder, clock.clock)
        await ledger.log(.master, .done, spentSeconds: 1, soundSeconds: 1)
        clock.advance(29 * 86_400)
        await ledger.log(.master, .cancelled, spentSeconds: 1, soundSeconds: 1)
        #expect(try await ledger.logRecords().filter { $0.outcome != nil }.count == 2)
        clock.advance(2 * 86_400)
        await ledger.close()
        // The next start drops what has had its thirty days.
        let next = try await openLedger(folder, clock.clock)
        #expect(try await next.logRecords().compactMap(\.outcome) == [.cancelled])
        try await next.fillLog(to: Ledger.mostLogRecords)
        await next.log(.generate, .done, spentSeconds: 1, soundSeconds: 1)
        let records = try await next.logRecords().filter { $0.outcome != nil }
        #expect(records.count == Ledger.mostLogRecords && records.last?.event == .generate && !records.contains { $0.outcome == .cancelled })
        #expect(await next.eraseEverything().isComplete)
        #expect(try await next.logRecords().compactMap(\.outcome).isEmpty)
        await next.close()
    }

    @Test func aStoreOfTheVersionBeforeGetsALog() async throws {
        let ledger = try await openLedger(folder)
        _ = try await ledger.create(request())
        await ledger.close()
        try Tampering.run("DROP TABLE log; PRAGMA user_version=2;", on: folder.file("state"))
        let next = try await openLedger(folder)
        await next.log(.master, .done, spentSeconds: 1, soundSeconds: 1)
        #expect(try await next.logRecords().contains { $0.event == .master })
        #expect(Ledger.verify(at: folder.file("state")).whole)
        await next.close()
    }

    @Test func aStoreThatKnowsNoCopiesAtTiersLearnsThem() async throws {
        let ledger = try await openLedger(folder)
        await ledger.log(.master, .done, spentSeconds: 1, soundSeconds: 1)
        await ledger.close()
        try Tampering.run("DROP TABLE tier_copy; PRAGMA user_version=6;", on: folder.file("state"))
        let next = try await openLedger(folder)
        #expect(try await next.copy(of: RowID()) == nil)
        await next.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    @Test(arguments: ["UPDATE log SET spent_ms = spent_ms + 1", "UPDATE log SET outcome = 'done'", "DELETE FROM log WHERE number = 1", "UPDATE log SET number = number + 10",
                      "INSERT INTO log(at_ms, run, event, outcome, spent_ms, sound_ms) SELECT at_ms, run, event, outcome, spent_ms, sound_ms FROM log"])
    func noRecordOfTheLogCanBeChangedUnseen(sql: String) async throws {
        let ledger = try await openLedger(folder)
        _ = try await ledger.create(request())
        await ledger.log(.master, .cancelled, spentSeconds: 1, soundSeconds: 1)
        await ledger.log(.generate, .cancelled, spentSeconds: 1, soundSeconds: 1)
        await ledger.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
        try Tampering.run(sql, on: folder.file("state"))
        #expect(!Ledger.verify(at: folder.file("state")).whole)
    }

    @Test func theHistoryHoldsWhatHasLeftTheLog_andWhatAnEarlierVersionHadInIt() async throws {
        let clock = TestClock(), ledger = try await openLedger(folder, clock.clock)
        _ = try await ledger.create(request())
        await ledger.log(.master, .done, spentSeconds: 1, soundSeconds: 1)
        clock.advance(31 * 86_400)
        await ledger.log(.master, .done, spentSeconds: 1, soundSeconds: 1)
        await ledger.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
        // A version in which the log stood beside the history.
        try Tampering.run("INSERT INTO log(at_ms, run, event, outcome, spent_ms, sound_ms) SELECT at_ms, run, event, outcome, 7, 7 FROM log; PRAGMA user_version=5;", on: folder.file("state"))
        let next = try await openLedger(folder, clock.clock)
        #expect(try await next.logRecords().compactMap(\.spentMilliseconds).contains(7))
        await next.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    @Test func exitCodesHaveTheirClass() {
        let codes: [Int32] = [0, 130, 64, 65, 66, 69, 73, 74, 75, 70, -9]
        #expect(codes.map { LogOutcome(exitCode: $0) } == LogOutcome.allCases + [.fault])
    }
}

extension Ledger {
    /// Records in one transaction, as many as one by one would take long.
    func fillLog(to count: Int) throws(LedgerError) {
        guard let store else { throw problem }
        let at = Int64(clock.now().wallSeconds * 1000)
        try store.change { () throws(SQLiteError) in
            for _ in 0..<count {
                try store.connection.run("INSERT INTO log(at_ms, run, event, outcome, spent_ms, sound_ms) VALUES(?,'r','master','done',1,1)", [.integer(at)])
            }
        }
    }
}
