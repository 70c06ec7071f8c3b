import Playback

/// What a request asks for, or why it is refused. Pure.
enum PageRequest: Equatable {
    /// A part of the page by its name; `page.html` for the page itself.
    case part(String)
    case events
    case sound(SoundRequest)
    /// Says what the sound is, not any of it.
    case soundHead
    case order(PageOrder)
    case report(generation: Int, heard: Int, rolling: Bool)
    case left
    /// To the same place with a slash at its end.
    case redirect(String)
    case refused(Int)

    struct SoundRequest: Equatable {
        var generation: Int
        var range: ByteRange
        var bits: Int
        var heard: Int?
        var rolling: Bool
    }

    static let parts = ["page.html", "page.css", "page.js", "voices.js"]

    /// - Parameters:
    ///   - body: of a POST, at most 64 bytes.
    init(method: String, uri: String, host: String?, origin: String?, range: String?, body: String, token: String) {
        // A name that leads to 127.0.0.1 by somebody's DNS is not ours; the port may be any, since it may be forwarded.
        guard let host, Self.isLoopback(host), origin.map({ Self.isLoopback($0.replacing("http://", with: "", maxReplacements: 1)) }) != false else {
            self = .refused(404)
            return
        }
        let (path, query) = Self.split(uri)
        let steps = path.split(separator: "/", omittingEmptySubsequences: false)
        guard steps.count >= 2, steps[0].isEmpty, Self.equal(String(steps[1]), token) else {
            self = .refused(404)
            return
        }
        if steps.count == 2 {
            self = .redirect("/\(token)/")
            return
        }
        guard steps.count == 3 else {
            self = .refused(404)
            return
        }
        let name = steps[2].isEmpty ? "page.html" : String(steps[2])
        switch (method, name) {
        case ("GET", "events"): self = .events
        case ("GET", "sound"): self = Self.sound(query, range)
        case ("HEAD", "sound"): self = .soundHead
        case ("POST", "do"): self = Self.order(body).map(PageRequest.order) ?? .refused(400)
        case ("POST", "heard"): self = Self.report(body) ?? .refused(400)
        case ("POST", "left"): self = .left
        case ("GET", _) where Self.parts.contains(name), ("HEAD", _) where Self.parts.contains(name): self = .part(name)
        default: self = .refused(["GET", "HEAD", "POST"].contains(method) ? 404 : 405)
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        let name = host.hasPrefix("[") ? host.prefix(while: { $0 != "]" }) + "]" : host.prefix(while: { $0 != ":" })
        return ["127.0.0.1", "localhost", "[::1]"].contains(name.lowercased())
    }

    /// In the same time however many characters are right.
    private static func equal(_ a: String, _ b: String) -> Bool {
        let (a, b) = (Array(a.utf8), Array(b.utf8))
        guard a.count == b.count else { return false }
        return zip(a, b).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func split(_ uri: String) -> (String, [String: String]) {
        let halves = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var query: [String: String] = [:]
        for pair in halves.count > 1 ? halves[1].split(separator: "&") : [] {
            let sides = pair.split(separator: "=", maxSplits: 1)
            if sides.count == 2 { query[String(sides[0])] = String(sides[1]) }
        }
        return (String(halves.first ?? ""), query)
    }

    private static func sound(_ query: [String: String], _ range: String?) -> PageRequest {
        guard let generation = query["g"].flatMap({ Int($0) }), let bits = Int(query["bits"] ?? "24"), [16, 24].contains(bits) else { return .refused(400) }
        // There is no whole of a sound that goes on.
        guard let range, let range = ByteRange(range) else { return .refused(416) }
        return .sound(SoundRequest(generation: generation, range: range, bits: bits, heard: query["heard"].flatMap { Int($0) }, rolling: query["rolling"] == "1"))
    }

    private static func order(_ body: String) -> PageOrder? {
        let words = body.split(separator: " ")
        func number() -> Double? { words.count == 2 ? Double(words[1]).flatMap { $0.isFinite ? $0 : nil } : nil }
        switch words.first {
        case "play" where words.count == 1: return .play
        case "pause" where words.count == 1: return .pause
        case "a" where words.count == 1: return .voice(.original)
        case "b" where words.count == 1: return .voice(.master)
        case "difference" where words.count == 1: return .voice(.difference)
        case "seek": return number().map { .seek(seconds: $0) }
        case "move": return number().map { .move(seconds: $0) }
        default: return nil
        }
    }

    private static func report(_ body: String) -> PageRequest? {
        let words = body.split(separator: " ").compactMap { Int($0) }
        guard words.count == 3, words[2] == 0 || words[2] == 1 else { return nil }
        return .report(generation: words[0], heard: words[1], rolling: words[2] == 1)
    }
}

/// One range of bytes (RFC 9110, section 14.1.2). Several at once are not taken.
enum ByteRange: Equatable {
    /// Both included.
    case closed(first: Int, last: Int)
    case from(Int)
    /// The last so many.
    case suffix(Int)

    /// - Parameter text: `bytes=0-499`, `bytes=500-`, `bytes=-200`.
    init?(_ text: String) {
        guard text.hasPrefix("bytes=") else { return nil }
        let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        func number(_ text: Substring) -> Int? { text.isEmpty || !text.allSatisfy { $0.isASCII && $0.isNumber } ? nil : Int(text) }
        guard ends.count == 2 else { return nil }
        switch (ends[0].isEmpty, ends[1].isEmpty) {
        case (true, true): return nil
        case (true, false):
            guard let count = number(ends[1]), count > 0 else { return nil }
            self = .suffix(count)
        case (false, true):
            guard let first = number(ends[0]) else { return nil }
            self = .from(first)
        case (false, false):
            guard let first = number(ends[0]), let last = number(ends[1]), last >= first else { return nil }
            self = .closed(first: first, last: last)
        }
    }

    /// The frames that cover it, and which of their bytes are meant.
    /// - Parameters:
    ///   - length: bytes there are now.
    ///   - most: frames that one answer may have.
    func frames(ofBytes frameBytes: Int, length: Int, most: Int) -> (first: Int, count: Int, skip: Int, bytes: Int)? {
        var (first, end): (Int, Int)
        switch self {
        case .closed(let a, let b): (first, end) = (a, b == .max ? b : b + 1)
        // What there is, or what comes next.
        case .from(let a): (first, end) = (a, max(length, a + frameBytes))
        case .suffix(let count): (first, end) = (max(0, length - count), length)
        }
        guard first < end, first < .max / 2 else { return nil }
        end = min(end, first + most * frameBytes)
        let firstFrame = first / frameBytes, endFrame = (end + frameBytes - 1) / frameBytes
        return (firstFrame, endFrame - firstFrame, first - firstFrame * frameBytes, end - first)
    }
}
