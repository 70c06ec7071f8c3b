import CSignal

/// A view of planar audio: `channels` rows of `capacity` samples each, in one allocation that somebody else owns.
///
/// Samples are 64-bit floats with full scale at ±1.0, the format of the whole signal path.
/// Row `c` starts `c * stride` samples after `base`.
public struct AudioBlock: @unchecked Sendable, BitwiseCopyable {
    // Unchecked: a view carries no ownership; whoever owns the memory decides which thread may touch it.
    public let base: UnsafeMutablePointer<Double>
    public let channels: Int
    public let stride: Int
    /// Frames that fit in a row from `base` on.
    public let capacity: Int

    @inlinable
    public init(base: UnsafeMutablePointer<Double>, channels: Int, stride: Int, capacity: Int) {
        self.base = base
        self.channels = channels
        self.stride = stride
        self.capacity = capacity
    }

    /// Channel `c`'s samples.
    @inlinable
    public subscript(c: Int) -> UnsafeMutablePointer<Double> { base + c * stride }

    /// The same rows, starting `frames` later.
    @inlinable
    public func advanced(by frames: Int) -> AudioBlock {
        AudioBlock(base: base + frames, channels: channels, stride: stride, capacity: capacity - frames)
    }

    /// Sets the first `frames` frames of every channel to zero.
    @inlinable
    public func clear(frames: Int) {
        for c in 0..<channels { self[c].update(repeating: 0, count: frames) }
    }

    /// Of a run of samples.
    public struct Extremes {
        public var low = 0.0, high = 0.0, sum = 0.0
        /// Largest magnitude.
        public var peak: Double { max(-low, high) }
    }

    /// Of a channel's first `frames` samples, at least one.
    public func extremes(channel: Int, frames: Int) -> Extremes {
        var out = Extremes()
        lathe_extremes(self[channel], frames, &out.low, &out.high, &out.sum)
        return out
    }

    /// How many of a channel's first `frames` samples have at least the magnitude `level`.
    public func count(atOrBeyond level: Double, channel: Int, frames: Int) -> Int {
        let row = self[channel]
        var count = 0
        for i in 0..<frames { count &+= row[i].magnitude >= level ? 1 : 0 }
        return count
    }

    /// Copies `frames` frames of every channel from `other`, which has at least as many channels.
    @inlinable
    public func copy(from other: AudioBlock, frames: Int) {
        for c in 0..<channels { self[c].update(from: other[c], count: frames) }
    }
}

/// Memory for planar audio. Allocated once, off the audio thread; freed with its owner.
public final class AudioBuffer: @unchecked Sendable {
    // Unchecked: the storage is plain memory whose use is ordered by its owner.
    public let block: AudioBlock

    public init(channels: Int, frames: Int) {
        let stride = (frames + 7) & ~7
        let count = max(1, channels * stride)
        let base = UnsafeMutablePointer<Double>.allocate(capacity: count)
        base.initialize(repeating: 0, count: count)
        block = AudioBlock(base: base, channels: channels, stride: stride, capacity: frames)
    }

    deinit { block.base.deallocate() }
}
