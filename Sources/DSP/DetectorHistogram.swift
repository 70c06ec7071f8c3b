import CSignal
import Glibc

/// How often the compressor's detector stands at which level: what a gain-reduction goal needs to become a threshold.
///
/// The detector level (linked peak after the side-chain high-pass, release 250 ms) is noted every 100 ms in steps of a
/// quarter decibel. Memory is constant.
public struct DetectorHistogram: Sendable, Equatable {
    static let lowestDB = -130.0
    static let stepDB = 0.25
    static let count = 640

    private var bins = [UInt64](repeating: 0, count: DetectorHistogram.count)

    public init() {}

    /// Notes one level, linear.
    public mutating func note(_ level: Double) {
        guard level > 1e-6 else { return }
        let bin = Int((FastMath.decibels(level) - Self.lowestDB) / Self.stepDB)
        bins[min(max(bin, 0), Self.count - 1)] += 1
    }

    /// Adds what another histogram has noted.
    public mutating func merge(_ other: DetectorHistogram) {
        for bin in 0..<Self.count { bins[bin] += other.bins[bin] }
    }

    private static func levelDB(_ bin: Int) -> Double { lowestDB + (Double(bin) + 0.5) * stepDB }

    /// First bin inside the relative gate: 10 dB below the mean power of everything above −70 dBFS, as BS.1770 gates loudness.
    private var firstLoudBin: Int {
        var power = 0.0, total = 0.0
        for bin in 0..<Self.count where Self.levelDB(bin) > -70 {
            power += Double(bins[bin]) * FastMath.exp2(Self.levelDB(bin) / FastMath.dBPerOctave * 2)
            total += Double(bins[bin])
        }
        guard total > 0 else { return Self.count }
        let gate = FastMath.decibels(power / total) / 2 - 10
        return max(0, Int((gate - Self.lowestDB) / Self.stepDB))
    }

    /// Mean reduction of the static curve over the loud part, dB; `offsetDB` is added to every level first.
    public func meanReductionDB(_ settings: Compressor.Settings, offsetDB: Double) -> Double {
        var sum = 0.0, total = 0.0
        for bin in firstLoudBin..<Self.count where bins[bin] > 0 {
            sum += Double(bins[bin]) * settings.staticReductionDB(levelDB: Self.levelDB(bin) + offsetDB)
            total += Double(bins[bin])
        }
        return total > 0 ? sum / total : 0
    }

    /// The threshold, dBFS, at which the mean reduction is `goalDB`; nil when there is nothing loud or nothing to reduce.
    public func threshold(reducing goalDB: Double, _ settings: Compressor.Settings, offsetDB: Double) -> Double? {
        guard goalDB > 0, settings.ratio > 1, firstLoudBin < Self.count else { return nil }
        var low = -100.0, high = 30.0
        var trial = settings
        for _ in 0..<40 {
            trial.thresholdDB = (low + high) / 2
            if meanReductionDB(trial, offsetDB: offsetDB) > goalDB { low = trial.thresholdDB } else { high = trial.thresholdDB }
        }
        return (low + high) / 2
    }
}

/// Feeds a `DetectorHistogram` from a stream.
public struct DetectorProbe: ~Copyable {
    /// The side-chain corner that the histogram is measured with, Hz.
    public static let highPassHz = 90.0

    public private(set) var histogram = DetectorHistogram()
    private var arena: StateArena
    private let detector: Compressor
    /// Of eight frames.
    private let release: Double
    private let stepFrames: Int
    private var envelope = 0.0
    private var highest = 0.0
    private var waiting = 0
    private let filter: lathe_section

    public init(sampleRate: Double, channels: Int) {
        var arena = StateArena(capacity: 4096 + channels * 128)
        detector = Compressor(sampleRate: sampleRate, channels: channels, arena: &arena)
        self.arena = arena
        release = exp(-8 / (0.25 * sampleRate))
        stepFrames = max(1, Int(sampleRate / 10))
        filter = SVFCoefficients.highPass(hz: Self.highPassHz, q: 0.7071067811865476, sampleRate: sampleRate).section
    }

    public mutating func process(_ block: AudioBlock, frames: Int) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 64) { buffer in
            let level = buffer.baseAddress!
            var done = 0
            while done < frames {
                let n = min(64, frames - done)
                detector.detect(block.advanced(by: done), frames: n, sidechain: filter, into: level)
                // By groups of eight frames: what falls within one is less than a hundredth of a decibel.
                for start in stride(from: 0, to: n, by: 8) {
                    var loudest = level[start]
                    for i in start + 1..<max(start + 1, min(start + 8, n)) { loudest = level[i] > loudest ? level[i] : loudest }
                    let fallen = envelope * release
                    envelope = loudest > fallen ? loudest : fallen
                    highest = highest > envelope ? highest : envelope
                }
                waiting += n
                if waiting >= stepFrames {
                    histogram.note(highest)
                    waiting -= stepFrames
                    highest = 0
                }
                if envelope < 1e-12 { envelope = 0 }
                done += n
            }
        }
    }
}
