import FoundationEssentials

/// What leaves this machine: consent where it is needed, a row, and only then the first byte; afterwards the tier's word about its end.
///
///     try await ledger.recordConsent(.once(job: job), tier: "space", privacyClass: .thirdParty, destination: "https://…")
///     let id = try await ledger.beginTransfer(TransferRequest(tier: "space", …, end: .declared(seconds: 3600), job: job))
///     // send …
///     try await ledger.sent(bytes, by: id)        // as often as it is worth showing
///     try await ledger.sendingEnded(id)           // or neverSent(id)
///     try await ledger.accept(receipt)            // of a tier that signs them
extension Ledger {
    // MARK: Consent

    /// Records what the user answered. Errors: `noTransfer` for a name that is none, `cannotWrite`, `busy`.
    @discardableResult
    public func recordConsent(_ answer: ConsentAnswer, tier: String, privacyClass: PrivacyClass, destination: String) throws(LedgerError) -> Consent {
        if let memoryOnlyBecause { throw memoryOnlyBecause }
        guard TransferRequest.isName(tier) else { throw .noTransfer(tier: tier) }
        guard let store else { throw problem }
        let now = clock.now()
        var consent = Consent(
            id: RowID(), tier: tier, privacyClass: privacyClass, scope: answer.word, destination: TransferRequest.hash(of: destination), givenAt: now.wallSeconds, boot: run.boot)
        if case .once(let job) = answer {
            consent.job = job
            consent.endBootNanoseconds = now.adding(seconds: Consent.onceSeconds).bootNanoseconds
        }
        try store.insert(consent, now: now)
        return consent
    }

    /// What the user has said about sending something there for a job; nil when they have to be asked.
    public func consent(tier: String, privacyClass: PrivacyClass, destination: String, job: RowID?) throws(LedgerError) -> Consent? {
        guard let store else { throw problem }
        let now = clock.now(), hash = TransferRequest.hash(of: destination)
        let holding = try store.consents().filter { $0.tier == tier && $0.holds(at: now, boot: run.boot) }
        // A refusal holds wherever the name leads to, until it is withdrawn; a job that was allowed by name goes before it.
        // What no signed event stands behind, somebody else wrote: it allows nothing.
        var allowing = holding.filter { $0.destination == hash && $0.privacyClass <= privacyClass && $0.scope != .never }
        if !allowing.isEmpty { allowing = try store.vouched(allowing) }
        return allowing.first { $0.scope == .once && $0.job == job && job != nil } ?? holding.first { $0.scope == .never } ?? allowing.first { $0.scope == .always }
    }

    /// All answers that are kept, oldest first; withdrawn ones for thirty days.
    public func consents() throws(LedgerError) -> [Consent] {
        guard let store else { throw problem }
        return try store.consents()
    }

    /// Whether an answer still holds.
    public func holds(_ consent: Consent) -> Bool { consent.holds(at: clock.now(), boot: run.boot) }

    /// Takes back every answer about a tier: what was sent stays sent, the next byte needs another answer.
    /// - Returns: how many there were.
    public func withdrawConsent(tier: String) throws(LedgerError) -> Int {
        guard let store else { throw problem }
        return try store.withdrawConsents(now: clock.now()) { $0.tier == tier }
    }

    // MARK: A transfer

    /// Commits the row of what is about to leave, if it may. When this returns, and not before, bytes may be sent under its id.
    ///
    /// From here on they count as sent until `neverSent` says otherwise: a death between this call and the next leaves a row that assumes the worst.
    /// Cost: one durable transaction. Errors: `consentMissing`, `noTransfer`, `parentGone`, `cannotWrite`, `busy`.
    public func beginTransfer(_ request: TransferRequest) throws(LedgerError) -> RowID {
        if let memoryOnlyBecause { throw memoryOnlyBecause }
        guard TransferRequest.isName(request.tier), request.privacyClass != .local else { throw .noTransfer(tier: request.tier) }
        let known = try consent(tier: request.tier, privacyClass: request.privacyClass, destination: request.destination, job: request.job)
        if known?.scope == .never || (known == nil && request.privacyClass.needsConsent) {
            throw .consentMissing(tier: request.tier, request.privacyClass)
        }
        let id = RowID()
        var item = ItemRequest(
            kind: request.kind, origin: .renderJob, purpose: request.purpose, place: .tier(request.tier), reservedBytes: request.bytes,
            rule: request.end.rule, parent: request.parent, erasureClass: request.end.erasureClass, displayName: request.displayName)
        item.tierPeriod = request.end.seconds
        var declares = true
        if case .undeclared = request.end { declares = false }
        transfers[id] = Transfer(
            item: id, privacyClass: request.privacyClass, destination: TransferRequest.hash(of: request.destination), consent: known?.id,
            job: request.job, receiptKey: request.end.key.map { hexadecimal($0) }, declares: declares)
        defer { transfers[id] = nil }
        try perform(core.handle(.create(id, item, commitment: commitment(of: request.displayName, id)), now: clock.now()))
        names[id] = request.displayName
        countLeft(id)
        publish()
        return id
    }

    /// Says how many bytes have left so far, all together; the tier's period begins anew. Cheap: the store is written for the first ones only.
    public func sent(_ bytes: Int64, by id: RowID) {
        carryOutAtTier(id, .sent(id, bytes: max(0, bytes)))
    }

    /// Nothing more will leave under this id.
    public func sendingEnded(_ id: RowID) { carryOutAtTier(id, .sendingEnded(id)) }

    /// Not one byte left, and none will: the row ends here.
    public func neverSent(_ id: RowID) {
        carryOut(core.handle(.goneAtTier(id, .neverBegan), now: clock.now()))
        leftByUs[id] = nil
        holders[id] = nil
        forgetNames(of: [id])
        publish()
    }

    /// The tier now says that it keeps the data for so long from now.
    public func tierKeeps(_ id: RowID, seconds: Double) { carryOutAtTier(id, .periodStated(id, seconds: seconds)) }

    /// Whom to call when the user asks for this copy to be destroyed. `erase` asks the tier and answers `pending`, or `failed` where
    /// that cannot be asked; what the tier says to it comes back through `accept`.
    public func setEraser(_ eraser: any Erasable, for id: RowID) {
        guard core.open[id]?.isAtTier ?? false else { return }
        holders[id] = eraser
    }

    /// What the tier calls what lies there under these rows, for whoever asks it to destroy that: also another run.
    public func copyLies(at handle: String, for ids: [RowID]) throws(LedgerError) {
        guard let store else { throw problem }
        guard (1...Self.longestHandle).contains(handle.utf8.count) else { return }
        try store.setHandle(handle, of: ids.filter { core.open[$0]?.isAtTier ?? false }, now: clock.now())
    }

    static let longestHandle = 512

    /// Of a row at a tier: its tier, the hash of where that leads, and what it calls its copy; nil for another row, or when that was never said.
    public func copy(of id: RowID) throws(LedgerError) -> TierCopy? {
        guard let store else { throw problem }
        guard let record = try openRecords().first(where: { $0.id == id }), let tier = record.place.tierName, let transfer = try store.transfer(of: id), let handle = try store.handle(of: id)
        else { return nil }
        return TierCopy(tier: tier, destination: transfer.destination, handle: handle, isNobodys: record.run == LedgerRecord.noRun)
    }

    /// What came of asking a tier to destroy what lies there under a row. Also for rows of earlier runs, unless another run is at it.
    ///
    /// `destroyed` without a receipt ends the row only where none was agreed: a tier that signs is held to it.
    public func tierAnswered(_ id: RowID, _ answer: TierErasure) throws(LedgerError) {
        guard let store else { throw problem }
        var isSigned = false
        for receipt in answer.receipts {
            // What is not signed as agreed is no receipt.
            do throws(LedgerError) { try accept(receipt) } catch { continue }
            if receipt.item == id, receipt.event == .destroyed { isSigned = true }
        }
        guard !isSigned else { return }
        if answer.isDestroyed, let transfer = try store.transfer(of: id), transfer.receiptKey == nil {
            if core.open[id] == nil { try takeOver(id) }
            carryOut(core.handle(.goneAtTier(id, .tierAnswer), now: clock.now()))
            holders[id] = nil
            forgetNames(of: [id])
        } else {
            carryOut(core.handle(.tierDidNot(id), now: clock.now()))
        }
    }

    private func takeOver(_ id: RowID) throws(LedgerError) {
        guard let store else { throw problem }
        let now = clock.now(), taken = try store.takeOver(id, now: now)
        guard !taken.isEmpty else { throw .noSuchRow(id.rawValue) }
        taken.forEach(countTaken)
        carryOut(core.handle(.tookOver(taken), now: now))
    }

    /// What tiers signed about a row, oldest first.
    public func receipts(of id: RowID) throws(LedgerError) -> [TierReceipt] {
        guard let store else { throw problem }
        return try store.receipts(of: id)
    }

    /// Keeps what a tier signed about a row; when it signed the destruction, the row ends with it. Also for rows of earlier runs.
    ///
    /// Errors: `badReceipt` for one that is not signed by the key that was agreed, or is about something else; `noSuchRow`.
    public func accept(_ receipt: TierReceipt) throws(LedgerError) {
        guard let store else { throw problem }
        guard let transfer = try store.transfer(of: receipt.item) else { throw .noSuchRow(receipt.item.rawValue) }
        guard let key = transfer.receiptKey else { throw .badReceipt("no key was agreed with this tier") }
        guard receipt.key == key else { throw .badReceipt("another key signed it than was agreed") }
        guard receipt.isSigned, receipt.bytes >= 0 else { throw .badReceipt("its signature is wrong") }
        guard try !store.receipts(of: receipt.item).contains(where: { $0.event == receipt.event }) else { return }
        let now = clock.now()
        if core.open[receipt.item] == nil { try takeOver(receipt.item) }
        try store.insert(receipt, now: now)
        guard receipt.event == .destroyed else { return publish() }
        carryOut(core.handle(.goneAtTier(receipt.item, .receipt), now: now))
        holders[receipt.item] = nil
        forgetNames(of: [receipt.item])
    }

    // MARK: Behind it

    private func carryOutAtTier(_ id: RowID, _ event: LedgerCore.Event) {
        carryOut(core.handle(event, now: clock.now()))
        countLeft(id)
        publish()
    }

    private func countLeft(_ id: RowID) {
        guard let record = core.open[id], record.isAtTier, record.kind != .tierOutput else { return }
        leftByUs[id] = record.bytes
    }

    /// What was others' is ours now, and counts once.
    private func countTaken(_ record: LedgerRecord) {
        guard record.isAtTier, record.kind != .tierOutput else { return }
        leftByOthers -= record.bytes
        leftByUs[record.id] = record.bytes
    }

    /// Asks whoever sent it; the tier alone can destroy it.
    func askTier(_ id: RowID) -> [LedgerCore.Effect] {
        guard core.open[id]?.state != .destroying else { return [] }
        return switch holders[id]?.erase() {
        case .gone: core.handle(.goneAtTier(id, .neverBegan), now: clock.now())
        case .pending: core.handle(.tierAsked(id), now: clock.now())
        case .failed, nil: []
        }
    }

    /// Rows of runs that are over, when their time has come.
    func seeToTiers() {
        guard let store else { return }
        let now = clock.now()
        do throws(LedgerError) {
            let due = try store.takeOver(now: now)
            guard !due.isEmpty else { return }
            due.forEach(countTaken)
            foreign = foreign.filter { other in !due.contains { $0.id == other.id } }
            carryOut(core.handle(.tookOver(due), now: now) + core.handle(.tick, now: now))
        } catch {
            note(error)
            // Time is up, whether or not that can be written: the key goes.
            let due = foreign.filter { $0.run == LedgerRecord.noRun && !$0.isAtTier && $0.expires.bootNanoseconds <= now.bootNanoseconds }
            takeUnrecorded(due, now)
            if !due.isEmpty { carryOut(core.handle(.tick, now: now)) }
        }
    }

    /// When the thread has to wake: for our own rows, or for one at a tier that is nobody's.
    var nextWake: Int64? {
        [core.nextWake, tiersWake].compactMap { $0 }.min()
    }

    /// For `why`.
    func transferReasons(for row: LedgerRow) -> [String] {
        guard let tier = row.place.tierName, let store else { return [] }
        var lines: [String] = []
        do throws(LedgerError) {
            guard let transfer = try store.transfer(of: row.id) else { return [] }
            let under = switch (transfer.consent.flatMap { id in store.consent(id) }?.scope, transfer.consent) {
            case (.once?, _): ", with your consent for this once"
            case (_?, _): ", with your consent"
            case (nil, _?): ", with a consent of yours that is no longer kept"
            case (nil, nil): ""
            }
            lines.append("It was sent to \(inert(tier)), \(transfer.privacyClass.words)\(under).")
            if !transfer.declares { lines.append("That tier says nothing about an end.") }
            for receipt in try store.receipts(of: row.id) {
                lines.append("Signed by the tier: \(receipt.event.rawValue), \(receipt.bytes) bytes, \(timestamp(Double(receipt.atMilliseconds) / 1000)).")
            }
        } catch {
            lines.append(error.message)
        }
        return lines
    }
}

extension LedgerStore {
    func consent(_ id: RowID) -> Consent? {
        do throws(LedgerError) { return try consents().first { $0.id == id } } catch { return nil }
    }
}
