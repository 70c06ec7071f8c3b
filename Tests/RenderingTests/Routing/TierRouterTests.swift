import Foundation
import PrivacyLedger
@testable import Rendering
import Testing

/// One rule of the table each; that they hold together is the simulation's claim.
@Suite("Routing, rule by rule")
struct TierRouterTests {
    private struct Desk {
        var router: TierRouter
        var random = RoutingRandom(seed: 5)
        var now = 1000.0
        var last: [TierRouter.Effect] = []

        init(_ tiers: [RoutingPolicy] = [RoutingPolicy(name: "gpu", privacyClass: .own), .local]) {
            router = TierRouter(tiers: tiers, allowed: tiers.map { $0.privacyClass == .local })
        }

        @discardableResult
        mutating func tell(_ event: TierRouter.Event, after seconds: Double = 0) -> [TierRouter.Effect] {
            now += seconds
            last = router.handle(event, now: now, random: &random)
            return last
        }

        mutating func submit(_ id: Int = 1, canAsk: Bool = false, only: Int? = nil) {
            tell(.submitted(JobID(rawValue: id), RouteRequest(key: "k\(id)", accepted: router.tiers.map { _ in true }, only: only, canAsk: canAsk)))
        }

        /// The attempt that was just started, and where.
        var started: (id: AttemptID, tier: Int)? {
            for case .start(let attempt) in last { return (attempt.id, attempt.tier) }
            return nil
        }

        /// Lets time pass until the router does something.
        mutating func wait() { if let wake = router.nextWake { tell(.tick, after: max(0, wake - now)) } }
    }

    @Test("classes that mean another tier at once", arguments: [TierError.auth, .quota(seconds: 60), .busy(retryAfter: 60), .coldStart("building"), .badOutput(.silent),
                                                              .transport(.deadline), .transport(.protocolMismatch)])
    func nextAtOnce(error: TierError) throws {
        var desk = Desk()
        desk.submit()
        let first = try #require(desk.started)
        #expect(first.tier == 0)
        desk.tell(.failed(first.id, error))
        #expect(desk.started?.tier == 1)
    }

    @Test("a dead worker has one more try, a lost connection two, and the key stays", arguments: [(TierError.workerFailure("x"), 1), (.transport(.broken), 2), (.transport(.stalled), 1)])
    func retries(error: TierError, count: Int) throws {
        var desk = Desk()
        desk.submit()
        for _ in 0..<count {
            desk.tell(.failed(try #require(desk.started).id, error))
            #expect(desk.last.isEmpty)
            desk.wait()
            #expect(desk.started?.tier == 0)
        }
        desk.tell(.failed(try #require(desk.started).id, error))
        #expect(desk.started?.tier == 1)
        for case .start(let attempt) in desk.last { #expect(attempt.key == "k1") }
    }

    @Test("a short queue is waited for, a long one is not")
    func busy() throws {
        var desk = Desk()
        desk.submit()
        desk.tell(.failed(try #require(desk.started).id, .busy(retryAfter: 3)))
        #expect(desk.router.nextWake == desk.now + 3)
        desk.wait()
        #expect(desk.started?.tier == 0)
    }

    @Test("connect 5 s, first byte 30 s, stall 20 s, deadline 10 min")
    func clocks() throws {
        var desk = Desk()
        desk.submit()
        let id = try #require(desk.started).id
        #expect(desk.router.nextWake == 1005)
        desk.tell(.connected(id), after: 1)
        #expect(desk.router.nextWake == 1031)
        desk.tell(.heard(id, estimate: nil), after: 9)
        #expect(desk.router.nextWake == 1030)
        for _ in 0..<60 { desk.tell(.heard(id, estimate: nil), after: 9.5) }
        #expect(desk.router.nextWake == 1600)
        desk.wait()
        #expect(desk.last.first == .stop(id) && desk.started?.tier == 1)
    }

    @Test("an attempt that ends while a probe is out does not leave those who wait for the probe", arguments: [true, false])
    func probeOvertaken(succeeds: Bool) throws {
        var desk = Desk()
        desk.submit(1)
        let slow = try #require(desk.started).id
        desk.tell(.connected(slow))
        for job in 2...3 {
            desk.submit(job)
            desk.tell(.failed(try #require(desk.started).id, .transport(.refused)), after: 1)
        }
        for _ in 0..<30 { desk.tell(.heard(slow, estimate: nil), after: 2) }
        desk.submit(4)
        #expect(desk.last == [.probe(tier: 0)])
        if succeeds { desk.tell(.returned(slow, ResultFacts(isOwn: true, sound: .init(seconds: 60, channels: 2, isFinite: true, peakDBFS: -1, lufs: -14)))) } else {
            desk.tell(.failed(slow, .transport(.refused)))
        }
        desk.tell(.probed(tier: 0, true))
        #expect(desk.last.contains { if case .start(let attempt) = $0 { attempt.job == JobID(rawValue: 4) } else { false } })
        desk.tell(.tick)
        #expect(desk.router.nextWake.map { $0 > desk.now } ?? true)
    }

    @Test("two failed connections open the breaker; the next job passes by, and after its time a probe without data decides")
    func breaker() throws {
        var desk = Desk()
        desk.submit()
        desk.tell(.failed(try #require(desk.started).id, .transport(.refused)))
        desk.wait()
        desk.tell(.failed(try #require(desk.started).id, .transport(.refused)))
        #expect(desk.started?.tier == 1)
        desk.submit(2)
        #expect(desk.started?.tier == 1)
        desk.now += 40
        desk.submit(3)
        #expect(desk.last == [.probe(tier: 0)])
        desk.tell(.probed(tier: 0, true))
        #expect(desk.started?.tier == 0)
    }

    @Test("what is refused for its content goes nowhere else unless the user says so", arguments: [nil, false, true])
    func content(answer: Bool?) throws {
        var desk = Desk()
        desk.submit(canAsk: answer != nil)
        desk.tell(.failed(try #require(desk.started).id, .contentPolicy("no")))
        if let answer {
            #expect(desk.last == [.ask(JobID(rawValue: 1), .afterRefusal(tier: 0))])
            desk.tell(.answered(JobID(rawValue: 1), answer))
        }
        #expect(answer == true ? desk.started?.tier == 1 : desk.last == [.end(JobID(rawValue: 1), .failed(.contentPolicy("no")))])
    }

    @Test("a wrong job stops where it is said to be wrong")
    func invalid() throws {
        var desk = Desk()
        desk.submit()
        desk.tell(.failed(try #require(desk.started).id, .invalidRequest("no such preset")))
        #expect(desk.last == [.end(JobID(rawValue: 1), .failed(.invalidRequest("no such preset")))])
    }

    @Test("an answer that comes after its attempt was given up is nobody's")
    func late() throws {
        var desk = Desk()
        desk.submit()
        let first = try #require(desk.started).id
        desk.tell(.failed(first, .badOutput(.silent)))
        let sound = ResultFacts(isOwn: true, sound: .init(seconds: 1, channels: 2, isFinite: true, peakDBFS: -1, lufs: -14))
        #expect(desk.tell(.returned(first, sound)).isEmpty)
    }

    @Test("a cancel is immediate elsewhere, and waits for this machine to let go")
    func cancel() throws {
        var desk = Desk()
        desk.submit()
        let id = try #require(desk.started).id
        #expect(desk.tell(.cancelRequested(JobID(rawValue: 1))) == [.stop(id), .end(JobID(rawValue: 1), .cancelled)])
        var here = Desk([.local])
        here.submit()
        let own = try #require(here.started).id
        #expect(here.tell(.cancelRequested(JobID(rawValue: 1))) == [.stop(own)])
        #expect(here.tell(.failed(own, .cancelled)) == [.end(JobID(rawValue: 1), .cancelled)])
    }

    @Test("the log goes through JSON as it is, and its line says what happened")
    func log() throws {
        var desk = Desk([RoutingPolicy(name: "gpu", privacyClass: .own), RoutingPolicy(name: "space", privacyClass: .thirdParty), .local])
        desk.submit()
        for _ in 0..<2 {
            desk.tell(.failed(try #require(desk.started).id, .transport(.unreachable)), after: 5)
            desk.wait()
        }
        desk.tell(.returned(try #require(desk.started).id, nil), after: 38)
        let log = try #require(desk.router.log(of: JobID(rawValue: 1)))
        #expect(try decoded(log) == log)
        let line = log.line(now: desk.now)
        #expect(line.hasPrefix("gpu ✗ (2 timeouts") && line.hasSuffix("→ space ✗ (third party: not allowed) → local ✓ 0:38"), "\(line)")
    }

    @Test("every way in which a result can be wrong is seen", arguments: [
        (ResultFacts(isOwn: false, sound: nil), OutputFault.foreign), (ResultFacts(isOwn: true, sound: nil), .undecodable),
        (facts(seconds: 59.7), .wrongLength), (facts(channels: 1), .wrongChannels), (facts(isFinite: false), .notFinite), (facts(peak: nil), .silent), (facts(peak: -90), .silent),
        (facts(lufs: -60), .implausibleLoudness), (facts(lufs: 3), .implausibleLoudness), (facts(seconds: 60.05), nil),
    ] as [(ResultFacts, OutputFault?)])
    func resultCheck(facts: ResultFacts, expected: OutputFault?) {
        #expect(ResultExpectation(seconds: 60, channels: 2).fault(of: facts) == expected)
    }

    private static func facts(seconds: Double = 60, channels: Int = 2, isFinite: Bool = true, peak: Double? = -1, lufs: Double? = -14) -> ResultFacts {
        ResultFacts(isOwn: true, sound: .init(seconds: seconds, channels: channels, isFinite: isFinite, peakDBFS: peak, lufs: lufs))
    }
}

private func decoded(_ log: RouteLog) throws -> RouteLog { try JSONDecoder().decode(RouteLog.self, from: JSONEncoder().encode(log)) }
