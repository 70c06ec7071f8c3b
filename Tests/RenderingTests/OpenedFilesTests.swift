import AudioFiles
import Foundation
import Mastering
import Glibc
import PrivacyLedger
import TestSupport
import Testing
@testable import Rendering

/// A row ends what it stands for: the work while it is under way, the bytes afterwards.
struct OpenedFilesTests {
    let folder = Folder()

    /// The furthest that work on `path` came, from the events of an engine that is shut down.
    func furthest(_ events: AsyncStream<EngineEvent>) async -> (measuring: Double, solving: Double) {
        var most = (measuring: 0.0, solving: 0.0)
        for await event in events {
            switch event {
            case .measuring(_, let fraction): most.measuring = max(most.measuring, fraction)
            case .solving(_, let fraction): most.solving = max(most.solving, fraction)
            default: break
            }
        }
        return most
    }

    @Test(arguments: [ItemKind.analysis, .waveform])
    func destroyingARowEndsItsMeasurement(kind: ItemKind) async throws {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger)
        let mix = try folder.makeMix(seconds: 300)
        let events = await engine.events(), all = await engine.events()
        let measuring = Task { try await engine.profile(mix) }
        for await case .measuring(_, let fraction) in events where fraction > 0 { break }
        let row = try #require(try await ledger.list().first { $0.kind == kind })
        #expect(row.state == .live)
        #expect(await ledger.destroyAndConfirm([row.id], within: 30).isComplete)
        await #expect(throws: LedgerError.parentGone) { try await measuring.value }
        #expect(try await ledger.list().isEmpty)
        #expect(try await ledger.history().first { $0.kind == kind }?.reason == .userRequest)
        await engine.shutDown()
        #expect(await furthest(all).measuring < 0.9)
        await ledger.close()
    }

    @Test func eraseEverythingEndsASolve() async throws {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger)
        let mix = try folder.makeMix(seconds: 300)
        let profile = try await engine.profile(mix)
        let events = await engine.events(), all = await engine.events()
        let solving = Task { try await engine.solve(path: mix, preset: Preset(), profile: profile) }
        for await case .solving(_, let fraction) in events where fraction > 0 { break }
        #expect(await ledger.eraseEverything().isComplete)
        await #expect(throws: LedgerError.parentGone) { try await solving.value }
        #expect(try await ledger.list().isEmpty)
        await engine.shutDown()
        #expect(await furthest(all).solving < 0.9)
        await ledger.close()
    }

    @Test func thePictureEndsWithItsOwnRow() async throws {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger)
        let mix = try folder.makeMix()
        #expect(try await !engine.profile(mix).overview.buckets.isEmpty)
        let picture = try #require(await engine.opened[mix]?.picture)
        let rows = try await ledger.list()
        #expect(await ledger.destroy(anyOf: rows.filter { $0.kind == .waveform }.map(\.id)).isComplete)
        #expect(picture.value == nil)
        #expect(await engine.knownProfile(of: mix) == nil)
        #expect(try await ledger.list().map(\.kind) == [.analysis])

        #expect(try await !engine.profile(mix).overview.buckets.isEmpty)
        let new = try await ledger.list()
        #expect(new.map(\.kind) == [.analysis, .waveform] && Set(new.map(\.id)).isDisjoint(with: rows.map(\.id)))
        await engine.shutDown()
        #expect(try await ledger.list().isEmpty)
        await ledger.close()
    }

    @Test func workUnderWayKeepsItsRowAlive() async throws {
        let ledger = try await folder.openLedger()
        let row = try await ledger.create(ItemRequest(kind: .analysis, origin: .openedFile, purpose: .mastering, place: .ram))
        let before = try await ledger.row(matching: row.rawValue)
        let work = WorkHolder(every: .zero)
        try await ledger.attach(work, bytes: 0, to: row)
        await work.beat([row], ledger)?.value
        let after = try await ledger.row(matching: row.rawValue)
        #expect(after.createdAt + 600 <= after.expiresAt && before.expiresAt < after.expiresAt)
        // A file that the work fills is as large in the ledger as on the disk.
        try folder.write(Data(repeating: 7, count: 5000), to: "filled")
        let descriptor = open(folder.file("filled"), O_RDONLY)
        work.fills(row, descriptor)
        await work.beat([row], ledger)?.value
        close(descriptor)
        #expect(try await ledger.row(matching: row.rawValue).bytes == 5000)
        #expect(work.erase() == .pending && work.isErased && work.cancellation.isSet)
        await ledger.released(row)
        #expect(try await ledger.list().isEmpty)
        await ledger.close()
    }
}
