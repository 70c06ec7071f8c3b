import Foundation
import Glibc
import TestSupport
import Testing
@testable import PrivacyLedger

/// What is kept for a later run.
struct SessionVaultTests {
    let folder = Folder()
    let time = TestClock()

    private func run(_ name: String) async throws -> Ledger {
        try await openLedger(folder, time.clock, run: RunIdentity(id: name, boot: "b", process: 2, processStart: 1, processSpace: "s"), isOver: { _ in true })
    }

    private func files() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.file("state")).filter { $0.contains("session-") || $0.hasPrefix(".lathe") } }

    @Test(arguments: [false, true])
    func aSessionIsFoundOnceByTheNextRun(killed: Bool) async throws {
        let words = Array("the folder, the file, the settings".utf8), first = try await run("first")
        try await first.keepSession(Array("older".utf8))
        try await first.keepSession(words)
        #expect(try files().count == 2)
        let row = try #require(try await first.list().first)
        #expect(try await first.list().count == 1 && row.kind == .session && row.erasureClass == .e2 && row.rule == .resumable)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.file("state")) {
            #expect(try folder.bytes("state/" + name).range(of: Data(words)) == nil, "\(name)")
        }
        if !killed { await first.close() }
        let second = try await run("second")
        #expect(try await second.list().map(\.id) == [row.id])
        #expect(try await second.takeSession() == words)
        #expect(try await second.takeSession() == nil)
        #expect(try await second.list().isEmpty && files().isEmpty)
        await second.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    @Test func aSessionThatNobodyTakesEndsAfterADay_andAnybodyCanDestroyIt() async throws {
        let first = try await run("first")
        try await first.keepSession([1, 2, 3])
        await first.close()
        time.advance(86_400)
        let second = try await run("second")
        #expect(try await second.list().isEmpty && files().isEmpty)
        #expect(try await second.takeSession() == nil)
        try await second.keepSession([4])
        await second.close()
        let third = try await run("third")
        #expect(await third.eraseEverything().isComplete)
        #expect(try await third.list().isEmpty && files().isEmpty)
        await third.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    /// A run that dies while it keeps a newer one has not lost the one before.
    @Test func behindOneThatCannotBeReadIsTheOneBefore() async throws {
        let first = try await run("first")
        try await first.keepSession([1])
        await first.close()
        time.advance(10)
        let second = try await run("second")
        try await second.keepSession([2])
        let newest = try files().filter { $0.hasPrefix("session-") }
        await second.close()
        #expect(newest.count == 2)
        let rows = try await run("third")
        let last = try #require(try await rows.list().max { $0.createdAt < $1.createdAt })
        try FileManager.default.removeItem(atPath: SessionFile.key(of: last.id, in: folder.file("state")))
        #expect(try await rows.takeSession() == [1])
        #expect(try await rows.list().isEmpty && files().isEmpty)
        await rows.close()
    }

    @Test func whatWasChangedIsNoSession() async throws {
        let first = try await run("first")
        try await first.keepSession([UInt8](repeating: 7, count: 100))
        await first.close()
        let name = try #require(try files().first { $0.hasPrefix(".lathe") })
        var bytes = try folder.bytes("state/" + name)
        bytes[40] ^= 1
        try bytes.write(to: URL(fileURLWithPath: folder.file("state/" + name)))
        let second = try await run("second")
        #expect(try await second.takeSession() == nil)
        #expect(try files().isEmpty)
        await #expect(throws: LedgerError.self) { try await second.keepSession([UInt8](repeating: 0, count: Ledger.mostSessionBytes + 1)) }
        await second.close()
    }
}
