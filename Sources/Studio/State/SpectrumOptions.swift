import Glibc
import Playback

/// How the spectrum is drawn.
struct SpectrumOptions: Sendable, Equatable {
    /// dB per octave added around 1 kHz: music falls about that much, so that a balanced mix lies level.
    enum Tilt: Double, Sendable, CaseIterable { case flat = 0, pink = 3, music = 4.5 }
    enum Averaging: Sendable, CaseIterable {
        /// Up at once, down at a steady rate.
        case fast
        /// The mean of about the last two seconds.
        case slow
    }

    /// Time along the file, frequency upwards, instead of bars.
    var showsTime = false
    var tilt = Tilt.flat
    var averaging = Averaging.fast
    /// The highest levels stay marked.
    var holdsPeaks = false

    /// What stands beside the picture when it is not the plain one.
    var words: [String] {
        (tilt == .flat ? [] : ["tilt " + Format.fixed(tilt.rawValue, 1) + " dB/oct"]) + (averaging == .slow ? ["slow"] : []) + (holdsPeaks ? ["hold"] : [])
    }

    /// dB to add to the band.
    func tilt(ofBand band: Int) -> Float { Self.octaves[band] * Float(tilt.rawValue) }

    private static let octaves: [Float] = (0..<MeterFrame.bandCount).map { Float(log2(MeterFrame.bandHz($0) / 1000)) }
}

extension SpectrumOptions.Tilt {
    var next: Self { Self.allCases[(Self.allCases.firstIndex(of: self).map { $0 + 1 } ?? 0) % Self.allCases.count] }
}

/// The highest level of each band and voice since holding began.
struct HeldPeaks: Sendable, Equatable {
    private(set) var master = [Float](repeating: MeterFrame.floorDB, count: MeterFrame.bandCount)
    private(set) var original = [Float](repeating: MeterFrame.floorDB, count: MeterFrame.bandCount)

    mutating func take(_ frame: MeterFrame) {
        for band in 0..<MeterFrame.bandCount {
            master[band] = max(master[band], frame.master.spectrum[band])
            original[band] = max(original[band], frame.original.spectrum[band])
        }
    }
}
