import Foundation
import Testing
import TestSupport
@testable import PrivacyLedger

@Suite struct CounterTests {
    private let folder = Folder()

    @Test func countersAddUpByDay_andEndWithTheirTime() async throws {
        let clock = TestClock()
        let ledger = try await openLedger(folder, clock.clock)
        for _ in 0..<3 { await ledger.count(.master, setting: "streaming", tier: "local", .done, spentSeconds: 1.5, soundSeconds: 60) }
        await ledger.count(.master, setting: "streaming", tier: "local", .unusableInput, spentSeconds: 0.5, soundSeconds: 0)
        let counts = try await ledger.counters()
        #expect(counts.map(\.count) == [3, 1] && counts[0].spentMilliseconds == 4500 && counts[0].soundMilliseconds == 180_000)
        clock.advance(31 * 86_400)
        await ledger.count(.generate, setting: "techno", tier: "local", .done, spentSeconds: 1, soundSeconds: 30)
        #expect(try await ledger.counters().map(\.setting) == ["techno"])
        clock.advance(31 * 86_400)
        await ledger.close()
        let later = try await openLedger(folder, clock.clock)
        #expect(try await later.counters().isEmpty)
        await later.close()
    }

    @Test func erasingEverythingForgetsCounters() async throws {
        let ledger = try await openLedger(folder)
        await ledger.count(.master, setting: "streaming", tier: "local", .done, spentSeconds: 1, soundSeconds: 60)
        _ = await ledger.eraseEverything()
        #expect(try await ledger.counters().isEmpty)
        await ledger.close()
    }
}
