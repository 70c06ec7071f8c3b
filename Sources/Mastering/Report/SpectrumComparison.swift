import DSP

/// A file's third octaves beside what is usual for a genre.
public struct SpectrumComparison: Sendable, Equatable {
    public struct Band: Sendable, Equatable {
        public var hz: Double
        /// Of the file; nil for nothing.
        public var db: Double?
        /// The range that is usual, at the file's own level; nil where the curve says nothing.
        public var usual: ClosedRange<Double>?
    }

    public var target: String
    public var bands: [Band]

    /// The curve is moved to the file's level: to the median distance between 80 Hz and 8 kHz.
    /// - Returns: nil for silence.
    public init?(_ analysis: Analysis, target: ToneTarget) {
        let levels = target.levels(at: analysis.bands.map(\.hz)), tolerances = target.tolerances(at: analysis.bands.map(\.hz))
        var distances: [Double] = []
        for (band, level) in zip(analysis.bands, levels) {
            if let db = band.db, let level, band.hz >= 80, band.hz <= 8000 { distances.append(db - level) }
        }
        guard !distances.isEmpty else { return nil }
        let offset = distances.sorted()[distances.count / 2]
        self.target = target.name
        bands = analysis.bands.enumerated().map { index, band in
            var usual: ClosedRange<Double>?
            if let level = levels[index], let sigma = tolerances[index] { usual = (level + offset - sigma)...(level + offset + sigma) }
            return Band(hz: band.hz, db: band.db, usual: usual)
        }
    }
}
