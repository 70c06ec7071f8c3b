import AudioFiles
import DSP

/// A deck with the file that feeds it. Each has a reader of its own, so that two places of the file can sound together.
///
/// The feeder's thread alone; while the audio thread has the deck, only its `feed` may be touched here.
final class DeckSource {
    let deck: UnsafeMutablePointer<Deck>
    private let feed: UnsafeMutablePointer<DeckFeed>
    private let latency: Int
    private var reader: AudioReader?
    private let open: () throws(AudioFileError) -> AudioReader
    /// Zeros still to come after the file's end; nil before it.
    private var zerosLeft: Int?
    /// Why the file cannot be read further.
    private(set) var problem: AudioFileError?

    /// - Parameters:
    ///   - reader: the file, if it is open already.
    ///   - open: opens it when it is needed first.
    init(sampleRate: Double, channels: Int, ringFrames: Int, reader: AudioReader?, open: @escaping () throws(AudioFileError) -> AudioReader) {
        deck = .allocate(capacity: 1)
        deck.initialize(to: Deck(sampleRate: sampleRate, channels: channels, ringFrames: ringFrames))
        feed = deck.pointee.feed
        latency = deck.pointee.latency
        self.reader = reader
        self.open = open
    }

    deinit {
        deck.deinitialize(count: 1)
        deck.deallocate()
    }

    /// Empties the ring and goes to `frame` of the file. False, with `problem`, when it cannot be read.
    func rewind(to frame: Int) -> Bool {
        feed.pointee.ring.clear()
        feed.pointee.endIndex.store(Int.max, ordering: .releasing)
        zerosLeft = nil
        problem = nil
        do {
            if reader == nil { reader = try open() }
            try reader?.seek(to: Int64(frame))
            return true
        } catch {
            problem = error
            return false
        }
    }

    /// The file's frame that is read next.
    var position: Int { Int(reader?.position ?? 0) }

    /// Reads past the ring, for the chain to run up to a place; 0 at the end of the file or of what can be read.
    func read(into block: AudioBlock, frames: Int) -> Int {
        guard problem == nil, let reader else { return 0 }
        do {
            return try reader.read(into: block, frames: frames)
        } catch {
            problem = error
            return 0
        }
    }

    /// Share of the ring that is waiting to be played, 0…1; 1 when all of the file is in it.
    var fullness: Double {
        if zerosLeft == 0 { return 1 }
        return 1 - Double(feed.pointee.ring.room) / Double(feed.pointee.ring.capacity)
    }

    /// Moves up to `frames` frames from the file into the ring; 0 when it is full or the file has ended.
    func fill(_ frames: Int) -> Int {
        let (span, count) = feed.pointee.ring.span(at: feed.pointee.ring.written, frames: min(frames, feed.pointee.ring.room))
        guard count > 0 else { return 0 }
        if zerosLeft == nil {
            let got = read(into: span, frames: count)
            if got > 0 {
                feed.pointee.ring.publish(got)
                return got
            }
            zerosLeft = latency
            feed.pointee.endIndex.store(feed.pointee.ring.written + latency, ordering: .releasing)
        }
        let zeros = min(count, zerosLeft ?? 0)
        span.clear(frames: zeros)
        feed.pointee.ring.publish(zeros)
        zerosLeft = (zerosLeft ?? 0) - zeros
        return zeros
    }

    /// Feeds the chain the first `latency` frames of the ring, after which its next output is ring index 0.
    func prime(scratch: AudioBlock) {
        while feed.pointee.ring.written < latency, fill(latency - feed.pointee.ring.written) > 0 {}
        var done = 0
        while done < latency {
            let count = min(scratch.capacity, latency - done)
            feed.pointee.ring.copy(at: done, frames: count, to: scratch)
            deck.pointee.cursor = done
            deck.pointee.silenceEnd(of: scratch, count)
            deck.pointee.chain.process(scratch, frames: count)
            done += count
        }
        deck.pointee.cursor = latency
    }
}
