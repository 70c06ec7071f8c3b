/// Word-length reduction with triangular dither of 2 LSB peak to peak and shaped noise, for 16 and 20 bits: the last step, once.
///
/// The error of each rounding, dither included, is fed back through the shape's filter, so the noise of the output is white noise of
/// ¼ LSB² times the shape. Error feedback cannot run away: an error is at most 1.5 LSB, and what clipping at full scale takes off is
/// not counted as error.
///
/// The dither depends on (seed, frame, channel) alone, the errors on everything since the run began: the cut into calls makes no difference,
/// a run that begins elsewhere does. Some 12 ns per stereo frame; no allocation.
public struct ShapedDither: ~Copyable {
    private static let blockFrames = 64
    private static let mostTaps = 12

    public let bits: Int
    private let channels: Int
    private let pairs: Int
    private let seed: UInt64
    private let taps: Int
    /// c₁ c₂ … of the shape.
    private let coefficients: UnsafeMutablePointer<Double>
    /// For each two channels their last errors, newest last, then room for those of a block.
    private let errors: UnsafeMutablePointer<Lanes>
    private let noise: UnsafeMutablePointer<Lanes>
    private var next: Int64 = 0
    private static let lineCount = mostTaps + blockFrames

    /// - Parameters:
    ///   - sampleRate: Hz.
    ///   - bits: 8…24.
    public init(sampleRate: Double, channels: Int, bits: Int, shape: NoiseShape, seed: UInt64) {
        self.bits = bits
        self.channels = channels
        pairs = (channels + 1) / 2
        self.seed = seed
        let c = shape.coefficients(sampleRate: sampleRate)
        taps = c.count
        coefficients = .allocate(capacity: Self.mostTaps)
        coefficients.initialize(repeating: 0, count: Self.mostTaps)
        for k in 0..<taps { coefficients[k] = c[k] }
        errors = .allocate(capacity: pairs * Self.lineCount)
        errors.initialize(repeating: .zero, count: pairs * Self.lineCount)
        noise = .allocate(capacity: Self.blockFrames)
        noise.initialize(repeating: .zero, count: Self.blockFrames)
    }

    deinit {
        coefficients.deallocate()
        errors.deallocate()
        noise.deallocate()
    }

    /// Rounds `frames` frames in place to multiples of 2^(1−bits), within ±full scale.
    ///
    /// - Parameter firstFrame: index of the block's first frame in the file. Where the last call ended the run goes on; elsewhere one begins.
    public mutating func quantise(_ block: AudioBlock, frames: Int, firstFrame: Int64) {
        if firstFrame != next { forget() }
        next = firstFrame
        var done = 0
        while done < frames {
            let take = min(frames - done, Self.blockFrames)
            for p in 0..<pairs { round(block.advanced(by: done), take, pair: p) }
            next += Int64(take)
            done += take
        }
    }

    private func forget() { errors.update(repeating: .zero, count: pairs * Self.lineCount) }

    private func round(_ block: AudioBlock, _ count: Int, pair: Int) {
        let scale = Double(1 << (bits - 1))
        let top = scale - 1, step = 1 / scale
        let left = 2 * pair, right = min(left + 1, channels - 1)
        let (leftKey, rightKey) = (Dither.key(seed: seed, channel: left), Dither.key(seed: seed, channel: right))
        for i in 0..<count {
            let frame = next &+ Int64(i)
            noise[i] = Lanes(Dither.triangular(leftKey, frame: frame), Dither.triangular(rightKey, frame: frame))
        }
        let (x, y) = (block[left], block[right])
        let line = errors + pair * Self.lineCount
        let first = coefficients[0]
        for i in 0..<count {
            let error = line + Self.mostTaps + i
            // The newest error last: only it has to be waited for.
            var fed = Lanes.zero
            for k in 1..<taps { fed += coefficients[k] * error[-1 - k] }
            let wanted = (Lanes(x[i], y[i]) * scale - fed) - first * error[-1]
            let magic = Lanes(repeating: 0x1.8p52)
            let rounded = ((wanted + noise[i]) + magic) - magic
            error[0] = rounded - wanted
            x[i] = min(max(rounded.x, -scale), top) * step
            y[i] = min(max(rounded.y, -scale), top) * step
        }
        line.update(from: line + count, count: Self.mostTaps)
    }
}
