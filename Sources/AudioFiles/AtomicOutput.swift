import Glibc

/// A file that appears under its name complete or not at all.
///
/// Bytes go to an unnamed file in the target's folder (`O_TMPFILE`); `commit` gives it its name. Where the file system has no
/// unnamed files, a hidden one beside the target serves. A process that dies leaves nothing in the first case.
/// A target that is a symbolic link stays one: the file it leads to is replaced.
public final class AtomicOutput {
    /// Open for reading and writing, empty.
    public let fileDescriptor: Int32
    /// The hidden name, when there is one; nil for an unnamed file.
    public let scratchPath: String?

    private let target: String
    private let folder: String
    private let force: Bool
    private let inputs: Set<FileIdentity>
    /// The hidden name, should one be needed.
    private let hidden: String
    private var isOpen = true
    /// Its bytes are somebody else's open file, which gets no name.
    public let isBorrowed: Bool

    /// - Parameters:
    ///   - target: where the file is to be.
    ///   - force: replace an existing file.
    ///   - inputs: files that must survive, compared by identity, so through hard and symbolic links too.
    ///   - scratchName: the hidden name to use in the target's folder if one is needed, for callers that must know it beforehand;
    ///     nil makes one up. It must not exist.
    ///   - scratchFolder: where the bytes lie until then, on the same file system, when the target's own folder is made only before `commit`.
    /// - Throws: `outputIsInput`, `outputExists`, `missingFolder`, `outputNotAFile`, `cannotCreate`, `diskFull`.
    public convenience init(target: String, force: Bool, inputs: [String], scratchName: String? = nil, scratchFolder: String? = nil) throws(AudioFileError) {
        try self.init(target: target, force: force, inputs: inputs, scratchName: scratchName, scratchFolder: scratchFolder, unnamed: true)
    }

    /// Into an open file that stays its owner's: emptied now, and never named.
    public init(borrowing descriptor: Int32) throws(AudioFileError) {
        let path = "/proc/self/fd/\(descriptor)"
        let own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard own >= 0, ftruncate(own, 0) == 0, lseek(own, 0, SEEK_SET) == 0 else {
            let reason = String(cString: strerror(errno))
            if own >= 0 { close(own) }
            throw .cannotCreate(path: path, reason: reason)
        }
        (fileDescriptor, scratchPath, target, folder, force, inputs, hidden, isBorrowed) = (own, nil, path, "", true, [], "", true)
    }

    /// `unnamed`: whether to try a file without a name first.
    init(target: String, force: Bool, inputs: [String], scratchName: String?, scratchFolder: String? = nil, unnamed: Bool) throws(AudioFileError) {
        var identities = Set<FileIdentity>()
        for input in inputs {
            do throws(SystemCall.Failure) {
                identities.insert(FileIdentity(try SystemCall.status(path: input)))
            } catch {
                // What cannot be looked at cannot be written to either; reading it reports why.
                continue
            }
        }
        let resolved = try Self.resolve(target)
        let mode = try Self.check(resolved, named: target, force: force, inputs: identities)
        let folder = Self.folder(of: resolved)
        let scratchPlace = scratchFolder ?? folder
        let hidden = scratchName.map { scratchPlace + "/" + $0 } ?? Self.hiddenName(beside: scratchFolder.map { $0 + "/x" } ?? resolved)

        let scratch: (descriptor: Int32, path: String?)
        do throws(SystemCall.Failure) {
            scratch = unnamed ? try Self.open(in: scratchPlace, hidden: hidden) : try Self.openNamed(hidden)
            if let mode { _ = try SystemCall.run { fchmod(scratch.descriptor, mode) } }
        } catch {
            throw Self.error(target, scratchPlace, error)
        }
        fileDescriptor = scratch.descriptor
        scratchPath = scratch.path
        self.target = resolved
        self.folder = folder
        self.force = force
        self.inputs = identities
        self.hidden = hidden
        isBorrowed = false
    }

    /// The folder in which the bytes for `target` will lie: links are followed.
    public static func scratchFolder(for target: String) throws(AudioFileError) -> String { folder(of: try resolve(target)) }

    /// Makes `path`, or replaces it, with `text`, whole or not at all.
    /// - Parameter scratchName: as in `init`.
    public static func write(_ text: String, to path: String, scratchName: String? = nil) throws(AudioFileError) {
        let output = try AtomicOutput(target: path, force: true, inputs: [], scratchName: scratchName)
        let bytes = Array(text.utf8)
        do throws(SystemCall.Failure) {
            try SystemCall.writeFully(output.fileDescriptor, bytes, bytes.count, at: 0)
        } catch {
            throw Self.error(path, output.folder, error)
        }
        _ = try output.commit()
    }

    deinit { abandon() }

    /// Brings the bytes to the disk, ahead of `commit`, which then has little left to do.
    /// - Throws: `diskFull`, `writeFailed`.
    public func settle() throws(AudioFileError) {
        do throws(SystemCall.Failure) {
            _ = try SystemCall.run { fsync(fileDescriptor) }
        } catch {
            throw Self.error(target, folder, error)
        }
    }

    /// Names the file, after its bytes have reached the disk, and closes it. Returns its path, links resolved.
    /// - Throws: `outputExists` when somebody else was faster and `force` is off, `outputIsInput`, `diskFull`, `writeFailed`, `cannotCreate`.
    public func commit() throws(AudioFileError) -> String {
        precondition(isOpen, "AtomicOutput.commit after commit or abandon")
        if isBorrowed {
            isOpen = false
            close(fileDescriptor)
            return target
        }
        _ = try Self.check(target, named: target, force: force, inputs: inputs)
        do throws(SystemCall.Failure) {
            _ = try SystemCall.run { fsync(fileDescriptor) }
            let replaced = force ? Self.hold(target) : -1
            defer { Self.letGo(replaced) }
            try giveName()
            let directory = try SystemCall.run { folder.withFileName { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) } }
            defer { close(directory) }
            // Some file systems cannot sync a folder (EINVAL); the name is there all the same.
            if fsync(directory) != 0, errno != EINVAL { throw SystemCall.Failure(code: errno) }
        } catch {
            if error.code == EEXIST { throw .outputExists(path: target) }
            throw Self.error(target, folder, error)
        }
        isOpen = false
        close(fileDescriptor)
        return target
    }

    /// Drops the file; the target stays as it was. Harmless after `commit`.
    public func abandon() {
        guard isOpen else { return }
        isOpen = false
        _ = scratchPath?.withFileName { unlink($0) }
        close(fileDescriptor)
    }

    private func giveName() throws(SystemCall.Failure) {
        if let scratchPath {
            if force {
                _ = try Self.run(scratchPath, target) { rename($0, $1) }
            } else {
                // A link fails when the name exists, which a rename would not.
                _ = try Self.run(scratchPath, target) { link($0, $1) }
                _ = scratchPath.withFileName { unlink($0) }
            }
            return
        }
        let unnamed = "/proc/self/fd/\(fileDescriptor)"
        do throws(SystemCall.Failure) {
            _ = try Self.run(unnamed, target) { linkat(AT_FDCWD, $0, AT_FDCWD, $1, AT_SYMLINK_FOLLOW) }
        } catch {
            guard force, error.code == EEXIST else { throw error }
            // A link cannot replace, so the file takes a hidden name for the moment of the rename.
            _ = try Self.run(unnamed, hidden) { linkat(AT_FDCWD, $0, AT_FDCWD, $1, AT_SYMLINK_FOLLOW) }
            do throws(SystemCall.Failure) {
                _ = try Self.run(hidden, target) { rename($0, $1) }
            } catch {
                _ = hidden.withFileName { unlink($0) }
                throw error
            }
        }
    }

    /// Keeps what is to be replaced from being freed for now; −1 when there is nothing.
    private static func hold(_ path: String) -> Int32 {
        // O_PATH of <fcntl.h>: neither needs the right to read nor waits for anybody.
        path.withFileName { Glibc.open($0, 0o10000000 | O_NOFOLLOW | O_CLOEXEC) }
    }

    /// On a thread of its own: freeing a song's blocks takes longer than naming its master.
    private static func letGo(_ descriptor: Int32) {
        guard descriptor >= 0 else { return }
        var thread = pthread_t()
        let started = pthread_create(&thread, nil, { argument in
            close(Int32(Int(bitPattern: argument) - 1))
            return nil
        }, UnsafeMutableRawPointer(bitPattern: Int(descriptor) + 1))
        if started == 0 { pthread_detach(thread) } else { close(descriptor) }
    }

    private static func run(_ from: String, _ to: String, _ call: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32)
        throws(SystemCall.Failure) -> Int32 {
        try SystemCall.run { from.withFileName { from in to.withFileName { call(from, $0) } } }
    }

    private static func open(in folder: String, hidden: String) throws(SystemCall.Failure) -> (Int32, String?) {
        // O_TMPFILE of <fcntl.h>, a compound macro that Swift does not import.
        let unnamed: Int32 = 0o20000000 | O_DIRECTORY
        do throws(SystemCall.Failure) {
            return (try SystemCall.run { folder.withFileName { Glibc.open($0, unnamed | O_RDWR | O_CLOEXEC, 0o666) } }, nil)
        } catch {
            guard [EOPNOTSUPP, EISDIR, EINVAL].contains(error.code) else { throw error }
            return try openNamed(hidden)
        }
    }

    /// The way of file systems without unnamed files.
    private static func openNamed(_ hidden: String) throws(SystemCall.Failure) -> (Int32, String?) {
        (try SystemCall.run { hidden.withFileName { Glibc.open($0, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o666) } }, hidden)
    }

    private static func hiddenName(beside target: String) -> String {
        // Fits NAME_MAX whatever the target's name; 64 random bits never meet twice.
        "\(folder(of: target))/.lathe-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    }

    /// The path of the file to be, with the target's own links followed when they lead somewhere.
    private static func resolve(_ target: String) throws(AudioFileError) -> String {
        guard !target.isEmpty, !target.hasSuffix("/"), !target.utf8.contains(0) else {
            throw .cannotCreate(path: target, reason: "it names no file")
        }
        guard let real = target.withFileName({ realpath($0, nil) }) else { return target }
        defer { free(real) }
        return FileName.text(real)
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The permissions of an existing target that may be replaced; nil when there is none.
    private static func check(
        _ path: String, named name: String, force: Bool, inputs: Set<FileIdentity>
    ) throws(AudioFileError) -> mode_t? {
        let existing: stat
        do throws(SystemCall.Failure) {
            existing = try SystemCall.status(path: path, followLinks: false)
        } catch {
            if error.code == ENOENT { return nil }
            throw Self.error(name, folder(of: path), error)
        }
        if inputs.contains(FileIdentity(existing)) { throw .outputIsInput(path: name) }
        guard existing.isRegularFile else { throw .outputNotAFile(path: name, kind: existing.kind) }
        guard force else { throw .outputExists(path: name) }
        return existing.st_mode & 0o777
    }

    private static func error(_ target: String, _ folder: String, _ failure: SystemCall.Failure) -> AudioFileError {
        switch failure.code {
        case ENOENT where folder.withFileName({ access($0, F_OK) }) == 0: .cannotCreate(path: target, reason: "the folder \(folder.printable) takes no files")
        case ENOENT: .missingFolder(path: target, folder: folder)
        case ENOTDIR: .cannotCreate(path: target, reason: "\(folder.printable) is not a folder")
        case ENOSPC, EDQUOT: .diskFull(path: target)
        case EIO: .writeFailed(path: target, reason: failure.reason)
        default: .cannotCreate(path: target, reason: failure.reason)
        }
    }
}
