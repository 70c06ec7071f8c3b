import DSP
import Mastering

/// The real-time thread: takes decks from the feeder, runs the chain, mixes, and gives the sound to the sink.
///
/// It never locks, allocates, counts references or waits for another thread while something sounds. Everything it touches is
/// its own, or in `SharedState`, or in the deck it was handed.
struct AudioThread: ~Copyable {
    private let shared: UnsafeMutablePointer<SharedState>
    private let sampleRate: Double

    private let master: AudioBlock
    private let original: AudioBlock
    private let oldMaster: AudioBlock
    private let oldOriginal: AudioBlock
    private let out: AudioBlock
    private let memory: AudioBuffer

    private var mixer: Mixer
    private var output: Output

    private var deck: UnsafeMutablePointer<Deck>?
    /// The deck before, on its way out.
    private var leaving: UnsafeMutablePointer<Deck>?
    private var leavingFrames = 0
    private var leavingIsAligned = false
    /// An aligned deck whose moment has not come.
    private var held: UnsafeMutablePointer<Deck>?

    private var newest: VersionedParameters?
    private var sounding = false
    private var played = 0
    private var tapRestarts = true
    private var runStart = (time: 0, played: 0)
    private var realTime = true

    /// Seconds after which a silent player gives the device to others.
    private static var releaseSeconds: Int { 5 }

    init(shared: UnsafeMutablePointer<SharedState>, sampleRate: Double, channels: Int, output: consuming Output) {
        self.shared = shared
        self.sampleRate = sampleRate
        self.output = output
        mixer = Mixer(sampleRate: sampleRate)
        memory = AudioBuffer(channels: channels * 5, frames: maximumBlockFrames)
        func rows(_ part: Int, _ all: AudioBlock) -> AudioBlock {
            AudioBlock(base: all[part * channels], channels: channels, stride: all.stride, capacity: all.capacity)
        }
        master = rows(0, memory.block)
        original = rows(1, memory.block)
        oldMaster = rows(2, memory.block)
        oldOriginal = rows(3, memory.block)
        out = rows(4, memory.block)
    }

    deinit { mixer.deallocate() }

    mutating func run() {
        while !shared.pointee.quit.load(ordering: .acquiring) {
            takeMail()
            let wanted = shared.pointee.wanted.load(ordering: .acquiring)
            if wanted & 1 == 0 {
                if sounding { fadeOut() }
                rest()
            } else if !mayStart {
                shared.pointee.audioWakeup.wait(milliseconds: 5)
            } else {
                switch output.prepare() {
                case .ready: step(wanted)
                case .notYet: shared.pointee.audioWakeup.wait(milliseconds: 20)
                case .refused: stop(wanted)
                }
            }
        }
        if sounding { fadeOut() }
        output.release()
    }

    // MARK: One block

    /// A start waits for a seek or new parameters to be prepared; something sounding goes on meanwhile.
    private var mayStart: Bool {
        guard let deck else { return false }
        return sounding || (deck.pointee.seek == shared.pointee.seeks.load(ordering: .acquiring)
            && deck.pointee.version == shared.pointee.newestVersion.load(ordering: .acquiring))
    }

    private mutating func step(_ wanted: Int) {
        guard let deck else { return }
        let stopFrame = shared.pointee.stopFrame.load(ordering: .relaxed)
        if deck.pointee.atEnd || deck.pointee.frame >= stopFrame {
            if deck.pointee.seek < shared.pointee.seeks.load(ordering: .acquiring) {
                sleepNanoseconds(500_000)
            } else {
                finish(wanted)
            }
            return
        }
        switch output.waitForRoom() {
        case .done: break
        case .notYet: return
        case .failed(let code): return replaceSink(code, wanted)
        }
        if !sounding { start(deck) }
        var frames = min(output.periodFrames, deck.pointee.available, stopFrame - deck.pointee.frame)
        if let held, held.pointee.firstFrame > deck.pointee.frame { frames = min(frames, held.pointee.firstFrame - deck.pointee.frame) }
        guard frames > 0 else {
            // Nothing is made up: a device runs dry and is started again, a capture waits.
            shared.pointee.starvations.add(1, ordering: .relaxed)
            shared.pointee.feederWakeup.post()
            sleepNanoseconds(300_000)
            return
        }
        if case .failed(let code) = play(deck, frames: frames, remaining: stopFrame - deck.pointee.frame) { replaceSink(code, wanted) }
    }

    private mutating func start(_ deck: UnsafeMutablePointer<Deck>) {
        sounding = true
        mixer.start(fadeIn: deck.pointee.frame != 0, voice: wantedVoice)
        shared.pointee.sounding.store(true, ordering: .releasing)
        shared.pointee.ended.store(false, ordering: .releasing)
        runStart = (monotonicNanoseconds(), played)
        output.remind()
    }

    private mutating func play(_ deck: UnsafeMutablePointer<Deck>, frames: Int, remaining: Int) -> SinkResult {
        deck.pointee.render(master: master, original: original, frames: frames)
        let reduction = deck.pointee.chain.takeGainReduction()
        if leaving != nil { blendLeaving(frames) }
        tap(deck.pointee.frame, frames, reduction)
        let cut = mixer.mix(master: master, original: original, into: out, frames: frames, remaining: remaining)
        if cut > 0 { shared.pointee.clamped.add(cut, ordering: .relaxed) }
        let result = output.write(out, frames: frames, firstFrame: played)
        played += frames
        publish()
        let ring = deck.pointee.feed.pointee.ring.room
        if ring * 4 >= deck.pointee.feed.pointee.ring.capacity { shared.pointee.feederWakeup.post() }
        watchPace()
        return result
    }

    /// Adds the deck that is being left to the one that took its place.
    private mutating func blendLeaving(_ frames: Int) {
        guard let old = leaving else { return }
        let count = min(frames, mixer.fadeFrames - leavingFrames)
        let heard = min(count, old.pointee.available)
        if heard > 0 { old.pointee.render(master: oldMaster, original: oldOriginal, frames: heard) }
        blend(oldMaster, into: master, count: count, heard: heard)
        blend(oldOriginal, into: original, count: count, heard: heard)
        leavingFrames += count
        if leavingFrames == mixer.fadeFrames {
            giveBack(old)
            leaving = nil
        }
    }

    private func blend(_ old: AudioBlock, into new: AudioBlock, count: Int, heard: Int) {
        for c in 0..<new.channels {
            let x = new[c], y = old[c]
            for i in 0..<count {
                var coming = mixer.coming(leavingFrames + i + 1), going = mixer.going(leavingFrames + i + 1)
                // Two takes of the same sound add up in amplitude, two places of a song in power.
                if leavingIsAligned { (coming, going) = (coming * coming, going * going) }
                x[i] = x[i] * coming + (i < heard ? y[i] * going : 0)
            }
        }
    }

    private mutating func tap(_ endFrame: Int, _ frames: Int, _ reduction: (compressorDB: Double, limiterDB: Double)) {
        guard shared.pointee.tapWanted else { return }
        guard shared.pointee.tap.room >= frames else {
            tapRestarts = true
            return
        }
        let index = shared.pointee.tap.written
        shared.pointee.tap.stage(master, frames: frames, firstRow: 0)
        shared.pointee.tap.stage(original, frames: frames, firstRow: master.channels)
        shared.pointee.tap.publish(frames)
        let block = TapBlock(
            index: index, frames: frames, endFrame: endFrame, played: played + frames,
            compressorReduction: reduction.compressorDB, limiterReduction: reduction.limiterDB, restart: tapRestarts)
        tapRestarts = !shared.pointee.tapBlocks.push(block)
    }

    private mutating func publish() {
        shared.pointee.playhead.publish(Playhead.Reading(
            frame: deck?.pointee.frame ?? 0, played: played, delay: output.delay(), time: monotonicNanoseconds(), sounding: sounding))
        shared.pointee.analyserWakeup.post()
    }

    /// A sink without a clock takes all the time of a processor; at real-time priority nobody else would get any.
    private mutating func watchPace() {
        guard realTime else { return }
        let seconds = Double(monotonicNanoseconds() - runStart.time) * 1e-9
        if Double(played - runStart.played) > (seconds * 2 + 1) * sampleRate {
            PlaybackThread.becomeOrdinary()
            realTime = false
        }
    }

    // MARK: Beginning and end

    private var wantedVoice: Voice { Voice(rawValue: shared.pointee.voice.load(ordering: .relaxed)) ?? .master }

    /// Plays on until silent, then lets the sink finish.
    private mutating func fadeOut() {
        mixer.close()
        while mixer.opening > 0, let deck {
            switch output.waitForRoom() {
            case .done: break
            case .notYet:
                if shared.pointee.quit.load(ordering: .relaxed) { return stopSounding() }
                continue
            case .failed: return stopSounding()
            }
            let frames = min(output.periodFrames, deck.pointee.available, mixer.opening)
            guard frames > 0 else { break }
            if case .failed = play(deck, frames: frames, remaining: Int.max) { return stopSounding() }
        }
        output.drain()
        stopSounding()
    }

    /// The end of the file, or the frame where playing had to stop.
    private mutating func finish(_ wanted: Int) {
        if sounding { output.drain() }
        shared.pointee.ended.store(true, ordering: .releasing)
        stopWanting(wanted)
        stopSounding()
    }

    /// Nothing takes the sound any more.
    private mutating func stop(_ wanted: Int) {
        stopWanting(wanted)
        if sounding { stopSounding() }
    }

    private mutating func replaceSink(_ code: Int32, _ wanted: Int) {
        if !output.replace(failedWith: code) { stop(wanted) }
    }

    /// Unless `play` was called again meanwhile.
    private mutating func stopWanting(_ wanted: Int) {
        _ = shared.pointee.wanted.compareExchange(expected: wanted, desired: wanted & ~1, ordering: .acquiringAndReleasing)
    }

    private mutating func stopSounding() {
        sounding = false
        if let old = leaving { giveBack(old) }
        leaving = nil
        if let deck = held { giveBack(deck) }
        held = nil
        shared.pointee.sounding.store(false, ordering: .releasing)
        publish()
        shared.pointee.feederWakeup.post()
        shared.pointee.scoutWakeup.post()
    }

    private mutating func rest() {
        publish()
        if !output.isOpen {
            shared.pointee.audioWakeup.wait()
        } else {
            let before = monotonicNanoseconds()
            shared.pointee.audioWakeup.wait(milliseconds: Self.releaseSeconds * 1000)
            if monotonicNanoseconds() - before >= Self.releaseSeconds * 1_000_000_000 { output.release() }
        }
    }

    // MARK: Decks and parameters

    private mutating func takeMail() {
        if let new = shared.pointee.parameters.take() { newest = new }
        mixer.want(
            masterTrim: Double(bitPattern: shared.pointee.masterTrim.load(ordering: .relaxed)),
            originalTrim: Double(bitPattern: shared.pointee.originalTrim.load(ordering: .relaxed)))
        mixer.want(wantedVoice)
        takeDeck()
        if let deck, sounding, let newest, deck.pointee.version < newest.version {
            deck.pointee.chain.set(newest.parameters, ramp: true)
            deck.pointee.version = newest.version
            deck.pointee.exact = false
            announce(deck)
        }
    }

    private mutating func takeDeck() {
        guard leaving == nil else { return }
        if let next = shared.pointee.incoming.exchange(nil, ordering: .acquiringAndReleasing) {
            if let old = held { giveBack(old) }
            held = nil
            if next.pointee.aligned {
                held = next
            } else {
                tapRestarts = true
                change(to: next, aligned: false)
            }
        }
        if let next = held {
            guard let deck, next.pointee.seek == deck.pointee.seek, next.pointee.version >= deck.pointee.version,
                next.pointee.firstFrame == deck.pointee.frame || (sounding && next.pointee.firstFrame > deck.pointee.frame)
            else {
                held = nil
                return giveBack(next)
            }
            if next.pointee.firstFrame == deck.pointee.frame {
                held = nil
                change(to: next, aligned: true)
            }
        }
    }

    private mutating func change(to next: UnsafeMutablePointer<Deck>, aligned: Bool) {
        if let old = deck {
            if sounding {
                leaving = old
                leavingFrames = 0
                leavingIsAligned = aligned
            } else {
                giveBack(old)
            }
        }
        deck = next
        if !aligned { shared.pointee.ended.store(false, ordering: .releasing) }
        announce(next)
        publish()
        shared.pointee.feederWakeup.post()
    }

    private func announce(_ deck: UnsafeMutablePointer<Deck>) {
        shared.pointee.deckInUse.store(deck, ordering: .releasing)
        shared.pointee.exact.store(deck.pointee.exact, ordering: .releasing)
        shared.pointee.versionInUse.store(deck.pointee.version, ordering: .releasing)
        shared.pointee.seeksDone.store(deck.pointee.seek, ordering: .releasing)
        if !deck.pointee.exact { shared.pointee.scoutWakeup.post() }
    }

    private func giveBack(_ deck: UnsafeMutablePointer<Deck>) {
        // There are fewer decks than places in the queue.
        _ = shared.pointee.returned.push(deck)
        shared.pointee.feederWakeup.post()
    }
}
