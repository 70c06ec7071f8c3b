import ArgumentParser
import Glibc

/// `--progress`: what standard error shows while a command works.
enum ProgressStyle: String, ExpressibleByArgument, CaseIterable {
    /// A bar when standard error is a terminal, else nothing.
    case auto
    case bar
    /// One JSON object a line: `{"file","stage","fraction"}`.
    case json
    case none

    var resolved: ProgressStyle { self == .auto ? (isatty(STDERR_FILENO) == 1 ? .bar : .none) : self }
}
