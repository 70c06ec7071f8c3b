import Foundation
import Glibc
import TestSupport
import Testing
@testable import PrivacyLedger

/// How fast and how punctual: the figures that are promised. Only in the long form, because a crowded machine proves nothing about them.
@Suite(.serialized, .enabled(if: long))
struct FiguresTests {
    let folder = Folder()

    private func seconds(_ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        let spent = start.duration(to: .now).components
        return Double(spent.seconds) + Double(spent.attoseconds) / 1e18
    }

    @Test func ninetyNineOfAHundredItemsEndWithinASecondOfTheirTime() async throws {
        let rules = RetentionRules(overrides: [.fileOpen: (nil, 1), .untilQuit: (nil, 1.4), .tierInput: (nil, 1.9), .job: (nil, 2.3)])
        let ledger = try await Ledger.open(at: folder.file("state"), rules: rules, surroundings: plentiful)
        for n in 0..<400 { _ = try await ledger.create(request([.analysis, .prompt, .tierInput, .renderScratch][n % 4])) }
        #expect(await comesTrue { ledger.summary.items == 0 })
        let ended = try await ledger.export().history.events.filter { $0.kind == "destroyed" }
        let due = try await ledger.history().reduce(into: [:]) { $0[$1.id.rawValue] = $1.expiresAt * 1000 }
        let late = ended.compactMap { event in due[event.subject ?? ""].map { (Double(event.atMilliseconds) - $0) / 1000 } }.sorted()
        try #require(late.count == 400)
        print("figure: expiry lateness p50 \(late[200]) s, p99 \(late[395]) s, most \(late[399]) s")
        #expect(late[395] <= 1)
        await ledger.close()
    }

    /// On disk, sealed on disk, sealed in memory: until its row says destroyed.
    @Test(arguments: 0..<3)
    func aGibibyteIsDestroyedInATenthOfASecond(how: Int) async throws {
        let ledger = try await Ledger.open(at: folder.file("state"), surroundings: Surroundings(swap: .none, memoryQuota: 4 << 30))
        let page = [UInt8](repeating: 3, count: 1 << 20), id: RowID
        let kept: any Erasable
        switch how {
        case 0:
            let scratch = try await ledger.makeScratch(request(.decodedAudio, .disk), in: folder.path)
            for _ in 0..<1024 { try #require(write(scratch.fileDescriptor, page, page.count) == page.count) }
            (id, kept) = (scratch.id, scratch)
        default:
            let scratch = how == 1 ? try await ledger.makeSealedScratch(request(.decodedAudio, .disk), in: folder.path) : try await ledger.makeSealedScratchInMemory(request(.decodedAudio))
            for _ in 0..<1024 { try page.withUnsafeBytes { try scratch.append($0) } }
            (id, kept) = (scratch.id, scratch)
        }
        let spent = await seconds { await ledger.destroy([id], because: .userRequest) }
        #expect(try await ledger.history().map(\.state) == [.destroyed])
        print("figure: 1 GiB \(["on disk", "sealed on disk", "sealed in memory"][how]) destroyed in \(spent * 1000) ms")
        #expect(spent <= 0.1)
        withExtendedLifetime(kept) {}
        await ledger.close()
    }

    /// Plain memory: nobody waits, and the row does not say destroyed before it is.
    @Test func aGibibyteOfPlainMemoryHoldsNobodyUp() async throws {
        let ledger = try await Ledger.open(at: folder.file("state"), surroundings: Surroundings(swap: .none, memoryQuota: 4 << 30))
        let scratch = try await ledger.makeScratchInMemory(request(.decodedAudio))
        let page = [UInt8](repeating: 3, count: 1 << 20)
        for _ in 0..<1024 { try #require(write(scratch.fileDescriptor, page, page.count) == page.count) }
        let copy = dup(scratch.fileDescriptor)
        defer { close(copy) }
        let start = ContinuousClock.now
        let asked = await seconds { await ledger.destroy([scratch.id], because: .userRequest) }
        var isEarly = false
        #expect(try await comesTrue {
            guard try await ledger.list().isEmpty else { return false }
            var info = stat()
            isEarly = fstat(copy, &info) != 0 || info.st_blocks > 0
            return true
        })
        let spent = start.duration(to: .now)
        print("figure: 1 GiB of plain memory: asked in \(asked * 1000) ms, gone after \(spent)")
        #expect(asked <= 0.1 && !isEarly)
        await ledger.close()
    }

    @Test func tenThousandRowsAreListedInFiftyMilliseconds_andErasedInTwoSeconds() async throws {
        let ledger = try await openLedger(folder)
        let parent = try await ledger.create(request())
        #expect(await ledger.rawInsert(9_999, under: parent) == 10_000)
        var count = try await ledger.list().count
        let listed = try await seconds { count = try await ledger.list().count }
        #expect(count == 10_000)
        let erased = await seconds { _ = await ledger.eraseEverything() }
        print("figure: 10,000 rows listed in \(listed * 1000) ms, erased in \(erased) s")
        #expect(listed <= 0.05 && erased <= 2)
        await ledger.close()
    }

    @Test func aHistoryIsVerifiedInSeconds() async throws {
        // Where commits cost nothing: it is the reading that is measured.
        let folder = Folder(inMemory: true)
        let ledger = try await openLedger(folder)
        for _ in 0..<2500 {
            let id = try await ledger.create(request())
            await ledger.destroy([id], because: .fileClosed)
        }
        await ledger.close()
        var report = HistoryReport()
        let spent = await seconds { report = Ledger.verify(at: folder.file("state")) }
        print("figure: \(report.lastEvent ?? 0) events and \(report.checkpoints) signatures verified in \(spent) s")
        #expect(report.whole)
    }
}
