import PrivacyLedger
import Rendering

/// A few jobs and tiers in a made-up world that a seed decides altogether: it answers, lies, sleeps, dies, and users cancel and change their minds.
struct RouterSimulation {
    struct Report: Equatable {
        var violations: [String]
        var due = 0, finished = 0
        var failovers: [Double]
        var jobs = 0
        /// Of everything the router did, in order.
        var trace: UInt64
        var logs: [RouteLog]
    }

    private enum Happening {
        case submit(Int), cancel(Int), event(TierRouter.Event, TruthOfEvent?)
    }
    /// What an event from a tier really is.
    private struct TruthOfEvent {
        var job: Int, attempt: Int
        var isGood = false
        var excused = false, refused = false, wrong = false
    }
    private struct Scheduled {
        var at: Double
        var order: Int
        var what: Happening
    }
    private struct Running {
        var job: Int, tier: Int
        var lastSign: Double
        var isGood = false
    }

    private var world: RoutingRandom
    private var jitter: RoutingRandom
    private var truth: Truth
    private var router: TierRouter
    private var auditor: RouterAuditor
    private var calendar: [Scheduled] = []
    private var order = 0
    /// What is due at once, because a tier has changed its mind about how long it takes, may have been due before: no clock goes back for it.
    private var clock = 0.0
    private var running: [Int: Running] = [:]
    private var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    private var logs: [RouteLog] = []
    private let keepsLogs: Bool

    static func run(seed: UInt64, keepsLogs: Bool = false) -> Report {
        var simulation = RouterSimulation(seed: seed, keepsLogs: keepsLogs)
        return simulation.run()
    }

    private init(seed: UInt64, keepsLogs: Bool) {
        self.keepsLogs = keepsLogs
        var world = RoutingRandom(seed: seed)
        jitter = RoutingRandom(seed: ~seed)
        var tiers: [Truth.TierTruth] = []
        var policies: [RoutingPolicy] = []
        let classes: [PrivacyClass] = [.own, .localNetwork, .thirdParty, .unknown]
        let consents: [ConsentPolicy] = [.never, .ask, .ask, .always, .always]
        for n in 0..<Int(world.next() % 5) {
            let consent = consents[Int(world.next() % 5)]
            let privacy = classes[Int(world.next() % 4)]
            // A third of all tiers work as they should.
            let nature = world.next() % 3 == 0 ? .honest : Truth.Nature.allCases[Int(world.next() % UInt64(Truth.Nature.allCases.count))]
            tiers.append(.init(
                nature: nature, isLocal: false, mayNever: consent == .never, mayAlways: consent == .always || consent == .ask && privacy == .own, userSaysYes: world.unit() < 0.6,
                isAllowedBefore: consent == .ask && world.unit() < 0.3, turnsAt: world.unit() * 120))
            policies.append(RoutingPolicy(
                name: "tier \(n)", privacyClass: privacy, consent: consent,
                deadlineSeconds: world.unit() < 0.2 ? 60 + world.unit() * 600 : nil, waitsForColdStart: world.unit() < 0.2))
        }
        tiers.append(.init(nature: world.unit() < 0.97 ? .honest : .pedantic, isLocal: true, mayNever: false, mayAlways: true, userSaysYes: true, isAllowedBefore: true, turnsAt: 0))
        policies.append(.local)
        let all = UInt64(1) << UInt64(tiers.count) - 1
        var jobs: [Truth.JobTruth] = []
        for _ in 0..<1 + Int(world.next() % 4) {
            // Every third job cannot be done here, so that the others have to do it.
            let here = world.next() % 3 != 0 || tiers.count == 1
            let accepted = (world.unit() < 0.8 ? all : all & world.next()) & ~(here ? 0 : 1 << UInt64(tiers.count - 1))
            jobs.append(.init(
                at: world.unit() * 90, accepted: here ? accepted | 1 << UInt64(tiers.count - 1) : accepted,
                only: world.unit() < 0.1 ? Int(world.next() % UInt64(tiers.count)) : nil, canAsk: world.unit() < 0.6,
                cancelAt: world.unit() < 0.12 ? world.unit() * 150 : .infinity, goesOnAfterRefusal: world.unit() < 0.5))
        }
        self.world = world
        truth = Truth(tiers: tiers, jobs: jobs)
        router = TierRouter(tiers: policies, allowed: tiers.map(\.isAllowedBefore))
        auditor = RouterAuditor(truth)
        for (n, job) in jobs.enumerated() {
            schedule(job.at, .submit(n))
            if job.cancelAt < .infinity { schedule(job.at + job.cancelAt, .cancel(n)) }
        }
    }

    private mutating func schedule(_ at: Double, _ what: Happening) {
        calendar.append(Scheduled(at: at, order: order, what: what))
        order += 1
    }

    /// The next thing on the calendar; of two at once the one that was put there first.
    private mutating func next() -> Scheduled? {
        guard var best = calendar.indices.first else { return nil }
        for n in calendar.indices where (calendar[n].at, calendar[n].order) < (calendar[best].at, calendar[best].order) { best = n }
        calendar.swapAt(best, calendar.count - 1)
        return calendar.removeLast()
    }

    private mutating func run() -> Report {
        var steps = 0
        while steps < 20_000 {
            steps += 1
            let due = calendar.lazy.map(\.at).min()
            if let wake = router.nextWake, wake <= due ?? .infinity {
                tell(.tick, at: max(wake, clock))
                continue
            }
            guard let scheduled = next() else { break }
            switch scheduled.what {
            case .submit(let n):
                let job = truth.jobs[n]
                let request = RouteRequest(
                    key: "key \(n)", accepted: truth.tiers.indices.map { job.accepted & 1 << UInt64($0) != 0 }, only: job.only, canAsk: job.canAsk,
                    expectation: ResultExpectation(seconds: 60, channels: 2), estimateSeconds: world.unit() < 0.5 ? world.unit() * 300 : nil)
                tell(.submitted(JobID(rawValue: n), request), at: scheduled.at)
            case .cancel(let n):
                auditor.cancelled(job: n)
                tell(.cancelRequested(JobID(rawValue: n)), at: scheduled.at)
            case .event(let event, let truth):
                happen(event, truth, at: scheduled.at)
            }
        }
        let (due, finished) = auditor.close()
        return Report(violations: auditor.violations, due: due, finished: finished, failovers: auditor.failovers, jobs: truth.jobs.count, trace: trace, logs: logs)
    }

    private mutating func happen(_ event: TierRouter.Event, _ real: TruthOfEvent?, at now: Double) {
        if let real {
            switch event {
            case .failed:
                auditor.ended(job: real.job, attempt: real.attempt, uselessSince: now, excused: real.excused, refused: real.refused, wrong: real.wrong)
                running[real.attempt] = nil
            case .returned:
                running[real.attempt]?.isGood = real.isGood
                running[real.attempt]?.lastSign = now
            default:
                running[real.attempt]?.lastSign = now
            }
        }
        if case .answered(let job, let yes) = event, let question = asked[job.rawValue], case .consent(let tier) = question {
            auditor.answered(job: job.rawValue, tier: tier, yes: yes)
        }
        tell(event, at: now)
    }

    private var asked: [Int: RouteQuestion] = [:]

    private mutating func mix(_ x: UInt64) { trace = (trace ^ x) &* 0x100_0000_01B3 }

    private mutating func tell(_ event: TierRouter.Event, at now: Double) {
        clock = now
        for effect in router.handle(event, now: now, random: &jitter) {
            mix(now.bitPattern)
            switch effect {
            case .start(let attempt):
                mix(UInt64(attempt.id.rawValue) << 8 | UInt64(attempt.tier))
                auditor.started(job: attempt.job.rawValue, tier: attempt.tier, attempt: attempt.id.rawValue, key: attempt.key, at: now)
                running[attempt.id.rawValue] = Running(job: attempt.job.rawValue, tier: attempt.tier, lastSign: now)
                work(attempt, now)
            case .stop(let id):
                mix(1)
                guard let run = running[id.rawValue] else { continue }
                if truth.tiers[run.tier].isLocal {
                    // It lets go at its next block, or was done just before.
                    let late = world.unit() < 0.1
                    schedule(now + 0.05, .event(late ? .returned(id, nil) : .failed(id, .cancelled), .init(job: run.job, attempt: id.rawValue, isGood: true)))
                } else {
                    auditor.ended(job: run.job, attempt: id.rawValue, uselessSince: run.lastSign, excused: false)
                }
            case .ask(let job, let question):
                mix(2)
                asked[job.rawValue] = question
                let yes = switch question {
                case .consent(let tier): truth.tiers[tier].userSaysYes
                case .afterRefusal: truth.jobs[job.rawValue].goesOnAfterRefusal
                }
                // Some go away and never answer.
                if world.unit() < 0.9 { schedule(now + 0.5 + world.unit() * 20, .event(.answered(job, yes), nil)) } else { auditor.leftAlone(job: job.rawValue) }
            case .probe(let tier):
                mix(3)
                if truth.tiers[tier].nature != .silent { schedule(now + world.unit() * 4, .event(.probed(tier: tier, isUp(tier, now)), nil)) }
            case .deliver(let job, let id):
                mix(4)
                let run = running[id.rawValue]
                auditor.delivered(job: job.rawValue, attempt: id.rawValue, isGood: run?.isGood ?? false)
                close(job)
            case .keep(let id):
                mix(5)
                if let run = running[id.rawValue] { auditor.ended(job: run.job, attempt: id.rawValue, uselessSince: now, excused: false) }
            case .end(let job, _):
                mix(6)
                auditor.ended(job: job.rawValue)
                close(job)
            }
        }
    }

    private mutating func close(_ job: JobID) {
        if keepsLogs, let log = router.log(of: job) { logs.append(log) }
        router.forget(job)
    }

    private func isUp(_ tier: Int, _ now: Double) -> Bool {
        switch truth.tiers[tier].nature {
        case .refusing, .silent: false
        case .dying: now < truth.tiers[tier].turnsAt
        default: true
        }
    }

    /// What the tier makes of an attempt.
    private mutating func work(_ attempt: Attempt, _ start: Double) {
        let tier = truth.tiers[attempt.tier], id = attempt.id
        let real = TruthOfEvent(job: attempt.job.rawValue, attempt: id.rawValue)
        func at(_ seconds: Double) -> Double { start + seconds }
        var good = real
        good.isGood = true
        let sound = ResultFacts(isOwn: true, sound: .init(seconds: 60, channels: 2, isFinite: true, peakDBFS: -1, lufs: -14))
        if tier.isLocal {
            var wrong = real
            wrong.wrong = true
            let failure = JobFailure(message: "unusable", exitCode: 65)
            return schedule(at(2 + world.unit() * 40), tier.nature == .honest ? .event(.returned(id, nil), good) : .event(.failed(id, .final(failure)), wrong))
        }
        let connect = 0.02 + world.unit() * 0.5
        let length = 1 + world.unit() * 90
        switch tier.nature {
        case .silent: return
        case .refusing: return schedule(at(connect), .event(.failed(id, .transport(.refused)), real))
        case .dying where start >= tier.turnsAt: return schedule(at(connect), .event(.failed(id, .transport(.refused)), real))
        default: schedule(at(connect), .event(.connected(id), real))
        }
        func fail(_ error: TierError, after seconds: Double, _ real: TruthOfEvent) -> (Double, Happening) { (at(seconds), .event(.failed(id, error), real)) }
        var reply: (Double, Happening)
        switch tier.nature {
        case .mute: return
        case .honest, .undead: reply = (at(length), .event(.returned(id, sound), good))
        case .slow:
            // Drips for a very long time, or is slower to begin than anybody waits.
            reply = (at(world.unit() * 6000), .event(.returned(id, sound), good))
        case .lying:
            reply = (at(length), .event(.returned(id, lie(sound)), real))
        case .dying:
            if at(length) < tier.turnsAt { reply = (at(length), .event(.returned(id, sound), good)) } else if world.unit() < 0.5 {
                reply = (max(at(connect), tier.turnsAt), .event(.failed(id, .transport(.broken)), real))
            } else { return }
        case .busy:
            var excused = real
            excused.excused = true
            let waits: [Double?] = [nil, 1, 5, 30, 100_000, -4, .nan, .infinity]
            reply = start < tier.turnsAt ? fail(.busy(retryAfter: waits[Int(world.next() % 8)]), after: connect, excused) : (at(length), .event(.returned(id, sound), good))
        case .flaky: reply = world.unit() < 0.5 ? fail(.workerFailure("out of memory"), after: length, real) : (at(length), .event(.returned(id, sound), good))
        case .spent:
            var excused = real
            excused.excused = true
            reply = fail(.quota(seconds: [nil, 60, 86_400, .nan][Int(world.next() % 4)]), after: connect + 1, excused)
        case .asleep:
            var excused = real
            excused.excused = true
            reply = start < tier.turnsAt ? fail(.coldStart("building"), after: connect + 1, excused) : (at(length), .event(.returned(id, sound), good))
        case .locked: reply = fail(.auth, after: connect, real)
        case .prudish:
            var refused = real
            refused.refused = true
            reply = fail(.contentPolicy("no"), after: connect + 2, refused)
        case .pedantic:
            var wrong = real
            wrong.wrong = true
            reply = fail(.invalidRequest("no such preset"), after: connect, wrong)
        case .silent, .refusing: return
        }
        schedule(reply.0, reply.1)
        // Signs of life while it works.
        var sign = at(connect + 1)
        let gap = tier.nature == .slow && world.unit() < 0.3 ? 25.0 : 3 + world.unit() * 12
        while sign < reply.0, sign < at(1500) {
            schedule(sign, .event(.heard(id, estimate: world.unit() < 0.05 ? [.nan, -1, 40][Int(world.next() % 3)] : nil), real))
            sign += gap
        }
        // It answers twice, or after it was told to stop.
        if tier.nature == .undead || tier.nature == .lying { schedule(reply.0 + world.unit() * 30, reply.1) }
    }

    private mutating func lie(_ sound: ResultFacts) -> ResultFacts {
        var facts = sound
        switch world.next() % 8 {
        case 0: facts.isOwn = false
        case 1: facts.sound = nil
        case 2: facts.sound?.seconds = 59
        case 3: facts.sound?.channels = 1
        case 4: facts.sound?.isFinite = false
        case 5: facts.sound?.peakDBFS = nil
        case 6: facts.sound?.lufs = -60
        default: facts.hasFormat = false
        }
        return facts
    }
}
