/// One equaliser band over all channels, in blocks of `Ramp.blockFrames` frames.
///
/// Latency 0. A change of coefficients glides over the ramp the caller gives. With two channels the band can act on the
/// mid or the side signal alone.
public struct EqualizerBand {
    public enum Target: UInt8, Sendable, BitwiseCopyable { case stereo, mid, side }

    struct State: BitwiseCopyable {
        var from = SVFCoefficients.identity
        var to = SVFCoefficients.identity
        var target = Target.stereo
    }

    private let state: UnsafeMutablePointer<State>
    private let memory: UnsafeMutablePointer<SVFState>
    private let pairs: Int
    private let channels: Int

    public init(channels: Int, arena: inout StateArena) {
        self.channels = channels
        pairs = (channels + 1) / 2
        state = arena.carve(1, of: State())
        memory = arena.carve(pairs, of: SVFState())
    }

    /// Glides to `coefficients` along the ramp that starts with the next block; `position` is where the ramp in progress stands (0…1).
    public func set(_ coefficients: SVFCoefficients, target: Target, at position: Double, ramp: Bool) {
        let now = state.pointee.from.interpolated(to: state.pointee.to, position)
        // A band that was at rest, or now filters another signal, has memory of something else: it would click.
        if now.isIdentity || target != state.pointee.target { clear() }
        if !ramp {
            state.pointee.from = coefficients
            state.pointee.to = coefficients
        } else {
            let start = target == state.pointee.target ? now : now.atRest
            state.pointee.from = start.isIdentity ? coefficients.atRest : start
            state.pointee.to = coefficients.isIdentity ? start.atRest : coefficients
        }
        state.pointee.target = target
    }

    /// Forgets the signal, not the coefficients.
    public func clear() { memory.update(repeating: SVFState(), count: pairs) }

    /// Filters `frames` frames in place while the ramp goes from `t0` to `t1`.
    public func process(_ block: AudioBlock, frames: Int, t0: Double, t1: Double) {
        let from = state.pointee.from, to = state.pointee.to
        if from.isIdentity && to.isIdentity { return }
        let midSide = channels == 2 && state.pointee.target != .stereo
        for pair in 0..<pairs {
            let left = block[2 * pair]
            let right = 2 * pair + 1 < channels ? block[2 * pair + 1] : left
            let mono = left == right
            var z = memory[pair]
            if from == to || t0 == 1 {
                let a1 = 1 / (1 + to.g * (to.g + to.k)), a2 = to.g * a1, a3 = to.g * a2
                let m = weights(to, midSide)
                if midSide {
                    for i in 0..<frames {
                        let l = left[i], r = right[i]
                        let v = SIMD2((l + r) * 0.5, (l - r) * 0.5)
                        let y = z.tick(v, a1: a1, a2: a2, a3: a3, m0: m.0, m1: m.1, m2: m.2)
                        left[i] = y.x + y.y
                        right[i] = y.x - y.y
                    }
                } else {
                    for i in 0..<frames {
                        let y = z.tick(SIMD2(left[i], right[i]), a1: a1, a2: a2, a3: a3, m0: m.0, m1: m.1, m2: m.2)
                        left[i] = y.x
                        if !mono { right[i] = y.y }
                    }
                }
            } else {
                let step = (t1 - t0) / Double(frames)
                for i in 0..<frames {
                    let c = from.interpolated(to: to, t0 + step * Double(i + 1))
                    let a1 = 1 / (1 + c.g * (c.g + c.k)), a2 = c.g * a1, a3 = c.g * a2
                    let m = weights(c, midSide)
                    let l = left[i], r = right[i]
                    let v = midSide ? SIMD2((l + r) * 0.5, (l - r) * 0.5) : SIMD2(l, r)
                    let y = z.tick(v, a1: a1, a2: a2, a3: a3, m0: m.0, m1: m.1, m2: m.2)
                    left[i] = midSide ? y.x + y.y : y.x
                    if !mono { right[i] = midSide ? y.x - y.y : y.y }
                }
            }
            z.flushTiny()
            memory[pair] = z
        }
    }

    /// Output weights per lane: a mid band leaves the side lane alone and the other way round.
    @inline(__always)
    private func weights(_ c: SVFCoefficients, _ midSide: Bool) -> (SIMD2<Double>, SIMD2<Double>, SIMD2<Double>) {
        guard midSide else { return (SIMD2(repeating: c.m0), SIMD2(repeating: c.m1), SIMD2(repeating: c.m2)) }
        return state.pointee.target == .mid
            ? (SIMD2(c.m0, 1), SIMD2(c.m1, 0), SIMD2(c.m2, 0))
            : (SIMD2(1, c.m0), SIMD2(0, c.m1), SIMD2(0, c.m2))
    }
}
