import AudioFiles
import Foundation
import Mastering
import PrivacyLedger
@testable import RemoteTiers
import Rendering
import TestSupport
import Testing

/// The engine with tiers: what lies on disk and in the ledger after each kind of failure.
@Suite("The engine and its tiers")
struct EngineTests {
    private static func app(_ sound: [UInt8], instead: @escaping @Sendable (RawServer.Request) -> RawServer.Reply? = { _ in nil }) -> RawServer {
        let parameters = ["audio", "preset", "format"].map { #"{"parameter_name":"\#($0)"}"# }.joined(separator: ",")
        return RawServer { request in
            if let reply = instead(request) { return reply }
            switch request.path.prefix(while: { $0 != "?" }) {
            case "/config": return .answer(200, #"{"version":"6.31.0","api_prefix":"/gradio_api","protocol":"sse_v3","dependencies":[{"id":0,"api_name":"master"}]}"#)
            case "/gradio_api/info": return .answer(200, #"{"named_endpoints":{"/master":{"parameters":[\#(parameters)]}}}"#)
            case "/gradio_api/upload": return .answer(200, #"["/tmp/in.wav"]"#)
            case "/gradio_api/queue/join": return .answer(200, #"{"event_id":"e"}"#)
            case "/gradio_api/queue/data":
                return .events([#"{"msg":"process_completed","event_id":"e","success":true,"output":{"data":[{"path":"/tmp/out.wav"}]}}"#])
            case "/gradio_api/file=/tmp/out.wav": return .sound(sound)
            default: return .answer(404, "{}")
            }
        }
    }

    private struct House {
        let folder: Folder
        let ledger: Ledger
        let engine: RenderEngine
        let request: MasterRequest

        init(_ tiers: [TierSettings], seconds: Double = 2) async throws {
            folder = Folder()
            try Data(Sounds.wav(seconds: seconds)).write(to: URL(fileURLWithPath: folder.file("mix.wav")))
            ledger = try await Ledger.open(at: folder.file("state"), surroundings: Surroundings(swap: .none, memoryQuota: 1 << 30))
            engine = RenderEngine(ledger: ledger, remotes: RemoteTierList.make(tiers), slots: 1)
            request = MasterRequest(input: folder.file("mix.wav"), output: folder.file("out.wav"), preset: Preset(), container: .wav, force: false)
        }

        func end() async {
            await engine.shutDown()
            await ledger.close()
        }

        var line: String { get async { await engine.jobs().last?.route?.line(now: 0) ?? "" } }
    }

    @Test("a master comes back from a tier, is measured here, and its rows tell what left")
    func good() async throws {
        let sound = try Sounds.wav(seconds: 2, level: 0.5), server = Self.app(sound)
        defer { server.stop() }
        let house = try await House([.on(server, .gradio, name: "gpu")])
        let status = try #require(await house.engine.outcome(of: house.engine.submit(.master(house.request))))
        #expect(status.state == .finished && status.tier == "gpu", "\(status.failure?.message ?? "")")
        #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: house.request.output))) == sound)
        let result = try #require(status.result?.masters.first)
        #expect(result.tier == "gpu" && result.after.seconds == 2 && result.after.integratedLUFS != nil && result.before.integratedLUFS != nil)
        let rows = try await house.ledger.list().filter { $0.place.tierName == "gpu" }
        #expect(Set(rows.map(\.kind)) == [.tierInput, .tierOutput])
        #expect(house.ledger.summary.bytesLeft == Int64(try Data(contentsOf: URL(fileURLWithPath: house.request.input)).count))
        let told = await house.line
        #expect(told.hasPrefix("gpu ✓"))
        await house.end()
    }

    @Test("whatever comes back wrong, the next tier makes it, and the line says why", arguments: [
        ("silence", "gpu ✗ (result is silent) → local ✓"), ("short", "gpu ✗ (result of wrong length) → local ✓"), ("mono", "gpu ✗ (result has wrong channels) → local ✓"),
        ("garbage", "gpu ✗ (result is no audio) → local ✓"), ("quota", "gpu ✗ (quota used up"), ("full", "gpu ✗ (busy"), ("page", "gpu ✗ (speaks another protocol"),
        ("key", "gpu ✗ (key refused) → local ✓"),
    ])
    func failsOver(how: String, line: String) async throws {
        var sound = try Sounds.wav(seconds: how == "short" ? 1 : 2, channels: how == "mono" ? 1 : 2, level: how == "silence" ? 0 : 0.4)
        if how == "garbage" { sound = (0..<50_000).map { _ in UInt8.random(in: 0...255) } }
        let server = Self.app(sound) { request in
            switch (how, request.path) {
            case ("quota", let path) where path.hasPrefix("/gradio_api/queue/data"):
                .events([#"{"msg":"process_completed","event_id":"e","success":false,"output":{"error":"You have exceeded your GPU quota (60s requested vs. 0s left). Try again in 0:20:00"}}"#])
            case ("full", "/gradio_api/queue/join"): .answer(503, #"{"detail":"Queue is full. Max size is 1 and size is 1."}"#, headers: ["retry-after: 60"])
            case ("page", "/config"): .answer(200, "<html>", type: "text/html")
            case ("key", "/config"): .answer(401, "{}")
            default: nil
            }
        }
        defer { server.stop() }
        let house = try await House([.on(server, .gradio, name: "gpu")])
        let status = try #require(await house.engine.outcome(of: house.engine.submit(.master(house.request))))
        #expect(status.state == .finished && status.tier == "local", "\(status.failure?.message ?? "")")
        let told = await house.line
        #expect(told.hasPrefix(line), "\(told)")
        #expect(try house.folder.names.filter { $0 != "state" }.sorted() == ["mix.wav", "out.wav"])
        await house.end()
    }

    @Test("nothing goes to a third party without consent, and not even a connection is made")
    func noConsent() async throws {
        let server = Self.app(try Sounds.wav(seconds: 2))
        defer { server.stop() }
        var settings = TierSettings.on(server, .gradio, name: "space")
        settings.privacyClass = .thirdParty
        let house = try await House([settings])
        let status = try #require(await house.engine.outcome(of: house.engine.submit(.master(house.request))))
        #expect(status.state == .finished && status.tier == "local")
        #expect(server.requests.isEmpty)
        let told = await house.line
        #expect(told.hasPrefix("space ✗ (third party: not allowed) → local ✓"))
        #expect(house.ledger.summary.bytesLeft == 0)
        await house.end()
    }

    @Test("who is asked and says yes sends once, and is on record", arguments: [ConsentReply.once, .always, .no, .never])
    func consent(reply: ConsentReply) async throws {
        let server = Self.app(try Sounds.wav(seconds: 2))
        defer { server.stop() }
        var settings = TierSettings.on(server, .gradio, name: "space")
        settings.privacyClass = .thirdParty
        let house = try await House([settings])
        var request = house.request
        request.mayAsk = true
        let events = await house.engine.events()
        let id = await house.engine.submit(.master(request))
        for await event in events {
            guard case .job(let status) = event, status.id == id, status.route?.question != nil else { continue }
            #expect(server.requests.isEmpty)
            await house.engine.answer(id, reply)
            break
        }
        let status = try #require(await house.engine.outcome(of: id))
        let isYes = reply == .once || reply == .always
        #expect(status.tier == (isYes ? "space" : "local"))
        #expect(try await house.ledger.consents().map(\.scope.rawValue) == (reply == .no ? [] : [reply.rawValue]))
        await house.end()
    }

    @Test("a tier that was named is the only one: its failure is the job's")
    func named() async throws {
        let server = Self.app(try Sounds.wav(seconds: 1))
        defer { server.stop() }
        let house = try await House([.on(server, .gradio, name: "gpu")])
        var request = house.request
        request.tier = "gpu"
        let status = try #require(await house.engine.outcome(of: house.engine.submit(.master(request))))
        #expect(status.state == .failed && status.failure?.exitCode == 69)
        #expect(status.failure?.message.contains("gpu ✗ (result of wrong length)") == true)
        #expect(try house.folder.names.filter { $0 != "state" } == ["mix.wav"])
        await house.end()
    }

    @Test("a cancel ends the job at once, and nothing is left")
    func cancelled() async throws {
        let server = Self.app([]) { $0.path.hasPrefix("/gradio_api/queue/data") ? .thenSilence(RawServer.Reply.stream([#"{"msg":"process_starts","event_id":"e"}"#])) : nil }
        defer { server.stop() }
        let house = try await House([.on(server, .gradio, name: "gpu")])
        let events = await house.engine.events()
        let id = await house.engine.submit(.master(house.request))
        for await event in events {
            guard case .job(let status) = event, status.remote != nil else { continue }
            break
        }
        let start = ContinuousClock.now
        await house.engine.cancel(id)
        let status = await house.engine.outcome(of: id)
        #expect(status?.state == .cancelled)
        #expect(ContinuousClock.now - start < .milliseconds(100))
        await house.end()
        #expect(try house.folder.names.filter { $0 != "state" } == ["mix.wav"])
    }

    @Test("what the check refused is kept sealed under a row, saved when asked for, and ends with its row")
    func rejected() async throws {
        let sound = try Sounds.wav(seconds: 2, level: 0), server = Self.app(sound)
        defer { server.stop() }
        let house = try await House([.on(server, .gradio, name: "gpu")])
        let id = await house.engine.submit(.master(house.request))
        #expect(await house.engine.outcome(of: id)?.tier == "local")
        var row: LedgerRow?
        while row == nil { row = try await house.ledger.list().first { $0.kind == .rejectedResult && $0.bytes == Int64(sound.count) } }
        let kept = try #require(row)
        #expect(kept.rule == .unsaved && kept.purpose == .diagnosis && kept.erasureClass == .e1 && kept.expiresInSeconds.map { $0 > 1000 && $0 <= 1800 } == true)
        // Whether it is plain where it lies: nothing with a name, and the ledger's folder does not hold it.
        #expect(try house.folder.names.filter { $0 != "state" }.sorted() == ["mix.wav", "out.wav"])
        try await house.engine.saveRejected(id, to: house.folder.file("refused.wav"))
        #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: house.folder.file("refused.wav")))) == sound)
        await #expect(throws: AudioFileError.self) { try await house.engine.saveRejected(id, to: house.folder.file("out.wav")) }
        #expect(await house.ledger.destroy(anyOf: [kept.id]).destroyed == [kept.id])
        await #expect(throws: JobFailure.self) { try await house.engine.saveRejected(id, to: house.folder.file("again.wav")) }
        #expect(try house.folder.names.filter { $0 != "state" }.sorted() == ["mix.wav", "out.wav", "refused.wav"])
        await house.end()
    }

    @Test("who destroys a row at a tier has the tier asked; where that cannot delete, the row says so and stays, and the job is not sent there again")
    func askedBack() async throws {
        let server = Self.app([]) { $0.path.hasPrefix("/gradio_api/queue/data") ? .thenSilence(RawServer.Reply.stream([#"{"msg":"process_starts","event_id":"e"}"#])) : nil }
        defer { server.stop() }
        let house = try await House([.on(server, .gradio, name: "gpu")])
        let events = await house.engine.events()
        let id = await house.engine.submit(.master(house.request))
        for await event in events {
            guard case .job(let status) = event, status.remote != nil else { continue }
            break
        }
        let row = try #require(try await house.ledger.list().first { $0.kind == .tierInput })
        while try await house.ledger.copy(of: row.id) == nil { await Task.yield() }
        #expect(await house.ledger.destroy(anyOf: [row.id]).pending == [row.id])
        while try await house.ledger.list().first(where: { $0.id == row.id })?.state != .live { await Task.yield() }
        let told = try #require(server.requests("/gradio_api/cancel").first)
        #expect(JSONValue(bytes: told.body)?["event_id"]?.string == "e")
        await house.engine.cancel(id)
        #expect(await house.engine.outcome(of: id)?.state == .cancelled)
        await house.end()
        #expect(server.requests("/gradio_api/queue/join").count == 1)
    }

    @Test("with no tier configured the way of a job is not even written down")
    func localOnly() async throws {
        let house = try await House([])
        let status = try #require(await house.engine.outcome(of: house.engine.submit(.master(house.request))))
        #expect(status.state == .finished && status.tier == "local" && status.reason == "the only tier" && status.route == nil)
        await house.end()
    }
}
