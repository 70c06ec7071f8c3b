import Glibc
import Page
import Playback
import Terminal

extension PageServer {
    /// Serves a page for `line` and says on standard error how to get there.
    static func announced(_ line: PageLine) async throws -> PageServer {
        let server: PageServer
        do {
            server = try await PageServer(door: LoopbackDoor.standard, line: line, environment: ProcessEnvironment.current)
        } catch let error as PageError {
            throw Failure(error.exitCode, error.message)
        }
        let way = server.address.forward.map { "at your end:  \($0)\nthen open:    " } ?? "open:  "
        _ = Output.write(way + server.address.url + "\n", to: STDERR_FILENO)
        return server
    }
}
