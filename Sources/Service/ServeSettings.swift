import Glibc

/// How a server runs.
public struct ServeSettings: Sendable {
    public enum Accounts: String, Sendable, CaseIterable { case sshKey = "ssh-key", none }

    public var host = "127.0.0.1"
    public var port = 4733
    public var accounts = Accounts.sshKey
    /// Where people may show who they are, besides SSH keys.
    public var providers: [IdentityProvider] = []
    /// Where secrets and accounts lie.
    public var folder: String
    /// The policy to show, complete; nil makes one from the configuration.
    public var policy: String?
    /// Jobs at once; nil is one per two processors.
    public var slots: Int?
    /// Bytes of one upload.
    public var uploadBytes = 200 << 20
    /// Seconds of a generated track.
    public var generateSeconds = 600.0
    /// Jobs and unfinished uploads that wait, together and of one account.
    public var waitingJobs = 256
    public var waitingJobsPerAccount = 16
    public var openUploads = 512
    /// Calls of one account a minute; what a burst may use at once is a quarter of it.
    public var callsPerMinute = 1200
    public var connections = 1024
    /// Credits of a new account.
    public var credits = 100

    public init(folder: String) { self.folder = folder }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1 && UInt32(bigEndian: address.s_addr) >> 24 == 127
    }

    /// Bytes of a master's input for a credit.
    static let bytesPerCredit: Int64 = 16 << 20
}
