import AudioFiles
import Glibc
import Synchronization

/// Tells when names in a folder come, go or get new contents: inotify on a thread that otherwise sleeps, so that watching costs nothing while nothing
/// happens. File systems of other machines do not tell; for them the studio looks now and then.
final class FolderWatch: Sendable {
    private struct State: Sendable {
        /// The folder and the number inotify gave it.
        var watched: (folder: String, number: Int32)?
        /// Milliseconds to wait for more before telling.
        var pause: Int32 = shortestPause
    }

    private let state = Mutex(State())
    /// -1 where the system has none to give: then nothing is told.
    private let descriptor: Int32
    /// A pipe whose closed end tells the thread to end.
    private let wakeUp: (read: Int32, write: Int32)
    /// Several changes of one moment, such as a file written and renamed, are told as one.
    private static let shortestPause: Int32 = 250
    private static let longestPause: Int32 = 10_000

    init(_ tell: @escaping @Sendable (_ folder: String) -> Void) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        var ends: [Int32] = [-1, -1]
        if pipe(&ends) == 0 { for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) } }
        wakeUp = (ends[0], ends[1])
        guard isPossible else { return }
        let (descriptor, wakeUp) = (descriptor, ends[0])
        BackgroundThread.start("watch") { [weak self] in
            while Self.wait(descriptor, wakeUp, milliseconds: -1) {
                guard let pause = self?.state.withLock({ $0.pause }) else { break }
                // What comes during the pause is part of the same change.
                guard Self.wait(-1, wakeUp, milliseconds: pause) else { break }
                let numbers = Self.takeNumbers(descriptor)
                guard let self else { break }
                let folder = self.state.withLock { state in state.watched.flatMap { numbers.contains($0.number) ? $0.folder : nil } }
                if let folder { tell(folder) }
            }
            close(descriptor)
            close(wakeUp)
        }
    }

    private var isPossible: Bool { descriptor >= 0 && wakeUp.read >= 0 }

    deinit {
        if wakeUp.write >= 0 { close(wakeUp.write) }
        // The thread closes the others.
        if !isPossible { for one in [descriptor, wakeUp.read] where one >= 0 { close(one) } }
    }

    /// Watches `folder` in place of the one before. May wait as long as the file system does. Call before reading the names: no change is then missed.
    func follow(_ folder: String) {
        guard isPossible else { return }
        let events = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
        let number = folder.withFileName { inotify_add_watch(descriptor, $0, UInt32(events)) }
        let before = state.withLock { state in
            let before = state.watched
            state.watched = number < 0 ? nil : (folder, number)
            return before
        }
        if let before, before.number != number { inotify_rm_watch(descriptor, before.number) }
    }

    /// Reading the folder took this long: it is not worth reading again all the time.
    func readingTook(milliseconds: Int64) {
        state.withLock { $0.pause = max(Self.shortestPause, Int32(clamping: min(5 * milliseconds, Int64(Self.longestPause)))) }
    }

    /// False when the watch has ended.
    private static func wait(_ descriptor: Int32, _ wakeUp: Int32, milliseconds: Int32) -> Bool {
        var set = [pollfd(fd: wakeUp, events: Int16(POLLIN), revents: 0), pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        while poll(&set, 2, milliseconds) < 0, errno == EINTR {}
        return set[0].revents == 0
    }

    /// The watches that something happened to.
    private static func takeNumbers(_ descriptor: Int32) -> Set<Int32> {
        var numbers: Set<Int32> = []
        withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: MemoryLayout<inotify_event>.alignment) { buffer in
            while true {
                let count = read(descriptor, buffer.baseAddress, buffer.count)
                guard count > 0 else { return }
                var at = 0
                while at + MemoryLayout<inotify_event>.size <= count {
                    let event = buffer.load(fromByteOffset: at, as: inotify_event.self)
                    numbers.insert(event.wd)
                    at += MemoryLayout<inotify_event>.size + Int(event.len)
                }
            }
        }
        return numbers
    }
}
