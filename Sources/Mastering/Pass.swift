import AudioFiles
import DSP
import Dispatch
import Glibc

/// One streaming run over a file, or over several as if they were one, on two threads: the caller reads and processes, a second
/// thread measures and writes.
///
/// Memory is a handful of blocks, whatever the length of the file.
enum Pass {
    static let blockFrames = 8192
    private static let blocksInFlight = 4

    /// - Parameters:
    ///   - latency: frames by which `process` trails its input; the output is aligned and cut to the input's length.
    ///   - paths: of one sample rate and channel count.
    ///   - process: works on a block in place, on the calling thread; a block comes from one file (the tail from the last).
    ///   - consume: gets the aligned blocks in order with the index of their first frame, on a thread of its own.
    /// - Returns: frames in all files.
    /// - Throws: `AudioFileError`, `CancellationError`, or what `consume` threw.
    @discardableResult
    static func run(
        _ paths: [String], latency: Int = 0, progress: (Double) -> Void, isCancelled: () -> Bool,
        process: (AudioBlock, Int, _ file: Int) -> Void,
        consume: @escaping @Sendable (AudioBlock, Int, Int64) throws -> Void
    ) throws -> Int64 {
        let mode = Subnormals.off()
        defer { Subnormals.restore(mode) }
        var file = 0
        var reader = try AudioReader(path: paths[0])
        let channels = reader.info.channels, sampleRate = reader.info.sampleRate
        let consumer = Consumer(consume)
        let buffers = (0..<blocksInFlight).map { _ in AudioBuffer(channels: channels, frames: blockFrames) }
        // The consumer works on views: the memory has to outlive its last one.
        defer { withExtendedLifetime(buffers) {} }
        var before = 0.0
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
                while n == 0 && file + 1 < paths.count {
                    file += 1
                    before = Double(file) / Double(paths.count)
                    reader = try AudioReader(path: paths[file])
                    guard reader.info.channels == channels, reader.info.sampleRate == sampleRate else {
                        throw AudioFileError.readFailed(path: paths[file], reason: "its sample rate or channels are not those of the first file any more")
                    }
                    n = try reader.read(into: block, frames: blockFrames)
                }
                if n == 0 {
                    ended = true
                    n = min(tail, blockFrames)
                    tail -= n
                    block.clear(frames: n)
                } else {
                    read += Int64(n)
                }
                if n > 0 { process(block, n, file) }
                let dropped = min(toDrop, n)
                toDrop -= dropped
                consumer.submit(block.advanced(by: dropped), frames: n - dropped, firstFrame: sent)
                sent += Int64(n - dropped)
                slot = (slot + 1) % blocksInFlight
                if let expected = reader.info.claimedFrames, expected > 0 {
                    progress(before + min(1, Double(reader.position) / Double(expected)) / Double(paths.count))
                }
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
        Subnormals.off()
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
