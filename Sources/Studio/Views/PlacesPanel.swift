import Terminal

/// Marked folders, then the files that were opened.
func drawPlaces(_ cursor: Cursor, _ state: StudioState, _ canvas: inout Canvas) {
    let rows = state.places.rows
    let area = canvas.window(canvas.centred(columns: min(84, canvas.frame.size.columns - 4), rows: min(max(rows.count, 1) + 4, canvas.frame.size.rows - 4)), title: "Places")
    guard area.rows > 0, area.columns > 0 else { return }
    if rows.isEmpty { canvas.text(state.keymap.name(of: "files.bookmark") + " marks a folder; files that you open stand here until you quit", x: area.x, y: area.y, .dim, width: area.columns) }
    let height = max(1, area.rows - 2)
    let first = Cursor.firstRow(selected: cursor.index, count: rows.count, height: height)
    for (line, row) in rows.dropFirst(first).prefix(height).enumerated() {
        let rect = Rect(x: area.x, y: area.y + line, columns: area.columns, rows: 1)
        var style = canvas.theme[row.isFolder ? .folder : .audio]
        if first + line == cursor.index {
            style = canvas.theme[.selection]
            canvas.fill(rect, .selection)
        }
        canvas.text(state.homely(row.path) + (row.isFolder && row.path != "/" ? "/" : ""), x: rect.x, y: rect.y, style: style, width: rect.columns, cut: .start)
    }
    if area.rows >= 3 { canvas.text("Enter go there" + canvas.dot + "d forget a folder" + canvas.dot + "Esc back", x: area.x, y: area.maxY - 1, .accent, width: area.columns) }
}
