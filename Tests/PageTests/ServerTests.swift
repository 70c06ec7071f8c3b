import Foundation
import Glibc
import NIOCore
@testable import Page
import Playback
import Testing

/// The server as a socket sees it.
@Suite struct ServerTests {
    private static func serving(_ body: (PageServer) async throws -> Void) async throws {
        // The tests' binary does not run as the program does: any port will do.
        let server = try await PageServer(door: .success(LoopbackDoor(port: 0)), line: PageLine(), environment: [:], patience: .milliseconds(300))
        do {
            try await body(server)
            await server.stop()
        } catch {
            await server.stop()
            throw error
        }
    }

    /// Sends `text` and reads until the server closes the connection; nil when it has not within ten seconds.
    private static func exchange(_ server: PageServer, _ text: String) async -> String? {
        let port = server.address.port
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                defer { close(descriptor) }
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = port.bigEndian
                address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
                let connected = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
                }
                guard connected == 0, write(descriptor, text, text.utf8.count) == text.utf8.count else { return continuation.resume(returning: nil) }
                var (answer, part): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 4096))
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                while poll(&waiting, 1, 10_000) == 1 {
                    let count = read(descriptor, &part, part.count)
                    if count <= 0 { return continuation.resume(returning: String(decoding: answer, as: UTF8.self)) }
                    answer += part[..<count]
                }
                continuation.resume(returning: nil)
            }
        }
    }

    @Test func halfARequestIsNotWaitedForForLong() async throws {
        try await Self.serving { server in
            #expect(await Self.exchange(server, "GET /") == "")
            #expect(await Self.exchange(server, "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\npl") == "")
        }
    }

    @Test func aBodyThatIsAnnouncedAsTooLongIsRefusedAtOnce() async throws {
        try await Self.serving { server in
            let answer = await Self.exchange(server, "POST /\(server.address.token)/do HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n")
            #expect(answer?.hasPrefix("HTTP/1.1 413 ") == true, "\(answer ?? "-")")
        }
    }

    /// RFC 9112, section 3.2.
    @Test func twoHostsAreABadRequest() async throws {
        try await Self.serving { server in
            func answer(_ hosts: String) async -> String? { await Self.exchange(server, "GET /\(server.address.token)/ HTTP/1.1\r\n\(hosts)Connection: close\r\n\r\n") }
            #expect(await answer("Host: localhost\r\nHost: example.com\r\n")?.hasPrefix("HTTP/1.1 400 ") == true)
            #expect(await answer("Host: localhost\r\n")?.hasPrefix("HTTP/1.1 200 ") == true)
        }
    }

    @Test func aPortThatIsTakenIsNamed() throws {
        let first = try LoopbackDoor(port: 0)
        _ = first.open()
        #expect(throws: PageError.taken(port: first.port)) { try LoopbackDoor(port: first.port) }
        #expect(PageError.taken(port: 8417).message.hasPrefix("port 8417 is taken by another program"))
    }
}
