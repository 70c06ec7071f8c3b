import CTerminal
import Glibc

/// Taking the terminal over and giving it back as it was.
extension EventLoop {
    func start() throws(TerminalError) {
        if options.handlesSignals { try signals.begin() }
        do throws(TerminalError) { try enter(asking: true) } catch {
            signals.end()
            throw error
        }
    }

    func finish() {
        leave()
        screen.close()
        signals.end()
    }

    func enter(asking: Bool) throws(TerminalError) {
        let wasInside = device.isRaw
        typedAhead = try device.enter()
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
            hasAskedAll = false
            pacing.didAsk(at: SystemCall.now())
            parser.expectsCursorReport = probe.asksUTF8
        }
        send(bytes)
        screen.invalidate()
    }

    /// Answers to the first questions may still come; after five seconds none will.
    var isProbing: Bool { !probe.isFinished && SystemCall.now() - probedSince < Pacing.answerTimeout }

    /// Puts everything back. Waits a moment for answers that are under way, so that the shell does not get them as input.
    func leave() {
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
    func finishWriting() {
        let limit = SystemCall.now() + 0.25
        while writer.pending > 0, awaitReady(Int16(POLLOUT), until: limit), writer.drain(to: device.descriptor) == .blocked {}
        writer.drop()
    }

    func suspend(group: Bool, _ events: inout [LoopEvent<Message>]) throws(TerminalError) {
        leave()
        lathe_stop(group)
        // The continuation that ended the stop is this one, not a new event.
        for number in signals.take() where number != SIGCONT && number != SIGTSTP {
            if number == SIGWINCH { wasResized = true } else { end = number == SIGHUP ? .hangUp : .signal(number) }
        }
        try resume(&events)
    }

    func resume(_ events: inout [LoopEvent<Message>]) throws(TerminalError) {
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
