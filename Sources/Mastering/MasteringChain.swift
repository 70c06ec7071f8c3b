import DSP

/// The one chain that preview, render and every tier share: trim, EQ, glue compressor, stereo, make-up gain, true-peak limiter.
///
/// Frames in, the same number of frames out, `latency` frames later, bit-identical however the frames are cut into calls:
/// inside, everything works in blocks of 64 frames counted from the first. All memory is allocated in `init`; `process`,
/// `set`, `saveState` and `restoreState` neither allocate nor lock.
public struct MasteringChain: ~Copyable {
    static let blockFrames = Limiter.blockFrames
    /// Length of the glide after a parameter change.
    static let rampSeconds = 0.02

    struct State: BitwiseCopyable {
        var parameters = ChainParameters()
        /// Frames waiting in the block being filled.
        var filled = 0
        /// Blocks of the present ramp already done; `rampBlocks` when none is under way.
        var ramped = 0
        var trimFrom = 1.0, trimTo = 1.0
        var makeupFrom = 1.0, makeupTo = 1.0
        var compressorReductionDB = 0.0
        var limiterGain = 1.0
    }

    public let sampleRate: Double
    public let channels: Int
    /// Frames by which the output trails the input. Constant for the chain's life, whatever the parameters.
    public let latency: Int
    /// Bytes that `saveState` writes.
    public var stateByteCount: Int { arena.used }

    private var arena: StateArena
    private let state: UnsafeMutablePointer<State>
    private let pending: AudioBlock
    private let subsonic: EqualizerBand
    private let bands: InlineArray<8, EqualizerBand>
    private let compressor: Compressor
    private let stereo: StereoField
    private let limiter: Limiter
    private let rampBlocks: Int

    /// - Parameters:
    ///   - sampleRate: Hz, 8 000…768 000.
    ///   - channels: 1…32. Width, mono bass and mid/side bands act when there are exactly two.
    public init(sampleRate: Double, channels: Int) {
        self.sampleRate = sampleRate
        self.channels = channels
        let block = Self.blockFrames
        var arena = StateArena(capacity: 65536 + channels * (block * 8 + 16 * 64) + Limiter.stateBytes(sampleRate: sampleRate, channels: channels))
        state = arena.carve(1, of: State())
        pending = AudioBlock(base: arena.carve(channels * block, of: 0), channels: channels, stride: block, capacity: block)
        subsonic = EqualizerBand(sampleRate: sampleRate, channels: channels, arena: &arena)
        var bands = InlineArray<8, EqualizerBand>(repeating: subsonic)
        for i in 0..<8 { bands[i] = EqualizerBand(sampleRate: sampleRate, channels: channels, arena: &arena) }
        self.bands = bands
        compressor = Compressor(sampleRate: sampleRate, channels: channels, arena: &arena)
        stereo = StereoField(sampleRate: sampleRate, arena: &arena)
        limiter = Limiter(sampleRate: sampleRate, channels: channels, arena: &arena)
        self.arena = arena
        latency = block + limiter.latency
        rampBlocks = max(1, Int((Self.rampSeconds * sampleRate / Double(block)).rounded(.up)))
        state.pointee.ramped = rampBlocks
    }

    deinit { limiter.deallocate() }

    /// The parameters in force (the goal of a ramp under way).
    public var parameters: ChainParameters { state.pointee.parameters }

    /// Makes `new` the parameters from the next block on. With `ramp` the change glides over some 20 ms, without it is at once.
    /// Cheap enough for the audio thread.
    public mutating func set(_ new: ChainParameters, ramp: Bool) {
        let at = Double(state.pointee.ramped) / Double(rampBlocks)
        let s = state.pointee
        let trim = FastMath.amplitude(dB: new.inputGainDB), makeup = FastMath.amplitude(dB: new.makeupGainDB)
        state.pointee.trimFrom = ramp ? s.trimFrom + (s.trimTo - s.trimFrom) * at : trim
        state.pointee.trimTo = trim
        state.pointee.makeupFrom = ramp ? s.makeupFrom + (s.makeupTo - s.makeupFrom) * at : makeup
        state.pointee.makeupTo = makeup
        subsonic.set(
            new.subsonicHz > 0 ? .highPass(hz: new.subsonicHz, q: 0.7071067811865476, sampleRate: sampleRate) : .identity,
            target: .stereo, at: at, ramp: ramp)
        for i in 0..<8 {
            let band = new.bands[i]
            let target: EqualizerBand.Target = switch band.target {
            case .stereo: .stereo
            case .mid: channels == 2 ? .mid : .stereo
            case .side: channels == 2 ? .side : .stereo
            }
            bands[i].set(channels != 2 && band.target == .side ? .identity : band.coefficients(sampleRate: sampleRate), target: target, at: at, ramp: ramp)
        }
        var glue = Compressor.Settings()
        glue.thresholdDB = new.thresholdDB
        glue.ratio = new.ratio
        glue.kneeDB = new.kneeDB
        glue.attackMs = new.attackMs
        glue.releaseMs = new.releaseMs
        glue.sidechainHighPassHz = new.sidechainHighPassHz
        glue.mix = new.compressorOn ? new.mix : 0
        compressor.set(glue, at: at, ramp: ramp)
        stereo.set(width: new.width, monoBelowHz: new.monoBelowHz, at: at, ramp: ramp)
        var limit = Limiter.Settings()
        limit.on = new.limiterOn
        limit.ceilingDBTP = new.ceilingDBTP
        limit.lookaheadMs = new.lookaheadMs
        limit.holdMs = new.holdMs
        limit.releaseMs = new.limiterReleaseMs
        limiter.set(limit)
        state.pointee.parameters = new
        state.pointee.ramped = ramp ? 0 : rampBlocks
    }

    /// Processes `frames` finite frames in place.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        var done = 0
        while done < frames {
            let filled = state.pointee.filled
            let n = min(frames - done, Self.blockFrames - filled)
            for c in 0..<channels {
                let x = block[c] + done, waiting = pending[c] + filled
                for i in 0..<n { (x[i], waiting[i]) = (waiting[i], x[i]) }
            }
            done += n
            state.pointee.filled = filled + n
            if filled + n == Self.blockFrames {
                state.pointee.filled = 0
                processBlock()
            }
        }
    }

    private func processBlock() {
        let n = Self.blockFrames
        let s = state.pointee
        let t0 = Double(s.ramped) / Double(rampBlocks)
        let t1 = min(1, Double(s.ramped + 1) / Double(rampBlocks))
        gain(s.trimFrom, s.trimTo, t0, t1)
        subsonic.process(pending, frames: n, t0: t0, t1: t1)
        for i in 0..<8 { bands[i].process(pending, frames: n, t0: t0, t1: t1) }
        let reduction = compressor.process(pending, frames: n, t0: t0, t1: t1)
        if channels == 2 { stereo.process(pending, frames: n, t0: t0, t1: t1) }
        gain(s.makeupFrom, s.makeupTo, t0, t1)
        let least = limiter.process(pending)
        state.pointee.compressorReductionDB = max(s.compressorReductionDB, reduction)
        state.pointee.limiterGain = min(s.limiterGain, least)
        if s.ramped < rampBlocks { state.pointee.ramped = s.ramped + 1 }
    }

    private func gain(_ from: Double, _ to: Double, _ t0: Double, _ t1: Double) {
        let steady = from == to || t0 == 1
        if steady && to == 1 { return }
        let step = (t1 - t0) / Double(Self.blockFrames)
        for c in 0..<channels {
            let x = pending[c]
            if steady {
                for i in 0..<Self.blockFrames { x[i] *= to }
            } else {
                for i in 0..<Self.blockFrames { x[i] *= from + (to - from) * (t0 + step * Double(i + 1)) }
            }
        }
    }

    /// Forgets every signal and ends a ramp; keeps the parameters.
    public mutating func reset() {
        pending.clear(frames: Self.blockFrames)
        subsonic.clear()
        for i in 0..<8 { bands[i].clear() }
        compressor.clear()
        stereo.clear()
        limiter.clear()
        state.pointee.filled = 0
        _ = takeGainReduction()
        set(state.pointee.parameters, ramp: false)
    }

    /// Copies the whole state (signal memory and parameters) to `memory`, `stateByteCount` bytes.
    public func saveState(to memory: UnsafeMutableRawPointer) {
        memory.copyMemory(from: arena.base, byteCount: arena.used)
    }

    /// Takes over a state saved by a chain of the same sample rate and channel count: from here on both give the same output.
    public mutating func restoreState(from memory: UnsafeRawPointer) {
        arena.base.copyMemory(from: memory, byteCount: arena.used)
    }

    /// Largest reduction since the last call, dB ≤ 0; reading clears it.
    public mutating func takeGainReduction() -> (compressorDB: Double, limiterDB: Double) {
        let s = state.pointee
        state.pointee.compressorReductionDB = 0
        state.pointee.limiterGain = 1
        return (0 - s.compressorReductionDB, s.limiterGain < 1 ? FastMath.decibels(s.limiterGain) : 0)
    }
}

extension ChainParameters.Band {
    /// The band's filter; identity when off.
    func coefficients(sampleRate: Double) -> MatchedFilter {
        switch kind {
        case .off: .identity
        case .bell: .bell(hz: hz, db: db, q: q, sampleRate: sampleRate)
        case .lowShelf: .lowShelf(hz: hz, db: db, q: q, sampleRate: sampleRate)
        case .highShelf: .highShelf(hz: hz, db: db, q: q, sampleRate: sampleRate)
        case .highPass: .highPass(hz: hz, q: q, sampleRate: sampleRate)
        case .lowPass: .lowPass(hz: hz, q: q, sampleRate: sampleRate)
        case .notch: .notch(hz: hz, q: q, sampleRate: sampleRate)
        }
    }
}
