import Foundation
import Synchronization

/// What a listener may ask of the player.
public enum PageOrder: Sendable, Equatable {
    case play, pause
    case voice(Voice)
    case seek(seconds: Double)
    case move(seconds: Double)
}

/// What a listener has to know to sound and show what the studio does.
public struct PageState: Sendable, Equatable {
    /// Counts files: another one is another sound with indices from 0.
    public var generation = 0
    /// Hz; 0 while no file is loaded.
    public var sampleRate = 0.0
    public var title = ""
    public var playing = false
    public var voice = Voice.master
    /// Linear gains of the two voices, ≤ 1.
    public var originalTrim = 1.0
    public var masterTrim = 1.0
    /// Frames before this index are not to be heard any more.
    public var jump = 0
    /// Frames that are there to be asked for.
    public var written = 0
    /// Seconds.
    public var position = 0.0
    public var duration: Double?
    /// Which voice is heard must not be shown.
    public var isBlind = false

    public init() {}
}

/// The meters at an index of the sound.
public struct PageMeters: Sendable {
    public var index: Int
    public var frame: MeterFrame
}

/// The line between a player and whoever carries its sound to a listener. One listener at a time.
public final class PageLine: Sendable, Equatable {
    private struct State {
        var session: Session?
        var feed: PageFeed?
        var generation = 0
        var title = ""
        var isBlind = false
        /// Bytes given out for sending.
        var sent = 0
        var onOrder: (@Sendable (PageOrder) -> Void)?
    }

    private let state = Mutex(State())
    let news = Wakeup()
    /// Where the page is, for people; empty while nobody serves it.
    private let address = Mutex("")

    public init() {}

    deinit { news.destroy() }

    public static func == (a: PageLine, b: PageLine) -> Bool { a === b }

    public func setAddress(_ text: String) { address.withLock { $0 = text } }
    var description: String {
        let (page, listening) = (address.withLock { $0 }, isListenedTo)
        return listening ? "the page at " + page : "nobody listens yet at " + page
    }

    // MARK: Player's side

    /// - Returns: the feed to write into.
    func begin(sampleRate: Double, channels: Int) -> PageFeed {
        let feed = PageFeed(sampleRate: sampleRate, channels: channels, news: news)
        state.withLock { state in
            if state.feed?.isListenedTo == true { feed.greet() }
            state.generation += 1
            state.feed = feed
            state.session = nil
        }
        nudge()
        return feed
    }

    func carry(_ session: Session) { state.withLock { $0.session = session } }

    func end(_ feed: PageFeed) {
        state.withLock { state in
            guard state.feed === feed else { return }
            // The listener stays; they wait for the next file.
            state.session = nil
        }
        nudge()
    }

    /// Something changed that the listener must know.
    func nudge() { news.post() }

    // MARK: Server's side

    /// What to call the sound, made inert before.
    public func setTitle(_ title: String) {
        state.withLock { $0.title = title }
        nudge()
    }

    public func setBlind(_ isBlind: Bool) {
        state.withLock { $0.isBlind = isBlind }
        nudge()
    }

    /// Whoever decides what the listener's keys do; without one they act on the player.
    public func setOrders(_ body: (@Sendable (PageOrder) -> Void)?) { state.withLock { $0.onOrder = body } }

    public var isListenedTo: Bool { state.withLock { $0.feed?.isListenedTo ?? false } }
    /// Bytes of sound given out so far.
    public var sentBytes: Int { state.withLock { $0.sent } }
    /// Memory of the sound that waits.
    public var bufferBytes: Int { state.withLock { $0.feed?.bytes ?? 0 } }

    /// Left and right of A, left and right of B.
    public static let samplesPerFrame = PageFeed.samplesPerFrame

    /// Waits until something may have changed, at most `milliseconds`.
    public func wait(milliseconds: Int) { news.wait(milliseconds: milliseconds) }
    public func wake() { news.post() }

    public func current() -> PageState {
        let (session, feed, generation, title, isBlind) = state.withLock { ($0.session, $0.feed, $0.generation, $0.title, $0.isBlind) }
        var out = PageState()
        (out.generation, out.title, out.isBlind) = (generation, title, isBlind)
        guard let session, let feed else { return out }
        let snapshot = session.snapshot()
        (out.originalTrim, out.masterTrim) = session.trims
        out.sampleRate = feed.sampleRate
        (out.playing, out.voice, out.position, out.duration) = (snapshot.playing, snapshot.voice, snapshot.position, snapshot.duration)
        (out.jump, out.written) = (feed.jumped, feed.written)
        return out
    }

    /// Readings whose sound lies behind index `after`, oldest first.
    public func meters(after index: Int) -> [PageMeters] {
        state.withLock { $0.session }?.readings(after: index).map { PageMeters(index: $0.played, frame: $0.frame) } ?? []
    }

    public enum Sound: Sendable, Equatable {
        case bytes([UInt8])
        case notYet
        /// Of another file, or too old; the index from which on sound can be had.
        case gone(now: Int)
    }

    /// Sound from frame `first` on.
    public func sound(generation: Int, first: Int, frames: Int, bits: Int) -> Sound {
        let (feed, now) = state.withLock { ($0.feed, $0.generation) }
        guard let feed, generation == now else { return .gone(now: feed.map { max($0.jumped, $0.oldest) } ?? 0) }
        feed.greet()
        if first < feed.oldest { return .gone(now: max(feed.jumped, feed.oldest)) }
        feed.ask(before: first + frames)
        guard first + frames <= feed.written else { return .notYet }
        guard let bytes = feed.encode(first: first, frames: frames, bits: bits) else { return .gone(now: max(feed.jumped, feed.oldest)) }
        state.withLock { $0.sent += bytes.count }
        return .bytes(bytes)
    }

    /// The listener has heard all frames before `index`.
    public func report(generation: Int, heard index: Int, rolling: Bool) {
        let (feed, now) = state.withLock { ($0.feed, $0.generation) }
        guard let feed, generation == now else { return }
        feed.report(heard: index, rolling: rolling)
    }

    public func left() { state.withLock { $0.feed }?.leave() }

    public func take(_ order: PageOrder) {
        let (session, body) = state.withLock { ($0.session, $0.onOrder) }
        if let body { return body(order) }
        guard let session else { return }
        switch order {
        case .play: session.play()
        case .pause: session.pause()
        case .voice(let voice): session.set(voice)
        case .seek(let seconds): session.seek(to: Int((max(0, min(seconds, 1e9)) * session.sampleRate).rounded()))
        case .move(let seconds): session.seek(to: max(0, session.snapshot().frame + Int(max(-1e6, min(seconds, 1e6)) * session.sampleRate)))
        }
        nudge()
    }
}
