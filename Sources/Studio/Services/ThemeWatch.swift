import AudioFiles
import Glibc
import Synchronization

/// Reads the theme again when its file, or one that it inherits from, was changed. A broken one is named with line and column, and the old one stays.
final class ThemeWatch: Sendable {
    private struct State {
        var files: [String] = []
        var stamps: [[Int]] = []
        var isLooking = false
    }

    private let state = Mutex(State())
    private let post: Post

    init(post: @escaping Post) { self.post = post }

    /// From now on these are the theme's files, its own first; none for the built-in one.
    func follow(_ theme: Theme) {
        let stamps = theme.files.map(Self.stamp)
        state.withLock { ($0.files, $0.stamps) = (theme.files, stamps) }
    }

    /// Returns at once; answers with `themeRead` or a notice when something changed.
    func look() {
        let starts = state.withLock { state in
            guard !state.isLooking, !state.files.isEmpty else { return false }
            state.isLooking = true
            return true
        }
        guard starts else { return }
        BackgroundThread.start("theme") { [self] in
            let files = state.withLock { $0.files }
            let stamps = files.map(Self.stamp)
            let isNews = state.withLock { state in
                state.isLooking = false
                guard state.files == files, state.stamps != stamps else { return false }
                state.stamps = stamps
                return true
            }
            guard isNews, let first = files.first else { return }
            do throws(SettingsError) {
                let theme = try ThemeLibrary.check(first)
                follow(theme)
                post(.themeRead(theme))
            } catch {
                post(.notice(Notice(error.message + " (the colours stay as they were)", .warning)))
            }
        }
    }

    private static func stamp(_ path: String) -> [Int] {
        var status = stat()
        guard path.withFileName({ stat($0, &status) }) == 0 else { return [] }
        return [Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(bitPattern: UInt(status.st_ino))]
    }
}
