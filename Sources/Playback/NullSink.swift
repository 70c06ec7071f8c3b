import DSP
import Glibc

/// A device that makes no sound: two periods of buffer played by the monotonic clock.
struct NullSink: Sink {
    let periodFrames: Int
    private let sampleRate: Double
    private var start = 0
    private var written = 0

    init(sampleRate: Double) {
        self.sampleRate = sampleRate
        periodFrames = min(maximumBlockFrames, max(32, Int(sampleRate / 100)))
    }

    private func time(of frames: Int) -> Int { start + Int(Double(frames) / sampleRate * 1e9) }

    private func sleep(until nanoseconds: Int) {
        var time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
        while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil) == EINTR {}
    }

    mutating func waitForRoom() -> SinkResult {
        if written > periodFrames { sleep(until: time(of: written - periodFrames)) }
        return .done
    }

    mutating func write(_ block: AudioBlock, frames: Int, firstFrame: Int) -> SinkResult {
        let now = monotonicNanoseconds()
        // Ran dry (also by a suspended machine), or not started: the clock starts here, as a device's would.
        if now > time(of: written) {
            start = now
            written = 0
        }
        written += frames
        return .done
    }

    mutating func delay() -> Int {
        max(0, Int(Double(time(of: written) - monotonicNanoseconds()) * 1e-9 * sampleRate))
    }

    mutating func drain() {
        sleep(until: time(of: written))
        written = 0
        start = 0
    }
}
