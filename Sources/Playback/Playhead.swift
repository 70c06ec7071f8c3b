import Synchronization

/// Where the audio thread is, readable by everyone at any time as one consistent record.
///
/// A sequence lock: the count is odd while the record is being written, and a reader that saw it change tries again.
struct Playhead: ~Copyable {
    struct Reading: BitwiseCopyable {
        /// The file's frame after the last one handed to the sink.
        var frame = 0
        /// Frames handed to the sink since the file was loaded, seeks or not.
        var played = 0
        /// Of these, how many are not heard yet.
        var delay = 0
        /// Monotonic time of this record, nanoseconds.
        var time = 0
        var sounding = false

        /// Frames of `played` that have been heard at `now`.
        func heard(at now: Int, sampleRate: Double) -> Int {
            guard sounding else { return played }
            let since = Int(Double(max(0, now - time)) * 1e-9 * sampleRate)
            return played - max(0, delay - since)
        }
    }

    private let count = Atomic<Int>(0)
    private let frame = Atomic<Int>(0)
    private let played = Atomic<Int>(0)
    private let delay = Atomic<Int>(0)
    private let time = Atomic<Int>(0)
    private let sounding = Atomic<Bool>(false)

    /// The audio thread.
    func publish(_ reading: Reading) {
        let next = count.load(ordering: .relaxed) + 1
        count.store(next, ordering: .relaxed)
        atomicMemoryFence(ordering: .releasing)
        frame.store(reading.frame, ordering: .relaxed)
        played.store(reading.played, ordering: .relaxed)
        delay.store(reading.delay, ordering: .relaxed)
        time.store(reading.time, ordering: .relaxed)
        sounding.store(reading.sounding, ordering: .relaxed)
        count.store(next + 1, ordering: .releasing)
    }

    /// Anyone.
    func read() -> Reading {
        while true {
            let before = count.load(ordering: .acquiring)
            let reading = Reading(
                frame: frame.load(ordering: .relaxed), played: played.load(ordering: .relaxed),
                delay: delay.load(ordering: .relaxed), time: time.load(ordering: .relaxed),
                sounding: sounding.load(ordering: .relaxed))
            atomicMemoryFence(ordering: .acquiring)
            if before & 1 == 0, count.load(ordering: .relaxed) == before { return reading }
        }
    }
}
