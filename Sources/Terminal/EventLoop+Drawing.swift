import CTerminal
import Glibc

/// Frames on their way to the line, and when the next may go.
extension EventLoop {
    func mayDraw(at now: Double) -> Bool {
        guard writer.pending == 0 else { return false }
        pacing.advance(to: now)
        return now >= (draw == .now || isFrameTurn ? pacing.nextUrgent() : pacing.nextAnimation())
    }

    func show<App: TerminalApp>(_ app: inout App) where App.Message == Message {
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
        if !hasAskedAll {
            // Behind the first frame: the answer also tells how long that took on the line.
            bytes += Probe.last
            hasAskedAll = true
            pacing.didAsk(at: now)
        } else if asksWhenDrained, pacing.shouldAsk {
            bytes += Probe.status
            pacing.didAsk(at: now)
        }
        send(bytes)
    }

    /// Any line may be a slow one, or become one, whatever the environment says of it. Where it is quick the answer is there at once.
    var asksWhenDrained: Bool { probe.answersStatus }

    func send(_ bytes: [UInt8]) {
        if lathe_restorer_ran() { return }
        let before = writer.pending + bytes.count
        note(writer.send(bytes, to: device.descriptor), before)
    }

    func note(_ outcome: LineWriter.Outcome, _ before: Int) {
        if outcome == .hungUp {
            writer.drop()
            lineLost()
        } else {
            pacing.took(before - writer.pending, isFull: outcome == .blocked, at: SystemCall.now())
        }
    }

    var deadline: Double {
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
}
