import Foundation
@testable import RemoteTiers
@testable import Rendering
import Testing

/// Answers as Gradio 4.44, 5.50 and 6.31 give them, and as they should not.
@Suite("Gradio, from fixtures")
struct GradioTests {
    /// A server with a good app, but for what a test says.
    private func server(
        prefix: String = "/gradio_api", speaks: String = "sse_v3", events: [String]? = nil, sound: [UInt8] = Array("RIFF".utf8),
        instead: @escaping @Sendable (RawServer.Request) -> RawServer.Reply? = { _ in nil }
    ) -> RawServer {
        let names = ["prompt", "seconds", "bpm", "key", "meter", "seed", "format"]
        let parameters = names.map { #"{"label":"x","parameter_name":"\#($0)","parameter_has_default":false}"# }.joined(separator: ",")
        let config = #"{"version":"6.31.0","api_prefix":"\#(prefix)","protocol":"\#(speaks)","dependencies":[{"id":0,"api_name":"other"},{"id":4,"api_name":"generate"}]}"#
        let good = [
            #"{"msg":"estimation","event_id":"e1","rank":1,"queue_size":3,"rank_eta":4.5}"#, #"{"msg":"process_starts","event_id":"e1","eta":2}"#,
            #"{"msg":"progress","event_id":"e1","progress_data":[{"index":5,"length":10,"unit":"steps","progress":null,"desc":"denoising"}]}"#,
            #"{"msg":"process_completed","event_id":"e1","success":true,"output":{"data":[{"path":"/tmp/a b.wav","url":null,"meta":{"_type":"gradio.FileData"}}]}}"#,
        ]
        return RawServer { request in
            if let reply = instead(request) { return reply }
            switch request.path.prefix(while: { $0 != "?" }) {
            case "/config": return .answer(200, config, headers: ["set-cookie: session=abc; HttpOnly; Path=/"])
            case "\(prefix)/info": return .answer(200, #"{"named_endpoints":{"/generate":{"parameters":[\#(parameters)]}}}"#)
            case "\(prefix)/queue/join": return .answer(200, #"{"event_id":"e1"}"#)
            case "\(prefix)/queue/data": return .events(events ?? good)
            case "\(prefix)/cancel": return .answer(200, #"{"success":true}"#)
            case let path where path.hasPrefix("\(prefix)/file="): return .sound(sound)
            default: return .answer(404, "{}")
            }
        }
    }

    private func outcome(_ server: RawServer, _ call: Call = .generate()) async -> TierError? {
        defer { server.stop() }
        return await call.outcome(of: GradioTier(.on(server, .gradio)))
    }

    @Test("a job goes to the named endpoint with its values, cookies are kept, and the file comes by its path", arguments: ["", "/gradio_api"])
    func goodJob(prefix: String) async throws {
        let server = server(prefix: prefix, sound: [1, 2, 3]), call = Call.generate()
        #expect(await outcome(server, call) == nil)
        #expect(call.received == [1, 2, 3])
        let join = try #require(server.requests("\(prefix)/queue/join").first), body = try #require(JSONValue(bytes: join.body))
        #expect(body["fn_index"]?.int == 4)
        #expect(body["data"] == .array([.string("slow piano"), .number(2), .number(128), .string("A minor"), .string("3/4"), .number(7), .string("wav")]))
        #expect(join.headers["cookie"] == "session=abc")
        #expect(server.requests("\(prefix)/file=").first?.path == "\(prefix)/file=/tmp/a%20b.wav")
    }

    @Test("after the first output only differences come, and they are put together")
    func diffs() async {
        let server = server(events: [
            #"{"msg":"process_generating","event_id":"e1","success":true,"output":{"data":[{"path":"/tmp/1.wav"},"draft"]}}"#,
            #"{"msg":"process_generating","event_id":"e1","success":true,"output":{"data":[[["replace",["path"],"/tmp/2.wav"]],[["append",[]," two"]]]}}"#,
            #"{"msg":"process_completed","event_id":"e1","success":true,"output":{"data":[]}}"#,
        ])
        #expect(await outcome(server) == nil)
        #expect(server.requests("/gradio_api/file=").map(\.path) == ["/gradio_api/file=/tmp/2.wav"])
    }

    @Test("what is said inside an answer of status 200 gets its class", arguments: [
        (#""You have exceeded your GPU quota (60s requested vs. 34s left). Try again in 0:12:34""#, TierError.quota(seconds: 754)),
        (#""No GPU was available after 60 seconds. Retry later""#, .busy(retryAfter: nil)),
        (#""GPU task aborted""#, .workerFailure("GPU task aborted")),
        (#""This prompt violates our content policy""#, .contentPolicy("This prompt violates our content policy")),
        (#""CUDA\u001b[31m error\nline two""#, .workerFailure("CUDA\\u{1B}[31m error line two")),
        ("null", .workerFailure("")),
    ])
    func failures(error: String, expected: TierError) async {
        #expect(await outcome(server(events: [#"{"msg":"process_completed","event_id":"e1","success":false,"output":{"error":\#(error)}}"#])) == expected)
    }

    @Test("a full queue, a wrong key, a page, a redirect, nonsense and a broken line get their classes")
    func oddities() async {
        func at(_ path: String, _ reply: RawServer.Reply) -> RawServer { server { $0.path.hasPrefix(path) ? reply : nil } }
        let cases: [(RawServer, TierError)] = [
            (at("/gradio_api/queue/join", .answer(503, #"{"detail":"Queue is full. Max size is 1 and size is 1."}"#)), .busy(retryAfter: nil)),
            (at("/config", .answer(401, #"{"detail":"Not authenticated"}"#)), .auth),
            (at("/config", .answer(200, "<html>Sign in</html>", type: "text/html")), .transport(.protocolMismatch)),
            (at("/config", .answer(503, "<html><h1>This Space is sleeping</h1></html>", type: "text/html")), .coldStart("This Space is sleeping")),
            (at("/config", .answer(302, "", headers: ["location: https://elsewhere.example/config"])), .transport(.protocolMismatch)),
            (at("/config", .answer(302, "", headers: ["location: /config"])), .transport(.protocolMismatch)),
            (at("/config", .bytes(Array("SSH-2.0-OpenSSH_9\r\n\r\n".utf8))), .transport(.broken)),
            (at("/config", .answer(200, String(repeating: "[", count: 5000))), .transport(.protocolMismatch)),
            (at("/config", .answer(200, #"{"version":"3.50","protocol":"ws","dependencies":[]}"#)), .transport(.protocolMismatch)),
            (at("/config", .answer(200, #"{"version":"6","protocol":"sse_v3","api_prefix":"/../..?x=","dependencies":[]}"#)), .transport(.protocolMismatch)),
            (at("/gradio_api/queue/data", .thenEnd(RawServer.Reply.stream([#"{"msg":"process_starts","event_id":"e1"}"#]))), .transport(.broken)),
            (at("/gradio_api/queue/data", .events([#"{"msg":"unexpected_error","message":"Session not found"}"#])), .workerFailure("Session not found")),
            (at("/gradio_api/queue/data", .events(["not json"])), .transport(.protocolMismatch)),
            (at("/gradio_api/file=", .answer(200, "<html>", type: "text/html")), .transport(.protocolMismatch)),
            (at("/gradio_api/file=", .thenEnd(Array(RawServer.Reply.head(200, ["content-length: 100", "content-type: audio/wav"]).utf8) + [1, 2])), .transport(.broken)),
            (at("/gradio_api/file=", .answer(403, #"{"detail":"File not allowed"}"#)), .auth),
            (server(events: [#"{"msg":"process_completed","event_id":"e1","success":true,"output":{"data":["no file"]}}"#]), .badOutput(.undecodable)),
        ]
        for (number, (server, expected)) in cases.enumerated() { #expect(await outcome(server) == expected, "case \(number)") }
    }

    @Test("a link to another host is not followed; the file's path is asked here")
    func foreignLink() async {
        let server = server(events: [
            #"{"msg":"process_completed","event_id":"e1","success":true,"output":{"data":[{"path":"/tmp/x.wav","url":"http://169.254.169.254/latest/x.wav"}]}}"#,
        ], sound: [9])
        let call = Call.generate()
        #expect(await outcome(server, call) == nil)
        #expect(call.received == [9])
    }

    @Test("a result larger than allowed is not taken")
    func tooLarge() async {
        let server = server(sound: Array(repeating: 0, count: 10_000))
        defer { server.stop() }
        var tier = GradioTier(.on(server, .gradio))
        tier.limits.soundBytes = 4096
        #expect(await Call.generate().outcome(of: tier) == .badOutput(.tooLarge))
    }

    @Test("a cancel ends the call, and the app is told")
    func cancel() async {
        let server = server { request in
            request.path.hasPrefix("/gradio_api/queue/data") ? .thenSilence(RawServer.Reply.stream([#"{"msg":"process_starts","event_id":"e1"}"#])) : nil
        }
        defer { server.stop() }
        let tier = GradioTier(.on(server, .gradio)), call = Call.generate()
        let (signs, teller) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            do throws(TierError) {
                _ = try await tier.run(call.order, RemoteLink(sink: call.sink.fileDescriptor, progress: { _ in teller.yield() }))
                return TierError?.none
            } catch { return error }
        }
        for await _ in signs { break }
        task.cancel()
        #expect(await task.value == .cancelled)
        let told = server.requests("/gradio_api/cancel").first.flatMap { JSONValue(bytes: $0.body) }
        #expect(told?["event_id"]?.string == "e1" && told?["fn_index"]?.int == 4)
    }

    @Test("nobody there is no connection")
    func nobody() async {
        let server = server()
        server.stop()
        let settings = TierSettings.on(server, .gradio)
        #expect(await Call.generate().outcome(of: GradioTier(settings)) == .transport(.refused))
        #expect(await GradioTier(settings).isThere() == false)
    }
}
