/// Up to four bands whose gain follows what is in them: with a negative range a band that grows loud is turned down (de-esser, resonance),
/// with a positive one it is turned up.
///
/// A band is the matched bell of its full range, mixed in as far as the moment asks: y = x + c·(bell(x) − x). The difference bell(x) − x is
/// the band itself, so the same filter is detector and tool, and a band at rest leaves the signal bit-exact. The detector measures the
/// energy of a resonance on that difference (both its state variables), which for a steady tone is steady: the gain does not ripple.
/// Channels are linked. Latency 0.
public struct DynamicEqualizer {
    public static let bandCount = 4

    public struct Band: Sendable, Equatable, BitwiseCopyable {
        public var on = false
        /// Hz, Q as of an equaliser's bell at full range.
        public var hz = 6500.0, q = 1.5
        /// dBFS of a tone in the band; of no account when `automatic`, where the band acts from 6 dB over its own running level (3 s) on.
        public var thresholdDB = -28.0
        public var automatic = true
        /// The most that the gain changes, −12…12 dB; times in ms.
        public var rangeDB = -3.0, attackMs = 5.0, releaseMs = 80.0
        public init() {}
    }

    static let automaticMarginDB = 6.0
    static let ratio = 3.0
    static let kneeDB = 6.0

    private struct Tool: Mixable {
        var filter: MatchedFilter
        /// The filter's gain at the centre less 1.
        var depth: Double
        /// g and k of the resonance that measures.
        var detector: SVFCoefficients

        static let none = Tool(filter: .identity, depth: -0.5, detector: .identity)

        func interpolated(to other: Tool, _ t: Double) -> Tool {
            Tool(
                filter: filter.interpolated(to: other.filter, t), depth: depth + (other.depth - depth) * t,
                detector: detector.interpolated(to: other.detector, t))
        }

        func isNear(_ goal: Tool) -> Bool {
            filter.isNear(goal.filter) && abs(depth - goal.depth) <= 1e-8 && detector.isNear(goal.detector)
        }
    }

    /// The tool made ready for a frame.
    private struct Ear {
        private let main: Section, correction: Section
        private let a1: Double, a2: Double, a3: Double, scale: Double
        let inverseDepth: Double

        @inline(__always)
        init(_ tool: Tool) {
            (main, correction) = (Section(tool.filter.main), Section(tool.filter.correction))
            let g = tool.detector.g, k = tool.detector.k
            a1 = 1 / (1 + g * (g + k))
            a2 = g * a1
            a3 = g * a2
            inverseDepth = 1 / tool.depth
            scale = k * k * inverseDepth * inverseDepth
        }

        /// What the filter changes, and the energy of it at full scale of the band.
        @inline(__always)
        func hear(_ x: SIMD2<Double>, _ z: inout Memory) -> (difference: SIMD2<Double>, energy: Double) {
            let d = correction.tick(main.tick(x, &z.main), &z.correction) - x
            let e = d - z.detector.ic2
            let band = a1 * z.detector.ic1 + a2 * e, low = (z.detector.ic2 + a2 * z.detector.ic1) + a3 * e
            let next = (2 * a1 - 1) * z.detector.ic1 + 2 * a2 * e
            z.detector.ic2 = (z.detector.ic2 + 2 * a2 * z.detector.ic1) + 2 * a3 * e
            z.detector.ic1 = next
            let energy = scale * (band * band + low * low)
            return (d, max(energy.x, energy.y))
        }
    }

    private struct State: BitwiseCopyable {
        var settings = Band()
        /// What takes over when the present block has faded out.
        var waiting = Band()
        var isWaiting = false
        var tool = Glide(Tool.none)
        var computer = GainComputer()
    }

    private struct Memory: BitwiseCopyable {
        var main = SVFState(), correction = SVFState(), detector = SVFState()
    }

    private let states: UnsafeMutablePointer<State>
    private let memory: UnsafeMutablePointer<Memory>
    private let levels: UnsafeMutablePointer<Double>
    private let differences: UnsafeMutablePointer<SIMD2<Double>>
    private let pairs: Int
    private let sampleRate: Double
    private let smoothing: Double

    /// Bytes that the equaliser carves from the arena.
    public static func stateBytes(channels: Int) -> Int { 8192 + (channels + 1) / 2 * (4 * 96 + 64 * 16) + 2 * 64 * 8 }

    public init(sampleRate: Double, channels: Int, arena: inout StateArena) {
        self.sampleRate = sampleRate
        pairs = (channels + 1) / 2
        states = arena.carve(Self.bandCount, of: State())
        memory = arena.carve(Self.bandCount * pairs, of: Memory())
        levels = arena.carve(2 * 64, of: 0.0)
        differences = arena.carve(pairs * 64, of: SIMD2<Double>.zero)
        smoothing = Glide<Tool>.smoothing(sampleRate: sampleRate)
    }

    /// Frequency, Q and range glide along the ramp that starts with the next block, `position` being where the ramp in progress stands. A
    /// band that is switched, or whose range changes sign, fades out over one block and starts anew.
    public func set(_ bands: InlineArray<4, Band>, at position: Double, ramp: Bool) {
        for b in 0..<Self.bandCount {
            var band = bands[b]
            if band.rangeDB == 0 { band.on = false }
            let old = states[b].settings
            if ramp && !states[b].isWaiting && band == old { continue }
            if ramp && old.on && (!band.on || (band.rangeDB < 0) != (old.rangeDB < 0)) {
                states[b].waiting = band
                states[b].isWaiting = true
            } else {
                apply(band, to: b, at: position, ramp: ramp && old.on)
            }
        }
    }

    private func apply(_ band: Band, to b: Int, at position: Double, ramp: Bool) {
        states[b].settings = band
        states[b].isWaiting = false
        let g = FastMath.tanPi(min(max(band.hz, 1), 0.45 * sampleRate) / sampleRate)
        let tool = Tool(
            filter: .bell(hz: band.hz, db: band.rangeDB, q: band.q, sampleRate: sampleRate), depth: FastMath.amplitude(dB: band.rangeDB) - 1,
            detector: SVFCoefficients(g: g, k: 1 / band.q, m0: 0, m1: 0, m2: 0))
        if ramp {
            states[b].tool.move(to: tool, at: position)
        } else {
            states[b].tool.jump(to: tool)
            clear(b)
        }
        var computer = GainComputer.Settings()
        (computer.automatic, computer.thresholdDB) = (band.automatic, band.automatic ? Self.automaticMarginDB : band.thresholdDB)
        (computer.ratio, computer.kneeDB, computer.rangeDB) = (Self.ratio, Self.kneeDB, abs(band.rangeDB))
        (computer.attackMs, computer.releaseMs, computer.upward) = (band.attackMs, band.releaseMs, band.rangeDB > 0)
        states[b].computer.set(computer, sampleRate: sampleRate, ramp: ramp)
    }

    /// Forgets the signal and ends fades, keeps the settings.
    public func clear() {
        for b in 0..<Self.bandCount {
            if states[b].isWaiting { apply(states[b].waiting, to: b, at: 1, ramp: false) }
            clear(b)
        }
    }

    private func clear(_ b: Int) {
        (memory + b * pairs).update(repeating: Memory(), count: pairs)
        states[b].computer.clear()
    }

    /// Works on `frames` (≤ 64) frames in place while the ramp goes from `t0` to `t1`.
    ///
    /// - Returns: the largest change of each band's gain, dB with its sign.
    public func process(_ block: AudioBlock, frames: Int, t0: Double, t1: Double) -> SIMD4<Double> {
        var changes = SIMD4<Double>.zero
        for b in 0..<Self.bandCount where states[b].settings.on {
            listen(b, block, frames, t1)
            let deepest = states[b].computer.process(levels, frames: frames)
            if deepest > 0 {
                mixIn(b, block, frames)
                changes[b] = (states[b].settings.rangeDB < 0 ? -deepest : deepest) * FastMath.dBPerOctave
            }
            if states[b].isWaiting { apply(states[b].waiting, to: b, at: 1, ramp: false) }
        }
        return changes
    }

    /// Fills `differences`, `levels` with their energy, and the second half of `levels` with what makes differences of gains less 1.
    private func listen(_ b: Int, _ block: AudioBlock, _ frames: Int, _ position: Double) {
        let levels = levels, scales = levels + 64, moving = !states[b].tool.settled
        if moving { states[b].tool.advance(to: position, smoothing: smoothing) }
        levels.update(repeating: 0, count: frames)
        for pair in 0..<pairs {
            let left = block[2 * pair]
            let right = 2 * pair + 1 < block.channels ? block[2 * pair + 1] : left
            let difference = differences + 64 * pair
            var z = memory[b * pairs + pair]
            if moving {
                let curve = states[b].tool.curve
                for i in 0..<frames {
                    let ear = Ear(curve.value(at: Double(i + 1) / Double(frames)))
                    let heard = ear.hear(SIMD2(left[i], right[i]), &z)
                    difference[i] = heard.difference
                    levels[i] = max(levels[i], heard.energy)
                    scales[i] = ear.inverseDepth
                }
            } else {
                let ear = Ear(states[b].tool.goal)
                for i in 0..<frames {
                    let heard = ear.hear(SIMD2(left[i], right[i]), &z)
                    difference[i] = heard.difference
                    levels[i] = max(levels[i], heard.energy)
                }
                scales.update(repeating: ear.inverseDepth, count: frames)
            }
            z.main.flushTiny()
            z.correction.flushTiny()
            z.detector.flushTiny()
            memory[b * pairs + pair] = z
        }
    }

    /// Adds the differences as far as the gains in `levels` ask.
    private func mixIn(_ b: Int, _ block: AudioBlock, _ frames: Int) {
        let levels = levels
        for i in 0..<frames { levels[i] = (levels[i] - 1) * levels[64 + i] }
        if states[b].isWaiting {
            for i in 0..<frames {
                let t = Double(i + 1) / Double(frames)
                levels[i] *= 1 - t * t * (3 - 2 * t)
            }
        }
        for pair in 0..<pairs {
            let left = block[2 * pair]
            let right = 2 * pair + 1 < block.channels ? block[2 * pair + 1] : left
            let difference = differences + 64 * pair
            for i in 0..<frames {
                let y = SIMD2(left[i], right[i]) + difference[i] * levels[i]
                right[i] = y.y
                left[i] = y.x
            }
        }
    }
}
