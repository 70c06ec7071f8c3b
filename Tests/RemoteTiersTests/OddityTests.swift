import Foundation
@testable import RemoteTiers
@testable import Rendering
import Testing

/// What may come in the place of the first answer, the same for every adapter: each has to see the same class in it.
@Suite("HTTP's oddities, for every adapter")
struct OddityTests {
    struct Oddity: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reply: RawServer.Reply
        var expected: TierError
    }

    private static func page(_ status: Int, _ text: String, _ headers: [String] = []) -> RawServer.Reply { .answer(status, "<html><h1>\(text)</h1></html>", type: "text/html", headers: headers) }

    static let oddities: [Oddity] = [
        Oddity(testDescription: "a page with 200", reply: page(200, "Sign in"), expected: .transport(.protocolMismatch)),
        Oddity(testDescription: "a redirect elsewhere", reply: .answer(307, "", headers: ["location: https://elsewhere.example/"]), expected: .transport(.protocolMismatch)),
        Oddity(testDescription: "a redirect to the machine's own metadata", reply: .answer(302, "", headers: ["location: http://169.254.169.254/latest"]), expected: .transport(.protocolMismatch)),
        Oddity(testDescription: "a redirect without an address", reply: .answer(301, ""), expected: .transport(.protocolMismatch)),
        Oddity(testDescription: "no HTTP", reply: .thenEnd(Array("SSH-2.0-OpenSSH_9\r\n\r\n".utf8)), expected: .transport(.broken)),
        Oddity(testDescription: "half a head", reply: .thenEnd(Array("HTTP/1.1 200 OK\r\ncontent-le".utf8)), expected: .transport(.broken)),
        Oddity(testDescription: "nothing", reply: .thenEnd([]), expected: .transport(.broken)),
        Oddity(testDescription: "less than was announced", reply: .thenEnd(Array((RawServer.Reply.head(200, ["content-type: application/json", "content-length: 900"]) + "{\"a\":").utf8)), expected: .transport(.broken)),
        Oddity(testDescription: "busy, for seven seconds", reply: .answer(503, "{}", headers: ["retry-after: 7"]), expected: .busy(retryAfter: 7)),
        Oddity(testDescription: "busy, for no number", reply: .answer(503, "{}", headers: ["retry-after: soon"]), expected: .busy(retryAfter: nil)),
        Oddity(testDescription: "a GPU's quota in words", reply: .answer(429, #"{"detail":"You have exceeded your GPU quota (60s requested vs. 34s left). Try again in 0:12:34"}"#), expected: .quota(seconds: 754)),
        Oddity(testDescription: "no money left", reply: .answer(402, "{}"), expected: .quota(seconds: nil)),
        Oddity(testDescription: "a key that is wrong", reply: .answer(401, "{}"), expected: .auth),
        Oddity(testDescription: "a Space that sleeps", reply: page(503, "This Space is sleeping"), expected: .coldStart("This Space is sleeping")),
        Oddity(testDescription: "a proxy whose server is gone", reply: page(502, "Bad Gateway"), expected: .workerFailure("")),
        Oddity(testDescription: "a path that is not there", reply: page(404, "Not Found"), expected: .transport(.protocolMismatch)),
    ]

    private static func tier(_ kind: TierProtocol, _ server: RawServer) -> any RemoteTier {
        let settings = TierSettings.on(server, kind)
        return switch kind {
        case .gradio: GradioTier(settings)
        case .lathe: LatheServerTier(settings)
        case .aceStep: ACEStepTier(settings)
        case .audioJSON: AudioJSONTier(settings)
        case .lyria: LyriaTier(settings)
        }
    }

    @Test("the same class from all", arguments: TierProtocol.allCases, oddities)
    func same(kind: TierProtocol, oddity: Oddity) async {
        let server = RawServer { _ in oddity.reply }
        defer { server.stop() }
        let call = Call.generate()
        let outcome = await call.outcome(of: Self.tier(kind, server))
        #expect(outcome == oddity.expected)
        #expect(call.received.isEmpty)
    }

    @Test("who goes silent is let go when the router says so", arguments: TierProtocol.allCases, [0, 1])
    func silence(kind: TierProtocol, bytes: Int) async {
        let head = Array(RawServer.Reply.head(200, ["content-type: application/json", "content-length: 900"]).utf8)
        let (asked, asker) = AsyncStream.makeStream(of: Void.self)
        let server = RawServer { _ in
            asker.yield()
            return .thenSilence(bytes == 0 ? [] : head + Array("{".utf8))
        }
        defer { server.stop() }
        let tier = Self.tier(kind, server), call = Call.generate()
        let task = Task { await call.outcome(of: tier) }
        for await _ in asked { break }
        task.cancel()
        #expect(await task.value == .cancelled)
    }
}
