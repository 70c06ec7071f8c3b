import Mastering

/// The pictures of a file: loudness over time, spectrum beside what is usual, how its peaks are spread.
enum ProgrammePlots {
    static let audible = Plot.Axis(
        range: 20...20_000, scale: .octaves,
        ticks: [(20, "20"), (50, "50"), (100, "100"), (200, "200"), (500, "500"), (1000, "1k"), (2000, "2k"), (5000, "5k"), (10_000, "10k"), (20_000, "20k")],
        label: "Hz")

    static func loudness(_ history: ProgrammeHistory, _ analysis: Analysis) -> Plot {
        let highest = (history.points.compactMap(\.momentary).max() ?? -10).rounded(.up) + 1
        let top = (highest / 3).rounded(.up) * 3
        // Fades and pauses may leave the picture below: it is for the music.
        let levels = history.points.compactMap(\.momentary).sorted()
        let quiet = levels.isEmpty ? top - 24 : levels[levels.count / 20]
        let bottom = max(top - 48, min(top - 12, ((quiet - 2) / 3).rounded(.down) * 3))
        var marks: [Plot.Mark] = [
            .line(history.points.map { ($0.seconds, $0.momentary) }, style: .faint, name: "momentary"),
            .line(history.points.map { ($0.seconds, $0.shortTerm) }, style: .main, name: "short-term"),
        ]
        if let integrated = analysis.integratedLUFS { marks.append(.limit(integrated, name: "integrated \(Text.number(integrated))")) }
        return Plot(
            title: "Loudness over time", x: time(max(0.5, analysis.seconds)),
            y: Plot.Axis(range: bottom...top, ticks: steps(bottom, top, top - bottom > 24 ? 6 : 3), label: "LUFS"), marks: marks)
    }

    static func spectrum(_ comparison: SpectrumComparison) -> Plot {
        let levels = comparison.bands.compactMap(\.db) + comparison.bands.compactMap { $0.usual?.upperBound }
        let top = ((levels.max() ?? 0) / 6).rounded(.up) * 6 + 6, bottom = top - 60
        let area = comparison.bands.compactMap { band in band.usual.map { (band.hz, $0.lowerBound, $0.upperBound) } }
        return Plot(
            title: "Spectrum in third octaves", x: audible, y: Plot.Axis(range: bottom...top, ticks: steps(bottom, top, 12), label: "dB"),
            marks: [
                .area(area.map { (x: $0.0, low: $0.1, high: $0.2) }, name: "usual: \(comparison.target)"),
                .line(comparison.bands.map { ($0.hz, $0.db) }, style: .main, name: "this file"),
            ])
    }

    static func peaks(_ history: ProgrammeHistory) -> Plot {
        let total = Double(max(1, history.peakCounts.reduce(0, +)))
        let step = ProgrammeHistory.peakStepDB, lowest = ProgrammeHistory.lowestPeakDB
        let bars = history.peakCounts.enumerated().map { index, count in
            (x: (lowest + Double(index) * step)...(lowest + Double(index + 1) * step), y: 100 * Double(count) / total)
        }
        let highest = bars.map(\.y).max() ?? 0
        let every = [1.0, 2, 5, 10].first { highest / $0 <= 5 } ?? 20
        let most = max(every, (highest / every).rounded(.up) * every)
        return Plot(
            title: "True peaks of its tenths of a second",
            x: Plot.Axis(range: lowest...4, ticks: steps(lowest, 3, 3), label: "dBTP (the first bar holds everything below)"),
            y: Plot.Axis(range: 0...most, ticks: steps(0, most, every), label: "% of the time"), marks: [.bars(bars, name: nil)], height: 200)
    }

    private static func time(_ seconds: Double) -> Plot.Axis {
        let step = [1.0, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600].first { seconds / $0 <= 10 } ?? seconds / 8
        var ticks: [(Double, String)] = []
        var at = 0.0
        while at <= seconds {
            ticks.append((at, String(Text.clock(at).dropLast(2))))
            at += step
        }
        return Plot.Axis(range: 0...seconds, ticks: ticks.map { (at: $0.0, label: $0.1) }, label: "minutes")
    }

    static func steps(_ low: Double, _ high: Double, _ step: Double, places: Int = 0) -> [(at: Double, label: String)] {
        var ticks: [(at: Double, label: String)] = []
        var index = 0.0
        while low + index * step <= high + 1e-9 {
            ticks.append((low + index * step, Text.number(low + index * step, places: places)))
            index += 1
        }
        return ticks
    }
}
