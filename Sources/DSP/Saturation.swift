import CSignal

/// Saturation on 8 places a frame, 16 when driven hard: v/√(1 + v²) around a working point, the difference from a straight line
/// filtered back (`Oversampler`). Drive 0 or mix 0 leaves the signal bit-exact. Latency constant.
///
/// - `soft`: symmetric, odd harmonics only.
/// - `tube`: works around a bias that grows with the drive, even harmonics too; the steady part that this makes is taken out below 5 Hz.
/// - `tape`: symmetric; what lies under some 3 kHz is driven 6 dB less than what lies above, and comes back as it was: the treble gives way
///   first (the tape's 50 µs record equalisation).
///
/// Drive does not make louder: the output is scaled so that noise of −18 dBFS RMS keeps its level, so peaks come down and what is quiet comes up.
public struct Saturation {
    public enum Curve: UInt8, Sendable, CaseIterable, BitwiseCopyable { case tape, tube, soft }

    public struct Settings: Sendable, Equatable, BitwiseCopyable {
        /// 0…24 dB: 10·log10(1 + γ²), where full scale is driven to γ; a peak of full scale is pressed by as much before the scaling.
        public var driveDB = 0.0
        public var curve = Curve.soft
        /// 0…1.
        public var mix = 1.0
        public init() {}
    }

    public static let blockFrames = Oversampler.blockFrames
    /// Frames by which the output trails the input.
    public static let latency = Oversampler.latency
    /// γ from which 16 places a frame are worked on: up to here aliases stay under −100 dBc with 8.
    private static let hardDrive = 2.8
    private static let referenceRMS = 0.1259
    private static let record = (hz: 3183.0, gain: 0.5)

    /// All that a moment's curve depends on.
    private struct Tool: Mixable {
        var drive = 0.0, bias = 0.0
        /// Gain of the curve and of the straight signal.
        var wet = 0.0, dry = 1.0
        /// 0 to 1: how much of the record equalisation and of the steady part's removal is in force.
        var record = 0.0, block = 0.0

        func interpolated(to other: Tool, _ t: Double) -> Tool {
            var made = Tool()
            made.drive = drive + (other.drive - drive) * t
            made.bias = bias + (other.bias - bias) * t
            made.wet = wet + (other.wet - wet) * t
            made.dry = dry + (other.dry - dry) * t
            made.record = record + (other.record - record) * t
            made.block = block + (other.block - block) * t
            return made
        }

        func isNear(_ goal: Tool) -> Bool {
            abs(drive - goal.drive) <= 1e-8 && abs(bias - goal.bias) <= 1e-8 && abs(wet - goal.wet) <= 1e-8 && abs(dry - goal.dry) <= 1e-8
                && abs(record - goal.record) <= 1e-8 && abs(block - goal.block) <= 1e-8
        }

        var isIdle: Bool { wet == 0 && dry == 1 }
    }

    private struct State: BitwiseCopyable {
        var glide = Glide(Tool())
        /// The tools of the last frames of the block before.
        var past = InlineArray<4, Tool>(repeating: Tool())
    }

    private struct Channel: BitwiseCopyable {
        var record = 0.0, play = 0.0, steady = 0.0
        /// Blocks since the curve last made a difference; `asleep` when there is none and the oversampler is not fed.
        var quiet = 4
    }

    private let channels: Int
    private let oversampler = Oversampler()
    private let state: UnsafeMutablePointer<State>
    private let memory: UnsafeMutablePointer<Channel>
    private let lines: UnsafeMutablePointer<Double>
    /// Five rows of a value per frame, −4 ..< 64, for the kernel; two blocks of sound. Not state.
    private let scratch: UnsafeMutablePointer<Double>
    /// The steady tool that the rows hold, if one.
    private let prepared: UnsafeMutablePointer<Tool?>
    private let smoothing: Double
    private let recordPart: Double, steadyPart: Double

    /// Bytes that it carves from the arena.
    public static func stateBytes(channels: Int) -> Int { channels * (Oversampler.stateCount * 8 + 64) + 2048 }

    public init(sampleRate: Double, channels: Int, arena: inout StateArena) {
        self.channels = channels
        state = arena.carve(1, of: State())
        memory = arena.carve(channels, of: Channel())
        lines = arena.carve(channels * Oversampler.stateCount, of: 0)
        scratch = .allocate(capacity: 5 * Self.row + 2 * Self.blockFrames)
        scratch.initialize(repeating: 0, count: 5 * Self.row + 2 * Self.blockFrames)
        prepared = .allocate(capacity: 1)
        prepared.initialize(to: nil)
        smoothing = Glide<Tool>.smoothing(sampleRate: sampleRate)
        recordPart = 1 - FastMath.exp(-2 * .pi * Self.record.hz / sampleRate)
        steadyPart = 1 - FastMath.exp(-2 * .pi * 5 / sampleRate)
    }

    private static let row = Oversampler.lead + Oversampler.blockFrames
    private static let asleep = 5

    /// Frees what is not in the arena.
    public func deallocate() {
        oversampler.deallocate()
        prepared.deallocate()
        scratch.deallocate()
    }

    /// Settings glide along the ramp that starts with the next block, `position` being where the ramp in progress stands.
    public func set(_ settings: Settings, at position: Double, ramp: Bool) {
        let goal = Self.tool(settings)
        if ramp {
            if goal != state.pointee.glide.goal { state.pointee.glide.move(to: goal, at: position) }
        } else {
            state.pointee.glide.jump(to: goal)
            state.pointee.past = InlineArray(repeating: goal)
        }
    }

    private static func tool(_ s: Settings) -> Tool {
        var tool = Tool()
        guard s.driveDB > 0 && s.mix > 0 else { return tool }
        tool.drive = (FastMath.exp2(s.driveDB / FastMath.dBPerOctave * 2) - 1).squareRoot()
        switch s.curve {
        case .soft: break
        case .tube:
            tool.bias = 0.5 * tool.drive / (1 + tool.drive)
            tool.block = 1
        case .tape: tool.record = 1
        }
        // Music has most of its energy where tape is driven less.
        let level = levelGain(drive: s.curve == .tape ? 0.65 * tool.drive : tool.drive, bias: tool.bias)
        tool.wet = s.mix * level
        tool.dry = 1 + s.mix * (level - 1)
        return tool
    }

    /// What brings Gaussian noise at the reference back to its RMS after the curve.
    private static func levelGain(drive: Double, bias: Double) -> Double {
        let rest = bias / (1 + bias * bias).squareRoot(), slope = (1 + bias * bias) * (1 + bias * bias).squareRoot() / drive
        var total = 0.0, before = 0.0, mean = 0.0, after = 0.0
        for k in -16...16 {
            let t = Double(k) * 0.25, chance = FastMath.exp(-0.5 * t * t), x = referenceRMS * t, v = drive * x + bias
            let y = slope * (v / (1 + v * v).squareRoot() - rest)
            total += chance
            before += chance * x * x
            mean += chance * y
            after += chance * y * y
        }
        return (before / (after - mean * mean / total)).squareRoot()
    }

    /// Forgets the signal and ends a glide; keeps the settings.
    public func clear() {
        lines.update(repeating: 0, count: channels * Oversampler.stateCount)
        memory.update(repeating: Channel(), count: channels)
        state.pointee.glide.jump(to: state.pointee.glide.goal)
        state.pointee.past = InlineArray(repeating: state.pointee.glide.goal)
    }

    /// Works on exactly `blockFrames` frames in place while the ramp goes from `t0` to `t1`; what comes out went in `latency` frames ago.
    public func process(_ block: AudioBlock, t0: Double, t1: Double) {
        let moving = !state.pointee.glide.settled
        if moving { state.pointee.glide.advance(to: t1, smoothing: smoothing) }
        let goal = state.pointee.glide.goal
        var steady = !moving
        for i in 0..<4 { steady = steady && state.pointee.past[i] == goal }
        let idle = steady && goal.isIdle
        var hardest = goal.drive
        if !idle && !(steady && prepared.pointee == goal) {
            hardest = prepare(moving: moving, goal)
            prepared.pointee = steady ? goal : nil
        }
        for c in 0..<channels { run(block[c], c, places: idle ? 0 : hardest > Self.hardDrive ? 16 : 8, moving: moving, goal) }
        if !steady {
            for i in 0..<4 { state.pointee.past[i] = moving ? state.pointee.glide.curve.value(at: Double(61 + i) / 64) : goal }
        }
    }

    /// Fills the kernel's rows. Returns the highest drive in them.
    private func prepare(moving: Bool, _ goal: Tool) -> Double {
        var hardest = 0.0
        let curve = state.pointee.glide.curve
        for i in 0..<Self.row {
            let tool = i < 4 ? state.pointee.past[i] : moving ? curve.value(at: Double(i - 3) / 64) : goal
            hardest = max(hardest, tool.drive)
            // Next to no drive is next to no difference, and nothing to divide by.
            let inverse = tool.drive > 1e-6 ? 1 / tool.drive : 0
            let spread = 1 + tool.bias * tool.bias, root = spread.squareRoot()
            let gain = spread * root * inverse
            scratch[i] = tool.drive
            scratch[Self.row + i] = tool.bias
            scratch[2 * Self.row + i] = gain
            scratch[3 * Self.row + i] = gain * tool.bias / root
            scratch[4 * Self.row + i] = inverse > 0 ? tool.wet : 0
        }
        return hardest
    }

    private func run(_ x: UnsafeMutablePointer<Double>, _ c: Int, places: Int, moving: Bool, _ goal: Tool) {
        let n = Self.blockFrames, line = lines + c * Oversampler.stateCount
        let recorded = scratch + 5 * Self.row, residue = recorded + n
        var m = memory[c]
        defer { memory[c] = m }
        let records = moving || goal.record != 0
        if records {
            for i in 0..<n {
                m.record += recordPart * (x[i] - m.record)
                recorded[i] = x[i] - depth(i, moving, goal) * m.record
            }
        }
        let sleeps = places == 0 && !records && m.quiet >= 4
        var bound = 0.0
        if !sleeps {
            if m.quiet == Self.asleep { oversampler.catchUp(line) }
            bound = oversampler.accept(records ? recorded : x, line)
        }
        let straight = oversampler.pass(x, line)
        if moving {
            let curve = state.pointee.glide.curve
            for i in 0..<n { straight[i] *= curve.value(at: Double(i + 1) / 64).dry }
        } else if goal.dry != 1 {
            for i in 0..<n { straight[i] *= goal.dry }
        }
        let works = places > 0 && bound > 0
        m.quiet = sleeps ? Self.asleep : works ? 0 : min(m.quiet + 1, 4)
        x.update(from: oversampler.passed(line), count: n)
        guard m.quiet < 4 || (goal.block != 0 && m.steady != 0) else { return }
        if works {
            oversampler.raise(line, places: places)
            let step = 16 / places
            var values = lathe_saturation(
                drive: UnsafePointer(scratch), bias: scratch + Self.row, gain: scratch + 2 * Self.row, rest: scratch + 3 * Self.row,
                weight: scratch + 4 * Self.row)
            lathe_saturate(
                oversampler.raised - 4, Oversampler.stride, oversampler.differences - 4, Oversampler.stride, places, step, &values, Self.row)
        }
        oversampler.lower(line, places: works ? places : 0, into: residue)
        if moving || goal.block != 0 {
            for i in 0..<n {
                m.steady += steadyPart * (residue[i] - m.steady)
                residue[i] -= (moving ? state.pointee.glide.curve.value(at: Double(i + 1) / 64).block : goal.block) * m.steady
            }
            if abs(m.steady) < 1e-15 { m.steady = 0 }
        }
        if records {
            for i in 0..<n {
                let d = depth(i, moving, goal)
                let y = (residue[i] + d * (1 - recordPart) * m.play) / (1 - d * recordPart)
                m.play += recordPart * (y - m.play)
                residue[i] = y
            }
        }
        for i in 0..<n { x[i] += residue[i] }
    }

    /// How much of what lies under the record equalisation's corner is held back.
    @inline(__always)
    private func depth(_ i: Int, _ moving: Bool, _ goal: Tool) -> Double {
        (1 - Self.record.gain) * (moving ? state.pointee.glide.curve.value(at: Double(i + 1) / 64).record : goal.record)
    }
}
