/// How a terminal session begins.
public struct TerminalOptions: Sendable {
    public enum Device: Equatable, Sendable {
        /// Standard input and output; both must be the terminal.
        case standard
        /// The controlling terminal, `/dev/tty`: when standard output carries sound.
        case controlling
        /// An open terminal; stays open.
        case descriptor(Int32)
    }

    public enum SynchronizedUpdates: String, Sendable, CaseIterable {
        /// Used once the terminal has said that it knows mode 2026.
        case probe
        case on, off
    }

    public var device = Device.standard
    public var color = ColorDepth.Choice.auto
    /// `LATHE_SYNC=on|off` in the environment decides for `probe`.
    public var synchronizedUpdates = SynchronizedUpdates.probe
    /// Mouse clicks, drags and wheel as events; takes text selection away from the terminal.
    public var mouse = false
    /// Bytes of one bracketed paste that are kept.
    public var pasteLimit = 1 << 20
    /// Frames a second at most; a slow line goes below.
    public var framesPerSecond = 30.0
    /// Turns what libraries write to standard error into `InputEvent.diagnostic`, where it would land on the screen.
    public var capturesStandardError = true
    /// Whether the loop owns the process's signals. Off only where it does not own the process.
    public var handlesSignals = true
    public var environment: [String: String]

    public init(environment: [String: String] = ProcessEnvironment.current) { self.environment = environment }
}
