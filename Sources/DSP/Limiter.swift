import CSignal

/// Look-ahead true-peak limiter in blocks of 64 frames: required gain from an 8× oversampled detector with peak refinement
/// → `LimiterGain` → gain on the delayed signal.
///
/// A signal that stays under the threshold passes bit for bit. Latency is constant: look-ahead up to `maximumLookaheadMs` at
/// any setting. Detection is skipped where the largest |sample| near shows that no peak can reach the threshold.
public struct Limiter {
    public static let blockFrames = HalfBandCascade.blockFrames
    public static let maximumLookaheadMs = 10.0
    public static let maximumHoldMs = 50.0
    /// How far under the ceiling the threshold lies: room for what the moving gain leaves between the points.
    public static let marginDB = 0.05

    /// How the automatic release treats music.
    public enum Character: UInt8, Sendable, CaseIterable, BitwiseCopyable {
        /// Isolated peaks are gone at once, lasting reduction moves slowly: what is limited least is heard least.
        case transparent
        /// Only the tip of a hit is taken, and what lies under it stays where it is until the passage ends.
        case punchy
        /// The gain returns as fast as it can, always: loudest, most energy.
        case dense

        /// Release of isolated peaks and of lasting reduction, ms.
        public var releaseMs: (quick: Double, lasting: Double) {
            switch self {
            case .transparent: (2, 60)
            case .punchy: (2, 150)
            case .dense: (1, 6)
            }
        }

        /// How much of the look-ahead the gain takes to fall.
        public var attackShare: Double { self == .punchy ? 0.5 : 1 }
    }

    public struct Settings: Sendable, Equatable, BitwiseCopyable {
        /// Gain 1 with `on` false, at the same latency. Ceiling in dBTP; look-ahead 0.5…10 ms; hold 0…50 ms; release in ms, 0 is
        /// automatic; link 0…1, how much of the deepest channel's reduction the others share.
        public var on = false, ceilingDBTP = -1.0, lookaheadMs = 1.5, holdMs = 0.0, releaseMs = 0.0, link = 1.0
        /// Bass and steady tones slow the release down, so that it does not bend their waves.
        public var protectsLow = true
        public var character = Character.transparent
        public init() {}

        /// Time that the gain takes to fall, ms.
        public var attackMs: Double { lookaheadMs * character.attackShare }
    }

    struct State: BitwiseCopyable {
        var on = false
        var threshold: Float = 1
        var link = 1.0
        /// All channels have the same past and the same needs: the first voice speaks for all.
        var together = true
        var bassCoefficient = 0.0, bassDecay = 0.0
        /// Where the delays' oldest frame is: they are moved to the front every few blocks.
        var place = 0
    }

    /// What is known of one channel's level between blocks.
    struct Detector: BitwiseCopyable {
        var previousPeak: Float = 0
        var bass1 = 0.0, bass2 = 0.0, bassPeak = 0.0
    }

    /// Frames by which the output trails the input.
    public let latency: Int

    private let channels: Int
    private let step: Int
    private let groups: Int
    private let cascade = HalfBandCascade()
    private let state: UnsafeMutablePointer<State>
    private let detectors: UnsafeMutablePointer<Detector>
    /// One per channel; allocated here, their state lies in the arena.
    private let voices: UnsafeMutablePointer<LimiterGain>
    private let lines: UnsafeMutablePointer<Float>
    /// By channel, a value per group: the block's needs, and its bass over the threshold.
    private let needs: UnsafeMutablePointer<Float>
    private let bass: UnsafeMutablePointer<Double>
    private let delay: UnsafeMutablePointer<Double>
    private let delayCount: Int
    private static let laps = 8

    public init(sampleRate: Double, channels: Int, arena: inout StateArena) {
        self.channels = channels
        step = LimiterGain.step(sampleRate: sampleRate)
        groups = Self.blockFrames / step
        let window = LimiterGain.groups(ms: Self.maximumLookaheadMs, sampleRate: sampleRate)
        let hold = LimiterGain.groups(ms: Self.maximumHoldMs, sampleRate: sampleRate)
        latency = HalfBandCascade.delay + window * step
        state = arena.carve(1, of: State())
        detectors = arena.carve(channels, of: Detector())
        lines = arena.carve(channels * HalfBandCascade.lineCount, of: 0)
        needs = arena.carve(channels * groups, of: 1)
        bass = arena.carve(channels * groups, of: 0)
        delayCount = latency + Self.laps * Self.blockFrames
        delay = arena.carve(channels * delayCount, of: 0)
        voices = .allocate(capacity: channels)
        for c in 0..<channels {
            (voices + c).initialize(to: LimiterGain(sampleRate: sampleRate, maximumWindow: window, maximumHold: hold, arena: &arena))
        }
        // Two one-pole low-passes at 200 Hz, run on sums over a group; its level falls to 1/e in 30 ms.
        let groupSeconds = Double(step) / sampleRate
        state.pointee.bassCoefficient = 1 - FastMath.exp(-2 * .pi * 200 * groupSeconds)
        state.pointee.bassDecay = FastMath.exp(-groupSeconds / 0.03)
        set(Settings())
        clear()
    }

    /// Frees what is not in the arena.
    public func deallocate() {
        cascade.deallocate()
        voices.deallocate()
    }

    /// Bytes of arena that a limiter of this shape carves.
    public static func stateBytes(sampleRate: Double, channels: Int) -> Int {
        let window = LimiterGain.groups(ms: maximumLookaheadMs, sampleRate: sampleRate)
        let hold = LimiterGain.groups(ms: maximumHoldMs, sampleRate: sampleRate)
        let frames = HalfBandCascade.delay + window * LimiterGain.step(sampleRate: sampleRate) + laps * blockFrames
        let perChannel = LimiterGain.stateBytes(window: window, hold: hold) + HalfBandCascade.lineCount * 4 + frames * 8 + MemoryLayout<Detector>.stride
        return 4096 + channels * (perChannel + blockFrames * 6)
    }

    /// Takes over settings; the smoothing makes any change inaudible as a step.
    public func set(_ s: Settings) {
        state.pointee.on = s.on
        state.pointee.threshold = Float(FastMath.amplitude(dB: s.ceilingDBTP - Self.marginDB))
        if s.link < 1 && state.pointee.together {
            for c in 1..<max(1, channels) { voices[c].copy(from: voices[0]) }
            state.pointee.together = false
        }
        state.pointee.link = s.link
        for c in 0..<channels { voices[c].set(s) }
    }

    /// Forgets every signal, keeps the settings.
    public func clear() {
        lines.update(repeating: 0, count: channels * HalfBandCascade.lineCount)
        delay.update(repeating: 0, count: channels * delayCount)
        detectors.update(repeating: Detector(), count: channels)
        for c in 0..<channels { voices[c].clear() }
        state.pointee.together = state.pointee.link >= 1
        state.pointee.place = 0
    }

    /// Limits exactly `blockFrames` frames in place; what comes out went in `latency` frames ago.
    /// - Returns: the least gain of the block, linear.
    public func process(_ block: AudioBlock) -> Double {
        var lowest: Float = 1
        for c in 0..<channels { lowest = min(lowest, detect(block[c], channel: c)) }
        moveOn()
        if state.pointee.together {
            if channels > 1 && lowest < 1 { link(share: 1) }
        } else if lowest < 1 && state.pointee.link > 0 {
            link(share: state.pointee.link)
        }
        return withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.blockFrames) { buffer -> Double in
            let gain = buffer.baseAddress!
            var least = 1.0, resting = true
            if state.pointee.together {
                least = advance(voices[0], from: 0, into: gain)
                for c in 0..<channels { apply(gain, least: least, to: block[c], channel: c) }
            } else {
                for c in 0..<channels {
                    let own = advance(voices[c], from: c, into: gain)
                    apply(gain, least: own, to: block[c], channel: c)
                    least = min(least, own)
                    resting = resting && voices[c].isAtRest
                }
                state.pointee.together = resting && state.pointee.link >= 1
            }
            return least
        }
    }

    /// Reads one channel's new frames: what gain each group needs on its own, and the bass in it.
    /// - Returns: the least of these gains.
    private func detect(_ x: UnsafePointer<Double>, channel c: Int) -> Float {
        let s = state.pointee
        var d = detectors[c]
        defer { detectors[c] = d }
        let line = lines + c * HalfBandCascade.lineCount, need = needs + c * groups
        let new = HalfBandCascade.incoming(line)
        _ = lathe_to_float(x, new, Self.blockFrames)
        defer { HalfBandCascade.shift(line) }
        for g in 0..<groups { need[g] = 1 }
        guard s.on else {
            d.previousPeak = 0
            return 1
        }
        measureBass(x, channel: c, &d)
        guard cascade.extent(line).bound > s.threshold else {
            // A peak between two frames concerns both.
            if d.previousPeak > s.threshold { need[0] = s.threshold / d.previousPeak }
            d.previousPeak = 0
            return need[0]
        }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.blockFrames) { buffer -> Float in
            let peaks = buffer.baseAddress!
            peaks.update(repeating: 0, count: Self.blockFrames)
            cascade.oversample(line)
            cascade.maximum(line, into: peaks)
            refine(line, peaks, above: s.threshold)
            var lowest: Float = 1
            for g in 0..<groups {
                var highest = d.previousPeak
                for i in g * step..<(g + 1) * step { highest = max(highest, peaks[i]) }
                d.previousPeak = peaks[(g + 1) * step - 1]
                if highest > s.threshold { need[g] = s.threshold / highest }
                lowest = min(lowest, need[g])
            }
            return lowest
        }
    }

    /// Puts the vertex of the parabola through a local maximum and its neighbours in the place of peaks that may pass the
    /// threshold: the 8× grid alone under-reads by up to 0.136 dB at 0.45 × the sample rate.
    private func refine(_ line: UnsafeMutablePointer<Float>, _ peaks: UnsafeMutablePointer<Float>, above threshold: Float) {
        // A vertex is at most 1.02 times its highest point: neighbours at 8× lie within π/8 of phase at half the sample rate.
        let floor = threshold * 0.98
        for frame in 0..<Self.blockFrames where peaks[frame] > floor {
            for phase in 0..<8 {
                let here = abs(cascade.phase(phase, of: line)[frame])
                guard here > floor else { continue }
                let before = phase > 0 ? abs(cascade.phase(phase - 1, of: line)[frame]) : abs(cascade.phase(7, of: line)[frame - 1])
                let after = phase < 7 ? abs(cascade.phase(phase + 1, of: line)[frame]) : abs(cascade.phase(0, of: line)[frame + 1])
                let curvature = 2 * here - before - after
                if here >= before && here >= after && curvature > 0 {
                    let slope = after - before
                    peaks[frame] = max(peaks[frame], here + slope * slope / (8 * curvature))
                }
            }
        }
    }

    /// Follows the level of what lies below some 200 Hz, a value per group, as a multiple of the threshold.
    private func measureBass(_ x: UnsafePointer<Double>, channel c: Int, _ d: inout Detector) {
        let s = state.pointee, level = bass + c * groups
        let scale = 1 / Double(step), unit = 1 / Double(s.threshold)
        for g in 0..<groups {
            var sum = 0.0
            for i in g * step..<(g + 1) * step { sum += x[i] }
            d.bass1 += s.bassCoefficient * (sum * scale - d.bass1)
            d.bass2 += s.bassCoefficient * (d.bass1 - d.bass2)
            d.bassPeak = max(abs(d.bass2), d.bassPeak * s.bassDecay)
            level[g] = d.bassPeak * unit
        }
        if d.bassPeak < 1e-12 { (d.bass1, d.bass2, d.bassPeak) = (0, 0, 0) }
    }

    /// Lets every channel need what the neediest needs, to the power of `share`.
    private func link(share: Double) {
        for g in 0..<groups {
            var common = needs[g], loudest = bass[g]
            for c in 1..<channels {
                common = min(common, needs[c * groups + g])
                loudest = max(loudest, bass[c * groups + g])
            }
            if share < 1 && common < 1 { common = Float(FastMath.exp2(share * FastMath.log2(Double(common)))) }
            for c in 0..<channels {
                needs[c * groups + g] = min(needs[c * groups + g], common)
                if share == 1 { bass[c * groups + g] = loudest }
            }
        }
    }

    /// Moves a voice on by a block. Leaves `gain` unfilled when all of it is exactly one.
    /// - Returns: the least gain.
    private func advance(_ voice: LimiterGain, from c: Int, into gain: UnsafeMutablePointer<Double>) -> Double {
        var idle = voice.isAtRest
        for g in 0..<groups { idle = idle && needs[c * groups + g] == 1 }
        if idle {
            voice.rest(groups)
            return 1
        }
        voice.process(needs + c * groups, bass: bass + c * groups, count: groups, into: gain)
        var least = 1.0
        for i in 0..<Self.blockFrames { least = min(least, gain[i]) }
        return least
    }

    /// Moves the delays on by a block: `apply` puts it behind what is there.
    private func moveOn() {
        state.pointee.place += Self.blockFrames
        guard state.pointee.place == Self.laps * Self.blockFrames else { return }
        for c in 0..<channels {
            let line = delay + c * delayCount
            line.update(from: line + state.pointee.place, count: latency)
        }
        state.pointee.place = 0
    }

    private func apply(_ gain: UnsafePointer<Double>, least: Double, to x: UnsafeMutablePointer<Double>, channel c: Int) {
        let n = Self.blockFrames, line = delay + c * delayCount + state.pointee.place
        (line + latency).update(from: x, count: n)
        if least < 1 {
            for i in 0..<n { x[i] = line[i] * gain[i] }
        } else {
            x.update(from: line, count: n)
        }
    }
}
