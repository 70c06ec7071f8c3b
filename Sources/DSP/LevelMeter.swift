import Glibc

/// Loudness, true peak and how far one stands over the other: PLR for the programme, PSR for every 3 s of it.
///
/// PSR, the true peak of the last 3 s over their short-term loudness, is that of I. Shepherd, E. Grimm, P. Tapper, M. Kahsnitz, I. Kerr,
/// "Measuring dynamics: comparing and contrasting algorithms for the computation of dynamic range", AES 143, 2017. Updated every 100 ms.
/// Streaming, in fixed memory; the cut into calls makes no difference. Some 16 ns per stereo frame; `process` allocates nothing.
public struct LevelMeter: ~Copyable {
    private static let windowSteps = 30
    /// Bins of 0.1 LU from −70 LUFS on.
    private static let lowest = -70.0
    private static let binsPerLU = 10.0
    private static let binCount = 1000
    /// How far under the loudest 3 s others still tell how dense a programme is: quieter ones are intros, breaks and fades.
    private static let denseRange = 6.0

    public private(set) var loudness: LoudnessMeter
    private var peaks: TruePeakProof
    private let rate: Int
    private var frame = 0
    private var step = 0
    private var stepEnd: Int
    /// True peaks of the last 3 s, by 100 ms.
    private let recent: UnsafeMutablePointer<Double>
    /// Lowest PSR, dB, by short-term loudness.
    private let lowestPSR: UnsafeMutablePointer<Double>

    /// - Parameters:
    ///   - sampleRate: Hz, 8 000…768 000.
    ///   - channels: 1…32, in WAVE order.
    public init(sampleRate: Double, channels: Int) {
        loudness = LoudnessMeter(sampleRate: sampleRate, channels: channels)
        peaks = TruePeakProof(channels: channels)
        rate = Int(sampleRate.rounded())
        stepEnd = Self.end(ofStep: 0, rate)
        recent = .allocate(capacity: Self.windowSteps)
        recent.initialize(repeating: 0, count: Self.windowSteps)
        lowestPSR = .allocate(capacity: Self.binCount)
        lowestPSR.initialize(repeating: .infinity, count: Self.binCount)
    }

    deinit {
        recent.deallocate()
        lowestPSR.deallocate()
    }

    private static func end(ofStep step: Int, _ rate: Int) -> Int { ((step + 1) * rate + 5) / 10 }

    /// Takes the next `frames` frames of finite samples.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        var done = 0
        while done < frames {
            let take = min(frames - done, stepEnd - frame)
            let part = block.advanced(by: done)
            loudness.process(part, frames: take)
            peaks.process(part, frames: take)
            frame += take
            done += take
            if frame == stepEnd { closeStep() }
        }
    }

    private mutating func closeStep() {
        recent[step % Self.windowSteps] = peaks.takeRecentPeak()
        step += 1
        stepEnd = Self.end(ofStep: step, rate)
        guard let psr = psrDB, let level = loudness.shortTermLUFS, level > Self.lowest else { return }
        let bin = min(Self.binCount - 1, Int((level - Self.lowest) * Self.binsPerLU))
        lowestPSR[bin] = min(lowestPSR[bin], psr)
    }

    /// Reads the last frames' true peak. Call once, at the end.
    public mutating func finish() { peaks.finish() }

    /// Forgets everything.
    public mutating func reset() {
        loudness.reset()
        peaks.reset()
        frame = 0
        step = 0
        stepEnd = Self.end(ofStep: 0, rate)
        recent.update(repeating: 0, count: Self.windowSteps)
        lowestPSR.update(repeating: .infinity, count: Self.binCount)
    }

    /// Largest magnitude at 16 places a frame, linear, and what a plain BS.1770-5 meter of 4× shows, and the largest |sample|.
    public var truePeak: Double { peaks.peak }
    public var ituPeak: Double { peaks.ituPeak }
    public var samplePeak: Double { peaks.samplePeak }

    /// True peak over integrated loudness, dB; nil without a loudness.
    public var plrDB: Double? {
        guard peaks.peak > 0, let integrated = loudness.integratedLUFS else { return nil }
        return 20 * log10(peaks.peak) - integrated
    }

    /// True peak over loudness of the last 3 s, dB; nil before them and in silence.
    public var psrDB: Double? {
        guard step >= Self.windowSteps, let shortTerm = loudness.shortTermLUFS else { return nil }
        var peak = 0.0
        for i in 0..<Self.windowSteps { peak = max(peak, recent[i]) }
        return peak > 0 ? 20 * log10(peak) - shortTerm : nil
    }

    /// The densest 3 s: the lowest PSR where the short-term loudness was within 6 LU of its maximum, dB; nil before 3 s.
    public var minimumPSRDB: Double? {
        guard let loudest = loudness.maxShortTermLUFS else { return nil }
        let first = max(0, Int((loudest - Self.denseRange - Self.lowest) * Self.binsPerLU))
        guard first < Self.binCount else { return nil }
        var lowest = Double.infinity
        for bin in first..<Self.binCount { lowest = min(lowest, lowestPSR[bin]) }
        return lowest.isFinite ? lowest : nil
    }
}
