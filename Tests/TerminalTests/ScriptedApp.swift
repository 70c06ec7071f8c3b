import Foundation
import Synchronization
@testable import Terminal

/// A small studio for tests: shows the last event, notes all of them, and knows a few keys.
struct ScriptedApp: TerminalApp {
    /// What happened, readable from the test's thread.
    final class Log: Sendable {
        let events = Mutex<[LoopEvent<Int>]>([])
        let turns = Mutex<Int>(0)
        let isEnded = Mutex(false)
    }

    let log: Log
    var shown = "READY"
    var count = 0
    var isAnimated = false
    /// Asks to be woken a fifth of a second later, whatever happens.
    var isPatient = false

    mutating func handle(_ events: [LoopEvent<Int>]) -> Turn {
        log.events.withLock { $0 += events }
        log.turns.withLock { $0 += 1 }
        var turn = Turn(draw: events.allSatisfy { $0 == .tick } ? .whenDue : .now)
        for event in events {
            switch event {
            case .tick: count += 1
            case .message(let number): shown = "message \(number)"
            case .input(.key(.character("q"), [])): turn.requests.append(.end)
            case .input(.key(.character("z"), [])): turn.requests.append(.suspend)
            case .input(.key(.character("a"), [])): isAnimated.toggle()
            case .input(.key(.character("p"), [])): isPatient = true
            case .input(.key(.character("y"), [])): turn.requests.append(.copy("/mix.wav"))
            case .input(.key(let key, _)): shown = "key \(key)"
            case .input(.resize(let size)): if shown != "READY" { shown = "size \(size.columns)x\(size.rows)" }
            case .input(.resumed): shown = "RESUMED"
            default: break
            }
        }
        if isAnimated { turn.wake = .nextFrame } else if isPatient { turn.wake = .after(0.2) }
        return turn
    }

    mutating func frame(size: Size) -> Frame {
        var frame = Frame(size: size)
        frame.box(frame.bounds, style: Style(.rgb(90, 90, 120)))
        frame.put(shown, x: 1, y: 1)
        for x in 0..<max(0, size.columns - 2) {
            frame.put(isAnimated ? String((x + count) % 10) : "·", x: x + 1, y: size.rows - 2, style: Style(.rgb(hex: UInt32(x * 5 + count))))
        }
        return frame
    }
}

/// The loop on a thread of its own with its end of a pseudo-terminal.
struct RunningLoop {
    let mailbox: Mailbox<Int>
    let log = ScriptedApp.Log()
    let outcome: Ending

    struct Outcome: Sendable {
        let reason: EndReason
        let frames: Int
        let writes: Int
    }

    /// How the loop ended, once it has. The thread is started without the cooperative pool, which waiting tests may keep busy.
    struct Ending: Sendable {
        fileprivate let results: AsyncStream<Result<Outcome, TerminalError>>

        var value: Outcome {
            get async throws {
                for await result in results { return try result.get() }
                throw CancellationError()
            }
        }
    }

    init(on terminal: PseudoTerminal, environment: [String: String] = [:], framesPerSecond: Double = 30) throws {
        let mailbox = try Mailbox<Int>()
        self.mailbox = mailbox
        let log = log
        let slave = terminal.slave
        var options = TerminalOptions(environment: ["TERM": "xterm-256color", "LANG": "C.UTF-8", "COLORTERM": "truecolor"]
            .merging(environment) { $1 })
        options.device = .descriptor(slave)
        options.handlesSignals = false
        options.capturesStandardError = false
        options.framesPerSecond = framesPerSecond
        let settled = options
        let (results, ended) = AsyncStream.makeStream(of: Result<Outcome, TerminalError>.self)
        outcome = Ending(results: results)
        Thread.detachNewThread {
            do throws(TerminalError) {
                let loop = try EventLoop(options: settled, mailbox: mailbox)
                var app = ScriptedApp(log: log)
                let reason = try loop.run(&app)
                log.isEnded.withLock { $0 = true }
                ended.yield(.success(Outcome(reason: reason, frames: loop.frames, writes: loop.writes)))
            } catch {
                log.isEnded.withLock { $0 = true }
                ended.yield(.failure(error))
            }
        }
    }
}
