import Glibc

/// The variables a terminal is known by.
public enum ProcessEnvironment {
    static let names = [
        "TERM", "COLORTERM", "NO_COLOR", "LINES", "COLUMNS", "LC_ALL", "LC_CTYPE", "LANG", "LATHE_SYNC",
        "SSH_CONNECTION", "SSH_TTY", "TMUX", "STY",
    ]

    public static var current: [String: String] {
        var result: [String: String] = [:]
        for name in names { if let value = getenv(name) { result[name] = String(cString: value) } }
        return result
    }

    /// Whether the locale says that the terminal shows UTF-8: the first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set decides
    /// (POSIX, Base Definitions 8.2).
    public static func isUTF8(_ environment: [String: String]) -> Bool {
        let name = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let upper = name.uppercased()
        return upper.contains("UTF-8") || upper.contains("UTF8")
    }
}
