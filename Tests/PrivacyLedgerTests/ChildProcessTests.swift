import Glibc
import TestSupport
import Testing

/// The claims about processes that all tests with processes rest on.
struct ChildProcessTests {
    @Test func aChildHasWhatItWasGivenAndNothingElse() async throws {
        // As other tests' pipes are, and as Foundation makes all of them: open across exec.
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        // ls opens the folder it lists as the next free number.
        #expect(try await ChildProcess("/bin/ls", ["/proc/self/fd"]).finish() == ["0", "1", "2", "3", "4"])
    }

    @Test func anEndIsSeenWhileAnotherChildGoesOn() async throws {
        let other = try ChildProcess("/bin/cat", [], input: true)
        #expect(try await ChildProcess("/bin/echo", ["said"]).finish() == ["said"])
        try other.send("a\nb\n")
        #expect(try await other.lines(until: "b") == ["a", "b"])
        other.closeInput()
        #expect(try other.wait() == 0)
    }

    @Test func theEndIsToldAsItWas() throws {
        #expect(try ChildProcess("/bin/sh", ["-c", "exit 65"]).wait() == 65)
        let child = try ChildProcess("/bin/cat", [], input: true)
        child.signal(SIGTERM)
        #expect(try child.wait() == -SIGTERM)
    }

    @Test func whoeverDoesNotEndIsKilled_andItIsSaid() async throws {
        let child = try ChildProcess("/bin/cat", [], input: true, limit: .milliseconds(50))
        await #expect(throws: ChildProcess.Failed.self) { try await child.finish() }
        #expect(kill(child.id, 0) == -1 && errno == ESRCH)
    }
}
