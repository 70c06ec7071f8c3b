import Foundation
@testable import RemoteTiers
@testable import Rendering
import Testing

@Suite("ACE-Step, JSON to sound, and Lyria, from fixtures")
struct MusicServiceTests {
    // MARK: ACE-Step

    private func aceStep(_ results: [String], instead: @escaping @Sendable (RawServer.Request) -> RawServer.Reply? = { _ in nil }) -> (RawServer, ACEStepTier) {
        let server = RawServer { request in
            if let reply = instead(request) { return reply }
            switch request.path {
            case "/release_task": return .answer(200, #"{"data":{"task_id":"T1","status":"queued","queue_position":2},"code":200,"error":null}"#)
            case "/query_result": return .answer(200, results[min(results.count - 1, request.number - 1)])
            case let path where path.hasPrefix("/v1/audio"): return .sound([4, 2])
            default: return .answer(404, "{}")
            }
        }
        var tier = ACEStepTier(.on(server, .aceStep))
        tier.pollSeconds = 0.001
        return (server, tier)
    }

    private static func entry(_ status: Int, _ result: String) -> String {
        let text = result.replacingOccurrences(of: "\"", with: "\\\"")
        return #"{"data":[{"task_id":"T1","status":\#(status),"result":"\#(text)"}],"code":200,"error":null}"#
    }

    @Test("every default that would change the wish is set")
    func aceStepWish() throws {
        let wish = RemoteOrder.Wish(seconds: 30, bpm: 127.6, key: "F# minor", meter: "3/4", genre: nil, seed: 42)
        let body = ACEStepTier.task("dub", wish, key: "k", model: nil)
        let expected: [String: JSONValue] = [
            "batch_size": .number(1), "use_random_seed": .bool(false), "seed": .number(42), "use_cot_caption": .bool(false), "audio_format": .string("wav"),
            "audio_duration": .number(30), "bpm": .number(128), "key_scale": .string("F# minor"), "time_signature": .string("3"), "prompt": .string("dub"),
        ]
        for (key, value) in expected { #expect(body[key] == value, "\(key)") }
    }

    @Test("a track is asked for, waited for and fetched; the result is JSON inside a string")
    func aceStepGood() async {
        let (server, tier) = aceStep([Self.entry(0, #"[{"progress":0.4,"stage":"denoising"}]"#), Self.entry(1, #"[{"file":"/v1/audio?path=%2Ftmp%2Fa.wav","status":1}]"#)])
        defer { server.stop() }
        let call = Call.generate()
        #expect(await call.outcome(of: tier) == nil)
        #expect(call.received == [4, 2])
        #expect(server.requests("/v1/audio").first?.path == "/v1/audio?path=%2Ftmp%2Fa.wav")
    }

    @Test("its failures get their classes")
    func aceStepFailures() async {
        let cases: [((RawServer, ACEStepTier), TierError)] = [
            (aceStep([Self.entry(2, #"[{"error":"CUDA out of memory"}]"#)]), .workerFailure("CUDA out of memory")),
            (aceStep([Self.entry(1, #"[{"file":"http://elsewhere.example/a.wav"}]"#)]), .badOutput(.foreign)),
            (aceStep([#"{"data":[],"code":200,"error":null}"#]), .workerFailure("the task is not known any more")),
            (aceStep([#"{"data":null,"code":401,"error":"Invalid API key"}"#]), .auth),
            (aceStep([]) { _ in .answer(200, #"{"data":null,"code":429,"error":"Server busy: queue is full"}"#) }, .busy(retryAfter: nil)),
            (aceStep([]) { _ in .answer(401, #"{"detail":"Missing API key"}"#) }, .auth),
            (aceStep([]) { _ in .answer(200, "<html>", type: "text/html") }, .transport(.protocolMismatch)),
        ]
        for (number, ((server, tier), expected)) in cases.enumerated() {
            #expect(await Call.generate().outcome(of: tier) == expected, "case \(number)")
            server.stop()
        }
    }

    // MARK: JSON to sound

    @Test("each form asks in its own words", arguments: [
        (AudioJSONDialect.localAI, #"{"bpm":128,"duration_seconds":45,"instrumental":true,"keyscale":"A minor","model_id":"ace-step-turbo","text":"dub","timesignature":"3"}"#),
        (.vllmOmni, #"{"audio_length":45,"input":"dub","response_format":"wav","seed":9}"#),
        (.elevenLabs, #"{"force_instrumental":true,"model_id":"music_v1","music_length_ms":45000,"prompt":"dub"}"#),
    ])
    func forms(dialect: AudioJSONDialect, expected: String) {
        let wish = RemoteOrder.Wish(seconds: 45, bpm: 128, key: "A minor", meter: "3/4", genre: nil, seed: 9)
        #expect(String(decoding: AudioJSONTier.body("dub", wish, .of(dialect), model: nil).bytes, as: UTF8.self) == expected)
    }

    @Test("controls that a form has no number for are said in words")
    func inText() {
        var settings = TierSettings(name: "x", speaks: .audioJSON, url: TierURL("https://x")!, privacyClass: .thirdParty)
        settings.dialect = .elevenLabs
        let job = Job.generate(GenerateRequest(prompt: "dub", seed: 1, output: "/x.wav", container: .wav))
        #expect(AudioJSONTier(settings).fit(job) == .yes(inText: [.tempo, .key, .meter]))
        settings.fields = ["bpm": "tempo"]
        #expect(AudioJSONTier(settings).fit(job) == .yes(inText: [.key, .meter]))
        #expect(LyriaTier(settings).fit(job) == .yes(inText: [.tempo, .key, .meter, .length]))
    }

    @Test("the sound, and what comes in its place", arguments: [
        (RawServer.Reply.sound([1, 2], type: "audio/mpeg"), nil as TierError?),
        (.answer(200, #"{"error":{"message":"model is loading"}}"#), .workerFailure("model is loading")),
        (.answer(200, "<html>", type: "text/html"), .transport(.protocolMismatch)),
        (.answer(429, #"{"detail":{"status":"too_many_concurrent_requests","message":"Too many requests"}}"#, headers: ["retry-after: 3"]), .busy(retryAfter: 3)),
        (.answer(401, #"{"detail":{"status":"invalid_api_key","message":"Invalid API key"}}"#), .auth),
        (.answer(401, #"{"detail":{"status":"quota_exceeded","message":"This request exceeds your quota. You have 0 credits left"}}"#), .quota(seconds: nil)),
        (.answer(422, #"{"detail":{"status":"bad_prompt","message":"bad_prompt: names a copyrighted artist"}}"#), .contentPolicy("bad_prompt: names a copyrighted artist")),
        (.answer(307, "", headers: ["location: https://evil.example/"]), .transport(.protocolMismatch)),
    ])
    func audioJSON(reply: RawServer.Reply, expected: TierError?) async {
        let server = RawServer { _ in reply }
        defer { server.stop() }
        var settings = TierSettings.on(server, .audioJSON)
        settings.dialect = .elevenLabs
        let call = Call.generate()
        #expect(await call.outcome(of: AudioJSONTier(settings)) == expected)
        if expected == nil { #expect(call.received == [1, 2]) }
    }

    // MARK: Lyria

    @Test("Lyria is asked not to store, the sound is taken out of its answer, and its key goes into its own header")
    func lyria() async throws {
        let sound = Data([7, 8, 9]).base64EncodedString()
        let server = RawServer { _ in .answer(200, #"{"id":"i1","status":"completed","outputs":[{"type":"text","text":"ok"},{"type":"audio","mime_type":"audio/mpeg","data":"\#(sound)"}]}"#) }
        defer { server.stop() }
        setenv("LATHE_TEST_LYRIA_KEY", "g-key", 1)
        var settings = TierSettings.on(server, .lyria)
        settings.key = Secret(.environment("LATHE_TEST_LYRIA_KEY"))
        let call = Call.generate()
        #expect(await call.outcome(of: LyriaTier(settings)) == nil)
        #expect(call.received == [7, 8, 9])
        let request = try #require(server.requests.first)
        #expect(request.headers["x-goog-api-key"] == "g-key" && JSONValue(bytes: request.body)?["store"]?.bool == false)
        #expect(LyriaTier(settings).end == .declared(seconds: 55 * 86_400))
    }

    @Test("Lyria's refusals get their classes", arguments: [
        (429, #"{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"37s"}]}}"#, TierError.busy(retryAfter: 37)),
        (200, #"{"status":"blocked","blocked_reason":"SAFETY"}"#, .contentPolicy("SAFETY")),
        (200, #"{"status":"completed","outputs":[]}"#, .badOutput(.undecodable)),
        (403, #"{"error":{"message":"API key not valid"}}"#, .auth),
    ])
    func lyriaFailures(status: Int, body: String, expected: TierError) async {
        let server = RawServer { _ in .answer(status, body) }
        defer { server.stop() }
        #expect(await Call.generate().outcome(of: LyriaTier(.on(server, .lyria))) == expected)
    }
}
