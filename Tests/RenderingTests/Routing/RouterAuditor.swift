import Rendering

/// What the world of a simulation really is. Only the simulation and the auditor know it.
struct Truth {
    enum Nature: UInt8, CaseIterable {
        case honest, slow, silent, mute, refusing, lying, dying, busy, flaky, spent, asleep, locked, prudish, pedantic, undead
    }
    struct TierTruth {
        var nature: Nature
        var isLocal: Bool
        /// never, ask, always
        var mayNever: Bool
        var mayAlways: Bool
        /// What the user answers when asked.
        var userSaysYes: Bool
        var isAllowedBefore: Bool
        /// For those that die or are busy: when that changes.
        var turnsAt: Double
    }
    struct JobTruth {
        var at: Double
        var accepted: UInt64
        var only: Int?
        var canAsk: Bool
        var cancelAt: Double
        var goesOnAfterRefusal: Bool
    }
    var tiers: [TierTruth]
    var jobs: [JobTruth]
}

/// Watches what a router does to jobs, from outside: it knows the truth and sees starts, results and ends, and has no line of the router's code.
struct RouterAuditor {
    private struct Watch {
        var running: (attempt: Int, tier: Int)?
        var key: String?
        var deliveries = 0
        var ends = 0
        var cancelled = false
        var refusedBy: Int?
        var wrong = false
        var startsAt = [Int: Int]()
        var saidYes: UInt64 = 0
        var waitsAt = [Int: Int]()
        var faultAt: Double?
        var faultTier = -1
        var wasAsked = false
        var isAlone = false
    }

    let truth: Truth
    private var jobs: [Watch]
    private var keys = Set<String>()
    private var allowed: UInt64 = 0
    private(set) var violations: [String] = []
    /// Seconds from the moment a tier was of no use any more to the start at the next one.
    private(set) var failovers: [Double] = []

    init(_ truth: Truth) {
        self.truth = truth
        jobs = Array(repeating: Watch(), count: truth.jobs.count)
        for (n, tier) in truth.tiers.enumerated() where tier.isAllowedBefore { allowed |= 1 << UInt64(n) }
    }

    mutating func started(job: Int, tier: Int, attempt: Int, key: String, at now: Double) {
        let t = truth.tiers[tier], j = truth.jobs[job]
        if jobs[job].running != nil { violations.append("job \(job): two attempts at once") }
        if jobs[job].deliveries + jobs[job].ends > 0 { violations.append("job \(job): started after its end") }
        if jobs[job].cancelled { violations.append("job \(job): started after a cancel") }
        if let by = jobs[job].refusedBy, !j.canAsk || !j.goesOnAfterRefusal { violations.append("job \(job): sent to \(tier) after \(by) refused its content") }
        if jobs[job].wrong { violations.append("job \(job): tried again although the job is wrong") }
        if j.accepted & 1 << UInt64(tier) == 0 { violations.append("job \(job): at tier \(tier), which cannot do it") }
        if let only = j.only, only != tier { violations.append("job \(job): at tier \(tier), the user named \(only)") }
        if !t.isLocal {
            if t.mayNever { violations.append("job \(job): sent to tier \(tier), where nothing may go") }
            if !t.mayAlways, (allowed | jobs[job].saidYes) & 1 << UInt64(tier) == 0 { violations.append("job \(job): sent to tier \(tier) without consent") }
        }
        if let before = jobs[job].key {
            if before != key { violations.append("job \(job): another key") }
        } else {
            if !keys.insert(key).inserted { violations.append("job \(job): the key of another job") }
            jobs[job].key = key
        }
        jobs[job].startsAt[tier, default: 0] += 1
        let tries = jobs[job].startsAt[tier]! - jobs[job].waitsAt[tier, default: 0]
        if tries > 3 { violations.append("job \(job): \(tries) tries at tier \(tier)") }
        if let since = jobs[job].faultAt, jobs[job].faultTier != tier, !jobs[job].wasAsked { failovers.append(now - since) }
        if jobs[job].faultTier != tier { jobs[job].faultAt = nil }
        jobs[job].running = (attempt, tier)
    }

    /// An attempt is over from the outside: failed, or given up. `uselessSince`: when the tier stopped being of use to it.
    /// - Parameter excused: the tier asked for patience (busy, starting up), so another try is no retry.
    mutating func ended(job: Int, attempt: Int, uselessSince: Double, excused: Bool, refused: Bool = false, wrong: Bool = false) {
        guard let running = jobs[job].running, running.attempt == attempt else { return }
        jobs[job].running = nil
        if excused { jobs[job].waitsAt[running.tier, default: 0] += 1 }
        if refused { jobs[job].refusedBy = running.tier }
        if wrong { jobs[job].wrong = true }
        if jobs[job].faultAt == nil || jobs[job].faultTier != running.tier { jobs[job].faultAt = uselessSince }
        jobs[job].faultTier = running.tier
        jobs[job].wasAsked = false
    }

    mutating func answered(job: Int, tier: Int, yes: Bool) {
        jobs[job].wasAsked = true
        // For this job alone.
        if yes { jobs[job].saidYes |= 1 << UInt64(tier) }
    }

    /// Nobody answers what was asked about this job.
    mutating func leftAlone(job: Int) { jobs[job].isAlone = true }

    mutating func cancelled(job: Int) { jobs[job].cancelled = true }

    /// - Parameter isGood: whether what is delivered really is this job's sound.
    mutating func delivered(job: Int, attempt: Int, isGood: Bool) {
        jobs[job].deliveries += 1
        if jobs[job].running?.attempt != attempt { violations.append("job \(job): the result of an attempt that was given up") }
        jobs[job].running = nil
        if jobs[job].deliveries + jobs[job].ends > 1 { violations.append("job \(job): a second end") }
        if !isGood { violations.append("job \(job): a wrong result was delivered") }
    }

    mutating func ended(job: Int) {
        jobs[job].ends += 1
        if jobs[job].running != nil, !jobs[job].cancelled { violations.append("job \(job): ended while an attempt runs") }
        jobs[job].running = nil
        if jobs[job].deliveries + jobs[job].ends > 1 { violations.append("job \(job): a second end") }
    }

    /// When nothing more will happen. Returns jobs that had a working tier that they might use, and how many of them were finished.
    mutating func close() -> (due: Int, finished: Int) {
        var due = 0, finished = 0
        for (n, job) in jobs.enumerated() {
            if job.deliveries + job.ends == 0 { violations.append("job \(n): lost") }
            if job.cancelled || job.wrong || job.isAlone { continue }
            // Refused for its content, and nobody said that it may go on: it has to stop.
            if job.refusedBy != nil, !truth.jobs[n].canAsk || !truth.jobs[n].goesOnAfterRefusal { continue }
            let truthOfJob = truth.jobs[n]
            let works = truth.tiers.indices.contains { t in
                let tier = truth.tiers[t]
                guard tier.nature == .honest, truthOfJob.accepted & 1 << UInt64(t) != 0, truthOfJob.only.map({ $0 == t }) ?? true else { return false }
                if tier.isLocal || tier.mayAlways { return true }
                return !tier.mayNever && (tier.isAllowedBefore || truthOfJob.canAsk && tier.userSaysYes)
            }
            guard works else { continue }
            due += 1
            finished += job.deliveries
        }
        return (due, finished)
    }
}
