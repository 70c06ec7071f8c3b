import AudioFiles
import Foundation
import Mastering
import PrivacyLedger
import TestSupport
import Testing
@testable import Rendering

/// The same input and preset give the same bytes, however many renders share the machine and however often.
struct DeterminismTests {
    @Test func twentyRunsOnOneTwoAndFiveThreadsGiveTheSameBytes() async throws {
        let folder = Folder()
        try folder.makeMix("mix.wav", seconds: 1)
        var preset = Preset()
        preset.target.lufs = -9
        preset.output.bits = .int16
        preset.output.rate = .hz48000
        var seen = Set<Data>(), manifests = Set<Data>()
        for (slots, runs) in [(1, 4), (2, 6), (5, 10)] {
            let ledger = try await folder.openLedger()
            let engine = RenderEngine(ledger: ledger, slots: slots)
            var jobs: [(JobID, String)] = []
            for run in 0..<runs {
                let home = folder.file("\(slots)-\(run)")
                try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
                var request = MasterRequest(input: folder.file("mix.wav"), output: home + "/out.wav", preset: preset, container: .wav, force: false)
                request.delivery.manifest = home + "/manifest.json"
                request.delivery.deliverables = [Deliverable(output: home + "/out.ogg", container: .ogg)]
                jobs.append((await engine.submit(.master(request)), home))
            }
            for (id, home) in jobs {
                #expect(await engine.outcome(of: id)?.state == .finished)
                seen.insert(try Data(contentsOf: URL(fileURLWithPath: home + "/out.wav")))
                manifests.insert(try Data(contentsOf: URL(fileURLWithPath: home + "/manifest.json")))
            }
            await engine.shutDown()
            await ledger.close()
        }
        #expect(seen.count == 1 && manifests.count == 1)
    }
}
