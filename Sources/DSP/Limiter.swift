import CSignal
import Glibc

/// Look-ahead true-peak limiter in blocks of 64 frames: required gain from an 8× oversampled detector → sliding minimum
/// over look-ahead and hold → release → two box filters → gain on the delayed signal. Structure after G. Luff, "Designing a
/// straightforward limiter" (Signalsmith Audio, 2022), with the release before the smoothing.
///
///     need  gain that brings a frame to the threshold         low   least need in the window
///     fast  release envelope, 40 ms (or the set time)         slow  envelope charged by lasting reduction, 60 ms in, 250 ms out
///     a, b  lengths of the boxes, a + b − 1 = window          g     smoothed gain, fixed point with 30 fractional bits
///
/// The boxes sum integers, so the gain neither drifts nor depends on history, and a gain of one is exactly one: a signal
/// that stays under the threshold passes bit for bit. Latency is constant: look-ahead up to `maximumLookaheadMs` at any setting.
public struct Limiter {
    public static let blockFrames = HalfBandCascade.blockFrames
    public static let maximumLookaheadMs = 10.0
    public static let maximumHoldMs = 50.0
    /// How far under the ceiling the threshold lies: room for what the moving gain and the 8× grid leave between the points.
    public static let marginDB = 0.05
    private static let one = Int64(1) << 30

    public struct Settings: Sendable, Equatable, BitwiseCopyable {
        /// Gain 1 with `on` false, at the same latency. Ceiling in dBTP; look-ahead 0.5…10 ms; hold 0…50 ms; release in ms, 0 is automatic.
        public var on = false, ceilingDBTP = -1.0, lookaheadMs = 3.0, holdMs = 2.0, releaseMs = 0.0
        public init() {}
    }

    struct State: BitwiseCopyable {
        var on = false, automatic = true
        var threshold: Float = 1
        var window = 1, hold = 0, a = 1, b = 1
        var fastDecay = 0.0, slowCharge = 0.0, slowDecay = 0.0
        var fast = 0.0, slow = 0.0
        var sumA: Int64 = 0, sumB: Int64 = 0
        /// Frames worked so far: every ring is indexed by it.
        var frame: Int64 = 0
        /// Latest frame that needed reduction, to know when everything is at rest.
        var lastNeed: Int64 = -1 << 40
        var head = 0, tail = 0
        var previousPeak: Float = 0
    }

    /// Frames by which the output trails the input.
    public let latency: Int

    private let channels: Int
    private let sampleRate: Double
    private let maximumWindow: Int
    private let cascade = HalfBandCascade()
    private let state: UnsafeMutablePointer<State>
    private let lines: UnsafeMutablePointer<Float>
    private let delay: UnsafeMutablePointer<Double>
    private let delayCount: Int
    /// Rings over frames; their length is a power of two.
    private let ringMask: Int
    private let needs: UnsafeMutablePointer<Float>
    private let released: UnsafeMutablePointer<Int64>
    private let summed: UnsafeMutablePointer<Int64>
    /// Monotonic queue of the sliding minimum: gains below one and their frames.
    private let queueMask: Int
    private let queueGain: UnsafeMutablePointer<Float>
    private let queueFrame: UnsafeMutablePointer<Int64>

    public init(sampleRate: Double, channels: Int, arena: inout StateArena) {
        self.channels = channels
        self.sampleRate = sampleRate
        maximumWindow = Int((Self.maximumLookaheadMs * 0.001 * sampleRate).rounded(.up)) + 1
        latency = HalfBandCascade.delay + maximumWindow - 1
        let block = Self.blockFrames
        state = arena.carve(1, of: State())
        lines = arena.carve(channels * HalfBandCascade.lineCount, of: 0)
        delayCount = latency + block
        delay = arena.carve(channels * delayCount, of: 0)
        var ring = 1
        while ring < maximumWindow + block + 2 { ring *= 2 }
        ringMask = ring - 1
        needs = arena.carve(ring, of: 1)
        released = arena.carve(ring, of: Self.one)
        summed = arena.carve(ring, of: 0)
        var queue = 1
        while queue < maximumWindow + Int(Self.maximumHoldMs * 0.001 * sampleRate) + block + 2 { queue *= 2 }
        queueMask = queue - 1
        queueGain = arena.carve(queue, of: 1)
        queueFrame = arena.carve(queue, of: 0)
        set(Settings())
        clear()
    }

    /// Frees what is not in the arena.
    public func deallocate() { cascade.deallocate() }

    /// Bytes of arena that a limiter of this shape carves.
    public static func stateBytes(sampleRate: Double, channels: Int) -> Int {
        let window = Int(maximumLookaheadMs * 0.001 * sampleRate) + 2, hold = Int(maximumHoldMs * 0.001 * sampleRate)
        return 4096 + channels * (HalfBandCascade.lineCount * 4 + (window + 256) * 8) + 2 * (window + 128) * 20 + 2 * (window + hold + 128) * 12 + 64 * 16
    }

    /// Takes over settings; the smoothing makes any change inaudible as a step.
    public func set(_ s: Settings) {
        state.pointee.on = s.on
        state.pointee.threshold = Float(FastMath.amplitude(dB: s.ceilingDBTP - Self.marginDB))
        state.pointee.automatic = s.releaseMs <= 0
        state.pointee.fastDecay = decay(s.releaseMs > 0 ? s.releaseMs : 40)
        state.pointee.slowCharge = decay(60)
        state.pointee.slowDecay = decay(250)
        state.pointee.hold = Int(min(max(s.holdMs, 0), Self.maximumHoldMs) * 0.001 * sampleRate)
        let window = min(max(Int((s.lookaheadMs * 0.001 * sampleRate).rounded()), 2), maximumWindow)
        if window != state.pointee.window {
            state.pointee.window = window
            state.pointee.a = (window + 1) / 2
            state.pointee.b = window + 1 - state.pointee.a
            rebuildSums()
        }
    }

    private func decay(_ ms: Double) -> Double { exp(-1 / (ms * 0.001 * sampleRate)) }

    /// Recomputes the box sums from the rings, for boxes of the present lengths: the second box sees the first one's past as
    /// if it had always had this length. O(window).
    private func rebuildSums() {
        let last = state.pointee.frame - 1
        let a = state.pointee.a, b = state.pointee.b
        var past: Int64 = 0
        for k in 0..<a { past += released[Int(last - Int64(k)) & ringMask] }
        state.pointee.sumA = past
        var total: Int64 = 0
        for k in 0..<b {
            summed[Int(last - Int64(k)) & ringMask] = past
            total += past
            past += released[Int(last - Int64(k + a)) & ringMask] - released[Int(last - Int64(k)) & ringMask]
        }
        state.pointee.sumB = total
    }

    /// Forgets every signal, keeps the settings.
    public func clear() {
        lines.update(repeating: 0, count: channels * HalfBandCascade.lineCount)
        delay.update(repeating: 0, count: channels * delayCount)
        needs.update(repeating: 1, count: ringMask + 1)
        released.update(repeating: Self.one, count: ringMask + 1)
        state.pointee.fast = 0
        state.pointee.slow = 0
        state.pointee.head = 0
        state.pointee.tail = 0
        state.pointee.previousPeak = 0
        state.pointee.frame = 0
        state.pointee.lastNeed = -1 << 40
        rebuildSums()
    }

    /// Limits exactly `blockFrames` frames in place; what comes out went in `latency` frames ago.
    /// - Returns: the least gain of the block, linear.
    public func process(_ block: AudioBlock) -> Double {
        let n = Self.blockFrames
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: n) { buffer -> Double in
            let gain = buffer.baseAddress!
            let busy = computeGain(block, into: gain)
            var least = 1.0
            if busy { for i in 0..<n { least = min(least, gain[i]) } }
            for c in 0..<channels {
                let x = block[c], line = delay + c * delayCount
                (line + latency).update(from: x, count: n)
                if least < 1 {
                    for i in 0..<n { x[i] = line[i] * gain[i] }
                } else {
                    x.update(from: line, count: n)
                }
                line.update(from: line + n, count: latency)
            }
            return least
        }
    }

    /// Fills `gain` for the frames leaving now. Returns false, leaving it unfilled, when all are exactly one.
    private func computeGain(_ block: AudioBlock, into gain: UnsafeMutablePointer<Double>) -> Bool {
        let n = Self.blockFrames
        var s = state.pointee
        defer { state.pointee = s }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: n) { buffer -> Bool in
            let peaks = buffer.baseAddress!
            peaks.update(repeating: 0, count: n)
            var measured = false
            for c in 0..<channels {
                let line = lines + c * HalfBandCascade.lineCount
                let new = HalfBandCascade.incoming(line), x = block[c]
                _ = lathe_to_float(x, new, n)
                if s.on && HalfBandCascade.localPeak(line) * cascade.worstGain > s.threshold {
                    cascade.oversample(line)
                    cascade.maximum(line, into: peaks)
                    measured = true
                }
                HalfBandCascade.shift(line)
            }
            // A peak between two frames concerns both.
            let entering = s.frame
            if measured {
                var before = s.previousPeak
                for i in 0..<n {
                    let here = peaks[i]
                    let peak = max(here, before)
                    before = here
                    let need = peak > s.threshold ? s.threshold / peak : 1
                    needs[Int(entering + Int64(i)) & ringMask] = need
                    if need < 1 { s.lastNeed = entering + Int64(i) }
                }
            } else {
                for i in 0..<n { needs[Int(entering + Int64(i)) & ringMask] = 1 }
                if s.previousPeak > s.threshold {
                    needs[Int(entering) & ringMask] = s.threshold / s.previousPeak
                    s.lastNeed = entering
                }
            }
            s.previousPeak = peaks[n - 1]

            let atRest = s.fast == 0 && s.slow == 0 && s.head == s.tail
                && entering - s.lastNeed > Int64(2 * maximumWindow + s.hold + n)
            if atRest {
                for i in 0..<n {
                    released[Int(entering + Int64(i)) & ringMask] = Self.one
                    summed[Int(entering + Int64(i)) & ringMask] = Int64(s.a) * Self.one
                }
                s.frame += Int64(n)
                return false
            }
            let full = Int64(s.a) * Int64(s.b) * Self.one
            let scale = 1 / Double(full)
            let wait = Int64(maximumWindow - s.window)
            let span = Int64(s.window + s.hold)
            for i in 0..<n {
                let now = s.frame
                s.frame += 1
                // The look-ahead that is not used delays the decision, so that the latency stays constant.
                let need = needs[Int(now - wait) & ringMask]
                if need < 1 {
                    while s.tail != s.head && queueGain[(s.tail - 1) & queueMask] >= need { s.tail -= 1 }
                    queueGain[s.tail & queueMask] = need
                    queueFrame[s.tail & queueMask] = now
                    s.tail += 1
                }
                while s.head != s.tail && queueFrame[s.head & queueMask] <= now - span { s.head += 1 }
                var g = 1.0
                var wanted = 0.0
                var low = 1.0
                if s.head != s.tail {
                    low = Double(queueGain[s.head & queueMask])
                    wanted = -FastMath.log2(low)
                }
                s.fast = max(wanted, wanted + (s.fast - wanted) * s.fastDecay)
                if s.automatic {
                    s.slow = wanted + (s.slow - wanted) * (wanted > s.slow ? s.slowCharge : s.slowDecay)
                } else {
                    s.slow = 0
                }
                let envelope = max(s.fast, s.slow)
                if envelope < 1e-7 {
                    s.fast = 0
                    s.slow = 0
                } else {
                    g = min(low, FastMath.exp2(-envelope))
                }
                let fixed = Int64(g * Double(Self.one))
                let index = Int(now) & ringMask
                s.sumA += fixed - released[Int(now - Int64(s.a)) & ringMask]
                released[index] = fixed
                s.sumB += s.sumA - summed[Int(now - Int64(s.b)) & ringMask]
                summed[index] = s.sumA
                gain[i] = s.sumB == full ? 1 : Double(s.sumB) * scale
            }
            return true
        }
    }
}
