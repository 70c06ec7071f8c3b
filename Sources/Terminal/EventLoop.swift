import CTerminal
import Glibc

/// The terminal thread: one `poll` over the terminal, the signal pipe, the mailbox and a timer. Everything that has happened
/// is drained, the app turns once, and at most one frame is drawn. The loop owns the terminal's modes and undoes
/// exactly what it set, however it ends: return, signal, hang-up, suspension or crash.
///
/// Use on one thread: make it, `run` it once.
public final class EventLoop<Message: Sendable> {
    public let mailbox: Mailbox<Message>
    /// What is known so far; `InputEvent.capabilities` tells when more is.
    public internal(set) var capabilities: Capabilities
    public internal(set) var size: Size
    /// Frames drawn and `write` calls made, for tests and benchmarks.
    public internal(set) var frames = 0
    public var writes: Int { writer.writes }

    let options: TerminalOptions
    let device: TerminalDevice
    let screen: any Screen
    let modes: TerminalModes
    let signals: SignalPipe
    var parser: InputParser
    var writer = LineWriter()
    var pacing: Pacing
    var probe: Probe
    var probedSince = -Double.infinity
    var hasAskedAll = false
    let standardError = StandardErrorCapture()
    var usesUpdateBracket: Bool
    var lastInput = 0.0
    /// Bytes still to be read that were typed before the terminal was ours.
    var typedAhead = 0
    var wasResized = false
    var end: EndReason?
    /// The terminal no longer takes anything: there is nothing to restore.
    var isLineLost = false

    // What the last turns asked for.
    var draw = Turn.Draw.now
    var wake = Turn.Wake.never
    var wakeTime = Double.infinity
    var lastTick = -Double.infinity
    /// This turn began with the tick of an animation, so its frame is due.
    var isFrameTurn = false

    /// Opens the terminal and its description; changes nothing about it yet.
    /// - Parameter screen: nil for ncurses.
    /// - Throws: `TerminalError` when there is no terminal to draw on; line mode may still work.
    public init(options: TerminalOptions = TerminalOptions(), screen: (any Screen)? = nil, mailbox: Mailbox<Message>? = nil)
        throws(TerminalError) {
        self.options = options
        let environment = options.environment
        let term = environment["TERM"] ?? ""
        device = try TerminalDevice(options.device)
        size = device.size(environment: environment)
        let described = try TerminfoEntry.forTerminal(term)
        let depth = ColorDepth.detect(choice: options.color, environment: environment, terminfoColors: described.colors)
        capabilities = Capabilities(colorDepth: depth, utf8: ProcessEnvironment.isUTF8(environment))
        if let screen {
            self.screen = screen
        } else {
            self.screen = try NcursesScreen(term: term, entry: described.entry, size: size, capabilities: capabilities)
        }
        if let mailbox { self.mailbox = mailbox } else { self.mailbox = try Mailbox() }
        modes = TerminalModes(mouse: options.mouse)
        signals = try SignalPipe()
        parser = InputParser(pasteLimit: options.pasteLimit)
        pacing = Pacing(framesPerSecond: options.framesPerSecond)
        let mayImprove = options.color == .auto && depth > .mono && depth < .truecolor
        let isPlain = term == "linux" || term.hasPrefix("vt") && !term.hasPrefix("vte")
        probe = Probe(asksUTF8: !capabilities.utf8, asksTruecolor: mayImprove && !isPlain)
        let forced = options.synchronizedUpdates == .probe
            ? TerminalOptions.SynchronizedUpdates(rawValue: environment["LATHE_SYNC"] ?? "") ?? .probe : options.synchronizedUpdates
        usesUpdateBracket = forced == .on
        isUpdateBracketProbed = forced == .probe
    }

    let isUpdateBracketProbed: Bool

    /// Runs the app until it ends, is told to, or the line is lost. Blocks the calling thread. On return the terminal is
    /// as it was before.
    public func run<App: TerminalApp>(_ app: inout App) throws(TerminalError) -> EndReason where App.Message == Message {
        try start()
        defer { finish() }
        var events: [LoopEvent<Message>] = [.input(.resize(size))]
        // What was posted and typed meanwhile belongs into the first frame.
        collect(&events)
        while true {
            if let end { events.append(.input(.ending(end))) } else if isTickDue(at: SystemCall.now()) { events.append(.tick) }
            if !events.isEmpty {
                let turn = app.handle(events)
                events.removeAll(keepingCapacity: true)
                if let end { return end }
                take(turn)
                if try perform(turn.requests, &events) { return .asked }
            }
            if events.isEmpty, draw != .no, mayDraw(at: SystemCall.now()) { show(&app) }
            if events.isEmpty, end == nil {
                wait(until: deadline)
                collect(&events)
                try answerSignals(&events)
            }
        }
    }

    func take(_ turn: Turn) {
        draw = max(draw, turn.draw)
        let wished: Double = if case .after(let seconds) = turn.wake { SystemCall.now() + max(0, seconds) } else { .infinity }
        // Turns that messages bring do not push the time of a tick ahead of themselves; one that comes too early is harmless.
        if case .after = wake, case .after = turn.wake { wakeTime = min(wakeTime, wished) } else { wakeTime = wished }
        wake = turn.wake
    }

    func isTickDue(at now: Double) -> Bool {
        switch wake {
        case .never: return false
        case .after: if now < wakeTime { return false }
        case .nextFrame:
            guard writer.pending == 0 else { return false }
            pacing.advance(to: now)
            if now < pacing.next(after: lastTick) { return false }
            lastTick = now
            isFrameTurn = true
        }
        wake = .never
        return true
    }

    /// True if the loop is to end.
    func perform(_ requests: [Turn.Request], _ events: inout [LoopEvent<Message>])
        throws(TerminalError) -> Bool {
        for request in requests {
            switch request {
            case .end: return true
            case .suspend: try suspend(group: device.hasJobControl, &events)
            case .repaint:
                screen.invalidate()
                draw = .now
            case .bell: send([7])
            case .copy(let text):
                let bytes = Array(text.utf8)
                if bytes.count <= 74_994 { send(Array("\u{1B}]52;c;".utf8) + Base64.encode(bytes) + [0x1B, 0x5C]) }
            }
        }
        return false
    }
}
