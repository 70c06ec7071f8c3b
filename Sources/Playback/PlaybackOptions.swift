import AudioFiles

/// How a `Player` plays.
public struct PlaybackOptions: Sendable, Equatable {
    /// Where the sound goes.
    public enum Sink: Sendable, Equatable {
        /// ALSA's `default`; without a usable device a clock without sound.
        case automatic
        /// An ALSA PCM by name (`hw:0,0`, `pulse`, …); falls back to the clock like `automatic`.
        case alsa(device: String)
        /// No sound, at the speed of a real clock.
        case null
        /// Raw interleaved PCM to a file descriptor, at the reader's pace. 1 is standard output.
        case stream(fileDescriptor: Int32, format: StreamFormat)
        /// Both voices to a listener who plays and switches them; a clock while there is none.
        case page(PageLine)

        /// What ALSA calls the device; empty for the others.
        var deviceName: String {
            switch self {
            case .automatic: "default"
            case .alsa(let device): device
            case .null, .stream, .page: ""
            }
        }

        /// Where sound leaves the process, for people; nil where none does.
        public var placeOutside: String? {
            switch self {
            case .automatic: "ALSA default"
            case .alsa(let device): "ALSA " + device
            case .stream(let descriptor, _): descriptor == 1 ? "standard output" : "a pipe"
            case .page: "the listener's page"
            case .null: nil
            }
        }

        /// Bytes that are on their way there at most: a sound server's two seconds at 48 kHz, or the ring of the page at 192 kHz.
        public var mostBytesOnTheirWay: Int64 { if case .page = self { 16 << 20 } else { 1 << 20 } }

        /// What went there is whoever's it was piped to.
        public var isStream: Bool { if case .stream = self { true } else { false } }
    }

    /// The sample format of raw PCM.
    public enum StreamFormat: Sendable, Equatable { case float32LE, int16LE }

    public var sink: Sink
    /// Seeks are always exact, however long the chain has to run for that. For captures and scripts, where being right comes
    /// before being quick.
    public var lossless = false
    /// A device that cannot be used is replaced by a clock, so that meters and transport go on; else playing stops.
    public var standIn = true
    /// Seconds between tries to get the sound device (back) while running on the clock; nil tries only on `retryDevice()`.
    public var retrySeconds: Double? = 3
    /// Whether `latestMeters` is kept up. Off saves the analyser's work.
    public var meters = true

    public init(sink: Sink = .automatic) { self.sink = sink }
}

/// What is heard.
public enum Voice: UInt8, Sendable, CaseIterable {
    /// Through the mastering chain (A).
    case master
    /// The file as it is (B), in step with the master.
    case original
    /// Master minus original, both with their trims.
    case difference
}

/// Why nothing can be played.
public enum PlaybackError: Error, Equatable, Sendable {
    case device(name: String, reason: String)
    case stream(reason: String)
    case noThread(String)

    /// The sysexits code for a command that fails with this.
    public var exitCode: Int32 { 74 }

    /// One line: what, why, and what to do.
    public var message: String {
        switch self {
        case .device(let name, let reason):
            "\(name.printable): \(reason). Choose another device with --device, or --sink null to run without sound."
        case .stream(let reason):
            "the stream ended: \(reason). Check where it leads, and the space there."
        case .noThread(let reason):
            "cannot start a playback thread: \(reason). Close other programs or raise the limit on processes (ulimit -u)."
        }
    }
}
