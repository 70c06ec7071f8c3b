import DSP
import Glibc

/// One or several recordings whose balance is to be met, as a tone curve: mid and side, weighted.
///
/// Each recording is brought to the same loudness first, so neither its level nor the order of the list matters.
public struct ReferenceSet: Sendable {
    public struct Track: Sendable {
        /// As it is written into the curve: a file's name, without its folder.
        public var name: String
        /// > 0, relative to the others.
        public var weight: Double
        public var analysis: Analysis

        public init(name: String, weight: Double = 1, analysis: Analysis) {
            self.name = name
            self.weight = weight
            self.analysis = analysis
        }
    }

    /// Shorter recordings have no balance to speak of, seconds above the loudness gates.
    private static let shortestSeconds = 3.0

    public var tracks: [Track]

    public init(_ tracks: [Track]) { self.tracks = tracks }

    /// Reads and measures files, one after another.
    /// - Parameter files: paths and weights, weights > 0.
    /// - Throws: `AudioFileError`, `CancellationError`.
    public static func measure(
        _ files: [(path: String, weight: Double)], progress: (Double) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws -> ReferenceSet {
        var tracks: [Track] = []
        for (index, file) in files.enumerated() {
            let (analysis, _) = try Analyze.file(
                file.path, progress: { progress((Double(index) + ($0 ?? 0)) / Double(files.count)) }, isCancelled: isCancelled)
            let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
            tracks.append(Track(name: name.printable, weight: file.weight, analysis: analysis))
        }
        return ReferenceSet(tracks)
    }

    /// The curve: levels are weighted means in dB; the lowest edge holds for all; side only when every recording has one.
    /// - Parameter date: when it was made, `2026-11-21`.
    /// - Throws: `.unusable` when there is no track, or one is silent or too short.
    public func curve(id: String, name: String, date: String) throws(PresetError) -> ToneTarget {
        guard !tracks.isEmpty, tracks.allSatisfy({ $0.weight > 0 }) else {
            throw PresetError(.usage, file: id, problem: "has no references", remedy: "name at least one, with a weight above 0")
        }
        for track in tracks where track.analysis.traits.spectrum.gatedLUFS == nil
            || track.analysis.traits.spectrum.gatedSeconds < Self.shortestSeconds && track.analysis.seconds < Self.shortestSeconds
        {
            throw PresetError(file: track.name, problem: "is silent or shorter than 3 s", remedy: "choose a reference with sound in it")
        }
        let edge = tracks.compactMap(\.analysis.traits.edgeHz).min()
        let hasSide = tracks.allSatisfy { Self.hasSide($0.analysis.traits.spectrum) }
        var points: [ToneTarget.Point] = []
        for (band, hz) in ToneCurve.frequencies.enumerated() where tracks.allSatisfy({ $0.analysis.traits.spectrum.mid[band] > 1e-18 }) {
            points.append(ToneTarget.Point(
                hz: hz, db: mean { Self.level($0.mid[band], $0) },
                // A side that is silent in a band stays far under mid, but on the scale of the file.
                sideDB: hasSide ? mean { Self.level(max($0.side[band], $0.mid[band] * 1e-8), $0) } : nil))
        }
        guard points.count >= 2 else {
            throw PresetError(file: id, problem: "finds nothing that all references have in common", remedy: "choose other references")
        }
        let loudness = mean(\.analysis.integratedLUFS)
        return ToneTarget(
            id: id, name: name, kind: .reference, source: "Measured by Lathe: gated at -10 LU, mid and side.", date: date, points: points,
            edgeHz: edge, loudnessLUFS: loudness, references: tracks.map { ToneTarget.Source(name: $0.name, weight: $0.weight) })
    }

    private var totalWeight: Double { tracks.reduce(0) { $0 + $1.weight } }

    private func mean(_ level: (LongTermSpectrum) -> Double) -> Double {
        tracks.reduce(0) { $0 + $1.weight * level($1.analysis.traits.spectrum) } / totalWeight
    }

    private func mean(_ value: (Track) -> Double?) -> Double? {
        var sum = 0.0
        for track in tracks {
            guard let x = value(track) else { return nil }
            sum += track.weight * x
        }
        return sum / totalWeight
    }

    /// dB, at the loudness of −20 LUFS; what lies under the lowest level that a curve can hold is as good as nothing.
    private static func level(_ power: Double, _ spectrum: LongTermSpectrum) -> Double {
        max(10 * log10(power) - (spectrum.gatedLUFS ?? 0) - 20, -120)
    }

    private static func hasSide(_ spectrum: LongTermSpectrum) -> Bool {
        spectrum.side.reduce(0, +) > 1e-7 * spectrum.mid.reduce(0, +)
    }
}
