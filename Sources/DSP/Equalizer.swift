/// One equaliser band over all channels, in blocks of 64 frames.
///
/// Latency 0. With two channels the band can act on the mid or the side signal alone. Coefficients change along a `Glide`, so a moving knob
/// leaves no tones beside the signal. At rest a band costs some 20 flops per sample.
public struct EqualizerBand {
    public enum Target: UInt8, Sendable, BitwiseCopyable { case stereo, mid, side }

    struct State: BitwiseCopyable {
        var filter = Glide(MatchedFilter.identity)
        var target = Target.stereo
    }

    private struct Memory: BitwiseCopyable {
        var main = SVFState()
        var correction = SVFState()
    }

    private let state: UnsafeMutablePointer<State>
    private let memory: UnsafeMutablePointer<Memory>
    private let pairs: Int
    private let channels: Int
    private let smoothing: Double

    public init(sampleRate: Double, channels: Int, arena: inout StateArena) {
        self.channels = channels
        pairs = (channels + 1) / 2
        state = arena.carve(1, of: State())
        memory = arena.carve(pairs, of: Memory())
        smoothing = Glide<MatchedFilter>.smoothing(sampleRate: sampleRate)
    }

    /// Glides to `filter` along the ramp that starts with the next block; `position` is where the ramp in progress stands (0…1).
    public func set(_ filter: MatchedFilter, target: Target, at position: Double, ramp: Bool) {
        let now = state.pointee.filter.now(at: position)
        // A band that was at rest, or now filters another signal, has memory of something else: it would click.
        let fresh = target != state.pointee.target || (state.pointee.filter.settled && now.isIdentity)
        if fresh { clear() }
        if !ramp {
            state.pointee.filter.jump(to: filter)
        } else {
            let start = fresh ? (now.isIdentity ? filter : now).atRest : now
            if fresh { state.pointee.filter.jump(to: start) }
            state.pointee.filter.move(to: filter.isIdentity ? start.atRest : filter, at: position)
        }
        state.pointee.target = target
    }

    /// Forgets the signal, not the coefficients.
    public func clear() { memory.update(repeating: Memory(), count: pairs) }

    /// Filters `frames` frames in place while the ramp goes from `t0` to `t1`.
    public func process(_ block: AudioBlock, frames: Int, t0: Double, t1: Double) {
        let midSide = channels == 2 && state.pointee.target != .stereo
        if !state.pointee.filter.settled {
            state.pointee.filter.advance(to: t1, smoothing: smoothing)
            for pair in 0..<pairs { glide(block, pair, frames, midSide) }
        } else if !state.pointee.filter.goal.isIdentity {
            let filter = state.pointee.filter.goal
            let main = Section(filter.main), correction = Section(filter.correction)
            for pair in 0..<pairs {
                if midSide {
                    self.filter(block, pair, frames, main.kept(to: state.pointee.target), correction.kept(to: state.pointee.target), midSide: true)
                } else {
                    self.filter(block, pair, frames, main, correction, midSide: false)
                }
            }
        }
    }

    private func filter(_ block: AudioBlock, _ pair: Int, _ frames: Int, _ main: Section, _ correction: Section, midSide: Bool) {
        let left = block[2 * pair]
        let right = 2 * pair + 1 < channels ? block[2 * pair + 1] : left
        var z = memory[pair]
        if midSide {
            for i in 0..<frames {
                let l = left[i], r = right[i]
                let y = correction.tick(main.tick(SIMD2((l + r) * 0.5, (l - r) * 0.5), &z.main), &z.correction)
                left[i] = y.x + y.y
                right[i] = y.x - y.y
            }
        } else {
            for i in 0..<frames {
                let y = correction.tick(main.tick(SIMD2(left[i], right[i]), &z.main), &z.correction)
                right[i] = y.y
                left[i] = y.x
            }
        }
        z.main.flushTiny()
        z.correction.flushTiny()
        memory[pair] = z
    }

    private func glide(_ block: AudioBlock, _ pair: Int, _ frames: Int, _ midSide: Bool) {
        let left = block[2 * pair]
        let right = 2 * pair + 1 < channels ? block[2 * pair + 1] : left
        let target = state.pointee.target
        let curve = state.pointee.filter.curve
        var z = memory[pair]
        for i in 0..<frames {
            let now = curve.value(at: Double(i + 1) / Double(frames))
            var main = Section(now.main), correction = Section(now.correction)
            if midSide { (main, correction) = (main.kept(to: target), correction.kept(to: target)) }
            let l = left[i], r = right[i]
            let x = midSide ? SIMD2((l + r) * 0.5, (l - r) * 0.5) : SIMD2(l, r)
            let y = correction.tick(main.tick(x, &z.main), &z.correction)
            right[i] = midSide ? y.x - y.y : y.y
            left[i] = midSide ? y.x + y.y : y.x
        }
        z.main.flushTiny()
        z.correction.flushTiny()
        memory[pair] = z
    }
}

/// A state-variable filter with its products formed in advance: one frame waits three operations for the one before.
struct Section {
    private var a: Double, b: Double, c: Double
    private var m0: SIMD2<Double>, m2: SIMD2<Double>, n1: SIMD2<Double>, n2: SIMD2<Double>

    @inline(__always)
    init(_ s: SVFCoefficients) {
        let a1 = 1 / (1 + s.g * (s.g + s.k)), a2 = s.g * a1, a3 = s.g * a2
        (a, b, c) = (2 * a1 - 1, 2 * a2, 2 * a3)
        m0 = SIMD2(repeating: s.m0)
        m2 = SIMD2(repeating: s.m2)
        n1 = SIMD2(repeating: s.m1 * a1 + s.m2 * a2)
        n2 = SIMD2(repeating: s.m1 * a2 + s.m2 * a3)
    }

    /// A mid filter leaves the side lane alone and the other way round.
    @inline(__always)
    func kept(to target: EqualizerBand.Target) -> Section {
        var s = self
        let other = target == .mid ? 1 : 0
        s.m0[other] = 1
        s.m2[other] = 0
        s.n1[other] = 0
        s.n2[other] = 0
        return s
    }

    @inline(__always)
    func tick(_ x: SIMD2<Double>, _ z: inout SVFState) -> SIMD2<Double> {
        let d = x - z.ic2
        let y = (m0 * x + n1 * z.ic1) + (m2 * z.ic2 + n2 * d)
        let next = a * z.ic1 + b * d
        z.ic2 = (z.ic2 + b * z.ic1) + c * d
        z.ic1 = next
        return y
    }
}
