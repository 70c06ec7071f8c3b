import CLinux
import Glibc

extension Surroundings {
    /// What lies behind a folder.
    public enum Medium: String, Sendable, Equatable { case memory, disk, network, unknown }

    /// From the file system's own number (statfs(2), linux/magic.h).
    public static func medium(of folder: String) -> Medium {
        switch lathe_file_system(folder) {
        case -1: .unknown
        // tmpfs, ramfs
        case 0x0102_1994, 0x8584_58F6: .memory
        // nfs, smb, cifs, smb2, 9p, fuse, ceph, afs
        case 0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997, 0x6573_5546, 0x00C3_6400, 0x5346_414F: .network
        default: .disk
        }
    }

    /// What the destruction of bytes in a file there is worth: plain or sealed, with the swap as it is.
    ///
    /// Where memory may be swapped to disk, so may the key: what is sealed is then no better than with its key on disk.
    public func erasureClass(in medium: Medium, sealed: Bool) -> ErasureClass {
        if medium == .memory, swap != .disk { return .e0 }
        if sealed { return swap == .disk ? .e2 : .e1 }
        return .e3
    }
}
