import AudioFiles
import Crypto
import DSP
import Glibc

/// SHA-256, as 64 lower-case hex digits, and where a format asks for it MD5, as 32.
public enum Digest {
    static func text(_ text: String) -> String { Self.text(SHA256.hash(data: Array(text.utf8))) }

    /// Of a whole file.
    public static func file(_ descriptor: Int32, path: String) throws -> String {
        var hash = SHA256()
        try read(descriptor, path: path) { hash.update(bufferPointer: $0) }
        return text(hash.finalize())
    }

    private static func read(_ descriptor: Int32, path: String, _ take: (UnsafeRawBufferPointer) -> Void) throws(AudioFileError) {
        var offset: off_t = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            let n = pread(descriptor, buffer.baseAddress, buffer.count, offset)
            if n < 0 && errno == EINTR { continue }
            guard n >= 0 else { throw .readFailed(path: path, reason: String(cString: strerror(errno))) }
            if n == 0 { return }
            take(UnsafeRawBufferPointer(rebasing: buffer[..<n]))
            offset += off_t(n)
        }
    }

    /// MD5 of a whole file, as disc images carry it: against damage on the way, not against malice.
    static func md5(_ descriptor: Int32, path: String) throws -> String {
        var hash = Insecure.MD5()
        try read(descriptor, path: path) { hash.update(bufferPointer: $0) }
        return text(hash.finalize())
    }

    static func file(path: String) throws -> String {
        let descriptor = path.withFileName { open($0, O_RDONLY | O_CLOEXEC | O_NOCTTY) }
        guard descriptor >= 0 else { throw AudioFileError.unreadable(path: path, reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        return try file(descriptor, path: path)
    }

    /// Of the sound alone, whatever the header around it: interleaved little-endian samples, of integer encodings as 32 bits with the sample at
    /// the top (`ffmpeg -f s32le`), of all others as 64-bit floating point (`-f f64le`).
    ///
    /// - Parameters:
    ///   - path: to be read.
    ///   - name: for messages.
    static func sound(_ path: String, name: String, isCancelled: () -> Bool) throws -> String {
        let reader = try AudioReader(path: path)
        let channels = reader.info.channels, frames = 8192
        let isInteger = reader.info.integerBits != nil
        let buffer = AudioBuffer(channels: channels, frames: frames)
        let block = buffer.block
        defer { withExtendedLifetime(buffer) {} }
        var hash = SHA256()
        var whole = [Int32](repeating: 0, count: isInteger ? channels * frames : 0)
        var real = [UInt64](repeating: 0, count: isInteger ? 0 : channels * frames)
        while true {
            if isCancelled() { throw CancellationError() }
            let count = try reader.read(into: block, frames: frames)
            if count == 0 { return text(hash.finalize()) }
            for c in 0..<channels {
                let row = block[c]
                if isInteger {
                    for i in 0..<count { whole[i * channels + c] = Int32(row[i] * 0x1p31).littleEndian }
                } else {
                    for i in 0..<count { real[i * channels + c] = row[i].bitPattern.littleEndian }
                }
            }
            if isInteger {
                whole.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<(count * channels * 4)])) }
            } else {
                real.withUnsafeBytes { hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<(count * channels * 8)])) }
            }
        }
    }

    static func text(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
