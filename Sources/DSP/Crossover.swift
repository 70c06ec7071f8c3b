/// Splits a signal into three or four bands of 24 dB per octave that add up to an allpass: S. Linkwitz, "Active crossover networks for
/// noncoincident drivers", JAES 24(1), 1976.
///
/// One band after the other is taken off at the bottom; each band already taken passes the allpass of every later corner, so that all
/// bands turn in phase alike. A corner is one state-variable filter shared by both sides and one more for the low side; the high side is
/// the allpass less the low side. Their sum is therefore flat to the last digits, also while corners move.
public struct Crossover {
    public static let mostBands = 4

    /// tan(π·f/fs) of the three corners.
    struct Corners: Mixable {
        var g: SIMD4<Double>

        func interpolated(to other: Corners, _ t: Double) -> Corners { Corners(g: g + (other.g - g) * t) }

        func isNear(_ goal: Corners) -> Bool {
            for i in 0..<3 where abs(g[i] - goal.g[i]) > 1e-8 * goal.g[i] { return false }
            return true
        }
    }

    private struct State: BitwiseCopyable {
        var corners = Glide(Corners(g: SIMD4(repeating: 0.1)))
        var bands = 4
    }

    /// Corner i: both filters of the split, and the allpasses of the bands below.
    private struct Memory: BitwiseCopyable {
        var shared = InlineArray<3, SVFState>(repeating: SVFState())
        var low = InlineArray<3, SVFState>(repeating: SVFState())
        var turn = InlineArray<3, SVFState>(repeating: SVFState())
    }

    private let state: UnsafeMutablePointer<State>
    private let memory: UnsafeMutablePointer<Memory>
    private let pairs: Int
    private let sampleRate: Double
    private let smoothing: Double

    public init(sampleRate: Double, channels: Int, arena: inout StateArena) {
        self.sampleRate = sampleRate
        pairs = (channels + 1) / 2
        state = arena.carve(1, of: State())
        memory = arena.carve(pairs, of: Memory())
        smoothing = Glide<Corners>.smoothing(sampleRate: sampleRate)
    }

    /// - Parameters:
    ///   - hz: corners, rising; the third is of no account with three bands. Held between 10 Hz and 0.45 of the sample rate.
    ///   - bands: 3 or 4. A change of it clears the filters.
    public func set(hz: SIMD3<Double>, bands: Int, at position: Double, ramp: Bool) {
        var goal = Corners(g: SIMD4(repeating: 0.1))
        for i in 0..<3 { goal.g[i] = FastMath.tanPi(min(max(hz[i], 10), 0.45 * sampleRate) / sampleRate) }
        let structural = bands != state.pointee.bands
        if structural { clear() }
        state.pointee.bands = bands
        if ramp && !structural {
            state.pointee.corners.move(to: goal, at: position)
        } else {
            state.pointee.corners.jump(to: goal)
        }
    }

    public var bands: Int { state.pointee.bands }

    public func clear() { memory.update(repeating: Memory(), count: pairs) }

    /// Splits `frames` (≤ 64) frames of all channels.
    ///
    /// - Parameter output: band b of channels 2p and 2p + 1, frame i, goes to element (p·`mostBands` + b)·64 + i.
    public func process(_ block: AudioBlock, frames: Int, t0: Double, t1: Double, into output: UnsafeMutablePointer<SIMD2<Double>>) {
        let moving = !state.pointee.corners.settled
        if moving { state.pointee.corners.advance(to: t1, smoothing: smoothing) }
        let four = state.pointee.bands == 4
        for pair in 0..<pairs {
            let left = block[2 * pair]
            let right = 2 * pair + 1 < block.channels ? block[2 * pair + 1] : left
            let to = output + pair * Self.mostBands * 64
            var z = memory[pair]
            if moving {
                let curve = state.pointee.corners.curve
                for i in 0..<frames {
                    let g = curve.value(at: Double(i + 1) / Double(frames)).g
                    Self.split(SIMD2(left[i], right[i]), &z, (Turn(g[0]), Turn(g[1]), Turn(g[2])), four: four, to + i)
                }
            } else {
                let g = state.pointee.corners.goal.g
                let turns = (Turn(g[0]), Turn(g[1]), Turn(g[2]))
                for i in 0..<frames { Self.split(SIMD2(left[i], right[i]), &z, turns, four: four, to + i) }
            }
            for i in 0..<3 {
                z.shared[i].flushTiny()
                z.low[i].flushTiny()
                z.turn[i].flushTiny()
            }
            memory[pair] = z
        }
    }

    @inline(__always)
    private static func split(_ x: SIMD2<Double>, _ z: inout Memory, _ turns: (Turn, Turn, Turn), four: Bool, _ to: UnsafeMutablePointer<SIMD2<Double>>) {
        let first = turns.0.split(x, &z.shared[0], &z.low[0])
        let second = turns.1.split(first.high, &z.shared[1], &z.low[1])
        let bottom = turns.1.allpass(first.low, &z.turn[0])
        if four {
            let third = turns.2.split(second.high, &z.shared[2], &z.low[2])
            to[0] = turns.2.allpass(bottom, &z.turn[1])
            to[64] = turns.2.allpass(second.low, &z.turn[2])
            to[128] = third.low
            to[192] = third.high
        } else {
            to[0] = bottom
            to[64] = second.low
            to[128] = second.high
        }
    }

    /// A Butterworth corner: the state-variable filter with k = √2.
    private struct Turn {
        static let k = 1.4142135623730951
        private let a1: Double, a2: Double, a3: Double

        @inline(__always)
        init(_ g: Double) {
            a1 = 1 / (1 + g * (g + Self.k))
            a2 = g * a1
            a3 = g * a2
        }

        @inline(__always)
        private func tick(_ x: SIMD2<Double>, _ z: inout SVFState) -> (band: SIMD2<Double>, low: SIMD2<Double>) {
            let d = x - z.ic2
            let band = a1 * z.ic1 + a2 * d, low = (z.ic2 + a2 * z.ic1) + a3 * d
            let next = (2 * a1 - 1) * z.ic1 + 2 * a2 * d
            z.ic2 = (z.ic2 + 2 * a2 * z.ic1) + 2 * a3 * d
            z.ic1 = next
            return (band, low)
        }

        @inline(__always)
        func allpass(_ x: SIMD2<Double>, _ z: inout SVFState) -> SIMD2<Double> { x - 2 * Self.k * tick(x, &z).band }

        @inline(__always)
        func split(_ x: SIMD2<Double>, _ shared: inout SVFState, _ second: inout SVFState) -> (low: SIMD2<Double>, high: SIMD2<Double>) {
            let once = tick(x, &shared)
            let low = tick(once.low, &second).low
            return (low, x - 2 * Self.k * once.band - low)
        }
    }
}
