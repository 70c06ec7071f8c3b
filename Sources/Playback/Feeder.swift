import AudioFiles
import DSP
import Mastering

/// Keeps the decks filled, and prepares new ones for seeks and for parameters that changed while nothing sounded.
///
/// A seek is exact when the chain can run from a known state to the target within `patience`; otherwise a few seconds of
/// pre-roll give an approximation at once, and an exact deck takes over, aligned to the sample, when the scout has been there.
final class Feeder: @unchecked Sendable {
    // Unchecked: used by the feeder's thread alone once it runs.
    private let shared: UnsafeMutablePointer<SharedState>
    private let settings: Settings
    private let store: SnapshotStore
    private let sampleRate: Double
    private let lossless: Bool
    private let scratch: AudioBuffer

    private let all: [DeckSource]
    private var free: [DeckSource]
    private var out: [DeckSource] = []
    private var served = 0
    /// An aligned deck that is with the audio thread and has neither taken over nor been refused.
    private var aligned: DeckSource?
    /// Seconds ahead of the sound that an aligned deck is made for, besides the work foreseen: more after each that came late.
    private var lead = Feeder.shortestLead
    /// Frames a second that reading and the chain manage; a careful guess until it was measured.
    private var speed: Double

    /// Seconds that a seek may take to be exact.
    private static var patience: Double { 0.05 }
    /// Seconds without a change of parameters before the sound is replaced by an exact one.
    static var calm: Double { 0.3 }
    private static var chunk: Int { 4096 }
    private static var shortestLead: Double { 0.15 }
    private static var longestLead: Double { 5 }

    init(
        shared: UnsafeMutablePointer<SharedState>, settings: Settings, store: SnapshotStore, sampleRate: Double, channels: Int,
        lossless: Bool, first: AudioReader, open: @escaping () throws(AudioFileError) -> AudioReader
    ) {
        self.shared = shared
        self.settings = settings
        self.store = store
        self.sampleRate = sampleRate
        self.lossless = lossless
        speed = sampleRate * 20
        scratch = AudioBuffer(channels: channels, frames: Self.chunk)
        // Half a second for common files; many channels at high rates get less, so that memory stays bounded.
        let ringFrames = min(Int(sampleRate * 0.6), max(8192, (1 << 19) / channels))
        // Playing, leaving, held, and being prepared.
        all = (0..<4).map { index in
            DeckSource(
                sampleRate: sampleRate, channels: channels, ringFrames: ringFrames, reader: index == 3 ? first : nil, open: open)
        }
        free = all
    }

    func run() {
        while !shared.pointee.quit.load(ordering: .acquiring) {
            reclaim()
            if shared.pointee.seeks.load(ordering: .acquiring) > served {
                seek()
            } else {
                refresh()
            }
            fillAll()
            shared.pointee.feederWakeup.wait(milliseconds: milliseconds)
        }
    }

    /// While the sound waits to be replaced nothing else would wake the feeder at the right time.
    private var milliseconds: Int {
        shared.pointee.exact.load(ordering: .relaxed) || !shared.pointee.sounding.load(ordering: .relaxed) ? -1 : 100
    }

    // MARK: Filling

    private func fillAll() {
        for source in out {
            while source.fill(Self.chunk) > 0 {
                if shared.pointee.seeks.load(ordering: .relaxed) > served || shared.pointee.quit.load(ordering: .relaxed) { return }
            }
            if let problem = source.problem { settings.problem = problem }
        }
    }

    /// One chunk for each deck that runs low, between two steps of a longer preparation.
    private func topUp() {
        for source in out where source.fullness < 0.5 { _ = source.fill(Self.chunk) }
    }

    private func reclaim() {
        while let deck = shared.pointee.returned.pop() {
            if takeBack(deck) { lead = min(Self.longestLead, 2 * lead) }
        }
        if let deck = aligned?.deck, shared.pointee.deckInUse.load(ordering: .acquiring) == deck {
            aligned = nil
            lead = max(Self.shortestLead, lead / 2)
        }
    }

    /// True when it was the aligned deck, unused.
    @discardableResult
    private func takeBack(_ deck: UnsafeMutablePointer<Deck>?) -> Bool {
        guard let deck, let index = out.firstIndex(where: { $0.deck == deck }) else { return false }
        let source = out.remove(at: index)
        free.append(source)
        guard source === aligned else { return false }
        aligned = nil
        return true
    }

    private func takeFree() -> DeckSource? {
        if free.isEmpty { takeBack(shared.pointee.incoming.exchange(nil, ordering: .acquiringAndReleasing)) }
        return free.popLast()
    }

    // MARK: Preparing

    private func seek() {
        let number = shared.pointee.seeks.load(ordering: .acquiring)
        let target = number & 1 == 1 ? shared.pointee.loopStart.load(ordering: .acquiring) : shared.pointee.seekTarget.load(ordering: .acquiring)
        guard let source = takeFree() else { return }
        if prepare(source, target: target, seek: number, patience: lossless ? nil : Self.patience, aligned: false) {
            served = number
            handOver(source)
        } else {
            free.append(source)
        }
    }

    /// Replaces a deck whose parameters or history are not what a render's would be.
    private func refresh() {
        let now = settings.current
        let outdated = shared.pointee.versionInUse.load(ordering: .acquiring) != now.version
        guard outdated || !shared.pointee.exact.load(ordering: .acquiring), aligned == nil,
            shared.pointee.seeksDone.load(ordering: .acquiring) == served
        else { return }
        let here = shared.pointee.playhead.read().frame
        if shared.pointee.sounding.load(ordering: .acquiring) {
            // The audio thread takes new parameters by itself; the history follows when they have come to rest.
            guard !outdated, Double(monotonicNanoseconds() - now.changed) * 1e-9 >= Self.calm else { return }
            let work = Double(here - store.nearest(to: here, version: now.version)) / speed
            // The scout is not near yet, and it is quicker.
            guard work < max(0.1, 1.5 * Double(store.distance) / speed) else { return }
            replace(at: here + Int((lead + 2 * work) * sampleRate), patience: 2 * Self.longestLead)
        } else {
            let work = Double(here - store.nearest(to: here, version: now.version)) / speed
            guard outdated || work < Self.patience else { return }
            replace(at: here, patience: Self.patience)
        }
    }

    private func replace(at target: Int, patience: Double) {
        guard let source = takeFree() else { return }
        guard prepare(source, target: target, seek: served, patience: patience, aligned: true) else { return free.append(source) }
        self.aligned = source
        handOver(source)
    }

    /// Makes `source` ready to sound at `target`. False when another seek came in between.
    ///
    /// - Parameter patience: seconds that being exact may cost; nil is any.
    private func prepare(_ source: DeckSource, target: Int, seek: Int, patience: Double?, aligned: Bool) -> Bool {
        let now = settings.current
        let deck = source.deck
        var start = store.nearest(to: target, version: now.version)
        var exact = true
        if let patience, Double(target - start) > patience * speed {
            let preroll = min(3 * sampleRate, max(sampleRate / 2, patience * 0.8 * speed))
            // The chain works in blocks counted from the file's start; keeping step lets both forget their difference.
            start = max(0, target - Int(preroll)) / 1024 * 1024
            exact = start == 0
        }
        if !exact || !store.restore(&deck.pointee.chain, frame: start, version: now.version) {
            // The snapshot may have been dropped meanwhile.
            if exact { start = 0 }
            deck.pointee.chain.reset()
            deck.pointee.chain.set(now.parameters, ramp: false)
        }
        _ = source.rewind(to: start)
        guard let reached = runUp(source, from: start, to: target, seek: seek) else { return false }
        deck.pointee.firstFrame = reached
        deck.pointee.seek = seek
        deck.pointee.version = now.version
        deck.pointee.exact = exact
        deck.pointee.aligned = aligned
        source.prime(scratch: scratch.block)
        while source.fullness < 0.25, source.fill(Self.chunk) > 0 {}
        if let problem = source.problem { settings.problem = problem }
        return true
    }

    /// Runs the chain over the file up to `target` or the file's end; returns where it came to, nil when it is needed elsewhere.
    private func runUp(_ source: DeckSource, from start: Int, to target: Int, seek: Int) -> Int? {
        let begun = monotonicNanoseconds()
        var at = start
        while at < target {
            let count = source.read(into: scratch.block, frames: min(Self.chunk, target - at))
            guard count > 0 else { break }
            source.deck.pointee.chain.process(scratch.block, frames: count)
            at += count
            topUp()
            if shared.pointee.seeks.load(ordering: .relaxed) > seek || shared.pointee.quit.load(ordering: .relaxed) { return nil }
        }
        if at - start >= 16_384 {
            let measured = Double(at - start) / (Double(max(1, monotonicNanoseconds() - begun)) * 1e-9)
            speed += (measured - speed) * 0.5
        }
        return at
    }

    private func handOver(_ source: DeckSource) {
        out.append(source)
        takeBack(shared.pointee.incoming.exchange(source.deck, ordering: .acquiringAndReleasing))
        shared.pointee.audioWakeup.post()
    }
}
