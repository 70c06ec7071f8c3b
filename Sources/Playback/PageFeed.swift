import DSP
import Glibc
import Synchronization

/// Both voices of one session on their way to a listener who plays them by a clock of their own, such as a page in a browser.
///
/// A frame is four samples: left and right of the original (A), left and right of the master (B), before their trims. Indices count
/// the frames handed over since the file was loaded. The audio thread writes as far as the listener has asked; everything is wait-free.
final class PageFeed: @unchecked Sendable {
    // Unchecked: the ring's memory is written by the audio thread alone; a reader checks afterwards that it was not overtaken.
    static let samplesPerFrame = 4

    let sampleRate: Double
    private let channels: Int
    private let capacity: Int
    private let ring: UnsafeMutablePointer<Float>
    private let writtenIndex = Atomic<Int>(0)
    /// Frames before this one are no longer wanted: the sound was moved there.
    private let jumpIndex = Atomic<Int>(0)
    /// The listener wants the frames before this one.
    private let askedIndex = Atomic<Int>(0)
    private let heardIndex = Atomic<Int>(0)
    private let heardTime = Atomic<Int>(0)
    private let rolling = Atomic<Bool>(false)
    /// Monotonic nanoseconds until which the listener counts as present.
    private let presentUntil = Atomic<Int>(0)
    /// Wakes the audio thread when more is asked for.
    let room = Wakeup()
    /// Wakes the server when there is more to send.
    let news: Wakeup

    /// Seconds of sound that are kept: more than a listener on a slow line may lag behind.
    private static var keptSeconds: Double { 5 }
    /// Nanoseconds that a listener may be silent.
    static var patience: Int { 6_000_000_000 }

    init(sampleRate: Double, channels: Int, news: Wakeup) {
        self.sampleRate = sampleRate
        self.channels = channels
        self.news = news
        var capacity = 1 << 14
        while Double(capacity) < sampleRate * Self.keptSeconds { capacity *= 2 }
        self.capacity = capacity
        ring = .allocate(capacity: capacity * Self.samplesPerFrame)
        ring.initialize(repeating: 0, count: capacity * Self.samplesPerFrame)
    }

    deinit {
        ring.deallocate()
        room.destroy()
    }

    /// Memory of the ring.
    var bytes: Int { capacity * Self.samplesPerFrame * MemoryLayout<Float>.stride }

    // MARK: Audio thread

    var written: Int { writtenIndex.load(ordering: .acquiring) }
    var asked: Int { askedIndex.load(ordering: .acquiring) }

    func write(master: AudioBlock, original: AudioBlock, frames: Int) {
        let start = writtenIndex.load(ordering: .relaxed), right = min(1, channels - 1)
        for i in 0..<frames {
            let at = ((start + i) & (capacity - 1)) * Self.samplesPerFrame
            ring[at] = Float(original[0][i])
            ring[at + 1] = Float(original[right][i])
            ring[at + 2] = Float(master[0][i])
            ring[at + 3] = Float(master[right][i])
        }
        writtenIndex.store(start + frames, ordering: .releasing)
        if isListenedTo { news.post() }
    }

    /// What is written from here on replaces what has not been heard.
    func jump() {
        jumpIndex.store(writtenIndex.load(ordering: .relaxed), ordering: .releasing)
        news.post()
    }

    // MARK: Anyone

    var jumped: Int { jumpIndex.load(ordering: .acquiring) }

    var isListenedTo: Bool { presentUntil.load(ordering: .acquiring) > monotonicNanoseconds() }

    /// Frames that the listener has heard, as well as can be told.
    var heard: Int {
        var heard = heardIndex.load(ordering: .acquiring)
        if rolling.load(ordering: .relaxed) {
            heard += Int(Double(max(0, min(monotonicNanoseconds() - heardTime.load(ordering: .relaxed), 1_000_000_000))) * 1e-9 * sampleRate)
        }
        return min(written, heard)
    }

    /// The listener is there.
    func greet() {
        if !isListenedTo {
            // Nothing of what a clock played was heard.
            rolling.store(false, ordering: .relaxed)
            heardIndex.store(written, ordering: .releasing)
        }
        presentUntil.store(monotonicNanoseconds() + Self.patience, ordering: .releasing)
    }

    func leave() {
        presentUntil.store(0, ordering: .releasing)
        room.post()
    }

    /// The listener has heard this many frames, and is going on or not.
    func report(heard: Int, rolling: Bool) {
        guard heard >= 0, heard <= written else { return }
        heardTime.store(monotonicNanoseconds(), ordering: .relaxed)
        self.rolling.store(rolling, ordering: .relaxed)
        heardIndex.store(heard, ordering: .releasing)
    }

    func ask(before end: Int) {
        // Never further ahead than what is kept, whatever a listener says.
        let most = written + capacity / 2
        let end = min(end, most)
        if end > askedIndex.load(ordering: .relaxed) { askedIndex.store(end, ordering: .releasing) }
        room.post()
    }

    /// The first frame that can still be read with certainty.
    var oldest: Int { max(0, written - capacity / 2) }

    /// Frames from `first` on as interleaved little-endian integers of `bits` (16 or 24), within ±1; nil when some of them are not there (any more).
    func encode(first: Int, frames: Int, bits: Int) -> [UInt8]? {
        guard frames >= 0, first >= oldest, first + frames <= written else { return nil }
        let scale: Float = bits == 16 ? 0x1p15 : 0x1p23
        var out: [UInt8] = []
        out.reserveCapacity(frames * Self.samplesPerFrame * bits / 8)
        for frame in first..<(first + frames) {
            for k in 0..<Self.samplesPerFrame {
                let value = ring[(frame & (capacity - 1)) * Self.samplesPerFrame + k]
                // What is not a number is silence, as in the mixer.
                let integer = value.isNaN ? 0 : Int32(max(-scale, min(scale - 1, (value * scale).rounded(.toNearestOrEven))))
                out.append(UInt8(truncatingIfNeeded: integer))
                out.append(UInt8(truncatingIfNeeded: integer >> 8))
                if bits == 24 { out.append(UInt8(truncatingIfNeeded: integer >> 16)) }
            }
        }
        return first >= max(0, written - capacity + maximumBlockFrames) ? out : nil
    }
}
