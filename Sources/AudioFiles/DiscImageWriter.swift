import DSP
import Glibc

/// Writes the sound of an audio CD as its sectors hold it: 44.1 kHz, two channels, 16 bits, little-endian, without a header, in sectors of
/// 588 frames (IEC 60908). Silence fills the pause before the first track and the last sector.
public final class DiscImageWriter: SoundWriter {
    public static let framesPerSector = 588
    public static let bytesPerSector = framesPerSector * 4

    public let format = OutputFormat(container: .wav, bits: .int16, sampleRate: 44_100, channels: 2)
    private let descriptor: Int32
    private let path: String
    private var offset: Int64 = 0
    private var isOpen = true
    private var samples: [Int32]
    private var bytes: [UInt8]

    /// - Parameters:
    ///   - fileDescriptor: of an empty file, open for writing; it stays the caller's.
    ///   - path: for errors.
    ///   - pauseSectors: of silence at the beginning.
    public init(fileDescriptor: Int32, path: String, pauseSectors: Int) throws(AudioFileError) {
        descriptor = fileDescriptor
        self.path = path
        samples = Array(repeating: 0, count: 2 * Self.framesPerSector)
        bytes = Array(repeating: 0, count: Self.bytesPerSector)
        for _ in 0..<pauseSectors { try put(Self.bytesPerSector) }
    }

    public func write(_ block: AudioBlock, frames: Int) throws(AudioFileError) {
        var done = 0
        while done < frames {
            let count = min(Self.framesPerSector, frames - done)
            let bad = samples.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { Interleaved.gather(block.advanced(by: done), channels: 2, frames: count, bits: 16, into: $0) }
            }
            if let bad { throw .notFinite(path: path, seconds: Double(offset / 4 + Int64(bad)) / 44_100) }
            for i in 0..<(2 * count) {
                let sample = UInt16(bitPattern: Int16(truncatingIfNeeded: samples[i] >> 16))
                bytes[2 * i] = UInt8(truncatingIfNeeded: sample)
                bytes[2 * i + 1] = UInt8(truncatingIfNeeded: sample >> 8)
            }
            try put(4 * count)
            done += count
        }
    }

    public func finish(loudness: BroadcastExtension.Loudness?, software: String?) throws(AudioFileError) {
        guard isOpen else { return }
        isOpen = false
        let over = Int(offset % Int64(Self.bytesPerSector))
        if over > 0 {
            for i in bytes.indices { bytes[i] = 0 }
            try put(Self.bytesPerSector - over)
        }
        do throws(SystemCall.Failure) {
            _ = try SystemCall.run { fsync(descriptor) }
        } catch {
            throw Self.error(path, error)
        }
    }

    private func put(_ count: Int) throws(AudioFileError) {
        do throws(SystemCall.Failure) {
            try SystemCall.writeFully(descriptor, bytes, count, at: offset)
        } catch {
            throw Self.error(path, error)
        }
        offset += Int64(count)
    }

    private static func error(_ path: String, _ failure: SystemCall.Failure) -> AudioFileError {
        [ENOSPC, EDQUOT, EFBIG].contains(failure.code) ? .diskFull(path: path) : .writeFailed(path: path, reason: failure.reason)
    }
}
