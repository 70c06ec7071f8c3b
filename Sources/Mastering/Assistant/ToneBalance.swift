import DSP
import Glibc

/// A spectrum compared with a target, and the correction that follows from it.
///
/// Overall level is taken out first: the median difference of the bands from 100 Hz to 10 kHz, which a correction of what is far from
/// it does not move. A region of neighbouring bands on the same side of the tolerance band is touched when its farthest band is
/// `deadbandDB` or more outside; then every band of it is brought back by `amountPct` of what is outside.
public struct ToneBalance: Sendable, Equatable {
    /// One band of the comparison, dB relative to the target after levels were matched.
    public struct Band: Sendable, Equatable {
        public var hz: Double
        /// Smoothed; above 0 is more than the target has.
        public var deviationDB: Double
        /// Half the width of the tolerance band.
        public var toleranceDB: Double
        /// Level of the target, dB relative to a full-scale sine per twelfth octave: with `deviationDB` the two lines of a picture.
        public var targetDB: Double
        /// How far outside its band, with sign; 0 inside.
        public var outsideDB: Double {
            deviationDB > toleranceDB ? deviationDB - toleranceDB : deviationDB < -toleranceDB ? deviationDB + toleranceDB : 0
        }
    }

    /// A correction in words and numbers: neighbouring bands that move the same way.
    public struct Region: Sendable, Equatable {
        public enum Channel: String, Sendable, Codable { case stereo, mid, side }
        public var channel: Channel
        /// Where the correction is largest, and its gain there.
        public var hz: Double
        public var db: Double
        /// Where it has fallen to half.
        public var lowHz: Double
        public var highHz: Double
        public var deviationDB: Double
        public var toleranceDB: Double
        public var outsideDB: Double { deviationDB > 0 ? deviationDB - toleranceDB : deviationDB + toleranceDB }
    }

    public var curve = ToneCurve.flat
    /// Of what was compared (mid, with side as far as it follows); bands without sound or beyond an edge are left out.
    public var bands: [Band] = []
    public var regions: [Region] = []

    /// - Parameters:
    ///   - edgeHz: where the spectrum ends as at a wall; nothing above is compared and nothing near it boosted.
    ///   - scale: 0…1, on top of `settings.amountPct`.
    public static func compare(
        _ spectrum: LongTermSpectrum, with target: ToneTarget, _ settings: ToneSettings, edgeHz: Double? = nil, scale: Double = 1
    ) -> ToneBalance {
        let edge = [edgeHz, target.edgeHz].compactMap { $0 }.min()
        let follows = min(max(settings.sideAmountPct / 100, 0), 1)
        let amount = min(max(settings.amountPct / 100, 0), 1) * min(max(scale, 0), 1)
        let matchesSide = target.hasSide
        // With a genre curve mid and side are one sound, as far as side follows.
        let heard = matchesSide ? spectrum.mid : zip(spectrum.mid, spectrum.side).map { $0 + follows * $1 }
        let mid = ToneLine(heard, target.levels(at: ToneCurve.frequencies), target.tolerances(at: ToneCurve.frequencies), settings, edge)
        var out = ToneBalance()
        guard let offset = mid.offset(isLine: target.kind == .reference) else { return out }
        out.bands = mid.bands(offset)
        let guards = ToneGuards(settings, edgeHz: edge, halvesBass: target.kind == .genre)
        let (midCurve, midRegions) = mid.correction(offset, amount, guards, settings, isLine: target.kind == .reference)
        guard matchesSide else {
            out.curve = ToneCurve(midDB: midCurve, sideDB: midCurve.map { $0 * follows })
            out.regions = midRegions.map { $0.region(follows == 1 ? .stereo : .mid) }
            return out
        }
        let side = ToneLine(
            spectrum.side, target.sideLevels(at: ToneCurve.frequencies), target.tolerances(at: ToneCurve.frequencies), settings, edge)
        // The offset of mid: the width of the reference is part of what is matched.
        let (sideCurve, sideRegions) = side.correction(offset, amount * follows, guards, settings, isLine: true)
        out.curve = ToneCurve(midDB: midCurve, sideDB: sideCurve)
        out.regions = midRegions.map { $0.region(.mid) } + sideRegions.map { $0.region(.side) }
        return out
    }
}

/// Where and how far correction is allowed, per band, 0…1.
struct ToneGuards {
    let cut: [Double]
    let boost: [Double]

    init(_ settings: ToneSettings, edgeHz: Double?, halvesBass: Bool) {
        cut = ToneCurve.frequencies.map { hz in
            let low = Self.rise(hz, from: settings.lowGuardHz, over: 0.5)
            let high = 1 - Self.rise(hz, from: settings.highGuardHz / 2.0.squareRoot(), over: 0.5)
            // Bass differs by 10 dB from one good record to the next (Elowsson & Friberg 2017), and rooms hide it from its maker.
            let bass = halvesBass ? 0.5 + 0.5 * Self.rise(hz, from: 60, over: 1.0 / 3) : 1
            return low * high * bass
        }
        boost = zip(ToneCurve.frequencies, cut).map { hz, allowed in
            guard let edgeHz else { return allowed }
            return allowed * (1 - Self.rise(hz, from: 0.97 * edgeHz / pow(2, 1.0 / 3), over: 1.0 / 3))
        }
    }

    /// 0 up to `from`, 1 from `over` octaves above it on, a raised cosine between.
    private static func rise(_ hz: Double, from: Double, over octaves: Double) -> Double {
        let x = log2(hz / from) / octaves
        return x <= 0 ? 0 : x >= 1 ? 1 : 0.5 - 0.5 * cos(.pi * x)
    }
}
