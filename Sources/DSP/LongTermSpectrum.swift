import CSignal
import Glibc

/// Long-term average spectrum of the passages that count: mean power per twelfth octave (base 10, IEC 61260-1), of mid and side
/// apart, over the windows that pass the gates of BS.1770 (−70 LUFS, and 10 LU under the mean of those).
///
/// For other than two channels "mid" is the mean of all channels, and there is no side.
public struct LongTermSpectrum: Sendable, Equatable, Codable {
    public static let bandsPerDecade = 40
    /// Width of a band, octaves.
    public static let bandOctaves = log2(10) / Double(bandsPerDecade)
    public static let bandCount = 121
    /// Centres, Hz: 20 Hz to 20 kHz.
    public static let centres: [Double] = (0..<bandCount).map { 1000 * pow(10, Double($0 - 68) / Double(bandsPerDecade)) }

    /// Mean power, full scale 1; 0 where there is none. `bandCount` values.
    public var mid: [Double]
    /// The same for side; zeros unless there are two channels.
    public var side: [Double]
    /// Loudness of the windows that passed, LUFS; nil when none did. K-weighted band by band, so within 0.3 LU of the meter's.
    public var gatedLUFS: Double?
    /// How much of the signal passed the gates, seconds.
    public var gatedSeconds: Double

    public init(mid: [Double], side: [Double], gatedLUFS: Double?, gatedSeconds: Double) {
        self.mid = mid
        self.side = side
        self.gatedLUFS = gatedLUFS
        self.gatedSeconds = gatedSeconds
    }

    /// Of several signals one after the other: means weighted by what passed the gates of each.
    public init(together parts: [LongTermSpectrum]) {
        self = .silence
        let seconds = parts.reduce(0) { $0 + $1.gatedSeconds }
        guard seconds > 0 else { return }
        var power = 0.0
        for part in parts {
            let share = part.gatedSeconds / seconds
            for band in 0..<Self.bandCount {
                mid[band] += part.mid[band] * share
                side[band] += part.side[band] * share
            }
            if let loudness = part.gatedLUFS { power += pow(10, loudness / 10) * share }
        }
        gatedLUFS = power > 0 ? 10 * log10(power) : nil
        gatedSeconds = seconds
    }

    /// Nothing was heard.
    public static let silence = LongTermSpectrum(
        mid: [Double](repeating: 0, count: bandCount), side: [Double](repeating: 0, count: bandCount), gatedLUFS: nil, gatedSeconds: 0)
}

/// Collects a `LongTermSpectrum` window by window in fixed memory (0.6 MiB): band powers are summed by the window's loudness, in
/// steps of 0.25 LU, so that the relative gate can be applied at the end. Some 10 µs a window.
struct GatedSpectrum: ~Copyable {
    private static let bands = LongTermSpectrum.bandCount
    private static let lowestLUFS = -70.0
    private static let stepsPerLU = 4.0
    private static let stepCount = 320
    /// Band powers of mid and side, K-weighted power, weight.
    private static let row = 2 * bands + 2

    /// Where a band begins and ends, in bins and parts of bins.
    private struct Edge { var low: Double, high: Double, weighting: Double }

    private let edges: UnsafeMutablePointer<Edge>
    private let sums: UnsafeMutablePointer<Double>
    /// Of the window being taken: mid, then side.
    private let window: UnsafeMutablePointer<Double>
    private let channels: Int
    private let binCount: Int
    private let size: Int
    private let sampleRate: Double

    /// - Parameter size: samples of a window, zeros at its end included.
    init(sampleRate: Double, channels: Int, size: Int) {
        self.channels = channels
        self.size = size
        self.sampleRate = sampleRate
        binCount = size / 2 + 1
        edges = .allocate(capacity: Self.bands)
        let weighting = LoudnessWeighting(sampleRate: sampleRate)
        let half = pow(10, 0.5 / Double(LongTermSpectrum.bandsPerDecade))
        for b in 0..<Self.bands {
            let hz = LongTermSpectrum.centres[b]
            let fits = hz * half <= sampleRate / 2
            (edges + b).initialize(to: Edge(
                low: fits ? hz / half * Double(size) / sampleRate : 1, high: fits ? hz * half * Double(size) / sampleRate : 0,
                weighting: weighting.powerGain(hz: hz, sampleRate: sampleRate)))
        }
        sums = .allocate(capacity: Self.stepCount * Self.row)
        sums.initialize(repeating: 0, count: Self.stepCount * Self.row)
        window = .allocate(capacity: 2 * Self.bands)
        window.initialize(repeating: 0, count: 2 * Self.bands)
    }

    deinit {
        edges.deallocate()
        sums.deallocate()
        window.deallocate()
    }

    /// Takes |X|² of one channel (or of mid or side) of a window.
    func add(_ power: UnsafePointer<Float>, isSide: Bool) {
        let out = window + (isSide ? Self.bands : 0)
        for b in 0..<Self.bands {
            let edge = edges[b]
            if edge.high > edge.low { out[b] += Self.sum(power, edge, binCount) }
        }
    }

    /// Bins by the part of each that lies in the band; a bin reaches half its width to both sides.
    private static func sum(_ power: UnsafePointer<Float>, _ edge: Edge, _ binCount: Int) -> Double {
        let first = Int(edge.low + 0.5)
        let last = min(binCount - 1, Int(edge.high + 0.5))
        guard last > first else { return Double(power[first]) * (edge.high - edge.low) }
        var sum = Double(power[first]) * (Double(first) + 0.5 - edge.low)
        sum += Double(power[last]) * (edge.high - (Double(last) - 0.5))
        var lanes = SIMD8<Float>.zero
        var k = first + 1
        while k + 8 <= last {
            lanes += UnsafeRawPointer(power + k).loadUnaligned(as: SIMD8<Float>.self)
            k += 8
        }
        while k < last {
            sum += Double(power[k])
            k += 1
        }
        return sum + Double(lanes.sum())
    }

    /// Ends a window whose squares sum to `weight`.
    func close(weight: Double) {
        var loud = 0.0
        for b in 0..<Self.bands { loud += (window[b] + window[Self.bands + b]) * edges[b].weighting }
        if let loudness = LoudnessWeighting.loudness(meanSquare(loud / weight)), loudness > Self.lowestLUFS {
            let step = min(Self.stepCount - 1, Int((loudness - Self.lowestLUFS) * Self.stepsPerLU))
            let row = sums + step * Self.row
            for i in 0..<(2 * Self.bands) { row[i] += window[i] }
            row[2 * Self.bands] += loud
            row[2 * Self.bands + 1] += weight
        }
        window.update(repeating: 0, count: 2 * Self.bands)
    }

    /// Mean over the windows above the gates. Some 50 µs.
    ///
    /// The step that the relative gate cuts counts by the part of it that lies above, so that gain moves every band alike.
    var reading: LongTermSpectrum {
        let ungated = total(above: Self.lowestLUFS)
        let loudAll = ungated[2 * Self.bands], weightAll = ungated[2 * Self.bands + 1]
        guard weightAll > 0, let gate = LoudnessWeighting.loudness(meanSquare(loudAll / weightAll) / 10) else { return .silence }
        let gated = total(above: gate)
        let weight = gated[2 * Self.bands + 1]
        let scale = 2 / (Double(size) * weight * (channels == 2 ? 1 : Double(channels)))
        return LongTermSpectrum(
            mid: gated[0..<Self.bands].map { $0 * scale }, side: gated[Self.bands..<(2 * Self.bands)].map { $0 * scale },
            gatedLUFS: LoudnessWeighting.loudness(meanSquare(gated[2 * Self.bands] / weight)),
            // A Hann window's squares sum to 3/8 of its length, and half of it is the next one's too.
            gatedSeconds: weight / 0.375 / 2 / sampleRate)
    }

    /// Sum over channels of the mean square, from K-weighted |X|² per weight; mid² + side² is half of left² + right².
    private func meanSquare(_ loud: Double) -> Double { loud * (channels == 2 ? 2 : 1) * 2 / Double(size) }

    private func total(above gate: Double) -> [Double] {
        var out = [Double](repeating: 0, count: Self.row)
        for step in 0..<Self.stepCount {
            let row = sums + step * Self.row
            let part = min(1, max(0, Double(step + 1) - (gate - Self.lowestLUFS) * Self.stepsPerLU))
            if part > 0, row[2 * Self.bands + 1] > 0 { for i in 0..<Self.row { out[i] += part * row[i] } }
        }
        return out
    }
}

extension LoudnessWeighting {
    /// |H|² of the K-weighting at `hz`.
    func powerGain(hz: Double, sampleRate: Double) -> Double {
        let w = 2 * .pi * min(hz, sampleRate / 2) / sampleRate
        func square(_ terms: [(Double, Double)]) -> Double {
            let re = terms.reduce(0) { $0 + $1.0 * cos($1.1 * w) }, im = terms.reduce(0) { $0 + $1.0 * sin($1.1 * w) }
            return re * re + im * im
        }
        func power(_ s: lathe_section) -> Double {
            square([(s.taps.0, 0), (s.taps.1, 1), (s.taps.2, 2), (s.taps.3, 3), (s.taps.4, 4)]) / square([(1, 0), (s.feed.0, 2), (s.feed.1, 4)])
        }
        return power(filters.shelf) * power(filters.high_pass)
    }
}
