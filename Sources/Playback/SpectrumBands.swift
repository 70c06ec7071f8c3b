import DSP
import Glibc

extension MeterFrame {
    /// Band edges: 20 Hz at 0, 20 kHz at `bandCount`, equal ratios.
    static func bandEdgeHz(_ edge: Double) -> Double { 20 * pow(1000, edge / Double(bandCount)) }
}

/// The last 85 ms of a voice as log-spaced bands: Hann window, FFT of 4096 points at 44.1 and 48 kHz, power averaged over channels.
///
/// A band wider than the window's noise bandwidth (1.5 bins) reads the power inside it; a narrower one reads the density times
/// that bandwidth. So noise reads its power per band, and a sine its level (up to 1.5 dB less by its place between two bins, up
/// to 3 dB less where two bands share it).
struct SpectrumBands: ~Copyable {
    let size: Int
    private var fft: RealFFT
    private let binHz: Double
    private let window: UnsafeMutablePointer<Float>
    private let windowed: UnsafeMutablePointer<Float>
    private let power: UnsafeMutablePointer<Float>
    private let total: UnsafeMutablePointer<Float>

    init(sampleRate: Double) {
        var size = 1024
        while Double(size) < sampleRate * 0.08 { size *= 2 }
        self.size = size
        fft = RealFFT(size: size)
        binHz = sampleRate / Double(size)
        window = .allocate(capacity: size)
        windowed = .allocate(capacity: size)
        power = .allocate(capacity: fft.binCount)
        total = .allocate(capacity: fft.binCount)
        windowed.initialize(repeating: 0, count: size)
        power.initialize(repeating: 0, count: fft.binCount)
        total.initialize(repeating: 0, count: fft.binCount)
        for i in 0..<size {
            // Scaled so that a full-scale sine in the middle of a bin has a power of 1.
            (window + i).initialize(to: Float((0.5 - 0.5 * cos(2 * .pi * Double(i) / Double(size))) * 4 / Double(size)))
        }
    }

    deinit {
        for memory in [window, windowed, power, total] { memory.deallocate() }
    }

    /// The spectrum of `history`, whose oldest frame is at `oldest` and which wraps after `size` frames.
    mutating func bands(of history: AudioBlock, oldest: Int) -> InlineArray<96, Float> {
        for k in 0..<fft.binCount { total[k] = 0 }
        for c in 0..<history.channels {
            let x = history[c]
            for i in 0..<size { windowed[i] = window[i] * Float(x[(oldest + i) & (size - 1)]) }
            fft.powerSpectrum(windowed, into: power)
            for k in 0..<fft.binCount { total[k] += power[k] }
        }
        var bands = InlineArray<96, Float>(repeating: MeterFrame.floorDB)
        let share = 1 / Float(history.channels)
        for band in 0..<MeterFrame.bandCount {
            let low = MeterFrame.bandEdgeHz(Double(band)) / binHz, high = MeterFrame.bandEdgeHz(Double(band) + 1) / binHz
            guard high < Double(fft.binCount) - 0.5 else { break }
            let reading = density(from: low, to: high) * Float(max(1, (high - low) / 1.5)) * share
            if reading > 1e-12 { bands[band] = 10 * log10f(reading) }
        }
        return bands
    }

    /// Mean power per bin between two places in bins; bin k reaches from k − ½ to k + ½.
    private func density(from low: Double, to high: Double) -> Float {
        var sum: Float = 0
        for k in Int((low + 0.5).rounded(.down))...Int((high + 0.5).rounded(.down)) {
            let covered = min(high, Double(k) + 0.5) - max(low, Double(k) - 0.5)
            if covered > 0 { sum += total[k] * Float(covered) }
        }
        return sum / Float(high - low)
    }
}
