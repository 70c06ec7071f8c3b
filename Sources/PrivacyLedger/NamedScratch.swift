import Glibc

/// The names that scratch may have on disk, and their removal. Used where a file system knows no unnamed files,
/// and for the instant in which a finished file replaces an old one.
public enum NamedScratch {
    private static let prefix = ".lathe-", suffix = ".part"

    /// The last path component for the scratch of `row`: tells nothing about the user's file.
    public static func name(for row: RowID) -> String { prefix + row.rawValue + suffix }

    /// Whether a path can be one of ours; nothing else is ever removed.
    static func isOurs(_ path: String) -> Bool {
        guard path.hasPrefix("/"), let slash = path.lastIndex(of: "/") else { return false }
        let name = path[path.index(after: slash)...]
        return name.hasPrefix(prefix) && name.hasSuffix(suffix) && name.utf8.count == prefix.utf8.count + 16 + suffix.utf8.count
    }

    /// A path as the system takes it, ended by zero. Those who register paths write a byte b that is not UTF-8 as U+10FE00 + b (`FileName` in AudioFiles).
    private static func bytes(of path: String) -> [CChar] {
        path.unicodeScalars.flatMap { scalar -> [UInt8] in
            (0x10FE80...0x10FEFF).contains(scalar.value) ? [UInt8(truncatingIfNeeded: scalar.value)] : Array(UTF8.encode(scalar) ?? .init())
        }.map { CChar(bitPattern: $0) } + [0]
    }

    enum Removal { case absent, placeMissing, failed }

    /// Removes the name and confirms its absence on disk. A symbolic link or folder under the name is left alone.
    static func remove(_ path: String) -> Removal {
        guard isOurs(path), let slash = path.lastIndex(of: "/") else { return .failed }
        let folder = slash == path.startIndex ? "/" : String(path[..<slash])
        let name = String(path[path.index(after: slash)...])
        let folderFD = bytes(of: folder).withUnsafeBufferPointer { $0.baseAddress.map { open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) } ?? -1 }
        guard folderFD >= 0 else { return errno == ENOENT || errno == ENOTDIR ? .placeMissing : .failed }
        defer { close(folderFD) }
        var info = stat()
        if fstatat(folderFD, name, &info, AT_SYMLINK_NOFOLLOW) != 0 { return errno == ENOENT ? .absent : .failed }
        guard info.st_mode & S_IFMT == S_IFREG else { return .failed }
        guard unlinkat(folderFD, name, 0) == 0 || errno == ENOENT else { return .failed }
        // Some file systems cannot sync a folder (EINVAL); the name is gone from the running system all the same.
        guard fsync(folderFD) == 0 || errno == EINVAL else { return .failed }
        return fstatat(folderFD, name, &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT ? .absent : .failed
    }
}
