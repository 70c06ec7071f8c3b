import Mastering
import Terminal

/// What each service will do to the original and to the master.
func drawPlatforms(_ cursor: Cursor, _ state: StudioState, _ canvas: inout Canvas) {
    let rows = state.platforms
    let columns = min(84, canvas.frame.size.columns - 4)
    let area = canvas.window(canvas.centred(columns: columns, rows: min(rows.count + 8, canvas.frame.size.rows - 4)), title: "What services will do")
    guard area.rows > 2, area.columns > 20 else { return }
    let half = max(10, min(30, (area.columns - 24) / 2)), name = area.columns - 2 * half - 1
    canvas.text("A original", x: area.x + name + 1, y: area.y, .dim, width: half)
    canvas.text("B master", x: area.x + name + 1 + half, y: area.y, .dim, width: half)
    // Where a column has no room for both numbers, those of the chosen service stand below the list.
    let isNarrow = half < 21
    let detail = area.rows >= 7 && !isNarrow ? 5 : isNarrow && area.rows >= 5 ? 2 : 0, height = area.rows - 1 - detail
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
        canvas.text(words(a, half - 1), x: rect.x + name + 1, y: rect.y, style: style, width: half - 1)
        canvas.text(words(b, half - 1), x: rect.x + name + 1 + half, y: rect.y, style: style, width: half - 1)
    }
    guard detail > 0, rows.indices.contains(cursor.index) else { return }
    let platform = rows[cursor.index]
    let (a, b) = state.platformPreviews(platform)
    if isNarrow {
        for (line, side) in [("A ", a), ("B ", b)].enumerated() {
            let numbers = words(side.1, area.columns - 2), reason = side.1.flatMap { consequence($0) }.map { " " + $0 } ?? ""
            let whole = (reason.isEmpty ? numbers : String(numbers.dropLast(2))) + reason
            canvas.text(side.0 + (TextWidth.of(whole) <= area.columns - 2 ? whole : numbers), x: area.x, y: area.maxY - 2 + line, reason.isEmpty ? .dim : .warning, width: area.columns)
        }
        return
    }
    let told = [("A", a), ("B", b)].compactMap { name, preview in preview.flatMap { consequence($0) }.map { name + " " + $0 } }
    canvas.text(told.joined(separator: canvas.dot), x: area.x, y: area.maxY - 4, .warning, width: area.columns)
    let source = platform.source + (platform.verified.map { " (seen " + $0 + ")" } ?? " (by report of others)")
    for (line, text) in wrapped(source, area.columns, most: 2, ellipsis: canvas.ellipsis).enumerated() {
        canvas.text(text, x: area.x, y: area.maxY - 3 + line, .dim, width: area.columns)
    }
    canvas.text("heard at its level; what it would turn up stays" + canvas.dot + state.keymap.name(of: "transport.voice") + " A/B" + canvas.dot + "Esc back", x: area.x, y: area.maxY - 1, .accent, width: area.columns)
}

/// `+3.0 dB  -11.0 LUFS !` in as many columns as there are; the mark says that there is a consequence to read below.
private func words(_ preview: Platform.Preview?, _ columns: Int) -> String {
    guard let preview else { return "-" }
    let gain = Format.signed(preview.gainDB, 1), level = Format.fixed(preview.playsAt, 1)
    let mark = consequence(preview) == nil ? "" : " !"
    let full = String(repeating: " ", count: max(0, 5 - gain.utf8.count)) + gain + " dB  " + level + " LUFS" + mark
    return [full, gain + " " + level + mark].first { TextWidth.of($0) <= columns } ?? gain + mark
}

/// What the service's level does to the sound besides its loudness.
private func consequence(_ preview: Platform.Preview) -> String? {
    var told: [String] = []
    if preview.limitedDB > 0.05 { told.append("is limited by " + Format.fixed(preview.limitedDB, 1) + " dB") }
    if !preview.isPeakSafe { told.append("peaks higher than the service asks for") }
    return told.isEmpty ? nil : told.joined(separator: " and ")
}
