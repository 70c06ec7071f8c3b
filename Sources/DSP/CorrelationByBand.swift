import Glibc

/// How alike left and right are in each octave: where a mix loses something in mono, and where it is wide.
///
/// Hann windows of some 85 ms, half overlapped; the sums of a band are those of its bins. Some 10 ns per frame; `process` allocates nothing.
public struct CorrelationByBand: ~Copyable {
    /// Nominal octave centres, Hz (IEC 61260-1).
    public static let centres: [Double] = [31.5, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16_000]

    private let size: Int
    private let kept: Double
    private var fft: RealFFT
    private let window: UnsafeMutablePointer<Float>
    private let windowed: UnsafeMutablePointer<Float>
    /// The last `size` samples of left, then of right.
    private let lines: UnsafeMutablePointer<Float>
    /// Spectra of left and right.
    private let left: UnsafeMutablePointer<SIMD2<Float>>
    private let right: UnsafeMutablePointer<SIMD2<Float>>
    /// First bin of each band, and the end of the last.
    private let edges: [Int]
    private let recent: UnsafeMutablePointer<CorrelationMeter.Sums>
    private let all: UnsafeMutablePointer<CorrelationMeter.Sums>
    private var filled = 0

    /// - Parameters:
    ///   - sampleRate: Hz, 8 000…768 000.
    ///   - seconds: time constant of `current`.
    public init(sampleRate: Double, seconds: Double = 0.5) {
        var size = 512
        while Double(size) < 0.065 * sampleRate { size *= 2 }
        self.size = size
        kept = exp(-Double(size / 2) / (seconds * sampleRate))
        fft = RealFFT(size: size)
        window = .allocate(capacity: size)
        // Unit mean square over two overlapping windows: sums read as those of the samples.
        let scale = (1 / (2 * 0.375 * Double(size / 2))).squareRoot()
        for i in 0..<size {
            (window + i).initialize(to: Float((0.5 - 0.5 * cos(2 * .pi * (Double(i) + 0.5) / Double(size))) * scale))
        }
        windowed = .allocate(capacity: size)
        windowed.initialize(repeating: 0, count: size)
        lines = .allocate(capacity: 2 * size)
        lines.initialize(repeating: 0, count: 2 * size)
        left = .allocate(capacity: size / 2 + 1)
        left.initialize(repeating: .zero, count: size / 2 + 1)
        right = .allocate(capacity: size / 2 + 1)
        right.initialize(repeating: .zero, count: size / 2 + 1)
        let bins = Double(size) / sampleRate
        edges = (0...Self.centres.count).map { band in
            // Exact octaves around 1 kHz, base 10: IEC 61260-1 §5.4.
            let hz = 1000 * pow(10, 0.3 * (Double(band) - 5.5))
            return min(size / 2, max(1, Int((hz * bins).rounded())))
        }
        recent = .allocate(capacity: Self.centres.count)
        recent.initialize(repeating: CorrelationMeter.Sums(), count: Self.centres.count)
        all = .allocate(capacity: Self.centres.count)
        all.initialize(repeating: CorrelationMeter.Sums(), count: Self.centres.count)
    }

    deinit {
        window.deallocate()
        windowed.deallocate()
        lines.deallocate()
        left.deallocate()
        right.deallocate()
        recent.deallocate()
        all.deallocate()
    }

    /// Takes the next `frames` frames of the first two channels; of mono nothing.
    public mutating func process(_ block: AudioBlock, frames: Int) {
        guard block.channels >= 2 else { return }
        var done = 0
        while done < frames {
            let take = min(frames - done, size - filled)
            for c in 0..<2 {
                let x = block[c] + done, line = lines + c * size + filled
                for i in 0..<take { line[i] = Float(x[i]) }
            }
            filled += take
            done += take
            if filled == size { transform() }
        }
    }

    private mutating func transform() {
        for c in 0..<2 {
            let line = lines + c * size
            fft.spectrum(of: line, window: window, into: c == 0 ? left : right)
            line.update(from: line + size / 2, count: size / 2)
        }
        filled = size / 2
        for band in 0..<Self.centres.count {
            var sums = CorrelationMeter.Sums()
            for k in edges[band]..<edges[band + 1] {
                let (l, r) = (left[k], right[k])
                sums.leftLeft += Double(l.x * l.x + l.y * l.y)
                sums.rightRight += Double(r.x * r.x + r.y * r.y)
                sums.leftRight += Double(l.x * r.x + l.y * r.y)
            }
            recent[band].leftLeft *= kept
            recent[band].rightRight *= kept
            recent[band].leftRight *= kept
            recent[band] += sums
            all[band] += sums
        }
    }

    /// Forgets everything.
    public mutating func reset() {
        filled = 0
        recent.update(repeating: CorrelationMeter.Sums(), count: Self.centres.count)
        all.update(repeating: CorrelationMeter.Sums(), count: Self.centres.count)
    }

    /// −1…1 in band `index` over the last moments; nil when a channel has nothing there.
    public func current(_ index: Int) -> Double? { recent[index].correlation }
    /// −1…1 in band `index` since the start; nil when a channel has nothing there.
    public func overall(_ index: Int) -> Double? { all[index].correlation }
    /// Share of side (L − R) in band `index` since the start: 0 mono, ½ unrelated, 1 opposite; nil without sound there.
    public func sideShare(_ index: Int) -> Double? {
        let power = all[index].leftLeft + all[index].rightRight
        return power > 1e-10 ? 0.5 - all[index].leftRight / power : nil
    }
}
