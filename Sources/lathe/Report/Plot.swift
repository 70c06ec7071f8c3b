/// A diagram as inline SVG: axes with labels, lines, areas and bars. Every text in it is escaped, and how it looks is said by attributes,
/// so that it is the same in programs that read no style sheet.
struct Plot {
    enum Scale { case linear, octaves }

    struct Axis {
        var range: ClosedRange<Double>
        var scale = Scale.linear
        /// Values that get a line and a label.
        var ticks: [(at: Double, label: String)]
        var label: String

        func position(_ x: Double) -> Double {
            let x = min(max(x, range.lowerBound), range.upperBound)
            switch scale {
            case .linear: return (x - range.lowerBound) / (range.upperBound - range.lowerBound)
            case .octaves: return Self.octaves(x / range.lowerBound) / Self.octaves(range.upperBound / range.lowerBound)
            }
        }

        private static func octaves(_ ratio: Double) -> Double { logarithm(ratio) }
    }

    enum Style {
        case main, second, faint, band, bar, limit

        var stroke: String {
            switch self {
            case .main, .bar: "#2457c5"
            case .second: "#0e8a7d"
            case .faint: "#9db4e8"
            case .band: "#f6e3bd"
            case .limit: "#c4320a"
            }
        }

        /// As a line is drawn.
        var attributes: String {
            switch self {
            case .main, .second: "fill=\"none\" stroke=\"\(stroke)\" stroke-width=\"1.8\" stroke-linejoin=\"round\""
            case .faint: "fill=\"none\" stroke=\"\(stroke)\" stroke-width=\"1\" stroke-linejoin=\"round\""
            case .band, .bar: "stroke=\"\(stroke)\" stroke-width=\"7\""
            case .limit: "stroke=\"\(stroke)\" stroke-width=\"1.2\" stroke-dasharray=\"5 4\""
            }
        }
    }

    enum Mark {
        /// Broken where a value is missing.
        case line([(x: Double, y: Double?)], style: Style, name: String?)
        case area([(x: Double, low: Double, high: Double)], name: String?)
        case bars([(x: ClosedRange<Double>, y: Double)], name: String?)
        /// Across the whole width.
        case limit(Double, name: String)
    }

    var title: String
    var x: Axis
    var y: Axis
    var marks: [Mark]
    var height = 240.0

    private static let width = 720.0
    private static let left = 58.0, right = 16.0, top = 34.0, bottom = 40.0

    private func px(_ value: Double) -> Double { Self.left + x.position(value) * (Self.width - Self.left - Self.right) }
    private func py(_ value: Double) -> Double { height - Self.bottom - y.position(value) * (height - Self.top - Self.bottom) }

    private static let grid = "stroke=\"#e4e7ec\" stroke-width=\"1\""
    private static let tick = "font-size=\"11\" fill=\"#667085\""

    var svg: String {
        let base = height - Self.bottom
        var out = "<svg viewBox=\"0 0 \(n(Self.width)) \(n(height))\" role=\"img\" aria-label=\"\(HTML.escape(title))\" font-family=\"system-ui, Segoe UI, Roboto, Arial, sans-serif\">"
        out += "<text font-size=\"13\" font-weight=\"600\" fill=\"#1d2433\" x=\"\(n(Self.left))\" y=\"18\">\(HTML.escape(title))</text>"
        for tick in x.ticks {
            let at = n(px(tick.at))
            out += "<line \(Self.grid) x1=\"\(at)\" y1=\"\(n(Self.top))\" x2=\"\(at)\" y2=\"\(n(base))\"/>"
            out += "<text \(Self.tick) text-anchor=\"middle\" x=\"\(at)\" y=\"\(n(base + 15))\">\(HTML.escape(tick.label))</text>"
        }
        for tick in y.ticks {
            let at = py(tick.at)
            out += "<line \(Self.grid) x1=\"\(n(Self.left))\" y1=\"\(n(at))\" x2=\"\(n(Self.width - Self.right))\" y2=\"\(n(at))\"/>"
            out += "<text \(Self.tick) text-anchor=\"end\" x=\"\(n(Self.left - 6))\" y=\"\(n(at + 4))\">\(HTML.escape(tick.label))</text>"
        }
        out += "<text \(Self.tick) text-anchor=\"middle\" x=\"\(n((Self.left + Self.width - Self.right) / 2))\" y=\"\(n(height - 6))\">\(HTML.escape(x.label))</text>"
        out += "<text \(Self.tick) text-anchor=\"middle\" transform=\"rotate(-90)\" x=\"\(n(-(Self.top + base) / 2))\" y=\"13\">\(HTML.escape(y.label))</text>"
        var legend = Self.width - Self.right
        for mark in marks {
            out += draw(mark)
            guard let entry = Self.entry(mark) else { continue }
            // From the right, a rough width for each.
            legend -= 9 + 6.2 * Double(entry.name.count)
            out += "<text \(Self.tick) x=\"\(n(legend))\" y=\"18\">\(HTML.escape(entry.name))</text>"
            legend -= 22
            out += "<line \(entry.style.attributes) x1=\"\(n(legend))\" y1=\"14\" x2=\"\(n(legend + 16))\" y2=\"14\"/>"
        }
        return out + "</svg>"
    }

    private static func entry(_ mark: Mark) -> (name: String, style: Style)? {
        switch mark {
        case .line(_, let style, let name): name.map { ($0, style) }
        case .area(_, let name): name.map { ($0, .band) }
        case .bars(_, let name): name.map { ($0, .bar) }
        case .limit(_, let name): (name, .limit)
        }
    }

    private func draw(_ mark: Mark) -> String {
        switch mark {
        case .line(let points, let style, _):
            var path = "", isDrawing = false
            for point in points {
                guard let y = point.y, y.isFinite else { isDrawing = false; continue }
                path += "\(isDrawing ? "L" : "M")\(n(px(point.x))) \(n(py(y)))"
                isDrawing = true
            }
            return "<path \(style.attributes) d=\"\(path)\"/>"
        case .area(let points, _):
            guard !points.isEmpty else { return "" }
            let upper = points.map { "\(n(px($0.x))) \(n(py($0.high)))" }, lower = points.reversed().map { "\(n(px($0.x))) \(n(py($0.low)))" }
            return "<path fill=\"\(Style.band.stroke)\" d=\"M\((upper + lower).joined(separator: "L"))Z\"/>"
        case .bars(let bars, _):
            return bars.map { bar in
                let (from, to, top) = (px(bar.x.lowerBound), px(bar.x.upperBound), py(bar.y))
                return "<rect fill=\"\(Style.bar.stroke)\" fill-opacity=\"0.8\" x=\"\(n(from))\" y=\"\(n(top))\" width=\"\(n(max(0.5, to - from - 1)))\" height=\"\(n(max(0, height - Self.bottom - top)))\"/>"
            }.joined()
        case .limit(let value, _):
            let at = n(py(value))
            return "<line \(Style.limit.attributes) x1=\"\(n(Self.left))\" y1=\"\(at)\" x2=\"\(n(Self.width - Self.right))\" y2=\"\(at)\"/>"
        }
    }

    /// A tenth of a pixel is enough.
    private func n(_ value: Double) -> String { Text.number(value, places: 1) }
}
