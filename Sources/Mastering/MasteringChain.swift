import DSP

/// The one chain that preview, render and every tier share: trim, EQ, glue compressor, stereo, make-up gain, true-peak limiter.
///
/// Frames in, the same number of frames out, `latency` frames later, bit-identical however the frames are cut into calls.
/// All memory is allocated in `init`; `process`, `set`, `saveState` and `restoreState` neither allocate nor lock.
public struct MasteringChain: ~Copyable {
    public let sampleRate: Double
    public let channels: Int
    /// Frames by which the output trails the input. Constant for the chain's life, whatever the parameters.
    public let latency: Int
    /// Bytes that `saveState` writes.
    public let stateByteCount: Int
    private var parameters = ChainParameters()

    /// - Parameters:
    ///   - sampleRate: Hz, 8 000…768 000.
    ///   - channels: 1…32. Width, mono bass and mid/side bands act when there are exactly two.
    public init(sampleRate: Double, channels: Int) {
        self.sampleRate = sampleRate
        self.channels = channels
        latency = 0
        stateByteCount = 0
    }

    /// Makes `new` the parameters from the next frame on. With `ramp` the change glides over some 20 ms, without it is at once
    /// (before the first frame). Cheap enough for the audio thread.
    public mutating func set(_ new: ChainParameters, ramp: Bool) { parameters = new }

    /// Processes `frames` frames in place.
    public mutating func process(_ block: AudioBlock, frames: Int) {}

    /// Forgets every signal; keeps the parameters.
    public mutating func reset() {}

    /// Copies the whole state (signal memory and parameters) to `memory`, `stateByteCount` bytes.
    public func saveState(to memory: UnsafeMutableRawPointer) {}

    /// Takes over a state saved by a chain of the same sample rate and channel count: from here on both give the same output.
    public mutating func restoreState(from memory: UnsafeRawPointer) {}

    /// What the dynamics did since the last call, in dB (≤ 0); reading clears it.
    public mutating func takeGainReduction() -> (compressorDB: Double, limiterDB: Double) { (0, 0) }
}
