/// What follows from answers, failures, time and the user.
extension TierRouter {
    mutating func returned(_ id: AttemptID, _ facts: ResultFacts?, _ now: Double, _ random: inout RoutingRandom, _ effects: inout [Effect]) {
        guard let job = jobOfAttempt[id], var route = routes[job] else { return }
        defer { routes[job] = route }
        switch route.phase {
        case .attempting(let tier, id), .stopping(let tier, id):
            if let facts, let fault = route.request.expectation.fault(of: facts) {
                effects.append(.keep(id))
                return failed(&route, id, .badOutput(fault), now, &random, &effects)
            }
            states[tier].breaker.succeeded()
            route.note(now, tier, .accepted)
            jobOfAttempt[id] = nil
            route.phase = .over
            effects.append(.deliver(job, id))
        default: return
        }
    }

    mutating func failed(_ route: inout Route, _ id: AttemptID, _ error: TierError, _ now: Double, _ random: inout RoutingRandom, _ effects: inout [Effect]) {
        let tier: Int
        switch route.phase {
        case .attempting(let at, id): tier = at
        case .stopping(let at, id):
            route.note(now, at, .cancelled)
            jobOfAttempt[id] = nil
            return end(&route, .cancelled, &effects)
        default: return
        }
        jobOfAttempt[id] = nil
        route.lastError = error
        if error.countsAgainstTier {
            var isConnect = false
            if case .transport(let fault) = error { isConnect = fault.isConnect }
            states[tier].breaker.failed(connecting: isConnect, now: now, jitter: random.unit())
        }
        route.note(now, tier, .failed(error), restingUntil: states[tier].breaker.restsUntil)
        switch error {
        case .invalidRequest, .final:
            return end(&route, .failed(error), &effects)
        case .contentPolicy:
            return afterRefusal(&route, tier, now, &effects)
        case .auth:
            states[tier].isLockedOut = true
        case .quota(let seconds):
            states[tier].parkedUntil = now + Self.wait(seconds, else: Self.unknownQuota)
            return later(&route, tier, until: states[tier].parkedUntil, now, &effects)
        case .busy(let retryAfter):
            let wait = Self.wait(retryAfter, else: Self.unknownBusy)
            if wait <= Self.shortWait, route.waits < Self.shortWaits { return stay(&route, tier, wait, now) }
            states[tier].busyUntil = now + wait
            return later(&route, tier, until: now + wait, now, &effects)
        case .coldStart:
            if tiers[tier].waitsForColdStart || route.request.only == tier, route.timers.deadline > now + Self.coldStartPause {
                return stay(&route, tier, Self.coldStartPause, now)
            }
        case .workerFailure, .transport, .badOutput, .cancelled:
            let left = min(route.retriesLeft ?? .max, error.retries)
            if left > 0, states[tier].breaker.isClosed, states[tier].budget.take(now: now) {
                route.retriesLeft = left - 1
                let delay = RetryBudget.delay(retry: route.tries, random: random.unit())
                route.note(now, tier, .pausing(delay))
                route.phase = .pausing(until: now + delay)
                return
            }
        }
        route.leave()
        advance(&route, now, &effects)
    }

    /// What a tier says of time is a claim: at least half a second, at most a day, and nothing that is no number.
    private static func wait(_ claimed: Double?, else usual: Double) -> Double {
        guard let claimed, !claimed.isNaN else { return usual }
        return min(max(claimed, 0.5), 86_400)
    }

    /// Waits at the same tier. Not a retry: nothing was refused for what it is.
    private func stay(_ route: inout Route, _ tier: Int, _ seconds: Double, _ now: Double) {
        route.waits += 1
        route.isWaitingThere = true
        route.note(now, tier, .pausing(seconds))
        route.phase = .pausing(until: now + seconds)
    }

    /// The tier is left for now, and may have its turn again when nothing else is left.
    private mutating func later(_ route: inout Route, _ tier: Int, until: Double, _ now: Double, _ effects: inout [Effect]) {
        route.backAt = min(route.backAt, until)
        route.moveOn()
        advance(&route, now, &effects)
    }

    private mutating func afterRefusal(_ route: inout Route, _ tier: Int, _ now: Double, _ effects: inout [Effect]) {
        let hasNext = route.request.only == nil && route.request.accepted.indices.contains { $0 > tier && route.request.accepted[$0] }
        guard route.request.canAsk, hasNext else { return end(&route, .failed(route.lastError), &effects) }
        let question = RouteQuestion.afterRefusal(tier: tier)
        route.note(now, tier, .asked(question))
        route.ask(question, now)
        effects.append(.ask(route.job, question))
    }

    mutating func answered(_ route: inout Route, _ question: RouteQuestion, _ yes: Bool, _ now: Double, _ effects: inout [Effect]) {
        switch question {
        case .consent(let tier):
            route.note(now, tier, .answered(yes))
            if yes { route.allowed |= 1 << UInt64(tier) } else { route.refused |= 1 << UInt64(tier) }
        case .afterRefusal(let tier):
            route.note(now, tier, .answered(yes))
            guard yes else { return end(&route, .failed(route.lastError), &effects) }
            route.leave()
        }
        route.phase = .moving
        advance(&route, now, &effects)
    }

    mutating func probed(_ tier: Int, _ isThere: Bool, _ now: Double, _ random: inout RoutingRandom, _ effects: inout [Effect]) {
        guard states.indices.contains(tier), states[tier].probeDeadline < .infinity else { return }
        states[tier].probeDeadline = .infinity
        // An attempt that was under way there may have ended meanwhile and said more than the probe. Whoever waits for the probe goes on all the same.
        if states[tier].breaker.state == .probing { states[tier].breaker.probed(isThere, now: now, jitter: random.unit()) }
        for job in routes.keys.sorted() {
            guard var route = routes[job], route.phase == .probing(tier) else { continue }
            route.note(now, tier, .probed(isThere))
            route.phase = .moving
            advance(&route, now, &effects)
            routes[job] = route
        }
    }

    mutating func cancel(_ route: inout Route, _ now: Double, _ effects: inout [Effect]) {
        switch route.phase {
        case .over, .stopping: return
        case .attempting(let tier, let id):
            effects.append(.stop(id))
            if tiers[tier].privacyClass == .local {
                // It writes the user's file; it is over when it has let go.
                route.phase = .stopping(tier, id)
                return
            }
            route.note(now, tier, .cancelled)
            jobOfAttempt[id] = nil
        case .moving, .asking, .probing, .pausing: break
        }
        end(&route, .cancelled, &effects)
    }

    mutating func tick(_ now: Double, _ random: inout RoutingRandom, _ effects: inout [Effect]) {
        for tier in states.indices where states[tier].probeDeadline <= now { probed(tier, false, now, &random, &effects) }
        // In the order of their submission, so that a seed gives the same again.
        for job in routes.keys.sorted() {
            guard var route = routes[job] else { continue }
            switch route.phase {
            case .asking(let question) where route.answerBy <= now:
                answered(&route, question, false, now, &effects)
            case .pausing(let until) where until <= now:
                route.phase = .moving
                advance(&route, now, &effects)
            case .attempting(_, let id):
                guard let fault = route.timers.expired(now) else { continue }
                effects.append(.stop(id))
                failed(&route, id, .transport(fault), now, &random, &effects)
            default: continue
            }
            routes[job] = route
        }
    }

    func end(_ route: inout Route, _ how: RouteEnd, _ effects: inout [Effect]) {
        route.phase = .over
        effects.append(.end(route.job, how))
    }
}
