import Glibc

/// System calls with the EINTR loop in one place. Each returns the call's result or the errno.
enum SystemCall {
    struct Failure: Error, Equatable {
        /// errno, or 0 with a `kind`.
        var code: Int32
        /// What a name turned out to be instead of a regular file.
        var kind: String? = nil
        var reason: String { String(cString: strerror(code)) }
    }

    static func run(_ call: () -> Int32) throws(Failure) -> Int32 {
        while true {
            let result = call()
            if result >= 0 { return result }
            if errno != EINTR { throw Failure(code: errno) }
        }
    }

    /// Fills `count` bytes from `offset` unless the file ends first; returns the bytes read.
    static func readFully(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int, at offset: Int64) throws(Failure) -> Int {
        var done = 0
        while done < count {
            let got = pread(descriptor, buffer + done, count - done, off_t(offset + Int64(done)))
            if got == 0 { break }
            if got > 0 { done += got } else if errno != EINTR { throw Failure(code: errno) }
        }
        return done
    }

    static func writeFully(_ descriptor: Int32, _ buffer: UnsafeRawPointer, _ count: Int, at offset: Int64) throws(Failure) {
        var done = 0
        while done < count {
            let put = pwrite(descriptor, buffer + done, count - done, off_t(offset + Int64(done)))
            if put >= 0 { done += put } else if errno != EINTR { throw Failure(code: errno) }
        }
    }

    static func status(path: String, followLinks: Bool = true) throws(Failure) -> stat {
        var out = stat()
        _ = try run { path.withFileName { followLinks ? stat($0, &out) : lstat($0, &out) } }
        return out
    }

    static func status(_ descriptor: Int32) throws(Failure) -> stat {
        var out = stat()
        _ = try run { fstat(descriptor, &out) }
        return out
    }
}

/// A file's identity, the same through every name and link.
struct FileIdentity: Hashable {
    var device: UInt64
    var inode: UInt64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }
}

extension stat {
    var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }

    /// What it is, in words, when it is no regular file.
    var kind: String {
        switch st_mode & S_IFMT {
        case S_IFDIR: "a folder"
        case S_IFIFO: "a pipe"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        case S_IFLNK: "a symbolic link to nothing"
        default: "not a regular file"
        }
    }
}
