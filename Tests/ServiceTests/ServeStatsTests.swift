import PrivacyLedger
import Testing
@testable import Service

@Suite struct ServeStatsTests {
    private func count(_ setting: String, _ count: Int, _ outcome: LogOutcome = .done, day: String = "2026-11-30") -> UsageCount {
        UsageCount(day: day, event: .master, setting: setting, tier: "local", outcome: outcome, count: count, spentMilliseconds: 100, soundMilliseconds: 1000)
    }

    @Test func noGroupIsSmallerThanTen() {
        for sizes in [[9], [10], [3, 3, 3], [4, 3, 3], [50, 9], [50, 9, 1]] {
            let groups = ServeStats.groups(sizes.enumerated().map { count("p\($0)", $1) })
            #expect(groups.allSatisfy { $0.count >= 10 }, "\(sizes)")
        }
        #expect(ServeStats.groups([count("a", 4), count("b", 3), count("c", 3)]).map(\.setting) == ["other"])
        #expect(ServeStats.groups([count("a", 9)]).isEmpty)
    }

    @Test func daysAreAddedUp() {
        let groups = ServeStats.groups([count("a", 5, day: "2026-11-29"), count("a", 6)])
        #expect(groups.map(\.count) == [11] && groups[0].soundMilliseconds == 2000)
    }
}
