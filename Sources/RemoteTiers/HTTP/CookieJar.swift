import Synchronization

/// Cookies of one tier, for one attempt, in memory. Only name and value count: there is one host, and nothing outlives the attempt.
final class CookieJar: Sendable {
    private let kept = Mutex<[(name: String, value: String)]>([])
    private static let most = 32
    private static let longest = 4096

    var header: String? {
        kept.withLock { kept in kept.isEmpty ? nil : kept.map { $0.name + "=" + $0.value }.joined(separator: "; ") }
    }

    /// - Parameter fields: of `Set-Cookie` headers (RFC 6265, 4.1).
    func take(_ fields: [String]) {
        for field in fields where field.utf8.count <= Self.longest {
            let pair = field.prefix { $0 != ";" }
            guard let equals = pair.firstIndex(of: "=") else { continue }
            let name = pair[..<equals], value = pair[pair.index(after: equals)...]
            guard !name.isEmpty, (name + value).utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ",") }) else { continue }
            kept.withLock { kept in
                kept.removeAll { $0.name == name }
                if kept.count < Self.most { kept.append((String(name), String(value))) }
            }
        }
    }
}
