import AudioFiles
import Glibc
import Mastering

/// The folder of a disc image, where it has to be made.
struct DiscFolder {
    private let made: String?

    /// - Throws: `cannotCreate`, `missingFolder`.
    init(_ requests: [MasterRequest]) throws(AudioFileError) {
        guard let path = requests.first?.delivery.disc?.ddp else {
            made = nil
            return
        }
        if path.withFileName({ mkdir($0, 0o777) }) == 0 {
            made = path
        } else if errno == EEXIST {
            // What is no folder is refused with the first file that would lie in it.
            made = nil
        } else if errno == ENOENT {
            let parent = path.split(separator: "/").dropLast().joined(separator: "/")
            throw .missingFolder(path: path, folder: (path.hasPrefix("/") ? "/" : "") + parent)
        } else {
            throw .cannotCreate(path: path, reason: String(cString: strerror(errno)))
        }
    }

    /// Takes it back while it is empty.
    func undo() { _ = made?.withFileName { rmdir($0) } }
}
