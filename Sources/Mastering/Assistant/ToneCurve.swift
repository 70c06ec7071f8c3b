import DSP
import Glibc

/// Gain over frequency for mid and side, at the twelfth-octave bands of `LongTermSpectrum`: what a linear-phase equaliser is to do.
///
/// Values are dB on a grid of 0.01, so that the last digits of a measurement have no say in the sound.
public struct ToneCurve: Sendable, Equatable, Codable {
    /// Hz, rising, 20 Hz to 20 kHz.
    public static let frequencies = LongTermSpectrum.centres
    public static let flat = ToneCurve(
        midDB: [Double](repeating: 0, count: LongTermSpectrum.bandCount), sideDB: [Double](repeating: 0, count: LongTermSpectrum.bandCount))

    /// One value for each of `frequencies`.
    public private(set) var midDB: [Double]
    public private(set) var sideDB: [Double]

    init(midDB: [Double], sideDB: [Double]) {
        self.midDB = midDB.map { onGrid($0, places: 2) }
        self.sideDB = sideDB.map { onGrid($0, places: 2) }
    }

    /// Changes nothing, to the bit.
    public var isFlat: Bool { midDB.allSatisfy { $0 == 0 } && sideDB.allSatisfy { $0 == 0 } }
    /// Largest |gain|, dB.
    public var peakDB: Double { max(midDB.reduce(0) { max($0, $1.magnitude) }, sideDB.reduce(0) { max($0, $1.magnitude) }) }

    /// For the equaliser, which draws the curve through the same points.
    public var mid: GainCurve { Self.gains(midDB) }
    public var side: GainCurve { Self.gains(sideDB) }

    private static func gains(_ values: [Double]) -> GainCurve {
        var out = GainCurve()
        for i in 0..<GainCurve.pointCount { out.db[i] = values[i] }
        return out
    }

    public func midDB(at hz: Double) -> Double { mid.decibels(at: hz) }
    public func sideDB(at hz: Double) -> Double { side.decibels(at: hz) }

    /// What the curve makes of a spectrum.
    public func applied(to spectrum: LongTermSpectrum) -> LongTermSpectrum {
        var out = spectrum
        for band in 0..<LongTermSpectrum.bandCount {
            out.mid[band] *= pow(10, midDB[band] / 10)
            out.side[band] *= pow(10, sideDB[band] / 10)
        }
        return out
    }
}
