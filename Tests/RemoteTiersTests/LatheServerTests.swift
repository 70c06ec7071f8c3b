import Foundation
import PrivacyLedger
@testable import RemoteTiers
@testable import Rendering
import Synchronization
import TestSupport
import Testing

@Suite("Lathe server, from fixtures")
struct LatheServerTests {
    private static let job = #"{"job":"J1","kind":"master","state":"%","stage":"solving","fraction":0.5,"position":2,"output_item":"0123456789abcdef","receipts":[]}"#
    private static func job(_ state: String) -> String { job.replacingOccurrences(of: "%", with: state) }

    private func server(_ instead: @escaping @Sendable (RawServer.Request) -> RawServer.Reply? = { _ in nil }) -> RawServer {
        RawServer { request in
            if let reply = instead(request) { return reply }
            switch (request.method, request.path) {
            case ("POST", "/v1/uploads"): return .answer(201, #"{"upload":"U1","offset":0}"#)
            case ("PATCH", "/v1/uploads/U1"):
                let offset = Int(request.headers["upload-offset"] ?? "") ?? 0
                return .answer(200, #"{"offset":\#(offset + request.body.count)}"#)
            case ("POST", "/v1/jobs"): return .answer(202, Self.job("queued"))
            case ("GET", "/v1/jobs/J1/events"): return .events([Self.job("queued"), Self.job("running"), Self.job("finished")])
            case ("GET", "/v1/jobs/J1/result"): return .sound([5, 6, 7])
            case ("POST", "/v1/jobs/J1/acknowledge"), ("DELETE", "/v1/jobs/J1"): return .answer(200, #"{"receipts":[]}"#)
            default: return .answer(404, #"{"error":{"code":"not_found","message":"no such thing"}}"#)
            }
        }
    }

    private func masterCall(_ bytes: Int = 100_000) throws -> (Call, FileHandle) {
        let input = FileHandle.temporary
        input.write(Data((0..<bytes).map { UInt8(truncatingIfNeeded: $0) }))
        let sound = RemoteOrder.Sound(descriptor: input.fileDescriptor, bytes: Int64(bytes), ending: "wav")
        return (Call(.master(sound, presetTOML: "schema = 1", curveTOML: nil, container: "wav")), input)
    }

    @Test("a master is uploaded, made under the job's key, fetched and acknowledged; no name of a file leaves")
    func master() async throws {
        let server = server(), (call, input) = try masterCall()
        defer { server.stop(); input.closeFile() }
        #expect(await call.outcome(of: LatheServerTier(.on(server, .lathe))) == nil)
        #expect(call.received == [5, 6, 7])
        #expect(server.requests("/v1/uploads/U1").first?.body.count == 100_000)
        let made = try #require(server.requests("/v1/jobs").first { $0.method == "POST" && $0.path == "/v1/jobs" })
        #expect(made.headers["idempotency-key"] == call.order.key)
        #expect(JSONValue(bytes: made.body)?["upload"]?.string == "U1")
        #expect(server.requests("/v1/jobs/J1/acknowledge").count == 1)
        #expect(JSONValue(bytes: try #require(server.requests("/v1/uploads").first).body)?["item"]?.string == call.order.inputRow.rawValue)
    }

    @Test("an upload whose line breaks goes on where the server stands")
    func resumes() async throws {
        let broke = Mutex(false)
        let server = server { request in
            if request.method == "PATCH", !broke.withLock({ was in defer { was = true }; return was }) { return .thenEnd([]) }
            if request.method == "GET", request.path == "/v1/uploads/U1" { return .answer(200, #"{"offset":40000,"bytes":100000}"#) }
            return nil
        }
        let (call, input) = try masterCall()
        defer { server.stop(); input.closeFile() }
        #expect(await call.outcome(of: LatheServerTier(.on(server, .lathe))) == nil)
        let patches = server.requests("/v1/uploads/U1").filter { $0.method == "PATCH" }
        #expect(patches.map { $0.headers["upload-offset"] } == ["0", "40000"])
        #expect(patches.last?.body.first == UInt8(truncatingIfNeeded: 40_000) && patches.last?.body.count == 60_000)
    }

    @Test("its error codes are the classes", arguments: [
        (503, #"{"error":{"code":"busy","message":"full","retry_after_seconds":7}}"#, TierError.busy(retryAfter: 7)),
        (402, #"{"error":{"code":"quota","message":"no credits"}}"#, .quota(seconds: nil)),
        (401, #"{"error":{"code":"auth","message":"no token"}}"#, .auth),
        (422, #"{"error":{"code":"content_policy","message":"x","rule":"R7","span":[0,4]}}"#, .contentPolicy("rule R7")),
        (422, #"{"error":{"code":"invalid_request","message":"the preset\u001b[2J is wrong"}}"#, .invalidRequest("the preset\\u{1B}[2J is wrong")),
        (500, #"{"error":{"code":"failed","message":"disk"}}"#, .workerFailure("disk")),
        (502, "<html>Bad gateway</html>", .workerFailure("")),
        (200, "<html>", .transport(.protocolMismatch)),
    ])
    func errors(status: Int, body: String, expected: TierError) async {
        let server = server { $0.path == "/v1/jobs" ? .answer(status, body, type: body.hasPrefix("<") ? "text/html" : "application/json") : nil }
        defer { server.stop() }
        #expect(await Call.generate().outcome(of: LatheServerTier(.on(server, .lathe))) == expected)
    }

    @Test("a sound that no job takes is not left lying there")
    func refusedUpload() async throws {
        let server = server { $0.path == "/v1/jobs" ? .answer(503, #"{"error":{"code":"busy","message":"full","retry_after_seconds":7}}"#) : nil }
        let (call, input) = try masterCall()
        defer { server.stop(); input.closeFile() }
        #expect(await call.outcome(of: LatheServerTier(.on(server, .lathe))) == .busy(retryAfter: 7))
        #expect(server.requests("/v1/uploads/U1").count { $0.method == "DELETE" } == 1)
    }

    @Test("a job that fails there fails here, in its class, and is deleted there when something of ours lies there")
    func failsThere() async throws {
        let server = server { $0.path.hasSuffix("/events") ? .events([#"{"job":"J1","state":"failed","error":{"code":"invalid_request","message":"not audio"}}"#]) : nil }
        let (call, input) = try masterCall()
        defer { server.stop(); input.closeFile() }
        #expect(await call.outcome(of: LatheServerTier(.on(server, .lathe))) == .invalidRequest("not audio"))
        #expect(server.requests("/v1/jobs/J1").contains { $0.method == "DELETE" })
    }

    @Test("ids that would lead out of a path are refused", arguments: ["../../etc", "", "a/b", "x y"])
    func hostileIDs(id: String) async {
        let server = server { $0.path == "/v1/jobs" ? .answer(202, #"{"job":"\#(id)","state":"queued"}"#) : nil }
        defer { server.stop() }
        #expect(await Call.generate().outcome(of: LatheServerTier(.on(server, .lathe))) == .transport(.protocolMismatch))
    }

    @Test("what lies there is named for the ledger, and asked back by that name", arguments: [
        ("jobs/J1", "/v1/jobs/J1", 200, #"{"receipts":[]}"#, true), ("uploads/U1", "/v1/uploads/U1", 200, "{}", true), ("jobs/J1", "/v1/jobs/J1", 404, #"{"error":{"code":"not_found","message":"x"}}"#, true),
        ("jobs/J1", "/v1/jobs/J1", 404, "<html>", false), ("jobs/J1", "/v1/jobs/J1", 401, #"{"error":{"code":"auth","message":"x"}}"#, false), ("jobs/J1", "/v1/jobs/J1", 500, "", false),
    ])
    func askedBack(handle: String, path: String, status: Int, body: String, isDestroyed: Bool) async throws {
        let server = server { $0.method == "DELETE" && $0.path == path ? .answer(status, body) : nil }
        defer { server.stop() }
        #expect(await LatheServerTier(.on(server, .lathe)).destroy(handle).isDestroyed == isDestroyed)
        #expect(server.requests(path).map(\.method) == ["DELETE"])
    }

    @Test("a name that leads elsewhere is not asked for", arguments: ["", "jobs/", "jobs/../account", "account", "jobs/a/b", "/v1/account", "jobs/x y"])
    func hostileHandle(handle: String) async {
        let server = server()
        defer { server.stop() }
        #expect(await !LatheServerTier(.on(server, .lathe)).destroy(handle).isDestroyed)
        #expect(server.requests.isEmpty)
    }

    @Test("signed receipts reach the ledger's hand, and what is no receipt does not")
    func receipts() async throws {
        let signer = ReceiptSigner(), call = Call.generate()
        let signed = try signer.receipt(for: call.order.inputRow, .destroyed, bytes: 10, atMilliseconds: 1_800_000_000_000)
        let body = #"{"receipts":[\#(String(decoding: signed.json, as: UTF8.self)),{"item":"x"},7]}"#
        let server = server { $0.path.hasSuffix("/acknowledge") ? .answer(200, body) : nil }
        defer { server.stop() }
        let got = Mutex<[TierReceipt]>([])
        #expect(await call.outcome(of: LatheServerTier(.on(server, .lathe)), receipt: { receipt in got.withLock { $0.append(receipt) } }) == nil)
        #expect(got.withLock { $0 } == [signed])
        #expect(got.withLock { $0 }.first?.isSigned == true)
    }
}
