import CLinux
import Glibc
import Synchronization

/// A file without a name, on disk or in memory, that lives exactly as long as its row. It dies with the process.
public final class UnnamedScratch: Erasable {
    public let id: RowID
    /// Valid until the row has ended.
    public let fileDescriptor: Int32
    private let isOpen = Mutex(true)
    /// Told when a large file in memory is gone, on another thread; until then its row is being destroyed.
    private let whenGone: (@Sendable () -> Void)?

    private init(id: RowID, fileDescriptor: Int32, whenGone: (@Sendable () -> Void)? = nil) {
        self.id = id
        self.fileDescriptor = fileDescriptor
        self.whenGone = whenGone
    }

    /// In memory (memfd), sealed from no one but without any name.
    static func inMemory(id: RowID, whenGone: (@Sendable () -> Void)? = nil) throws(LedgerError) -> UnnamedScratch {
        let fd = lathe_memfd("lathe")
        guard fd >= 0 else { throw .cannotMakeScratch(path: "memory", reason: String(cString: strerror(errno))) }
        return UnnamedScratch(id: id, fileDescriptor: fd, whenGone: whenGone)
    }

    /// In `folder`'s file system (`O_TMPFILE`).
    static func onDisk(id: RowID, folder: String) throws(LedgerError) -> UnnamedScratch {
        let fd = lathe_open_unnamed(folder)
        guard fd >= 0 else { throw .cannotMakeScratch(path: folder, reason: String(cString: strerror(errno))) }
        return UnnamedScratch(id: id, fileDescriptor: fd)
    }

    /// Whether `folder`'s file system cannot make files without a name. Makes and drops an empty one the first time; what a device answered is remembered.
    public static func needsName(in folder: String) -> Bool {
        var status = stat()
        let device = stat(folder, &status) == 0 ? UInt64(status.st_dev) : nil
        if let device, let known = answers.withLock({ $0[device] }) { return known }
        let fd = lathe_open_unnamed(folder)
        let needs = fd < 0 && [EOPNOTSUPP, EISDIR, EINVAL].contains(errno)
        if fd >= 0 { close(fd) }
        // Another failure, such as a full disk, says nothing about the file system.
        if let device, fd >= 0 || needs { answers.withLock { $0[device] = needs } }
        return needs
    }

    private static let answers = Mutex<[UInt64: Bool]>([:])

    public func erase() -> EraseOutcome {
        let wasOpen = isOpen.withLock { open in
            defer { open = false }
            return open
        }
        guard wasOpen else { return .gone }
        // The kernel frees memory page by page, some 0.2 s for each GiB: nobody else's end waits behind that.
        if let whenGone, Reaper.isLarge(fileDescriptor) {
            let fileDescriptor = fileDescriptor
            Reaper.start {
                _ = Reaper.empty(fileDescriptor)
                whenGone()
            }
            return .pending
        }
        return Reaper.empty(fileDescriptor) ? .gone : .failed
    }

    deinit { _ = erase() }
}

/// Lets large files go on a thread of its own.
enum Reaper {
    private static let large: off_t = 64 << 20

    static func isLarge(_ descriptor: Int32) -> Bool {
        var info = stat()
        return fstat(descriptor, &info) == 0 && off_t(info.st_blocks) * 512 > large
    }

    /// Space returns at once, even while somebody else still has the file mapped or duplicated.
    static func empty(_ descriptor: Int32) -> Bool {
        let emptied = ftruncate(descriptor, 0) == 0
        return close(descriptor) == 0 && emptied
    }

    /// Where no thread is to be had, the caller does it.
    static func start(_ work: @escaping @Sendable () -> Void) {
        let context = Unmanaged.passRetained(Work(work))
        var thread = pthread_t()
        let code = pthread_create(&thread, nil, { context in
            guard let context else { return nil }
            lathe_block_signals()
            lathe_name_thread("lathe-reaper")
            Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run()
            return nil
        }, context.toOpaque())
        if code == 0 { pthread_detach(thread) } else { context.takeRetainedValue().run() }
    }

    private final class Work: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
