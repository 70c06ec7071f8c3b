import Glibc
import Testing
@testable import Terminal

extension OnTheScreen {
/// The loop against a pseudo-terminal in this process.
@Suite struct EventLoopTests {
    private let size = Size(columns: 80, rows: 24)

    @Test func aFrameIsOneWrite_insideASynchronizedUpdateOnceTheTerminalKnowsIt() async throws {
        let terminal = try PseudoTerminal(size)
        terminal.answers = PseudoTerminal.modern
        let loop = try RunningLoop(on: terminal)
        #expect(terminal.waitFor("READY"))
        for number in 1...5 {
            let start = terminal.received.count
            loop.mailbox.post(number)
            #expect(terminal.waitFor("\(number)", after: start))
        }
        let frame = terminal.received.count
        terminal.type("k")
        #expect(terminal.waitFor("key", after: frame) && terminal.waitFor("\u{1B}[?2026l", after: frame))
        #expect(Array(terminal.received[frame...]).starts(with: TerminalModes.beginUpdate))
        terminal.type("q")
        #expect(terminal.waitFor("\u{1B}[?1049l"))
        let outcome = try await loop.outcome.value
        #expect(outcome.reason == .asked)
        // One to enter, one a frame, one to leave.
        #expect(outcome.writes == outcome.frames + 2)
        #expect(outcome.frames >= 7)
    }

    /// Before the terminal is raw its line discipline turns the Enter key's CR into LF (termios(3), ICRNL).
    @Test func keysTypedBeforeTheLoopBeganAreKeys_EnterAmongThem() async throws {
        let terminal = try PseudoTerminal(size)
        terminal.type("j\rx")
        let loop = try RunningLoop(on: terminal)
        #expect(terminal.waitFor("key"))
        terminal.type("\n")
        terminal.type("q")
        _ = try await loop.outcome.value
        let keys = loop.log.events.withLock { $0.compactMap { if case .input(.key(let key, let modifiers)) = $0 { InputEvent.key(key, modifiers) } else { nil } } }
        #expect(keys == [.key(.character("j"), []), .key(.enter, []), .key(.character("x"), []), .key(.character("j"), .control), .key(.character("q"), [])])
    }

    @Test func theLineIsAsItWasAfterTheEnd() async throws {
        let terminal = try PseudoTerminal(size)
        let before = terminal.modes()
        let loop = try RunningLoop(on: terminal)
        #expect(terminal.waitFor("READY"))
        #expect(terminal.modes() != before)
        terminal.type("q")
        #expect(terminal.waitFor("\u{1B}[?1049l"))
        _ = try await loop.outcome.value
        #expect(terminal.modes() == before)
        let flags = fcntl(terminal.slave, F_GETFL)
        #expect(flags & O_NONBLOCK == 0, "the shell's own description stays blocking")
        var model = TerminalModel(size: size)
        model.feed(terminal.received)
        #expect(model.modes == ["1049": false, "7": true, "25": true, "2004": false, "1004": false, "2026": false])
        #expect(model.style == .plain)
    }

    @Test func withoutAnAnswerTheBracketIsNotUsed_unlessForced() async throws {
        for (environment, isUsed) in [([:], false), (["LATHE_SYNC": "on"], true)] {
            let terminal = try PseudoTerminal(size)
            let loop = try RunningLoop(on: terminal, environment: environment)
            #expect(terminal.waitFor("READY"))
            #expect(terminal.received[...].contains(TerminalModes.beginUpdate) == isUsed)
            terminal.type("q")
            #expect(terminal.waitFor("\u{1B}[?1049l"))
            _ = try await loop.outcome.value
        }
    }

    @Test func anIdleScreenSendsNothing() async throws {
        let terminal = try PseudoTerminal(size)
        terminal.answers = PseudoTerminal.modern
        let loop = try RunningLoop(on: terminal)
        #expect(terminal.waitFor("READY"))
        // Events that change nothing: the frame is compared, and no byte leaves.
        let turns = loop.log.turns.withLock { $0 }
        terminal.receive(until: SystemCall.now() + 0.3)
        let count = terminal.received.count
        terminal.receive(until: SystemCall.now() + 0.3)
        #expect(terminal.received.count == count)
        #expect(loop.log.turns.withLock { $0 } <= turns + 1, "and nobody is woken")
        terminal.type("q")
        _ = try await loop.outcome.value
    }

    /// As while a long file is measured behind a window without focus: news come all the time, and the play head must go on.
    @Test func messagesDoNotPutOffATick() async throws {
        let terminal = try PseudoTerminal(size)
        let loop = try RunningLoop(on: terminal)
        #expect(terminal.waitFor("READY"))
        terminal.type("p")
        let end = SystemCall.now() + 1.5
        var number = 0
        while SystemCall.now() < end {
            number += 1
            loop.mailbox.post(number)
            terminal.receive(until: SystemCall.now() + 0.01)
        }
        terminal.type("q")
        _ = try await loop.outcome.value
        #expect(loop.log.events.withLock { $0.count { $0 == .tick } } >= 3)
    }

    /// `stty cols 65535` by mistake: 137 GB of cells.
    @Test func aSizeBeyondAnyScreenIsHeldToTheLargest() throws {
        let terminal = try PseudoTerminal(Size(columns: 65_535, rows: 65_535))
        let device = try TerminalDevice(.descriptor(terminal.slave))
        #expect(device.size(environment: [:]) == Size(columns: 1000, rows: 500))
        terminal.resize(Size(columns: 999, rows: 3000))
        #expect(device.size(environment: [:]) == Size(columns: 999, rows: 500))
    }

    @Test func truecolorAndUTF8AreFoundByAsking() async throws {
        let terminal = try PseudoTerminal(size)
        terminal.answers = [("\u{1B}P+q524742", "\u{1B}P1+r524742=382F382F38\u{1B}\\"), ("\u{1B}[6n", "\u{1B}[1;2R")] + PseudoTerminal.modern
        let loop = try RunningLoop(on: terminal, environment: ["COLORTERM": "", "LANG": "C"])
        #expect(terminal.waitFor("38;2;"), "24-bit colours once the terminal has said so")
        #expect(terminal.waitFor("─"))
        terminal.type("q")
        _ = try await loop.outcome.value
        let expected = InputEvent.capabilities(Capabilities(colorDepth: .truecolor, utf8: true))
        #expect(loop.log.events.withLock { $0.contains(.input(expected)) })
        #expect(!loop.log.events.withLock { $0.contains { if case .input(.reply) = $0 { true } else { false } } })
    }

    @Test func aLostLineEndsTheLoop() async throws {
        let terminal = try PseudoTerminal(size)
        let loop = try RunningLoop(on: terminal)
        #expect(terminal.waitFor("READY"))
        terminal.hangUp()
        let outcome = try await loop.outcome.value
        #expect(outcome.reason == .hangUp)
        #expect(loop.log.events.withLock { $0.last } == .input(.ending(.hangUp)))
    }

    @Test func aLineThatDoesNotReadHoldsOneFrame_andTheNewestComesAfterIt() async throws {
        let size = Size(columns: 200, rows: 60)
        let terminal = try PseudoTerminal(size)
        let loop = try RunningLoop(on: terminal)
        // Nobody reads while two hundred changes arrive.
        for number in 1...200 {
            loop.mailbox.post(number)
            if number % 20 == 0 { terminal.resize(Size(columns: 200 - number / 20, rows: 60)) }
        }
        terminal.resize(size)
        #expect(terminal.waitFor("200"))
        terminal.type("q")
        #expect(terminal.waitFor("\u{1B}[?1049l"))
        let outcome = try await loop.outcome.value
        #expect(outcome.frames < 100, "frames were skipped, not queued: \(outcome.frames)")
        var model = TerminalModel(size: size)
        model.feed(terminal.received)
        #expect(model.unknown.isEmpty)
    }

    @Test func copyingGoesToTheUsersClipboard() async throws {
        let terminal = try PseudoTerminal(size)
        let loop = try RunningLoop(on: terminal)
        #expect(terminal.waitFor("READY"))
        terminal.type("y")
        // base64 of "/mix.wav", by coreutils.
        #expect(terminal.waitFor("\u{1B}]52;c;L21peC53YXY=\u{1B}\\"))
        terminal.type("q")
        _ = try await loop.outcome.value
    }

    @Test func withoutATerminalThereIsATypedError() throws {
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { ends.forEach { close($0) } }
        var options = TerminalOptions(environment: ["TERM": "xterm"])
        options.device = .descriptor(ends[0])
        #expect(throws: TerminalError.notATerminal("the given descriptor")) { try EventLoop<Int>(options: options) }
        let terminal = try PseudoTerminal(size)
        options.device = .descriptor(terminal.slave)
        options.environment["TERM"] = "dumb"
        let before = terminal.modes()
        #expect(throws: TerminalError.unusable(term: "dumb", reason: "cannot place the cursor")) { try EventLoop<Int>(options: options) }
        #expect(terminal.modes() == before)
    }
}
}
