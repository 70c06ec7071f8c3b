import Playback
import Terminal

/// Goniometer: mono stands upright, left leans left, what is out of phase lies flat.
func drawField(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let deck = state.deck
    let numbers = deck.heardNumbers?.correlation.map { "corr " + Format.signed($0, 2) } ?? ""
    let area = canvas.panel(rect, title: "Stereo field", numbers: numbers, focused: state.focus == .field)
    guard area.rows > 0, area.columns > 0 else { return }
    let middle = area.x + area.columns / 2
    for row in 0..<area.rows { canvas.text(canvas.isASCII ? "." : "·", x: middle, y: area.y + row, .border) }
    canvas.text("L", x: max(area.x, middle - area.rows), y: area.y, .dim)
    canvas.text("R", x: min(area.maxX - 1, middle + area.rows), y: area.y, .dim)
    guard deck.player.playing, let field = deck.heard(deck.meters)?.field else { return }
    // Scaled so that the loudest point reaches the edge: the shape is what is read.
    var most: Float = 1e-4
    for k in field.indices { most = max(most, abs(field[k].x + field[k].y), abs(field[k].x - field[k].y)) }
    let scale = 1 / most
    if canvas.glyphs == .braille {
        var grid = BrailleGrid(columns: area.columns, rows: area.rows)
        // Dots are about as wide as they are high.
        let radius = Float(min(grid.width, grid.height) - 1) / 2
        for k in field.indices {
            let (x, y) = place(field[k], scale)
            grid.set(grid.width / 2 + Int((x * radius).rounded()), grid.height / 2 - Int((y * radius).rounded()))
        }
        for row in 0..<area.rows {
            for column in 0..<area.columns where grid.pattern(column, row) != 0 {
                canvas.text(BrailleGrid.character(grid.pattern(column, row)), x: area.x + column, y: area.y + row, .correlation)
            }
        }
    } else {
        let radius = Float(min(area.columns / 2, area.rows) - 1) / 2
        for k in field.indices {
            let (x, y) = place(field[k], scale)
            let column = middle + Int((2 * x * radius).rounded()), row = area.y + area.rows / 2 - Int((y * radius).rounded())
            if column >= area.x, column < area.maxX, row >= area.y, row < area.maxY { canvas.text(canvas.isASCII ? "*" : "▪", x: column, y: row, .correlation) }
        }
    }
}

/// Side to the right, mid upwards, within ±1.
private func place(_ point: SIMD2<Float>, _ scale: Float) -> (Float, Float) {
    ((point.y - point.x) * scale, (point.x + point.y) * scale)
}
