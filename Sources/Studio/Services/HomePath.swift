import Glibc

/// A typed path, with `~/` as the shell reads it.
func homeExpanded(_ path: String) -> String {
    guard path.hasPrefix("~/"), let home = getenv("HOME") else { return path }
    return String(cString: home) + path.dropFirst()
}
