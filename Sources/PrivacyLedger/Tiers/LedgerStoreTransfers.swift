import CSQLite

/// What the store holds about tiers: what was agreed for each row there, what the user allowed, what tiers signed.
extension LedgerStore {
    static let transferTables = """
        CREATE TABLE IF NOT EXISTS transfer(
          item TEXT PRIMARY KEY, class TEXT NOT NULL, destination TEXT NOT NULL, consent TEXT, job TEXT, receipt_key TEXT,
          declares INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS consent(
          id TEXT PRIMARY KEY, tier TEXT NOT NULL, class TEXT NOT NULL, scope TEXT NOT NULL, job TEXT, destination TEXT NOT NULL,
          given REAL NOT NULL, withdrawn REAL, boot TEXT NOT NULL, end_boot INTEGER) STRICT, WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS receipt(
          id TEXT PRIMARY KEY, item TEXT NOT NULL, event TEXT NOT NULL, bytes INTEGER NOT NULL, at_ms INTEGER NOT NULL,
          key TEXT NOT NULL, signature TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS tier_copy(item TEXT PRIMARY KEY, handle TEXT NOT NULL) STRICT, WITHOUT ROWID;

        """

    struct StoredReceipt {
        var id: RowID
        var receipt: TierReceipt
        var digest: [UInt8] { receipt.digest }
    }

    // MARK: Reading

    static func transfers(in connection: SQLiteConnection, _ clause: String = "", _ values: [SQLiteValue] = []) throws(SQLiteError) -> [Transfer] {
        var found: [Transfer] = []
        try connection.run("SELECT item, class, destination, consent, job, receipt_key, declares FROM transfer \(clause) ORDER BY item", values) { row in
            guard let item = row.text(0).flatMap(RowID.init(rawValue:)), let privacyClass = row.text(1).flatMap(PrivacyClass.init(rawValue:)) else { return }
            found.append(Transfer(
                item: item, privacyClass: privacyClass, destination: row.text(2) ?? "", consent: row.text(3).flatMap(RowID.init(rawValue:)),
                job: row.text(4).flatMap(RowID.init(rawValue:)), receiptKey: row.text(5), declares: row.integer(6) != 0))
        }
        return found
    }

    static func consents(in connection: SQLiteConnection) throws(SQLiteError) -> [Consent] {
        var found: [Consent] = []
        try connection.run("SELECT id, tier, class, scope, job, destination, given, withdrawn, boot, end_boot FROM consent ORDER BY given, id") { row in
            guard let id = row.text(0).flatMap(RowID.init(rawValue:)), let privacyClass = row.text(2).flatMap(PrivacyClass.init(rawValue:)),
                  let scope = row.text(3).flatMap(Consent.Scope.init(rawValue:)) else { return }
            found.append(Consent(
                id: id, tier: row.text(1) ?? "", privacyClass: privacyClass, scope: scope, job: row.text(4).flatMap(RowID.init(rawValue:)),
                destination: row.text(5) ?? "", givenAt: row.real(6), withdrawnAt: row.optionalReal(7), boot: row.text(8) ?? "",
                endBootNanoseconds: row.isNull(9) ? nil : row.integer(9)))
        }
        return found
    }

    static func receipts(in connection: SQLiteConnection, _ clause: String = "", _ values: [SQLiteValue] = []) throws(SQLiteError) -> [StoredReceipt] {
        var found: [StoredReceipt] = []
        try connection.run("SELECT id, item, event, bytes, at_ms, key, signature FROM receipt \(clause) ORDER BY at_ms, id", values) { row in
            guard let id = row.text(0).flatMap(RowID.init(rawValue:)), let item = row.text(1).flatMap(RowID.init(rawValue:)),
                  let event = row.text(2).flatMap(TierReceipt.Event.init(rawValue:)) else { return }
            found.append(StoredReceipt(id: id, receipt: TierReceipt(
                item: item, event: event, bytes: row.integer(3), atMilliseconds: row.integer(4), key: row.text(5) ?? "", signature: row.text(6) ?? "")))
        }
        return found
    }

    func transfers() throws(LedgerError) -> [Transfer] { try reading { () throws(SQLiteError) in try Self.transfers(in: connection) } }
    func consents() throws(LedgerError) -> [Consent] { try reading { () throws(SQLiteError) in try Self.consents(in: connection) } }
    func receipts() throws(LedgerError) -> [TierReceipt] { try reading { () throws(SQLiteError) in try Self.receipts(in: connection) }.map(\.receipt) }

    func transfer(of item: RowID) throws(LedgerError) -> Transfer? {
        try reading { () throws(SQLiteError) in try Self.transfers(in: connection, "WHERE item = ?", [.text(item.rawValue)]) }.first
    }

    func receipts(of item: RowID) throws(LedgerError) -> [TierReceipt] {
        try reading { () throws(SQLiteError) in try Self.receipts(in: connection, "WHERE item = ?", [.text(item.rawValue)]) }.map(\.receipt)
    }

    /// Those answers whose last event says the same, in a history that ends as it was signed.
    func vouched(_ consents: [Consent]) throws(LedgerError) -> [Consent] {
        try reading { () throws(SQLiteError) in
            var found: [Consent] = []
            for consent in consents {
                var last: (kind: String, digest: String)?
                try connection.run("SELECT kind, digest FROM event WHERE subject = ? ORDER BY number DESC LIMIT 1", [.text(consent.id.rawValue)]) { last = ($0.text(0) ?? "", $0.text(1) ?? "") }
                if let last, last.kind == HistoryEventKind.consent.rawValue, last.digest == hexadecimal(consent.digest) { found.append(consent) }
            }
            guard !found.isEmpty, try history.endsAsSigned() else { return [] }
            return found
        }
    }

    private func reading<Result>(_ body: () throws(SQLiteError) -> Result) throws(LedgerError) -> Result {
        do { return try body() } catch { throw Self.ledgerError(error, path, opening: false) }
    }

    /// What has left for tiers, in rows that are not of `run`; what tiers make of it does not count.
    func bytesLeft(notOf run: String) throws(LedgerError) -> Int64 {
        var sum: Int64 = 0
        try read { () throws(SQLiteError) in
            try connection.run("""
                SELECT coalesce(sum(CASE state WHEN 'intent' THEN reserved ELSE used END), 0)
                FROM transfer JOIN item ON item.id = transfer.item WHERE kind <> 'tier_output' AND run <> ?
                """, [.text(run)]) { sum = $0.integer(0) }
        }
        return sum
    }

    /// What the tier calls its copy; no part of the history: it proves nothing.
    func handle(of item: RowID) throws(LedgerError) -> String? {
        var found: String?
        try read { () throws(SQLiteError) in try connection.run("SELECT handle FROM tier_copy WHERE item = ?", [.text(item.rawValue)]) { found = $0.text(0) } }
        return found
    }

    // MARK: Writing

    func setHandle(_ handle: String, of items: [RowID], now: LedgerInstant) throws(LedgerError) {
        try write(at: now) { () throws(SQLiteError) in
            try connection.run("DELETE FROM tier_copy WHERE NOT EXISTS (SELECT 1 FROM item WHERE item.id = tier_copy.item AND settled IS NULL)")
            for item in items {
                try connection.run("INSERT INTO tier_copy(item, handle) VALUES(?,?) ON CONFLICT DO UPDATE SET handle = excluded.handle", [.text(item.rawValue), .text(handle)])
            }
        }
    }

    /// Inside the transaction of its row.
    func insert(_ transfer: Transfer) throws(SQLiteError) {
        if let consent = transfer.consent {
            var holds = false
            try connection.run("SELECT 1 FROM consent WHERE id = ? AND withdrawn IS NULL", [.text(consent.rawValue)]) { _ in holds = true }
            guard holds else { throw SQLiteError(code: SQLITE_CONSTRAINT, reason: "the consent has been withdrawn") }
        }
        try connection.run("INSERT INTO transfer(item, class, destination, consent, job, receipt_key, declares) VALUES(?,?,?,?,?,?,?)", [
            .text(transfer.item.rawValue), .text(transfer.privacyClass.rawValue), .text(transfer.destination), .text(transfer.consent?.rawValue),
            .text(transfer.job?.rawValue), .text(transfer.receiptKey), .integer(transfer.declares ? 1 : 0),
        ])
        notes.append(HistoryNote(kind: .transfer, subject: transfer.item.rawValue, digest: transfer.digest))
    }

    /// A new answer takes the place of the one before for the same tier; a `once` stands beside others.
    func insert(_ consent: Consent, now: LedgerInstant) throws(LedgerError) {
        try write(at: now) { () throws(SQLiteError) in
            if consent.scope != .once { try withdraw(at: now) { $0.tier == consent.tier && $0.scope != .once } }
            try connection.run("INSERT INTO consent(id, tier, class, scope, job, destination, given, withdrawn, boot, end_boot) VALUES(?,?,?,?,?,?,?,?,?,?)", [
                .text(consent.id.rawValue), .text(consent.tier), .text(consent.privacyClass.rawValue), .text(consent.scope.rawValue),
                .text(consent.job?.rawValue), .text(consent.destination), .real(consent.givenAt), .null, .text(consent.boot),
                consent.endBootNanoseconds.map { .integer($0) } ?? .null,
            ])
            notes.append(HistoryNote(kind: .consent, subject: consent.id.rawValue, digest: consent.digest))
        }
    }

    /// - Returns: how many there were.
    func withdrawConsents(now: LedgerInstant, _ isMeant: (Consent) -> Bool) throws(LedgerError) -> Int {
        var count = 0
        try writeWithBallast(at: now) { () throws(SQLiteError) in count = try withdraw(at: now, isMeant) }
        return count
    }

    @discardableResult
    private func withdraw(at now: LedgerInstant, _ isMeant: (Consent) -> Bool) throws(SQLiteError) -> Int {
        var count = 0
        for var consent in try Self.consents(in: connection) where consent.withdrawnAt == nil && isMeant(consent) {
            consent.withdrawnAt = now.wallSeconds
            try connection.run("UPDATE consent SET withdrawn = ? WHERE id = ?", [.real(now.wallSeconds), .text(consent.id.rawValue)])
            notes.append(HistoryNote(kind: .consent, subject: consent.id.rawValue, digest: consent.digest))
            count += 1
        }
        return count
    }

    func insert(_ receipt: TierReceipt, now: LedgerInstant) throws(LedgerError) {
        let id = RowID()
        try writeWithBallast(at: now) { () throws(SQLiteError) in
            try connection.run("INSERT INTO receipt(id, item, event, bytes, at_ms, key, signature) VALUES(?,?,?,?,?,?,?)", [
                .text(id.rawValue), .text(receipt.item.rawValue), .text(receipt.event.rawValue), .integer(receipt.bytes),
                .integer(receipt.atMilliseconds), .text(receipt.key), .text(receipt.signature),
            ])
            notes.append(HistoryNote(kind: .receipt, subject: id.rawValue, digest: receipt.digest))
        }
    }

    /// Rows at tiers of a run that is over belong to no run from here on.
    func leaveTiers(of run: RunIdentity) throws(SQLiteError) {
        for var record in try itemsAtTiers("run = ?", [.text(run.id)]) {
            record.leaveRun(on: run.boot)
            try connection.run(LedgerSchema.updateItem, LedgerSchema.changes(of: record))
            notes.append(.item(record, .adopted))
        }
    }

    /// Makes rows at tiers that are nobody's this run's, if nobody else was faster.
    /// - Parameter id: nil is those whose time has come.
    func takeOver(_ id: RowID? = nil, now: LedgerInstant) throws(LedgerError) -> [LedgerRecord] {
        var taken: [LedgerRecord] = []
        func found() throws(SQLiteError) -> [LedgerRecord] {
            let nobodys = try onThisBoot(try itemsAtTiers("run = ?", [.text(LedgerRecord.noRun)]), now)
            guard let id else { return nobodys.filter { $0.state != .overdue && $0.expires.bootNanoseconds <= now.bootNanoseconds } }
            return nobodys.filter { $0.id == id }
        }
        var waits = false
        try read { () throws(SQLiteError) in waits = try !found().isEmpty }
        guard waits else { return [] }
        try writeWithBallast(at: now) { () throws(SQLiteError) in
            taken = []
            try recordRun(at: now)
            for var record in try found() {
                (record.run, record.boot) = (run.id, nil)
                try connection.run(LedgerSchema.updateItem, LedgerSchema.changes(of: record))
                notes.append(.item(record, .adopted))
                taken.append(record)
            }
        }
        return taken
    }

    /// As `LedgerRecord.onThisBoot`; looks for the latest time on record only where one of them needs it.
    func onThisBoot(_ records: [LedgerRecord], _ now: LedgerInstant) throws(SQLiteError) -> [LedgerRecord] {
        guard records.contains(where: { $0.isOfAnotherBoot(than: run.boot) }) else { return records }
        var latest = 0.0
        try connection.run("SELECT coalesce(max(at_ms), 0) FROM event") { latest = Double($0.integer(0)) / 1000 }
        return records.map { $0.onThisBoot(now, boot: run.boot, latestWall: latest) }
    }

    /// What an earlier boot has left is told by this one's clock from here on: the clock on the wall, which anybody can turn, is asked once.
    func bringToThisBoot(now: LedgerInstant) throws(LedgerError) {
        var waits = false
        try read { () throws(SQLiteError) in waits = try itemsAtTiers("run = ?", [.text(LedgerRecord.noRun)]).contains { $0.isOfAnotherBoot(than: run.boot) } }
        guard waits else { return }
        try writeWithBallast(at: now) { () throws(SQLiteError) in
            try recordRun(at: now)
            let before = try itemsAtTiers("run = ?", [.text(LedgerRecord.noRun)]).filter { $0.isOfAnotherBoot(than: run.boot) }
            for record in try onThisBoot(before, now) {
                try connection.run(LedgerSchema.updateItem, LedgerSchema.changes(of: record))
                notes.append(.item(record, .adopted))
            }
        }
    }

    /// And what is kept for a later run.
    private func itemsAtTiers(_ clause: String, _ values: [SQLiteValue]) throws(SQLiteError) -> [LedgerRecord] {
        var found: [LedgerRecord] = []
        try connection.run(LedgerSchema.selectItems + " WHERE \(clause) AND settled IS NULL AND (rule = 'resumable' OR id IN (SELECT item FROM transfer))", values) { row in
            if let record = LedgerSchema.record(row) { found.append(record) }
        }
        return found
    }

    // MARK: Forgetting

    /// Goes before the rows themselves.
    func forgetTransfers(whose clause: String, _ values: [SQLiteValue]) throws(SQLiteError) {
        let items = "SELECT id FROM item WHERE " + clause
        try connection.run("SELECT id FROM receipt WHERE item IN (\(items))", values) { notes.append(HistoryNote(kind: .forgotten, subject: $0.text(0))) }
        try connection.run("DELETE FROM receipt WHERE item IN (\(items))", values)
        try connection.run("DELETE FROM transfer WHERE item IN (\(items))", values)
    }

    /// Answers that have long been withdrawn, or were for once and long ago.
    func forgetConsents(before wall: Double) throws(SQLiteError) {
        let old = "FROM consent WHERE withdrawn < ?1 OR (scope = 'once' AND given < ?1)"
        try connection.run("SELECT id " + old, [.real(wall)]) { notes.append(HistoryNote(kind: .forgotten, subject: $0.text(0))) }
        try connection.run("DELETE " + old, [.real(wall)])
    }

    /// Notes all there is, for a history that begins anew, or that drops its beginning.
    /// - Parameter since: leaves out what has an event of its own at this time or later, in milliseconds since 1970; nil leaves out nothing.
    func carryTransfers(unlessNotedSince since: Int64? = nil) throws(SQLiteError) {
        var recent: Set<String> = []
        if let since {
            try connection.run("SELECT subject || kind FROM event WHERE at_ms >= ? AND kind IN ('transfer', 'consent', 'receipt')", [.integer(since)]) { recent.insert($0.text(0) ?? "") }
        }
        func note(_ kind: HistoryEventKind, _ id: RowID, _ digest: [UInt8]) {
            if !recent.contains(id.rawValue + kind.rawValue) { notes.append(HistoryNote(kind: kind, subject: id.rawValue, digest: digest)) }
        }
        for transfer in try Self.transfers(in: connection) { note(.transfer, transfer.item, transfer.digest) }
        for consent in try Self.consents(in: connection) { note(.consent, consent.id, consent.digest) }
        for receipt in try Self.receipts(in: connection) { note(.receipt, receipt.id, receipt.digest) }
        guard let since else { return }
        // Their rows as well, unless something has happened to them since.
        var fresh: Set<String> = []
        try connection.run("SELECT subject FROM event WHERE at_ms >= ?", [.integer(since)]) { if let subject = $0.text(0) { fresh.insert(subject) } }
        try connection.run(LedgerSchema.selectItems + " WHERE id IN (SELECT item FROM transfer)") { row in
            if let record = LedgerSchema.record(row), !fresh.contains(record.id.rawValue) { notes.append(.item(record, .carriedItem)) }
        }
    }

    func carryLog() throws(SQLiteError) {
        for (number, record) in try Self.log(in: connection) { notes.append(HistoryNote(kind: .logged, subject: Self.logSubject(number), digest: record.digest)) }
    }
}
