import Crypto
import FoundationEssentials
import Glibc
import PrivacyLedger

/// Accounts without personal data, their tokens, and their credits as double-entry transfers, in one SQLite file.
///
/// An account is the HMAC of an SSH key, or of what an identity provider calls a person, under the pepper, a token the HMAC of itself: whoever reads the file alone learns no key and can use no token.
/// Credits move between `A:available`, `A:held`, `bank` and `income`; every transfer takes from one what it gives to another, so the sum over all is 0 at any moment,
/// also after `kill -9`. A charge has a key of the client's: it is held, then posted or given back, once.
///
/// Used by one actor.
final class AccountStore {
    struct Balance: Equatable { var available: Int64 = 0, held: Int64 = 0 }

    private let connection: SQLiteConnection
    private let keys: ServerKeys
    private static let tokenDays = 30.0

    init(folder: String, keys: ServerKeys) throws(ServeError) {
        let path = folder + "/accounts.sqlite"
        let fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard fd >= 0 else { throw .store(path: path, reason: String(cString: strerror(errno))) }
        close(fd)
        self.keys = keys
        do throws(SQLiteError) {
            connection = try SQLiteConnection(path: path)
            try connection.execute("""
                PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
                CREATE TABLE IF NOT EXISTS account(id TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) STRICT;
                CREATE TABLE IF NOT EXISTS token(hash TEXT PRIMARY KEY, account TEXT NOT NULL, expires_ms INTEGER NOT NULL) STRICT;
                CREATE TABLE IF NOT EXISTS transfer(
                  number INTEGER PRIMARY KEY, account TEXT NOT NULL, key TEXT NOT NULL, attempt INTEGER NOT NULL, step TEXT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,
                  amount INTEGER NOT NULL CHECK(amount >= 0), at_ms INTEGER NOT NULL, UNIQUE(account, key, attempt, step)) STRICT;
                """)
        } catch {
            throw .store(path: path, reason: error.reason)
        }
    }

    // MARK: Accounts and tokens

    /// The account of a key; made, with its first credits, when it is new.
    func account(of key: SSHSignature.PublicKey, credits: Int64, now: Int64) throws(SQLiteError) -> String {
        try account(mac("account", key.blob), credits, now)
    }

    /// The same for a person as a provider knows them.
    func account(of identity: String, at provider: String, credits: Int64, now: Int64) throws(SQLiteError) -> String {
        try account(mac("account at " + provider, Array(identity.utf8)), credits, now)
    }

    private func account(_ mac: String, _ credits: Int64, _ now: Int64) throws(SQLiteError) -> String {
        let id = mac.prefix(32)
        try connection.transaction { () throws(SQLiteError) in
            try connection.run("INSERT OR IGNORE INTO account(id, since_ms) VALUES(?,?)", [.text(String(id)), .integer(now)])
            if connection.changes > 0 { try move(String(id), "welcome", 0, "grant", from: "bank", to: "available", credits, now) }
        }
        return String(id)
    }

    /// - Returns: the token, which is nowhere but with the caller, and when it ends.
    func makeToken(for account: String, now: Int64) throws(SQLiteError) -> (token: String, expires: Int64) {
        let secret = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        let token = Data(secret).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        let expires = now + Int64(Self.tokenDays * 86_400_000)
        try connection.transaction { () throws(SQLiteError) in
            try connection.run("DELETE FROM token WHERE expires_ms < ?", [.integer(now)])
            try connection.run("INSERT INTO token(hash, account, expires_ms) VALUES(?,?,?)", [.text(mac("token", Array(token.utf8))), .text(account), .integer(expires)])
        }
        return (token, expires)
    }

    func account(ofToken token: String, now: Int64) throws(SQLiteError) -> String? {
        var found: String?
        try connection.run("SELECT account FROM token WHERE hash = ? AND expires_ms >= ?", [.text(mac("token", Array(token.utf8))), .integer(now)]) { found = $0.text(0) }
        return found
    }

    func endToken(_ token: String) throws(SQLiteError) {
        try connection.transaction { () throws(SQLiteError) in try connection.run("DELETE FROM token WHERE hash = ?", [.text(mac("token", Array(token.utf8)))]) }
    }

    /// Forgets the account, its tokens and what its transfers were for. What it has left goes back to the bank, what it paid stays paid.
    func erase(_ account: String, now: Int64) throws(SQLiteError) {
        try connection.transaction { () throws(SQLiteError) in
            let balance = try balance(of: account)
            try move(account, "erased", 0, "close", from: "available", to: "bank", balance.available, now)
            try move(account, "erased", 0, "close-held", from: "held", to: "bank", balance.held, now)
            try connection.run("DELETE FROM token WHERE account = ?", [.text(account)])
            try connection.run("DELETE FROM account WHERE id = ?", [.text(account)])
            // Their sum stays, under a name that leads nowhere.
            let nobody = RowID().rawValue
            try connection.run("UPDATE transfer SET account = ?, key = 'x' || number WHERE account = ?", [.text(nobody), .text(account)])
        }
    }

    func tokens(of account: String, now: Int64) throws(SQLiteError) -> Int {
        var count = 0
        try connection.run("SELECT count(*) FROM token WHERE account = ? AND expires_ms >= ?", [.text(account), .integer(now)]) { count = Int($0.integer(0)) }
        return count
    }

    // MARK: Credits

    enum Charge: Equatable {
        /// Taken from what is available; the number of the attempt.
        case held(attempt: Int64)
        /// This wish was paid for already.
        case paid
        case refused
    }

    /// Holds `amount` for a wish. Asked again for a wish that is held, it is the same hold; for one that was given back, a new one.
    func hold(_ amount: Int64, for key: String, of account: String, now: Int64) throws(SQLiteError) -> Charge {
        var charge = Charge.refused
        try connection.transaction { () throws(SQLiteError) in
            var attempt: Int64 = 0, steps: Set<String> = []
            try connection.run("SELECT attempt, step FROM transfer WHERE account = ? AND key = ? ORDER BY attempt", [.text(account), .text(key)]) { row in
                if row.integer(0) > attempt { (attempt, steps) = (row.integer(0), []) }
                steps.insert(row.text(1) ?? "")
            }
            if steps.contains("post") { charge = .paid; return }
            if steps.contains("hold"), !steps.contains("void") { charge = .held(attempt: attempt); return }
            guard try balance(of: account).available >= amount else { return }
            try move(account, key, attempt + 1, "hold", from: "available", to: "held", amount, now)
            charge = .held(attempt: attempt + 1)
        }
        return charge
    }

    /// The wish is fulfilled: what was held is paid.
    func post(_ key: String, _ attempt: Int64, of account: String, now: Int64) throws(SQLiteError) { try settle(key, attempt, account, "post", "income", now) }

    /// It is not: what was held is available again.
    func void(_ key: String, _ attempt: Int64, of account: String, now: Int64) throws(SQLiteError) { try settle(key, attempt, account, "void", "available", now) }

    private func settle(_ key: String, _ attempt: Int64, _ account: String, _ step: String, _ target: String, _ now: Int64) throws(SQLiteError) {
        try connection.transaction { () throws(SQLiteError) in
            var held: Int64?, isSettled = false
            try connection.run("SELECT step, amount FROM transfer WHERE account = ? AND key = ? AND attempt = ?", [.text(account), .text(key), .integer(attempt)]) { row in
                if row.text(0) == "hold" { held = row.integer(1) } else { isSettled = true }
            }
            guard let held, !isSettled else { return }
            try move(account, key, attempt, step, from: "held", to: target, held, now)
        }
    }

    /// Holds of a run that is over: no job of theirs lives. Call before anybody is let in.
    /// - Returns: how many were given back.
    func voidAllHolds(now: Int64) throws(SQLiteError) -> Int {
        var open: [(String, String, Int64)] = []
        try connection.run("""
            SELECT account, key, attempt FROM transfer AS t WHERE step = 'hold' AND NOT EXISTS
              (SELECT 1 FROM transfer AS s WHERE s.account = t.account AND s.key = t.key AND s.attempt = t.attempt AND s.step IN ('post', 'void'))
            """) { open.append(($0.text(0) ?? "", $0.text(1) ?? "", $0.integer(2))) }
        for (account, key, attempt) in open { try void(key, attempt, of: account, now: now) }
        return open.count
    }

    func balance(of account: String) throws(SQLiteError) -> Balance {
        var balance = Balance()
        try connection.run("SELECT source, target, amount FROM transfer WHERE account = ?", [.text(account)]) { row in
            switch row.text(0) {
            case "available": balance.available -= row.integer(2)
            case "held": balance.held -= row.integer(2)
            default: break
            }
            switch row.text(1) {
            case "available": balance.available += row.integer(2)
            case "held": balance.held += row.integer(2)
            default: break
            }
        }
        return balance
    }

    /// All transfers of an account, oldest first, as its export shows them.
    func transfers(of account: String) throws(SQLiteError) -> [(key: String, step: String, amount: Int64, at: Int64)] {
        var out: [(String, String, Int64, Int64)] = []
        try connection.run("SELECT key, step, amount, at_ms FROM transfer WHERE account = ? ORDER BY number", [.text(account)]) {
            out.append(($0.text(0) ?? "", $0.text(1) ?? "", $0.integer(2), $0.integer(3)))
        }
        return out.map { (key: $0.0, step: $0.1, amount: $0.2, at: $0.3) }
    }

    private func move(_ account: String, _ key: String, _ attempt: Int64, _ step: String, from source: String, to target: String, _ amount: Int64, _ now: Int64) throws(SQLiteError) {
        try connection.run("INSERT INTO transfer(account, key, attempt, step, source, target, amount, at_ms) VALUES(?,?,?,?,?,?,?,?)", [
            .text(account), .text(key), .integer(attempt), .text(step), .text(source), .text(target), .integer(amount), .integer(now),
        ])
    }

    private func mac(_ what: String, _ bytes: [UInt8]) -> String {
        HMAC<SHA256>.authenticationCode(for: Data(what.utf8) + [0] + bytes, using: keys.pepper).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
