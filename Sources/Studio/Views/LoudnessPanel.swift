import Playback
import Terminal

/// Momentary and short-term loudness along the file, under the waveform's columns, with the integrated and the target line.
func drawLoudness(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let deck = state.deck
    let heard = deck.heardNumbers
    let target = state.master.sound.audible.target.lufs
    let scale = state.loudnessScale
    var numbers = "I " + scale.reading(heard?.integrated) + (rect.columns >= 44 ? scale.unit : "") + canvas.dot + "target " + scale.reading(target)
    if rect.columns >= 76, let peak = heard?.truePeak, let integrated = heard?.integrated {
        numbers = "PLR " + Format.fixed(peak - integrated, 1) + " PSR " + Format.reading(heard?.peakToShortTerm) + canvas.dot + numbers
    }
    if rect.columns >= 52 { numbers = "M " + scale.reading(heard?.momentary) + " S " + scale.reading(heard?.shortTerm) + " " + numbers }
    let area = canvas.panel(rect, title: "Loudness", numbers: numbers, focused: state.focus == .loudness)
    guard area.rows > 0, area.columns > 0 else { return }

    let (bottom, top) = scale.range(target: target)
    let gutter = area.columns >= 30 && area.rows >= 3 ? 4 : 0
    let graph = Rect(x: area.x + gutter, y: area.y, columns: area.columns - gutter, rows: area.rows)
    func label(_ lufs: Double) -> String { scale == .target ? Format.fixed(lufs, 0) : Format.signed(lufs - LoudnessScale.reference, 0) }
    if gutter > 0 {
        canvas.textRight(label(top), maxX: area.x + 3, y: graph.y, style: canvas.theme[.dim])
        canvas.textRight(label(bottom), maxX: area.x + 3, y: graph.maxY - 1, style: canvas.theme[.dim])
    }
    func row(_ lufs: Double) -> Int { min(graph.rows - 1, Int((1 - Graph.share(lufs, from: bottom, to: top)) * Double(graph.rows))) }

    line(at: graph.y + row(target), graph, canvas.isASCII ? "-" : "┄", .target, &canvas)
    if let integrated = heard?.integrated { line(at: graph.y + row(integrated), graph, canvas.isASCII ? "=" : "╌", .integrated, &canvas) }

    let history = deck.voice == .original ? deck.originalHistory : deck.masterHistory
    if canvas.glyphs == .braille {
        var momentary = BrailleGrid(columns: graph.columns, rows: graph.rows)
        var shortTerm = momentary
        for x in 0..<momentary.width {
            if let m = highest(history.momentary, x, momentary.width) { momentary.set(x, dot(m, momentary, bottom, top)) }
            if let s = highest(history.shortTerm, x, momentary.width) {
                let y = dot(s, shortTerm, bottom, top)
                let before = x > 0 ? highest(history.shortTerm, x - 1, momentary.width).map { dot($0, shortTerm, bottom, top) } : nil
                shortTerm.vertical(x, from: before ?? y, to: y)
            }
        }
        for y in 0..<graph.rows {
            for x in 0..<graph.columns {
                let both = momentary.pattern(x, y) | shortTerm.pattern(x, y)
                guard both != 0 else { continue }
                canvas.text(BrailleGrid.character(both), x: graph.x + x, y: graph.y + y, shortTerm.pattern(x, y) != 0 ? .shortTerm : .momentary)
            }
        }
    } else {
        for x in 0..<graph.columns {
            if let m = highest(history.momentary, x, graph.columns), Double(m) > bottom {
                canvas.text(canvas.isASCII ? "." : "·", x: graph.x + x, y: graph.y + row(Double(m)), .momentary)
            }
            if let s = highest(history.shortTerm, x, graph.columns), Double(s) > bottom {
                canvas.text(canvas.isASCII ? "*" : "▪", x: graph.x + x, y: graph.y + row(Double(s)), .shortTerm)
            }
        }
    }
}

private func line(at y: Int, _ graph: Rect, _ mark: String, _ role: Role, _ canvas: inout Canvas) {
    canvas.text(String(repeating: mark, count: graph.columns), x: graph.x, y: y, role)
}

private func dot(_ lufs: Float, _ grid: BrailleGrid, _ bottom: Double, _ top: Double) -> Int {
    Int(((1 - Graph.share(Double(lufs), from: bottom, to: top)) * Double(grid.height - 1)).rounded())
}

/// The highest reading of everything that falls on column `x` of `count`; nil where nothing was heard.
private func highest(_ values: [Float], _ x: Int, _ count: Int) -> Float? {
    let from = min(values.count - 1, x * values.count / count)
    let to = max(from + 1, min(values.count, (x + 1) * values.count / count))
    let best = values[from..<to].max() ?? -.infinity
    return best.isFinite ? best : nil
}
