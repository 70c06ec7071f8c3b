import Terminal

/// What exists and what left, then the keys that matter here; a prompt, a question or a message takes their place.
/// What needs more than the line also takes the lines above it, as long as it is there.
func drawFooter(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    switch state.overlay {
    case .question(let question):
        drawQuestion(question, rect, &canvas)
        return
    case .prompt(let prompt):
        drawPrompt(prompt, rect, &canvas)
        return
    case .abx:
        // The panel says its keys; those of the view do not apply.
        _ = drawLedgerCount(state, x: rect.x + 1, y: rect.y, width: rect.columns - 2, words: 0, &canvas)
        return
    default: break
    }
    var x = rect.x + 1
    // A message needs the room more than the words around the numbers do.
    let words = rect.columns >= 150 ? 2 : rect.columns >= 110 && state.message == nil ? 1 : 0
    let message = state.message.map { ($0.text, role(of: $0.tone)) }
    if let (text, role) = message, TextWidth.of(text) > rect.columns - 30 {
        tell(text, canvas.theme[role], above: rect, rows: most(rect), &canvas)
        return
    }
    x += drawLedgerCount(state, x: x, y: rect.y, width: rect.columns - 2, words: words, &canvas) + 2
    if state.queue.active > 0 {
        let jobs = canvas.playing + " \(state.queue.active)/\(state.queue.jobs.count) jobs"
        x += canvas.text(jobs, x: x, y: rect.y, .accent, width: rect.maxX - x) + 2
    }
    if let (text, role) = message {
        if TextWidth.of(text) > rect.maxX - x {
            tell(text, canvas.theme[role], above: rect, rows: most(rect), &canvas)
        } else {
            canvas.text(text, x: x, y: rect.y, role, width: rect.maxX - x)
        }
        return
    }
    drawKeys(Rect(x: x, y: rect.y, columns: rect.maxX - x - 1, rows: 1), state, &canvas)
}

private func role(of tone: Notice.Tone) -> Role {
    switch tone {
    case .info: .title
    case .warning: .warning
    case .error: .error
    }
}

/// Lines that a long message may take, the footer's own counted.
private func most(_ footer: Rect) -> Int { max(1, min(3, footer.y)) }

/// Text in as many lines as it needs, at most `rows`, ending on the rectangle's line. Returns the place after its end.
@discardableResult
private func tell(_ text: String, _ style: Style, above rect: Rect, rows: Int, after tail: Int = 0, _ canvas: inout Canvas) -> Point {
    let width = max(1, rect.columns - 2)
    var lines = wrapped(text, width, most: rows, ellipsis: canvas.ellipsis)
    if tail > 0, let last = lines.last, TextWidth.of(last) + tail > width {
        // What follows the text stands on its last line, whatever has to give way for it.
        if lines.count < rows { lines.append("") } else { lines[lines.count - 1] = TextWidth.fit(last, max(0, width - tail), ellipsis: canvas.ellipsis.first ?? "~") }
    }
    let top = rect.maxY - max(1, lines.count)
    canvas.fill(Rect(x: rect.x, y: top, columns: rect.columns, rows: max(1, lines.count)), .bar)
    let bar = style.background(canvas.theme[.bar].background)
    var end = Point(x: rect.x + 1, y: rect.y)
    for (row, line) in lines.enumerated() {
        end = Point(x: rect.x + 1 + canvas.text(line, x: rect.x + 1, y: top + row, style: bar, width: width), y: top + row)
    }
    return end
}

private func drawQuestion(_ question: Question, _ rect: Rect, _ canvas: inout Canvas) {
    var answer = "  y yes" + canvas.dot + "n no"
    if case .tier(_, true) = question.action { answer = "  y once" + canvas.dot + "a always" + canvas.dot + "n no" + canvas.dot + "v never" }
    let end = tell(question.text, canvas.theme[.warning].with(.bold), above: rect, rows: most(rect), after: TextWidth.of(answer), &canvas)
    canvas.text(answer, x: end.x, y: end.y, style: canvas.theme[.bar], width: rect.maxX - end.x)
}

private func drawLedgerCount(_ state: StudioState, x: Int, y: Int, width: Int, words: Int, _ canvas: inout Canvas) -> Int {
    guard let snapshot = state.ledger.snapshot else {
        let failed = state.ledger.problem != nil
        return canvas.text(failed ? "no ledger" : "ledger" + (canvas.isASCII ? "..." : "…"), x: x, y: y, failed ? .error : .dim, width: width)
    }
    let count = snapshot.rows.count
    var text = canvas.left + Format.bytes(snapshot.bytesLeft + Int64(state.deck.player.sentBytes))
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

/// While a prompt is written, letters are text and other keys count.
private let writingKeys = [("Alt-Enter", "make"), ("Esc", "end"), ("Alt-u", "undo"), ("Alt-Up", "earlier")]

private func drawWritingKeys(_ rect: Rect, _ canvas: inout Canvas) {
    var (shown, room): ([(String, String)], Int) = ([], rect.columns)
    for (key, word) in writingKeys {
        let columns = TextWidth.of(key) + 1 + TextWidth.of(word) + 2
        if columns > room { break }
        room -= columns
        shown.append((key, word))
    }
    var x = rect.x + room
    for (key, word) in shown {
        x += canvas.text(key, x: x, y: rect.y, .accent, width: rect.maxX - x) + 1
        x += canvas.text(word, x: x, y: rect.y, .dim, width: rect.maxX - x) + 2
    }
}

/// As many as fit, right-aligned, in their order.
private func drawKeys(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    if state.view == .generate, state.generate.isEditing { return drawWritingKeys(rect, &canvas) }
    var shown: [(key: String, word: String, order: Int)] = []
    // Behind the last one a single blank is enough.
    var room = rect.columns + 1
    func offer(_ key: String, _ word: String, _ order: Int) -> Bool {
        let columns = TextWidth.of(key) + 1 + TextWidth.of(word) + 2
        if columns > room { return false }
        room -= columns
        shown.append((key, word, order))
        return true
    }
    // Help and quit come last but are the last to give way.
    let offered = state.keymap.offered(in: state.view).filter { $0.footer != nil && $0.unavailable(state) == nil }
        .sorted { rank($0) < rank($1) }
    var offersViews = false
    for command in offered {
        // Behind the way to help, the way to the other views: whoever knows these two finds the rest. Beside a running job,
        // which takes room, what the view is for comes first.
        if !offersViews, rank(command) > (state.queue.active > 0 ? 2 : -1) {
            offersViews = true
            if let views = state.keymap.nameOfViews { _ = offer(views, "views", 97) }
        }
        guard let footer = command.footer, let key = state.keymap.keys(of: command, in: state.view).first?.label else { continue }
        if !offer(key, footer.word, footer.order) { break }
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
    let field = prompt.field
    let typed = field.isSelected ? canvas.theme[.selection] : bar.with(.bold)
    let before = String(field.characters[..<field.insertion])
    let room = max(1, rect.maxX - x - 1)
    let skipped = max(0, TextWidth.of(before) - room + 1)
    var visible = before
    if skipped > 0 { visible = TextWidth.fit(before, room - 1, cut: .start, ellipsis: canvas.ellipsis.first ?? "~") }
    let used = canvas.text(visible, x: x, y: rect.y, style: typed, width: room)
    let point = Point(x: x + used, y: rect.y)
    let after = canvas.text(String(field.characters[field.insertion...]), x: point.x, y: rect.y, style: typed, width: rect.maxX - point.x)
    if canvas.frame.bounds.contains(point) { canvas.frame.cursor = point }
    guard let problem = prompt.problem else { return }
    let from = point.x + after + 2
    if TextWidth.of(problem) < rect.maxX - from {
        canvas.text(problem, x: from, y: rect.y, style: canvas.theme[.error].background(bar.background), width: rect.maxX - from)
    } else if rect.y > 0 {
        // Above what is typed, in full.
        tell(problem, canvas.theme[.error], above: Rect(x: rect.x, y: rect.y - 1, columns: rect.columns, rows: 1), rows: most(rect), &canvas)
    }
}
