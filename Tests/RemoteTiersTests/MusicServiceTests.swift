import Foundation
@testable import RemoteTiers
@testable import Rendering
import TestSupport
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

    /// A picture of one pixel, with a place and a name beside it and a clip behind it.
    private static let jpeg: [UInt8] = [0xFF, 0xD8] + [0xFF, 0xE0, 0, 4, 1, 2] + [0xFF, 0xE1, 0, 10] + Array("GPS here".utf8) + [0xFF, 0xFE, 0, 7] + Array("Alice".utf8)
        + [0xFF, 0xDB, 0, 3, 9] + [0xFF, 0xDA, 0, 3, 1, 7, 7, 0xFF, 0, 0xFF, 0xD0, 7] + [0xFF, 0xC4, 0, 3, 5] + [0xFF, 0xDA, 0, 3, 2, 8] + [0xFF, 0xD9] + Array("a clip".utf8)
    private static let jpegSeen: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xDB, 0, 3, 9, 0xFF, 0xDA, 0, 3, 1, 7, 7, 0xFF, 0, 0xFF, 0xD0, 7, 0xFF, 0xC4, 0, 3, 5, 0xFF, 0xDA, 0, 3, 2, 8, 0xFF, 0xD9]

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] { [0, 0, 0, UInt8(data.count)] + Array(name.utf8) + data + [1, 2, 3, 4] }
    private static let pngHead: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    @Test("a picture leaves without what is written beside it, and only whole")
    func picture() {
        #expect(RemotePicture.stripped(Self.jpeg) == RemotePicture(type: "image/jpeg", bytes: Self.jpegSeen))
        let png = Self.pngHead + Self.chunk("IHDR", [1]) + Self.chunk("tEXt", Array("Alice".utf8)) + Self.chunk("eXIf", Array("GPS".utf8)) + Self.chunk("IDAT", [7]) + Self.chunk("IEND", [])
        #expect(RemotePicture.stripped(png + [9, 9]) == RemotePicture(type: "image/png", bytes: Self.pngHead + Self.chunk("IHDR", [1]) + Self.chunk("IDAT", [7]) + Self.chunk("IEND", [])))
        for whole in [Self.jpegSeen, png] { for cut in 0..<whole.count { #expect(RemotePicture.stripped(Array(whole.prefix(cut))) == nil) } }
        #expect(RemotePicture.stripped(Array("RIFF....WEBP".utf8)) == nil)
        // A length that leads out of the file.
        #expect(RemotePicture.stripped(Self.pngHead + [0xFF, 0xFF, 0xFF, 0xFF] + Array("IHDR".utf8) + [0, 0, 0, 0]) == nil)
    }

    @Test("Lyria is given the prompt and the picture as parts; other tiers and clips are not")
    func lyriaPicture() async throws {
        let folder = Folder()
        try Data(Self.jpeg).write(to: URL(fileURLWithPath: folder.file("cover.jpg")))
        let server = RawServer { _ in .answer(200, #"{"outputs":[{"type":"audio","mime_type":"audio/mpeg","data":"AAECAw=="}]}"#) }
        defer { server.stop() }
        var request = GenerateRequest(prompt: "like this", seed: 1, output: folder.file("out.wav"), container: .wav)
        request.picture = PictureSource(path: folder.file("cover.jpg"), isClip: false)
        let tier = LyriaTier(.on(server, .lyria))
        #expect(tier.takesPictures && tier.fit(.generate(request)) == .yes(inText: [.tempo, .key, .meter, .length]))
        #expect(!GradioTier(.on(server, .gradio)).takesPictures && !LatheServerTier(.on(server, .lathe)).takesPictures && Job.generate(request).localOnlyReason == nil)
        var call = Call.generate("like this")
        call.order.picture = try RemotePicture.load(folder.file("cover.jpg")).get()
        #expect(await call.outcome(of: tier) == nil)
        let asked = try #require(server.requests("/v1beta/interactions").first)
        let input = try #require(JSONValue(bytes: asked.body)?["input"])
        #expect(input[0]?["text"]?.string == "like this" && input[1]?["type"]?.string == "image" && input[1]?["mime_type"]?.string == "image/jpeg")
        #expect(input[1]?["data"]?.string == Data(Self.jpegSeen).base64EncodedString())
        try Data("no picture".utf8).write(to: URL(fileURLWithPath: folder.file("cover.jpg")))
        #expect(!tier.fit(.generate(request)).fits)
        request.picture = PictureSource(path: folder.file("cover.jpg"), isClip: true)
        #expect(Job.generate(request).localOnlyReason == "clips are looked at here")
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
