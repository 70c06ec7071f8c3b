import DSP
import Mastering

/// The real-time thread: takes decks from the feeder, runs the chain, mixes, and gives the sound to the sink.
///
/// It never locks, allocates, counts references or waits for another thread while something sounds. Everything it touches is
/// its own, or in `SharedState`, or in the deck it was handed.
struct AudioThread: ~Copyable {
    let shared: UnsafeMutablePointer<SharedState>
    let sampleRate: Double

    let master: AudioBlock
    let original: AudioBlock
    let oldMaster: AudioBlock
    let oldOriginal: AudioBlock
    let out: AudioBlock
    let memory: AudioBuffer

    var mixer: Mixer
    var output: Output

    var deck: UnsafeMutablePointer<Deck>?
    /// The deck before, on its way out.
    var leaving: UnsafeMutablePointer<Deck>?
    var leavingFrames = 0
    var leavingIsAligned = false
    /// An aligned deck whose moment has not come.
    var held: UnsafeMutablePointer<Deck>?
    /// The start of the loop, waiting for the loop's end.
    var looping: UnsafeMutablePointer<Deck>?

    var newest: VersionedParameters?
    var sounding = false
    var played = 0
    var tapRestarts = true
    var runStart = (time: 0, played: 0)
    var realTime = true

    /// Seconds after which a silent player gives the device to others.
    static var releaseSeconds: Int { 5 }

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

    /// A start waits for a seek or new parameters to be prepared; something sounding goes on meanwhile.
    var mayStart: Bool {
        guard let deck else { return false }
        let seek = shared.pointee.seeks.load(ordering: .acquiring)
        // The way back to a loop's start is for later.
        return sounding || ((deck.pointee.seek == seek || seek & 1 == 1)
            && deck.pointee.version == shared.pointee.newestVersion.load(ordering: .acquiring))
    }

    mutating func step(_ wanted: Int) {
        let loopEnd = shared.pointee.loopEnd.load(ordering: .acquiring)
        turn(at: loopEnd)
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
        if looping != nil ? deck.pointee.frame < loopEnd : awaitsLoop(deck, until: loopEnd) { frames = min(frames, loopEnd - deck.pointee.frame) }
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

    mutating func start(_ deck: UnsafeMutablePointer<Deck>) {
        sounding = true
        mixer.start(fadeIn: deck.pointee.frame != 0, voice: wantedVoice)
        shared.pointee.sounding.store(true, ordering: .releasing)
        shared.pointee.ended.store(false, ordering: .releasing)
        runStart = (monotonicNanoseconds(), played)
        output.remind()
    }

    mutating func play(_ deck: UnsafeMutablePointer<Deck>, frames: Int, remaining: Int) -> SinkResult {
        deck.pointee.render(master: master, original: original, frames: frames)
        let reduction = deck.pointee.chain.takeGainReduction()
        if leaving != nil { blendLeaving(frames) }
        tap(deck.pointee.frame, frames, reduction)
        let cut = mixer.mix(master: master, original: original, into: out, frames: frames, remaining: remaining)
        if cut > 0 { shared.pointee.clamped.add(cut, ordering: .relaxed) }
        let result = output.write(out, master: master, original: original, frames: frames, firstFrame: played)
        played += frames
        publish()
        let ring = deck.pointee.feed.pointee.ring.room
        if ring * 4 >= deck.pointee.feed.pointee.ring.capacity { shared.pointee.feederWakeup.post() }
        watchPace()
        return result
    }

    mutating func tap(_ endFrame: Int, _ frames: Int, _ reduction: MasteringChain.Reductions) {
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
            compressorReduction: reduction.compressorDB, bandReductions: reduction.bandsDB, limiterReduction: reduction.limiterDB, restart: tapRestarts)
        tapRestarts = !shared.pointee.tapBlocks.push(block)
    }

    mutating func publish() {
        shared.pointee.playhead.publish(Playhead.Reading(
            frame: deck?.pointee.frame ?? 0, played: played, delay: output.delay(), time: monotonicNanoseconds(), sounding: sounding))
        shared.pointee.analyserWakeup.post()
    }

    /// A sink without a clock takes all the time of a processor; at real-time priority nobody else would get any.
    mutating func watchPace() {
        guard realTime else { return }
        let seconds = Double(monotonicNanoseconds() - runStart.time) * 1e-9
        if Double(played - runStart.played) > (seconds * 2 + 1) * sampleRate {
            PlaybackThread.becomeOrdinary()
            realTime = false
        }
    }

    var wantedVoice: Voice { Voice(rawValue: shared.pointee.voice.load(ordering: .relaxed)) ?? .master }
}
