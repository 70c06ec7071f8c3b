import Testing
@testable import Service

@Suite struct RateLimitTests {
    @Test func aBurstIsAQuarterOfAMinute_andThenSoManyAMinute() {
        var limit = RateLimit(perMinute: 60)
        for _ in 0..<15 { #expect(limit.take("a", now: 0) == nil) }
        #expect(limit.take("a", now: 0) == 1)
        #expect(limit.take("b", now: 0) == nil)
        var passed = 0
        for tenth in 1...600 where limit.take("a", now: Double(tenth) / 10) == nil { passed += 1 }
        #expect((59...60).contains(passed))
    }

    @Test func aClockThatGoesBackGivesNothing() {
        var limit = RateLimit(perMinute: 4)
        #expect(limit.take("a", now: 100) == nil)
        #expect(limit.take("a", now: 0) != nil)
    }
}
