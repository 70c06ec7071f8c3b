import Mastering
import Terminal

/// The chain from top to bottom: every parameter with its value, and of the selected one what it does, its range and the preset's value.
func drawMaster(_ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let master = state.master
    let rows = master.rows
    let filter = master.filter.isEmpty ? "" : "/" + master.filter
    let area = canvas.panel(rect, title: "Master: " + master.title, numbers: filter, focused: state.focus == .view(.master))
    guard area.rows > 0, area.columns > 0 else { return }

    let detail = masterDetailRows(area.rows)
    let height = area.rows - detail
    guard let selected = master.selectedRow else {
        canvas.text("nothing matches", x: area.x, y: area.y, .dim, width: area.columns)
        return
    }
    let first = Cursor.firstRow(selected: selected.row, count: rows.count, height: height)
    for offset in 0..<max(0, min(height, rows.count - first)) {
        let line = Rect(x: area.x, y: area.y + offset, columns: area.columns, rows: 1)
        switch rows[first + offset] {
        case .heading(let block): drawHeading(block, line, state, &canvas)
        case .parameter(let index):
            drawParameter(Preset.parameters[index], isSelected: first + offset == selected.row, line, state, &canvas)
        }
    }
    guard detail > 0 else { return }
    drawDetail(Preset.parameters[selected.parameter],
               Rect(x: area.x, y: area.maxY - detail, columns: area.columns, rows: detail), state, &canvas)
}

/// Rows below the list that say more of the selected parameter.
func masterDetailRows(_ rows: Int) -> Int { rows >= 24 ? 7 : rows >= 16 ? 6 : rows >= 12 ? 5 : rows >= 7 ? 2 : 0 }

private func drawHeading(_ block: PresetParameter.Block, _ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let bypassed = state.master.sound.silent.contains(block), isSolo = state.master.sound.soloed == block
    let used = canvas.text(block.label, x: rect.x, y: rect.y, bypassed ? .dim : .title, width: rect.columns)
    if bypassed { canvas.text("bypassed", x: rect.x + used + 1, y: rect.y, .warning, width: rect.columns - used - 1) }
    if isSolo { canvas.text("solo", x: rect.x + used + 1, y: rect.y, .accent, width: rect.columns - used - 1) }
}

private func drawParameter(_ parameter: PresetParameter, isSelected: Bool, _ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let sound = state.master.sound
    guard let value = sound.preset.value(of: parameter.key) else { return }
    let isChanged = sound.base.value(of: parameter.key) != value
    let isBypassed = sound.silent.contains(parameter.block)
    var name = canvas.theme[isBypassed ? .dim : .text], number = canvas.theme[isBypassed ? .dim : isChanged ? .changed : .value]
    if isSelected {
        let role: Role = state.view == .master ? .selection : .selectionIdle
        canvas.fill(rect, role)
        name = canvas.theme[role]
        number = name
    }
    canvas.text(isSelected ? canvas.pointer : " ", x: rect.x, y: rect.y, style: name)
    let set = bandSummary(parameter, sound.preset, dot: canvas.dot) ?? parameter.text(value)
    // Kept, but not in the path: to be told without colours too.
    let text = isBypassed ? "(" + set + ")" : set
    let indent = parameter.band != nil && !parameter.isSwitch ? 3 : 1
    let right = canvas.textRight(text + (isChanged ? "*" : " "), maxX: rect.maxX, y: rect.y, style: number, width: max(0, rect.columns - 6))
    canvas.text(parameter.label, x: rect.x + indent, y: rect.y, style: name, width: right - rect.x - indent - 1)
}

/// What a band that is on does, in place of the bare word "on".
private func bandSummary(_ parameter: PresetParameter, _ preset: Preset, dot: String) -> String? {
    guard let n = parameter.band, parameter.isSwitch, preset.value(of: parameter.key) == .toggle(true) else { return nil }
    let passes: [Preset.BandType] = [.highPass, .lowPass, .notch]
    let fields = parameter.block == .dyneq ? ["hz", "range_db"] : passes.contains(preset.eq[n - 1].type) ? ["type", "hz"] : ["type", "hz", "db"]
    return fields.compactMap { field in
        let row = Preset.parameter("\(parameter.block.rawValue).\(n).\(field)")
        return row.flatMap { row in preset.value(of: row.key).map(row.text) }
    }.joined(separator: " ")
}

private func drawDetail(_ parameter: PresetParameter, _ rect: Rect, _ state: StudioState, _ canvas: inout Canvas) {
    let sound = state.master.sound
    var lines: [(String, Role)] = []
    let base = sound.base.value(of: parameter.key).map(parameter.text) ?? "-"
    let solve = solveLine(state, dot: canvas.dot)
    if rect.rows >= 5 {
        // What the setting leads to is told in full before what the parameter does.
        let told = wrapped(solve.0, rect.columns, most: rect.rows - 2, ellipsis: canvas.ellipsis)
        // Beside the rule and the range.
        let room = rect.rows - 2 - told.count
        let now = rect.rows >= 7 && room >= 2 ? effectSoFar(parameter.block, state) : nil
        lines += wrapped(parameter.effect, rect.columns, most: min(3, room - (now == nil ? 0 : 1)), ellipsis: canvas.ellipsis).map { ($0, .text) }
        let usual = Preset().value(of: parameter.key).map(parameter.text) ?? "-"
        lines.append((parameter.rangeText + canvas.dot + "preset " + base + (usual == base ? "" : canvas.dot + "default " + usual), .dim))
        if let now { lines.append((now, .reduction)) }
        lines += told.map { ($0, solve.1) }
    } else {
        lines = [(parameter.effect, .dim), solve]
    }
    if rect.rows >= 5 {
        canvas.text(String(repeating: canvas.isASCII ? "-" : "─", count: rect.columns), x: rect.x, y: rect.y, .border)
    }
    for (row, line) in lines.suffix(rect.rows).enumerated() {
        canvas.text(line.0, x: rect.x, y: rect.maxY - min(lines.count, rect.rows) + row, line.1, width: rect.columns)
    }
}

/// What the block does to the sound at this moment, where that is measured.
private func effectSoFar(_ block: PresetParameter.Block, _ state: StudioState) -> String? {
    let numbers = state.deck.numbers
    switch block {
    case .compressor: return numbers.map { "now " + Format.fixed($0.compressorReduction, 1) + " dB" }
    case .limiter: return numbers.map { "now " + Format.fixed($0.limiterReduction, 1) + " dB" + (state.master.solved.map { ", at most " + Format.fixed(-$0.limiterMaxReductionDB, 1) } ?? "") }
    case .multiband:
        guard let bands = numbers?.bandReductions, state.master.sound.audible.multiband.on else { return nil }
        return "now " + (0..<4).map { Format.fixed(bands[$0], 1) }.joined(separator: ", ") + " dB"
    case .target:
        guard case let (master?, original?) = state.loudness else { return nil }
        return "B is " + Format.signed(master - original, 1) + " LU beside A"
    case .stereo:
        guard let a = numbers?.original.correlation, let b = numbers?.master.correlation else { return nil }
        return "correlation A " + Format.signed(a, 2) + ", B " + Format.signed(b, 2)
    default:
        guard let meters = numbers, let m = meters.master.momentary, let o = meters.original.momentary else { return nil }
        return "B is " + Format.signed(m - o, 1) + " LU beside A now"
    }
}

/// What the setting leads to, and how surely that is known.
private func solveLine(_ state: StudioState, dot: String) -> (String, Role) {
    let master = state.master
    if let solved = master.solved {
        let numbers = Format.reading(solved.integratedLUFS) + " LUFS" + dot + Format.reading(solved.truePeakDBTP) + " dBTP" + dot
            + "GR " + Format.fixed(solved.limiterMaxReductionDB, 1) + " dB"
        return solved.reached ? (numbers, .good) : (solved.note ?? numbers, .warning)
    }
    if let problem = master.solveProblem { return (problem, .error) }
    if state.deck.profile == nil {
        if state.deck.path == nil { return ("open a file to hear it", .dim) }
        if case .failed(let why) = state.deck.stage { return (why, .error) }
        if let problem = state.deck.measureProblem { return (problem, .error) }
        return state.deck.isMeasurementGone ? (Unavailable.notMeasured(state.keymap), .warning) : ("measuring the file", .dim)
    }
    return (master.solving ? "solving the loudness" : "estimated", .dim)
}

/// At most `most` lines; the last one ends with the ellipsis when there would be more.
func wrapped(_ text: String, _ columns: Int, most: Int, ellipsis: String) -> [String] {
    let lines = wrapped(text, columns)
    guard lines.count > most else { return lines }
    guard most > 0 else { return [] }
    let rest = lines[(most - 1)...].joined(separator: " ")
    return lines[..<(most - 1)] + [TextWidth.fit(rest, columns, ellipsis: ellipsis.first ?? "~")]
}

/// Lines of at most `columns`, broken at spaces; a word that is longer than a line is broken inside.
func wrapped(_ text: String, _ columns: Int) -> [String] {
    guard columns > 0 else { return [] }
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ").flatMap({ pieces(String($0), columns) }) {
        if !line.isEmpty, TextWidth.of(line) + 1 + TextWidth.of(word) > columns {
            lines.append(line)
            line = ""
        }
        line += (line.isEmpty ? "" : " ") + word
    }
    if !line.isEmpty { lines.append(line) }
    return lines
}

private func pieces(_ word: String, _ columns: Int) -> [String] {
    guard TextWidth.of(word) > columns else { return [word] }
    var out: [String] = []
    var piece = ""
    for c in word {
        if !piece.isEmpty, TextWidth.of(piece + String(c)) > columns {
            out.append(piece)
            piece = ""
        }
        piece.append(c)
    }
    return out + [piece]
}
