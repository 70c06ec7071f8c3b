import Terminal

/// What exists and what left, then the keys that matter here; a prompt, a question or a message takes their place.
func drawFooter(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    switch state.overlay {
    case .question(let question):
        canvas.fill(rect, .bar)
        let style = canvas.theme[.warning].background(canvas.theme[.bar].background).with(.bold)
        let answer = "  y yes" + canvas.dot + "n no"
        let used = canvas.text(" " + question.text, x: rect.x, y: rect.y, style: style, width: max(0, rect.columns - TextWidth.of(answer)))
        canvas.text(answer, x: rect.x + used, y: rect.y, style: canvas.theme[.bar], width: rect.columns - used)
        return
    case .prompt(let prompt):
        drawPrompt(prompt, rect, &canvas)
        return
    default: break
    }
    var x = rect.x + 1
    // A message needs the room more than the words around the numbers do.
    let words = rect.columns >= 150 ? 2 : rect.columns >= 110 && state.message == nil ? 1 : 0
    x += drawLedgerCount(state, x: x, y: rect.y, width: rect.columns - 2, words: words, &canvas) + 2
    if !state.queue.jobs.isEmpty {
        let jobs = canvas.playing + " \(state.queue.active)/\(state.queue.jobs.count) jobs"
        x += canvas.text(jobs, x: x, y: rect.y, state.queue.active > 0 ? .accent : .dim, width: rect.maxX - x) + 2
    }
    if let message = state.message {
        let role: Role = switch message.tone {
        case .info: .title
        case .warning: .warning
        case .error: .error
        }
        canvas.text(message.text, x: x, y: rect.y, role, width: rect.maxX - x)
        return
    }
    drawKeys(Rect(x: x, y: rect.y, columns: rect.maxX - x - 1, rows: 1), state, &canvas)
}

private func drawLedgerCount(_ state: StudioState, x: Int, y: Int, width: Int, words: Int, _ canvas: inout Canvas) -> Int {
    guard let snapshot = state.ledger.snapshot else {
        let failed = state.ledger.problem != nil
        return canvas.text(failed ? "no ledger" : "ledger" + (canvas.isASCII ? "..." : "…"), x: x, y: y, failed ? .error : .dim, width: width)
    }
    let count = snapshot.rows.count
    var text = canvas.left + Format.bytes(snapshot.bytesLeft)
    let bytes = count == 0 ? "" : " " + Format.bytes(state.ledger.bytes)
    switch words {
    case 0: text += canvas.dot + "\(count) temp" + bytes
    case 1: text += " left" + canvas.dot + "\(count) temporary" + bytes
    default: text += " left this machine" + canvas.dot + "\(count) temporary item\(count == 1 ? "" : "s")" + bytes
    }
    if words > 0, let next = state.ledger.nextExpiry {
        text += (words == 1 ? ", next " : ", next gone in ") + Format.remaining(next - state.now)
    }
    return canvas.text(text, x: x, y: y, .dim, width: width)
}

/// As many as fit, right-aligned, in their order.
private func drawKeys(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    var shown: [(key: String, word: String, order: Int)] = []
    var room = rect.columns
    // Help and quit come last but are the last to give way.
    let offered = Command.offered(in: state.view).filter { $0.footer != nil && $0.unavailable(state) == nil }
        .sorted { rank($0) < rank($1) }
    for command in offered {
        guard let footer = command.footer, let key = command.keys.first?.label else { continue }
        let columns = TextWidth.of(key) + 1 + TextWidth.of(footer.word) + 2
        if columns > room { break }
        room -= columns
        shown.append((key, footer.word, footer.order))
    }
    shown.sort { $0.order < $1.order }
    var x = rect.x + room
    for (key, word, _) in shown {
        x += canvas.text(key, x: x, y: rect.y, .accent, width: rect.maxX - x) + 1
        x += canvas.text(word, x: x, y: rect.y, .dim, width: rect.maxX - x) + 2
    }
}

private func rank(_ command: Command) -> Int {
    guard let order = command.footer?.order else { return .max }
    return order == 99 ? -1 : order
}

private func drawPrompt(_ prompt: Prompt, _ rect: Rect, _ canvas: inout Canvas) {
    canvas.fill(rect, .bar)
    let bar = canvas.theme[.bar]
    var x = rect.x + 1
    x += canvas.text(prompt.label + ": ", x: x, y: rect.y, style: bar, width: max(0, rect.columns * 2 / 3))
    // Room for the problem only as far as the text leaves some.
    let field = prompt.field
    let before = String(field.characters[..<field.insertion])
    let room = max(1, rect.maxX - x - 1)
    let skipped = max(0, TextWidth.of(before) - room + 1)
    var visible = before
    if skipped > 0 { visible = TextWidth.fit(before, room - 1, cut: .start, ellipsis: canvas.isASCII ? "~" : "…") }
    let used = canvas.text(visible, x: x, y: rect.y, style: bar.with(.bold), width: room)
    let point = Point(x: x + used, y: rect.y)
    let after = canvas.text(String(field.characters[field.insertion...]), x: point.x, y: rect.y, style: bar.with(.bold), width: rect.maxX - point.x)
    if canvas.frame.bounds.contains(point) { canvas.frame.cursor = point }
    if let problem = prompt.problem {
        let style = canvas.theme[.error].background(bar.background)
        let from = point.x + after + 2
        canvas.text(problem, x: from, y: rect.y, style: style, width: rect.maxX - from)
    }
}
