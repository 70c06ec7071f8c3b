import Glibc

/// Brings blocks of bytes to a file, in order, on a thread of its own, while the next one is filled: what a sink does when somebody looks at
/// what is written (a hash takes as long as half the meters of a pass).
///
/// Three buffers go round: one is being filled, two may wait or be on their way.
final class WriterThread: @unchecked Sendable {
    // Unchecked: a buffer belongs to whoever holds it, `jobs` and `failed` are touched under `lock`, `filling` by the sink's thread alone.
    private struct Job {
        var bytes: UnsafeMutableRawPointer
        var count: Int
        var offset: Int64
    }

    private static let spare = 2
    /// Its own: the file's other owner may close his while blocks are on their way, and the number may then be another file's.
    private let descriptor: Int32
    private let observer: (UnsafeRawBufferPointer, Int64) -> Void
    private let buffers: [UnsafeMutableRawPointer]
    private var filling = 0
    private let lock = Semaphore(1)
    private var jobs: [Job?] = []
    private var failed: SystemCall.Failure?
    private let waiting = Semaphore(0)
    private let free = Semaphore(WriterThread.spare)
    private let ended = Semaphore(0)

    /// - Parameter observer: is shown each block once it is in the file; nothing more after a block that could not be written.
    /// - Returns: nil when the system gives no descriptor or no thread.
    init?(descriptor: Int32, capacity: Int, observer: @escaping (UnsafeRawBufferPointer, Int64) -> Void) {
        self.observer = observer
        self.descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        buffers = (0...Self.spare).map { _ in .allocate(byteCount: capacity, alignment: 64) }
        guard self.descriptor >= 0 else { return nil }
        var thread = pthread_t()
        let held = Unmanaged.passRetained(self)
        let code = pthread_create(&thread, nil, { argument in
            let writer = Unmanaged<WriterThread>.fromOpaque(argument!).takeRetainedValue()
            writer.loop()
            writer.ended.signal()
            return nil
        }, held.toOpaque())
        guard code == 0 else {
            held.release()
            return nil
        }
        pthread_detach(thread)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        for buffer in buffers { buffer.deallocate() }
    }

    /// The buffer to fill.
    var buffer: UnsafeMutableRawPointer { buffers[filling] }
    /// The first failure so far.
    var failure: SystemCall.Failure? { locked { failed } }

    private func locked<T>(_ body: () -> T) -> T {
        lock.wait()
        defer { lock.signal() }
        return body()
    }

    private func loop() {
        while true {
            waiting.wait()
            guard let job = locked({ jobs.removeFirst() }) else { return }
            if failure == nil {
                do throws(SystemCall.Failure) {
                    try SystemCall.writeFully(descriptor, job.bytes, job.count, at: job.offset)
                    observer(UnsafeRawBufferPointer(start: job.bytes, count: job.count), job.offset)
                } catch {
                    locked { failed = error }
                }
            }
            free.signal()
        }
    }

    /// Hands the first `count` bytes of the buffer over; there is another one then.
    func submit(_ count: Int, at offset: Int64) {
        push(Job(bytes: buffer, count: count, offset: offset))
        free.wait()
        filling = (filling + 1) % buffers.count
    }

    /// Waits until everything has been written.
    func drain() {
        for _ in 0..<Self.spare { free.wait() }
        for _ in 0..<Self.spare { free.signal() }
    }

    /// Waits for what is on its way, and for the thread. Once, last.
    func end() {
        push(nil)
        ended.wait()
    }

    private func push(_ job: Job?) {
        locked { jobs.append(job) }
        waiting.signal()
    }
}

/// sem_t with a place of its own.
private final class Semaphore: @unchecked Sendable {
    // Unchecked: the calls are for any thread.
    private let place = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init(_ value: Int) { sem_init(place, 0, UInt32(value)) }

    deinit {
        sem_destroy(place)
        place.deallocate()
    }

    func signal() { sem_post(place) }
    func wait() { while sem_wait(place) != 0, errno == EINTR {} }
}
