import Mastering
import Synchronization

/// The chain's parameters with a number that grows with every change.
struct VersionedParameters: BitwiseCopyable {
    var parameters: ChainParameters
    var version: Int
}

/// One block of both voices on its way to the analyser; the samples are in the tap ring.
struct TapBlock: BitwiseCopyable {
    /// Ring index of its first frame.
    var index: Int
    var frames: Int
    /// The file's frame after this block.
    var endFrame: Int
    /// Frames handed to the sink, this block included.
    var played: Int
    var compressorReduction: Double
    var bandReductions: SIMD4<Double>
    var limiterReduction: Double
    /// This block does not continue the one before.
    var restart: Bool
}

/// Everything that the audio thread shares with others while a file is loaded. Lives at one address; all of it is wait-free.
struct SharedState: ~Copyable {
    // What is asked of the audio thread.
    let quit = Atomic<Bool>(false)
    /// A count of `play` and `pause` calls, doubled, plus 1 when playing is wanted: the end of the file must not undo a later `play`.
    let wanted = Atomic<Int>(0)
    let voice = Atomic<UInt8>(Voice.master.rawValue)
    /// Linear gains as bit patterns.
    let masterTrim = Atomic<UInt64>(1.0.bitPattern)
    let originalTrim = Atomic<UInt64>(1.0.bitPattern)
    let parameters: LatestValue<VersionedParameters>
    /// The version of the newest parameters put into `parameters`.
    let newestVersion = Atomic<Int>(1)
    /// Grows with every seek; each deck knows which one it serves. Even for one that somebody asked for, odd for one back to the start of a loop.
    let seeks = Atomic<Int>(2)
    /// Where the newest of them goes, a frame of the file; written before `seeks`.
    let seekTarget = Atomic<Int>(0)
    /// Playing ends before this frame, with a fade.
    let stopFrame = Atomic<Int>(Int.max)
    /// When the sound comes to `loopEnd` it goes on at `loopStart`, to the frame. No loop while the end is `Int.max`; the start is written first.
    let loopStart = Atomic<Int>(0)
    let loopEnd = Atomic<Int>(Int.max)
    /// Counts wishes for meters that begin anew.
    let meterResets = Atomic<Int>(0)

    // Decks.
    let incoming = Atomic<UnsafeMutablePointer<Deck>?>(nil)
    let returned = ValueQueue<UnsafeMutablePointer<Deck>>(capacity: 16)

    // What the audio thread tells.
    let playhead = Playhead()
    let ended = Atomic<Bool>(false)
    let deckInUse = Atomic<UnsafeMutablePointer<Deck>?>(nil)
    /// The seek that the deck in use serves.
    let seeksDone = Atomic<Int>(0)
    let exact = Atomic<Bool>(true)
    /// The parameters' version that the deck in use runs with.
    let versionInUse = Atomic<Int>(1)
    /// Between the first block of a run and its end or pause.
    let sounding = Atomic<Bool>(false)
    let xruns = Atomic<Int>(0)
    /// Blocks that had to wait for the feeder while sounding.
    let starvations = Atomic<Int>(0)
    /// Samples that the guard at ±1 had to cut.
    let clamped = Atomic<Int>(0)

    // The tap.
    let tap: FrameRing
    let tapBlocks = ValueQueue<TapBlock>(capacity: 512)
    let tapWanted: Bool

    // The sink.
    let device = DeviceExchange()

    // Threads sleep on these.
    let audioWakeup = Wakeup()
    let feederWakeup = Wakeup()
    let scoutWakeup = Wakeup()
    let analyserWakeup = Wakeup()
    let openerWakeup = Wakeup()

    init(parameters: ChainParameters, channels: Int, sampleRate: Double, meters: Bool) {
        self.parameters = LatestValue(VersionedParameters(parameters: parameters, version: 1))
        tap = FrameRing(rows: 2 * channels, atLeast: meters ? Int(sampleRate * 0.25) : 1)
        tapWanted = meters
    }

    deinit {
        for wakeup in [audioWakeup, feederWakeup, scoutWakeup, analyserWakeup, openerWakeup] { wakeup.destroy() }
    }

    func wakeAll() {
        for wakeup in [audioWakeup, feederWakeup, scoutWakeup, analyserWakeup, openerWakeup] { wakeup.post() }
    }
}
