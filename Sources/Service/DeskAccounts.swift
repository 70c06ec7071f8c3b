import Crypto
import FoundationEssentials
import Mastering
import PrivacyLedger
import Rendering

/// Who may call, and what an account is told and can end.
extension ServiceDesk {
    private static let challengeSeconds = 300
    /// Challenges that wait for their answer.
    private static let mostChallenges = 10_000
    /// Of the one account of a server without accounts.
    private static let everybody = "everybody"

    func allow(_ caller: String) throws {
        let seconds = Double(now()) / 1000
        if let wait = limit.take(caller, now: seconds) { throw Refusal(.tooManyRequests, .quota, "too many calls; wait", retryAfter: wait) }
    }

    /// The account of a call.
    func caller(_ authorization: String?) throws -> String {
        guard settings.accounts == .sshKey else {
            try allow(Self.everybody)
            return Self.everybody
        }
        guard let token = Self.token(authorization), let account = try accounts.account(ofToken: token, now: now()) else {
            try allow("strangers")
            throw Refusal(.unauthorized, .auth, "a token is needed; sign a challenge with your SSH key to get one")
        }
        try allow(account)
        return account
    }

    private static func token(_ authorization: String?) -> String? {
        guard let authorization, authorization.hasPrefix("Bearer "), authorization.utf8.count <= 128 else { return nil }
        return String(authorization.dropFirst(7))
    }

    func challenge() throws -> JSON {
        guard settings.accounts == .sshKey else { throw Refusal(.notFound, .notFound, "this server has no accounts; call it without a token") }
        guard challenges.count < Self.mostChallenges else { throw busy("too many challenges wait for an answer") }
        let challenge = "lathe-" + RowID().rawValue + RowID().rawValue
        challenges[challenge] = now() + Int64(Self.challengeSeconds * 1000)
        return .object([("challenge", .string(challenge)), ("namespace", .string("lathe")), ("expires_in_seconds", .int(Self.challengeSeconds))])
    }

    func token(_ challenge: String, _ publicKey: String, _ signature: String) throws -> JSON {
        // Used or not, it works once.
        guard let expires = challenges.removeValue(forKey: challenge), expires > now() else { throw Refusal(.unauthorized, .auth, "the challenge has ended; ask for another") }
        guard let key = SSHSignature.PublicKey(line: publicKey) else { throw Refusal(.unprocessableContent, .invalidRequest, "public_key is no ssh-ed25519 key; make one with ssh-keygen -t ed25519") }
        guard SSHSignature.verify(signature, of: challenge, by: key, namespace: "lathe") else {
            throw Refusal(.unauthorized, .auth, "the signature is not that key's for this challenge; see ssh-keygen -Y sign -n lathe")
        }
        return try grant(try accounts.account(of: key, credits: Int64(settings.credits), now: now()))
    }

    func beginDevice(_ provider: String) async throws -> JSON {
        guard settings.accounts == .sshKey else { throw Refusal(.notFound, .notFound, "this server has no accounts; call it without a token") }
        return try await devices.begin(provider)
    }

    /// - Returns: whether it is granted yet.
    func deviceToken(_ device: String) async throws -> (json: JSON, isGranted: Bool) {
        switch try await devices.poll(device) {
        case .pending(let seconds): return (.object([("state", .string("pending")), ("interval_seconds", .int(seconds))]), false)
        case .identity(let provider, let identity):
            return (try grant(try accounts.account(of: identity, at: provider, credits: Int64(settings.credits), now: now())), true)
        }
    }

    private func grant(_ account: String) throws -> JSON {
        let (token, until) = try accounts.makeToken(for: account, now: now())
        return .object([("account", .string(account)), ("token", .string(token)), ("expires_at_ms", .int(Int(until)))])
    }

    func endToken(_ authorization: String?) throws {
        if let token = Self.token(authorization) { try accounts.endToken(token) }
    }

    func summary(of account: String) throws -> JSON {
        let balance = try accounts.balance(of: account)
        return .object([
            ("account", .string(account)), ("balance", .int(Int(balance.available))), ("held", .int(Int(balance.held))), ("tokens", .int(try accounts.tokens(of: account, now: now()))),
        ])
    }

    func export(of account: String) throws -> JSON {
        try summary(of: account)
            .adding("uploads", .array(uploads.filter { $0.value.account == account }.map { id, upload in
                .object([("upload", .string(id)), ("bytes", .int(Int(upload.bytes))), ("offset", .int(Int(upload.scratch.count))), ("expires_at_ms", .int(Int(upload.expires)))])
            }))
            .adding("jobs", .array(jobs(of: account)))
            .adding("credits", .array(try accounts.transfers(of: account).map { transfer in
                .object([("key", .string(transfer.key)), ("step", .string(transfer.step)), ("amount", .int(Int(transfer.amount))), ("at_ms", .int(Int(transfer.at)))])
            }))
    }

    /// Ends what runs, destroys what is there, forgets who it was.
    func erase(_ account: String) async throws -> [JSON] {
        var receipts: [JSON] = []
        for (id, upload) in uploads where upload.account == account { receipts.append(try await endUpload(id, of: account)) }
        for job in jobs.values where job.account == account { receipts += try await delete(job.id, of: account) }
        if settings.accounts == .sshKey { try accounts.erase(account, now: now()) }
        return receipts
    }

    // MARK: The server

    func health() -> (json: JSON, isFull: Bool) {
        let isFull = waiting.count >= settings.waitingJobs
        return (.object([
            ("status", .string(isFull ? "full" : "ok")), ("running", .int(running.count)), ("waiting", .int(waiting.count)), ("accepting", .bool(!isFull)),
        ]), isFull)
    }

    func about() -> JSON {
        .object([
            ("protocol", .int(1)), ("engine", .string(Engine.name)), ("public_key", .string(signer.publicKey.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())),
            ("kinds", .array([.string("master"), .string("generate")])), ("accounts", .string(settings.accounts.rawValue)),
            ("providers", .array(settings.accounts == .sshKey ? settings.providers.map { .string($0.name) } : [])),
            ("policy_hash", .string(SHA256.hash(data: Data(policy.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())),
            ("prompt_rules_version", .int(rules.version)),
            ("limits", .object([
                ("upload_bytes", .int(settings.uploadBytes)), ("generate_seconds", .number(settings.generateSeconds)), ("waiting_jobs", .int(settings.waitingJobs)),
                ("waiting_jobs_per_account", .int(settings.waitingJobsPerAccount)), ("calls_per_minute", .int(settings.callsPerMinute)),
            ])),
            ("retention", .object([
                ("input_seconds", .number(ledger.rules[.tierInput].hardSeconds)), ("output_seconds", .number(ledger.rules[.tierOutput].hardSeconds)),
            ])),
        ])
    }
}
