import Mastering
import Terminal

/// What each service will do to the original and to the master.
func drawPlatforms(_ cursor: Cursor, _ state: StudioState, _ canvas: inout Canvas) {
    let rows = state.platforms
    let columns = min(84, canvas.frame.size.columns - 4)
    let area = canvas.window(canvas.centred(columns: columns, rows: min(rows.count + 7, canvas.frame.size.rows - 4)), title: "What services will do")
    guard area.rows > 2, area.columns > 20 else { return }
    let name = min(24, area.columns / 3), half = (area.columns - name - 1) / 2
    canvas.text("A original", x: area.x + name + 1, y: area.y, .dim, width: half)
    canvas.text("B master", x: area.x + name + 1 + half, y: area.y, .dim, width: half)
    let detail = area.rows >= 8 ? 4 : 0, height = area.rows - 1 - detail
    let first = Cursor.firstRow(selected: cursor.index, count: rows.count, height: height)
    for (line, platform) in rows.dropFirst(first).prefix(height).enumerated() {
        let rect = Rect(x: area.x, y: area.y + 1 + line, columns: area.columns, rows: 1)
        var style = canvas.theme[.text]
        if first + line == cursor.index {
            style = canvas.theme[.selection]
            canvas.fill(rect, .selection)
        }
        let (a, b) = state.platformPreviews(platform)
        canvas.text(platform.name, x: rect.x, y: rect.y, style: style, width: name)
        canvas.text(words(a), x: rect.x + name + 1, y: rect.y, style: style, width: half - 1)
        canvas.text(words(b), x: rect.x + name + 1 + half, y: rect.y, style: style, width: half)
    }
    guard detail > 0, rows.indices.contains(cursor.index) else { return }
    let platform = rows[cursor.index]
    let source = platform.source + (platform.verified.map { " (seen " + $0 + ")" } ?? " (by report of others)")
    for (line, text) in wrapped(source, area.columns, most: 2, ellipsis: canvas.ellipsis).enumerated() {
        canvas.text(text, x: area.x, y: area.maxY - 3 + line, .dim, width: area.columns)
    }
    canvas.text("heard at its level; what it would turn up stays" + canvas.dot + "x A/B" + canvas.dot + "Esc back", x: area.x, y: area.maxY - 1, .accent, width: area.columns)
}

private func words(_ preview: Platform.Preview?) -> String {
    guard let preview else { return "-" }
    var text = Format.signed(preview.gainDB, 1) + " dB  " + Format.fixed(preview.playsAt, 1) + " LUFS"
    if preview.limitedDB > 0.05 { text += "  limits " + Format.fixed(preview.limitedDB, 1) }
    if !preview.isPeakSafe { text += "  peaks!" }
    return text
}
