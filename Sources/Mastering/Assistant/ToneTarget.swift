import DSP
import Glibc

/// A tonal balance to compare with: levels over frequency and how far from them is still usual.
///
/// Read from TOML: the genre curves in `Presets/Curves`, and curves saved from references. Levels are those of bands of constant
/// relative width (pink noise is flat); their absolute height means nothing.
public struct ToneTarget: Sendable, Equatable {
    public static let schema = 1

    public enum Kind: String, Sendable, CaseIterable {
        /// A mean over many recordings, with a band of tolerance.
        case genre
        /// Measured of particular recordings: a line, with a side of its own.
        case reference
    }

    public enum Material: String, Sendable, CaseIterable { case music, speech }

    public struct Point: Sendable, Equatable {
        /// Hz, 10…24 000, rising.
        public var hz: Double
        /// −120…120 dB.
        public var db: Double
        /// Usual deviation, 0…24 dB.
        public var sigmaDB: Double
        /// Of side, on the same scale as `db`; nil where there is none.
        public var sideDB: Double?

        public init(hz: Double, db: Double, sigmaDB: Double = 0, sideDB: Double? = nil) {
            self.hz = hz; self.db = db; self.sigmaDB = sigmaDB; self.sideDB = sideDB
        }
    }

    /// A recording that went into a reference curve.
    public struct Source: Sendable, Equatable {
        public var name: String
        /// > 0, relative to the others.
        public var weight: Double
        public init(name: String, weight: Double) { self.name = name; self.weight = weight }
    }

    /// Stable, lower case, as `tone.curve` names it.
    public var id: String
    public var name: String
    public var kind: Kind
    public var material: Material
    /// Where the figures come from, for people.
    public var source: String
    /// When they were put down, `2026-11-21`.
    public var date: String
    /// At least two.
    public var points: [Point]
    /// Above this the source says nothing (a lossy coder cut it off), Hz.
    public var edgeHz: Double?
    /// Loudness of the references, LUFS; for those who ask for it.
    public var loudnessLUFS: Double?
    public var references: [Source]

    public init(
        id: String, name: String, kind: Kind, material: Material = .music, source: String, date: String, points: [Point],
        edgeHz: Double? = nil, loudnessLUFS: Double? = nil, references: [Source] = []
    ) {
        self.id = id; self.name = name; self.kind = kind; self.material = material; self.source = source; self.date = date
        self.points = points; self.edgeHz = edgeHz; self.loudnessLUFS = loudnessLUFS; self.references = references
    }

    /// At each of `frequencies`, between the points along log f; nil beyond them.
    func levels(at frequencies: [Double]) -> [Double?] { frequencies.map { hz in interpolate(hz) { $0.db } } }
    func tolerances(at frequencies: [Double]) -> [Double?] { frequencies.map { hz in interpolate(hz) { $0.sigmaDB } } }
    func sideLevels(at frequencies: [Double]) -> [Double?] { frequencies.map { hz in interpolate(hz) { $0.sideDB } } }
    var hasSide: Bool { points.contains { $0.sideDB != nil } }

    private func interpolate(_ hz: Double, _ value: (Point) -> Double?) -> Double? {
        // A hair of slack: a curve that was written with rounded frequencies still reaches its own ends.
        guard let first = points.first, let last = points.last, hz >= first.hz * 0.999, hz <= last.hz * 1.001 else { return nil }
        guard let upper = points.firstIndex(where: { $0.hz >= hz }) else { return value(last) }
        guard upper > 0 else { return value(first) }
        let (below, above) = (points[upper - 1], points[upper])
        guard let low = value(below), let high = value(above) else { return nil }
        return low + (high - low) * log(hz / below.hz) / log(above.hz / below.hz)
    }
}
