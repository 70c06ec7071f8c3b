import Terminal

/// Prompt, brief, takes and the picture of the selected take, one below the other where there is room.
func drawGenerate(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    guard rect.rows >= 9, rect.columns >= 24 else {
        drawPromptText(rect, state, &canvas)
        return
    }
    let written = state.generate.editor.rows(columns: rect.columns - 2).count
    let prompt = max(3, min(rect.rows / 4, written + 1)) + 2
    let middle = max(4, min(rect.rows / 3, 12))
    drawPromptText(Rect(x: rect.x, y: rect.y, columns: rect.columns, rows: min(prompt, rect.rows)), state, &canvas)
    let below = rect.y + prompt
    let isWide = rect.columns >= 60
    let takes = isWide ? rect.columns * 45 / 100 : 0
    let left = rect.rows - prompt
    let brief = left >= middle + 5 ? middle : left
    drawBrief(Rect(x: rect.x, y: below, columns: rect.columns - takes, rows: brief), state, &canvas)
    if isWide { drawTakes(Rect(x: rect.x + rect.columns - takes, y: below, columns: takes, rows: brief), state, &canvas) }
    guard brief < left else { return }
    drawArrangement(Rect(x: rect.x, y: below + brief, columns: rect.columns, rows: left - brief), state, &canvas)
}

/// What is being written, with the insertion point in sight.
private func drawPromptText(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let generate = state.generate
    let numbers = generate.isEditing ? "Alt-Enter makes it" + canvas.dot + "Esc ends" : ""
    let area = canvas.panel(rect, title: "Prompt", numbers: numbers, focused: state.focus == .view(.generate))
    guard area.rows > 0, area.columns > 0 else { return }
    if generate.editor.characters.isEmpty, !generate.isEditing {
        let hint = state.keymap.name(of: "generate.edit") + " writes what you want to hear, like: slow house, 120 bpm, A minor, piano and strings, no vocals, two minutes"
        for (row, line) in wrapped(hint, area.columns, most: area.rows, ellipsis: canvas.ellipsis).enumerated() {
            canvas.text(line, x: area.x, y: area.y + row, .dim, width: area.columns)
        }
        return
    }
    let rows = generate.editor.rows(columns: area.columns)
    let at = rows.lastIndex { $0.lowerBound <= generate.editor.insertion } ?? 0
    let first = Cursor.firstRow(selected: at, count: rows.count, height: area.rows)
    for (row, range) in rows.dropFirst(first).prefix(area.rows).enumerated() {
        let line = String(generate.editor.characters[range]).trimmingNewline
        canvas.text(line, x: area.x, y: area.y + row, generate.isEditing ? .text : .value, width: area.columns)
    }
    if generate.isEditing, rows.indices.contains(at) {
        let before = String(generate.editor.characters[rows[at].lowerBound..<generate.editor.insertion])
        canvas.showCursor(x: area.x + TextWidth.of(before), y: area.y + at - first, in: area)
    }
}

/// What was read out of the prompt, and what was not.
private func drawBrief(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let shown = state.generate.shownBrief
    let amendment = shown?.take == nil ? state.generate.amendment : state.generate.selected?.order.options.amendment ?? ""
    let area = canvas.panel(rect, title: shown?.take.map { "Brief of take \($0)" } ?? "Brief", numbers: amendment.isEmpty || shown?.understanding.isChangeIdle == true ? "" : "changed")
    guard area.rows > 0, area.columns > 0 else { return }
    guard let understanding = shown?.understanding else {
        canvas.lines("what is understood of the prompt stands here", area, .dim)
        return
    }
    var lines: [(String, String, Role)] = understanding.brief.map { ($0.label, $0.value, .value) }
    if !amendment.isEmpty { lines.append(("changed", amendment, .changed)) }
    // What cannot be done is told before what is.
    lines += understanding.ignored.map { ("not used", $0.text + ": " + $0.why, .warning) }
    lines += understanding.understood.map { ("read", $0.text + ": " + $0.why, .dim) }
    let told = lines.prefix(area.rows)
    for (row, line) in told.enumerated() {
        let isCut = row == area.rows - 1 && lines.count > area.rows
        canvas.text(line.0, x: area.x, y: area.y + row, .dim, width: 8)
        let more = isCut ? "  +\(lines.count - area.rows)" : ""
        canvas.text(line.1, x: area.x + 9, y: area.y + row, line.2, width: area.columns - 9 - more.count)
        if isCut { canvas.textRight(more, maxX: area.maxX, y: area.y + row, style: canvas.theme[.dim]) }
    }
}

/// The tree of takes.
private func drawTakes(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let generate = state.generate
    let area = canvas.panel(rect, title: "Takes", numbers: generate.takes.isEmpty ? "" : "\(generate.takes.count)")
    guard area.rows > 0, area.columns > 0 else { return }
    let rows = generate.shown
    if rows.isEmpty { canvas.text("none yet", x: area.x, y: area.y, .dim, width: area.columns) }
    let first = Cursor.firstRow(selected: generate.cursor.index, count: rows.count, height: area.rows)
    for (row, item) in rows.dropFirst(first).prefix(area.rows).enumerated() {
        let line = Rect(x: area.x, y: area.y + row, columns: area.columns, rows: 1)
        let take = item.take
        var (name, state) = (canvas.theme[.text], canvas.theme[.dim])
        if first + row == generate.cursor.index {
            canvas.fill(line, .selection)
            (name, state) = (canvas.theme[.selection], canvas.theme[.selection])
        }
        let (word, role) = standing(take.stage)
        if first + row != generate.cursor.index { state = canvas.theme[role] }
        let mark = take.id == generate.heard ? canvas.playing : take.id == generate.comparison ? "A" : " "
        let right = canvas.textRight(word, maxX: line.maxX, y: line.y, style: state, width: line.columns / 2)
        let indent = String(repeating: " ", count: min(6, max(0, item.depth - 1) * 2)) + (item.depth > 0 ? (canvas.isASCII ? "`-" : "└ ") : "")
        let about = item.depth == 0 ? (take.outline?.title ?? take.what) : take.what
        canvas.text(mark + indent + "\(take.id) " + about, x: line.x, y: line.y, style: name, width: max(0, right - line.x - 1))
    }
}

private func standing(_ stage: TakeRow.Stage) -> (String, Role) {
    switch stage {
    case .making(let fraction): (Format.fixed(fraction * 100, 0) + " %", .accent)
    case .ready: ("", .good)
    case .resting: ("let go", .dim)
    case .failed: ("failed", .error)
    }
}

/// Sections across, parts down; the fuller the cell, the more is played there.
private func drawArrangement(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let generate = state.generate
    let area = canvas.panel(rect, title: "Arrangement", numbers: generate.choice.map { state.keymap.name(of: "generate.vary") + " varies " + $0 } ?? "")
    guard area.rows > 1, area.columns > 20, let outline = generate.selected?.outline, outline.bars > 0 else { return }
    let names = min(16, area.columns / 4)
    let picture = Rect(x: area.x + names + 1, y: area.y, columns: area.columns - names - 1, rows: area.rows)
    func column(_ bar: Int) -> Int { picture.x + bar * picture.columns / outline.bars }
    for (index, section) in outline.sections.enumerated() {
        let from = column(section.bar), to = column(section.bar + section.bars)
        let isChosen = generate.section == index
        if isChosen { canvas.fill(Rect(x: from, y: area.y, columns: to - from, rows: 1), .selection) }
        canvas.text(section.name, x: from, y: area.y, isChosen ? .selection : .title, width: max(0, to - from - 1))
    }
    let height = area.rows - 1
    let first = Cursor.firstRow(selected: generate.part ?? 0, count: outline.parts.count, height: height)
    for (row, part) in outline.parts.dropFirst(first).prefix(height).enumerated() {
        let y = area.y + 1 + row
        let isRow = generate.part == first + row
        if isRow { canvas.fill(Rect(x: area.x, y: y, columns: names, rows: 1), .selection) }
        canvas.text(part.name, x: area.x, y: y, isRow ? .selection : .text, width: names)
        for (index, section) in outline.sections.enumerated() {
            let isChosen = (generate.part != nil || generate.section != nil) && (generate.part ?? first + row) == first + row && (generate.section ?? index) == index
            for x in column(section.bar)..<column(section.bar + section.bars) {
                let from = (x - picture.x) * outline.bars / picture.columns
                let to = max(from + 1, (x + 1 - picture.x) * outline.bars / picture.columns)
                let here = part.bars.indices.contains(from) ? part.bars[from..<min(to, part.bars.count)] : []
                let level = here.max() ?? 0
                canvas.text(shade(level, canvas.isASCII), x: x, y: y, isChosen ? .changed : .accent, width: 1)
            }
        }
    }
    drawHead(state, outline, picture, &canvas)
}

private func shade(_ level: Float, _ isASCII: Bool) -> String {
    let steps = isASCII ? [" ", ".", ":", "+", "#"] : [" ", "░", "▒", "▓", "█"]
    guard level > 0 else { return isASCII ? " " : "·" }
    return steps[max(1, Int((min(1, level) * 4).rounded(.up)))]
}

/// Where the play head is, when the selected take is the one that is heard.
private func drawHead(_ state: StudioState, _ outline: TakeOutline, _ picture: Rect, _ canvas: inout Canvas) {
    guard state.deck.take == state.generate.selected?.id, state.deck.isLoaded, outline.seconds > 0 else { return }
    let x = picture.x + min(picture.columns - 1, Int(state.deck.shownPosition / outline.seconds * Double(picture.columns)))
    canvas.text(canvas.isASCII ? "v" : "▼", x: x, y: picture.y, .marked, width: 1)
}

extension String {
    fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}

extension TextEditor {
    /// Rows of at most `columns`, broken after spaces where that is possible: ranges of characters.
    func rows(columns: Int) -> [Range<Int>] {
        guard columns > 0 else { return [] }
        var out: [Range<Int>] = []
        var (start, width, space) = (0, 0, 0)
        var at = 0
        while at < characters.count {
            let c = characters[at]
            if c == "\n" {
                out.append(start..<at + 1)
                (start, width, space) = (at + 1, 0, at + 1)
                at += 1
                continue
            }
            let here = TextWidth.of(String(c))
            // One column stays free for the insertion point.
            if width + here > columns - 1, at > start {
                let cut = space > start ? space : at
                out.append(start..<cut)
                (start, at, width, space) = (cut, cut, 0, cut)
                continue
            }
            width += here
            at += 1
            if c == " " { space = at }
        }
        out.append(start..<characters.count)
        return out
    }
}
