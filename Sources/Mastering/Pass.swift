import AudioFiles
import DSP
import Dispatch
import Glibc

/// One streaming run over a file, or over several as if they were one, on two or three threads: the caller reads and processes, one more
/// processes further if there is more to do, and the last measures and writes. Each does every block, in order, so that the cut into threads
/// changes no result.
///
/// Memory is a handful of blocks, whatever the length of the file.
enum Pass {
    static let blockFrames = 8192
    private static let blocksInFlight = 12

    /// - Parameters:
    ///   - latency: frames by which both processings together trail their input; the output is aligned and cut to the input's length.
    ///   - files: of one sample rate and channel count.
    ///   - opened: stands at the start of the first, where it is open already.
    ///   - process: works on a block in place, on the calling thread; a block comes from one file (the tail from the last).
    ///   - processFurther: goes on with what `process` has done, on a thread of its own.
    ///   - consume: gets the aligned blocks in order with the index of their first frame, on a thread of its own.
    /// - Returns: frames in all files.
    /// - Throws: `AudioFileError`, `CancellationError`, or what `consume` threw.
    @discardableResult
    static func run(
        _ files: [PlacedFile], opened: TrackReader? = nil, latency: Int = 0, progress: (Double) -> Void, isCancelled: () -> Bool,
        process: (AudioBlock, Int, _ file: Int) -> Void,
        processFurther: (@Sendable (AudioBlock, Int, _ file: Int) -> Void)? = nil,
        consume: @escaping @Sendable (AudioBlock, Int, Int64) throws -> Void
    ) throws -> Int64 {
        let mode = Subnormals.off()
        defer { Subnormals.restore(mode) }
        var file = 0
        var reader = try opened ?? TrackReader(files[0])
        let channels = reader.info.channels, sampleRate = reader.info.sampleRate
        let buffers = (0..<blocksInFlight).map { _ in AudioBuffer(channels: channels, frames: blockFrames) }
        // The stages work on views: the memory has to outlive the last one.
        defer { withExtendedLifetime(buffers) {} }
        let free = Tokens(blocksInFlight)
        let last = Stage(work: { try consume($0.block.advanced(by: $0.dropped), $0.frames - $0.dropped, $0.firstFrame) }, release: { free.add() })
        let first = processFurther.map { further in Stage(work: { further($0.block, $0.frames, $0.file) }, next: last) } ?? last
        var before = 0.0
        do {
            var slot = 0
            var read: Int64 = 0, sent: Int64 = 0
            var toDrop = latency, tail = latency
            var ended = false
            while !ended || tail > 0 {
                if isCancelled() { throw CancellationError() }
                free.take()
                if last.failed { break }
                let block = buffers[slot].block
                var n = ended ? 0 : try reader.read(into: block, frames: blockFrames)
                while n == 0 && file + 1 < files.count {
                    file += 1
                    before = Double(file) / Double(files.count)
                    reader = try TrackReader(files[file])
                    guard reader.info.channels == channels, reader.info.sampleRate == sampleRate else {
                        throw AudioFileError.readFailed(path: files[file].path, reason: "its sample rate or channels are not those of the first file any more")
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
                first.submit(Stage.Job(block: block, frames: n, file: file, dropped: dropped, firstFrame: sent))
                sent += Int64(n - dropped)
                slot = (slot + 1) % blocksInFlight
                if let fraction = reader.fraction { progress(before + fraction / Double(files.count)) }
            }
            first.end()
            if let error = last.error { throw error }
            return read
        } catch {
            first.end()
            throw error
        }
    }
}

/// Counts what one thread hands to another, who hears of it a few at a time: waking a thread costs as much as some thousand frames of a meter.
private final class Tokens: @unchecked Sendable {
    // Unchecked: `held` belongs to the thread that adds.
    private static let batch = 3
    private let count: DispatchSemaphore
    private var held = 0

    init(_ initial: Int = 0) {
        // A semaphore must not end below the value that it began with.
        count = DispatchSemaphore(value: 0)
        for _ in 0..<initial { count.signal() }
    }

    /// - Parameter last: nothing comes after this one for a while.
    func add(last: Bool = false) {
        held += 1
        guard last || held == Self.batch else { return }
        for _ in 0..<held { count.signal() }
        held = 0
    }

    func take() { count.wait() }
}

/// A thread of a pass: takes blocks in order, hands each on when it is done with it, holds the first error.
private final class Stage: @unchecked Sendable {
    // Unchecked: `jobs` and `firstError` are only touched under `lock`.
    struct Job {
        var block: AudioBlock
        var frames: Int
        var file: Int
        /// Frames at the block's start that are not part of the output.
        var dropped: Int
        /// Of what is left.
        var firstFrame: Int64
    }

    private let work: (Job) throws -> Void
    private let next: Stage?
    private let release: () -> Void
    private let filled = Tokens()
    private let done = DispatchSemaphore(value: 0)
    private let lock = DispatchSemaphore(value: 1)
    private var jobs: [Job?] = []
    private var firstError: (any Error)?
    private var ended = false

    /// - Parameter release: called when a block may be filled anew, by the last stage.
    init(work: @escaping (Job) throws -> Void, next: Stage? = nil, release: @escaping () -> Void = {}) {
        self.work = work
        self.next = next
        self.release = release
        var thread = pthread_t()
        let box = Unmanaged.passRetained(self)
        let code = pthread_create(&thread, nil, { argument in
            Unmanaged<Stage>.fromOpaque(argument!).takeRetainedValue().loop()
            return nil
        }, box.toOpaque())
        precondition(code == 0, "no thread could be started")
        pthread_detach(thread)
    }

    private func locked<T>(_ body: () -> T) -> T {
        lock.wait()
        defer { lock.signal() }
        return body()
    }

    var error: (any Error)? { locked { firstError } }
    var failed: Bool { error != nil }

    private func loop() {
        Subnormals.off()
        while true {
            filled.take()
            guard let job = locked({ jobs.removeFirst() }) else { break }
            if job.frames > 0 && !failed {
                do { try work(job) } catch { locked { firstError = error } }
            }
            if let next { next.submit(job) } else { release() }
        }
        done.signal()
    }

    func submit(_ job: Job) { push(job) }

    private func push(_ job: Job?) {
        locked { jobs.append(job) }
        filled.add(last: job == nil)
    }

    /// Waits until everything submitted has gone through this stage and those after it. Once.
    func end() {
        guard !ended else { return }
        ended = true
        push(nil)
        done.wait()
        next?.end()
    }
}
