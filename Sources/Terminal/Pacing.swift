/// Decides when the next frame may go, from what the line has shown it can carry. Pure: time comes in as seconds.
///
/// A pseudo-terminal and a TCP connection take bytes long before they are on the screen, and do not say how many wait.
/// So the rate is learnt: from how fast a full line takes more, and, where the terminal answers, from how much longer than
/// the quickest answer a question behind a frame takes. Then a frame goes only when, by that rate, the last has drained;
/// a fast line never notices. Until the line has shown anything it is taken for a slow one that holds little more than a frame.
struct Pacing {
    /// Seconds between frames on a fast line.
    let shortest: Double
    /// Below two frames a second a picture no longer moves; only the queue may make it slower.
    static let longest = 0.5
    /// What a Linux pseudo-terminal holds when it refuses more is 13,824 bytes; a little less, to be sure that it is full.
    static let fullQueue = 12_288.0
    /// No line is taken for slower than this, and no drain for longer: a reader that stopped for a minute is not a slow line.
    static let slowestRate = 1024.0
    static let longestDrain = 4.0
    /// Seconds for which a late answer holds the next frame, and after which it no longer comes: on a line that stands still one frame in that time is enough.
    static let answerTimeout = 5.0
    /// After so many that never came the terminal has stopped answering.
    static let mostUnanswered = 6
    static let limitLifetime = 300.0
    /// What a line that has shown nothing yet may hold, about a frame of 120 × 36, and what it is taken to carry: the slowest that is worth it.
    static let unknownCredit = 6144.0
    static let unknownRate = 4096.0
    /// Seconds after which a terminal that answers nothing is trusted with more, the more the longer it has not refused any.
    static let unknownPatience = 5.0
    /// Seconds that an answer takes at least where nothing quicker has been seen: a bit of network.
    static let usualAnswer = 0.03
    /// Seconds between two full moments that make a measure: long enough to average, short enough that the line was not idle.
    static let shortestMeasure = 1.0
    static let longestMeasure = 4.0

    /// Bytes a second, once the line has shown a limit.
    private(set) var rate: Double?
    /// The terminal has answered behind a frame: what is believed of the line is known, not assumed.
    private(set) var isProven = false
    private var began: Double?
    private var queued = 0.0
    private var updated = 0.0
    private var lastFrame = -Double.infinity
    private var cost = 0.0

    private var wasFull = false
    /// When the line was last known to be full, and what it has taken since.
    private var full: (at: Double, bytes: Int)?
    private var lastLimit = 0.0

    /// Questions on their way, the oldest first: when they went, and bytes between the last answer and each.
    private var asked: [(at: Double, bytes: Int)] = []
    /// Bytes since the last answer, and when the first of them went.
    private var unconfirmed: (since: Double, bytes: Int) = (0, 0)
    private var quickest: Double?
    private var unanswered = 0
    /// It answered once: whether it or the line stands still cannot be told, and no patience makes that better.
    private var hasFallenSilent = false

    init(framesPerSecond: Double) { shortest = 1 / min(1000, max(1, framesPerSecond)) }

    /// The earliest moment for a frame that shows what the user did: when the last has drained, as far as is known.
    func nextUrgent() -> Double {
        var time = updated
        // A tenth in hand: a rate taken to the brim never empties the queue.
        if let rate {
            time += min(Self.longestDrain, queued / (0.9 * rate))
        } else if !isProven {
            time += max(0, queued - Self.unknownCredit) / assumedRate
        }
        if let asked = asked.first, let quickest, updated - asked.at > quickest + 0.1 { time = max(time, asked.at + Self.answerTimeout) }
        return time
    }

    /// The earliest moment for a frame of an animation.
    func nextAnimation() -> Double { next(after: lastFrame) }

    /// The earliest moment for a frame in a series whose last was at `time`.
    func next(after time: Double) -> Double {
        // Drawing takes at most a third of one core, whatever the size.
        max(time + max(shortest, min(Self.longest, 3 * cost)), nextUrgent())
    }

    /// How long a missing answer is worth waiting for at the end.
    var answerPatience: Double { min(1, max(0.25, 2 * (quickest ?? 0))) }

    /// Call before asking for the next moment.
    mutating func advance(to now: Double) {
        if began == nil { (began, updated) = (now, max(updated, now)) }
        if let rate {
            queued = max(0, queued - rate * max(0, now - updated))
        } else if isProven {
            queued = 0
        } else {
            queued = max(0, queued - assumedRate * max(0, now - updated))
        }
        updated = max(updated, now)
        let before = asked.count
        asked.removeAll { now - $0.at > Self.answerTimeout }
        unanswered += before - asked.count
        // Nothing is known of the line any more.
        if isProven, unanswered >= Self.mostUnanswered { (isProven, hasFallenSilent, quickest) = (false, true, nil) }
    }

    /// Of a line that has shown nothing: slow at first, and with the square of the time once answers can no longer be expected.
    private var assumedRate: Double {
        if hasFallenSilent { return Self.unknownRate }
        let patience = max(1, (updated - (began ?? updated)) / Self.unknownPatience)
        return Self.unknownRate * patience * patience
    }

    /// A frame of `bytes` goes out; drawing it took `seconds`.
    mutating func drew(bytes: Int, seconds: Double, at now: Double) {
        advance(to: now)
        cost += 0.3 * (seconds - cost)
        lastFrame = now
        if bytes == 0 { return }
        queued += Double(bytes)
        if unconfirmed.bytes == 0 { unconfirmed.since = now }
        unconfirmed.bytes += bytes
        // Only answers tell that a line has recovered. Without them a guess upwards would fill it, unseen, with seconds of
        // frames; so the limit is believed for five minutes, and then found anew.
        if now - lastLimit > Self.limitLifetime { rate = nil }
    }

    /// The line took `bytes` and is now full or not.
    mutating func took(_ bytes: Int, isFull nowFull: Bool, at now: Double) {
        advance(to: now)
        full?.bytes += bytes
        if nowFull {
            // From one moment at which it is full to the next, a line takes exactly what it carries.
            if let since = full, now - since.at <= Self.longestMeasure {
                if now - since.at >= Self.shortestMeasure {
                    learn(Double(since.bytes) / (now - since.at))
                    full = (now, 0)
                }
            } else {
                full = (now, 0)
            }
            lastLimit = now
        }
        if nowFull || wasFull { queued = Self.fullQueue }
        wasFull = nowFull
    }

    /// Whether a question should go behind this frame: one at a time, and not behind every small one.
    var shouldAsk: Bool { asked.isEmpty && unconfirmed.bytes >= 1024 }

    var isWaitingForAnswer: Bool { !asked.isEmpty }

    /// A question goes out behind all bytes so far.
    mutating func didAsk(at now: Double) { asked.append((now, unconfirmed.bytes)) }

    /// The last question was answered: those before it will not be any more.
    mutating func answeredLast(at now: Double) {
        if asked.count > 1 { asked.removeFirst(asked.count - 1) }
        answered(at: now)
    }

    /// The terminal answered: all bytes before the question have been shown.
    mutating func answered(at now: Double) {
        guard !asked.isEmpty else { return }
        let question = asked.removeFirst()
        advance(to: now)
        unanswered = 0
        if question.bytes > 0 { (isProven, hasFallenSilent) = (true, false) }
        let delay = now - question.at
        // The quickest answer ages, in case the line has become longer rather than fuller.
        let first = question.bytes > 0 ? Self.usualAnswer : delay
        let base = min(delay, quickest.map { $0 + 0.01 * max(0, delay - $0) } ?? first)
        quickest = base
        let extra = delay - base
        let rest = unconfirmed.bytes - question.bytes
        if extra > 0.03, question.bytes > 0 {
            learn(Double(question.bytes) / (now - base - unconfirmed.since))
            lastLimit = now
        } else if let rate {
            // As quick as ever: the line carries more than this.
            self.rate = rate > 1e6 ? nil : rate * 1.25
        }
        queued = min(queued, Double(rest))
        unconfirmed = (question.at, rest)
        for index in asked.indices { asked[index].bytes -= question.bytes }
    }

    private mutating func learn(_ sample: Double) {
        let sample = max(Self.slowestRate, sample)
        // Too slow costs frames, too fast fills the line with them: downwards quickly, upwards with care.
        rate = rate.map { $0 + (sample < $0 ? 0.7 : 0.2) * (sample - $0) } ?? sample
    }
}
