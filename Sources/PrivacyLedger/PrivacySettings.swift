import FoundationEssentials
import Glibc

/// What the user has set about retention: `privacy.toml` in the configuration folder. Absent means the defaults.
///
///     [retention.file_open]
///     idle_seconds = 120
///     hard_seconds = 3600
///
///     [service]
///     operator = "Kontrast Studio"
///
///     [queue]
///     jobs = "memory"
///
/// Untrusted: at most 64 KiB, only these keys, every number finite and within limits, each complaint with its line.
public enum PrivacySettings {
    /// `$XDG_CONFIG_HOME/lathe/privacy.toml`, by default below `~/.config`.
    public static var path: String {
        let environment = ProcessInfo.processInfo.environment
        if let folder = environment["XDG_CONFIG_HOME"], folder.hasPrefix("/") { return folder + "/lathe/privacy.toml" }
        let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? FileManager.default.homeDirectoryForCurrentUser.path
        return home + "/.config/lathe/privacy.toml"
    }

    private static let mostBytes = 64 << 10

    /// The rules in force. Errors: `badSettings`.
    public static func rules(at path: String = path) throws(LedgerError) -> RetentionRules {
        try all(at: path).rules
    }

    private static func read(_ path: String) throws(LedgerError) -> String? {
        let fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard fd >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw .badSettings(path: path, line: nil, reason: "cannot be read: \(String(cString: strerror(errno)).lowercased())")
        }
        defer { close(fd) }
        var info = stat()
        guard fstat(fd, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_size <= mostBytes else {
            throw .badSettings(path: path, line: nil, reason: "is not a text file of at most 64 KiB")
        }
        let content = [UInt8](unsafeUninitializedCapacity: mostBytes + 1) { buffer, count in
            count = max(0, Glibc.read(fd, buffer.baseAddress, buffer.count))
        }
        guard content.count <= mostBytes, let text = String(validating: content, as: UTF8.self) else {
            throw .badSettings(path: path, line: nil, reason: "is not a text file of at most 64 KiB")
        }
        return text
    }

    /// What the file sets.
    public struct Settings: Sendable, Equatable {
        public var rules = RetentionRules.standard
        /// The answers for a server's policy.
        public var service: [ServicePolicy.Place: String] = [:]
        /// Where the engine's jobs are kept.
        public var queue = QueueStorage.sealed
    }

    /// All that is set. Errors: `badSettings`.
    public static func all(at path: String = path) throws(LedgerError) -> Settings {
        guard let text = try read(path) else { return Settings() }
        return try settings(text, path)
    }

    static func parse(_ text: String, _ path: String) throws(LedgerError) -> RetentionRules { try settings(text, path).rules }

    private enum Section { case retention(RetentionRule), service, queue }

    private static func settings(_ text: String, _ path: String) throws(LedgerError) -> Settings {
        var changes: [RetentionRule: (idle: Double?, hard: Double?)] = [:]
        var service: [ServicePolicy.Place: String]?
        var queue: QueueStorage?
        var hasQueue = false
        var section: Section?
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            func wrong(_ reason: String) -> LedgerError { .badSettings(path: path, line: index + 1, reason: reason) }
            let line = trimmed(withoutComment(raw))
            if line.isEmpty { continue }
            if line == "[service]" {
                guard service == nil else { throw wrong("the section is there twice") }
                section = .service
                service = [:]
                continue
            }
            if line == "[queue]" {
                guard !hasQueue else { throw wrong("the section is there twice") }
                section = .queue
                hasQueue = true
                continue
            }
            if line.hasPrefix("[") {
                guard line.hasPrefix("[retention."), line.hasSuffix("]"), let named = RetentionRule(rawValue: String(line.dropFirst(11).dropLast())), !named.isTheTiers else {
                    throw wrong("no such section; there are [service], [queue], and [retention.NAME] for \(RetentionRule.allCases.filter { !$0.isTheTiers }.map(\.rawValue).joined(separator: ", "))")
                }
                guard changes[named] == nil else { throw wrong("the section is there twice") }
                section = .retention(named)
                changes[named] = (nil, nil)
                continue
            }
            let parts = line.split(separator: "=", maxSplits: 1).map { trimmed($0) }
            guard parts.count == 2, let section else { throw wrong("not KEY = VALUE inside a section") }
            switch section {
            case .retention(let rule):
                let usual = RetentionRules.standard[rule]
                let longest = max(usual.hardSeconds, 30 * 86_400)
                // That something is in use is noted every few seconds; a shorter idle time would end what is being used.
                let shortest = parts[0] == "idle_seconds" ? 60.0 : 1
                guard let seconds = Double(parts[1]), seconds >= shortest, seconds <= longest else {
                    throw wrong("\(parts[0]) takes \(Int(shortest)) to \(Int(longest)) seconds")
                }
                switch parts[0] {
                case "idle_seconds":
                    guard usual.idleSeconds != nil else { throw wrong("\(rule.rawValue) does not end by being idle; set hard_seconds") }
                    changes[rule]?.idle = seconds
                case "hard_seconds": changes[rule]?.hard = seconds
                default: throw wrong("no such key; there are idle_seconds and hard_seconds")
                }
            case .queue:
                guard parts[0] == "jobs" else { throw wrong("no such key; there is jobs") }
                guard let storage = QueueStorage.allCases.first(where: { parts[1] == "\"\($0.rawValue)\"" }) else {
                    throw wrong("jobs takes " + QueueStorage.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "))
                }
                queue = storage
            case .service:
                guard let place = ServicePolicy.Place(rawValue: parts[0]) else {
                    throw wrong("no such key; there are \(ServicePolicy.Place.allCases.map(\.rawValue).joined(separator: ", "))")
                }
                let quoted = parts[1]
                guard quoted.count >= 2, quoted.hasPrefix("\""), quoted.hasSuffix("\""), !quoted.dropFirst().dropLast().contains(where: { "\"\\".contains($0) }),
                      quoted.count <= ServicePolicy.mostCharacters + 2 else {
                    throw wrong("\(place.rawValue) takes a text in double quotes, without quotes and backslashes in it, of at most \(ServicePolicy.mostCharacters) characters")
                }
                service?[place] = String(quoted.dropFirst().dropLast())
            }
        }
        let rules = RetentionRules(overrides: changes.reduce(into: [:]) { table, change in
            let usual = RetentionRules.standard[change.key]
            table[change.key] = (change.value.idle ?? usual.idleSeconds, change.value.hard ?? usual.hardSeconds)
        })
        return Settings(rules: rules, service: service ?? [:], queue: queue ?? .sealed)
    }

    /// What stands before a `#` that is not inside a text.
    private static func withoutComment(_ line: Substring) -> Substring {
        var isText = false
        for at in line.indices {
            if line[at] == "\"" { isText.toggle() }
            if line[at] == "#", !isText { return line[..<at] }
        }
        return line
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let from = text.drop { $0.isWhitespace }
        return String(String(from.reversed().drop { $0.isWhitespace }.reversed()))
    }
}
