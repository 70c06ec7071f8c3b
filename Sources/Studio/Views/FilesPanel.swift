import Terminal

/// The folder: names, and of audio files length and format as they become known.
func drawFiles(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let files = state.files
    var numbers = files.complete || files.problem != nil ? "" : "reading "
    if !files.rows.isEmpty { numbers += "\(files.cursor.index + 1)/\(files.rows.count)" }
    if !files.query.filter.isEmpty { numbers += " of \(files.total)" }
    if !files.marks.isEmpty { numbers += canvas.dot + "\(files.marks.count) marked" }
    let area = canvas.panel(rect, title: "Files", numbers: numbers, focused: state.focus == .view(.files))
    guard area.rows > 0, area.columns > 0 else { return }

    var y = area.y
    if area.rows >= 4 {
        let filter = files.query.filter.isEmpty ? "" : "  /" + files.query.filter
        let room = area.columns - TextWidth.of(filter)
        let used = canvas.text(state.homely(files.query.folder), x: area.x, y: y, .dim, width: max(8, room), cut: .start)
        canvas.text(filter, x: area.x + used, y: y, .accent, width: area.columns - used)
        y += 1
    }
    let height = area.maxY - y
    if files.rows.isEmpty {
        let text = files.problem ?? (!files.complete ? "reading" : files.query.filter.isEmpty ? "nothing here" : "nothing matches")
        let lines = wrapped(text, area.columns, most: max(1, height - 1), ellipsis: canvas.ellipsis)
        for (row, line) in lines.enumerated() { canvas.text(line, x: area.x, y: y + row, files.problem == nil ? .dim : .error, width: area.columns) }
        if files.problem != nil, height > lines.count { canvas.text(state.keymap.name(of: "files.parent") + " goes back up", x: area.x, y: y + lines.count, .dim, width: area.columns) }
        return
    }
    let first = Cursor.firstRow(selected: files.cursor.index, count: files.rows.count, height: height)
    for row in 0..<min(height, files.rows.count - first) {
        drawEntry(files.rows[first + row], isSelected: first + row == files.cursor.index,
                  Rect(x: area.x, y: y + row, columns: area.columns, rows: 1), state, &canvas)
    }
}

private func drawEntry(_ entry: DirectoryEntry, isSelected: Bool, _ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let path = state.files.path(of: entry)
    let isMarked = state.files.marks.contains(path)
    let isLoaded = state.deck.path == path
    var style = canvas.theme[entry.kind == .folder ? .folder : entry.kind == .audio ? .audio : .dim]
    if isMarked { style = canvas.theme[.marked] }
    if isSelected {
        style = canvas.theme[state.view == .files ? .selection : .selectionIdle]
        canvas.fill(rect, state.view == .files ? .selection : .selectionIdle)
    }
    canvas.text(isMarked ? canvas.mark : isLoaded ? canvas.pointer : " ", x: rect.x, y: rect.y, style: style)
    var right = rect.maxX
    if let facts = state.files.facts[path], rect.columns >= 24 {
        var text = facts.seconds.map { Format.duration($0) } ?? ""
        if rect.columns >= 36 { text = facts.summary + "  " + String(repeating: " ", count: max(0, 5 - text.utf8.count)) + text }
        right = canvas.textRight(text, maxX: right, y: rect.y, style: isSelected ? style : canvas.theme[.dim]) - 1
    } else if entry.kind == .folder {
        right -= 1
    }
    let name = entry.kind == .folder ? entry.name + "/" : entry.name
    canvas.text(name, x: rect.x + 1, y: rect.y, style: style, width: right - rect.x - 1, cut: .middle)
}
