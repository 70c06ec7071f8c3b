/// Compresses three or four bands of a `Crossover` apart from one another, each by no more than its range. Channels are linked.
///
/// Latency 0. Off, or with every ratio 1, the signal passes bit-exact; on, it passes the crossover's allpass. Switching fades over the ramp.
public struct MultibandCompressor {
    public struct Settings: Sendable, Equatable, BitwiseCopyable {
        /// Bands that exist: 3 or 4, the lowest first in what follows.
        public var bands = 4
        public var crossoverHz = SIMD3(120.0, 700, 4500)
        /// dBFS of the band's peaks, or with `automatic` dB over the band's running level (3 s).
        public var thresholdDB = SIMD4<Double>(repeating: 0)
        public var automatic = true
        /// Ratio ≥ 1; the most that a band is turned down, dB; times in ms.
        public var ratio = SIMD4<Double>(repeating: 1.5)
        public var rangeDB = SIMD4<Double>(repeating: 3)
        public var attackMs = SIMD4(60.0, 30, 15, 8)
        public var releaseMs = SIMD4(250.0, 200, 150, 100)
        public var kneeDB = 6.0
        public var on = false
        public init() {}

        var isNeutral: Bool {
            for b in 0..<bands where ratio[b] > 1 && rangeDB[b] > 0 { return !on }
            return true
        }
    }

    private struct State: BitwiseCopyable {
        var settings = Settings()
        var bands = InlineArray<4, GainComputer>(repeating: GainComputer())
        var mixFrom = 0.0, mixTo = 0.0
    }

    private let state: UnsafeMutablePointer<State>
    private let crossover: Crossover
    private let split: UnsafeMutablePointer<SIMD2<Double>>
    private let levels: UnsafeMutablePointer<Double>
    private let pairs: Int
    private let sampleRate: Double

    /// Bytes that the compressor carves from the arena.
    public static func stateBytes(channels: Int) -> Int { 4096 + (channels + 1) / 2 * (4 * 64 * 16 + 1024) + 4 * 64 * 8 }

    public init(sampleRate: Double, channels: Int, arena: inout StateArena) {
        self.sampleRate = sampleRate
        pairs = (channels + 1) / 2
        state = arena.carve(1, of: State())
        crossover = Crossover(sampleRate: sampleRate, channels: channels, arena: &arena)
        split = arena.carve(pairs * Crossover.mostBands * 64, of: SIMD2<Double>.zero)
        levels = arena.carve(4 * 64, of: 0.0)
    }

    /// Thresholds, ratios, ranges and times hold from the next block on, smoothed by attack and release; corners and switching glide along
    /// the ramp that starts with it, `position` being where the ramp in progress stands.
    public func set(_ s: Settings, at position: Double, ramp: Bool) {
        let now = state.pointee.mixFrom + (state.pointee.mixTo - state.pointee.mixFrom) * position
        let goal = s.isNeutral ? 0.0 : 1.0
        if now == 0 && goal == 1 { clear() }
        state.pointee.mixFrom = ramp ? now : goal
        state.pointee.mixTo = goal
        crossover.set(hz: s.crossoverHz, bands: s.bands, at: position, ramp: ramp && now > 0)
        for b in 0..<4 {
            var band = GainComputer.Settings()
            (band.thresholdDB, band.automatic, band.ratio, band.kneeDB) = (s.thresholdDB[b], s.automatic, s.ratio[b], s.kneeDB)
            (band.rangeDB, band.attackMs, band.releaseMs) = (s.rangeDB[b], s.attackMs[b], s.releaseMs[b])
            state.pointee.bands[b].set(band, sampleRate: sampleRate, ramp: ramp)
        }
        state.pointee.settings = s
    }

    /// Forgets the signal, not the settings.
    public func clear() {
        crossover.clear()
        for b in 0..<4 { state.pointee.bands[b].clear() }
    }

    /// Compresses `frames` (≤ 64) frames in place while the ramp goes from `t0` to `t1`.
    ///
    /// - Returns: the largest reduction in each band, dB ≥ 0.
    public func process(_ block: AudioBlock, frames: Int, t0: Double, t1: Double) -> SIMD4<Double> {
        let span = state.pointee.mixTo - state.pointee.mixFrom
        let mix0 = t0 == 1 ? state.pointee.mixTo : state.pointee.mixFrom + span * t0, step = span * (t1 - t0) / Double(frames)
        if mix0 == 0 && step == 0 { return .zero }
        crossover.process(block, frames: frames, t0: t0, t1: t1, into: split)
        var deepest = SIMD4<Double>.zero
        for b in 0..<crossover.bands { deepest[b] = gains(of: b, frames: frames) * FastMath.dBPerOctave }
        for pair in 0..<pairs {
            let left = block[2 * pair]
            let right = 2 * pair + 1 < block.channels ? block[2 * pair + 1] : left
            let bands = split + pair * Crossover.mostBands * 64
            let four = crossover.bands == 4
            for i in 0..<frames {
                var sum = bands[i] * levels[i] + bands[64 + i] * levels[64 + i] + bands[128 + i] * levels[128 + i]
                if four { sum += bands[192 + i] * levels[192 + i] }
                let dry = SIMD2(left[i], right[i]), mix = mix0 + step * Double(i + 1)
                let y = mix == 1 ? sum : dry + (sum - dry) * mix
                right[i] = y.y
                left[i] = y.x
            }
        }
        return deepest
    }

    /// Puts the gains of band `b` at its place in `levels`. Returns the largest reduction, log2.
    private func gains(of b: Int, frames: Int) -> Double {
        let line = levels + 64 * b
        for i in 0..<frames {
            let v = split[b * 64 + i], e = v * v
            line[i] = max(e.x, e.y)
        }
        for pair in 1..<max(pairs, 1) {
            for i in 0..<frames {
                let v = split[(pair * Crossover.mostBands + b) * 64 + i], e = v * v
                line[i] = max(line[i], max(e.x, e.y))
            }
        }
        let deepest = state.pointee.bands[b].process(line, frames: frames)
        if deepest == 0 { line.update(repeating: 1, count: frames) }
        return deepest
    }
}
