import Mastering

/// What the engine does to test tones, measured while the page is made.
enum EnginePlots {
    static var section: String {
        let plots = [
            plot("Equaliser: worst error of bells against the analogue curve", EngineCurves.equalizerError(), -0.3...0.3, 0.1, "dB", places: 1, limit: nil),
            plot("Limiter: true peak over the ceiling, tones driven 6 dB into it", EngineCurves.limiterOvershoot(), -0.3...0.1, 0.1, "dB", places: 1,
                 limit: (0, "ceiling")),
            plot("Saturation: aliases under the tone", EngineCurves.aliasing(), -200...(-60), 20, "dBc", limit: (-100, "-100 dBc")),
            plot("Sample-rate conversion: all that is not the tone", EngineCurves.conversion(), -200...(-100), 20, "dBc", limit: (-140, "-140 dBc")),
        ]
        return """
            <section><header><h1>The engine that measured and masters</h1>
            <p>Each curve comes from running the signal path on test tones at 44.1 kHz while this page was made.</p></header>
            \(plots.map { "<figure>\($0.svg)</figure>" }.joined(separator: "\n"))
            </section>
            """
    }

    private static func plot(
        _ title: String, _ curves: [EngineCurves.Curve], _ range: ClosedRange<Double>, _ step: Double, _ unit: String, places: Int = 0,
        limit: (at: Double, name: String)?
    ) -> Plot {
        var marks: [Plot.Mark] = curves.enumerated().map { index, curve in
            .line(curve.points.map { ($0.x, $0.y) }, style: index == 0 ? .main : .second, name: curve.name)
        }
        if let limit { marks.append(.limit(limit.at, name: limit.name)) }
        return Plot(
            title: title, x: ProgrammePlots.audible,
            y: Plot.Axis(range: range, ticks: ProgrammePlots.steps(range.lowerBound, range.upperBound, step, places: places), label: unit),
            marks: marks, height: 200)
    }
}
