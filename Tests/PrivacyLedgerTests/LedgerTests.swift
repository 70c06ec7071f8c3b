import CSQLite
import Foundation
import Glibc
import TestSupport
import Testing
@testable import PrivacyLedger

/// The ledger on a real disk, on its own thread.
struct LedgerTests {
    let folder = Folder()
    let time = TestClock()

    /// What another program sees in the store.
    func stored(_ sql: String) throws -> [[String]] {
        var handle: OpaquePointer?
        #expect(sqlite3_open_v2(folder.file("state/ledger.sqlite"), &handle, SQLITE_OPEN_READONLY, nil) == SQLITE_OK)
        defer { sqlite3_close(handle) }
        var statement: OpaquePointer?
        #expect(sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK)
        defer { sqlite3_finalize(statement) }
        var rows: [[String]] = []
        while sqlite3_step(statement) == SQLITE_ROW {
            rows.append((0..<sqlite3_column_count(statement)).map { sqlite3_column_text(statement, $0).map { String(cString: $0) } ?? "NULL" })
        }
        return rows
    }

    /// The remedy is that for the reason.
    @Test(arguments: ["database or disk is full", "No space left on device", "Disk quota exceeded"]) func aFullDiskAsksForSpace(reason: String) {
        for error in [LedgerError.cannotOpen(path: "/l", reason: reason), .cannotWrite(path: "/l", reason: reason)] {
            #expect(error.message.contains("free some space there") && !error.message.contains("writable"), "\(error.message)")
        }
        #expect(LedgerError.cannotOpen(path: "/l", reason: "Permission denied").message.contains("make the folder writable"))
    }

    @Test func aRowIsOnDiskWhenCreateReturns() async throws {
        let ledger = try await openLedger(folder)
        let id = try await ledger.create(request(.analysis))
        #expect(try stored("SELECT id, state, kind FROM item") == [[id.rawValue, "intent", "analysis"]])
        await ledger.close()
    }

    @Test func theStoreIsForItsUserOnly() async throws {
        let ledger = try await openLedger(folder)
        _ = try await ledger.create(request())
        for (name, mode) in [("state", 0o700), ("state/ledger.sqlite", 0o600), ("state/ledger.sqlite-journal", 0o600), ("state/ballast", 0o600)] {
            var info = stat()
            #expect(stat(folder.file(name), &info) == 0, "\(name)")
            #expect(Int(info.st_mode & 0o777) == mode, "\(name)")
        }
        await ledger.close()
    }

    @Test func aFileNameNeverReachesTheDisk() async throws {
        let ledger = try await openLedger(folder)
        let canary = "Canary-\(UInt64.random(in: .min ... .max)).wav"
        let id = try await ledger.create(request(.analysis, name: canary))
        #expect(try await ledger.list().first?.name == canary)
        func scan(_ moment: String) throws {
            let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
            #expect(names.contains("state/ledger.sqlite"))
            for name in names where !["state", "export"].contains(name) {
                #expect(try folder.bytes(name).range(of: Data(canary.utf8)) == nil, "\(name), \(moment)")
            }
        }
        try scan("live")
        _ = try await ledger.export(to: folder.file("export"))
        await ledger.destroy([id], because: .userRequest)
        #expect(try await ledger.history().allSatisfy { $0.name == nil })
        #expect(try stored("SELECT DISTINCT commitment, scratch FROM item") == [["NULL", "NULL"]])
        try scan("destroyed")
        await ledger.close()
        try scan("closed")
    }

    @Test func aDestroyedValueIsGone_andTheListIsEmpty() async throws {
        let ledger = try await openLedger(folder)
        let id = try await ledger.create(request())
        let held = try await ledger.hold("peaks", bytes: 5, under: id)
        #expect(held.value == "peaks")
        #expect(try await ledger.list().map(\.state) == [.live])
        await ledger.destroy([id], because: .fileClosed)
        #expect(held.value == nil)
        #expect(try await ledger.list().isEmpty)
        let history = try await ledger.history()
        #expect(history.map(\.state) == [.destroyed] && history.map(\.reason) == [.fileClosed])
        await ledger.close()
    }

    @Test func itemsEndWhenTheirTimeHasCome_whateverTheWallClockSays() async throws {
        let ledger = try await openLedger(folder, time.clock)
        let id = try await ledger.create(request())
        let held = try await ledger.hold(1, bytes: 1, under: id)
        time.turnWall(by: -86_400)
        time.advance(599)
        await ledger.tick()
        #expect(held.value == 1)
        let left = try #require(try await ledger.list().first?.expiresInSeconds)
        #expect(abs(left - 1) < 1e-6)
        time.advance(1)
        await ledger.tick()
        #expect(held.value == nil)
        #expect(try await ledger.history().map(\.reason) == [.expired])
        await ledger.close()
    }

    @Test func theThreadWakesByItself() async throws {
        let rules = RetentionRules(overrides: [.fileOpen: (nil, 1)])
        let ledger = try await Ledger.open(at: folder.file("state"), rules: rules, surroundings: plentiful)
        let id = try await ledger.create(request())
        #expect(await comesTrue { await !ledger.isOpen(id) })
        let row = try await ledger.row(matching: id.rawValue)
        let life = try #require(row.settledAt) - row.createdAt
        #expect(row.reason == .expired && life >= 0.999 && life < 2)
        await ledger.close()
    }

    @Test func closingSettlesEverything() async throws {
        let ledger = try await openLedger(folder)
        let scratch = try await ledger.makeScratch(request(.decodedAudio, .disk), in: folder.path)
        let copy = dup(scratch.fileDescriptor)
        defer { close(copy) }
        _ = try await ledger.create(request(.prompt))
        await ledger.close()
        #expect(!leads(scratch.fileDescriptor, toFileOf: copy))
        #expect(try stored("SELECT count(*) FROM item WHERE settled IS NULL") == [["0"]])
        #expect(try stored("SELECT count(*) FROM run WHERE ended IS NULL") == [["0"]])
        await #expect(throws: LedgerError.closed) { try await ledger.create(request()) }
    }

    @Test func scratchHasNoName_andItsSpaceReturnsWithItsRow() async throws {
        let ledger = try await openLedger(folder)
        for scratch in [try await ledger.makeScratch(request(.decodedAudio, .disk), in: folder.path),
                        try await ledger.makeScratchInMemory(request(.decodedAudio))] {
            let copy = dup(scratch.fileDescriptor)
            #expect(write(copy, "music", 5) == 5)
            #expect(try folder.names == ["state"])
            await ledger.destroy([scratch.id], because: .fileClosed)
            var info = stat()
            #expect(fstat(copy, &info) == 0 && info.st_size == 0)
            #expect(!leads(scratch.fileDescriptor, toFileOf: copy))
            close(copy)
        }
        await ledger.close()
    }

    @Test func onlyOurOwnNamesAreEverRemoved() throws {
        let id = RowID()
        let ours = folder.file(NamedScratch.name(for: id))
        try folder.write(Data("x".utf8), to: NamedScratch.name(for: id))
        try folder.write(Data("x".utf8), to: "mix.wav")
        #expect(NamedScratch.remove(folder.file("mix.wav")) == .failed)
        #expect(NamedScratch.remove(ours) == .absent)
        #expect(try folder.names == ["mix.wav"])
        #expect(symlink(folder.file("mix.wav"), ours) == 0)
        #expect(NamedScratch.remove(ours) == .failed)
        #expect(try folder.names.contains("mix.wav"))
        #expect(NamedScratch.remove("/nonexistent-folder/" + NamedScratch.name(for: id)) == .placeMissing)
    }

    @Test func listJSONHasTheFieldsOfTheContract() async throws {
        let ledger = try await openLedger(folder, time.clock)
        let parent = try await ledger.create(request(.analysis))
        _ = try await ledger.create(request(.waveform, parent: parent, bytes: 4096))
        let data = try JSONEncoder().encode(try await ledger.list())
        let rows = try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
        // The list of the command-line contract.
        let fields: Set = ["id", "kind", "origin", "purpose", "place", "bytes", "state", "erasure_class", "rule", "created_at",
                           "expires_at", "expires_in_seconds", "parent", "tier"]
        for row in rows { #expect(Set(row.keys) == fields) }
        let child = try #require(rows.first { $0["kind"] as? String == "waveform" })
        #expect(child["parent"] as? String == parent.rawValue && child["bytes"] as? Int == 4096 && child["tier"] is NSNull)
        #expect(child["created_at"] as? String == "2027-01-15T08:00:00.000Z") // 1 800 000 000 s after 1970, date(1)
        #expect(child["expires_in_seconds"] as? Double == 600 && child["erasure_class"] as? String == "E0")
        let back = try JSONDecoder().decode([LedgerRow].self, from: data)
        #expect(back.map(\.id) == (try await ledger.list()).map(\.id))
        await ledger.close()
    }

    @Test func whyTellsRulePlaceAndLineage() async throws {
        let ledger = try await openLedger(folder)
        let parent = try await ledger.create(request(.analysis))
        let child = try await ledger.create(request(.waveform, parent: parent))
        let grandchild = try await ledger.create(request(.spectrum, parent: child))
        let why = try await ledger.why(child)
        #expect(why.ancestors.map(\.id) == [parent] && why.descendants.map(\.id) == [grandchild])
        #expect(why.reasons.joined().contains("as long as what it was derived from"))
        await ledger.destroy([parent], because: .fileClosed)
        #expect(try await ledger.why(child).reasons.last == "It is gone (parent gone).")
        await #expect(throws: LedgerError.noSuchRow("zzzz")) { try await ledger.row(matching: "zzzz") }
        await ledger.close()
    }

    @Test func exportIsOneDocumentAndOnePage_andReplacesNothing() async throws {
        let ledger = try await openLedger(folder)
        let id = try await ledger.create(request(.decodedAudio))
        let paths = try await ledger.export(to: folder.file("export"))
        let document = try JSONDecoder().decode(LedgerExport.self, from: try folder.bytes("export/ledger.json"))
        #expect(document.open.map(\.id) == [id] && document.rules.count == RetentionRule.allCases.count)
        let page = String(decoding: try folder.bytes("export/ledger.md"), as: UTF8.self)
        #expect(page.contains(id.rawValue) && page.contains("Rules in force"))
        #expect(paths == ["ledger.json", "ledger.schema.json", "ledger.md"].map { folder.file("export/" + $0) })
        await #expect(throws: LedgerError.self) { try await ledger.export(to: folder.file("export")) }
        #expect(try folder.bytes("export/ledger.md") == Data(page.utf8))
        await ledger.close()
    }

    @Test func eraseEverythingForgetsHistoryToo() async throws {
        let ledger = try await openLedger(folder)
        for _ in 0..<3 { _ = try await ledger.create(request()) }
        let old = try await ledger.create(request())
        await ledger.destroy([old], because: .fileClosed)
        let report = await ledger.eraseEverything()
        #expect(report.isComplete && report.destroyed.count == 3)
        #expect(try stored("SELECT count(*) FROM item") == [["0"]])
        await ledger.close()
    }

    @Test func historyBecomesCountsAfterThirtyDays() async throws {
        let ledger = try await openLedger(folder, time.clock)
        let id = try await ledger.create(request())
        try await ledger.used(100, by: id)
        await ledger.destroy([id], because: .fileClosed)
        await ledger.close()
        time.advance(30 * 86_400 + 1)
        let later = try await openLedger(folder, time.clock)
        #expect(try await later.history().isEmpty)
        #expect(try await later.export().counts == [LedgerTally(day: "2027-01-15", kind: "analysis", state: "destroyed", items: 1, bytes: 100)])
        await later.close()
    }

    @Test func aDamagedStoreIsRefused_andCanBeDiscarded() async throws {
        try folder.makeFolder("state")
        try folder.write(Data(repeating: 7, count: 8192), to: "state/ledger.sqlite")
        do {
            _ = try await openLedger(folder)
            Issue.record("a damaged ledger was opened")
        } catch let error as LedgerError {
            #expect(error == .damaged(path: folder.file("state/ledger.sqlite")) && error.exitCode == 74)
        }
        try Ledger.discardStore(at: folder.file("state"))
        let ledger = try await openLedger(folder)
        _ = try await ledger.create(request())
        await ledger.close()
    }

    @Test func withoutAPlaceForTheLedgerNothingIsMade() async throws {
        try folder.write(Data(), to: "state")
        do {
            _ = try await openLedger(folder)
            Issue.record("a file served as a folder")
        } catch let error as LedgerError {
            #expect(error.exitCode == 74)
            let ledger = try Ledger.refusing(error)
            #expect(ledger.summary.problem == error.message)
            await #expect(throws: error) { try await ledger.create(request()) }
            await #expect(throws: error) { try await ledger.makeScratch(request(.decodedAudio, .disk), in: folder.path) }
            #expect(try folder.names == ["state"])
        }
    }

    @Test func theSummaryFollowsEveryChange() async throws {
        let ledger = try await openLedger(folder, time.clock)
        var changes = await ledger.changes().makeAsyncIterator()
        #expect(await changes.next()?.items == 0)
        let id = try await ledger.create(request(.analysis, bytes: 50))
        #expect(await changes.next()?.items == 1)
        try await ledger.used(70, by: id)
        #expect(await changes.next()?.bytes == 70)
        #expect(ledger.summary.nextExpiryIn(now: time.now) == 600)
        await ledger.destroy([id], because: .fileClosed)
        #expect(ledger.summary.items == 0 && ledger.summary.nextExpiryBootNanoseconds == nil)
        await ledger.close()
    }

    @Test func tenThousandItemsAreErasedTogether() async throws {
        let ledger = try await openLedger(folder, time.clock)
        let parent = try await ledger.create(request())
        let store = await ledger.rawInsert(9_999, under: parent)
        #expect(store == 10_000)
        #expect(await ledger.eraseEverything().isComplete)
        #expect(try stored("SELECT count(*) FROM item") == [["0"]])
        await ledger.close()
    }

    @Test func controlCharactersNeverReachAMessage() {
        let message = LedgerError.cannotOpen(path: "/a\u{1B}[2J\u{202E}\n", reason: "x").message
        #expect(message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control && $0.properties.generalCategory != .format })
    }
}

extension Ledger {
    /// Rows by the thousand without a durable transaction for each; answers how many are open.
    func rawInsert(_ count: Int, under parent: RowID) -> Int {
        var records: [LedgerRecord] = []
        for _ in 0..<count {
            for case .insert(let record) in core.handle(.create(RowID(), request(.spectrum, parent: parent), commitment: nil), now: clock.now()) {
                records.append(record)
            }
        }
        do { try store?.insertAll(records) } catch { return 0 }
        for record in records { _ = core.handle(.inserted(record.id), now: clock.now()) }
        return core.open.count
    }
}
