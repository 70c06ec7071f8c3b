import DSP
import Synchronization

/// Sound for a listener who asks for it: paced by what they ask for, and by a clock while nobody does.
struct PageSink {
    let periodFrames: Int
    private let feed: Unmanaged<PageFeed>
    private let shared: UnsafeMutablePointer<SharedState>
    private var clock: NullSink
    private var onClock = false
    /// Captures and previews wait for their listener.
    private let waitsForListener: Bool

    /// - Parameter feed: kept alive by whoever makes the sink.
    init(feed: PageFeed, waitsForListener: Bool, shared: UnsafeMutablePointer<SharedState>) {
        self.feed = Unmanaged.passUnretained(feed)
        self.shared = shared
        self.waitsForListener = waitsForListener
        clock = NullSink(sampleRate: feed.sampleRate)
        periodFrames = clock.periodFrames
    }

    mutating func waitForRoom() -> SinkResult {
        feed._withUnsafeGuaranteedRef { feed in
            // The end of a fade: the listener fades by themselves and need not ask for it.
            if shared.pointee.wanted.load(ordering: .relaxed) & 1 == 0 { return .done }
            guard feed.isListenedTo else {
                if waitsForListener {
                    feed.room.wait(milliseconds: 50)
                    return .notYet
                }
                onClock = true
                return clock.waitForRoom()
            }
            onClock = false
            if feed.written < feed.asked { return .done }
            feed.room.wait(milliseconds: 50)
            return feed.written < feed.asked ? .done : .notYet
        }
    }

    mutating func write(master: AudioBlock, original: AudioBlock, frames: Int) -> SinkResult {
        if onClock { _ = clock.write(master, frames: frames, firstFrame: 0) }
        feed._withUnsafeGuaranteedRef { $0.write(master: master, original: original, frames: frames) }
        return .done
    }

    mutating func delay() -> Int {
        onClock ? clock.delay() : feed._withUnsafeGuaranteedRef { $0.written - $0.heard }
    }

    func jump() { feed._withUnsafeGuaranteedRef { $0.jump() } }

    /// At the end of the file the last frames are still on their way. A pause keeps them for the listener.
    mutating func drain() {
        feed._withUnsafeGuaranteedRef { feed in
            var last = -1, still = 0
            while feed.isListenedTo, feed.heard < feed.written, still < 20 {
                if shared.pointee.wanted.load(ordering: .relaxed) & 1 == 0 || shared.pointee.quit.load(ordering: .relaxed) { return }
                if shared.pointee.seeks.load(ordering: .acquiring) > shared.pointee.seeksDone.load(ordering: .acquiring) { return }
                let heard = feed.heard
                still = heard == last ? still + 1 : 0
                last = heard
                feed.room.wait(milliseconds: 50)
            }
        }
    }
}
