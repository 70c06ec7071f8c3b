import Terminal

/// Where the sound may go, what is in use, and what ALSA had to say.
func drawOutputs(_ chooser: OutputChooser, _ state: StudioState, _ canvas: inout Canvas) {
    let rows = state.deck.outputRows
    let columns = min(86, canvas.frame.size.columns - 4)
    let sink = state.deck.player.sinkDescription
    var told = wrapped(sink.isEmpty ? "nothing has been played yet" : "now: " + sink, columns - 2, most: 4, ellipsis: canvas.ellipsis)
    // Rows for names and words: transport and footer stay in sight, the window has a border, a blank row and one for the keys.
    let most = max(2, canvas.frame.size.rows - 8)
    if chooser.showsLog {
        told.append("")
        let said = state.deck.log.isEmpty ? ["ALSA has said nothing."] : state.deck.log.suffix(12).flatMap { wrapped($0, columns - 2, most: 2, ellipsis: canvas.ellipsis) }
        // The newest is what matters: the oldest gives way.
        told += said.suffix(max(1, max(most / 2, most - rows.count) - told.count))
    }
    let keys = "Enter choose" + canvas.dot + (chooser.showsLog ? "l hide what ALSA said" : "l what ALSA said") + canvas.dot + "Esc back"
    let height = max(1, min(rows.count, most - min(told.count, max(most / 2, most - rows.count))))
    let area = canvas.window(canvas.centred(columns: columns, rows: height + told.count + 4), title: "Output")
    guard area.rows > 0, area.columns > 0 else { return }
    let first = Cursor.firstRow(selected: chooser.cursor.index, count: rows.count, height: min(height, area.rows))
    // A column for the names, as wide as they need.
    let name = min(area.columns / 2, (rows.map { TextWidth.of(Sanitise.line($0.title)) }.max() ?? 0) + 1)
    for (line, row) in rows.dropFirst(first).prefix(min(height, area.rows)).enumerated() {
        let rect = Rect(x: area.x, y: area.y + line, columns: area.columns, rows: 1)
        var (style, dim) = (canvas.theme[.text], canvas.theme[.dim])
        if first + line == chooser.cursor.index {
            (style, dim) = (canvas.theme[.selection], canvas.theme[.selection])
            canvas.fill(rect, .selection)
        }
        canvas.text(row.choice == state.deck.output ? canvas.mark : " ", x: rect.x, y: rect.y, style: style)
        canvas.text(row.title, x: rect.x + 2, y: rect.y, style: style, width: name, cut: .middle)
        canvas.text(row.explanation, x: rect.x + 3 + name, y: rect.y, style: dim, width: max(0, rect.columns - 3 - name))
    }
    for (line, text) in told.enumerated() where height + 1 + line < area.rows - 1 {
        canvas.text(text, x: area.x, y: area.y + height + 1 + line, state.deck.player.hasSound || sink.isEmpty || chooser.showsLog ? .dim : .warning, width: area.columns)
    }
    if area.rows > height { canvas.text(keys, x: area.x, y: area.maxY - 1, .accent, width: area.columns) }
}

/// The way from the user's end to the page.
func drawPage(_ state: StudioState, _ canvas: inout Canvas) {
    guard let page = state.page else { return }
    let columns = min(86, canvas.frame.size.columns - 2)
    var lines: [(String, Role)] = []
    func add(_ text: String, _ role: Role = .text) { lines += wrapped(text, columns - 2).map { ($0, role) } }
    if let forward = page.forward {
        add("1. In a terminal of the machine where you sit (it asks for your key or password as always, and stays open):", .dim)
        add(forward, .value)
        lines.append(("", .text))
        add("2. There, in a browser, then Listen here:", .dim)
    } else {
        add("In a browser on this machine, then Listen here:", .dim)
    }
    add(page.url, .value)
    lines.append(("", .text))
    add("Both voices go there as they are (about \(Format.fixed(0.3, 1)) MB a second each); switching happens in the browser. The address is secret: whoever on this machine has it hears with you.", .dim)
    lines.append(("", .text))
    let sink = state.deck.player.sinkDescription
    add(state.deck.player.hasSound ? "Listening." : sink.hasPrefix("nobody") || sink.isEmpty ? "Nobody listens yet; meanwhile everything runs on a clock." : sink, state.deck.player.hasSound ? .good : .warning)
    add("c copy the line" + canvas.dot + "u copy the address" + canvas.dot + "Esc close", .accent)
    let area = canvas.window(canvas.centred(columns: columns, rows: lines.count + 2), title: "Listen in your browser")
    for (row, line) in lines.prefix(max(0, area.rows)).enumerated() { canvas.text(line.0, x: area.x, y: area.y + row, line.1, width: area.columns) }
}
