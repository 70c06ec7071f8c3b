import FoundationEssentials

/// Where a tier is: scheme, host, port and the path below which it lives.
public struct TierURL: Sendable, Equatable {
    public let scheme: String
    public let host: String
    public let port: Int
    /// Without a slash at its end; empty for the root.
    public let path: String

    /// nil for what is not an `http` or `https` address of a host, or carries a name, a key, a query or a fragment.
    public init?(_ text: String) {
        guard text.utf8.count <= 1000, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let url = URL(string: text), let scheme = url.scheme?.lowercased(),
              scheme == "http" || scheme == "https", let host = url.host(percentEncoded: true), !host.isEmpty,
              url.user() == nil, url.password() == nil, url.query() == nil, url.fragment() == nil else { return nil }
        let port = url.port ?? (scheme == "https" ? 443 : 80)
        guard (1...65_535).contains(port) else { return nil }
        self.scheme = scheme
        self.host = host.lowercased()
        self.port = port
        let path = url.path(percentEncoded: true)
        self.path = String(path.reversed().drop { $0 == "/" }.reversed())
    }

    /// Scheme, host and port, as consent is given for.
    public var origin: String { "\(scheme)://\(host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host):\(port)" }
    public var isEncrypted: Bool { scheme == "https" }
    public var isLoopback: Bool { host == "localhost" || host == "127.0.0.1" || host == "::1" || host == "[::1]" }

    /// - Parameter below: begins with a slash.
    func string(_ below: String) -> String { origin + path + below }

    /// Where a `Location` leads, or a link in an answer; nil when that is another scheme, host or port.
    func resolve(_ location: String, from current: String) -> String? {
        guard location.utf8.count <= 4000, let from = URL(string: current), let url = URL(string: location, relativeTo: from)?.absoluteURL else { return nil }
        guard url.scheme?.lowercased() == scheme, url.host(percentEncoded: true)?.lowercased() == host,
              (url.port ?? (scheme == "https" ? 443 : 80)) == port, url.user() == nil else { return nil }
        return origin + url.path(percentEncoded: true) + (url.query(percentEncoded: true).map { "?" + $0 } ?? "")
    }
}
