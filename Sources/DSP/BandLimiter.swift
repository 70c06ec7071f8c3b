/// First half of a sample-rate conversion: a steep linear-phase low-pass by fast convolution that also multiplies or divides the rate by a
/// power of two (overlap-save: T. Stockham 1966).
///
/// Two channels in step, in blocks of `size` frames that follow one another by `hop`. The filter is designed and transformed in `init`;
/// a block allocates nothing.
struct BandLimiter: ~Copyable {
    /// dB outside the pass band.
    static let attenuation = 150.0
    /// Part of the band that passes untouched: 20 kHz of 22.05.
    static let passBand = 20.0 / 22.05

    /// Frames of a block, and by how many frames blocks follow one another.
    let size: Int
    let hop: Int
    /// Frames of past, and as many of future, that a block needs beside its `hop`.
    let reach: Int
    private let up: Int
    private let down: Int
    /// Frames out of each block.
    var outputHop: Int { hop * up / down }

    private let forward: LaneFFT
    private let backward: LaneFFT
    /// Bins of the transform in which the taps are sampled, at `up` times the input's rate.
    private let gainSize: Int
    /// Gains of the zero-phase filter in bins 0 … `gainSize`/2, the scale of the transforms included.
    private let gains: UnsafeMutablePointer<Double>
    /// Three areas of `gainSize`/2 + 1 numbers.
    private let scratch: UnsafeMutablePointer<LaneComplex>
    private var areaSize: Int { gainSize / 2 + 1 }

    /// - Parameters:
    ///   - band: end of the band that remains, cycles per input frame, at most ½.
    ///   - up: a power of two by which the rate is multiplied.
    ///   - down: a power of two by which it is divided.
    init(band: Double, up: Int, down: Int) {
        self.up = up
        self.down = down
        let width = band * (1 - Self.passBand) / Double(up)
        let taps = WindowedSinc.reach(attenuation: Self.attenuation, width: width)
        reach = (Int(taps / Double(up * down)) + 1) * down
        var size = 2048
        while size < 10 * reach { size *= 2 }
        self.size = size
        hop = size - 2 * reach

        forward = LaneFFT(size: size / 2)
        backward = LaneFFT(size: size * up / down / 2)
        gainSize = size * up
        gains = .allocate(capacity: gainSize / 2 + 1)
        scratch = .allocate(capacity: 3 * (gainSize / 2 + 1))
        scratch.initialize(repeating: LaneComplex(re: .zero, im: .zero), count: 3 * (gainSize / 2 + 1))
        designGains(cutoff: band * (1 + Self.passBand) / 2 / Double(up))
    }

    deinit {
        gains.deallocate()
        scratch.deallocate()
    }

    /// Transforms the taps, laid around frame 0: a real spectrum.
    private func designGains(cutoff: Double) {
        let taps = reach * up
        let beta = WindowedSinc.beta(attenuation: Self.attenuation)
        let scale = 1 / WindowedSinc.bessel(beta)
        let frames = UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: Lanes.self)
        var sum = 0.0
        for t in 0..<taps {
            let h = WindowedSinc.tap(Double(t), cutoff: cutoff, reach: Double(taps), beta: beta, scale: scale)
            frames[t] = Lanes(repeating: h)
            if t > 0 { frames[gainSize - t] = Lanes(repeating: h) }
            sum += t > 0 ? 2 * h : h
        }
        let fft = LaneFFT(size: gainSize / 2)
        fft.split(fft.transform(scratch, scratch + areaSize, scratch + 2 * areaSize), into: scratch)
        let norm = 1 / (sum * Double(size))
        for k in 0...gainSize / 2 { (gains + k).initialize(to: scratch[k].re.x * norm) }
    }

    /// Filters the `size` frames at `line`.
    ///
    /// - Parameter output: gets `outputHop` frames; the first stands where input frame `reach` of the block does.
    func process(_ line: UnsafePointer<Lanes>, into output: UnsafeMutablePointer<Lanes>) {
        let (first, second, third) = (scratch, scratch + areaSize, scratch + 2 * areaSize)
        let pairs = UnsafeRawPointer(line).assumingMemoryBound(to: LaneComplex.self)
        let transformed = forward.transform(pairs, first, second)
        forward.split(transformed, into: third)
        shape(third, into: first)
        backward.join(first, into: second)
        let frames = backward.transform(second, first, second)
        let skip = reach * up / down
        let ordered = UnsafeRawPointer(frames).assumingMemoryBound(to: Lanes.self)
        // Every second frame comes back negated.
        var sign = skip & 1 == 0 ? 1.0 : -1.0
        for i in 0..<outputHop {
            output[i] = ordered[skip + i] * sign
            sign = -sign
        }
    }

    /// Applies the gains to bins 0 … `size`/2 of the input, repeating them for a higher rate, adding up what folds over for a lower one.
    private func shape(_ spectrum: UnsafePointer<LaneComplex>, into shaped: UnsafeMutablePointer<LaneComplex>) {
        for k in 0...backward.size {
            var re = Lanes.zero, im = Lanes.zero
            var bin = k
            for _ in 0..<down {
                let gain = gains[min(bin, gainSize - bin)]
                let within = bin & (size - 1)
                if within <= size / 2 {
                    re += spectrum[within].re * gain
                    im += spectrum[within].im * gain
                } else {
                    re += spectrum[size - within].re * gain
                    im -= spectrum[size - within].im * gain
                }
                bin += 2 * backward.size
            }
            shaped[k] = LaneComplex(re: re, im: im)
        }
    }
}
