import DSP

/// The one chain that preview, render and every tier share: tonal balance and linear-phase EQ, trim, EQ, dynamic EQ, glue and multiband
/// compressor, saturation, stereo, make-up gain, clipper, true-peak limiter.
///
/// What delays most, the linear-phase filter, comes first, so that every other knob is heard at once.
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
        /// Taken off the input now, the change of that per frame, and for how many frames it goes on.
        var offsets = SIMD32<Double>(repeating: 0)
        var offsetStep = SIMD32<Double>(repeating: 0)
        var offsetFrames = 0
        /// Frames waiting in the block being filled.
        var filled = 0
        /// Blocks of the present ramp already done; `rampBlocks` when none is under way.
        var ramped = 0
        var trimFrom = 1.0, trimTo = 1.0
        var makeupFrom = 1.0, makeupTo = 1.0
        var warmFrom = 1.0, warmTo = 1.0
        var coolFrom = 1.0, coolTo = 1.0
        var compressorReductionDB = 0.0
        var bandReductionDB = SIMD4<Double>.zero
        /// Most that the clipper took off a sample, linear.
        var clipped = 0.0
        var limiterGain = 1.0
    }

    /// Largest reductions of a stretch of sound, dB ≤ 0.
    public struct Reductions: Sendable, Equatable, BitwiseCopyable {
        public var compressorDB = 0.0
        /// Of the multiband compressor's bands, the lowest first.
        public var bandsDB = SIMD4<Double>.zero
        public var clipDB = 0.0
        public var limiterDB = 0.0
    }

    public let sampleRate: Double
    public let channels: Int
    /// Frames by which the output trails the input. Constant for the chain's life, whatever the parameters.
    public let latency: Int
    /// Ends before make-up gain, clipper and limiter: what these would work on is measured.
    private let isToneOnly: Bool
    /// Bytes that `saveState` writes.
    public var stateByteCount: Int { arena.used }

    private var arena: StateArena
    private let state: UnsafeMutablePointer<State>
    private let pending: AudioBlock
    private let linear: LinearPhaseEqualizer
    private let subsonic: EqualizerBand
    private let bands: InlineArray<8, EqualizerBand>
    private let dynamic: DynamicEqualizer
    private let compressor: Compressor
    private let multiband: MultibandCompressor
    private let saturation: Saturation
    private let bandWidth: WidthByBand
    private let stereo: StereoField
    private let clipper: Clipper
    private let limiter: Limiter
    private let rampBlocks: Int

    /// - Parameters:
    ///   - sampleRate: Hz, 8 000…768 000.
    ///   - channels: 1…32. Width, mono bass and mid/side bands act when there are exactly two.
    public init(sampleRate: Double, channels: Int) { self.init(sampleRate: sampleRate, channels: channels, toneOnly: false) }

    /// - Parameter toneOnly: leave out make-up gain, clipper and limiter, with their latency.
    init(sampleRate: Double, channels: Int, toneOnly: Bool) {
        isToneOnly = toneOnly
        self.sampleRate = sampleRate
        self.channels = channels
        let block = Self.blockFrames
        let linearBytes = LinearPhaseEqualizer.stateBytes(sampleRate: sampleRate, channels: channels)
        let shapingBytes = DynamicEqualizer.stateBytes(channels: channels) + MultibandCompressor.stateBytes(channels: channels)
            + Saturation.stateBytes(channels: channels) + WidthByBand.stateBytes + Clipper.stateBytes(channels: channels)
        let limiterBytes = Limiter.stateBytes(sampleRate: sampleRate, channels: channels)
        var arena = StateArena(capacity: 65536 + channels * (block * 8 + 16 * 64) + linearBytes + shapingBytes + limiterBytes)
        state = arena.carve(1, of: State())
        pending = AudioBlock(base: arena.carve(channels * block, of: 0), channels: channels, stride: block, capacity: block)
        linear = LinearPhaseEqualizer(sampleRate: sampleRate, channels: channels, arena: &arena)
        subsonic = EqualizerBand(sampleRate: sampleRate, channels: channels, arena: &arena)
        var bands = InlineArray<8, EqualizerBand>(repeating: subsonic)
        for i in 0..<8 { bands[i] = EqualizerBand(sampleRate: sampleRate, channels: channels, arena: &arena) }
        self.bands = bands
        dynamic = DynamicEqualizer(sampleRate: sampleRate, channels: channels, arena: &arena)
        compressor = Compressor(sampleRate: sampleRate, channels: channels, arena: &arena)
        multiband = MultibandCompressor(sampleRate: sampleRate, channels: channels, arena: &arena)
        saturation = Saturation(sampleRate: sampleRate, channels: channels, arena: &arena)
        bandWidth = WidthByBand(sampleRate: sampleRate, arena: &arena)
        stereo = StereoField(sampleRate: sampleRate, arena: &arena)
        clipper = Clipper(sampleRate: sampleRate, channels: channels, arena: &arena)
        limiter = Limiter(sampleRate: sampleRate, channels: channels, arena: &arena)
        self.arena = arena
        latency = block + linear.latency + Saturation.latency + (toneOnly ? 0 : Clipper.latency + limiter.latency)
        rampBlocks = max(1, Int((Self.rampSeconds * sampleRate / Double(block)).rounded(.up)))
        state.pointee.ramped = rampBlocks
    }

    deinit {
        linear.deallocate()
        saturation.deallocate()
        clipper.deallocate()
        limiter.deallocate()
    }

    /// The parameters in force (the goal of a ramp under way).
    public var parameters: ChainParameters { state.pointee.parameters }

    /// Makes `new` the parameters from the next block on. With `ramp` the change glides over some 20 ms, without it is at once.
    /// Cheap enough for the audio thread.
    public mutating func set(_ new: ChainParameters, ramp: Bool) {
        let at = Double(state.pointee.ramped) / Double(rampBlocks)
        glide(\.trimFrom, \.trimTo, toDB: new.inputGainDB, at: at, ramp: ramp)
        glide(\.makeupFrom, \.makeupTo, toDB: new.makeupGainDB, at: at, ramp: ramp)
        let warms = new.saturation.driveDB > 0 && new.saturation.mix > 0
        glide(\.warmFrom, \.warmTo, toDB: warms ? new.saturationLevelDB : 0, at: at, ramp: ramp)
        glide(\.coolFrom, \.coolTo, toDB: warms ? -new.saturationLevelDB : 0, at: at, ramp: ramp)
        state.pointee.offsetFrames = ramp ? rampBlocks * Self.blockFrames : 0
        if ramp {
            state.pointee.offsetStep = (new.offsets - state.pointee.offsets) / Double(rampBlocks * Self.blockFrames)
        } else {
            state.pointee.offsets = new.offsets
        }
        linear.set(new.linear(channels: channels), ramp: ramp)
        subsonic.set(
            new.subsonicHz > 0 ? .highPass(hz: new.subsonicHz, q: 0.7071067811865476, sampleRate: sampleRate) : .identity,
            target: .stereo, at: at, ramp: ramp)
        for i in 0..<8 {
            let band = new.bands[i]
            let filter = band.isLinear ? nil : band.analogue(channels: channels)?.matched(sampleRate: sampleRate)
            bands[i].set(filter ?? .identity, target: band.equalizerTarget(channels: channels), at: at, ramp: ramp)
        }
        dynamic.set(new.dynamicBands, at: at, ramp: ramp)
        compressor.set(new.glue, at: at, ramp: ramp)
        multiband.set(new.multiband, at: at, ramp: ramp)
        saturation.set(new.saturation, at: at, ramp: ramp)
        bandWidth.set(new.bandWidths, at: at, ramp: ramp)
        stereo.set(width: new.width, monoBelowHz: new.monoBelowHz, at: at, ramp: ramp)
        clipper.set(new.clip, at: at, ramp: ramp)
        limiter.set(new.limiter)
        state.pointee.parameters = new
        state.pointee.ramped = ramp ? 0 : rampBlocks
    }

    private func glide(
        _ from: WritableKeyPath<State, Double>, _ to: WritableKeyPath<State, Double>, toDB goal: Double, at position: Double, ramp: Bool
    ) {
        let gain = FastMath.amplitude(dB: goal)
        let now = state.pointee[keyPath: from] + (state.pointee[keyPath: to] - state.pointee[keyPath: from]) * position
        state.pointee[keyPath: from] = ramp ? now : gain
        state.pointee[keyPath: to] = gain
    }

    /// Processes `frames` finite frames in place.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        takeOffOffsets(block, frames)
        linear.process(block, frames: frames)
        processRest(block, frames: frames)
    }

    private borrowing func takeOffOffsets(_ block: AudioBlock, _ frames: Int) {
        var done = 0
        while done < frames, state.pointee.offsetFrames > 0 {
            state.pointee.offsetFrames -= 1
            state.pointee.offsets = state.pointee.offsetFrames == 0 ? state.pointee.parameters.offsets : state.pointee.offsets + state.pointee.offsetStep
            for c in 0..<channels { block[c][done] -= state.pointee.offsets[c] }
            done += 1
        }
        for c in 0..<channels where state.pointee.offsets[c] != 0 {
            let x = block[c], offset = state.pointee.offsets[c]
            for i in done..<frames { x[i] -= offset }
        }
    }

    /// Fills the frames from `first` on with what comes out of the entrance as silence: for what lies behind the end of the sound.
    public borrowing func fillSilence(_ block: AudioBlock, from first: Int, frames: Int) {
        for c in 0..<channels { for i in first..<max(first, frames) { block[c][i] = state.pointee.offsets[c] } }
    }

    /// The first part of `process`, which may run on another thread than the second, ahead of it, as long as no linear-phase setting changes.
    borrowing func processLinear(_ block: AudioBlock, frames: Int) { linear.process(block, frames: frames) }

    /// The second part of `process`, for what has been through the first.
    borrowing func processRest(_ block: AudioBlock, frames: Int) {
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
        let ramped = state.pointee.ramped
        let t0 = Double(ramped) / Double(rampBlocks)
        let t1 = min(1, Double(ramped + 1) / Double(rampBlocks))
        gain(state.pointee.trimFrom, state.pointee.trimTo, t0, t1)
        subsonic.process(pending, frames: n, t0: t0, t1: t1)
        for i in 0..<8 { bands[i].process(pending, frames: n, t0: t0, t1: t1) }
        _ = dynamic.process(pending, frames: n, t0: t0, t1: t1)
        let reduction = compressor.process(pending, frames: n, t0: t0, t1: t1)
        let reductions = multiband.process(pending, frames: n, t0: t0, t1: t1)
        gain(state.pointee.warmFrom, state.pointee.warmTo, t0, t1)
        saturation.process(pending, t0: t0, t1: t1)
        gain(state.pointee.coolFrom, state.pointee.coolTo, t0, t1)
        if channels == 2 {
            bandWidth.process(pending, frames: n, t0: t0, t1: t1)
            stereo.process(pending, frames: n, t0: t0, t1: t1)
        }
        if !isToneOnly {
            gain(state.pointee.makeupFrom, state.pointee.makeupTo, t0, t1)
            let clipped = clipper.process(pending, t0: t0, t1: t1)
            let least = limiter.process(pending)
            state.pointee.clipped = max(state.pointee.clipped, clipped)
            state.pointee.limiterGain = min(state.pointee.limiterGain, least)
        }
        state.pointee.compressorReductionDB = max(state.pointee.compressorReductionDB, reduction)
        state.pointee.bandReductionDB = pointwiseMax(state.pointee.bandReductionDB, reductions)
        if ramped < rampBlocks { state.pointee.ramped = ramped + 1 }
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
        linear.clear()
        subsonic.clear()
        for i in 0..<8 { bands[i].clear() }
        dynamic.clear()
        compressor.clear()
        multiband.clear()
        saturation.clear()
        bandWidth.clear()
        stereo.clear()
        clipper.clear()
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

    /// Largest reductions since the last call; reading clears them.
    public mutating func takeGainReduction() -> Reductions {
        let clipped = state.pointee.clipped, least = state.pointee.limiterGain
        var taken = Reductions()
        taken.compressorDB = 0 - state.pointee.compressorReductionDB
        taken.bandsDB = SIMD4<Double>.zero - state.pointee.bandReductionDB
        if clipped > 0 {
            // As of the highest peak, which lost the most.
            let peak = FastMath.amplitude(dB: state.pointee.parameters.clip.peakDB)
            taken.clipDB = FastMath.decibels(max(peak - clipped, 1e-3 * peak) / peak)
        }
        taken.limiterDB = least < 1 ? FastMath.decibels(least) : 0
        state.pointee.compressorReductionDB = 0
        state.pointee.bandReductionDB = .zero
        state.pointee.clipped = 0
        state.pointee.limiterGain = 1
        return taken
    }
}
