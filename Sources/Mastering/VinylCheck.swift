import DSP
import Glibc

/// What a cutting engineer asks of a master before it goes to the lathe: little side signal in the bass, whose groove is cut up and down; no
/// bursts of treble, which cutter heads limit; room above the peaks. Advice on what to look at, not a verdict: every cutter is different.
public struct VinylCheck: Sendable, Equatable, Codable {
    /// Side over mid below 150 Hz, dB; nil for mono and without bass.
    public var bassSideDB: Double?
    /// RMS of the 50 ms with the most sound above 5 kHz, dBFS, and where.
    public var trebleBurstDBFS: Double?
    public var trebleBurstSeconds: Double?
    public var samplePeakDBFS: Double?
    /// LUFS, to judge the treble by.
    public var loudness: Double?

    public init() {}

    private static let mostBassSideDB = -10.0
    private static let mostTrebleDBFS = -18.0
    /// Treble that comes this near to the loudness of the whole is a hiss or an S in front of everything.
    private static let trebleUnderLoudness = 4.0
    private static let mostPeakDBFS = -3.0

    /// One line each; empty when there is nothing to look at.
    public var advice: [String] {
        var advice: [String] = []
        if let side = bassSideDB, side > Self.mostBassSideDB {
            advice.append("side is \(fixedDecimal(side, places: 1)) dB against mid below 150 Hz: narrow the bass")
        }
        if let treble = trebleBurstDBFS, treble > Self.mostTrebleDBFS, treble > (loudness ?? 0) - Self.trebleUnderLoudness {
            advice.append("bursts above 5 kHz reach \(fixedDecimal(treble, places: 1)) dBFS: tame the sibilance")
        }
        if let peak = samplePeakDBFS, peak > Self.mostPeakDBFS {
            advice.append("peaks reach \(fixedDecimal(peak, places: 1)) dBFS: deliver without the last limiting, at -3 dBFS or below")
        }
        return advice
    }

    public var json: JSON {
        .object([
            ("bass_side_db", .measured(bassSideDB)), ("treble_burst_dbfs", .measured(trebleBurstDBFS)),
            ("treble_burst_at_seconds", .measured(trebleBurstSeconds)), ("sample_peak_dbfs", .measured(samplePeakDBFS)),
            ("advice", .array(advice.map { .string($0) })),
        ])
    }
}
