/// Loudness after ITU-R BS.1770-5, EBU Tech 3341 (momentary, short-term, integrated) and EBU Tech 3342 (range).
///
/// Streaming, in fixed memory (330 KiB) for any length. Windows of 400 ms and 3 s slide by 10 ms, so that short events are met in
/// full; the gated measures take a block every 100 ms. Results do not depend on how the frames are cut into calls.
/// Some 2 ns per stereo frame; `process` and the readings allocate nothing.
public struct LoudnessMeter: ~Copyable {
    private static let momentarySteps = 40
    private static let shortTermSteps = 300
    private static let gatingSteps = 10

    private let rate: Int
    private let channels: Int
    private let weighting: LoudnessWeighting
    /// One per two channels; an odd last channel shares its pair with itself, at no weight.
    private let pairs: UnsafeMutablePointer<LoudnessWeighting.Pair>
    private let pairCount: Int
    private let weights: UnsafeMutablePointer<SIMD2<Double>>
    /// Sums of squares of the step being taken, by pair.
    private let open: UnsafeMutablePointer<SIMD2<Double>>
    /// Weighted sums of squares of all closed steps, by channel.
    private let channelEnergies: UnsafeMutablePointer<SIMD2<Double>>
    /// Weighted sums of squares of the last 3 s, by steps of 10 ms.
    private let steps: UnsafeMutablePointer<Double>

    private var frame = 0
    private var step = 0
    private var stepEnd: Int
    private var momentary = 0.0
    private var shortTerm = 0.0
    private var maxMomentary = 0.0
    private var maxShortTerm = 0.0
    private var integratedBlocks = LoudnessHistogram()
    private var rangeBlocks = LoudnessHistogram()

    /// - Parameters:
    ///   - sampleRate: Hz, 8 000…768 000.
    ///   - layout: says what each channel weighs.
    public init(sampleRate: Double, layout: ChannelLayout) {
        rate = Int(sampleRate.rounded())
        let channels = layout.channels
        self.channels = channels
        weighting = LoudnessWeighting(sampleRate: sampleRate)
        pairCount = (channels + 1) / 2
        pairs = .allocate(capacity: pairCount)
        pairs.initialize(repeating: LoudnessWeighting.Pair(), count: pairCount)
        weights = .allocate(capacity: pairCount)
        let table = layout.weights
        for p in 0..<pairCount {
            (weights + p).initialize(to: SIMD2(table[2 * p], 2 * p + 1 < channels ? table[2 * p + 1] : 0))
        }
        open = .allocate(capacity: pairCount)
        open.initialize(repeating: .zero, count: pairCount)
        channelEnergies = .allocate(capacity: pairCount)
        channelEnergies.initialize(repeating: .zero, count: pairCount)
        steps = .allocate(capacity: Self.shortTermSteps)
        steps.initialize(repeating: 0, count: Self.shortTermSteps)
        stepEnd = Self.end(ofStep: 0, rate)
    }

    /// - Parameter channels: in the usual layout of their number.
    public init(sampleRate: Double, channels: Int) { self.init(sampleRate: sampleRate, layout: .usual(channels)) }

    deinit {
        pairs.deallocate()
        weights.deallocate()
        open.deallocate()
        channelEnergies.deallocate()
        steps.deallocate()
    }

    /// First frame after a step; steps of 10 ms do not drift at rates that 100 does not divide.
    private static func end(ofStep step: Int, _ rate: Int) -> Int { ((step + 1) * rate + 50) / 100 }

    /// Takes the next `frames` frames.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        var done = 0
        while done < frames {
            let take = min(frames - done, stepEnd - frame)
            for p in 0..<pairCount {
                let left = block[2 * p] + done
                let right = 2 * p + 1 < channels ? block[2 * p + 1] + done : left
                weighting.addSquares(left, right, frames: take, pairs + p, to: open + p)
            }
            frame += take
            done += take
            if frame == stepEnd { closeStep() }
        }
    }

    private mutating func closeStep() {
        var energy = 0.0
        for p in 0..<pairCount {
            let weighted = open[p] * weights[p]
            energy += weighted.sum()
            channelEnergies[p] += weighted
            open[p] = .zero
        }
        steps[step % Self.shortTermSteps] = energy
        step += 1
        stepEnd = Self.end(ofStep: step, rate)
        if step >= Self.momentarySteps {
            momentary = meanSquare(Self.momentarySteps)
            maxMomentary = max(maxMomentary, momentary)
            if step % Self.gatingSteps == 0 { integratedBlocks.note(meanSquare: momentary) }
        }
        if step >= Self.shortTermSteps {
            shortTerm = meanSquare(Self.shortTermSteps)
            maxShortTerm = max(maxShortTerm, shortTerm)
            if step % Self.gatingSteps == 0 { rangeBlocks.note(meanSquare: shortTerm) }
        }
    }

    /// Over the last `count` steps, which have been taken.
    private func meanSquare(_ count: Int) -> Double {
        // Summed anew each time: a running sum would keep the rounding of loud passages for ever.
        let first = (step - count) % Self.shortTermSteps
        var sum = 0.0
        let untilWrap = min(count, Self.shortTermSteps - first)
        for i in first..<(first + untilWrap) { sum += steps[i] }
        for i in 0..<(count - untilWrap) { sum += steps[i] }
        return sum / Double(Self.end(ofStep: step - 1, rate) - Self.end(ofStep: step - 1 - count, rate))
    }

    /// Forgets everything, as if new.
    public mutating func reset() {
        pairs.update(repeating: LoudnessWeighting.Pair(), count: pairCount)
        steps.update(repeating: 0, count: Self.shortTermSteps)
        frame = 0
        step = 0
        stepEnd = Self.end(ofStep: 0, rate)
        open.update(repeating: .zero, count: pairCount)
        channelEnergies.update(repeating: .zero, count: pairCount)
        momentary = 0
        shortTerm = 0
        maxMomentary = 0
        maxShortTerm = 0
        integratedBlocks.reset()
        rangeBlocks.reset()
    }

    /// Over the last 400 ms, LUFS; nil before the first 400 ms and in silence. Updated every 10 ms.
    public var momentaryLUFS: Double? { LoudnessWeighting.loudness(momentary) }
    /// Over the last 3 s, LUFS; nil before the first 3 s and in silence. Updated every 10 ms.
    public var shortTermLUFS: Double? { LoudnessWeighting.loudness(shortTerm) }
    public var maxMomentaryLUFS: Double? { LoudnessWeighting.loudness(maxMomentary) }
    public var maxShortTermLUFS: Double? { LoudnessWeighting.loudness(maxShortTerm) }
    /// Gated, since the start, LUFS; nil when no block of 400 ms passed the absolute gate of −70 LUFS. Some 10 µs.
    public var integratedLUFS: Double? { integratedBlocks.integrated }
    /// LU; nil before the first 3 s above −70 LUFS. Means little before a minute (Tech 3342 §1). Some 20 µs.
    public var loudnessRangeLU: Double? { rangeBlocks.range }
    /// How many channels like the loudest one it would take to be as loud as all together: 1…channels; 1 in silence.
    public var effectiveChannels: Double {
        var (sum, loudest) = (0.0, 0.0)
        for p in 0..<pairCount {
            sum += channelEnergies[p].sum()
            loudest = max(loudest, channelEnergies[p].x, channelEnergies[p].y)
        }
        return loudest > 1e-20 ? sum / loudest : 1
    }
}
