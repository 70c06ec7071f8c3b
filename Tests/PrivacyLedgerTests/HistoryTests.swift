import Foundation
import Glibc
import TestSupport
import Testing
@testable import PrivacyLedger

/// The history: a hash tree with signed checkpoints, and what becomes of those who change it.
struct HistoryTests {
    let folder = Folder(inMemory: true)
    let time = TestClock()
    var state: String { folder.file("state") }

    /// Certificate Transparency's test vectors: eight leaves, and the roots of the trees of the first one to eight of them.
    @Test func theTreeIsThatOfRFC6962() throws {
        let leaves: [[UInt8]] = [
            [], [0x00], [0x10], [0x20, 0x21], [0x30, 0x31], [0x40, 0x41, 0x42, 0x43], Array(0x50...0x57), Array(0x60...0x6f),
        ]
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ]
        var tree = HashTree()
        for (leaf, root) in zip(leaves, roots) {
            tree.append(leaf)
            #expect(hexadecimal(tree.root) == root)
            #expect(HashTree(count: tree.count, encoded: tree.encoded) == tree)
        }
        #expect(HashTree(count: 8, encoded: tree.encoded + tree.encoded) == nil)
    }

    @Test func theKeyGoesForwardOnly_andReadsBackAsItWasWritten() throws {
        var key = HistoryKey(from: 3)
        let first = key
        key.advance(to: 5)
        #expect(key.index == 5 && key.seed != first.seed && key.starts == first.starts)
        key.advance(to: 4)
        #expect(key.index == 5)
        #expect(HistoryKey(text: key.text) == key)
        #expect(key.text.utf8.count == HistoryKey.fileBytes)
        var damaged = Array(key.text.utf8)
        for at in damaged.indices {
            damaged[at] ^= 1
            #expect(HistoryKey(text: String(decoding: damaged, as: UTF8.self)) == nil, "byte \(at)")
            damaged[at] ^= 1
        }
    }

    /// Death between a commit and the key would leave what nothing vouches for: without a place for its key no first checkpoint is made.
    @Test func theFirstKeyIsThereBeforeWhatItSigns() async throws {
        #expect(mkdir(state, 0o700) == 0 && mkdir(state + "/history.key", 0o700) == 0)
        let blocked = try await openLedger(folder, time.clock)
        await #expect(throws: LedgerError.self) { try await blocked.create(request()) }
        await blocked.close()
        #expect(rmdir(state + "/history.key") == 0)
        let ledger = try await openLedger(folder, time.clock)
        _ = try await ledger.create(request())
        await ledger.close()
        #expect(Ledger.verify(at: state).whole)
    }

    /// Death after the key was made and before the first commit.
    @Test func aKeyThatHasSignedNothingYetIsTakenUp() async throws {
        let ledger = try await openLedger(folder, time.clock)
        await ledger.close()
        for name in ["ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"] { unlink(state + "/" + name) }
        let waiting = HistoryKey()
        try folder.write(waiting.text, to: "state/history.key")
        let next = try await openLedger(folder, time.clock)
        _ = try await next.create(request())
        await next.close()
        let report = Ledger.verify(at: state)
        #expect(report.whole && report.anchor == hexadecimal(waiting.anchor))
    }

    /// A ledger with a past: two runs, items in every stage, and rows that became counts.
    func makePast() async throws {
        let old = try await openLedger(folder, time.clock)
        for _ in 0..<3 {
            let id = try await old.create(request(.analysis, name: "a"))
            try await old.used(100, by: id)
            await old.destroy([id], because: .fileClosed)
        }
        await old.close()
        time.advance(31 * 86_400)
        let ledger = try await openLedger(folder, time.clock, run: otherRun)
        for n in 0..<6 {
            let id = try await ledger.create(request(.renderScratch, .disk, name: "b"))
            try await ledger.registerName(folder.path + "/" + NamedScratch.name(for: id), for: id)
            try await ledger.used(1000, by: id)
            if n % 2 == 0 { await ledger.handedOver(id, bytes: 2000) } else { await ledger.destroy([id], because: .cancelled) }
        }
        _ = try await ledger.create(request(.prompt))
    }
    var otherRun: RunIdentity { RunIdentity(boot: "b", process: 7, processStart: 8, processSpace: "s") }

    @Test func aPastIsWhole_andTheReportSaysWhichRangeItCovers() async throws {
        try await makePast()
        let report = Ledger.verify(at: state)
        #expect(report.problems == [] && report.whole)
        // What is older than the counts went with them.
        #expect(report.droppedEvents > 0 && report.firstEvent == report.droppedEvents + 1)
        #expect(report.lastEvent == report.head?.events && report.rows > 7)
        #expect(report.range.hasPrefix("covers events \(report.droppedEvents + 1) to"))
    }

    @Test func whereNothingWasEverRecordedThereIsNothingToProve() {
        #expect(Ledger.verify(at: state) == HistoryReport())
    }

    @Test func everyChangeOfAnItemIsAnEvent() async throws {
        let ledger = try await openLedger(folder, time.clock)
        let id = try await ledger.create(request(.renderScratch, .disk))
        try await ledger.used(5, by: id)
        await ledger.destroy([id], because: .cancelled)
        let events = try await ledger.export().history.events
        #expect(events.filter { $0.subject == id.rawValue }.map(\.kind) == ["intent", "live", "destroyed"])
        #expect(events.map(\.number) == Array(1...Int64(events.count)))
        await ledger.close()
        #expect(Ledger.verify(at: state).whole)
    }

    @Test func aKeyThatLagsBehindIsBroughtForward_aStoreThatWasSetBackIsFound() async throws {
        let ledger = try await openLedger(folder, time.clock)
        _ = try await ledger.create(request())
        let store = try folder.bytes("state/ledger.sqlite"), key = try folder.bytes("state/history.key")
        for _ in 0..<3 { _ = try await ledger.create(request()) }
        await ledger.close()
        let last = try folder.bytes("state/ledger.sqlite"), lastKey = try folder.bytes("state/history.key")

        // A power cut: the store had to reach the disk, the key had not.
        try folder.write(key, to: "state/history.key")
        #expect(Ledger.verify(at: state).whole)
        let next = try await openLedger(folder, time.clock, run: otherRun)
        _ = try await next.create(request())
        #expect(Ledger.verify(at: state).whole)
        await next.close()

        // Somebody puts an older store back.
        try folder.write(store, to: "state/ledger.sqlite")
        try folder.write(lastKey, to: "state/history.key")
        #expect(Ledger.verify(at: state).problems.contains { $0.contains("set back") })
        // What is appended later does not hide it.
        let later = try await openLedger(folder, time.clock, run: otherRun)
        _ = try await later.create(request())
        await later.close()
        let report = Ledger.verify(at: state)
        #expect(!report.whole && report.problems.contains { $0.contains("did not fit its key") })

        try folder.write(last, to: "state/ledger.sqlite")
        #expect(unlink(folder.file("state/history.key")) == 0)
        #expect(Ledger.verify(at: state).problems.contains { $0.contains("missing or damaged") })
        #expect(unlink(folder.file("state/ledger.sqlite")) == 0)
        try folder.write(lastKey, to: "state/history.key")
        #expect(!Ledger.verify(at: state).whole)
    }

    @Test func erasingEverythingIsNotedAsOne_alsoAfterTheHistoryWasBroken() async throws {
        try await makePast()
        let ledger = try await openLedger(folder, time.clock)
        #expect(await ledger.eraseEverything().isComplete)
        var report = Ledger.verify(at: state)
        #expect(report.problems == [] && report.whole && report.droppedEvents > 0)
        await ledger.close()

        try folder.write(Data("x".utf8), to: "state/history.key")
        let again = try await openLedger(folder, time.clock)
        _ = try await again.create(request())
        #expect(!Ledger.verify(at: state).whole)
        #expect(await again.eraseEverything().isComplete)
        await again.close()
        report = Ledger.verify(at: state)
        #expect(report.problems == [] && report.whole)
    }

    @Test func aStoreOfTheFirstVersionGetsAHistoryFromThereOn() async throws {
        let ledger = try await openLedger(folder, time.clock)
        let id = try await ledger.create(request())
        await ledger.destroy([id], because: .fileClosed)
        await ledger.close()
        #expect(unlink(folder.file("state/history.key")) == 0)
        try Tampering.run("DROP TABLE event; DROP TABLE checkpoint; DROP TABLE tree; PRAGMA user_version=1;", on: state)
        #expect(!Ledger.verify(at: state).whole)
        let next = try await openLedger(folder, time.clock)
        await next.close()
        let report = Ledger.verify(at: state)
        #expect(report.problems == [] && report.whole && report.rows == 2 && report.firstEvent == 1)
    }

    @Test func anExportProvesLaterThatTheHistoryIsStillTheSame() async throws {
        let ledger = try await openLedger(folder, time.clock)
        _ = try await ledger.create(request())
        _ = try await ledger.export(to: folder.file("export"))
        _ = try await ledger.create(request())
        await ledger.close()
        let export = [UInt8](try folder.bytes("export/ledger.json"))
        #expect(Ledger.verify(at: state, against: export).problems == [])
        #expect(!Ledger.verify(at: state, against: Array(export.dropLast(9))).whole)

        // Who has the whole folder can invent another past, but not that one.
        try Ledger.discardStore(at: state)
        let invented = try await openLedger(folder, time.clock)
        for _ in 0..<4 { _ = try await invented.create(request()) }
        await invented.close()
        #expect(Ledger.verify(at: state).whole)
        let report = Ledger.verify(at: state, against: export)
        #expect(!report.whole && report.problems.contains { $0.contains("another history") })
    }

    /// Only what both hold can be the same; what only the export holds, and what the export says of itself, is looked at too.
    @Test func anAlteredExportAndAStoreThatWasSetBackAreTold() async throws {
        // Between two milliseconds: an export rounds.
        time.advance(0.0287)
        let ledger = try await openLedger(folder, time.clock)
        let gone = try await ledger.create(request())
        try await ledger.used(7, by: gone)
        await ledger.destroy([gone], because: .fileClosed)
        _ = try await ledger.create(request(.prompt))
        await ledger.log(.master, .done, spentSeconds: 1, soundSeconds: 2)
        let before = try folder.bytes("state/ledger.sqlite"), key = try folder.bytes("state/history.key")
        _ = try await ledger.create(request())
        _ = try await ledger.export(to: folder.file("export"))
        await ledger.close()
        let bytes = try folder.bytes("export/ledger.json")
        let whole = Ledger.verify(at: state, against: [UInt8](bytes))
        #expect(whole.problems == [] && whole.compared?.rows == 3 && whole.range.contains("compared with the export"))

        func altered(_ change: (inout [String: Any]) throws -> Void) throws -> HistoryReport {
            var document = try #require(try JSONSerialization.jsonObject(with: bytes) as? [String: Any])
            try change(&document)
            return Ledger.verify(at: state, against: [UInt8](try JSONSerialization.data(withJSONObject: document)))
        }
        func inHistory(_ part: String, _ change: @escaping (inout [[String: Any]]) -> Void) -> (inout [String: Any]) throws -> Void {
            { document in
                var history = try #require(document["history"] as? [String: Any])
                var list = try #require(history[part] as? [[String: Any]])
                change(&list)
                history[part] = list
                document["history"] = history
            }
        }
        for (what, change) in [
            ("a row removed", { $0["settled"] = [Any]() }), ("the log emptied", { $0["log"] = [Any]() }),
            ("a row changed", { document in
                var rows = try #require(document["settled"] as? [[String: Any]])
                rows[0]["purpose"] = "preview"
                document["settled"] = rows
            }),
            ("an event changed", inHistory("events") { $0[1]["value"] = 99 }), ("an event taken out", inHistory("events") { $0.remove(at: 1) }),
            ("a root zeroed", inHistory("checkpoints") { $0[1]["root"] = String(repeating: "0", count: 64) }),
        ] as [(String, (inout [String: Any]) throws -> Void)] {
            let report = try altered(change)
            #expect(!report.whole && !report.problems.isEmpty, "\(what)")
        }
        try folder.write(before, to: "state/ledger.sqlite")
        try folder.write(key, to: "state/history.key")
        #expect(Ledger.verify(at: state).whole)
        let report = Ledger.verify(at: state, against: [UInt8](bytes))
        #expect(report.problems.contains { $0.contains("was set back") })
    }

    /// Words outside the closed lists, and tables, triggers and columns that no Lathe makes.
    @Test(arguments: [
        "INSERT INTO consent VALUES('0000000000000000', 't', 'friend', 'always', NULL, 'x', 1.0, NULL, 'b', NULL)", "INSERT INTO transfer VALUES('0000000000000000', 'friend', 'x', NULL, NULL, NULL, 0)",
        "INSERT INTO receipt VALUES('0000000000000000', '0000000000000000', 'burnt', 1, 1, 'k', 's')", "INSERT INTO tier_copy VALUES('0000000000000000', 'there')",
        "INSERT INTO counter VALUES('2026-11-30', 'dreamt', 'own', 'local', 'done', 1, 1, 1)", "INSERT INTO counter VALUES('yesterday', 'master', 'own', 'local', 'done', 1, 1, 1)",
        "INSERT INTO log VALUES(99, 1, 'r', 'dreamt', 'done', 1, 1)", "UPDATE item SET wish = 'anything'", "CREATE TABLE mine(a)", "CREATE VIEW mine AS SELECT 1", "CREATE INDEX mine ON item(kind)",
        "CREATE TRIGGER mine AFTER INSERT ON item BEGIN DELETE FROM item; END", "ALTER TABLE item ADD COLUMN mine TEXT", "ALTER TABLE counter RENAME COLUMN spent_ms TO sxent_ms", "DROP INDEX item_open",
    ])
    func whatNoLatheWritesIsNotWhole(sql: String) async throws {
        let ledger = try await openLedger(folder, time.clock)
        _ = try await ledger.create(request())
        await ledger.close()
        #expect(Ledger.verify(at: state).whole)
        try Tampering.run(sql, on: state)
        #expect(!Ledger.verify(at: state).whole)
    }

    @Test func aTriggerInTheStoreIsRefusedBeforeItActs() async throws {
        let ledger = try await openLedger(folder, time.clock)
        await ledger.close()
        try Tampering.run("CREATE TRIGGER mine AFTER INSERT ON item BEGIN DELETE FROM item; END", on: state)
        await #expect(throws: LedgerError.damaged(path: state + "/ledger.sqlite")) { _ = try await openLedger(folder, time.clock) }
    }

    @Test func aPipeOrALinkInPlaceOfAFileHoldsNobodyUp_andIsNotWhole() async throws {
        let ledger = try await openLedger(folder, time.clock)
        _ = try await ledger.create(request())
        await ledger.close()
        let key = try folder.bytes("state/history.key")
        unlink(state + "/history.key")
        #expect(mkfifo(state + "/history.key", 0o600) == 0)
        #expect(!Ledger.verify(at: state).whole)
        unlink(state + "/history.key")
        try folder.write(key, to: "state/history.key")
        #expect(Ledger.verify(at: state).whole)
        try FileManager.default.moveItem(atPath: state + "/ledger.sqlite", toPath: folder.file("elsewhere"))
        #expect(symlink(folder.file("elsewhere"), state + "/ledger.sqlite") == 0)
        #expect(!Ledger.verify(at: state).whole)
        await #expect(throws: LedgerError.self) { _ = try await openLedger(folder, time.clock) }
    }

    @Test func aRangeThatEndsBeforeItBeginsSaysWhy() async throws {
        let ledger = try await openLedger(folder, time.clock)
        _ = try await ledger.create(request())
        #expect(!Ledger.verify(at: state).range.contains("set back"))
        time.turnWall(by: -3 * 86_400)
        _ = try await ledger.create(request())
        await ledger.close()
        let report = Ledger.verify(at: state)
        #expect(report.whole && report.clockWasSetBack && report.range.contains("the clock was set back in between"))
    }

    /// Who reads a history can say what ran, and what it had promised.
    @Test func aRunIsOnRecordWithItsBuildItsPolicyAndItsFileSystem() async throws {
        let run = RunIdentity.current()
        let store = try LedgerStore(directory: { try folder.makeFolder("state"); return state }(), run: run, swap: "none", facts: RunFacts(build: "1.2", policy: "abc", fileSystem: "disk"), now: time.now)
        try store.proveWritable(now: time.now)
        #expect(try store.exportedRuns().map { [$0.build, $0.policy, $0.fileSystem] } == [["1.2", "abc", "disk"]])
        #expect(Ledger.verify(at: state).whole)
        try Tampering.run("UPDATE run SET policy = 'abd'", on: state)
        #expect(!Ledger.verify(at: state).whole)
    }

    /// Flips of one bit in one cell, rows cut off or taken out, and changes whose every hash, checkpoint and signature is made anew
    /// without the key. `LATHE_LONG` makes it ten thousand; a failure prints the seed that replays it.
    @Test func everyTamperingIsFound() async throws {
        try await makePast()
        let seed = ProcessInfo.processInfo.environment["LATHE_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
        let rounds = long ? 10_000 : 200
        let sound = try folder.bytes("state/ledger.sqlite")
        #expect(Ledger.verify(at: state).whole)
        var random = SplitMix(state: seed)
        var tampering = try Tampering(state: state)
        for round in 0..<rounds {
            try folder.write(sound, to: "state/ledger.sqlite")
            let what = try tampering.tamper(&random)
            let report = Ledger.verify(at: state)
            try #require(!report.whole && !report.problems.isEmpty, "LATHE_SEED=\(seed), round \(round): \(what) was not found")
        }
    }

    /// Bits of the file itself, wherever they fall: found, or in a place that nothing reads.
    @Test func aFlipAnywhereInTheFileIsFoundOrChangesNothing() async throws {
        try await makePast()
        let seed = UInt64.random(in: 0...UInt64.max)
        let rounds = long ? 3000 : 100
        let sound = try folder.bytes("state/ledger.sqlite")
        let before = try Tampering.dump(state)
        var random = SplitMix(state: seed)
        for round in 0..<rounds {
            var flipped = sound
            let at = Int(random.next() % UInt64(sound.count))
            flipped[at] ^= 1 << UInt8(random.next() % 8)
            try folder.write(flipped, to: "state/ledger.sqlite")
            if Ledger.verify(at: state).whole {
                let after = try Tampering.dump(state)
                #expect(after == before, "\(zip(after, before).first { $0 != $1 }.map { "\($0)" } ?? "") seed \(seed), round \(round), byte \(at)")
            }
        }
    }
}
