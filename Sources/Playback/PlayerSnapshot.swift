/// What a `Player` is doing at one moment.
public struct PlayerSnapshot: Sendable, Equatable {
    /// A file is loaded.
    public var loaded = false
    /// Sound (or the clock) is wanted to run. False after the end.
    public var playing = false
    /// The last frame of the file was played; `play` starts again from the beginning.
    public var ended = false
    /// Hz; 0 without a file.
    public var sampleRate = 0.0
    /// The frame of the file that is being heard, with the device's delay taken off.
    public var frame = 0
    /// `frame` in seconds.
    public var position = 0.0
    /// Seconds; nil while the file's length is not known.
    public var duration: Double?
    public var voice = Voice.master
    public var sink = SinkStatus.closed
    /// Why the sink that was asked for is not in use.
    public var sinkProblem: String?
    /// For people: "ALSA default, 48000 Hz, 32-bit float", or "no sound: <reason>, running on a clock".
    public var sinkDescription = ""
    /// False when a clock stands in for a device that cannot be used; then `sinkDescription` says why.
    public var hasSound = false
    /// Bytes of sound given to a listener's page since the program began.
    public var sentBytes = 0
    /// Times the device ran dry.
    public var xruns = 0
    /// Blocks that came late from the file.
    public var lateBlocks = 0
    /// Samples that the guard at full scale had to cut: the original's overs, or a master without a limiter.
    public var clampedSamples = 0
    /// What is heard is bit for bit what a render with the present parameters gives. False after a live change or a far seek,
    /// until the chain has been run to this place in the background.
    public var exact = true
    /// Why the file ended early, if it did.
    public var problem: String?

    public init() {}
}
