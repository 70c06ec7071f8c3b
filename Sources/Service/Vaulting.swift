import Crypto
import Glibc
import PrivacyLedger

/// Bytes between sealed and plain scratch, a frame at a time.
enum Vaulting {
    static func copy(_ sealed: SealedScratch, to descriptor: Int32) throws {
        try withUnsafeTemporaryAllocation(byteCount: SealedScratch.frameBytes, alignment: 16) { buffer in
            var at: Int64 = 0
            while true {
                let count = try sealed.read(at: at, into: buffer)
                if count == 0 { return }
                var done = 0
                while done < count {
                    let put = pwrite(descriptor, buffer.baseAddress.map { $0 + done }, count - done, off_t(at) + off_t(done))
                    if put < 0, errno == EINTR { continue }
                    guard put > 0 else { throw Refusal(.serviceUnavailable, .busy, "no room for it at the moment; try again", retryAfter: 10) }
                    done += put
                }
                at += Int64(count)
            }
        }
    }

    /// - Returns: bytes, and their SHA-256 in hexadecimal.
    static func copy(_ descriptor: Int32, to sealed: SealedScratch) throws -> (Int64, String) {
        try withUnsafeTemporaryAllocation(byteCount: SealedScratch.frameBytes, alignment: 16) { buffer in
            var at: Int64 = 0
            var hash = SHA256()
            while true {
                let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(at))
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw Refusal(.internalServerError, .failed, "the result cannot be read back") }
                if count == 0 { break }
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                hash.update(bufferPointer: bytes)
                try sealed.append(bytes)
                at += Int64(count)
            }
            return (at, hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        }
    }
}
