import FoundationEssentials
import Glibc

/// The key of a kept job: 32 bytes, the folder of its ledger behind its length in two, and a byte more for each engine that has taken the job up.
enum KeyFile {
    static let memory = "/dev/shm"
    private static let keyBytes = 32, mostDeaths = 64
    private static let prefix = "lathe-", suffix = ".key"

    static var hasMemory: Bool { Surroundings.medium(of: memory) == .memory && access(memory, W_OK) == 0 }

    static func inMemory(_ id: RowID) -> String { "\(memory)/\(prefix)\(id.rawValue)\(suffix)" }

    static func contents(_ key: [UInt8], _ directory: String) -> [UInt8] {
        let folder = Array(directory.utf8.prefix(Int(PATH_MAX)))
        return key + [UInt8(folder.count & 0xFF), UInt8(folder.count >> 8)] + folder
    }

    /// Counts one more death.
    static func take(_ id: RowID, _ directory: String) -> (key: [UInt8], deaths: Int)? {
        for path in [inMemory(id), SessionFile.key(of: id, in: directory)] {
            guard let fd = openOwn(path) else { continue }
            defer { close(fd) }
            let bytes = read(fd)
            var mark: UInt8 = 0
            guard bytes.count >= keyBytes, write(fd, &mark, 1) == 1 else { return nil }
            return (Array(bytes.prefix(keyBytes)), bytes.count - lengthWithoutDeaths(bytes) + 1)
        }
        return nil
    }

    /// No death of that job counts any more.
    static func forgive(_ id: RowID, _ directory: String) {
        for path in [inMemory(id), SessionFile.key(of: id, in: directory)] {
            guard let fd = openOwn(path) else { continue }
            defer { close(fd) }
            let bytes = read(fd)
            if bytes.count > keyBytes { _ = ftruncate(fd, off_t(lengthWithoutDeaths(bytes))) }
            return
        }
    }

    /// What was made in the folder has its name there after a power cut too. Some file systems cannot do that (EINVAL); the files are there all the same.
    static func settle(_ directory: String) {
        let fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard fd >= 0 else { return }
        _ = fsync(fd)
        close(fd)
    }

    /// Removes keys in memory that open nothing any more: their ledger's folder, or the sealed job in it, was removed by somebody else.
    ///
    /// Also where the clock was set back since, and a key seems to be from days to come. Keys of other ledgers stay, also of one whose disk is not there: then its folder's folder is missing too. A key is there a moment before its job is, so young ones stay.
    static func sweep(olderThan seconds: Int = 60) {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: memory) } catch { return }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        for name in names where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
            guard let id = RowID(rawValue: String(name.dropFirst(prefix.count).dropLast(suffix.count))), let fd = openOwn(inMemory(id)) else { continue }
            defer { close(fd) }
            var info = stat()
            guard fstat(fd, &info) == 0, abs(now.tv_sec - info.st_mtim.tv_sec) > seconds, let folder = folder(in: read(fd)) else { continue }
            let above = folder.lastIndex(of: "/").map { $0 == folder.startIndex ? "/" : String(folder[..<$0]) } ?? "/"
            if access(above, F_OK) == 0, isAbsent(folder + "/" + NamedScratch.name(for: id)) { unlink(inMemory(id)) }
        }
    }

    /// Of whatever lies sealed in `directory`, or lay there.
    static func rows(of directory: String) -> [RowID] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: memory) } catch { return [] }
        return names.compactMap { name in
            guard name.hasPrefix(prefix), name.hasSuffix(suffix), let id = RowID(rawValue: String(name.dropFirst(prefix.count).dropLast(suffix.count))), let fd = openOwn(inMemory(id)) else { return nil }
            defer { close(fd) }
            return folder(in: read(fd)) == directory ? id : nil
        }
    }

    /// Only this user's: the folder of shared memory lets nobody remove what is somebody else's.
    static func remove(_ id: RowID) { unlink(inMemory(id)) }

    private static func isAbsent(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR)
    }

    /// Anybody may make files in /dev/shm: only this user's, and only plain ones.
    private static func openOwn(_ path: String) -> Int32? {
        let fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard fd >= 0 else { return nil }
        var info = stat()
        guard fstat(fd, &info) == 0, info.st_mode & S_IFMT == S_IFREG, info.st_uid == geteuid() else {
            close(fd)
            return nil
        }
        return fd
    }

    private static func read(_ fd: Int32) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: keyBytes + 2 + Int(PATH_MAX) + mostDeaths) { buffer, count in count = max(0, pread(fd, buffer.baseAddress, buffer.count, 0)) }
    }

    /// A key that an earlier Lathe wrote has no folder.
    private static func lengthWithoutDeaths(_ bytes: [UInt8]) -> Int {
        guard bytes.count >= keyBytes + 2 else { return keyBytes }
        let length = keyBytes + 2 + Int(bytes[keyBytes]) + Int(bytes[keyBytes + 1]) << 8
        return length <= bytes.count ? length : keyBytes
    }

    private static func folder(in bytes: [UInt8]) -> String? {
        let length = lengthWithoutDeaths(bytes)
        guard length > keyBytes + 2 else { return nil }
        let folder = String(decoding: bytes[(keyBytes + 2)..<length], as: UTF8.self)
        return folder.hasPrefix("/") ? folder : nil
    }
}
