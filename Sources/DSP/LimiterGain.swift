/// The limiter's gain over time: from the gain each group of frames needs to the gain each frame gets.
///
/// Required gain → sliding minimum over look-ahead and hold → `LimiterRelease` → two box filters, the release before the smoothing
/// (G. Luff, "Designing a straightforward limiter", Signalsmith Audio, 2022). Everything up to the boxes moves in groups
/// of some 0.2 ms; within a group the boxes' output is a parabola, so frames get a gain without steps.
///
///     need   least gain that a group's frames allow       low    least need in the window
///     r      released gain, fixed point, 30 fractional bits    a, b   boxes in groups, a + b = window
///
/// The boxes sum integers, so the gain neither drifts nor depends on history, and a gain of one is exactly one.
struct LimiterGain {
    static let one = Int64(1) << 30
    /// Bass's share of a peak where it starts to count, and the width of the transition.
    private static let bassFrom = 0.6, bassWidth = 0.4

    struct State: BitwiseCopyable {
        var window = 2, hold = 0, a = 1, b = 1
        var release = LimiterRelease()
        /// The gain before smoothing of the group before.
        var gain = 1.0
        var lowSeen = 1.0, deepSeen = 0.0
        var sumA: Int64 = 0, sumB: Int64 = 0
        /// Groups worked so far: every ring is indexed by it.
        var group: Int64 = 0
        /// Latest group that has entered the sliding minimum.
        var decided: Int64 = -1
        var lastNeed: Int64 = -1 << 40
        var head = 0, tail = 0
    }

    /// Frames in a group: a power of two that divides the limiter's block.
    let step: Int
    let maximumWindow: Int
    private let maximumHold: Int
    private let groupMs: Double
    private let state: UnsafeMutablePointer<State>
    private let ringMask: Int
    private let needs: UnsafeMutablePointer<Float>
    private let released: UnsafeMutablePointer<Int64>
    private let summed: UnsafeMutablePointer<Int64>
    /// Monotonic queue of the sliding minimum: gains below one and the groups they came in.
    private let queueMask: Int
    private let queueGain: UnsafeMutablePointer<Float>
    private let queueGroup: UnsafeMutablePointer<Int64>

    /// Frames in a group at `sampleRate`: the largest power of two not above 0.1815 ms, 8 at 44.1 kHz.
    static func step(sampleRate: Double) -> Int {
        var step = 64
        while step > 2 && Double(step) > 0.0001815 * sampleRate { step /= 2 }
        return step
    }

    static func groups(ms: Double, sampleRate: Double) -> Int {
        Int((ms * 0.001 * sampleRate / Double(step(sampleRate: sampleRate))).rounded(.up))
    }

    private static func powerOfTwo(_ least: Int) -> Int {
        var n = 1
        while n < least { n *= 2 }
        return n
    }

    static func stateBytes(window: Int, hold: Int) -> Int {
        powerOfTwo(2 * window + 80) * 20 + powerOfTwo(window + hold + 80) * 12 + MemoryLayout<State>.stride + 6 * 64
    }

    init(sampleRate: Double, maximumWindow: Int, maximumHold: Int, arena: inout StateArena) {
        step = Self.step(sampleRate: sampleRate)
        self.maximumWindow = maximumWindow
        self.maximumHold = maximumHold
        groupMs = Double(step) * 1000 / sampleRate
        state = arena.carve(1, of: State())
        let ring = Self.powerOfTwo(2 * maximumWindow + 80), queue = Self.powerOfTwo(maximumWindow + maximumHold + 80)
        ringMask = ring - 1
        queueMask = queue - 1
        needs = arena.carve(ring, of: 1)
        released = arena.carve(ring, of: Self.one)
        summed = arena.carve(ring, of: 0)
        queueGain = arena.carve(queue, of: 1)
        queueGroup = arena.carve(queue, of: 0)
    }

    /// The boxes' lengths may change at any moment: their sums are made anew from the past.
    func set(_ settings: Limiter.Settings) {
        state.pointee.release.set(settings, stepMs: groupMs)
        state.pointee.hold = min(max(Int((settings.holdMs / groupMs).rounded()), 0), maximumHold)
        let window = min(max(Int((settings.attackMs / groupMs).rounded()), 2), maximumWindow)
        if window != state.pointee.window {
            state.pointee.window = window
            state.pointee.a = (window + 1) / 2
            state.pointee.b = window - state.pointee.a
            rebuildSums()
        }
    }

    /// Recomputes the boxes' sums from the ring of released gains. O(window).
    private func rebuildSums() {
        let last = state.pointee.group - 1, step = Int64(step)
        let a = state.pointee.a, b = state.pointee.b
        var sum: Int64 = 0
        for k in 0..<a { sum += released[Int(last - Int64(k)) & ringMask] }
        state.pointee.sumA = sum * step
        // The second box sums the first at every frame: within a group that moves in a straight line between its ends.
        var total: Int64 = 0
        for k in 0..<b {
            let here = Int(last - Int64(k)) & ringMask
            let slope = released[here] - released[Int(last - Int64(k + a)) & ringMask]
            summed[here] = sum * step
            total += sum * step * step - slope * (step * (step - 1) / 2)
            sum -= slope
        }
        summed[Int(last - Int64(b)) & ringMask] = sum * step
        state.pointee.sumB = total
    }

    func clear() {
        needs.update(repeating: 1, count: ringMask + 1)
        released.update(repeating: Self.one, count: ringMask + 1)
        state.pointee.release.clear()
        state.pointee.gain = 1
        state.pointee.lowSeen = 1
        state.pointee.deepSeen = 0
        state.pointee.head = 0
        state.pointee.tail = 0
        state.pointee.group = 0
        state.pointee.decided = -1
        state.pointee.lastNeed = -1 << 40
        rebuildSums()
    }

    /// Takes over another voice's past and settings.
    func copy(from other: LimiterGain) {
        state.pointee = other.state.pointee
        needs.update(from: other.needs, count: ringMask + 1)
        released.update(from: other.released, count: ringMask + 1)
        summed.update(from: other.summed, count: ringMask + 1)
        queueGain.update(from: other.queueGain, count: queueMask + 1)
        queueGroup.update(from: other.queueGroup, count: queueMask + 1)
    }

    /// Nothing in the look-ahead, the release or the boxes is below one.
    var isAtRest: Bool {
        let s = state.pointee
        return s.release.reduction == 0 && s.head == s.tail && s.group - s.lastNeed > Int64(2 * maximumWindow + s.hold + 2)
    }

    /// Passes `count` groups at a gain of one. Only when at rest and none of them needs less.
    func rest(_ count: Int) {
        let s = state.pointee
        let level = Int64(s.a * step) * Self.one
        for k in 0..<Int64(count) {
            let index = Int(s.group + k) & ringMask
            needs[index] = 1
            released[index] = Self.one
            summed[index] = level
        }
        state.pointee.release.clear()
        state.pointee.group += Int64(count)
        state.pointee.decided = max(s.decided, s.group + Int64(count) - 1 - Int64(maximumWindow - s.window))
    }

    /// Takes the needs of `count` groups and fills `count` × `step` frames of gain, those that leave now.
    /// - Parameter bass: for each group, the bass's level over the threshold, linear.
    func process(_ incoming: UnsafePointer<Float>, bass: UnsafePointer<Double>, count: Int, into gain: UnsafeMutablePointer<Double>) {
        var s = state.pointee
        let full = Int64(s.a * step) * Int64(s.b * step) * Self.one
        let scale = 1 / Double(full)
        let wait = Int64(maximumWindow - s.window)
        let span = Int64(maximumWindow + 1 + s.hold)
        for k in 0..<count {
            let now = s.group
            s.group += 1
            needs[Int(now) & ringMask] = incoming[k]
            if incoming[k] < 1 { s.lastNeed = now }
            // The look-ahead that is not used delays the decision, so that the latency stays constant. One that was just
            // lengthened brings several groups at once.
            while s.decided < now - wait {
                s.decided += 1
                let need = needs[Int(s.decided) & ringMask]
                if need < 1 {
                    while s.tail != s.head && queueGain[(s.tail - 1) & queueMask] >= need { s.tail -= 1 }
                    queueGain[s.tail & queueMask] = need
                    queueGroup[s.tail & queueMask] = s.decided
                    s.tail += 1
                }
            }
            while s.head != s.tail && queueGroup[s.head & queueMask] <= now - span { s.head += 1 }
            let low = s.head != s.tail ? Double(queueGain[s.head & queueMask]) : 1
            if low != s.lowSeen {
                s.lowSeen = low
                s.deepSeen = -FastMath.log2(low)
            }
            let r = Int64(release(&s, low: low, bass: bass[k]) * Double(Self.one))

            let index = Int(now) & ringMask
            let a = Int64(s.a), b = Int64(s.b)
            let slope = r - released[Int(now - a) & ringMask]
            let slopeBehind = released[Int(now - b) & ringMask] - released[Int(now - a - b) & ringMask]
            let difference = s.sumA - summed[Int(now - 1 - b) & ringMask]
            let bend = slope - slopeBehind
            let frames = gain + k * step
            if s.sumB == full && difference == 0 && bend == 0 {
                for j in 0..<step { frames[j] = 1 }
            } else {
                let base = Double(s.sumB) * scale, linear = Double(difference) * scale, square = Double(bend) * scale * 0.5
                for j in 0..<step {
                    let t = Double(j + 1)
                    let g = base + t * linear + t * (t + 1) * square
                    frames[j] = g > 1 ? 1 : g
                }
            }
            s.sumB += Int64(step) * difference + bend * Int64(step * (step + 1) / 2)
            s.sumA += Int64(step) * slope
            released[index] = r
            summed[index] = s.sumA
        }
        state.pointee = s
    }

    /// The released gain of a group, at most `low`.
    @inline(__always)
    private func release(_ s: inout State, low: Double, bass: Double) -> Double {
        let share = min(1, max(0, (bass * s.gain - Self.bassFrom) / Self.bassWidth))
        _ = s.release.step(wanted: s.deepSeen, bassShare: share)
        s.gain = s.release.reduction == 0 ? 1 : min(low, FastMath.exp2(-s.release.reduction))
        return s.gain
    }
}
