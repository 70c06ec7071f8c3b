import Rendering

/// What the status of an answer means for a job (RFC 9110, 15).
enum HTTPStatus {
    /// A longer wait than this is a quota, not a queue.
    private static let longestQueue = 300.0

    static func error(_ status: Int, body: [UInt8], type: String, retryAfter: Double?) -> TierError {
        let message = RemoteText.message(in: body)
        switch QuotaText.error(in: message) {
        // The text says what, the header when.
        case .busy(nil): return .busy(retryAfter: retryAfter)
        case .quota(nil): return .quota(seconds: retryAfter)
        case let known?: return known
        case nil: break
        }
        let isPage = type.contains("html")
        switch status {
        case 401, 403: return isModeration(message) ? .contentPolicy(message) : .auth
        case 402: return .quota(seconds: retryAfter)
        case 400, 413, 415, 422: return isModeration(message) ? .contentPolicy(message) : .invalidRequest(message)
        case 429: return retryAfter.map { $0 > longestQueue } ?? false ? .quota(seconds: retryAfter) : .busy(retryAfter: retryAfter)
        case 503: return isWaking(message) ? .coldStart(message) : .busy(retryAfter: retryAfter)
        case 500, 502, 504: return isWaking(message) ? .coldStart(message) : .workerFailure(isPage ? "" : message)
        // A page where an answer should be, a redirect that leads away, a path that is not there: another protocol.
        default: return isWaking(message) ? .coldStart(message) : .transport(.protocolMismatch)
        }
    }

    /// Of services that say why they refuse a prompt or a sound.
    static func isModeration(_ message: String) -> Bool {
        let text = message.lowercased()
        return ["content policy", "content_policy", "bad_prompt", "moderation", "safety", "copyrighted", "terms of service"].contains { text.contains($0) }
    }

    /// Of services that sleep until somebody comes.
    static func isWaking(_ message: String) -> Bool {
        let text = message.lowercased()
        return ["is sleeping", "is paused", "is building", "is starting", "model is loading", "currently loading", "preparing space", "cold start"].contains { text.contains($0) }
    }
}

/// What free services say when somebody's share is used up.
enum QuotaText {
    /// `You have exceeded your GPU quota (60s requested vs. 34s left). Try again in 0:12:34`, as ZeroGPU words it, in all its variants known
    /// so far; `No GPU was available`, `GPU task aborted`, and the plain ones.
    static func error(in message: String) -> TierError? {
        let text = message.lowercased()
        if text.contains("quota") && (text.contains("exceed") || text.contains("requested") || text.contains("reached") || text.contains("ran out") || text.contains("left")) {
            return .quota(seconds: duration(in: text))
        }
        if text.contains("daily") && text.contains("limit") || text.contains("rate limit exceeded") { return .quota(seconds: duration(in: text)) }
        if text.contains("no gpu was available") || text.contains("no gpu is currently available") || text.contains("queue is full") || text.contains("queue full") || text.contains("too many requests") {
            return .busy(retryAfter: duration(in: text))
        }
        if text.contains("gpu task aborted") || text.contains("worker died") || text.contains("out of memory") { return .workerFailure(message) }
        return nil
    }

    /// After "try again in" or "retry in": `0:12:34`, `12:34`, `1 day, 0:12:34`, `90 seconds`, `5 minutes`. Seconds.
    static func duration(in text: String) -> Double? {
        guard let range = text.firstRange(of: "try again in ") ?? text.firstRange(of: "retry in ") ?? text.firstRange(of: "retry after ") ?? text.firstRange(of: "available in ") else { return nil }
        var seconds = 0.0
        var found = false
        let words = text[range.upperBound...].prefix(60).split { $0 == " " || $0 == "," }
        for (n, word) in words.enumerated().prefix(6) {
            let clean = word.prefix { $0.isNumber || $0 == ":" || $0 == "." }
            guard !clean.isEmpty else { continue }
            if clean.contains(":") {
                let parts = clean.split(separator: ":").map { Double($0) ?? 0 }
                guard (2...3).contains(parts.count) else { continue }
                seconds += parts.reduce(0) { $0 * 60 + $1 }
                found = true
                break
            }
            let trimmed = clean.hasSuffix(".") ? clean.dropLast() : clean
            guard let number = Double(trimmed) else { continue }
            let attached = word.dropFirst(clean.count)
            let unit = attached.isEmpty ? (n + 1 < words.count ? words[n + 1] : "") : attached
            switch unit.first {
            case "d": seconds += number * 86_400
            case "h": seconds += number * 3600
            case "m": seconds += number * 60
            case "s": seconds += number
            default: continue
            }
            found = true
        }
        return found && seconds.isFinite ? min(seconds, 7 * 86_400) : nil
    }
}
