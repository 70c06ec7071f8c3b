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
    public private(set) var capabilities: Capabilities
    public private(set) var size: Size
    /// Frames drawn and `write` calls made, for tests and benchmarks.
    public private(set) var frames = 0
    public var writes: Int { writer.writes }

    private let options: TerminalOptions
    private let device: TerminalDevice
    private let screen: any Screen
    private let modes: TerminalModes
    private let signals: SignalPipe
    private var parser: InputParser
    private var writer = LineWriter()
    private var pacing: Pacing
    private var probe: Probe
    private var probedSince = -Double.infinity
    private let standardError = StandardErrorCapture()
    private var usesUpdateBracket: Bool
    private var lastInput = 0.0
    private var wasResized = false
    private var end: EndReason?
    /// The terminal no longer takes anything: there is nothing to restore.
    private var isLineLost = false

    // What the last turns asked for.
    private var draw = Turn.Draw.now
    private var wake = Turn.Wake.never
    private var wakeTime = Double.infinity
    private var lastTick = -Double.infinity
    /// This turn began with the tick of an animation, so its frame is due.
    private var isFrameTurn = false

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

    private let isUpdateBracketProbed: Bool

    /// Runs the app until it ends, is told to, or the line is lost. Blocks the calling thread. On return the terminal is
    /// as it was before.
    public func run<App: TerminalApp>(_ app: inout App) throws(TerminalError) -> EndReason where App.Message == Message {
        try start()
        defer { finish() }
        var events: [LoopEvent<Message>] = [.input(.resize(size))]
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

    private func take(_ turn: Turn) {
        draw = max(draw, turn.draw)
        wake = turn.wake
        wakeTime = if case .after(let seconds) = turn.wake { SystemCall.now() + max(0, seconds) } else { .infinity }
    }

    private func isTickDue(at now: Double) -> Bool {
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

    // MARK: beginning and end

    private func start() throws(TerminalError) {
        if options.handlesSignals { try signals.begin() }
        do throws(TerminalError) { try enter(asking: true) } catch {
            signals.end()
            throw error
        }
    }

    private func finish() {
        leave()
        screen.close()
        signals.end()
    }

    private func enter(asking: Bool) throws(TerminalError) {
        let wasInside = device.isRaw
        try device.enter()
        standardError.begin(isCaptured: options.capturesStandardError)
        if options.handlesSignals {
            var before = device.before
            let undo = modes.leave
            _ = lathe_restorer_arm(device.descriptor, &before, undo, undo.count, standardError.saved, standardError.readEnd)
        }
        var bytes = wasInside ? modes.again : modes.enter
        if asking {
            parser = InputParser(pasteLimit: options.pasteLimit, eraseByte: device.eraseByte)
            bytes += probe.questions
            probedSince = SystemCall.now()
            pacing.didAsk(at: SystemCall.now())
            parser.expectsCursorReport = probe.asksUTF8
        }
        send(bytes)
        screen.invalidate()
    }

    /// Answers to the first questions may still come; after five seconds none will.
    private var isProbing: Bool { !probe.isFinished && SystemCall.now() - probedSince < Pacing.answerTimeout }

    /// Puts everything back. Waits a moment for answers that are under way, so that the shell does not get them as input.
    private func leave() {
        guard device.isRaw else { return }
        if !isLineLost {
            finishWriting()
            let limit = SystemCall.now() + pacing.answerPatience
            var ignored: [InputEvent] = []
            while isProbing || pacing.isWaitingForAnswer, awaitReady(Int16(POLLIN), until: limit), readInput(into: &ignored) {
                noteReplies(in: &ignored)
            }
            _ = writer.send(modes.leave, to: device.descriptor)
            finishWriting()
        }
        writer.drop()
        if options.handlesSignals { lathe_restorer_disarm() }
        standardError.end()
        device.leave(discardingInput: isProbing || pacing.isWaitingForAnswer)
    }

    /// Gives what waits a quarter of a second; if it will not go, it is cut off, and the undoing begins with a terminator.
    private func finishWriting() {
        let limit = SystemCall.now() + 0.25
        while writer.pending > 0, awaitReady(Int16(POLLOUT), until: limit), writer.drain(to: device.descriptor) == .blocked {}
        writer.drop()
    }

    // MARK: drawing

    private func mayDraw(at now: Double) -> Bool {
        guard writer.pending == 0 else { return false }
        pacing.advance(to: now)
        return now >= (draw == .now || isFrameTurn ? pacing.nextUrgent() : pacing.nextAnimation())
    }

    private func show<App: TerminalApp>(_ app: inout App) where App.Message == Message {
        draw = .no
        isFrameTurn = false
        let began = SystemCall.now()
        if screen.size != size { screen.resize(to: size) }
        var bytes = screen.render(app.frame(size: size))
        let now = SystemCall.now()
        if !bytes.isEmpty {
            if usesUpdateBracket { bytes = TerminalModes.beginUpdate + bytes + TerminalModes.endUpdate }
            frames += 1
        }
        pacing.drew(bytes: bytes.count, seconds: now - began, at: now)
        if bytes.isEmpty { return }
        if asksWhenDrained, pacing.shouldAsk {
            bytes += Array("\u{1B}[5n".utf8)
            pacing.didAsk(at: now)
        }
        send(bytes)
    }

    /// Questions behind frames only where a line can be slow: an answer that comes after a crash would land in the shell.
    private var asksWhenDrained: Bool {
        probe.answersStatus && (pacing.rate != nil || options.environment["SSH_CONNECTION"] != nil || options.environment["SSH_TTY"] != nil)
    }

    private func send(_ bytes: [UInt8]) {
        if lathe_restorer_ran() { return }
        let before = writer.pending + bytes.count
        note(writer.send(bytes, to: device.descriptor), before)
    }

    private func note(_ outcome: LineWriter.Outcome, _ before: Int) {
        if outcome == .hungUp {
            writer.drop()
            lineLost()
        } else {
            pacing.took(before - writer.pending, isFull: outcome == .blocked, at: SystemCall.now())
        }
    }

    // MARK: waiting and collecting

    private func lineLost() {
        isLineLost = true
        end = .hangUp
    }

    private var deadline: Double {
        var deadline = wakeTime
        if let patience = parser.patience { deadline = min(deadline, lastInput + patience) }
        // While bytes wait, only the line can say when the next frame may go.
        if writer.pending == 0 {
            if draw == .now { deadline = min(deadline, pacing.nextUrgent()) }
            if draw == .whenDue { deadline = min(deadline, isFrameTurn ? pacing.nextUrgent() : pacing.nextAnimation()) }
            if wake == .nextFrame { deadline = min(deadline, pacing.next(after: lastTick)) }
        }
        return deadline
    }

    private func wait(until deadline: Double) {
        let now = SystemCall.now()
        var set = [
            pollfd(fd: device.descriptor, events: Int16(writer.pending > 0 ? POLLIN | POLLOUT : POLLIN), revents: 0),
            pollfd(fd: mailbox.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: signals.readEnd, events: Int16(POLLIN), revents: 0),
            // -1, which poll skips, when nothing is captured.
            pollfd(fd: standardError.readEnd, events: Int16(POLLIN), revents: 0),
        ]
        // An interrupted wait is a wait that ended: the signal's byte is in its pipe.
        _ = lathe_poll(&set, Int32(set.count), deadline == .infinity ? -1 : max(0, min(deadline - now, 3600)))
        if set[0].revents & Int16(POLLOUT) != 0, writer.pending > 0 {
            let before = writer.pending
            note(writer.drain(to: device.descriptor), before)
        }
    }

    private func awaitReady(_ events: Int16, until deadline: Double) -> Bool {
        var one = pollfd(fd: device.descriptor, events: events, revents: 0)
        let milliseconds = Int32(max(0, (deadline - SystemCall.now()) * 1000).rounded(.up))
        return poll(&one, 1, milliseconds) > 0 && one.revents & Int16(POLLHUP | POLLERR) == 0
    }

    private func collect(_ events: inout [LoopEvent<Message>]) {
        var input: [InputEvent] = []
        if !readInput(into: &input) { lineLost() }
        if let patience = parser.patience, SystemCall.now() - lastInput >= patience { parser.timeOut(into: &input) }
        noteReplies(in: &input)
        events += input.map { .input($0) }
        events += standardError.takeLines().map { .input(.diagnostic($0)) }
        events += mailbox.take().map { .message($0) }
    }

    /// Reads what there is, at most 64 KiB, so that a flood cannot keep a frame from being drawn. False when the terminal is gone.
    private func readInput(into events: inout [InputEvent]) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<16 {
            let result = SystemCall.retrying { chunk.withUnsafeMutableBytes { read(device.descriptor, $0.baseAddress, $0.count) } }
            switch result {
            case .success(0): return false
            case .success(let count):
                lastInput = SystemCall.now()
                parser.feed(chunk[0..<count], into: &events)
                if count < chunk.count { return true }
            case .failure(let error): return error.wouldBlock
            }
        }
        return true
    }

    /// Takes the answers to our own questions out of the input.
    private func noteReplies(in events: inout [InputEvent]) {
        var improved = capabilities
        let wasProbing = isProbing
        events.removeAll { event in
            guard case .reply(let reply) = event else { return false }
            if reply == .ready { pacing.answered(at: SystemCall.now()) }
            probe.handle(reply)
            return true
        }
        if wasProbing {
            if probe.truecolor { improved.colorDepth = .truecolor }
            if probe.utf8 { improved.utf8 = true }
            if isUpdateBracketProbed { usesUpdateBracket = probe.synchronizedUpdates }
            parser.expectsCursorReport = !probe.isFinished && probe.asksUTF8
        }
        if improved != capabilities {
            capabilities = improved
            screen.setCapabilities(improved)
            events.append(.capabilities(improved))
        }
    }

    // MARK: signals and requests

    private func answerSignals(_ events: inout [LoopEvent<Message>]) throws(TerminalError) {
        for number in signals.take() {
            switch number {
            case SIGWINCH: wasResized = true
            case SIGTSTP: try suspend(group: false, &events)
            case SIGCONT: try resume(&events)
            case SIGHUP: end = .hangUp
            default: if end == nil { end = .signal(number) }
            }
        }
        guard wasResized else { return }
        wasResized = false
        let now = device.size(environment: options.environment)
        if now != size {
            size = now
            events.append(.input(.resize(now)))
            draw = max(draw, .whenDue)
        }
    }

    /// True if the loop is to end.
    private func perform(_ requests: [Turn.Request], _ events: inout [LoopEvent<Message>])
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

    private func suspend(group: Bool, _ events: inout [LoopEvent<Message>]) throws(TerminalError) {
        leave()
        lathe_stop(group)
        // The continuation that ended the stop is this one, not a new event.
        for number in signals.take() where number != SIGCONT && number != SIGTSTP {
            if number == SIGWINCH { wasResized = true } else { end = number == SIGHUP ? .hangUp : .signal(number) }
        }
        try resume(&events)
    }

    private func resume(_ events: inout [LoopEvent<Message>]) throws(TerminalError) {
        // Continued in the background: the terminal is somebody else's until the shell brings us to the front.
        while end == nil, !device.isForeground {
            var one = pollfd(fd: signals.readEnd, events: Int16(POLLIN), revents: 0)
            poll(&one, 1, -1)
            for number in signals.take() where number != SIGCONT && number != SIGWINCH && number != SIGTSTP {
                end = number == SIGHUP ? .hangUp : .signal(number)
            }
        }
        if end != nil { return }
        try enter(asking: false)
        wasResized = true
        events.append(.input(.resumed))
        draw = .now
    }
}
