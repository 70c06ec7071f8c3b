/// Width of the lows, the mids and the highs apart: the side signal's level in each of three bands of a `Crossover`.
///
/// Two channels only. Mid and side pass the same crossover, whose bands add up to an allpass: the level of the mono sum is untouched at every
/// frequency, and no band of the side is turned against its mid. Latency 0. All widths 1 pass bit-exact; switching fades over the ramp.
public struct WidthByBand {
    /// Between lows and mids, and between mids and highs, Hz: below the first, width unsettles a room and a groove; above the second it is air.
    public static let cornersHz = (150.0, 4000.0)

    private struct State: BitwiseCopyable {
        var from = SIMD3<Double>(repeating: 1), to = SIMD3<Double>(repeating: 1)
        /// 0 is the signal as it came, 1 what came through the bands.
        var mixFrom = 0.0, mixTo = 0.0
    }

    private let state: UnsafeMutablePointer<State>
    private let crossover: Crossover
    private let split: UnsafeMutablePointer<SIMD2<Double>>

    /// Bytes that it carves from the arena.
    public static let stateBytes = 8192

    public init(sampleRate: Double, arena: inout StateArena) {
        state = arena.carve(1, of: State())
        crossover = Crossover(sampleRate: sampleRate, channels: 2, arena: &arena)
        split = arena.carve(Crossover.mostBands * 64, of: SIMD2<Double>.zero)
        crossover.set(hz: SIMD3(Self.cornersHz.0, Self.cornersHz.1, 0.4 * sampleRate), bands: 3, at: 1, ramp: false)
    }

    /// - Parameter widths: side gain of lows, mids, highs; 1 is unchanged.
    public func set(_ widths: SIMD3<Double>, at position: Double, ramp: Bool) {
        let s = state.pointee
        let now = s.mixFrom + (s.mixTo - s.mixFrom) * position
        let goal = widths == SIMD3(repeating: 1) ? 0.0 : 1.0
        if now == 0 && goal == 1 { clear() }
        state.pointee.mixFrom = ramp ? now : goal
        state.pointee.mixTo = goal
        state.pointee.from = ramp && now > 0 ? s.from + (s.to - s.from) * position : widths
        state.pointee.to = widths
    }

    public func clear() { crossover.clear() }

    /// Works on `frames` (≤ 64) frames in place while the ramp goes from `t0` to `t1`.
    public func process(_ block: AudioBlock, frames: Int, t0: Double, t1: Double) {
        let s = state.pointee
        let span = s.mixTo - s.mixFrom
        let mix0 = t0 == 1 ? s.mixTo : s.mixFrom + span * t0, mixStep = t0 == 1 ? 0 : span * (t1 - t0) / Double(frames)
        if mix0 == 0 && mixStep == 0 { return }
        crossover.process(block, frames: frames, t0: t0, t1: t1, into: split)
        let left = block[0], right = block[1]
        let step = (t1 - t0) / Double(frames)
        for i in 0..<frames {
            let width = s.from + (s.to - s.from) * (t0 == 1 ? 1 : t0 + step * Double(i + 1))
            var mid = 0.0, side = 0.0
            for b in 0..<3 {
                let v = split[64 * b + i]
                mid += (v.x + v.y) * 0.5
                side += (v.x - v.y) * 0.5 * width[b]
            }
            let mix = mix0 + mixStep * Double(i + 1)
            if mix == 1 {
                left[i] = mid + side
                right[i] = mid - side
            } else {
                left[i] += (mid + side - left[i]) * mix
                right[i] += (mid - side - right[i]) * mix
            }
        }
    }
}
