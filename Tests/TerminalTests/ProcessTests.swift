import Glibc
import Synchronization
import Testing
@testable import Terminal

/// What a real process leaves behind on its terminal, for every way of ending. The process is this test binary again, running
/// only `child`, as the leader of a session whose terminal is ours.
@Suite struct ProcessTests {
    private static let marker = "LATHE_TERMINAL_TEST_CHILD"
    private let size = Size(columns: 60, rows: 12)

    /// The studio's part: a loop on the controlling terminal that owns the process's signals.
    @Test(.enabled(if: getenv(ProcessTests.marker) != nil)) func child() throws {
        struct App: TerminalApp {
            var inner = ScriptedApp(log: ScriptedApp.Log())
            mutating func handle(_ events: [LoopEvent<Int>]) -> Turn {
                for case .input(.key(.character(let key), [])) in events {
                    switch key {
                    case "S": raise(SIGSEGV)
                    case "A": abort()
                    case "T": fatalError("a crash on purpose")
                    case "E": _ = "chatter\n".withCString { write(STDERR_FILENO, $0, 8) }
                    default: break
                    }
                }
                for case .input(.diagnostic(let line)) in events { inner.shown = "said \(line)" }
                return inner.handle(events.filter { if case .input(.diagnostic) = $0 { false } else { true } })
            }
            mutating func frame(size: Size) -> Frame { inner.frame(size: size) }
        }
        var options = TerminalOptions(environment: ["TERM": "xterm-256color", "LANG": "C.UTF-8"])
        options.device = .controlling
        // As the studio does: a line that hangs up says so twice, and the second signal may come when the loop has ended.
        signal(SIGHUP, SIG_IGN)
        let loop = try EventLoop<Int>(options: options)
        var app = App()
        exit(try loop.run(&app).exitStatus)
    }

    private final class Child {
        let terminal: PseudoTerminal
        let before: [UInt32]
        private(set) var pid: pid_t = 0
        private var status: Int32?

        /// - Parameter shell: runs the child as a job of bash, whose script has `"$@"` for it.
        init(_ size: Size, shell: String? = nil, standardError: Bool = false) throws {
            terminal = try PseudoTerminal(size)
            before = terminal.modes()
            var arguments = ["/proc/self/exe", "--testing-library", "swift-testing", "--filter", "TerminalTests.ProcessTests/child"]
            guard let own = realpath("/proc/self/exe", nil) else { throw PseudoTerminal.Failed() }
            defer { free(own) }
            arguments[0] = String(cString: own)
            if let shell { arguments = ["/bin/bash", "--norc", "-c", shell, "bash"] + arguments }
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            defer { posix_spawn_file_actions_destroy(&actions) }
            // The first terminal a session leader opens becomes its controlling one.
            posix_spawn_file_actions_addopen(&actions, 0, terminal.path, O_RDWR, 0)
            if shell == nil { posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) } else { posix_spawn_file_actions_adddup2(&actions, 0, 1) }
            // bash takes the terminal for job control from its standard error.
            if standardError || shell != nil { posix_spawn_file_actions_adddup2(&actions, 0, 2) } else { posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) }
            var attributes = posix_spawnattr_t()
            posix_spawnattr_init(&attributes)
            defer { posix_spawnattr_destroy(&attributes) }
            // POSIX_SPAWN_SETSID and SETSIGMASK: this thread's pool has signals blocked, and a child would inherit that.
            posix_spawnattr_setflags(&attributes, 0x80 | 0x08)
            var none = sigset_t()
            sigemptyset(&none)
            posix_spawnattr_setsigmask(&attributes, &none)
            var vector: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
            let environment = ["\(ProcessTests.marker)=1", "PATH=/usr/bin:/bin", "LANG=C.UTF-8", "SWIFT_BACKTRACE=enable=no"]
                + (getenv("LD_LIBRARY_PATH").map { ["LD_LIBRARY_PATH=" + String(cString: $0)] } ?? [])
            var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
            defer { (vector + variables).forEach { free($0) } }
            let code = posix_spawn(&pid, arguments[0], &actions, &attributes, &vector, &variables)
            if code != 0 { throw TerminalError.system(call: "posix_spawn", code: code) }
        }

        /// Waits for the end while reading what is sent; the wait status, nil after twenty seconds.
        func end() -> Int32? {
            let deadline = SystemCall.now() + 20
            while SystemCall.now() < deadline {
                var status: Int32 = 0
                if waitpid(pid, &status, WNOHANG) == pid {
                    self.status = status
                    while terminal.receive(until: SystemCall.now()) > 0 {}
                    return status
                }
                terminal.receive(until: SystemCall.now() + 0.01)
            }
            return nil
        }

        deinit {
            if status == nil {
                kill(pid, SIGKILL)
                var status: Int32 = 0
                waitpid(pid, &status, 0)
            }
        }
    }

    private func expectRestored(_ child: Child, _ how: String) {
        #expect(child.terminal.modes() == child.before, "\(how)")
        var model = TerminalModel(size: size)
        model.feed(child.terminal.received)
        #expect(model.modes == ["1049": false, "7": true, "25": true, "2004": false, "1004": false, "2026": false], "\(how)")
        #expect(model.style == .plain, "\(how)")
    }

    @Test(arguments: [(SIGTERM, 143), (SIGHUP, 129), (SIGINT, 130), (SIGQUIT, 131), (SIGUSR1, 138), (SIGUSR2, 140), (SIGALRM, 142), (SIGXCPU, 152), (SIGPWR, 158)] as [(Int32, Int32)])
    func signalsEndInOrder_andTheTerminalIsRestored(signal: Int32, exitStatus: Int32) throws {
        let child = try Child(size)
        try #require(child.terminal.waitFor("READY"))
        kill(child.pid, signal)
        let status = try #require(child.end())
        #expect(status == exitStatus << 8)
        expectRestored(child, "signal \(signal)")
    }

    @Test func quittingRestores() throws {
        let child = try Child(size)
        try #require(child.terminal.waitFor("READY"))
        child.terminal.type("q")
        #expect(child.end() == 0)
        expectRestored(child, "q")
    }

    @Test(arguments: [("S", [SIGSEGV]), ("A", [SIGABRT]), ("T", [SIGILL, SIGTRAP])] as [(String, [Int32])])
    func crashesRestoreFirst_andStillEndAsCrashes(key: String, signals: [Int32]) throws {
        let child = try Child(size)
        try #require(child.terminal.waitFor("READY"))
        child.terminal.type(key)
        let status = try #require(child.end())
        #expect(signals.contains(status & 0x7F))
        expectRestored(child, "crash \(key)")
    }

    @Test func aCrashFromOutsideRestoresToo() throws {
        let child = try Child(size)
        try #require(child.terminal.waitFor("READY"))
        kill(child.pid, SIGBUS)
        let status = try #require(child.end())
        #expect(status & 0x7F == SIGBUS)
        expectRestored(child, "SIGBUS")
    }

    @Test func aClosedTerminalEndsTheProcess() throws {
        let child = try Child(size)
        try #require(child.terminal.waitFor("READY"))
        child.terminal.releaseSlave()
        child.terminal.hangUp()
        var status: Int32 = 0
        let deadline = SystemCall.now() + 20
        var ended = false
        while !ended, SystemCall.now() < deadline { ended = waitpid(child.pid, &status, WNOHANG) == child.pid }
        #expect(ended && status == 129 << 8, "ended: \(ended), wait status \(status)")
    }

    @Test func chatterOnStandardErrorBecomesAnEvent() throws {
        let child = try Child(size, standardError: true)
        try #require(child.terminal.waitFor("READY"))
        let start = child.terminal.received.count
        child.terminal.type("E")
        #expect(child.terminal.waitFor("said chatter", after: start))
        child.terminal.type("q")
        #expect(child.end() == 0)
    }

    @Test func whatACrashSaysReachesTheRestoredTerminal() throws {
        let child = try Child(size, standardError: true)
        try #require(child.terminal.waitFor("READY"))
        child.terminal.type("T")
        _ = child.end()
        let text = String(decoding: child.terminal.received, as: UTF8.self)
        let left = try #require(text.firstRange(of: "\u{1B}[?1049l"))
        #expect(text[left.upperBound...].contains("a crash on purpose"))
        expectRestored(child, "crash with a message")
    }

    @Test(arguments: ["z", "TSTP"])
    func suspendingGivesTheTerminalBack_andComingBackPaintsItAnew(how: String) throws {
        // Job control needs a shell: it says when its job has stopped, waits for a line, and brings it back.
        let script = "set -m; \"$@\" >/dev/null 2>&1; echo STOPPED $?; read line; fg >/dev/null; echo DONE $?"
        let child = try Child(size, shell: script)
        try #require(child.terminal.waitFor("READY"))
        if how == "z" {
            child.terminal.type("z")
        } else {
            kill(tcgetpgrp(child.terminal.master), SIGTSTP)
        }
        try #require(child.terminal.waitFor("STOPPED"))
        expectRestored(child, "stopped by \(how)")
        let start = child.terminal.received.count
        child.terminal.type("\n")
        try #require(child.terminal.waitFor("RESUMED", after: start))
        #expect(Array(child.terminal.received[start...])[...].contains(Array("\u{1B}[?1049h".utf8)))
        #expect(child.terminal.modes() != child.before)
        child.terminal.type("q")
        #expect(child.terminal.waitFor("DONE 0", after: start))
        #expect(child.end() == 0)
        expectRestored(child, "back, and ended")
    }

    @Test func resizeStormsEndWithTheRightPicture() throws {
        let child = try Child(size)
        try #require(child.terminal.waitFor("READY"))
        child.terminal.type("k")
        try #require(child.terminal.waitFor("key"))
        var random = SeededGenerator(20)
        for _ in 0..<300 {
            child.terminal.resize(Size(columns: Int.random(in: 1...1000, using: &random), rows: Int.random(in: 1...500, using: &random)))
            child.terminal.receive(until: SystemCall.now() + 0.001)
        }
        child.terminal.resize(Size(columns: 71, rows: 13))
        #expect(child.terminal.waitFor("size 71x13"))
        child.terminal.type("q")
        #expect(child.end() == 0)
    }
}
