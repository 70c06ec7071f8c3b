import Glibc
import Mastering
import Playback

/// The tonal balance that a preset compares with, at the level of the file and of its master, for the spectrum's bands.
struct BalanceLine: Sendable, Equatable {
    /// The curve's name.
    let name: String
    /// dB for each band of the meters, as the original would have to read; nil beyond the curve's ends.
    let levels: [Double?]
    /// dB from there to the master.
    let masterDB: Double

    /// Third octaves hold more of a programme than the meters' bands, of which there are more: what is equal in each lies this much lower, dB.
    private static let narrower = 10 * log10(3 / (Double(MeterFrame.bandCount) / log2(1000)))

    init(name: String, levels: [Double?], masterDB: Double) {
        (self.name, self.levels, self.masterDB) = (name, levels, masterDB)
    }

    /// - Returns: nil for silence.
    init?(_ analysis: Analysis, target: ToneTarget, masterLUFS: Double?) {
        guard let comparison = SpectrumComparison(analysis, target: target), let original = analysis.integratedLUFS else { return nil }
        let points = comparison.bands.compactMap { band in band.usual.map { (hz: band.hz, db: ($0.lowerBound + $0.upperBound) / 2) } }
        guard points.count >= 2 else { return nil }
        name = target.name
        masterDB = (masterLUFS ?? original) - original
        levels = (0..<MeterFrame.bandCount).map { band in
            let hz = MeterFrame.bandHz(band)
            guard let upper = points.firstIndex(where: { $0.hz >= hz }), upper > 0 else { return nil }
            let (a, b) = (points[upper - 1], points[upper])
            return a.db + (b.db - a.db) * log(hz / a.hz) / log(b.hz / a.hz) + Self.narrower
        }
    }
}
