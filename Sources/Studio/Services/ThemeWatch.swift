import AudioFiles
import Glibc
import Synchronization

/// Reads the theme again when its file, or one that it inherits from, was changed. A broken one is named with line and column, and the old one stays.
///
/// Its own folder tells of changes, however long nobody has touched the studio; other folders, and file systems that do not tell, are looked at now and then.
final class ThemeWatch: Sendable {
    private struct State {
        var files: [String] = []
        var stamps: [[Int]] = []
        var isLooking = false
        var looksAgain = false
        /// Begun with the first theme that has a file.
        var folder: FolderWatch?
    }

    private let state = Mutex(State())
    private let post: Post

    init(post: @escaping Post) { self.post = post }

    /// From now on these are the theme's files, its own first; none for the built-in one.
    func follow(_ theme: Theme) {
        let stamps = theme.files.map(Self.stamp)
        state.withLock { ($0.files, $0.stamps) = (theme.files, stamps) }
        guard let folder = theme.files.first.flatMap({ Path.parent(of: $0) }) else { return }
        // The first picture does not wait for this.
        BackgroundThread.start("theme") { [self] in
            let watch = state.withLock { state in
                let watch = state.folder ?? FolderWatch { [weak self] _ in self?.look() }
                state.folder = watch
                return watch
            }
            watch.follow(folder)
            // What changed before it was watched.
            look()
        }
    }

    /// Returns at once; answers with `themeRead` or a notice when something changed.
    func look() {
        let starts = state.withLock { state in
            guard !state.files.isEmpty else { return false }
            // What changes while somebody looks is looked at once more.
            state.looksAgain = state.isLooking
            defer { state.isLooking = true }
            return !state.isLooking
        }
        guard starts else { return }
        BackgroundThread.start("theme") { [self] in
            repeat { lookNow() } while looksAgain()
        }
    }

    private func looksAgain() -> Bool {
        state.withLock { state in
            defer { (state.isLooking, state.looksAgain) = (state.looksAgain, false) }
            return state.looksAgain
        }
    }

    private func lookNow() {
        let files = state.withLock { $0.files }
        let stamps = files.map(Self.stamp)
        let isNews = state.withLock { state in
            guard state.files == files, state.stamps != stamps else { return false }
            state.stamps = stamps
            return true
        }
        guard isNews, let first = files.first else { return }
        do throws(SettingsError) {
            let theme = try ThemeLibrary.check(first)
            state.withLock { ($0.files, $0.stamps) = (theme.files, theme.files == files ? stamps : theme.files.map(Self.stamp)) }
            post(.themeRead(theme))
        } catch {
            post(.notice(Notice(error.message + " (the colours stay as they were)", .warning)))
        }
    }

    private static func stamp(_ path: String) -> [Int] {
        var status = stat()
        guard path.withFileName({ stat($0, &status) }) == 0 else { return [] }
        return [Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(bitPattern: UInt(status.st_ino))]
    }
}
