import FoundationEssentials
import Glibc

/// Where people show who they are by the device flow (RFC 8628), for accounts of a server. Off unless the operator names one.
public struct IdentityProvider: Sendable, Equatable {
    /// Of those that are known: what the API calls it.
    public let name: String
    let clientID: String
    /// A file with mode 0600; Google wants a secret of its clients, GitHub does not.
    var secretFile: String?
    let deviceURL: String
    let tokenURL: String
    let identityURL: String
    /// Nothing beyond who it is is asked for.
    let scope: String

    public static let names = ["github", "google"]

    /// - Parameter text: `NAME=CLIENT_ID`, or `NAME=CLIENT_ID@URL` for a server of one's own that speaks the same, such as GitHub Enterprise Server.
    /// - Throws: `ServeError.settings`.
    public init(_ text: String) throws(ServeError) {
        func wrong(_ what: String) -> ServeError { .settings("--provider: \(what); write e.g. github=CLIENT_ID") }
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, Self.names.contains(parts[0]) else { throw wrong("the provider is one of " + Self.names.joined(separator: ", ")) }
        let values = parts[1].split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard (1...200).contains(values[0].utf8.count), values[0].utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw wrong("a client id is printable ASCII") }
        (name, clientID) = (parts[0], values[0])
        var own: String?
        if values.count == 2 {
            let base = values[1].hasSuffix("/") ? String(values[1].dropLast()) : values[1]
            guard Self.isSafe(base) else { throw wrong("the address has to begin with https://, or with http:// and lead to this machine") }
            own = base
        }
        switch name {
        case "github":
            (deviceURL, tokenURL) = ((own ?? "https://github.com") + "/login/device/code", (own ?? "https://github.com") + "/login/oauth/access_token")
            identityURL = own.map { $0 + "/api/v3/user" } ?? "https://api.github.com/user"
            scope = ""
        default:
            (deviceURL, tokenURL) = ((own ?? "https://oauth2.googleapis.com") + "/device/code", (own ?? "https://oauth2.googleapis.com") + "/token")
            identityURL = (own ?? "https://openidconnect.googleapis.com") + "/v1/userinfo"
            scope = "openid"
        }
    }

    /// - Parameter text: `NAME=FILE`.
    public mutating func takeSecret(_ text: String) -> Bool {
        guard text.hasPrefix(name + "="), text.utf8.count > name.utf8.count + 1 else { return false }
        secretFile = String(text.dropFirst(name.utf8.count + 1))
        return true
    }

    /// Keys of people go nowhere in the clear, except within this machine.
    static func isSafe(_ url: String) -> Bool {
        guard url.utf8.count <= 400, url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let parsed = URL(string: url), let host = parsed.host(percentEncoded: true), !host.isEmpty,
              parsed.user() == nil, parsed.password() == nil else { return false }
        return parsed.scheme == "https" || (parsed.scheme == "http" && ["127.0.0.1", "localhost", "[::1]", "::1"].contains(host))
    }

    /// Read when it is used, kept nowhere.
    func secret() throws(ServeError) -> String? {
        guard let secretFile else { return nil }
        func wrong(_ reason: String) -> ServeError { .secret(path: secretFile, reason: reason) }
        let fd = open(secretFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard fd >= 0 else { throw wrong(String(cString: strerror(errno)).lowercased()) }
        defer { close(fd) }
        var info = stat()
        guard fstat(fd, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_mode & 0o077 == 0, info.st_uid == geteuid() else { throw wrong("others may read it; chmod 600") }
        var bytes = [UInt8](repeating: 0, count: 513)
        let count = read(fd, &bytes, bytes.count)
        guard count > 0, count <= 512 else { throw wrong("holds no secret of at most 512 bytes") }
        let text = String(decoding: bytes[..<count].filter { (0x21...0x7E).contains($0) }, as: UTF8.self)
        guard !text.isEmpty else { throw wrong("holds no secret") }
        return text
    }
}
