import Terminal

/// The windows that lie over the panels; prompts and questions take the footer instead.
func draw(_ overlay: Overlay, _ state: StudioState, _ canvas: inout Canvas) {
    switch overlay {
    case .prompt, .question: return
    case .help(let scroll): drawHelp(scroll, state, &canvas)
    case .palette(let palette): drawPalette(palette, state, &canvas)
    case .presets(let picker): drawPresets(picker, state, &canvas)
    case .outputs(let chooser): drawOutputs(chooser, state, &canvas)
    case .page: drawPage(state, &canvas)
    case .note(let title, let lines, let from): drawNote(title, lines, from, &canvas)
    case .abx(let test): drawABX(test, state, &canvas)
    case .places(let cursor): drawPlaces(cursor, state, &canvas)
    case .platforms(let cursor): drawPlatforms(cursor, state, &canvas)
    }
}

private func drawHelp(_ scroll: Int, _ state: StudioState, _ canvas: inout Canvas) {
    let commands = state.keymap.offered(in: state.view)
    let area = canvas.window(canvas.centred(columns: min(100, canvas.frame.size.columns - 4), rows: min(commands.count + 5, canvas.frame.size.rows - 4)),
                             title: "Keys in " + state.view.title)
    guard area.rows > 0, area.columns > 0 else { return }
    let detail = area.rows >= 5 ? 3 : area.rows >= 2 ? 1 : 0, height = area.rows - detail
    let keyColumns = area.columns >= 30 ? 17 : 7
    let selected = max(0, min(scroll, commands.count - 1))
    let first = Cursor.firstRow(selected: selected, count: commands.count, height: height)
    for (row, command) in commands.dropFirst(first).prefix(height).enumerated() {
        let y = area.y + row
        var (key, word, rest) = (canvas.theme[.accent], canvas.theme[.text], canvas.theme[.dim])
        if first + row == selected, detail > 0 {
            (key, word, rest) = (canvas.theme[.selection], canvas.theme[.selection], canvas.theme[.selection])
            canvas.fill(Rect(x: area.x, y: y, columns: area.columns, rows: 1), .selection)
        }
        let keys = state.keymap.keys(of: command, in: state.view).prefix(3).map(\.label).joined(separator: " ")
        canvas.text(keys, x: area.x, y: y, style: key, width: min(keyColumns - 1, area.columns))
        let used = canvas.text(command.title, x: area.x + keyColumns, y: y, style: word, width: area.columns - keyColumns)
        canvas.text(command.help, x: area.x + keyColumns + max(20, used + 2), y: y, style: rest, width: area.columns - keyColumns - max(20, used + 2))
    }
    guard detail > 0, commands.indices.contains(selected) else { return }
    let ruled = area.rows >= 8 ? 1 : 0
    if ruled > 0 { canvas.text(String(repeating: canvas.isASCII ? "-" : "─", count: area.columns), x: area.x, y: area.maxY - 3, .border) }
    // The whole sentence, and why it cannot be done now.
    let why = commands[selected].unavailable(state).map { " Not now: " + $0 + "." } ?? ""
    for (row, line) in wrapped(commands[selected].help + why, area.columns, most: detail - ruled, ellipsis: canvas.ellipsis).enumerated() {
        canvas.text(line, x: area.x, y: area.maxY - detail + ruled + row, .text, width: area.columns)
    }
}

private func drawPalette(_ palette: Palette, _ state: StudioState, _ canvas: inout Canvas) {
    let commands = palette.shown(in: state.view, state.keymap)
    let area = canvas.window(canvas.centred(columns: min(72, canvas.frame.size.columns - 4), rows: min(18, canvas.frame.size.rows - 4)), title: "Commands")
    guard area.rows > 0, area.columns > 0 else { return }
    let used = canvas.text(":" + palette.field.text, x: area.x, y: area.y, .accent, width: area.columns, cut: .start)
    canvas.showCursor(x: area.x + used - TextWidth.of(String(palette.field.characters[palette.field.insertion...])), y: area.y, in: area)
    let height = area.rows - 1
    let first = Cursor.firstRow(selected: palette.cursor.index, count: commands.count, height: height)
    for row in 0..<max(0, min(height, commands.count - first)) {
        let command = commands[first + row]
        let line = Rect(x: area.x, y: area.y + 1 + row, columns: area.columns, rows: 1)
        let why = command.unavailable(state)
        var style = canvas.theme[why == nil ? .text : .dim]
        if first + row == palette.cursor.index {
            style = canvas.theme[.selection]
            canvas.fill(line, .selection)
        }
        let key = state.keymap.keys(of: command, in: state.view).first?.label ?? ""
        let right = canvas.textRight(key, maxX: line.maxX - 1, y: line.y, style: style, width: line.columns / 3) - 1
        let titled = canvas.text(command.title, x: line.x + 1, y: line.y, style: style, width: right - line.x - 1)
        if let why { canvas.text(why, x: line.x + titled + 3, y: line.y, style: style, width: right - line.x - titled - 3) }
    }
}

private func drawPresets(_ picker: PresetPicker, _ state: StudioState, _ canvas: inout Canvas) {
    let entries = picker.shown(state.master.presets)
    let size = canvas.frame.size
    // At the right edge, so that the graphs stay in sight while the ear chooses.
    let columns = min(size.columns, max(36, min(56, size.columns * 2 / 5)))
    let area = canvas.window(Rect(x: size.columns - columns, y: min(1, size.rows - 1), columns: columns, rows: max(1, size.rows - 3)),
                             title: picker.filtering ? "Presets /" + picker.field.text : "Presets")
    guard area.rows > 0, area.columns > 0 else { return }
    let detail = area.rows >= 8 ? 4 : 0
    let height = area.rows - detail
    let first = Cursor.firstRow(selected: picker.cursor.index, count: entries.count, height: height)
    if entries.isEmpty { canvas.text("nothing matches", x: area.x, y: area.y, .dim, width: area.columns) }
    for row in 0..<max(0, min(height, entries.count - first)) {
        let entry = entries[first + row]
        let line = Rect(x: area.x, y: area.y + row, columns: area.columns, rows: 1)
        var style = canvas.theme[entry.preset == nil ? .error : .text]
        if first + row == picker.cursor.index {
            style = canvas.theme[.selection]
            canvas.fill(line, .selection)
        }
        let numbers = entry.preset.map { Format.fixed($0.target.lufs, 1) + " LUFS" } ?? "unusable"
        let right = canvas.textRight(numbers + (entry.isFactory ? "  " : " +"), maxX: line.maxX, y: line.y, style: style, width: line.columns / 2)
        canvas.text(entry.name, x: line.x + 1, y: line.y, style: style, width: right - line.x - 2)
    }
    guard detail > 0, entries.indices.contains(picker.cursor.index) else { return }
    let entry = entries[picker.cursor.index]
    for (row, text) in wrapped(entry.problem ?? entry.intent, area.columns).prefix(detail - 1).enumerated() {
        canvas.text(text, x: area.x, y: area.maxY - detail + row, entry.problem == nil ? .dim : .error, width: area.columns)
    }
    canvas.text("Enter take" + canvas.dot + "Esc back" + canvas.dot + state.keymap.name(of: "transport.voice") + " A/B", x: area.x, y: area.maxY - 1, .accent, width: area.columns)
}

private func drawNote(_ title: String, _ lines: [String], _ from: Int, _ canvas: inout Canvas) {
    let note = NoteLayout(lines, canvas.frame.size)
    // A screen that has grown since shows what fits now.
    let first = max(0, min(from, note.text.count - note.height))
    let place = "\(first + 1)-\(min(note.text.count, first + note.height)) of \(note.text.count)" + canvas.dot + "j k"
    let scrolls = note.text.count > note.height, whole = (scrolls ? place + canvas.dot : "") + "Esc back"
    let numbers = !scrolls || TextWidth.of(title) + TextWidth.of(whole) + 10 <= note.columns ? whole : place
    let area = canvas.window(canvas.centred(columns: note.columns, rows: note.height + 2), title: title, numbers: numbers)
    for (row, line) in note.text.dropFirst(first).prefix(area.rows).enumerated() { canvas.text(line, x: area.x, y: area.y + row, .text, width: area.columns) }
}

/// An explanation in rows as wide as its window; an empty line stays one.
struct NoteLayout {
    let columns: Int
    let text: [String]
    /// Rows that are in sight.
    let height: Int

    init(_ lines: [String], _ size: Size) {
        columns = min(76, size.columns - 4)
        let inside = columns - 2
        text = lines.flatMap { $0.isEmpty ? [""] : wrapped($0, inside) }
        height = max(1, min(text.count, size.rows - 6))
    }
}

extension Canvas {
    mutating func showCursor(x: Int, y: Int, in area: Rect) {
        let point = Point(x: min(max(x, area.x), area.maxX - 1), y: y)
        if frame.bounds.contains(point) { frame.cursor = point }
    }
}
