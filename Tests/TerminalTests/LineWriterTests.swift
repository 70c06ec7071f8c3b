import Glibc
import Testing
@testable import Terminal

/// A line that takes less than it is given, as a pipe of one page does (pipe(7)).
@Suite struct LineWriterTests {
    private struct Line {
        var ends: [Int32] = [-1, -1]

        init() throws {
            struct Failed: Error {}
            // F_SETPIPE_SZ of <linux/fcntl.h>, which needs _GNU_SOURCE.
            guard pipe(&ends) == 0, fcntl(ends[1], 1031, 4096) >= 4096 else { throw Failed() }
            for end in ends { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
        }

        func read() -> [UInt8] {
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = chunk.withUnsafeMutableBytes { Glibc.read(ends[0], $0.baseAddress, $0.count) }
            return Array(chunk.prefix(max(0, count)))
        }

        func close() { for end in ends where end >= 0 { _ = Glibc.close(end) } }
    }

    @Test func whatTheLineDoesNotTakeWaitsAndFollowsInItsOrder() throws {
        let line = try Line()
        defer { line.close() }
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        var writer = LineWriter()
        #expect(writer.send(bytes, to: line.ends[1]) == .blocked)
        #expect(writer.pending > 0 && writer.pending < bytes.count)
        #expect(writer.drain(to: line.ends[1]) == .blocked, "nobody has read")
        var received = line.read()
        #expect(received.count == bytes.count - writer.pending)
        // More behind what waits.
        _ = writer.send([250, 251], to: line.ends[1])
        while writer.pending > 0 {
            received += line.read()
            _ = writer.drain(to: line.ends[1])
        }
        received += line.read()
        #expect(received == bytes + [250, 251])
    }

    @Test func whatIsDroppedIsNotSent() throws {
        let line = try Line()
        defer { line.close() }
        var writer = LineWriter()
        _ = writer.send([UInt8](repeating: 1, count: 10_000), to: line.ends[1])
        writer.drop()
        #expect(writer.pending == 0)
        while !line.read().isEmpty {}
        #expect(writer.send([2], to: line.ends[1]) == .drained && line.read() == [2])
    }

    @Test func aDescriptorThatIsGoneIsALostLine() {
        var writer = LineWriter()
        #expect(writer.send([1], to: -1) == .hungUp)
    }
}
