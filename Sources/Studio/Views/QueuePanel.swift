import Terminal

/// Jobs with their progress, the newest last.
func drawQueue(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let jobs = state.queue.shown
    let numbers = state.queue.jobs.isEmpty ? "" : "\(state.queue.active) running" + canvas.dot + "\(state.queue.jobs.count) in all"
    let area = canvas.panel(rect, title: "Queue", numbers: numbers, focused: state.focus == .view(.queue))
    guard area.rows > 0, area.columns > 0 else { return }
    if jobs.isEmpty {
        let render = state.keymap.name(of: "master.render") + " in Master (" + state.keymap.name(of: "view.master") + ") renders what you hear"
        canvas.lines(state.queue.jobs.isEmpty ? "no jobs; " + render : "nothing matches", area, .dim)
        return
    }
    // Two lines for each job where there is room: what it is, and how it stands.
    let each = area.rows >= jobs.count * 2 || area.rows >= 8 ? 2 : 1
    let height = max(1, area.rows / each)
    let first = Cursor.firstRow(selected: state.queue.cursor.index, count: jobs.count, height: height)
    for row in 0..<min(height, jobs.count - first) {
        let job = jobs[first + row]
        let line = Rect(x: area.x, y: area.y + row * each, columns: area.columns, rows: 1)
        let isSelected = first + row == state.queue.cursor.index
        var style = canvas.theme[.text]
        if isSelected {
            style = canvas.theme[.selection]
            canvas.fill(line, .selection)
        }
        let (word, role, fraction) = standing(job)
        let right = canvas.textRight(word, maxX: line.maxX, y: line.y, style: isSelected ? style : canvas.theme[role], width: line.columns / 2)
        canvas.text((isSelected ? canvas.pointer : " ") + Path.name(of: job.output), x: line.x, y: line.y, style: style,
                    width: right - line.x - 1, cut: .middle)
        guard each == 2, line.y + 1 < area.maxY else { continue }
        if let fraction {
            let columns = min(job.way == nil ? 40 : 12, line.columns - 2)
            canvas.bar(fraction, x: line.x + 1, y: line.y + 1, columns: columns, .accent)
            // Where it has been and where it is.
            if let way = job.way { canvas.text(way.line, x: line.x + columns + 2, y: line.y + 1, style: canvas.theme[.dim], width: line.columns - columns - 2, cut: .middle) }
        } else {
            canvas.text(detail(job, dot: canvas.dot), x: line.x + 1, y: line.y + 1, style: canvas.theme[role == .error ? .error : .dim], width: line.columns - 1,
                        cut: job.way == nil ? .end : .middle)
        }
    }
    // What the selected job's line has no room for is told whole below the list.
    guard each == 2, jobs.indices.contains(state.queue.cursor.index) else { return }
    let told = detail(jobs[state.queue.cursor.index], dot: canvas.dot), spare = area.rows - jobs.count * each - 1
    guard spare > 0, TextWidth.of(told) > area.columns - 1 else { return }
    let lines = wrapped(told, area.columns, most: min(spare, 6), ellipsis: canvas.ellipsis)
    for (row, line) in lines.enumerated() { canvas.text(line, x: area.x, y: area.maxY - lines.count + row, .dim, width: area.columns) }
}

private func standing(_ job: JobRow) -> (String, Role, Double?) {
    switch job.stage {
    case .waiting: ("waiting", .dim, nil)
    case .running where job.way?.ask != nil: ("waits for your word", .warning, nil)
    case .running(let what, let fraction): ((job.way?.told ?? what + " " + Format.fixed(fraction * 100, 0) + " %"), .accent, fraction)
    case .done(let lufs, let dbtp, _): ("done " + Format.reading(lufs) + " LUFS " + Format.reading(dbtp) + " dBTP", .good, nil)
    case .failed: ("failed", .error, nil)
    case .cancelled: ("cancelled", .dim, nil)
    }
}

private func detail(_ job: JobRow, dot: String) -> String {
    switch job.stage {
    case .failed(let why): why
    case _ where job.way != nil: job.way?.line ?? ""
    case .done(_, _, let note?): note
    default: job.preset + dot + job.tier + dot + "from " + Path.name(of: job.input)
    }
}
