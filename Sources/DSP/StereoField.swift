/// Width of the side signal, and mono bass by a fourth-order Linkwitz-Riley high-pass on the side.
///
/// Two channels only. The mid signal, and with it the mono sum, is untouched. Latency 0; width 1 with mono bass off is bit-exact.
public struct StereoField {
    struct State: BitwiseCopyable {
        var widthFrom = 1.0, widthTo = 1.0
        var corner = SVFCoefficients.identity
        /// 0: side unfiltered, 1: side high-passed.
        var monoFrom = 0.0, monoTo = 0.0
        var first = SVFState(), second = SVFState()
    }

    private let state: UnsafeMutablePointer<State>
    private let sampleRate: Double

    public init(sampleRate: Double, arena: inout StateArena) {
        self.sampleRate = sampleRate
        state = arena.carve(1, of: State())
    }

    /// - Parameters:
    ///   - width: side gain, 1 is unchanged.
    ///   - monoBelowHz: 0 is off.
    public func set(width: Double, monoBelowHz: Double, at position: Double, ramp: Bool) {
        let s = state.pointee
        state.pointee.widthFrom = ramp ? s.widthFrom + (s.widthTo - s.widthFrom) * position : width
        state.pointee.widthTo = width
        let mono = monoBelowHz > 0 ? 1.0 : 0.0
        state.pointee.monoFrom = ramp ? s.monoFrom + (s.monoTo - s.monoFrom) * position : mono
        state.pointee.monoTo = mono
        if monoBelowHz > 0 {
            state.pointee.corner = .highPass(hz: monoBelowHz, q: 0.7071067811865476, sampleRate: sampleRate)
        }
    }

    public func clear() {
        state.pointee.first = SVFState()
        state.pointee.second = SVFState()
    }

    public func process(_ block: AudioBlock, frames: Int, t0: Double, t1: Double) {
        var s = state.pointee
        let filtered = s.monoFrom != 0 || s.monoTo != 0
        if !filtered && s.widthFrom == 1 && s.widthTo == 1 { return }
        let left = block[0], right = block[1]
        let c = s.corner
        let a1 = 1 / (1 + c.g * (c.g + c.k)), a2 = c.g * a1, a3 = c.g * a2
        let m0 = SIMD2(repeating: c.m0), m1 = SIMD2(repeating: c.m1), m2 = SIMD2(repeating: c.m2)
        let step = (t1 - t0) / Double(frames)
        for i in 0..<frames {
            let t = t0 + step * Double(i + 1)
            let mid = (left[i] + right[i]) * 0.5
            var side = (left[i] - right[i]) * 0.5
            if filtered {
                let once = s.first.tick(SIMD2(repeating: side), a1: a1, a2: a2, a3: a3, m0: m0, m1: m1, m2: m2)
                let twice = s.second.tick(once, a1: a1, a2: a2, a3: a3, m0: m0, m1: m1, m2: m2)
                side += (twice.x - side) * (s.monoFrom + (s.monoTo - s.monoFrom) * t)
            }
            side *= s.widthFrom + (s.widthTo - s.widthFrom) * t
            left[i] = mid + side
            right[i] = mid - side
        }
        s.first.flushTiny()
        s.second.flushTiny()
        state.pointee = s
    }
}
