import CTerminal
import Glibc

/// Sleeping until something happens, and taking in what did.
extension EventLoop {
    func lineLost() {
        isLineLost = true
        end = .hangUp
    }

    func wait(until deadline: Double) {
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

    func awaitReady(_ events: Int16, until deadline: Double) -> Bool {
        var one = pollfd(fd: device.descriptor, events: events, revents: 0)
        let milliseconds = Int32(max(0, (deadline - SystemCall.now()) * 1000).rounded(.up))
        return poll(&one, 1, milliseconds) > 0 && one.revents & Int16(POLLHUP | POLLERR) == 0
    }

    func collect(_ events: inout [LoopEvent<Message>]) {
        var input: [InputEvent] = []
        if !readInput(into: &input) { lineLost() }
        if let patience = parser.patience, SystemCall.now() - lastInput >= patience { parser.timeOut(into: &input) }
        noteReplies(in: &input)
        events += input.map { .input($0) }
        events += standardError.takeLines().map { .input(.diagnostic($0)) }
        events += mailbox.take().map { .message($0) }
    }

    /// Reads what there is, at most 64 KiB, so that a flood cannot keep a frame from being drawn. False when the terminal is gone.
    func readInput(into events: inout [InputEvent]) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<16 {
            let result = SystemCall.retrying { chunk.withUnsafeMutableBytes { read(device.descriptor, $0.baseAddress, $0.count) } }
            switch result {
            case .success(0): return false
            case .success(let count):
                lastInput = SystemCall.now()
                for index in 0..<min(count, typedAhead) where chunk[index] == 0x0A { chunk[index] = 0x0D }
                typedAhead = max(0, typedAhead - count)
                parser.feed(chunk[0..<count], into: &events)
                if count < chunk.count { return true }
            case .failure(let error): return error.wouldBlock
            }
        }
        return true
    }

    /// Takes the answers to our own questions out of the input.
    func noteReplies(in events: inout [InputEvent]) {
        var improved = capabilities
        let wasProbing = isProbing
        events.removeAll { event in
            guard case .reply(let reply) = event else { return false }
            switch reply {
            case .ready: pacing.answered(at: SystemCall.now())
            case .attributes: pacing.answeredLast(at: SystemCall.now())
            default: break
            }
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

    func answerSignals(_ events: inout [LoopEvent<Message>]) throws(TerminalError) {
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
}
