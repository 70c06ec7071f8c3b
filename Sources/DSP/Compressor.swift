import CSignal
import Glibc

/// Feed-forward glue compressor: D. Giannoulis, M. Massberg, J. Reiss, "Digital dynamic range compressor design",
/// JAES 60(6), 2012: log-domain level, soft-knee static curve (eq. 4), smooth decoupled peak detector (eq. 17).
///
///     x   detector level, log2 amplitude: highest |sample| of all channels after the side-chain high-pass
///     c   reduction wanted by the static curve        y1  its peak-hold with release        y  y1 with attack
///
/// The curve and the envelopes go by groups of four frames, each with the loudest of its levels, and the gain in straight lines from group to
/// group. Latency 0. Attack and release are the times to 63 % of a step. Ratio 1 or mix 0 leave the signal bit-exact.
public struct Compressor {
    public struct Settings: Sendable, Equatable, BitwiseCopyable {
        /// Threshold in dBFS, ratio ≥ 1, knee width in dB, times in ms, detector high-pass in Hz (0: off), mix 0…1 (0 is off).
        public var thresholdDB = 0.0, ratio = 1.0, kneeDB = 0.0, attackMs = 30.0, releaseMs = 250.0
        public var sidechainHighPassHz = 0.0, mix = 0.0
        public init() {}

        /// Reduction that the static curve asks for at `levelDB`, dB ≥ 0.
        public func staticReductionDB(levelDB: Double) -> Double {
            let over = levelDB - thresholdDB, slope = 1 - 1 / ratio
            if 2 * over <= -kneeDB { return 0 }
            if 2 * over < kneeDB { return slope * (over + kneeDB / 2) * (over + kneeDB / 2) / (2 * kneeDB) }
            return slope * over
        }
    }

    struct State: BitwiseCopyable {
        var threshold = 0.0, slope = 0.0, knee = 0.0, attack = 0.0, release = 0.0
        /// Level below which the curve asks for nothing, linear: spares the logarithm.
        var quiet = 0.0
        var sidechain = SVFCoefficients.identity.section
        var mixFrom = 0.0, mixTo = 0.0
        var y1 = 0.0, y = 0.0
        /// Of the last frame.
        var gain = 1.0
    }

    private static let group = 4

    private let state: UnsafeMutablePointer<State>
    private let filters: UnsafeMutablePointer<lathe_section_memory>
    private let channels: Int
    private let sampleRate: Double

    public init(sampleRate: Double, channels: Int, arena: inout StateArena) {
        self.sampleRate = sampleRate
        self.channels = channels
        state = arena.carve(1, of: State())
        filters = arena.carve((channels + 1) / 2, of: lathe_section_memory())
    }

    public func set(_ s: Settings, at position: Double, ramp: Bool) {
        let octave = FastMath.dBPerOctave
        let now = state.pointee.mixFrom + (state.pointee.mixTo - state.pointee.mixFrom) * position
        state.pointee.mixFrom = ramp ? now : s.mix
        state.pointee.mixTo = s.mix
        state.pointee.threshold = s.thresholdDB / octave
        state.pointee.slope = 1 - 1 / s.ratio
        state.pointee.knee = s.kneeDB / octave
        state.pointee.quiet = FastMath.amplitude(dB: s.thresholdDB - s.kneeDB / 2)
        state.pointee.attack = exp(-Double(Self.group) / (s.attackMs * 0.001 * sampleRate))
        state.pointee.release = exp(-Double(Self.group) / (s.releaseMs * 0.001 * sampleRate))
        state.pointee.sidechain = s.sidechainHighPassHz > 0
            ? SVFCoefficients.highPass(hz: s.sidechainHighPassHz, q: 0.7071067811865476, sampleRate: sampleRate).section
            : SVFCoefficients.identity.section
    }

    public func clear() {
        filters.update(repeating: lathe_section_memory(), count: (channels + 1) / 2)
        state.pointee.y1 = 0
        state.pointee.y = 0
        state.pointee.gain = 1
    }

    /// Compresses `frames` (≤ 64) frames in place while the mix ramp goes from `t0` to `t1`.
    /// - Returns: the largest reduction in the block, dB ≥ 0, before the mix.
    public func process(_ block: AudioBlock, frames: Int, t0: Double, t1: Double) -> Double {
        var s = state.pointee
        if s.mixFrom == 0 && s.mixTo == 0 {
            if s.y1 != 0 || s.y != 0 || s.gain != 1 { clear() }
            return 0
        }
        let groups = (frames + Self.group - 1) / Self.group
        // The kernels work on whole vectors.
        let count = (groups + 7) & ~7
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.group * count) { buffer in
            let level = buffer.baseAddress!
            let highest = detect(block, frames: frames, sidechain: s.sidechain, into: level)
            // Loudest first: when nothing reaches the knee and the envelopes are at rest, there is nothing to do.
            if highest <= s.quiet && s.y1 == 0 && s.y == 0 && s.gain == 1 { return 0 }
            for i in frames..<Self.group * count { level[i] = 0 }
            for g in 0..<count {
                let four = level + Self.group * g
                level[g] = larger(larger(four[0], four[1]), larger(four[2], four[3]))
            }
            lathe_static_curve(level, count, s.quiet, s.threshold, s.slope, s.knee * 0.5, s.knee > 0 ? 0.5 / s.knee : 0)
            let deepest = lathe_follow(level, groups, s.release, s.attack, &s.y1, &s.y)
            let span = s.mixTo - s.mixFrom
            lathe_mixed_gain(level, count, s.mixFrom + span * t0, span * (t1 - t0) * Double(Self.group) / Double(frames))
            if s.y1 < 1e-12 { s.y1 = 0 }
            if s.y < 1e-12 { s.y = 0 }
            for c in 0..<channels { apply(level, from: s.gain, to: block[c], frames) }
            s.gain = level[groups - 1]
            state.pointee = s
            return deepest * FastMath.dBPerOctave
        }
    }

    /// One instruction, where `max` is a comparison and a jump.
    @inline(__always)
    private func larger(_ x: Double, _ y: Double) -> Double { x > y ? x : y }

    private func apply(_ gains: UnsafePointer<Double>, from first: Double, to x: UnsafeMutablePointer<Double>, _ frames: Int) {
        let parts = SIMD4(0.25, 0.5, 0.75, 1)
        var from = first
        for g in 0..<frames / Self.group {
            let to = gains[g], four = UnsafeMutableRawPointer(x + Self.group * g)
            let gain = from + (to - from) * parts
            four.storeBytes(of: four.loadUnaligned(as: SIMD4<Double>.self) * gain, as: SIMD4<Double>.self)
            from = to
        }
        let rest = frames % Self.group, done = frames - rest
        for i in 0..<rest { x[done + i] *= from + (gains[done / Self.group] - from) * Double(i + 1) / Double(rest) }
    }

    /// The linked level: highest |side-chain sample| of all channels, per frame, linear. Returns the highest of these.
    @discardableResult
    func detect(_ block: AudioBlock, frames: Int, sidechain: lathe_section, into level: UnsafeMutablePointer<Double>) -> Double {
        withUnsafePointer(to: sidechain) { filter in
            var highest = 0.0
            for pair in 0..<(channels + 1) / 2 {
                let left = block[2 * pair]
                let right = 2 * pair + 1 < channels ? block[2 * pair + 1] : left
                highest = lathe_sidechain(left, right, frames, filter, filters + pair, level, pair == 0 ? 1 : 0)
            }
            return highest
        }
    }
}
