import AudioFiles
import DSP
import Dispatch
import Glibc

/// One streaming run over a file on two threads: the caller reads and processes, a second thread measures and writes.
///
/// Memory is a handful of blocks, whatever the length of the file.
enum Pass {
    static let blockFrames = 8192
    private static let blocksInFlight = 4

    /// - Parameters:
    ///   - latency: frames by which `process` trails its input; the output is aligned and cut to the input's length.
    ///   - process: works on a block in place, on the calling thread.
    ///   - consume: gets the aligned blocks in order with the index of their first frame, on a thread of its own.
    /// - Returns: frames in the file.
    /// - Throws: `AudioFileError`, `CancellationError`, or what `consume` threw.
    @discardableResult
    static func run(
        _ path: String, latency: Int = 0, progress: (Double) -> Void, isCancelled: () -> Bool,
        process: (AudioBlock, Int) -> Void,
        consume: @escaping @Sendable (AudioBlock, Int, Int64) throws -> Void
    ) throws -> Int64 {
        let reader = try AudioReader(path: path)
        let channels = reader.info.channels
        let consumer = Consumer(consume)
        let buffers = (0..<blocksInFlight).map { _ in AudioBuffer(channels: channels, frames: blockFrames) }
        // The consumer works on views: the memory has to outlive its last one.
        defer { withExtendedLifetime(buffers) {} }
        let expected = Double(reader.info.claimedFrames ?? 0)
        consumer.start(slots: blocksInFlight)
        do {
            var slot = 0
            var read: Int64 = 0, sent: Int64 = 0
            var toDrop = latency, tail = latency
            var ended = false
            while !ended || tail > 0 {
                if isCancelled() { throw CancellationError() }
                consumer.waitForSlot()
                if consumer.failed { break }
                let block = buffers[slot].block
                var n = ended ? 0 : try reader.read(into: block, frames: blockFrames)
                if n == 0 {
                    ended = true
                    n = min(tail, blockFrames)
                    tail -= n
                    block.clear(frames: n)
                } else {
                    read += Int64(n)
                }
                if n > 0 { process(block, n) }
                let dropped = min(toDrop, n)
                toDrop -= dropped
                consumer.submit(block.advanced(by: dropped), frames: n - dropped, firstFrame: sent)
                sent += Int64(n - dropped)
                slot = (slot + 1) % blocksInFlight
                if expected > 0 { progress(min(1, Double(read) / expected)) }
            }
            try consumer.finish()
            return read
        } catch {
            consumer.abandon()
            throw error
        }
    }
}

/// The measuring thread of a pass: takes blocks in order, holds the first error.
private final class Consumer: @unchecked Sendable {
    // Unchecked: `jobs` is written before `filled` is signalled and read after it is waited for; `error` is read after the
    // thread was joined, or as a flag whose late arrival only costs one more block.
    private struct Job {
        var block: AudioBlock
        var frames: Int
        var firstFrame: Int64
    }

    private let consume: @Sendable (AudioBlock, Int, Int64) throws -> Void
    private let free = DispatchSemaphore(value: 0)
    private let filled = DispatchSemaphore(value: 0)
    private let done = DispatchSemaphore(value: 0)
    private let lock = DispatchSemaphore(value: 1)
    private var jobs: [Job?] = []
    private var error: (any Error)?
    private var started = false

    init(_ consume: @escaping @Sendable (AudioBlock, Int, Int64) throws -> Void) { self.consume = consume }

    private func locked<T>(_ body: () -> T) -> T {
        lock.wait()
        defer { lock.signal() }
        return body()
    }

    var failed: Bool { locked { error != nil } }

    func start(slots: Int) {
        for _ in 0..<slots { free.signal() }
        started = true
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self)
        let code = pthread_create(&thread, nil, { argument in
            let consumer = Unmanaged<Consumer>.fromOpaque(argument!).takeRetainedValue()
            consumer.loop()
            return nil
        }, box.toOpaque())
        precondition(code == 0, "no thread could be started")
        pthread_detach(thread)
    }

    private func loop() {
        while true {
            filled.wait()
            guard let job = locked({ jobs.removeFirst() }) else { break }
            if !failed {
                do {
                    if job.frames > 0 { try consume(job.block, job.frames, job.firstFrame) }
                } catch {
                    locked { self.error = error }
                }
            }
            free.signal()
        }
        done.signal()
    }

    func waitForSlot() { free.wait() }

    func submit(_ block: AudioBlock, frames: Int, firstFrame: Int64) {
        locked { jobs.append(Job(block: block, frames: frames, firstFrame: firstFrame)) }
        filled.signal()
    }

    /// Waits until everything submitted was consumed.
    func finish() throws {
        abandon()
        if let error { throw error }
    }

    func abandon() {
        guard started else { return }
        started = false
        locked { jobs.append(nil) }
        filled.signal()
        done.wait()
    }
}
