import Glibc

/// Where the page is, and how to get there from the place where the user sits.
public struct PageAddress: Sendable, Equatable {
    public var port: UInt16
    public var token: String
    /// The line to type at the user's end; nil when they sit at this machine.
    public var forward: String?

    public init(port: UInt16, token: String, environment: [String: String], user: String) {
        self.port = port
        self.token = token
        forward = Self.forward(port: port, environment: environment, user: user)
    }

    public var url: String { "http://127.0.0.1:\(port)/\(token)/" }

    /// From what the session's `sshd` says about its ends (sshd(8), SSH_CONNECTION: client address and port, server address and port).
    static func forward(port: UInt16, environment: [String: String], user: String) -> String? {
        let parts = environment["SSH_CONNECTION"]?.split(separator: " ") ?? []
        guard parts.count == 4, let sshPort = UInt16(parts[3]), parts[2].allSatisfy({ $0.isHexDigit || ".:%".contains($0) }) else { return nil }
        let name = user.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) } && !user.hasPrefix("-") ? user + "@" : ""
        return "ssh -N -L \(port):127.0.0.1:\(port)" + (sshPort == 22 ? "" : " -p \(sshPort)") + " \(name)\(parts[2])"
    }

    /// 128 random bits.
    static func makeToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<2).map { _ in
            let digits = String(generator.next(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    static var userName: String {
        guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return "" }
        return String(cString: name)
    }
}
