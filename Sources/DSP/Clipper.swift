import CSignal

/// Clipper on 16 places a frame: takes the tips of peaks, those of the waveform between the samples too, and filters what it
/// took back (`Oversampler`), so that nothing folds. Frames whose waveform provably stays below the knee pass bit for bit, at
/// next to no cost; amount 0 leaves everything so. Latency constant.
///
/// The curve is straight to `start`, bends with a continuous second derivative, and is level from `start + knee` on:
///
///     level = peak lowered by the amount      knee = 2 · (peak − level) · knee %, around the level
///
/// At 100 % the bend ends at `peak`: a waveform that just reaches `peak` is only just level; at 0 % everything under the level is untouched.
/// What is above 0.425 × the sample rate is not clipped, and the filtering rounds the plateaus: a limiter belongs behind.
public struct Clipper {
    public struct Settings: Sendable, Equatable, BitwiseCopyable {
        /// 0…4 dB: by how much a peak of `peakDB` is lowered; 0 is off.
        public var amountDB = 0.0
        /// 0…1.
        public var knee = 0.5
        /// dBFS: the highest peaks of what comes in.
        public var peakDB = 0.0
        public init() {}
    }

    public static let blockFrames = Oversampler.blockFrames
    /// Frames by which the output trails the input.
    public static let latency = Oversampler.latency
    /// The narrowest knee, as a part of the level: a corner has no divided difference.
    private static let leastKnee = 1e-3

    private struct Tool: Mixable {
        var start = 1.0, knee = 1.0, weight = 0.0

        func interpolated(to other: Tool, _ t: Double) -> Tool {
            var made = Tool()
            made.start = start + (other.start - start) * t
            made.knee = knee + (other.knee - knee) * t
            made.weight = weight + (other.weight - weight) * t
            return made
        }

        func isNear(_ goal: Tool) -> Bool {
            abs(start - goal.start) <= 1e-8 && abs(knee - goal.knee) <= 1e-8 && abs(weight - goal.weight) <= 1e-8
        }
    }

    private struct State: BitwiseCopyable {
        var glide = Glide(Tool())
        /// The tools of the last frames of the block before.
        var past = InlineArray<4, Tool>(repeating: Tool())
    }

    private let channels: Int
    private let oversampler = Oversampler()
    private let state: UnsafeMutablePointer<State>
    /// Blocks since the curve last made a difference, by channel; `asleep` when there is none and the oversampler is not fed.
    private let quiet: UnsafeMutablePointer<Int>
    private let lines: UnsafeMutablePointer<Double>
    /// Three rows of a value per frame, −4 ..< 64, for the kernel; a block of sound. Not state.
    private let scratch: UnsafeMutablePointer<Double>
    /// The steady tool that the rows hold, if one.
    private let prepared: UnsafeMutablePointer<Tool?>
    private let smoothing: Double
    private static let row = Oversampler.lead + Oversampler.blockFrames
    private static let asleep = 5

    /// Bytes that it carves from the arena.
    public static func stateBytes(channels: Int) -> Int { channels * (Oversampler.stateCount * 8 + 64) + 1024 }

    public init(sampleRate: Double, channels: Int, arena: inout StateArena) {
        self.channels = channels
        state = arena.carve(1, of: State())
        quiet = arena.carve(channels, of: 4)
        lines = arena.carve(channels * Oversampler.stateCount, of: 0)
        scratch = .allocate(capacity: 3 * Self.row + Self.blockFrames)
        scratch.initialize(repeating: 0, count: 3 * Self.row + Self.blockFrames)
        prepared = .allocate(capacity: 1)
        prepared.initialize(to: nil)
        smoothing = Glide<Tool>.smoothing(sampleRate: sampleRate)
    }

    /// Frees what is not in the arena.
    public func deallocate() {
        oversampler.deallocate()
        prepared.deallocate()
        scratch.deallocate()
    }

    /// Settings glide along the ramp that starts with the next block, `position` being where the ramp in progress stands.
    public func set(_ settings: Settings, at position: Double, ramp: Bool) {
        var goal = state.pointee.glide.goal
        if settings.amountDB > 0 {
            let peak = FastMath.amplitude(dB: settings.peakDB), level = FastMath.amplitude(dB: settings.peakDB - settings.amountDB)
            goal.knee = max(2 * (peak - level) * min(max(settings.knee, 0), 1), Self.leastKnee * level)
            goal.start = level - goal.knee / 2
            goal.weight = 1
        } else {
            // The curve stays where it is while it fades.
            goal.weight = 0
        }
        if ramp {
            // One that comes from nothing comes in its own shape.
            if state.pointee.glide.settled && state.pointee.glide.goal.weight == 0 {
                var hidden = goal
                hidden.weight = 0
                state.pointee.glide.jump(to: hidden)
                state.pointee.past = InlineArray(repeating: hidden)
            }
            if goal != state.pointee.glide.goal { state.pointee.glide.move(to: goal, at: position) }
        } else {
            state.pointee.glide.jump(to: goal)
            state.pointee.past = InlineArray(repeating: goal)
        }
    }

    /// Forgets the signal and ends a glide; keeps the settings.
    public func clear() {
        lines.update(repeating: 0, count: channels * Oversampler.stateCount)
        quiet.update(repeating: 4, count: channels)
        state.pointee.glide.jump(to: state.pointee.glide.goal)
        state.pointee.past = InlineArray(repeating: state.pointee.glide.goal)
    }

    /// Works on exactly `blockFrames` frames in place while the ramp goes from `t0` to `t1`; what comes out went in `latency` frames ago.
    ///
    /// - Returns: the most that was taken off a sample, linear.
    @discardableResult
    public func process(_ block: AudioBlock, t0: Double, t1: Double) -> Double {
        let moving = !state.pointee.glide.settled
        if moving { state.pointee.glide.advance(to: t1, smoothing: smoothing) }
        let goal = state.pointee.glide.goal
        var steady = !moving
        for i in 0..<4 { steady = steady && state.pointee.past[i] == goal }
        var lowest = goal.weight == 0 ? .infinity : goal.start
        if !steady || (goal.weight > 0 && prepared.pointee != goal) {
            lowest = prepare(moving: moving, goal)
            prepared.pointee = steady ? goal : nil
        }
        var most = 0.0
        for c in 0..<channels { most = max(most, run(block[c], c, reachedFrom: lowest)) }
        if !steady {
            for i in 0..<4 { state.pointee.past[i] = moving ? state.pointee.glide.curve.value(at: Double(61 + i) / 64) : goal }
        }
        return most
    }

    /// Fills the kernel's rows. Returns the lowest level at which the curve bends.
    private func prepare(moving: Bool, _ goal: Tool) -> Double {
        var lowest = Double.infinity
        let curve = state.pointee.glide.curve
        for i in 0..<Self.row {
            let tool = i < 4 ? state.pointee.past[i] : moving ? curve.value(at: Double(i - 3) / 64) : goal
            lowest = min(lowest, tool.start)
            scratch[i] = tool.start
            scratch[Self.row + i] = tool.knee
            scratch[2 * Self.row + i] = tool.weight
        }
        return lowest
    }

    private func run(_ x: UnsafeMutablePointer<Double>, _ c: Int, reachedFrom start: Double) -> Double {
        let n = Self.blockFrames, line = lines + c * Oversampler.stateCount, residue = scratch + 3 * Self.row
        let sleeps = start == .infinity && quiet[c] >= 4
        var works = false
        if !sleeps {
            if quiet[c] == Self.asleep { oversampler.catchUp(line) }
            works = oversampler.accept(x, line) > start
        }
        _ = oversampler.pass(x, line)
        x.update(from: oversampler.passed(line), count: n)
        quiet[c] = sleeps ? Self.asleep : works ? 0 : min(quiet[c] + 1, 4)
        guard quiet[c] < 4 else { return 0 }
        if works {
            oversampler.raise(line, places: 16)
            var values = lathe_clipping(start: UnsafePointer(scratch), knee: scratch + Self.row, weight: scratch + 2 * Self.row)
            lathe_clip(oversampler.raised - 4, Oversampler.stride, oversampler.differences - 4, 16, &values, Self.row)
        }
        oversampler.lower(line, places: works ? 16 : 0, into: residue)
        var most = 0.0
        for i in 0..<n {
            x[i] += residue[i]
            most = max(most, abs(residue[i]))
        }
        return most
    }
}
