import Foundation

/// A pipe of one page whose reader takes as much as the test says: back pressure to the byte.
final class SteppedPipe: @unchecked Sendable {
    // Unchecked: `collected` is written by one background reader and read after it has ended.
    let writeEnd: Int32
    private let readEnd: Int32
    private var collected = Data()
    private let finished = DispatchSemaphore(value: 0)
    private var draining = false

    struct NoPipe: Error {}

    init() throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw NoPipe() }
        (readEnd, writeEnd) = (ends[0], ends[1])
        // F_SETPIPE_SZ: 512 frames of 32-bit float stereo.
        _ = fcntl(writeEnd, 1031, 4096)
    }

    deinit { close(readEnd) }

    func read(bytes: Int) -> Data {
        var data = Data(count: bytes)
        var done = 0
        while done < bytes {
            let count = data.withUnsafeMutableBytes { Glibc.read(readEnd, $0.baseAddress! + done, bytes - done) }
            guard count > 0 else { break }
            done += count
        }
        return data.prefix(done)
    }

    /// Reads on until the write end is closed.
    func drainInBackground() {
        draining = true
        Thread.detachNewThread { [self] in
            while true {
                let piece = read(bytes: 4096)
                if piece.isEmpty { break }
                collected.append(piece)
            }
            finished.signal()
        }
    }

    func closeAndCollect() -> Data {
        close(writeEnd)
        if draining { finished.wait() }
        return collected
    }
}
