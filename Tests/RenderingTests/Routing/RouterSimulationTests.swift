import Dispatch
import Foundation
import Rendering
import Synchronization
import Testing

@Suite("Routing, simulated")
struct RouterSimulationTests {
    private struct Sum {
        var failing: [(seed: UInt64, what: String)] = []
        var jobs = 0, due = 0, finished = 0
        /// Of a tenth of a second.
        var failovers = [Int](repeating: 0, count: 10_001)
    }

    private static let isLong = ProcessInfo.processInfo.environment["LATHE_LONG"] == "1"

    @Test("no job is lost, doubled or sent where it may not go, and what an allowed tier can finish is finished")
    func manyLives() {
        let count = Self.isLong ? 1_200_000 : 100_000, block = 500
        let sum = Mutex(Sum())
        DispatchQueue.concurrentPerform(iterations: count / block) { part in
            var mine = Sum()
            for seed in UInt64(part * block)..<UInt64((part + 1) * block) {
                let report = RouterSimulation.run(seed: seed)
                if let first = report.violations.first { mine.failing.append((seed, first)) }
                mine.jobs += report.jobs
                mine.due += report.due
                mine.finished += report.finished
                for seconds in report.failovers { mine.failovers[min(10_000, Int(seconds * 10))] += 1 }
            }
            sum.withLock { sum in
                sum.failing += mine.failing
                sum.jobs += mine.jobs
                sum.due += mine.due
                sum.finished += mine.finished
                for n in sum.failovers.indices { sum.failovers[n] += mine.failovers[n] }
            }
        }
        let all = sum.withLock { $0 }
        #expect(all.failing.isEmpty, "\(all.failing.count) seeds fail; the first: \(all.failing.min { $0.seed < $1.seed }.map { "seed \($0.seed): \($0.what)" } ?? "")")
        let share = Double(all.finished) / Double(max(1, all.due))
        #expect(all.due > count / 2 && share >= 0.999, "\(all.finished) of \(all.due) jobs that had a working tier were finished")
        let median = Self.median(all.failovers)
        #expect(median <= 6, "the median failover takes \(median) s")
        print("simulated \(count) lives, \(all.jobs) jobs: \(all.finished)/\(all.due) finished where a tier works, "
              + "\(all.failovers.reduce(0, +)) failovers, median \(median) s")
    }

    private static func median(_ counts: [Int]) -> Double {
        let total = counts.reduce(0, +)
        var passed = 0
        for (n, count) in counts.enumerated() {
            passed += count
            if passed * 2 >= total { return Double(n + 1) / 10 }
        }
        return .infinity
    }

    @Test("a seed gives every decision again", arguments: [UInt64(1), 77, 4_711, 99_999])
    func seedReplays(seed: UInt64) {
        let first = RouterSimulation.run(seed: seed, keepsLogs: true), again = RouterSimulation.run(seed: seed, keepsLogs: true)
        #expect(first == again)
        #expect(!first.logs.isEmpty && first.logs.allSatisfy { !$0.decisions.isEmpty || $0.tiers.count == 1 })
    }

    /// 812931: an attempt ended while a probe was out at its tier, and the job behind the probe waited for ever.
    @Test("what was found once stays found", arguments: [UInt64(812_931)])
    func seedsThatFailed(seed: UInt64) { #expect(RouterSimulation.run(seed: seed).violations.isEmpty) }

    @Test("the auditor sees each sin when it is committed")
    func auditorSees() {
        func tier(_ never: Bool, _ always: Bool) -> Truth.TierTruth {
            .init(nature: .honest, isLocal: false, mayNever: never, mayAlways: always, userSaysYes: false, isAllowedBefore: false, turnsAt: 0)
        }
        let job = Truth.JobTruth(at: 0, accepted: 0b111, only: nil, canAsk: true, cancelAt: .infinity, goesOnAfterRefusal: false)
        let truth = Truth(tiers: [tier(false, true), tier(true, false), tier(false, false)], jobs: [job, job])
        func sins(_ act: (inout RouterAuditor) -> Void) -> Int {
            var auditor = RouterAuditor(truth)
            act(&auditor)
            return auditor.violations.count
        }
        #expect(sins { $0.started(job: 0, tier: 0, attempt: 1, key: "a", at: 0) } == 0)
        #expect(sins { $0.started(job: 0, tier: 1, attempt: 1, key: "a", at: 0) } > 0)
        #expect(sins { $0.started(job: 0, tier: 2, attempt: 1, key: "a", at: 0) } > 0)
        #expect(sins { $0.started(job: 0, tier: 0, attempt: 1, key: "a", at: 0); $0.started(job: 0, tier: 0, attempt: 2, key: "a", at: 1) } > 0)
        #expect(sins { $0.started(job: 0, tier: 0, attempt: 1, key: "a", at: 0); $0.started(job: 1, tier: 0, attempt: 2, key: "a", at: 1) } > 0)
        #expect(sins {
            $0.started(job: 0, tier: 0, attempt: 1, key: "a", at: 0)
            $0.ended(job: 0, attempt: 1, uselessSince: 1, excused: false)
            $0.started(job: 0, tier: 0, attempt: 2, key: "b", at: 1)
        } > 0)
        #expect(sins { $0.started(job: 0, tier: 0, attempt: 1, key: "a", at: 0); $0.delivered(job: 0, attempt: 1, isGood: false) } > 0)
        #expect(sins {
            $0.started(job: 0, tier: 0, attempt: 1, key: "a", at: 0)
            $0.delivered(job: 0, attempt: 1, isGood: true)
            $0.delivered(job: 0, attempt: 1, isGood: true)
        } > 0)
        #expect(sins {
            $0.started(job: 0, tier: 0, attempt: 1, key: "a", at: 0)
            $0.ended(job: 0, attempt: 1, uselessSince: 1, excused: false, refused: true)
            $0.started(job: 0, tier: 0, attempt: 2, key: "a", at: 1)
        } > 0)
        #expect(sins { _ = $0.close() } == 2)
    }
}
