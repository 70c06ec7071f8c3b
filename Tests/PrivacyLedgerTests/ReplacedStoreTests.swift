import Foundation
import Glibc
import TestSupport
import Testing
@testable import PrivacyLedger

/// What somebody does to the ledger's folder while it is in use.
struct ReplacedStoreTests {
    let folder = Folder()

    /// Ids of open rows, as another process sees them.
    private func seen() -> [String] {
        var found: [String] = []
        do {
            let connection = try SQLiteConnection(path: folder.file("state/ledger.sqlite"))
            try connection.run("SELECT id FROM item WHERE settled IS NULL ORDER BY id") { found.append($0.text(0) ?? "") }
        } catch {
            return []
        }
        return found
    }

    @Test(arguments: [false, true])
    func whatExistsIsInTheLedgerAlsoWhenItsFolderWasTakenAway(moved: Bool) async throws {
        let ledger = try await openLedger(folder)
        let id = try await ledger.create(request()), tier = try await ledger.beginTransfer(TransferRequest(
            tier: "own", privacyClass: .own, destination: "x", kind: .tierInput, purpose: .mastering, bytes: 10, end: .declared(seconds: 60)))
        #expect(seen() == [id, tier].map(\.rawValue).sorted())
        // In one step, since the ledger goes on writing while files are removed one by one.
        try #require(rename(folder.file("state"), folder.file("elsewhere")) == 0)
        if !moved { try FileManager.default.removeItem(atPath: folder.file("elsewhere")) }
        // Nobody writes: the ledger sees it by itself.
        #expect(await comesTrue { seen() == [id, tier].map(\.rawValue).sorted() })
        let next = try await ledger.create(request())
        #expect(seen().contains(next.rawValue))
        await ledger.close()
        #expect(seen() == [tier.rawValue])
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }

    @Test func whatCanHaveNoRowAnyMoreIsDestroyed() async throws {
        let ledger = try await openLedger(folder)
        let scratch = try await ledger.makeScratchInMemory(request(.previewRender))
        let copy = dup(scratch.fileDescriptor)
        defer { close(copy) }
        // The ledger makes its folder anew as soon as it is gone: until the file is there, it is taken away again.
        try folder.write("", to: "file")
        var number = 0
        repeat {
            try #require(rename(folder.file("state"), folder.file("elsewhere-\(number)")) == 0)
            number += 1
        } while rename(folder.file("file"), folder.file("state")) != 0
        #expect(await comesTrue { ledger.summary.items == 0 })
        #expect(!leads(scratch.fileDescriptor, toFileOf: copy))
        await #expect(throws: LedgerError.self) { _ = try await ledger.create(request()) }
        #expect(ledger.summary.problem != nil)
        await ledger.close()
    }

    /// A key that cannot be looked at now is no broken history.
    @Test func aKeyThatCannotBeReadStopsTheLedgerAndHarmsNothing() async throws {
        let ledger = try await openLedger(folder)
        let id = try await ledger.create(request())
        try #require(rename(folder.file("state/history.key"), folder.file("kept.key")) == 0 && mkdir(folder.file("state/history.key"), 0o700) == 0)
        await #expect(throws: LedgerError.self) { _ = try await ledger.create(request()) }
        // Its end does not wait for that.
        await ledger.destroy([id], because: .userRequest)
        #expect(ledger.summary.items == 0)
        try #require(rmdir(folder.file("state/history.key")) == 0 && rename(folder.file("kept.key"), folder.file("state/history.key")) == 0)
        _ = try await ledger.create(request())
        await ledger.close()
        #expect(Ledger.verify(at: folder.file("state")).problems == [])
    }
}
