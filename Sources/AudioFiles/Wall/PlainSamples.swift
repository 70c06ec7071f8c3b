import CLinux
import Glibc

/// Sound that needs no decoding: samples that lie in the file as `SampleForm` has them. A decoder has read the header behind the wall; what it says
/// of their place is a claim, but wherever they are read from, they are nothing but numbers. Read here, no sample has to change processors.
final class PlainSamples {
    private let descriptor: Int32
    private let start: Int64
    private let frameBytes: Int
    private let frames: Int64
    private let sampleRate: Int
    private let scratch: UnsafeMutableRawPointer
    private static let mostBytes = 256 << 10
    /// ext2 to ext4, XFS, Btrfs, tmpfs, overlay, F2FS, ZFS, bcachefs (statfs(2), linux/magic.h).
    private static let localFileSystems: Set<Int64> = [
        0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0xF2F5_2010, 0x2FC1_2FC1, 0xCA45_1A4E,
    ]
    private(set) var position: Int64 = 0

    /// Takes a copy of the open file. Nil where the header names no such place, where the file does not reach to the end of the sound, and on file
    /// systems that may keep a reader waiting: behind the wall only a decoder hangs.
    init?(_ file: Int32, _ header: SoundHeader) {
        guard let start = header.dataOffset, let frames = header.frames, FormatName.isPlain(header.format), Self.localFileSystems.contains(lathe_file_system_of(file)) else { return nil }
        let frameBytes = header.channels * header.form.byteCount
        let (bytes, overflow) = frames.multipliedReportingOverflow(by: Int64(frameBytes))
        let length = Int64(lseek(file, 0, SEEK_END))
        guard !overflow, start >= 0, start <= length, bytes <= length - start else { return nil }
        let copy = fcntl(file, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return nil }
        descriptor = copy
        (self.start, self.frameBytes, self.frames, sampleRate) = (start, frameBytes, frames, header.sampleRate)
        scratch = .allocate(byteCount: max(Self.mostBytes, frameBytes), alignment: 64)
    }

    deinit {
        close(descriptor)
        scratch.deallocate()
    }

    func next(_ most: Int) throws(DecodeFailure) -> (samples: UnsafeRawPointer, frames: Int) {
        let wanted = Int(min(Int64(min(most, max(1, Self.mostBytes / frameBytes))), frames - position))
        guard wanted > 0 else { return (UnsafeRawPointer(scratch), 0) }
        let got: Int
        do { got = try SystemCall.readFully(descriptor, scratch, wanted * frameBytes, at: start + position * Int64(frameBytes)) } catch {
            throw .readFailed(code: error.code)
        }
        position += Int64(got / frameBytes)
        // It was longer when it was opened.
        guard got == wanted * frameBytes else {
            if got >= frameBytes { return (UnsafeRawPointer(scratch), got / frameBytes) }
            throw .truncated(seconds: Double(position) / Double(sampleRate))
        }
        return (UnsafeRawPointer(scratch), wanted)
    }

    func seek(to target: Int64) -> Int64 {
        position = max(0, min(target, frames))
        return position
    }
}
