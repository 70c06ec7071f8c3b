import Terminal

/// Everything temporary that exists now, with what is left of its life.
func drawLedger(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let ledger = state.ledger
    var numbers = ""
    if let snapshot = ledger.snapshot {
        numbers = "\(snapshot.rows.count) item\(snapshot.rows.count == 1 ? "" : "s")" + canvas.dot + Format.bytes(ledger.bytes) + canvas.dot + Format.bytes(snapshot.bytesLeft) + " left this machine"
    }
    let area = canvas.panel(rect, title: "Ledger", numbers: numbers, focused: state.focus == .view(.ledger))
    guard area.rows > 0, area.columns > 0 else { return }
    let rows = ledger.shown
    guard !rows.isEmpty else {
        let empty = ledger.snapshot == nil ? ledger.problem ?? "opening the ledger" : ledger.rows.isEmpty
            ? "nothing temporary exists" : "nothing matches"
        canvas.lines(empty, area, ledger.problem == nil ? .dim : .error)
        return
    }
    let columns = Columns(area.columns, place: rows.contains { $0.place.hasPrefix("tier:") } ? 14 : 5)
    var y = area.y
    if area.rows >= 4 {
        drawCells(columns, ["left", "size", "place", "class", "kind", "of", "for"], y: y, area, canvas.theme[.dim], &canvas)
        y += 1
    }
    let detail = area.rows >= 10 ? 2 : 0
    let height = max(1, area.maxY - y - detail)
    let first = Cursor.firstRow(selected: ledger.cursor.index, count: rows.count, height: height)
    for offset in 0..<min(height, rows.count - first) {
        let row = rows[first + offset]
        let isSelected = first + offset == ledger.cursor.index
        let left = row.expires - state.now
        var style = canvas.theme[row.state == "overdue" ? .error : left < 60 ? .warning : .text]
        if isSelected {
            style = canvas.theme[.selection]
            canvas.fill(Rect(x: area.x, y: y + offset, columns: area.columns, rows: 1), .selection)
        }
        let cells = [row.state == "overdue" ? "overdue" : Format.countdown(left), Format.bytes(row.bytes), row.place, row.erasureClass, row.kind, row.name, row.purpose]
        drawCells(columns, cells, y: y + offset, area, style, &canvas)
    }
    if detail > 0, let row = ledger.selected {
        let parent = row.parent.flatMap { id in ledger.rows.first { $0.id == id } }.map { canvas.dot + "goes with " + $0.kind + " of " + $0.name } ?? ""
        canvas.text(row.state + canvas.dot + "rule " + row.rule + parent, x: area.x, y: area.maxY - 1, .dim, width: area.columns)
    }
}

/// Column widths; the names share what the numbers leave, and the purpose shows only on a wide screen.
private struct Columns {
    let widths: [Int]

    init(_ total: Int, place: Int) {
        let fixed = [8, 7, place, 5]
        let rest = total - fixed.reduce(0, +) - fixed.count
        if total < 34 {
            widths = [8, 7, 0, 0, max(0, total - 17), 0, 0]
        } else if total < 28 + place + 20 {
            // What it is says more than where it lies.
            let kind = (total - 18) / 2
            widths = [8, 7, 0, 0, kind, total - 18 - kind, 0]
        } else if total < 55 + place {
            widths = fixed + [min(14, rest / 2), rest - min(14, rest / 2) - 1, 0]
        } else {
            let kind = min(20, rest / 3), purpose = min(30, rest / 4)
            widths = fixed + [kind, rest - kind - purpose - 2, purpose]
        }
    }
}

private func drawCells(_ columns: Columns, _ cells: [String], y: Int, _ area: Rect, _ style: Style, _ canvas: inout Canvas) {
    var x = area.x
    for (index, width) in columns.widths.enumerated() where width > 0 {
        if index < 2 {
            canvas.textRight(cells[index], maxX: x + width, y: y, style: style, width: width)
        } else {
            canvas.text(cells[index], x: x, y: y, style: style, width: min(width, area.maxX - x), cut: index == 5 ? .middle : .end)
        }
        x += width + 1
    }
}
