import CLinux
import DSP
import Glibc
import PrivacyLedger
import Synchronization

/// The sound of a take in memory, to be heard while it is still being made: a WAV file (32-bit float) that has its full length from the start.
/// What has not been made yet is silence.
///
/// Whoever opens `path` sees the file as it stands. The ledger may take the bytes away at any moment; writing then has no effect.
public final class TakeSound: Erasable {
    private let descriptor: Int32
    private let channels: Int
    private struct Inside {
        var isOpen = true
        /// Large pages that have begun to be filled.
        var begun: Int64 = 0
    }
    private let inside = Mutex(Inside())
    private let isLarge: Bool
    private static let headerBytes = 44
    /// Bytes from which on a sound lies in large pages. The kernel frees memory page by page, some 0.2 s for each GiB: what is longer than ten minutes would not be gone at once.
    private static let large = 256 << 20

    /// - Parameters:
    ///   - frames: of the whole take.
    ///   - rate: Hz.
    /// - Throws: `LedgerError.cannotMakeScratch` when there is no memory for it.
    public init(frames: Int, rate: Int, channels: Int = 2) throws(LedgerError) {
        descriptor = lathe_memfd("lathe")
        self.channels = channels
        guard descriptor >= 0 else { throw .cannotMakeScratch(path: "memory", reason: String(cString: strerror(errno))) }
        let bytes = frames * channels * 4
        isLarge = bytes > Self.large
        let header = Self.header(bytes: bytes, rate: rate, channels: channels)
        let put = header.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        guard put == header.count, ftruncate(descriptor, off_t(Self.headerBytes + bytes)) == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw .cannotMakeScratch(path: "memory", reason: reason)
        }
    }

    deinit { _ = erase() }

    /// Where it can be opened for as long as it lives.
    public var path: String { "/proc/self/fd/\(descriptor)" }

    /// Puts frames in their place.
    /// - Returns: false when the sound is gone, or memory is full.
    public func write(_ block: AudioBlock, at frame: Int, frames: Int) -> Bool {
        let rows = channels
        return withUnsafeTemporaryAllocation(of: Float32.self, capacity: frames * rows) { samples in
            for c in 0..<rows { for i in 0..<frames { samples[i * rows + c] = Float32(block[c][i]) } }
            let bytes = UnsafeRawBufferPointer(samples)
            // Under the lock: a descriptor that was closed may be somebody else's by now.
            return inside.withLock { inside in
                guard inside.isOpen else { return false }
                var done = 0
                while done < bytes.count {
                    let put = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(Self.headerBytes + frame * rows * 4 + done))
                    if put < 0, errno == EINTR { continue }
                    guard put > 0 else { return false }
                    done += put
                }
                let end = Int64(Self.headerBytes + (frame + frames) * rows * 4)
                while isLarge, inside.begun * Int64(LATHE_LARGE_PAGE) < end {
                    lathe_use_large_page(descriptor, inside.begun)
                    inside.begun += 1
                }
                return true
            }
        }
    }

    public func erase() -> EraseOutcome {
        inside.withLock { inside in
            guard inside.isOpen else { return .gone }
            inside.isOpen = false
            // Memory returns at once, even while a player still has the file open.
            let emptied = ftruncate(descriptor, 0) == 0
            return close(descriptor) == 0 && emptied ? .gone : .failed
        }
    }

    /// RIFF/WAVE with IEEE float samples (Multimedia Programming Interface and Data Specifications 1.0, IBM and Microsoft, 1991).
    private static func header(bytes: Int, rate: Int, channels: Int) -> [UInt8] {
        func le32(_ x: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: x >> (8 * $0)) } }
        func le16(_ x: Int) -> [UInt8] { (0..<2).map { UInt8(truncatingIfNeeded: x >> (8 * $0)) } }
        let format = le16(3) + le16(channels) + le32(rate) + le32(rate * channels * 4) + le16(channels * 4) + le16(32)
        return Array("RIFF".utf8) + le32(36 + bytes) + Array("WAVEfmt ".utf8) + le32(16) + format + Array("data".utf8) + le32(bytes)
    }
}
