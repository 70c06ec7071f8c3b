import CSndFile
import Glibc

/// An open regular file, read through one 256 KiB buffer: what libsndfile and the header checks read from.
///
/// Remembers the first I/O error, which libsndfile's own return values would hide.
final class ByteSource {
    let descriptor: Int32
    /// Bytes, as of opening.
    let length: Int64
    private(set) var failure: SystemCall.Failure?
    /// Bytes that readers get in place of the file's own.
    var overlay: (offset: Int64, bytes: [UInt8])? { didSet { windowCount = 0 } }
    private var position: Int64 = 0
    private var windowStart: Int64 = 0
    private var windowCount = 0
    private let window: UnsafeMutableRawPointer
    private static let capacity = 256 << 10
    /// What is asked for by this many bytes goes past the buffer.
    private static let large = 16 << 10

    /// Opens `path` to read without ever waiting: anything but a regular file is refused by its status, before it is opened.
    /// - Throws: `notFound`, `unreadable`, `notAFile`.
    static func open(_ path: String) throws(AudioFileError) -> Int32 {
        var descriptor: Int32 = -1
        do throws(SystemCall.Failure) {
            let before = try SystemCall.status(path: path)
            guard before.isRegularFile else { throw SystemCall.Failure(code: 0, kind: before.kind) }
            // Non-blocking, in case the name became a pipe since.
            descriptor = try SystemCall.run { path.withFileName { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) } }
            let status = try SystemCall.status(descriptor)
            guard status.isRegularFile else { throw SystemCall.Failure(code: 0, kind: status.kind) }
            return descriptor
        } catch {
            if descriptor >= 0 { close(descriptor) }
            throw refusal(path, error)
        }
    }

    /// Takes an open regular file over.
    init(descriptor: Int32) {
        self.descriptor = descriptor
        // A file's end can be sought where its status may not be asked for.
        length = max(0, Int64(lseek(descriptor, 0, SEEK_END)))
        window = .allocate(byteCount: Self.capacity, alignment: 64)
    }

    private static func refusal(_ path: String, _ failure: SystemCall.Failure) -> AudioFileError {
        if let kind = failure.kind { return .notAFile(path: path, kind: kind) }
        if failure.code == ENOENT || failure.code == ENOTDIR { return .notFound(path: path) }
        return .unreadable(path: path, reason: failure.reason)
    }

    deinit {
        window.deallocate()
        close(descriptor)
    }

    /// Copies up to `count` bytes at the current position; fewer at the end or after an I/O error.
    func read(_ out: UnsafeMutableRawPointer, _ count: Int) -> Int {
        var done = 0
        while done < count {
            let inWindow = position - windowStart
            if inWindow < 0 || inWindow >= Int64(windowCount) {
                if count - done >= Self.large, overlay == nil {
                    let got = fetch(out + done, count - done)
                    guard got > 0 else { break }
                    done += got
                    position += Int64(got)
                    continue
                }
                guard refill() else { break }
                continue
            }
            let take = min(count - done, windowCount - Int(inWindow))
            out.advanced(by: done).copyMemory(from: window + Int(inWindow), byteCount: take)
            done += take
            position += Int64(take)
        }
        return done
    }

    private func refill() -> Bool {
        guard position < length, failure == nil else { return false }
        windowStart = position
        windowCount = fetch(window, Self.capacity)
        if let overlay {
            for (i, byte) in overlay.bytes.enumerated() {
                let at = overlay.offset + Int64(i) - windowStart
                if at >= 0, at < Int64(windowCount) { window.storeBytes(of: byte, toByteOffset: Int(at), as: UInt8.self) }
            }
        }
        return windowCount > 0
    }

    /// From the file at the current position, which stays.
    private func fetch(_ out: UnsafeMutableRawPointer, _ count: Int) -> Int {
        guard position < length, failure == nil else { return 0 }
        do throws(SystemCall.Failure) {
            return try SystemCall.readFully(descriptor, out, Int(min(Int64(count), length - position)), at: position)
        } catch {
            failure = error
            return 0
        }
    }

    /// `whence` as for lseek. Returns the new position, or −1 for one before the file's start.
    func seek(_ offset: Int64, whence: Int32) -> Int64 {
        let base =
            switch whence {
            case SEEK_CUR: position
            case SEEK_END: length
            default: Int64(0)
            }
        let (target, overflow) = base.addingReportingOverflow(offset)
        guard !overflow, target >= 0 else { return -1 }
        position = target
        return target
    }

    var offset: Int64 { position }

    /// The bytes `[offset, offset + count)`, fewer at the file's end. `count` is small and fixed by the caller, never by the file.
    func bytes(at offset: Int64, _ count: Int) -> [UInt8] {
        guard seek(offset, whence: SEEK_SET) >= 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = buffer.baseAddress.map { read($0, count) } ?? 0
        }
    }

    /// libsndfile's callbacks; their user data is an unretained `ByteSource`.
    static func callbacks() -> SF_VIRTUAL_IO {
        SF_VIRTUAL_IO(
            get_filelen: { data in ByteSource.from(data)?.length ?? 0 },
            seek: { offset, whence, data in ByteSource.from(data)?.seek(offset, whence: whence) ?? -1 },
            read: { out, count, data in
                guard let out, count > 0, let source = ByteSource.from(data) else { return 0 }
                return sf_count_t(source.read(out, Int(count)))
            },
            write: { _, _, _ in 0 },
            tell: { data in ByteSource.from(data)?.offset ?? -1 }
        )
    }

    private static func from(_ data: UnsafeMutableRawPointer?) -> ByteSource? {
        data.map { Unmanaged<ByteSource>.fromOpaque($0).takeUnretainedValue() }
    }
}
