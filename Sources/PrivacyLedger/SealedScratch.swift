import CLinux
import Crypto
import FoundationEssentials
import Glibc
import Synchronization

/// Bytes on disk that nobody can read but this run: frames of 64 KiB, sealed with ChaCha20-Poly1305 (RFC 8439) under a key of the item's own
/// that exists only here. The file has no name (`O_TMPFILE`), so it dies with the process, and what a disk image keeps of it is ciphertext.
///
/// Append and read; any thread. Each frame is sealed once, under its number as the nonce: the key is never used twice for one, because
/// frames are never written again. Row and number are authenticated, so a frame is only ever read as itself.
/// Cost: about 1 GB/s on one core, and 64 KiB of memory for the frame being filled.
public final class SealedScratch: Erasable {
    public let id: RowID

    private struct Inside: ~Copyable {
        var descriptor: Int32
        var key: SymmetricKey?
        /// Sealed frames in the file.
        var frames: Int64 = 0
        /// Plaintext of the frame being filled.
        var tail: [UInt8] = []
    }

    private let inside: Mutex<Inside>
    public static let frameBytes = 64 << 10
    private static let tagBytes = 16
    private static var sealedBytes: Int { frameBytes + tagBytes }

    /// - Parameter folder: whose file system holds it; nil is memory.
    init(id: RowID, folder: String?) throws(LedgerError) {
        let descriptor = folder.map { lathe_open_unnamed($0) } ?? lathe_memfd("lathe")
        guard descriptor >= 0 else { throw .cannotMakeScratch(path: folder ?? "memory", reason: String(cString: strerror(errno))) }
        self.id = id
        inside = Mutex(Inside(descriptor: descriptor, key: SymmetricKey(size: .bits256)))
    }

    /// The row has ended.
    public var isErased: Bool { inside.withLock { $0.key == nil } }

    /// Bytes that were appended.
    public var count: Int64 { inside.withLock { $0.frames * Int64(Self.frameBytes) + Int64($0.tail.count) } }

    /// Errors: `parentGone` once the row has ended; `cannotMakeScratch` when the disk is full, and then nothing of `bytes` counts as appended
    /// beyond what `count` says.
    public func append(_ bytes: UnsafeRawBufferPointer) throws(LedgerError) {
        let failure = inside.withLock { inside -> LedgerError? in
            guard let key = inside.key else { return .parentGone }
            var rest = bytes[...]
            while !rest.isEmpty {
                let take = rest.prefix(Self.frameBytes - inside.tail.count)
                inside.tail += take
                rest = rest.dropFirst(take.count)
                guard inside.tail.count == Self.frameBytes else { break }
                if let reason = Self.write(inside.tail, inside.frames, inside.descriptor, key, id) {
                    inside.tail.removeLast(take.count)
                    return .cannotMakeScratch(path: "sealed scratch", reason: reason)
                }
                inside.frames += 1
                inside.tail.removeAll(keepingCapacity: true)
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// Fills `out` with what was appended from `offset` on.
    /// - Returns: how many bytes there were.
    /// - Throws: `parentGone` once the row has ended; `cannotMakeScratch` when the disk gives back other bytes than it was given.
    public func read(at offset: Int64, into out: UnsafeMutableRawBufferPointer) throws(LedgerError) -> Int {
        let (count, failure) = inside.withLock { inside -> (Int, LedgerError?) in
            guard let key = inside.key else { return (0, .parentGone) }
            var done = 0
            while done < out.count {
                let at = offset + Int64(done), frame = at / Int64(Self.frameBytes), within = Int(at % Int64(Self.frameBytes))
                let plain: [UInt8]
                if frame == inside.frames {
                    plain = inside.tail
                } else if frame < inside.frames {
                    guard let opened = Self.open(frame, inside.descriptor, key, id) else {
                        return (done, .cannotMakeScratch(path: "sealed scratch", reason: "the disk gave back other bytes than it was given"))
                    }
                    plain = opened
                } else {
                    break
                }
                guard within < plain.count else { break }
                let take = min(out.count - done, plain.count - within)
                plain.withUnsafeBytes { out[done..<done + take].copyBytes(from: $0[within..<within + take]) }
                done += take
            }
            return (done, nil)
        }
        if let failure { throw failure }
        return count
    }

    /// The key first: from here on the bytes are noise, whatever becomes of the file.
    public func erase() -> EraseOutcome {
        inside.withLock { inside in
            guard inside.key != nil else { return .gone }
            // The last reference: swift-crypto overwrites a key's memory when it is freed.
            inside.key = nil
            inside.tail = []
            let descriptor = inside.descriptor
            guard Reaper.isLarge(descriptor) else { return Reaper.empty(descriptor) ? .gone : .failed }
            // What was sealed is destroyed now; giving back the room that its noise takes may take a moment longer.
            Reaper.start { _ = Reaper.empty(descriptor) }
            return .gone
        }
    }

    deinit { _ = erase() }

    private static func nonce(_ frame: Int64) throws -> ChaChaPoly.Nonce {
        var number = [UInt8](repeating: 0, count: 12)
        for byte in 0..<8 { number[byte] = UInt8(truncatingIfNeeded: frame >> (8 * byte)) }
        return try ChaChaPoly.Nonce(data: number)
    }

    /// - Returns: why it could not be written; nil when it was.
    private static func write(_ plain: [UInt8], _ frame: Int64, _ descriptor: Int32, _ key: SymmetricKey, _ id: RowID) -> String? {
        do {
            let box = try ChaChaPoly.seal(plain, using: key, nonce: nonce(frame), authenticating: Array("\(id) \(frame)".utf8))
            let sealed = box.ciphertext + box.tag
            return sealed.withUnsafeBytes { bytes in
                var done = 0
                while done < bytes.count {
                    let n = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(frame) * off_t(sealedBytes) + off_t(done)) // never empty
                    if n > 0 { done += n } else if n == 0 || errno != EINTR { return String(cString: strerror(errno)) }
                }
                return nil
            }
        } catch {
            return "it cannot be sealed: \(error)"
        }
    }

    private static func open(_ frame: Int64, _ descriptor: Int32, _ key: SymmetricKey, _ id: RowID) -> [UInt8]? {
        let sealed = [UInt8](unsafeUninitializedCapacity: sealedBytes) { buffer, count in
            while count < buffer.count {
                let n = pread(descriptor, buffer.baseAddress! + count, buffer.count - count, off_t(frame) * off_t(sealedBytes) + off_t(count)) // never empty
                if n > 0 { count += n } else if n == 0 || errno != EINTR { break }
            }
        }
        guard sealed.count == sealedBytes else { return nil }
        do {
            let box = try ChaChaPoly.SealedBox(nonce: nonce(frame), ciphertext: sealed[..<frameBytes], tag: sealed[frameBytes...])
            return Array(try ChaChaPoly.open(box, using: key, authenticating: Array("\(id) \(frame)".utf8)))
        } catch {
            return nil
        }
    }
}
