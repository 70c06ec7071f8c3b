import AudioFiles
import Dispatch
import Glibc
import Synchronization
import Terminal

/// Folders from the disk. Each question gets a thread of its own, so that a file system that hangs holds up nothing else.
final class LiveFiles: FileListing {
    private struct State: Sendable {
        var current = 0
        /// The folder read last, whole, for filtering it again without reading it again.
        var known: (query: FileQuery, entries: [DirectoryEntry], hasStatus: Bool, stamp: FolderStamp)?
        /// The open file, and what it was when it was opened; nil when it could not be looked at.
        var open: (path: String, stamp: FileStamp?)?
        /// A look at the folder is under way; on a file system that hangs there is never more than one.
        var isChecking = false
    }

    /// What changes when a name in the folder does: its two times, in seconds and nanoseconds.
    private struct FolderStamp: Equatable {
        var times: [Int]

        init(_ status: stat) {
            times = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec, Int(bitPattern: UInt(status.st_ino))]
        }
    }

    /// What changes when a file's contents do, or another file takes its name.
    private struct FileStamp: Equatable {
        var marks: [Int]

        /// nil when there is no such file.
        init?(_ path: String) {
            var status = stat()
            guard path.withFileName({ stat($0, &status) }) == 0 else { return nil }
            marks = [Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(bitPattern: UInt(status.st_ino))]
        }
    }

    private let state = Mutex(State())
    private let post: Post
    /// Reads headers of the folder asked for last. One that does not answer keeps its own queue alone.
    private let headers = Mutex<(folder: String, queue: DispatchQueue)>(("", DispatchQueue(label: "lathe.headers", qos: .utility)))
    private let changes: FolderWatch?

    /// - Parameter isTold: whether to hear of changes from the system, where it tells of them.
    init(isTold: Bool = true, post: @escaping Post) {
        self.post = post
        changes = isTold ? FolderWatch { post(.folderChanged($0)) } : nil
    }

    func list(_ query: FileQuery) {
        let known = state.withLock { state in
            state.current = query.number
            return state.known
        }
        if let known, known.query.folder == query.folder, known.hasStatus || query.sort == .name, Self.differs(query, known.query) {
            DispatchQueue.global(qos: .userInitiated).async { [self] in
                answer(query, known.entries, complete: true)
                state.withLock { if $0.known?.query.folder == query.folder { $0.known?.query = query } }
            }
            return
        }
        BackgroundThread.start("folder") { [self] in read(query) }
    }

    /// The same question again means: look again. Another filter or order over the same folder needs no second look.
    private static func differs(_ a: FileQuery, _ b: FileQuery) -> Bool {
        a.filter != b.filter || a.sort != b.sort || a.showsHidden != b.showsHidden
    }

    func check(_ query: FileQuery) {
        let starts = state.withLock { state in
            guard !state.isChecking, state.current == query.number else { return false }
            state.isChecking = true
            return true
        }
        guard starts else { return }
        BackgroundThread.start("look") { [self] in
            lookAtOpenFile()
            var status = stat()
            let failure = query.folder.withFileName({ stat($0, &status) }) == 0 ? 0 : errno
            let stamp = FolderStamp(status)
            let (isCurrent, known) = state.withLock { state in
                state.isChecking = false
                return (state.current == query.number, state.known)
            }
            guard isCurrent else { return }
            if failure != 0 {
                // Said once: the rows that were known go with the folder.
                let wasKnown = state.withLock { state in
                    defer { state.known = nil }
                    return state.known != nil
                }
                if wasKnown { post(.listingFailed(number: query.number, Self.problem(query.folder, failure))) }
            } else if known == nil || (known?.query.folder == query.folder && known?.stamp != stamp) {
                post(.folderChanged(query.folder))
            }
        }
    }

    func watch(_ path: String) {
        BackgroundThread.start("look") { [self] in remember(path) }
    }

    /// Waits as long as the file system does.
    func remember(_ path: String) {
        let stamp = FileStamp(path)
        state.withLock { $0.open = (path, stamp) }
    }

    private func lookAtOpenFile() {
        guard let known = state.withLock({ $0.open }) else { return }
        let now = FileStamp(known.path)
        let isNews = state.withLock { state in
            guard state.open?.path == known.path, state.open?.stamp != now else { return false }
            state.open?.stamp = now
            return true
        }
        if isNews { post(.fileChanged(path: known.path, isGone: now == nil)) }
    }

    private static func problem(_ folder: String, _ code: Int32) -> String {
        code == ENOENT || code == ENOTDIR
            ? "this folder is gone" : Sanitise.line(Path.name(of: folder)) + ": " + String(cString: strerror(code)).lowercased()
    }

    private func isCurrent(_ query: FileQuery) -> Bool { state.withLock { $0.current == query.number } }

    private func answer(_ query: FileQuery, _ entries: [DirectoryEntry], complete: Bool) {
        let rows = query.arrange(entries)
        if isCurrent(query) { post(.listing(number: query.number, rows: rows, total: entries.count, complete: complete)) }
    }

    /// Entries after which the first rows are shown: more than a screen, and sorted in no time.
    private static let firstBatch = 512
    /// Bytes of a folder itself: some thousand names.
    private static let largeFolder: Int64 = 128 << 10
    /// Milliseconds between the batches after them.
    private static let nextBatches: Int64 = 250

    private func read(_ query: FileQuery) {
        let began = LiveTime.monotonicMilliseconds()
        guard let folder = query.folder.withFileName({ opendir($0) }) else {
            let code = errno
            if isCurrent(query) { changes?.follow(query.folder) }
            state.withLock { if $0.current == query.number { $0.known = nil } }
            return post(.listingFailed(number: query.number, Self.problem(query.folder, code)))
        }
        defer { closedir(folder) }
        let descriptor = dirfd(folder)
        var status = stat()
        // Before the first name is read: what changes meanwhile shows at the next look.
        fstat(descriptor, &status)
        let stamp = FolderStamp(status)
        // Watching costs the kernel a step for each name it knows of (8 ms for 100,000): in a large folder somebody sees rows first.
        var isWatched = Int64(status.st_size) <= Self.largeFolder, wasMissed = false
        if isWatched, isCurrent(query) { changes?.follow(query.folder) }
        func watch() {
            guard !isWatched, isCurrent(query) else { return }
            isWatched = true
            changes?.follow(query.folder)
            var now = stat()
            wasMissed = fstat(descriptor, &now) == 0 && FolderStamp(now) != stamp
        }
        let wantsStatus = query.sort != .name
        var entries: [DirectoryEntry] = []
        var due: (count: Int, at: Int64) = (Self.firstBatch, 0)
        while let found = readdir(folder) {
            if let entry = Self.entry(found, in: descriptor, wantsStatus: wantsStatus) { entries.append(entry) }
            guard entries.count % 256 == 0 else { continue }
            if !isCurrent(query) { return }
            let now = LiveTime.monotonicMilliseconds()
            if entries.count >= due.count, now >= due.at {
                answer(query, entries, complete: false)
                watch()
                // Somebody sees rows now; the rest gives way to drawing and keys. On Linux the priority is the thread's own.
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
                // Twice as many each time: all sorting together costs no more than twice the last.
                due = (2 * entries.count, now + Self.nextBatches)
            }
        }
        state.withLock { if $0.current == query.number { $0.known = (query, entries, wantsStatus, stamp) } }
        changes?.readingTook(milliseconds: LiveTime.monotonicMilliseconds() - began)
        answer(query, entries, complete: true)
        watch()
        if wasMissed { post(.folderChanged(query.folder)) }
    }

    private static func entry(_ found: UnsafeMutablePointer<dirent>, in folder: Int32, wantsStatus: Bool) -> DirectoryEntry? {
        let name = withUnsafePointer(to: &found.pointee.d_name) { name in
            name.withMemoryRebound(to: UInt8.self, capacity: 256) { FileName.text(UnsafeBufferPointer(start: $0, count: strlen(name))) }
        }
        if name == "." || name == ".." { return nil }
        var entry = DirectoryEntry(name: name, kind: .other)
        var type = Int32(found.pointee.d_type)
        if wantsStatus || type == DT_LNK || type == DT_UNKNOWN {
            var status = stat()
            if fstatat(folder, &found.pointee.d_name.0, &status, 0) == 0 {
                // The kinds of dirent are those of st_mode, twelve bits down (readdir(3), IFTODT).
                type = Int32(status.st_mode & S_IFMT) >> 12
                entry.bytes = Int64(status.st_size)
                entry.modified = Int64(status.st_mtim.tv_sec)
            }
        }
        switch type {
        case Int32(DT_FIFO): entry.oddity = .pipe
        case Int32(DT_SOCK): entry.oddity = .socket
        case Int32(DT_CHR), Int32(DT_BLK): entry.oddity = .device
        case Int32(DT_LNK): entry.oddity = .leadsNowhere
        default: break
        }
        if type == DT_DIR { entry.kind = .folder } else if type == DT_REG, DirectoryEntry.looksLikeAudio(entry.name) { entry.kind = .audio }
        return entry
    }

    private static let placesQueue = DispatchQueue(label: "lathe.places", qos: .utility)

    /// On the queue: the marked folders as this studio read or wrote them last.
    private let knownPlaces = Mutex<[String]>([])

    func readPlaces() {
        Self.placesQueue.async { [post, self] in
            do throws(SettingsError) {
                let places = try Places.load()
                knownPlaces.withLock { $0 = places }
                post(.placesRead(places))
            } catch { post(.notice(Notice(error.message, .warning))) }
        }
    }

    func savePlaces(_ folders: [String]) {
        Self.placesQueue.async { [post, self] in
            do throws(SettingsError) {
                // Another studio may have marked and forgotten folders meanwhile: only what changed here is changed there.
                let known = knownPlaces.withLock { $0 }
                var places = try Places.load().filter { folders.contains($0) || !known.contains($0) }
                places += folders.filter { !known.contains($0) && !places.contains($0) }
                try Places.save(places)
                knownPlaces.withLock { $0 = places }
                if places != folders { post(.placesRead(places)) }
            } catch { post(.notice(Notice(error.message, .error))) }
        }
    }

    func readFacts(of paths: [String]) {
        guard let folder = paths.first.flatMap({ Path.parent(of: $0) }) else { return }
        let queue = headers.withLock { headers in
            if headers.folder != folder { headers = (folder, DispatchQueue(label: "lathe.headers", qos: .utility)) }
            return headers.queue
        }
        queue.async { [post] in
            for path in paths {
                do throws(AudioFileError) {
                    post(.facts(path: path, AudioFacts(try AudioReader(path: path).info)))
                } catch {
                    // Opening the file says why; a list of names need not.
                    post(.facts(path: path, nil))
                }
            }
        }
    }
}

extension AudioFacts {
    init(_ info: AudioFileInfo) {
        self.init(format: info.format, encoding: info.encoding, sampleRate: info.sampleRate, channels: info.channels,
                  seconds: info.claimedFrames.map { Double($0) / Double(info.sampleRate) })
    }
}
