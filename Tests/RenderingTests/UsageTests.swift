import Foundation
import Mastering
import PrivacyLedger
import Testing
import TestSupport
@testable import Rendering

@Suite struct UsageTests {
    private let folder = Folder()

    @Test func countersHaveNoPlaceForNames() async throws {
        let ledger = try await folder.openLedger()
        let engine = RenderEngine(ledger: ledger, tiers: [FakeTier { _, _ in throw JobFailure(message: "", exitCode: 65) }], slots: 1)
        var secret = Preset()
        secret.id = "secret-song-of-mine"
        var request = folder.request()
        request.presetTOML = secret.toml()
        _ = await engine.outcome(of: await engine.submit(.master(request)))
        _ = await engine.outcome(of: await engine.submit(.master(folder.request())))
        var track = GenerateRequest(prompt: "my secret song", seed: 1, output: folder.file("secret.wav"), container: .wav)
        track.options.genre = "secret-genre"
        _ = await engine.outcome(of: await engine.submit(.generate(track)))
        await engine.shutDown()
        let counts = try await ledger.counters()
        #expect(Set(counts.map(\.setting)) == ["own", "streaming"] && counts.allSatisfy { $0.outcome == .unusableInput && $0.tier == "fake" })
        #expect(!String(decoding: try JSONEncoder().encode(counts), as: UTF8.self).contains("secret"))
        await ledger.close()
    }
}
