import PrivacyLedger

/// Carries out what the router decides.
extension RenderEngine {
    func carryOut(_ effect: TierRouter.Effect) {
        switch effect {
        case .start(let attempt):
            guard let job = queue[attempt.job]?.job else { return }
            routing.jobs[attempt.id] = attempt.job
            routing.attempts[attempt.id] = attempt
            let names = routing.router.tiers
            let reason = names.count == 1 ? "the only tier" : routing.router.log(of: attempt.job)?.line(now: routing.now) ?? "the first that accepts it"
            carryOut(queue.handle(.placed(attempt.job, tier: names[attempt.tier].name, reason: reason), now: now()))
            if attempt.tier < routing.remotes.count { startElsewhere(attempt, job) } else { startHere(attempt, job) }
        case .stop(let id):
            // Work here reads its flag, which was set when the job was cancelled.
            guard let attempt = routing.attempts[id], attempt.tier < routing.remotes.count else { return }
            routing.tasks[id]?.cancel()
        case .ask(let id, _):
            tellRoute(id)
        case .probe(let n):
            let tier = routing.remotes[n]
            Task { [weak self] in
                let isThere = await tier.isThere()
                await self?.route(.probed(tier: n, isThere))
            }
        case .deliver(let id, let attempt):
            deliver(id, attempt)
        case .keep(let id):
            guard let product = routing.products.removeValue(forKey: id) else { return }
            keepRejected(product, of: routing.jobs[id])
        case .end(let id, let how):
            tellRoute(id)
            let event: QueueCore.Event = switch how {
            case .cancelled: .cancelled(id)
            case .failed(let error): .failed(id, failure(id, error))
            }
            Task { await self.ended(event, of: id) }
        }
    }

    // MARK: Here

    private func startHere(_ attempt: Attempt, _ job: Job) {
        let id = attempt.job
        let tier = tiers[attempt.tier - routing.remotes.count]
        let work = jobWork(id, job)
        routing.tasks[attempt.id] = Task(executorPreference: pool) { [weak self] in
            let outcome = await Self.run(job, tier, work)
            await self?.doneHere(attempt.id, outcome)
        }
    }

    private func jobWork(_ id: JobID, _ job: Job) -> JobWork {
        let gate = ProgressGate()
        return JobWork(ledger: ledger, cancellation: cancellations[id] ?? CancelFlag(), profile: knownProfile(of: job.input)) { [weak self] stage, fraction in
            guard gate.opens(stage, fraction) else { return }
            Task { await self?.progressed(id, stage, fraction) }
        }
    }

    private nonisolated static func run(_ job: Job, _ tier: any Tier, _ work: JobWork) async -> Result<JobResult, TierError> {
        do {
            return .success(try await tier.run(job, work))
        } catch is CancellationError {
            return .failure(.cancelled)
        } catch {
            return .failure(.final(JobFailure(error, job: job)))
        }
    }

    private func doneHere(_ id: AttemptID, _ outcome: Result<JobResult, TierError>) async {
        routing.tasks[id] = nil
        switch outcome {
        case .success(let result):
            routing.results[id] = result
            route(.returned(id, nil))
        case .failure(.cancelled):
            defer { forgetAttempt(id) }
            // Its flag was set: by a cancel, or by the ledger, which ends work by ending its row.
            guard let job = routing.jobs[id] else { return }
            route(.cancelRequested(job))
            route(.failed(id, .cancelled))
        case .failure(let error):
            route(.failed(id, error))
            forgetAttempt(id)
        }
    }

    private func forgetAttempt(_ id: AttemptID) {
        routing.attempts[id] = nil
        routing.jobs[id] = nil
    }

    // MARK: Elsewhere

    private func startElsewhere(_ attempt: Attempt, _ job: Job) {
        let id = attempt.id, tier = routing.remotes[attempt.tier]
        guard let preparation = routing.preparations[attempt.job], let row = routing.rows[attempt.job] else { return }
        let ledger = self.ledger
        let told = Told(engine: self)
        let link: @Sendable (Int32, Departure) -> RemoteLink = { sink, departure in
            RemoteLink(
                sink: sink,
                connected: { Task { await told.engine?.route(.connected(id)) } },
                heard: { estimate in Task { await told.engine?.route(.heard(id, estimate: estimate)) } },
                progress: { progress in Task { await told.engine?.toldByTier(id, progress) } },
                sent: { bytes in
                    departure.sent(bytes)
                    Task { await told.engine?.route(.heard(id, estimate: nil)) }
                },
                receipt: { departure.keep($0) }, lies: { departure.lies(at: $0) })
        }
        routing.tasks[id] = Task(executorPreference: pool) { [weak self] in
            let outcome: Result<RemoteProduct, TierError>
            do {
                outcome = .success(try await RemoteWork.attempt(job, at: tier, key: attempt.key, jobRow: row, preparation: preparation, ledger: ledger, link: link))
            } catch {
                outcome = .failure(error as? TierError ?? (error is CancellationError ? .cancelled : .final(JobFailure(error, job: job))))
            }
            await self?.doneElsewhere(id, outcome)
        }
    }

    private func toldByTier(_ id: AttemptID, _ progress: RemoteProgress) {
        guard let job = routing.jobs[id] else { return }
        route(.heard(id, estimate: progress.etaSeconds))
        carryOut(queue.handle(.toldByTier(job, progress), now: now()))
    }

    private func doneElsewhere(_ id: AttemptID, _ outcome: Result<RemoteProduct, TierError>) async {
        routing.tasks[id] = nil
        let job = routing.jobs[id]
        switch outcome {
        case .success(let product):
            routing.products[id] = product
            route(.returned(id, product.facts))
        case .failure(let error): route(.failed(id, error))
        }
        // Nobody took it: the attempt had been given up.
        if let product = routing.products.removeValue(forKey: id) { await ledger.destroy([product.scratch.id], because: .jobEnded) }
        if let job { tellRoute(job) }
        forgetAttempt(id)
    }

    // MARK: The end

    private func deliver(_ id: JobID, _ attempt: AttemptID) {
        if let result = routing.results.removeValue(forKey: attempt) {
            forgetAttempt(attempt)
            Task { await self.ended(.finished(id, result), of: id) }
            return
        }
        guard let product = routing.products.removeValue(forKey: attempt), let status = queue[id], let place = routing.attempts[attempt] else { return }
        tellRoute(id)
        let work = jobWork(id, status.job)
        let name = routing.router.tiers[place.tier].name
        let seconds = now() - (status.startedAt ?? now())
        let job = status.job
        Task(executorPreference: pool) { [weak self] in
            let event: QueueCore.Event
            do {
                event = .finished(id, try await RemoteDelivery.deliver(product, of: job, tier: name, seconds: seconds, work))
            } catch is CancellationError {
                event = .cancelled(id)
            } catch {
                event = .failed(id, JobFailure(error, job: job))
            }
            await self?.ended(event, of: id)
        }
    }

    private func failure(_ id: JobID, _ error: TierError?) -> JobFailure {
        let job = queue[id]?.job
        let name = (job?.input ?? "").printable
        let log = routing.router.log(of: id)
        let line = log?.line(now: routing.now) ?? ""
        switch error {
        case .final(let failure)?: return failure
        case .invalidRequest(let text)?: return JobFailure(message: "\(name): the tier refuses this job (\(text)): \(line); change it, or name another with --tier", exitCode: 65)
        case .contentPolicy(let text)?:
            return JobFailure(message: "\(name): refused for what it contains (\(text)): \(line); it was sent nowhere else, --tier local makes it here", exitCode: 69)
        case .quota?, .busy?: return JobFailure(message: "\(name): no tier is free: \(line); try again later", exitCode: 75)
        case nil where line.isEmpty: return JobFailure(message: "\(name): no allowed tier can do this; see `lathe tiers list`", exitCode: 69)
        default: return JobFailure(message: "\(name): no allowed tier could do this: \(line); see `lathe tiers list`", exitCode: 69)
        }
    }
}

/// Whom an attempt tells; it does not keep the engine.
private struct Told: Sendable {
    weak let engine: RenderEngine?
}
