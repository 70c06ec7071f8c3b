import DSP
import Glibc

/// Raw PCM to a pipe or file, as fast as it is taken.
///
/// The playback threads have SIGPIPE blocked, so a reader that went away is an error code here and nothing else.
struct StreamSink: Sink {
    let periodFrames = 1024
    private let descriptor: Int32
    private let encoding: SampleEncoding
    private let frameBytes: Int
    private let buffer: UnsafeMutableRawPointer
    private let shared: UnsafeMutablePointer<SharedState>

    /// - Parameter shared: its `quit` ends a write whose reader has stalled.
    init(descriptor: Int32, format: PlaybackOptions.StreamFormat, channels: Int, shared: UnsafeMutablePointer<SharedState>) {
        self.descriptor = descriptor
        encoding = format == .float32LE ? .float32 : .int16
        frameBytes = encoding.bytes * channels
        buffer = .allocate(byteCount: maximumBlockFrames * frameBytes, alignment: 16)
        self.shared = shared
    }

    func deallocate() { buffer.deallocate() }

    mutating func waitForRoom() -> SinkResult {
        var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let ready = poll(&poller, 1, 100)
        if ready < 0 { return errno == EINTR ? .notYet : .failed(errno) }
        if ready > 0, poller.revents & Int16(POLLERR | POLLNVAL) != 0 {
            return .failed(poller.revents & Int16(POLLNVAL) != 0 ? EBADF : EPIPE)
        }
        return ready == 0 ? .notYet : .done
    }

    mutating func write(_ block: AudioBlock, frames: Int, firstFrame: Int) -> SinkResult {
        encoding.encode(block, frames: frames, firstFrame: firstFrame, to: buffer)
        var done = 0
        while done < frames * frameBytes {
            switch waitForRoom() {
            case .failed(let code): return .failed(code)
            case .notYet:
                if shared.pointee.quit.load(ordering: .relaxed) { return .failed(ECANCELED) }
                continue
            case .done: break
            }
            // A pipe that polls writable takes PIPE_BUF bytes at once, so this cannot hang on a stalled reader.
            let count = Glibc.write(descriptor, buffer + done, min(frames * frameBytes - done, Int(PIPE_BUF)))
            if count >= 0 {
                done += count
            } else if errno != EINTR && errno != EAGAIN {
                return .failed(errno)
            }
        }
        return .done
    }

    mutating func delay() -> Int { 0 }

    mutating func drain() {}
}
