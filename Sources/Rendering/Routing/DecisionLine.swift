import PrivacyLedger

/// What was decided for a job, in words.
extension RouteLog {
    /// One line: `gpu ✗ (3 timeouts, again in 0:41) → space ✗ (third party: not allowed) → local ✓ 0:38`.
    /// - Parameter now: seconds since 1970, for what is still to come or under way.
    public func line(now: Double) -> String {
        var parts: [String] = []
        for tier in order { if let part = part(tier, now) { parts.append(part) } }
        return parts.joined(separator: " → ")
    }

    /// Tiers in the order in which something was first decided about them.
    private var order: [Int] {
        var seen: [Int] = []
        for decision in decisions where tiers.indices.contains(decision.tier) && !seen.contains(decision.tier) { seen.append(decision.tier) }
        return seen
    }

    private func part(_ tier: Int, _ now: Double) -> String? {
        let own = decisions.filter { $0.tier == tier }
        guard let last = own.last else { return nil }
        let name = tiers[tier].name
        let started = own.last { if case .started = $0.verdict { true } else { false } }?.at
        switch last.verdict {
        case .skipped(.cannotDo): return nil
        case .skipped(let reason):
            let errors = failures(own)
            return "\(name) ✗ (\(([errors.isEmpty ? nil : errors, reason.words(tiers[tier], now)]).compactMap { $0 }.joined(separator: ", ")))"
        case .failed, .answered(false):
            let again = againIn(tier, own, now)
            let errors = failures(own)
            // Without an error before it, the answer was about consent.
            let words = errors.isEmpty ? "\(tiers[tier].privacyClass.title): not allowed" : errors
            return "\(name) ✗ (\(words)\(again.map { ", again in \($0)" } ?? ""))"
        case .probed(false): return "\(name) ✗ (no answer)"
        case .asked(.consent): return "\(name) ? (\(tiers[tier].privacyClass.title))"
        case .asked(.afterRefusal): return "\(name) ✗ (content refused; go on elsewhere?)"
        case .accepted: return "\(name) ✓ \(clock(last.at - (started ?? last.at)))"
        case .started: return "\(name) … \(clock(max(0, now - last.at)))"
        case .pausing(let seconds): return "\(name) ✗ (\(failures(own)), again in \(clock(max(0, last.at + seconds - now))))"
        case .probing, .probed(true), .answered(true): return "\(name) …"
        case .cancelled: return "\(name) ✗ (cancelled)"
        }
    }

    /// `3 timeouts`, `busy`: the last class, counted back as long as it stays the same.
    private func failures(_ decisions: [RouteDecision]) -> String {
        let labels = decisions.compactMap { if case .failed(let error) = $0.verdict { error.label } else { nil } }
        guard let label = labels.last else { return "" }
        let count = labels.reversed().prefix { $0 == label }.count
        return count == 1 ? label : label == "timeout" ? "\(count) timeouts" : "\(count) × \(label)"
    }

    /// When the tier will be tried again, where its last failure says so.
    private func againIn(_ tier: Int, _ decisions: [RouteDecision], _ now: Double) -> String? {
        guard let last = decisions.last, case .failed(let error) = last.verdict else { return nil }
        let until: Double? = switch error {
        case .quota(let seconds): seconds.map { last.at + $0 }
        case .busy(let seconds): seconds.map { last.at + $0 }
        default: last.restingUntil
        }
        guard let until, until.isFinite, until > now else { return nil }
        return clock(until - now)
    }

    /// How each tier stands after this job, in the order in which they are tried: the class of the place, what was decided last, and when it can be asked again (seconds since 1970).
    public func standings(now: Double) -> [(tier: String, place: String, words: String, backAt: Double?)] {
        tiers.indices.map { tier in
            let own = decisions.filter { $0.tier == tier }
            let said = part(tier, now)?.dropFirst(tiers[tier].name.count).drop { $0 == " " }
            return (tiers[tier].name, tiers[tier].privacyClass.title, said.map(String.init) ?? "not tried", backAt(own).flatMap { $0 > now ? $0 : nil })
        }
    }

    private func backAt(_ own: [RouteDecision]) -> Double? {
        guard let last = own.last else { return nil }
        let until: Double? = switch last.verdict {
        case .skipped(.quota(let until)), .skipped(.busy(let until)), .skipped(.resting(let until)): until
        case .failed(.quota(let seconds)), .failed(.busy(let seconds)): seconds.map { last.at + $0 }
        case .failed: last.restingUntil
        default: nil
        }
        return until.flatMap { $0.isFinite ? $0 : nil }
    }

    /// Every decision with its time, its rule and what the tier said.
    public var why: [String] {
        decisions.compactMap { decision in
            guard tiers.indices.contains(decision.tier) else { return nil }
            let tier = tiers[decision.tier]
            return "\(clock(max(0, decision.at - submittedAt)))  \(tier.name): \(decision.verdict.sentence(tier, decision.at))"
        }
    }
}

extension RouteDecision.SkipReason {
    fileprivate func words(_ tier: RoutingPolicy, _ now: Double) -> String {
        switch self {
        case .cannotDo: "cannot do this"
        case .forbidden: "\(tier.privacyClass.title): never, as configured"
        case .notAllowed: "\(tier.privacyClass.title): not allowed"
        case .auth: "key refused"
        case .quota(let until): "quota used up, again in \(clock(max(0, until - now)))"
        case .busy(let until): "busy, again in \(clock(max(0, until - now)))"
        case .resting(let until): "resting after failures, again in \(clock(max(0, until - now)))"
        case .beingProbed: "being tried"
        }
    }
}

extension RouteDecision.Verdict {
    fileprivate func sentence(_ tier: RoutingPolicy, _ now: Double) -> String {
        switch self {
        case .skipped(let reason): "passed over: \(reason.words(tier, now))"
        case .asked(.consent): "asked whether it may go there (\(tier.privacyClass.title)): the policy is ask, and no consent is on record"
        case .asked(.afterRefusal): "refused the content; asked whether it may go on elsewhere"
        case .answered(let yes): yes ? "you said yes" : "you said no"
        case .probing: "a probe without your data asks whether it is back"
        case .probed(let isThere): isThere ? "it is back" : "it does not answer"
        case .started(let n): n == 1 ? "started" : "started, try \(n)"
        case .failed(let error): "failed: \(error.label)" + (error.detail.map { " (\($0))" } ?? "") + "; \(error.consequence)"
        case .pausing(let seconds): "tried again there in \((seconds * 10).rounded() / 10) s"
        case .accepted: tier.privacyClass == .local ? "done" : "done; the result passed the check"
        case .cancelled: "cancelled"
        }
    }
}

extension TierError {
    /// The rule that follows from the class.
    fileprivate var consequence: String {
        switch self {
        case .invalidRequest: "the job itself is wrong, so no other tier is tried"
        case .contentPolicy: "it is not sent elsewhere unless you say so"
        case .auth: "the tier is left out until its key is right"
        case .quota: "the tier is parked until then"
        case .busy: "waited for when it is short, else the next tier"
        case .coldStart: "the next tier, unless the configuration says to wait"
        case .workerFailure: "one retry, then the next tier"
        case .transport(let fault): fault == .deadline || fault == .protocolMismatch ? "the next tier" : "reconnect, then the next tier"
        case .badOutput: "the result is not used; the next tier"
        case .cancelled: "the next tier"
        case .final: "nothing else is tried"
        }
    }
}

extension PrivacyClass {
    /// As short as a line needs it.
    public var title: String {
        switch self {
        case .local: "this machine"
        case .own: "your own"
        case .localNetwork: "local network"
        case .thirdParty: "third party"
        case .unknown: "unknown"
        }
    }
}

/// `0:41`, `1:02:03`.
func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let whole = Int(max(0, seconds).rounded(.up))
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    return whole < 3600 ? "\(whole / 60):\(two(whole % 60))" : "\(whole / 3600):\(two(whole / 60 % 60)):\(two(whole % 60))"
}
