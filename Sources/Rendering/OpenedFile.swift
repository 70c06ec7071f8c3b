import AudioFiles
import Glibc
import Mastering
import PrivacyLedger

/// Which file, and in which state of it, was measured.
struct FileStamp: Equatable, Sendable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var changedSeconds: Int
    var changedNanoseconds: Int

    /// nil when there is no such file.
    init?(path: String) {
        var info = stat()
        guard path.withFileName({ stat($0, &info) }) == 0 else { return nil }
        device = UInt64(info.st_dev)
        inode = UInt64(info.st_ino)
        size = Int64(info.st_size)
        changedSeconds = info.st_mtim.tv_sec
        changedNanoseconds = info.st_mtim.tv_nsec
    }
}

/// What the engine keeps of a measured file, each part under the row that ends it.
struct OpenedFile: Sendable {
    var row: RowID
    var stamp: FileStamp
    /// Without the picture.
    var profile: Held<InputProfile>
    var picture: Held<WaveformOverview>

    /// All of it, or nil once a part has ended.
    var whole: InputProfile? {
        guard var whole = profile.value, let overview = picture.value else { return nil }
        whole.overview = overview
        return whole
    }
}

/// A file being measured, for everybody who asked for it.
final class Measurement: Sendable {
    let task: Task<InputProfile, any Error>
    private let abandoned = CancelFlag()

    init(_ task: Task<InputProfile, any Error>) { self.task = task }

    /// The file was closed meanwhile.
    var isAbandoned: Bool { abandoned.isSet }

    func abandon() {
        abandoned.set()
        task.cancel()
    }
}

extension InputProfile {
    /// About what it occupies in memory.
    var byteCount: Int64 {
        let histogram = 640 * MemoryLayout<UInt64>.stride
        return Int64(MemoryLayout<InputProfile>.stride + histogram + analysis.bands.count * MemoryLayout<Analysis.Band>.stride)
            + overview.byteCount
    }
}

extension WaveformOverview {
    var byteCount: Int64 { Int64(buckets.count * 3 * MemoryLayout<Float>.stride) }
}
