import Foundation

extension ChildProcess {
    /// The test suite's second program, built beside it. Its standard input stays open until it ends or `closeInput`.
    public convenience init(probe arguments: String...) throws {
        try self.init(Self.probePath, arguments, input: true)
    }

    public static let probePath: String = {
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
        for start in [URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path, bundle ?? CommandLine.arguments[0]] {
            var folder = URL(fileURLWithPath: start).deletingLastPathComponent()
            while folder.path != "/" {
                let candidate = folder.appendingPathComponent("lathe-probe").path
                if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
                folder = folder.deletingLastPathComponent()
            }
        }
        return "lathe-probe"
    }()
}
