import Playback
import Terminal

/// Frequency upwards over the whole file, in the columns of the waveform; only the column at the play head changes while it plays.
func drawSpectrogram(_ area: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let cells = state.deck.voice == .original ? state.deck.spectrogram.original : state.deck.spectrogram.master
    let gutter = area.columns >= 30 ? 4 : 0
    let graph = Rect(x: area.x + gutter, y: area.y, columns: area.columns - gutter, rows: area.rows)
    if gutter > 0, area.rows >= 3 {
        for (label, row) in [("20k", 0), ("630", area.rows / 2), ("20", area.rows - 1)] { canvas.textRight(label, maxX: area.x + 3, y: area.y + row, style: canvas.theme[.dim]) }
    }
    guard !cells.isEmpty, graph.columns > 0 else {
        canvas.text("fills as it is heard", x: graph.x, y: area.y + area.rows / 2, .dim, width: graph.columns)
        return
    }
    let shades: [String] = canvas.isASCII ? [" ", ".", ":", "+", "#"] : [" ", "░", "▒", "▓", "█"]
    for column in 0..<graph.columns {
        let from = column * Spectrogram.columns / graph.columns, to = max(from + 1, (column + 1) * Spectrogram.columns / graph.columns)
        for row in 0..<graph.rows {
            let low = (graph.rows - 1 - row) * Spectrogram.bands / graph.rows, high = max(low + 1, (graph.rows - row) * Spectrogram.bands / graph.rows)
            var most: UInt8 = 0
            var tilt: Float = 0
            for k in from..<min(to, Spectrogram.columns) {
                for band in low..<min(high, Spectrogram.bands) where cells[k * Spectrogram.bands + band] > most {
                    most = cells[k * Spectrogram.bands + band]
                    tilt = state.spectrum.tilt(ofBand: band * MeterFrame.bandCount / Spectrogram.bands)
                }
            }
            guard most > 1 else { continue }
            // −72 dB is dark, −12 dB full.
            let db = Float(most - 1) / 254 * 96 - 96 + tilt
            let shade = max(0, min(4, Int(((db + 72) / 60 * 5).rounded(.down))))
            if shade > 0 { canvas.text(shades[shade], x: graph.x + column, y: graph.y + row, shade == 4 ? .spectrumHigh : .spectrum) }
        }
    }
}
