import Glibc

/// A small file of zeros that gives its space back when a destruction must be recorded on a full disk.
struct Ballast {
    let path: String
    /// Room for the journal of a transaction that settles many rows.
    static let bytes: off_t = 256 << 10

    /// Takes the space, as far as there is any; a missing ballast only matters once the disk is full, and is retried then.
    func fill() {
        let fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard fd >= 0 else { return }
        if posix_fallocate(fd, 0, Self.bytes) != 0 { _ = ftruncate(fd, 0) }
        close(fd)
    }

    /// Gives the space back; false when there was none.
    func drop() -> Bool {
        let fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard fd >= 0 else { return false }
        defer { close(fd) }
        var info = stat()
        guard fstat(fd, &info) == 0, info.st_size > 0 else { return false }
        return ftruncate(fd, 0) == 0
    }
}
