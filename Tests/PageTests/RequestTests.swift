@testable import Page
import Playback
import Testing

private let token = "0123456789abcdef0123456789abcdef"

private func request(_ uri: String, method: String = "GET", host: String? = "127.0.0.1:8417", origin: String? = nil, range: String? = nil, body: String = "") -> PageRequest {
    PageRequest(method: method, uri: uri, host: host, origin: origin, range: range, body: body, token: token)
}

@Suite struct RequestTests {
    @Test func withoutTheTokenNothingIsThere() {
        for uri in ["/", "/page.js", "/sound?g=1", "/events", "/\(token.dropLast())/", "/\(token)x/", "/\(token.uppercased())/", "//\(token)/", ""] {
            #expect(request(uri) == .refused(404), "\(uri)")
        }
        #expect(request("/wrong/do", method: "POST", body: "play") == .refused(404))
    }

    @Test func thePageAndItsPartsAreThere() {
        #expect(request("/\(token)/") == .part("page.html"))
        #expect(request("/\(token)") == .redirect("/\(token)/"))
        #expect(request("/\(token)/voices.js") == .part("voices.js"))
        #expect(request("/\(token)/../page.js") == .refused(404))
        #expect(request("/\(token)/secret") == .refused(404))
        #expect(request("/\(token)/page.js", method: "DELETE") == .refused(405))
    }

    /// A name of somebody else's that leads to 127.0.0.1 (DNS rebinding), and a page of somebody else's that knows the address.
    @Test func namesAndOriginsOfOthersAreRefused() {
        for host in [nil, "example.com", "example.com:8417", "127.0.0.1.example.com", "192.168.1.2:8417", "[::2]:8417"] {
            #expect(request("/\(token)/", host: host) == .refused(404), "\(host ?? "-")")
        }
        for host in ["localhost:9000", "127.0.0.1", "[::1]:8417", "LOCALHOST:1"] {
            #expect(request("/\(token)/", host: host) == .part("page.html"), "a forwarded port may be another: \(host)")
        }
        #expect(request("/\(token)/do", method: "POST", origin: "https://example.com", body: "play") == .refused(404))
        #expect(request("/\(token)/do", method: "POST", origin: "http://localhost:9000", body: "play") == .order(.play))
    }

    @Test func ordersAreWordsOfAClosedList() {
        func order(_ body: String) -> PageRequest { request("/\(token)/do", method: "POST", body: body) }
        #expect(order("pause") == .order(.pause))
        #expect(order("a") == .order(.voice(.original)))
        #expect(order("b") == .order(.voice(.master)))
        #expect(order("difference") == .order(.voice(.difference)))
        #expect(order("seek 12.5") == .order(.seek(seconds: 12.5)))
        #expect(order("move -5") == .order(.move(seconds: -5)))
        for wrong in ["", "play now", "seek", "seek nan", "seek inf", "quit", "move x"] { #expect(order(wrong) == .refused(400), "\(wrong)") }
    }

    @Test func soundIsHadInRangesOnly() {
        #expect(request("/\(token)/sound?g=3") == .refused(416))
        #expect(request("/\(token)/sound?g=3", range: "bytes=0-1,5-6") == .refused(416))
        #expect(request("/\(token)/sound?g=3&bits=16&heard=480&rolling=1", range: "bytes=0-799")
            == .sound(.init(generation: 3, range: .closed(first: 0, last: 799), bits: 16, heard: 480, rolling: true)))
        #expect(request("/\(token)/sound?bits=24", range: "bytes=0-1") == .refused(400))
        #expect(request("/\(token)/sound?g=1&bits=8", range: "bytes=0-1") == .refused(400))
    }

    /// RFC 9110, section 14.1.2, with its examples.
    @Test func rangesAreReadAsTheStandardSays() {
        #expect(ByteRange("bytes=0-499") == .closed(first: 0, last: 499))
        #expect(ByteRange("bytes=9500-") == .from(9500))
        #expect(ByteRange("bytes=-500") == .suffix(500))
        for wrong in ["", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=-0", "bytes=a-b", "items=0-1", "bytes=0-1-2", "bytes=+1-2", "bytes=99999999999999999999-"] {
            #expect(ByteRange(wrong) == nil, "\(wrong)")
        }
    }

    @Test func aRangeIsCutAtItsBytesAndSizesNothing() {
        let closed = ByteRange.closed(first: 13, last: 36).frames(ofBytes: 12, length: 1200, most: 100)
        #expect(closed.map { [$0.first, $0.count, $0.skip, $0.bytes] } == [1, 3, 1, 24], "bytes 13…36 lie in frames 1…3")
        let huge = ByteRange.closed(first: 0, last: .max).frames(ofBytes: 12, length: 1200, most: 100)
        #expect(huge.map { [$0.first, $0.count, $0.bytes] } == [0, 100, 1200])
        #expect(ByteRange.closed(first: .max, last: .max).frames(ofBytes: 12, length: 0, most: 100) == nil)
        let last = ByteRange.suffix(24).frames(ofBytes: 12, length: 1200, most: 100)
        #expect(last.map { [$0.first, $0.count] } == [98, 2])
        #expect(ByteRange.suffix(24).frames(ofBytes: 12, length: 0, most: 100) == nil)
    }

    @Test func theLineForSSHIsTheOneOfTheSession() {
        func line(_ connection: String?, _ user: String = "mia") -> String? {
            PageAddress(port: 8417, token: token, environment: connection.map { ["SSH_CONNECTION": $0] } ?? [:], user: user).forward
        }
        #expect(line("198.51.100.7 51000 203.0.113.5 22") == "ssh -N -L 8417:127.0.0.1:8417 mia@203.0.113.5")
        #expect(line("198.51.100.7 51000 203.0.113.5 2222") == "ssh -N -L 8417:127.0.0.1:8417 -p 2222 mia@203.0.113.5")
        #expect(line("2001:db8::1 51000 2001:db8::2 22") == "ssh -N -L 8417:127.0.0.1:8417 mia@2001:db8::2")
        #expect(line(nil) == nil, "who sits here needs no ssh")
        #expect(line("a b $(reboot) 22") == nil, "it is to be pasted into a shell")
        #expect(line("198.51.100.7 51000 203.0.113.5 22", "-oProxyCommand=x")?.hasSuffix(" 203.0.113.5") == true)
    }

    @Test func tokensAre128RandomBits() {
        let tokens = Set((0..<1000).map { _ in PageAddress.makeToken() })
        #expect(tokens.count == 1000)
        #expect(tokens.allSatisfy { $0.utf8.count == 32 && $0.allSatisfy(\.isHexDigit) })
    }
}
