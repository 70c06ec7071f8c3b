import DSP
import Mastering
import Synchronization

/// The part of a deck that the feeder and the audio thread use at the same time.
struct DeckFeed: ~Copyable {
    /// The file's audio; after its last frame the zeros that flush the chain's latency.
    let ring: FrameRing
    /// Ring index after those zeros; not known until the file's end was read.
    let endIndex = Atomic<Int>(Int.max)

    init(channels: Int, frames: Int) { ring = FrameRing(rows: channels, atLeast: frames) }
}

/// A place in the file ready to sound: a chain that has already run up to there, and the audio that follows.
///
/// The feeder prepares a deck, hands it to the audio thread, keeps filling its ring, and gets it back when another has
/// taken its place. The dry voice needs no delay line of its own: it is read from the same ring, `latency` frames behind
/// the chain's input, so both voices are in step by construction.
///
/// Everything here belongs to the feeder before the hand-over and to the audio thread after it; `feed` is shared.
struct Deck: ~Copyable {
    var chain: MasteringChain
    let latency: Int
    /// A pointer, so that the feeder can fill the ring while the audio thread has exclusive use of the rest.
    let feed: UnsafeMutablePointer<DeckFeed>

    /// The file's frame at ring index 0, the first to sound.
    var firstFrame = 0
    /// Ring index of the chain's next input.
    var cursor = 0
    /// The seek that this deck serves.
    var seek = 0
    /// The version of the parameters that the chain runs with.
    var version = 0
    /// The chain's output is what a run from the file's start would give.
    var exact = true
    /// Continues what is sounding: it may take over only at exactly `firstFrame`.
    var aligned = false

    init(sampleRate: Double, channels: Int, ringFrames: Int) {
        chain = MasteringChain(sampleRate: sampleRate, channels: channels)
        latency = chain.latency
        feed = .allocate(capacity: 1)
        feed.initialize(to: DeckFeed(channels: channels, frames: ringFrames + chain.latency))
    }

    deinit {
        feed.deinitialize(count: 1)
        feed.deallocate()
    }

    /// The file's frame that sounds next.
    var frame: Int { firstFrame + cursor - latency }

    /// Frames that can sound now.
    var available: Int { feed.pointee.ring.written - cursor }

    /// The file's last frame has sounded.
    var atEnd: Bool { cursor >= feed.pointee.endIndex.load(ordering: .acquiring) }

    /// Makes what lies behind the file's end, in a block that begins at the cursor, silence for the chain.
    func silenceEnd(of block: AudioBlock, _ frames: Int) {
        let end = feed.pointee.endIndex.load(ordering: .acquiring)
        if end < cursor + frames + latency { chain.fillSilence(block, from: max(0, end - latency - cursor), frames: frames) }
    }

    /// Audio thread: the next `frames` (≤ `available`) frames of both voices.
    mutating func render(master: AudioBlock, original: AudioBlock, frames: Int) {
        feed.pointee.ring.copy(at: cursor, frames: frames, to: master)
        feed.pointee.ring.copy(at: cursor - latency, frames: frames, to: original)
        silenceEnd(of: master, frames)
        chain.process(master, frames: frames)
        cursor += frames
        feed.pointee.ring.release(before: cursor - latency)
    }
}
