import CSndFile
import Glibc

/// An open file, written through buffers of 256 KiB: what libsndfile writes to. Remembers the first I/O error.
///
/// Where somebody looks at what is written, writing and looking have a thread of their own.
final class ByteSink {
    let descriptor: Int32
    /// Bytes before the place that is position 0 here.
    private let prefixCount: Int64
    /// Of what has reached the file so far; all of it after `settle`.
    var failure: SystemCall.Failure? { ownFailure ?? writer?.failure }
    private var ownFailure: SystemCall.Failure?
    private let observer: ((UnsafeRawBufferPointer, Int64) -> Void)?
    /// nil where nobody looks, or where there is no thread to be had.
    private let writer: WriterThread?
    private var position: Int64 = 0
    private var length: Int64 = 0
    /// Fields that FLAC's comments are to have, and the file's first bytes until they hold the comments.
    private var comments: [(name: String, value: String)]
    private var head: [UInt8] = []
    /// From `start` on, what is written stands so many bytes later in the file.
    private var gap: (start: Int64, count: Int64) = (0, 0)
    /// In the file.
    private var pendingStart: Int64 = 0
    private var pendingCount = 0
    private let ownBuffer: UnsafeMutableRawPointer?
    private var pending: UnsafeMutableRawPointer
    private static let capacity = 256 << 10

    /// - Parameters:
    ///   - prefix: what the file starts with, before everything that is written here; at most 256 KiB.
    ///   - comments: added to those of a FLAC file.
    ///   - observer: is shown what was written, and where in the file, on the writing thread; has seen everything after `settle`.
    init(
        descriptor: Int32, prefix: [UInt8] = [], comments: [(name: String, value: String)] = [],
        observer: ((UnsafeRawBufferPointer, Int64) -> Void)? = nil
    ) {
        self.descriptor = descriptor
        self.comments = comments
        prefixCount = Int64(prefix.count)
        self.observer = observer
        writer = observer.flatMap { WriterThread(descriptor: descriptor, capacity: Self.capacity, observer: $0) }
        ownBuffer = writer == nil ? .allocate(byteCount: Self.capacity, alignment: 64) : nil
        pending = writer?.buffer ?? ownBuffer!
        for (i, byte) in prefix.prefix(Self.capacity).enumerated() { pending.storeBytes(of: byte, toByteOffset: i, as: UInt8.self) }
        pendingCount = prefix.count
    }

    /// Where in the file what is written at `position` stands.
    private func place(_ position: Int64) -> Int64 { prefixCount + position + (position >= gap.start ? gap.count : 0) }

    deinit {
        writer?.end()
        ownBuffer?.deallocate()
    }

    func write(_ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        if !comments.isEmpty { return hold(bytes, count) }
        var done = 0
        while done < count {
            // A write across the gap is two.
            let whole = position < gap.start ? min(count - done, Int(gap.start - position)) : count - done
            let taken = put(bytes + done, whole, at: place(position))
            position += Int64(taken)
            done += taken
            if taken < whole { break }
        }
        length = max(length, position)
        return done
    }

    /// Keeps the head of a FLAC file back until its comments are there to be added to.
    private func hold(_ bytes: UnsafeRawPointer, _ count: Int) -> Int {
        guard position == Int64(head.count) else {
            // Nobody goes back within a head that is not complete.
            ownFailure = SystemCall.Failure(code: ESPIPE)
            return 0
        }
        head += UnsafeRawBufferPointer(start: bytes, count: count)
        position += Int64(count)
        length = max(length, position)
        guard let edit = FLACComments.add(comments, to: head) else { return count }
        let rest = Array(head[edit.oldCount...])
        comments = []
        head = []
        gap = (Int64(edit.oldCount), Int64(edit.head.count - edit.oldCount))
        position = 0
        let taken = edit.head.withUnsafeBytes { $0.baseAddress.map { put($0, edit.head.count, at: 0) } ?? 0 }
        position = Int64(edit.oldCount)
        let last = rest.withUnsafeBytes { $0.baseAddress.map { write($0, rest.count) } ?? 0 }
        return taken == edit.head.count && last == rest.count ? count : 0
    }

    private func put(_ bytes: UnsafeRawPointer, _ count: Int, at place: Int64) -> Int {
        var done = 0
        while done < count {
            if place + Int64(done) != pendingStart + Int64(pendingCount) || pendingCount == Self.capacity {
                flush()
                pendingStart = place + Int64(done)
            }
            guard failure == nil else { break }
            let take = min(count - done, Self.capacity - pendingCount)
            (pending + pendingCount).copyMemory(from: bytes + done, byteCount: take)
            pendingCount += take
            done += take
        }
        return done
    }

    func flush() {
        guard pendingCount > 0, failure == nil else { return }
        if let writer {
            writer.submit(pendingCount, at: pendingStart)
            pending = writer.buffer
        } else {
            do throws(SystemCall.Failure) {
                try SystemCall.writeFully(descriptor, pending, pendingCount, at: pendingStart)
                observer?(UnsafeRawBufferPointer(start: pending, count: pendingCount), pendingStart)
            } catch {
                ownFailure = error
            }
        }
        pendingStart += Int64(pendingCount)
        pendingCount = 0
    }

    /// Brings everything to the file.
    func settle() {
        flush()
        writer?.drain()
    }

    private func seek(_ offset: Int64, whence: Int32) -> Int64 {
        let base =
            switch whence {
            case SEEK_CUR: position
            case SEEK_END: length
            default: Int64(0)
            }
        guard base + offset >= 0 else { return -1 }
        position = base + offset
        return position
    }

    /// Bytes that are on their way back to be read: some formats check what they wrote.
    private func read(_ out: UnsafeMutableRawPointer, _ count: Int) -> Int {
        settle()
        guard failure == nil else { return 0 }
        do throws(SystemCall.Failure) {
            let got = try SystemCall.readFully(descriptor, out, count, at: place(position))
            position += Int64(got)
            return got
        } catch {
            ownFailure = error
            return 0
        }
    }

    /// libsndfile's callbacks; their user data is an unretained `ByteSink`.
    static func callbacks() -> SF_VIRTUAL_IO {
        SF_VIRTUAL_IO(
            get_filelen: { data in ByteSink.from(data)?.length ?? 0 },
            seek: { offset, whence, data in ByteSink.from(data)?.seek(offset, whence: whence) ?? -1 },
            read: { out, count, data in
                guard let out, count > 0, let sink = ByteSink.from(data) else { return 0 }
                return sf_count_t(sink.read(out, Int(count)))
            },
            write: { bytes, count, data in
                guard let bytes, count > 0, let sink = ByteSink.from(data) else { return 0 }
                return sf_count_t(sink.write(bytes, Int(count)))
            },
            tell: { data in ByteSink.from(data)?.position ?? -1 }
        )
    }

    private static func from(_ data: UnsafeMutableRawPointer?) -> ByteSink? {
        data.map { Unmanaged<ByteSink>.fromOpaque($0).takeUnretainedValue() }
    }
}
