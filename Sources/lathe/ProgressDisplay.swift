import AudioFiles
import Glibc
import Mastering
import Synchronization

/// What standard error shows of the work under way, from any thread.
final class ProgressDisplay: Sendable {
    private struct State {
        /// Of each file under way: its stage and how far it is, 0…1.
        var running: [String: (stage: String, fraction: Double)] = [:]
        /// A late report of a file that is done must not bring it back.
        var done: Set<String> = []
        var shown = ContinuousClock.now - .seconds(1)
        var barIsVisible = false
    }

    private let style: ProgressStyle
    private let total: Int
    private let state = Mutex(State())

    /// - Parameter total: how many files there are to do.
    init(_ style: ProgressStyle, total: Int) {
        self.style = style.resolved
        self.total = total
    }

    func update(_ file: String, stage: String, fraction: Double) {
        guard style != .none else { return }
        let fraction = fraction.isFinite ? min(max(fraction, 0), 1) : 0
        state.withLock { state in
            guard !state.done.contains(file) else { return }
            // Reports come from several threads: one that was overtaken is old news. And a line per per cent, not per block.
            if let shown = state.running[file], fraction <= shown.fraction || style == .json && fraction < 1 && fraction - shown.fraction < 0.01 { return }
            state.running[file] = (stage, fraction)
            switch style {
            case .json: line(file, stage, fraction)
            case .bar:
                guard ContinuousClock.now - state.shown >= .milliseconds(100) else { return }
                draw(&state)
            case .auto, .none: break
            }
        }
    }

    /// Ends the file's part; later reports of it are ignored.
    func finish(_ file: String, succeeded: Bool) {
        state.withLock { state in
            state.running[file] = nil
            state.done.insert(file)
            if style == .json, succeeded { line(file, "done", 1) }
        }
    }

    /// Removes the bar, says `act`, and lets the bar come back.
    func around<Result, Failed: Error>(_ act: () throws(Failed) -> Result) throws(Failed) -> Result {
        state.withLock { clear(&$0) }
        return try act()
    }

    func end() { state.withLock { clear(&$0) } }

    private func clear(_ state: inout State) {
        guard state.barIsVisible else { return }
        state.barIsVisible = false
        _ = Output.write("\r\u{1B}[K", to: STDERR_FILENO)
    }

    private func line(_ file: String, _ stage: String, _ fraction: Double) {
        let report = JSON.object([("file", .string(file)), ("stage", .string(stage)), ("fraction", .number((fraction * 1000).rounded() / 1000))])
        _ = Output.write(report.text + "\n", to: STDERR_FILENO)
    }

    private func draw(_ state: inout State) {
        state.shown = .now
        state.barIsVisible = true
        var size = winsize()
        let columns = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
        let fraction = (Double(state.done.count) + state.running.values.reduce(0) { $0 + $1.fraction }) / Double(max(1, total))
        let filled = Int(min(1, fraction) * 24)
        let bar = "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: 24 - filled) + "]"
        let first = state.running.min { $0.key < $1.key }
        let name = first.map { "  \($0.key.split(separator: "/").last.map(String.init)?.printable ?? "")  \($0.value.stage)" } ?? ""
        let count = total > 1 ? "\(state.done.count)/\(total)  " : ""
        let text = "\(count)\(bar) \(Int(min(1, fraction) * 100)) %\(name)"
        _ = Output.write("\r\u{1B}[K" + text.prefix(columns - 1), to: STDERR_FILENO)
    }
}
