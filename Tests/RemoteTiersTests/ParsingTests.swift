import Foundation
@testable import RemoteTiers
import Rendering
import Testing

@Suite("What answers are made of")
struct ParsingTests {
    @Test("quota texts give the time they name", arguments: [
        ("You have exceeded your GPU quota (60s requested vs. 34s left). Try again in 0:12:34", TierError.quota(seconds: 754) as TierError?),
        ("You have exceeded your free ZeroGPU quota (120s requested vs. 0s left). Try again in 23:59:59", .quota(seconds: 86_399)),
        ("You have reached your Pro GPU quota. Try again in 1 day, 2:00:00", .quota(seconds: 93_600)),
        ("Unlogged user is runnning out of daily ZeroGPU quotas", nil),
        ("Daily limit reached, retry in 5 minutes", .quota(seconds: 300)),
        ("Rate limit exceeded. Try again in 90s.", .quota(seconds: 90)),
        ("Queue is full. Max size is 20", .busy(retryAfter: nil)),
        ("CUDA error", nil),
    ])
    func quotaTexts(text: String, expected: TierError?) {
        #expect(QuotaText.error(in: text) == expected)
    }

    @Test("events come out whole, however the bytes are cut")
    func eventStream() throws {
        let bytes = Array(": hello\r\nevent: job\r\ndata: {\"a\":\r\ndata:  1}\r\n\r\nid: 4\ndata: two\n\ndata:three\r\rdata: unfinished".utf8)
        for size in [1, 2, 3, 7, bytes.count] {
            var parser = EventStreamParser(limit: 1000), events: [EventStreamParser.Event] = []
            for start in stride(from: 0, to: bytes.count, by: size) { events += try parser.parse(bytes[start..<min(start + size, bytes.count)]) }
            #expect(events.map { String(decoding: $0.data, as: UTF8.self) } == ["{\"a\":\n 1}", "two", "three"])
            #expect(events.map(\.name) == ["job", "", ""])
        }
    }

    @Test("an event without an end does not fill the memory")
    func eventLimit() {
        var parser = EventStreamParser(limit: 100)
        #expect(throws: EventStreamParser.TooLarge.self) { for _ in 0..<101 { _ = try parser.parse(Array("data: x".utf8)) } }
    }

    @Test("differences of Gradio are put together", arguments: [
        (#"{"a":[1,2,3]}"#, #"[["delete",["a",1],null],["add",["a",2],4]]"#, #"{"a":[1,3,4]}"# as String?),
        (#""ab""#, #"[["append",[],"cd"]]"#, #""abcd""#),
        (#"[1]"#, #"[["append",[],[2]]]"#, "[1,2]"),
        (#"{"a":{"b":1}}"#, #"[["replace",["a","b"],2],["add",["c"],3]]"#, #"{"a":{"b":2},"c":3}"#),
        (#"[1]"#, #"[["replace",[7],2]]"#, nil),
        (#"1"#, #"[["explode",[],2]]"#, nil),
    ])
    func diffs(value: String, diff: String, expected: String?) throws {
        let result = GradioDiff.apply(try #require(JSONValue(bytes: Array(diff.utf8))), to: try #require(JSONValue(bytes: Array(value.utf8))))
        #expect(result.map { String(decoding: $0.bytes, as: UTF8.self) } == expected)
    }

    @Test("text from outside cannot steer a terminal, and is short")
    func cleaning() {
        let text = RemoteText.clean("a\u{1B}[2J\u{202E}b\r\n\tc <script>x</script>" + String(repeating: "y", count: 10_000))
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E } && text.count < 300)
    }

    @Test("an address of another host is never resolved", arguments: [
        ("/file=/tmp/a.wav", "http://gpu.example:7860/file=/tmp/a.wav" as String?), ("http://gpu.example:7860/x?y=1", "http://gpu.example:7860/x?y=1"),
        ("https://gpu.example:7860/x", nil), ("http://gpu.example/x", nil), ("//evil.example/x", nil), ("http://user@gpu.example:7860/x", nil),
        ("file:///etc/passwd", nil), ("http://gpu.example:7860@evil.example/x", nil),
    ])
    func sameOrigin(location: String, expected: String?) throws {
        let url = try #require(TierURL("http://gpu.example:7860"))
        #expect(url.resolve(location, from: url.string("/")) == expected)
    }

    @Test("addresses that carry keys or lead nowhere are refused", arguments: ["ftp://x", "http://", "https://user:key@host", "https://host/?key=1", "https://host/#x", "nonsense", "http://host:99999"])
    func badAddresses(text: String) { #expect(TierURL(text) == nil) }

    @Test("status and body give the class", arguments: [
        (429, "", 20.0 as Double?, TierError.busy(retryAfter: 20)), (429, "", 3600, .quota(seconds: 3600)), (503, "", 7, .busy(retryAfter: 7)),
        (500, #"{"error":{"message":"boom"}}"#, nil, .workerFailure("boom")), (422, #"{"detail":[{"msg":"field required"}]}"#, nil, .invalidRequest("field required")),
        (400, #"{"error":{"message":"bad_prompt: copyrighted artist"}}"#, nil, .contentPolicy("bad_prompt: copyrighted artist")),
        (401, "", nil, .auth), (402, "", nil, .quota(seconds: nil)), (404, "", nil, .transport(.protocolMismatch)),
    ])
    func statuses(status: Int, body: String, after: Double?, expected: TierError) {
        #expect(HTTPStatus.error(status, body: Array(body.utf8), type: "application/json", retryAfter: after) == expected)
    }
}
